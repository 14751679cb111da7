/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest may send to a terminal, in one piece and in any other. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "../../src/cli/terminal.h"
#include "suite.h"

/* Through the filter in pieces of `piece` bytes. */
static size_t filter_pieces(const char *text, size_t len, size_t piece, char *out)
{
	struct terminal_filter filter = { 0 };
	size_t kept = 0;

	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;
		/* memory of its own length, so that a sanitizer sees a byte too far */
		char *part = xmemdup(text + at, n);
		size_t left = terminal_filter(&filter, part, n);

		ck_assert_uint_le(left, n);
		memcpy(out + kept, part, left);
		kept += left;
		free(part);
	}
	return kept;
}

static void assert_shown(const char *text, size_t len, const char *expected)
{
	for (size_t piece = 1; piece <= len; piece++) {
		char out[512];
		size_t kept = filter_pieces(text, len, piece, out);

		ck_assert_msg(kept == strlen(expected) && memcmp(out, expected, kept) == 0,
			      "'%.*s' instead of '%s' in pieces of %zu", (int)kept, out, expected,
			      piece);
	}
}

#define ASSERT_SHOWN(text, expected) assert_shown(text, sizeof(text) - 1, expected)

START_TEST(test_control_characters)
{
	char text[2] = "";

	for (int byte = 0; byte < 0x20; byte++) {
		text[0] = (char)byte;
		if (strchr("\n\t\r", byte) && byte)
			assert_shown(text, 1, text);
		else
			assert_shown(text, 1, "");
	}
	ASSERT_SHOWN("\x7f", "");
	ASSERT_SHOWN("a\0b\bc\007d\016e\017f\x7fg", "abcdefg");
}
END_TEST

START_TEST(test_csi)
{
	ASSERT_SHOWN("a\x1b[mb", "ab");
	ASSERT_SHOWN("a\x1b[31;1mb\x1b[0mc", "abc");
	ASSERT_SHOWN("a\x1b[2J\x1b[Hb", "ab");
	ASSERT_SHOWN("a\x1b[?1049hb", "ab");
	ASSERT_SHOWN("a\x1b[>0cb", "ab");
	ASSERT_SHOWN("a\x1b[6nb", "ab"); /* would be answered on the user's input */
	ASSERT_SHOWN("a\x1b[21tb", "ab"); /* so would this, with the window's title */
	ASSERT_SHOWN("a\x1b[1$rb", "ab");
	ASSERT_SHOWN("a\x1b[1\x1b[31mb", "ab");
	ASSERT_SHOWN("a\x1b[1\030b", "ab");
	ASSERT_SHOWN("a\x1b[1\032b", "ab");
	ASSERT_SHOWN("a\x1b[1\0\0071mb", "ab");
	ASSERT_SHOWN("a\x1b[31", "a");
}
END_TEST

START_TEST(test_escape)
{
	ASSERT_SHOWN("a\033cb", "ab"); /* reset */
	ASSERT_SHOWN("a\0337b\0338c", "abc");
	ASSERT_SHOWN("a\x1b(0b", "ab");
	ASSERT_SHOWN("a\x1b#8b", "ab");
	ASSERT_SHOWN("a\x1b%Gb", "ab");
	ASSERT_SHOWN("a\x1b\x1b\x1b[mb", "ab");
	ASSERT_SHOWN("a\x1b", "a");
}
END_TEST

START_TEST(test_strings)
{
	ASSERT_SHOWN("a\x1b]0;title\007b", "ab");
	ASSERT_SHOWN("a\x1b]0;title\x1b\\b", "ab");
	ASSERT_SHOWN("a\x1b]52;c;cm0gLXJmIH4K\007b", "ab"); /* the clipboard */
	ASSERT_SHOWN("a\x1b]8;;http://192.0.2.1\x1b\\link\x1b]8;;\x1b\\b", "alinkb");
	ASSERT_SHOWN("a\x1bP+q544e\x1b\\b", "ab");
	ASSERT_SHOWN("a\x1bPq#0;2;0\x1b\\b", "ab");
	ASSERT_SHOWN("a\x1bXsos\x1b\\b\x1b^pm\x1b\\c\x1b_apc\x1b\\d", "abcd");
	ASSERT_SHOWN("a\x1b]0;\x1b[31mb", "ab"); /* ESC ends it, and CSI begins */
	ASSERT_SHOWN("a\x1b]0;x\030b", "ab");
	ASSERT_SHOWN("a\x1b]0;\xe2\x82\xac\007b", "ab");
	ASSERT_SHOWN("a\x1b]0;\xe2\x80\x9c\007b", "ab"); /* has the byte of ST */
}
END_TEST

/* A guest must not hide what comes later behind a sequence without end. */
START_TEST(test_newline_ends_all)
{
	ASSERT_SHOWN("a\x1b]0;hidden\nkernel panic\n", "a\nkernel panic\n");
	ASSERT_SHOWN("a\x1bPhidden\nb", "a\nb");
	ASSERT_SHOWN("a\x1b[31\nb", "a\nb");
	ASSERT_SHOWN("a\x1b\nb", "a\nb");
	ASSERT_SHOWN("a\x9dhidden\nb", "a\nb");
}
END_TEST

/* ECMA-48's C1: in eight bits, and as UTF-8, which terminals take for the same. */
START_TEST(test_c1)
{
	ASSERT_SHOWN("a\23331mb", "ab");
	ASSERT_SHOWN("a\2350;t\234b", "ab");
	ASSERT_SHOWN("a\2350;t\007b", "ab");
	ASSERT_SHOWN("a\x90q\x1b\\b", "ab");
	ASSERT_SHOWN("a\x98x\234b\x9ex\234c\x9fx\234d", "abcd");
	ASSERT_SHOWN("a\204b\205c\215d", "abcd");
	ASSERT_SHOWN("a\x80\x81\x99\232b", "ab");
}
END_TEST

/* Whether a decoder of UTF-8 finds a C0 or C1 control character but the three allowed. */
static const char *find_control(const unsigned char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x20 && !strchr("\n\t\r", text[i]))
			return "C0";
		if (text[i] == 0 || text[i] == 0x7f)
			return "NUL or DEL";
		if (i + 1 < len && text[i] == 0xc2 && text[i + 1] >= 0x80 && text[i + 1] < 0xa0)
			return "C1";
		/* overlong forms, which a careless decoder takes for it */
		if (i + 2 < len && text[i] == 0xe0 && text[i + 1] == 0x82 && text[i + 2] < 0xa0)
			return "C1 in three bytes";
		if (i + 1 < len && (text[i] == 0xc0 || text[i] == 0xc1) && text[i + 1] < 0xc0 &&
		    text[i + 1] >= 0x80 && text[i + 1] < 0xa0)
			return "C0 in two bytes";
	}
	return NULL;
}

START_TEST(test_c1_in_utf8)
{
	static const char *const texts[] = {
		"a\xc2\23331mb",	 "a\xc2\xc2\23331mb",
		"a\xc2\x9b\23331mb",	 "a\xc2\x1b[m\23331mb",
		"a\xc2\x07\23331mb",	 "a\xc2\x7f\23331mb",
		"a\xe0\x82\23331mb",	 "a\xf0\x80\x82\23331mb",
		"a\xe2\x82\x9b\23331mb", "a\xc2\xe2\x1b]x\x07\23331mb",
		"a\x1b\xe2\23331mb",	 "a\x1b[\xc2\23331mb",
		"a\x1b\xc2\23331mb",	 "a\xc0\23331mb",
		"a\xf4\x90\23331mb",	 "a\xc2\2350;t\xc2\234b",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		size_t len = strlen(texts[i]);

		for (size_t piece = 1; piece <= len; piece++) {
			char out[64];
			size_t kept = filter_pieces(texts[i], len, piece, out);
			const char *found = find_control((const unsigned char *)out, kept);

			ck_assert_msg(!found, "text %zu in pieces of %zu: %s", i, piece, found);
			ck_assert_int_eq(out[0], 'a');
			ck_assert_int_eq(out[kept - 1], 'b');
		}
	}
}
END_TEST

START_TEST(test_text)
{
	ASSERT_SHOWN("plain text\r\n\tindented\n", "plain text\r\n\tindented\n");
	ASSERT_SHOWN("~!@#$%^&*()_+[]{}\\|;:'\",.<>/?`", "~!@#$%^&*()_+[]{}\\|;:'\",.<>/?`");
	ASSERT_SHOWN("J\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x94\x91",
		     "J\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x94\x91");
	/* C1's bytes as the later ones of harmless characters */
	ASSERT_SHOWN("\xc3\x9b \xe2\x80\x9b \xf0\x9f\x9b\x91 \xd0\x90",
		     "\xc3\x9b \xe2\x80\x9b \xf0\x9f\x9b\x91 \xd0\x90");
	ASSERT_SHOWN("\xc2\xa0\xc2\xa9", "\xc2\xa0\xc2\xa9");
	/* of another code page: bytes that mean nothing to a terminal */
	ASSERT_SHOWN("M\xfcller", "M\xfcller");
	ASSERT_SHOWN("", "");
}
END_TEST

/* Any bytes at all. */
START_TEST(test_random)
{
	static const unsigned char bytes[] = {
		0x1b, '[',  ']',  'P',	'\\', 0x07, 0x18, '\n', 0xc2, 0x9b,
		0x9c, 0x9d, 0x80, 0xe0, 0x82, 0xe2, 0xf0, 0x9f, 0xf4, 0x90,
		0xa0, 0xbf, 0xff, 'm',	'3',  ';',  ' ',  0x7f, 0x00, 0xc3,
	};
	uint64_t state = 88172645463325252u;

	for (int round = 0; round < 20000; round++) {
		char text[24], whole[24], split[24];
		size_t kept;

		for (size_t i = 0; i < sizeof(text); i++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			text[i] = (char)(state >> 60 ? bytes[(state >> 32) % sizeof(bytes)]
						     : (unsigned char)(state >> 24));
		}
		kept = filter_pieces(text, sizeof(text), sizeof(text), whole);
		ck_assert_ptr_null(find_control((const unsigned char *)whole, kept));
		ck_assert_uint_eq(filter_pieces(text, sizeof(text), 1 + (size_t)round % 5, split),
				  kept);
		ck_assert_mem_eq(whole, split, kept);
		/* what has been made safe stays as it is */
		ck_assert_uint_le(filter_pieces(whole, kept, 7, split), kept);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli_terminal");
	TCase *tcase = tcase_create("filter");

	tcase_add_test(tcase, test_control_characters);
	tcase_add_test(tcase, test_csi);
	tcase_add_test(tcase, test_escape);
	tcase_add_test(tcase, test_strings);
	tcase_add_test(tcase, test_newline_ends_all);
	tcase_add_test(tcase, test_c1);
	tcase_add_test(tcase, test_c1_in_utf8);
	tcase_add_test(tcase, test_text);
	tcase_add_test(tcase, test_random);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
