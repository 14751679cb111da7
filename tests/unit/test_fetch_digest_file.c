/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Digest files: the shapes that distributions give them, and what could be made of them. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "fetch/digest_file.h"
#include "suite.h"

#define NAME "debian-13-genericcloud-amd64.qcow2"

/* Hashes of nothing: 64 and 128 digits that are told apart at a look. */
#define H1 "1111111111111111111111111111111111111111111111111111111111111111"
#define H2 "2222222222222222222222222222222222222222222222222222222222222222"
#define HA "ABCDEFabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcd"
#define L1 H1 H1
#define L2 H2 H2
#define MD5 "33333333333333333333333333333333"
#define SHA1 "4444444444444444444444444444444444444444"
#define SHA384 H1 MD5

struct sample {
	enum digest_style style;
	const char *text;
	const char *expected; /* first digits; or what the message says */
};

static const char *find(const struct sample *sample, struct error *err)
{
	static char text[DIGEST_TEXT_MAX];
	struct digest digest = { .bytes = { 7 } };
	int r = digest_file_find("SUMS", sample->text, strlen(sample->text), sample->style, NAME,
				 &digest, err);

	if (r) {
		ck_assert_int_eq(r, -EBADMSG);
		ck_assert_int_eq(err->kind, ERROR_VERIFY);
		ck_assert_int_eq(digest.bytes[0], 7);
		return NULL;
	}
	digest_format(&digest, text);
	return text;
}

static void check_found(const struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct error err = ERROR_INIT;
		const char *found = find(&samples[i], &err);

		ck_assert_msg(found != NULL, "%s: %s", samples[i].text, err.message);
		ck_assert_msg(strncmp(found, samples[i].expected, strlen(samples[i].expected)) == 0,
			      "%s in %s", found, samples[i].text);
	}
}

static void check_refused(const struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct error err = ERROR_INIT;

		ck_assert_msg(!find(&samples[i], &err), "passed: %s", samples[i].text);
		ck_assert_msg(strstr(err.message, samples[i].expected) != NULL, "'%s' of %s",
			      err.message, samples[i].text);
		ck_assert_ptr_nonnull(strstr(err.message, "find '" NAME "' in 'SUMS': "));
	}
}

START_TEST(gnu_lines)
{
	static const struct sample good[] = {
		{ DIGEST_STYLE_GNU, H1 "  " NAME "\n", "sha256:1" },
		{ DIGEST_STYLE_GNU, H1 " *" NAME "\n", "sha256:1" },
		{ DIGEST_STYLE_GNU, L1 "  " NAME "\n", "sha512:1" },
		{ DIGEST_STYLE_GNU, L2 "  other\n" L1 "  " NAME "\n" L2 "  third\n", "sha512:1" },
		/* no newline at the end, Windows' ones, tabs, blank lines */
		{ DIGEST_STYLE_GNU, H1 "  " NAME, "sha256:1" },
		{ DIGEST_STYLE_GNU, H2 "  other\r\n" H1 "  " NAME "\r\n", "sha256:1" },
		{ DIGEST_STYLE_GNU, "\n\n" H1 "\t" NAME " \t\n\n", "sha256:1" },
		{ DIGEST_STYLE_GNU, HA "  " NAME "\n", "sha256:abcdefab" },
		/* folders in front */
		{ DIGEST_STYLE_GNU, H1 "  ./" NAME "\n", "sha256:1" },
		{ DIGEST_STYLE_GNU, H1 " *images/cloud/" NAME "\n", "sha256:1" },
		/* other names that have ours in them */
		{ DIGEST_STYLE_GNU, H2 "  " NAME ".xz\n" H1 "  " NAME "\n", "sha256:1" },
		{ DIGEST_STYLE_GNU, H2 "  x" NAME "\n" H1 "  " NAME "\n", "sha256:1" },
		{ DIGEST_STYLE_GNU, H2 "  " NAME "/x\n" H1 "  " NAME "\n", "sha256:1" },
		/* told twice, and by several algorithms */
		{ DIGEST_STYLE_GNU, H1 "  " NAME "\n" H1 " *" NAME "\n", "sha256:1" },
		{ DIGEST_STYLE_GNU, H1 "  " NAME "\n" L2 "  " NAME "\n", "sha512:2" },
		{ DIGEST_STYLE_GNU, L2 "  " NAME "\n" H1 "  " NAME "\n", "sha512:2" },
		{ DIGEST_STYLE_GNU, MD5 "  " NAME "\n" H1 "  " NAME "\n" SHA1 "  " NAME "\n",
		  "sha256:1" },
		/* what is no line of it */
		{ DIGEST_STYLE_GNU, "# " NAME "\n#" H2 "  " NAME "\n" H1 "  " NAME "\n",
		  "sha256:1" },
		{ DIGEST_STYLE_GNU, "# " NAME ": 338100224 bytes\n" H1 "  " NAME "\n", "sha256:1" },
		{ DIGEST_STYLE_GNU, "SHA256 (" NAME ") = " H2 "\n" H1 "  " NAME "\n", "sha256:1" },
		{ DIGEST_STYLE_GNU, "\\" H2 "  a\\\\" NAME "\n" H1 "  " NAME "\n", "sha256:1" },
	};

	check_found(good, ARRAY_SIZE(good));
}
END_TEST

START_TEST(gnu_lines_refused)
{
	static const struct sample bad[] = {
		{ DIGEST_STYLE_GNU, "", "no SHA-256 or" },
		{ DIGEST_STYLE_GNU, "\n", "no SHA-256 or" },
		{ DIGEST_STYLE_GNU, NAME, "no SHA-256 or" },
		{ DIGEST_STYLE_GNU, H1 "\n", "in the style 'bare', and not 'gnu'" },
		{ DIGEST_STYLE_GNU, "SHA256 (" NAME ") = " H1,
		  "in the style 'bsd', and not 'gnu'" },
		{ DIGEST_STYLE_GNU, "SHA256 (other) = " H1, "no SHA-256 or" },
		{ DIGEST_STYLE_GNU, H1 NAME "\n", "no SHA-256 or" },
		{ DIGEST_STYLE_GNU, H1 "  " NAME ".xz\n", "no SHA-256 or" },
		{ DIGEST_STYLE_GNU, H1 "  " NAME "/\n", "no SHA-256 or" },
		{ DIGEST_STYLE_GNU, H1 "  x" NAME "\n", "no SHA-256 or" },
		{ DIGEST_STYLE_GNU, H1 " **" NAME "\n", "no SHA-256 or" },
		{ DIGEST_STYLE_GNU, H1 "  Debian-13-genericcloud-amd64.qcow2\n", "no SHA-256 or" },
		{ DIGEST_STYLE_GNU, H1 "\n  " NAME "\n", "no SHA-256 or" },
		{ DIGEST_STYLE_GNU, MD5 "  " NAME "\n", "no SHA-256 or" },
		{ DIGEST_STYLE_GNU, SHA1 "  " NAME "\n", "no SHA-256 or" },
		{ DIGEST_STYLE_GNU, SHA384 "  " NAME "\n", "no SHA-256 or" },
		{ DIGEST_STYLE_GNU, "# " H1 "  " NAME "\n", "no SHA-256 or" },
		{ DIGEST_STYLE_GNU, H1 "  " NAME "\n" H2 "  " NAME "\n", "disagree" },
		{ DIGEST_STYLE_GNU, H1 "  a/" NAME "\n" H2 "  b/" NAME "\n", "disagree" },
		{ DIGEST_STYLE_GNU, L1 "  " NAME "\n" H1 "  " NAME "\n" H2 "  " NAME "\n",
		  "disagree" },
		/* ours, and broken: whatever another line says */
		{ DIGEST_STYLE_GNU, H1 "0  " NAME "\n" H1 "  " NAME "\n", "no digest of 64" },
		{ DIGEST_STYLE_GNU, H1 "  " NAME "\n1  " NAME "\n", "no digest of 64" },
		{ DIGEST_STYLE_GNU, "g" H1 "  " NAME "\n", "no digest of 64" },
		{ DIGEST_STYLE_GNU, "\\" H1 "  " NAME "\n", "no digest of 64" },
		{ DIGEST_STYLE_GNU, "sha256:" H1 "  " NAME "\n", "no digest of 64" },
		{ DIGEST_STYLE_GNU, H1 ",  " NAME "\n", "no digest of 64" },
		{ DIGEST_STYLE_GNU, "\xef\xbb\xbf" H1 "  " NAME "\n", "no digest of 64" },
	};

	check_refused(bad, ARRAY_SIZE(bad));
}
END_TEST

START_TEST(bsd_lines)
{
	static const struct sample good[] = {
		{ DIGEST_STYLE_BSD, "SHA256 (" NAME ") = " H1 "\n", "sha256:1" },
		{ DIGEST_STYLE_BSD, "SHA512 (" NAME ") = " L1 "\n", "sha512:1" },
		{ DIGEST_STYLE_BSD, "SHA256 (" NAME ") = " HA, "sha256:abcdefab" },
		{ DIGEST_STYLE_BSD, "SHA256(" NAME ")= " H1 "\r\n", "sha256:1" },
		{ DIGEST_STYLE_BSD, "SHA256 (./images/" NAME ") = " H1 "\n", "sha256:1" },
		{ DIGEST_STYLE_BSD,
		  "# " NAME ": 583729152 bytes\nSHA256 (" NAME ") = " H1 "\n# x: 1 bytes\n"
		  "SHA256 (x) = " H2 "\n",
		  "sha256:1" },
		{ DIGEST_STYLE_BSD,
		  "SHA256 (" NAME ".xz) = " H2 "\nSHA256 (a" NAME ") = " H2 "\nSHA256 (" NAME
		  ") = " H1,
		  "sha256:1" },
		{ DIGEST_STYLE_BSD, "SHA256 (a (b)/" NAME ") = " H1, "sha256:1" },
		{ DIGEST_STYLE_BSD, "SHA256 (" NAME ") = " H1 "\nSHA256 (" NAME ") = " H1,
		  "sha256:1" },
		{ DIGEST_STYLE_BSD, "SHA256 (" NAME ") = " H1 "\nSHA512 (" NAME ") = " L2,
		  "sha512:2" },
		{ DIGEST_STYLE_BSD, "MD5 (" NAME ") = " MD5 "\nSHA256 (" NAME ") = " H1,
		  "sha256:1" },
		/* other algorithms of the same length */
		{ DIGEST_STYLE_BSD,
		  "SHA512/256 (" NAME ") = " H2 "\nBLAKE2b (" NAME ") = " L2 "\nSHA256 (" NAME
		  ") = " H1,
		  "sha256:1" },
		{ DIGEST_STYLE_BSD, H2 "  " NAME "\nSHA256 (" NAME ") = " H1, "sha256:1" },
	};

	check_found(good, ARRAY_SIZE(good));
}
END_TEST

START_TEST(bsd_lines_refused)
{
	static const struct sample bad[] = {
		{ DIGEST_STYLE_BSD, "", "no SHA-256 or" },
		{ DIGEST_STYLE_BSD, H1 "  " NAME "\n", "in the style 'gnu', and not 'bsd'" },
		{ DIGEST_STYLE_BSD, H1 "  other\n", "no SHA-256 or" },
		{ DIGEST_STYLE_BSD, "SHA256 " NAME " = " H1, "no SHA-256 or" },
		{ DIGEST_STYLE_BSD, "SHA256 (" NAME " = " H1, "no SHA-256 or" },
		{ DIGEST_STYLE_BSD, "SHA256 (" NAME ".xz) = " H1, "no SHA-256 or" },
		{ DIGEST_STYLE_BSD, "(" NAME ") = " H1, "no SHA-256 or" },
		{ DIGEST_STYLE_BSD, "#SHA256 (" NAME ") = " H1, "no SHA-256 or" },
		{ DIGEST_STYLE_BSD, "sha256 (" NAME ") = " H1, "no SHA-256 or" },
		{ DIGEST_STYLE_BSD, "SHA2 (" NAME ") = " H1, "no SHA-256 or" },
		{ DIGEST_STYLE_BSD, "SHA256x (" NAME ") = " H1, "no SHA-256 or" },
		{ DIGEST_STYLE_BSD, "MD5 (" NAME ") = " MD5, "no SHA-256 or" },
		{ DIGEST_STYLE_BSD, "SHA1 (" NAME ") = " SHA1, "no SHA-256 or" },
		{ DIGEST_STYLE_BSD, "SHA512/256 (" NAME ") = " H1, "no SHA-256 or" },
		{ DIGEST_STYLE_BSD, "SHA256 (x) = " H1 " (" NAME ") = " H2, "no SHA-256 or" },
		{ DIGEST_STYLE_BSD, "SHA256 (" NAME ") = " H1 "\nSHA256 (" NAME ") = " H2,
		  "disagree" },
		{ DIGEST_STYLE_BSD, "SHA256 (" NAME ") " H1, "no '='" },
		{ DIGEST_STYLE_BSD, "SHA256 (" NAME ")", "no '='" },
		{ DIGEST_STYLE_BSD, "SHA256 (" NAME ") =", "of that length" },
		{ DIGEST_STYLE_BSD, "SHA256 (" NAME ") = 1", "of that length" },
		{ DIGEST_STYLE_BSD, "SHA256 (" NAME ") = " H1 " x", "of that length" },
		{ DIGEST_STYLE_BSD, "SHA256 (" NAME ") = " L1, "of that length" },
		{ DIGEST_STYLE_BSD, "SHA512 (" NAME ") = " H1, "of that length" },
		{ DIGEST_STYLE_BSD, "SHA256 (" NAME ") = " MD5, "of that length" },
		{ DIGEST_STYLE_BSD, "SHA256 (" NAME ") = \nSHA256 (" NAME ") = " H1,
		  "of that length" },
	};

	check_refused(bad, ARRAY_SIZE(bad));
}
END_TEST

START_TEST(bare_hashes)
{
	static const struct sample good[] = {
		{ DIGEST_STYLE_BARE, H1, "sha256:1" },
		{ DIGEST_STYLE_BARE, L1 "\n", "sha512:1" },
		{ DIGEST_STYLE_BARE, "\r\n  " HA " \t\r\n\n", "sha256:abcdefab" },
		{ DIGEST_STYLE_BARE, H1 "  " NAME "\n", "sha256:1" },
		{ DIGEST_STYLE_BARE, H1 " *" NAME "\n", "sha256:1" },
		{ DIGEST_STYLE_BARE, H1 "  out/" NAME "\n", "sha256:1" },
	};
	static const struct sample bad[] = {
		{ DIGEST_STYLE_BARE, "", "no digest of 64" },
		{ DIGEST_STYLE_BARE, " \n\t\n", "no digest of 64" },
		{ DIGEST_STYLE_BARE, NAME, "no digest of 64" },
		{ DIGEST_STYLE_BARE, H1 "0", "no digest of 64" },
		{ DIGEST_STYLE_BARE, H1 H1 H1, "no digest of 64" },
		{ DIGEST_STYLE_BARE, "#" H1, "no digest of 64" },
		{ DIGEST_STYLE_BARE, "sha256:" H1, "no digest of 64" },
		{ DIGEST_STYLE_BARE, MD5 "\n", "no SHA-256 or" },
		{ DIGEST_STYLE_BARE, SHA1 "  " NAME "\n", "no SHA-256 or" },
		{ DIGEST_STYLE_BARE, H1 "\n" H1 "\n", "more than one" },
		{ DIGEST_STYLE_BARE, H1 "\n" NAME, "more than one" },
		{ DIGEST_STYLE_BARE, H1 "\nx/" NAME, "more than one" },
		{ DIGEST_STYLE_BARE, "# a comment\n" H1, "more than one" },
		{ DIGEST_STYLE_BARE, H1 "  " NAME ".xz\n", "another file" },
		{ DIGEST_STYLE_BARE, H1 " " H1, "another file" },
		{ DIGEST_STYLE_BARE, "SHA256 (" NAME ") = " H1, "in the style 'bsd'" },
		{ DIGEST_STYLE_BARE, "<html><body>404 Not Found</body></html>", "another file" },
	};

	check_found(good, ARRAY_SIZE(good));
	check_refused(bad, ARRAY_SIZE(bad));
}
END_TEST

/* openSUSE's name a build, where the image that goes with them has a name for all builds. */
START_TEST(lone_hashes)
{
	static const struct sample good[] = {
		{ DIGEST_STYLE_LONE, H1, "sha256:1" },
		{ DIGEST_STYLE_LONE, "\n" H1 "  " NAME "\n", "sha256:1" },
		{ DIGEST_STYLE_LONE, L1 "  x-Build13.327.qcow2\n", "sha512:1" },
	};
	static const struct sample bad[] = {
		{ DIGEST_STYLE_LONE, "", "no digest of 64" },
		{ DIGEST_STYLE_LONE, NAME, "no digest of 64" },
		{ DIGEST_STYLE_LONE, "SHA256 (" NAME ") = " H1, "in the style 'bsd'" },
		{ DIGEST_STYLE_LONE, "<html><body>404 Not Found</body></html>", "no digest of 64" },
		{ DIGEST_STYLE_LONE, SHA1 "  " NAME "\n", "no SHA-256 or" },
		{ DIGEST_STYLE_LONE, H1 "  " NAME "\n" H1 "  x\n", "in the style 'gnu'" },
	};

	check_found(good, ARRAY_SIZE(good));
	check_refused(bad, ARRAY_SIZE(bad));
}
END_TEST

static int find_in(const struct buf *text, enum digest_style style, struct error *err)
{
	struct digest digest;

	return digest_file_find("SUMS", text->data, text->len, style, NAME, &digest, err);
}

START_TEST(nul_bytes_end_nothing)
{
	static const char line[] = H1 "  " NAME "\n";
	static const char behind_hash[] = H1 "\0  " NAME "\n";
	static const char behind_name[] = H1 "  " NAME "\0\n";
	AUTO_BUF text = BUF_INIT;
	struct error err = ERROR_INIT;

	buf_add(&text, behind_hash, sizeof(behind_hash) - 1);
	suite_assert_error(find_in(&text, DIGEST_STYLE_GNU, &err), err, EBADMSG, ERROR_VERIFY);
	suite_assert_error(find_in(&text, DIGEST_STYLE_BARE, &err), err, EBADMSG, ERROR_VERIFY);
	buf_clear(&text);
	buf_add(&text, behind_name, sizeof(behind_name) - 1);
	suite_assert_error(find_in(&text, DIGEST_STYLE_GNU, &err), err, EBADMSG, ERROR_VERIFY);
	suite_assert_error(find_in(&text, DIGEST_STYLE_BARE, &err), err, EBADMSG, ERROR_VERIFY);
	/* that one is another file's: what comes behind it is read */
	buf_add(&text, line, sizeof(line) - 1);
	suite_assert_ok(find_in(&text, DIGEST_STYLE_GNU, &err), err);
}
END_TEST

/* The largest text that is taken, each byte of it a letter, a blank, a newline or a bracket. */
START_TEST(large_texts)
{
	static const char fills[] = "a \n(\t\r*\\";
	AUTO_BUF text = BUF_INIT;
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < sizeof(fills) - 1; i++) {
		buf_clear(&text);
		memset(buf_reserve(&text, DIGEST_FILE_MAX), fills[i], DIGEST_FILE_MAX);
		text.len = DIGEST_FILE_MAX;
		for (int style = DIGEST_STYLE_GNU; style <= DIGEST_STYLE_LONE; style++)
			suite_assert_error(find_in(&text, (enum digest_style)style, &err), err,
					   EBADMSG, ERROR_VERIFY);
	}
	buf_puts(&text, "\n");
	suite_assert_error(find_in(&text, DIGEST_STYLE_GNU, &err), err, EBADMSG, ERROR_VERIFY);
	ck_assert_ptr_nonnull(strstr(err.message, "larger than 1 MiB"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fetch/digest_file");
	TCase *tc = tcase_create("digest_file");

	tcase_add_test(tc, gnu_lines);
	tcase_add_test(tc, gnu_lines_refused);
	tcase_add_test(tc, bsd_lines);
	tcase_add_test(tc, bsd_lines_refused);
	tcase_add_test(tc, bare_hashes);
	tcase_add_test(tc, lone_hashes);
	tcase_add_test(tc, nul_bytes_end_nothing);
	tcase_add_test(tc, large_texts);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
