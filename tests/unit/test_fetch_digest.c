/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Digests: as text, and of what streams by. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fetch/digest.h"
#include "suite.h"

/* FIPS 180-2, appendices B.1 and C.1: of "abc". */
#define ABC_256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_512                                                                                    \
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"                         \
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
#define EMPTY_256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

START_TEST(parsed_and_formatted)
{
	static const char *const good[][2] = {
		{ ABC_256, "sha256:" ABC_256 },
		{ "sha256:" ABC_256, "sha256:" ABC_256 },
		{ ABC_512, "sha512:" ABC_512 },
		{ "sha512:" ABC_512, "sha512:" ABC_512 },
		{ "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
		  "sha256:" EMPTY_256 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct error err = ERROR_INIT;
		char text[DIGEST_TEXT_MAX];
		struct digest digest;

		suite_assert_ok(digest_parse("digest", good[i][0], &digest, &err), err);
		digest_format(&digest, text);
		ck_assert_str_eq(text, good[i][1]);
	}
}
END_TEST

START_TEST(refused)
{
	static const char *const bad[] = {
		"",
		":",
		"sha256",
		"sha256:",
		"sha256:" ABC_512,
		"sha512:" ABC_256,
		"SHA256:" ABC_256,
		"sha25:" ABC_256,
		"sha2567:" ABC_256,
		"sha384:" ABC_256,
		":" ABC_256,
		"sha256:sha256:" ABC_256,
		"sha256: " ABC_256,
		" " ABC_256,
		ABC_256 " ",
		ABC_256 "\n",
		ABC_256 "0",
		ABC_256 "00",
		ABC_256 ABC_512,
		"g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85 ",
		"0xb0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = ERROR_INIT;
		struct digest digest = { .bytes = { 7 } };

		ck_assert_msg(digest_parse("digest", bad[i], &digest, &err) == -EINVAL,
			      "'%s' passed", bad[i]);
		ck_assert_int_eq(err.kind, ERROR_USAGE);
		ck_assert_ptr_nonnull(strstr(err.message, "not of the form"));
		ck_assert_int_eq(digest.bytes[0], 7);
	}
}
END_TEST

START_TEST(weak_ones_are_named)
{
	static const char *const weak[][2] = {
		{ "d41d8cd98f00b204e9800998ecf8427e", "MD5 is too weak" },
		{ "md5:d41d8cd98f00b204e9800998ecf8427e", "MD5 is too weak" },
		{ "md5:" ABC_256, "MD5 is too weak" },
		{ "da39a3ee5e6b4b0d3255bfef95601890afd80709", "SHA-1 is too weak" },
		{ "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709", "SHA-1 is too weak" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(weak); i++) {
		struct error err = ERROR_INIT;
		struct digest digest;

		suite_assert_error(digest_parse("--digest", weak[i][0], &digest, &err), err, EINVAL,
				   ERROR_USAGE);
		ck_assert_msg(strstr(err.message, weak[i][1]) != NULL, "%s", err.message);
		ck_assert_msg(strstr(err.message, "parse --digest ") != NULL, "%s", err.message);
	}
}
END_TEST

START_TEST(compared_and_shortened)
{
	struct error err = ERROR_INIT;
	struct digest a, b, other = { .algorithm = DIGEST_SHA512 };
	char text[DIGEST_SHORT_MAX];

	suite_assert_ok(digest_parse("a", ABC_256, &a, &err), err);
	suite_assert_ok(digest_parse("b", ABC_256, &b, &err), err);
	/* what is behind a digest's own bytes is of no matter */
	b.bytes[32] = 9;
	ck_assert(digest_is(&a, &b));
	b.bytes[31] ^= 1;
	ck_assert(!digest_is(&a, &b));
	memcpy(other.bytes, a.bytes, sizeof(a.bytes));
	ck_assert(!digest_is(&a, &other));
	digest_short(&a, text);
	ck_assert_str_eq(text, "ba7816bf8f01");
}
END_TEST

static void check_stream(enum digest_algorithm algorithm, const char *data, size_t step,
			 const char *expected)
{
	struct error err = ERROR_INIT;
	struct digest_stream *stream = NULL;
	char text[DIGEST_TEXT_MAX];
	struct digest digest;

	suite_assert_ok(digest_stream_new(algorithm, &stream, &err), err);
	for (size_t at = 0; at < strlen(data); at += step)
		digest_stream_add(stream, data + at, step);
	digest_stream_finish(stream, &digest);
	digest_stream_free(stream);
	digest_format(&digest, text);
	ck_assert_str_eq(text, expected);
}

START_TEST(streams_have_the_digests_of_the_standard)
{
	check_stream(DIGEST_SHA256, "", 1, "sha256:" EMPTY_256);
	check_stream(DIGEST_SHA256, "abc", 3, "sha256:" ABC_256);
	check_stream(DIGEST_SHA256, "abc", 1, "sha256:" ABC_256);
	check_stream(DIGEST_SHA512, "abc", 3, "sha512:" ABC_512);
	check_stream(DIGEST_SHA512, "abc", 1, "sha512:" ABC_512);
	digest_stream_free(NULL);
}
END_TEST

struct watch {
	uint64_t done, stop_at;
	unsigned int ticks;
};

static int watch_tick(void *arg, uint64_t done, struct error *err)
{
	struct watch *watch = arg;

	ck_assert_uint_gt(done, watch->done);
	watch->done = done;
	watch->ticks++;
	if (watch->stop_at && done >= watch->stop_at)
		return error_set(err, ERROR_BUSY, ECANCELED, "stopped");
	return 0;
}

/* 'a', that many times: more than one read. */
static int make_file(size_t len)
{
	AUTO_FREE char *data = xmalloc(len);
	int fd = memfd_create("a", MFD_CLOEXEC);

	memset(data, 'a', len);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	return fd;
}

/* A million times 'a' (FIPS 180-2, B.3). */
static void check_file(bool watched)
{
	AUTO(digest_stream_done) struct digest_stream *stream = NULL;
	AUTO_CLOSE int fd = make_file(1000000);
	struct watch watch = { .done = 0 };
	struct error err = ERROR_INIT;
	char text[DIGEST_TEXT_MAX];
	struct digest digest;

	suite_assert_ok(digest_stream_new(DIGEST_SHA256, &stream, &err), err);
	suite_assert_ok(
		digest_stream_file(stream, fd, "a", watched ? watch_tick : NULL, &watch, &err),
		err);
	digest_stream_finish(stream, &digest);
	digest_format(&digest, text);
	ck_assert_str_eq(text, "sha256:"
			       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	/* it is no reader's to move: others may be writing behind it */
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 1000000);
	ck_assert_uint_eq(watch.done, watched ? 1000000 : 0);
}

START_TEST(files_are_read_to_their_end)
{
	check_file(false);
	check_file(true);
}
END_TEST

START_TEST(an_empty_file_ticks_never)
{
	AUTO(digest_stream_done) struct digest_stream *stream = NULL;
	AUTO_CLOSE int fd = memfd_create("empty", MFD_CLOEXEC);
	struct watch watch = { .done = 0 };
	struct error err = ERROR_INIT;
	char text[DIGEST_TEXT_MAX];
	struct digest digest;

	suite_assert_ok(digest_stream_new(DIGEST_SHA256, &stream, &err), err);
	suite_assert_ok(digest_stream_file(stream, fd, "a", watch_tick, &watch, &err), err);
	digest_stream_finish(stream, &digest);
	digest_format(&digest, text);
	ck_assert_str_eq(text, "sha256:" EMPTY_256);
	ck_assert_uint_eq(watch.ticks, 0);
}
END_TEST

START_TEST(a_tick_stops_it)
{
	AUTO(digest_stream_done) struct digest_stream *stream = NULL;
	AUTO_CLOSE int fd = make_file(1000000);
	struct watch watch = { .stop_at = 1 };
	struct error err = ERROR_INIT;

	suite_assert_ok(digest_stream_new(DIGEST_SHA256, &stream, &err), err);
	suite_assert_error(digest_stream_file(stream, fd, "a", watch_tick, &watch, &err), err,
			   ECANCELED, ERROR_BUSY);
	ck_assert_uint_eq(watch.ticks, 1);
	ck_assert_uint_lt(watch.done, 1000000);
}
END_TEST

START_TEST(files_that_cannot_be_read_are_refused)
{
	AUTO(digest_stream_done) struct digest_stream *stream = NULL;
	AUTO_CLOSE int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct watch watch = { .done = 0 };
	struct error err = ERROR_INIT;

	suite_assert_ok(digest_stream_new(DIGEST_SHA256, &stream, &err), err);
	suite_assert_error(digest_stream_file(stream, folder, "a part", watch_tick, &watch, &err),
			   err, EISDIR, ERROR_FAILED);
	ck_assert_str_eq(err.message, "read 'a part': Is a directory");
	suite_assert_error(digest_stream_file(stream, -1, "a part", NULL, NULL, &err), err, EBADF,
			   ERROR_FAILED);
	ck_assert_uint_eq(watch.ticks, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fetch/digest");
	TCase *tc = tcase_create("digest");

	tcase_add_test(tc, parsed_and_formatted);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, weak_ones_are_named);
	tcase_add_test(tc, compared_and_shortened);
	tcase_add_test(tc, streams_have_the_digests_of_the_standard);
	tcase_add_test(tc, files_are_read_to_their_end);
	tcase_add_test(tc, an_empty_file_ticks_never);
	tcase_add_test(tc, a_tick_stops_it);
	tcase_add_test(tc, files_that_cannot_be_read_are_refused);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
