/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transfers from a server that does what servers should not. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fetch/http.h"
#include "http_lab.h"
#include "netns.h"
#include "suite.h"

START_TEST(gets_a_file)
{
	AUTO_FREE char *log = NULL;

	suite_assert_ok(http_lab_get("https://localhost:8443/file"), http_err);
	ck_assert_int_eq(http_result.outcome, HTTP_DONE);
	ck_assert_int_eq(http_result.status, 200);
	ck_assert_uint_eq(http_result.total, HTTP_SIZE);
	http_assert_written(HTTP_SIZE);
	log = http_lab_log();
	ck_assert_str_eq(log, "8443 GET /file HTTP/1.1 | Accept-Encoding: identity\n");
}
END_TEST

START_TEST(goes_on_where_it_was)
{
	AUTO_FREE char *log = NULL;

	http_request.offset = 123456;
	suite_assert_ok(http_lab_get("https://localhost:8443/file"), http_err);
	ck_assert_int_eq(http_result.outcome, HTTP_DONE);
	ck_assert_int_eq(http_result.status, 206);
	ck_assert_uint_eq(http_result.total, HTTP_SIZE);
	http_assert_written(HTTP_SIZE - 123456);
	log = http_lab_log();
	ck_assert_ptr_nonnull(strstr(log, "Range: bytes=123456-"));
}
END_TEST

/* The other end of each scale. */
START_TEST(what_is_fine)
{
	static const struct {
		const char *url;
		uint64_t offset, total;
		bool plain;
	} cases[] = {
		{ "https://localhost:8443/unsized", 0, 0, false },
		{ "https://localhost:8443/chunked", 0, 0, false },
		{ "https://localhost:8443/long", 0, HTTP_SIZE,
		  false }, /* what is too much is left */
		{ "https://localhost:8443/encoded?identity", 0, HTTP_SIZE, false },
		{ "https://localhost:8443/ranged?bytes_5-299999/300000", 5, HTTP_SIZE, false },
		{ "https://localhost:8443/ranged?BYTES_5-299999/300000", 5, HTTP_SIZE, false },
		{ "https://localhost:8443/ranged?bytes_5-299999/*", 5, 0, false },
		{ "https://localhost:8443/file", HTTP_SIZE - 1, HTTP_SIZE, false },
		{ "https://localhost:8443/chain?1,/file", 7, HTTP_SIZE, false },
		{ "https://localhost:8443/chain?10,/file", 0, HTTP_SIZE, false },
		{ "https://127.0.0.1:8443/file", 0, HTTP_SIZE, false },
		{ "https://[::1]:8449/file", 0, HTTP_SIZE, false },
		{ "HTTPS://localhost:8443/file", 0, HTTP_SIZE, true },
		{ "http://localhost:8080/file", 0, HTTP_SIZE, true },
		{ "http://localhost:8080/chain?1,http://localhost:8080/file", 0, HTTP_SIZE, true },
		{ "http://localhost:8080/chain?1,https://localhost:8443/file", 0, HTTP_SIZE, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		http_request.offset = cases[i].offset;
		http_request.plain = cases[i].plain;
		ck_assert_msg(http_lab_get(cases[i].url) == 0, "%s: %s", cases[i].url,
			      http_err.message);
		ck_assert_int_eq(http_result.outcome, HTTP_DONE);
		ck_assert_int_eq(http_result.reason, HTTP_REASON_OTHER);
		ck_assert_uint_eq(http_result.total, cases[i].total);
		http_assert_written(HTTP_SIZE - cases[i].offset);
		http_clear();
	}
}
END_TEST

START_TEST(a_file_of_nothing)
{
	suite_assert_ok(http_lab_get("https://localhost:8443/empty"), http_err);
	ck_assert_int_eq(http_result.outcome, HTTP_DONE);
	ck_assert_int_eq(http_result.status, 200);
	ck_assert_int_eq(http_written(), 0);
}
END_TEST

START_TEST(just_what_is_allowed)
{
	http_request.max = HTTP_SIZE;
	suite_assert_ok(http_lab_get("https://localhost:8443/file"), http_err);
	http_clear();
	suite_assert_ok(http_lab_get("https://localhost:8443/chunked"), http_err);
	http_clear();
	http_request.offset = 1000;
	suite_assert_ok(http_lab_get("https://localhost:8443/file"), http_err);
}
END_TEST

#define HERE HTTP_HERE
#define ASSERT_ALL_REFUSED(cases) http_assert_refused((cases), ARRAY_SIZE(cases))

START_TEST(statuses)
{
#define STATUS(status, code, outcome)                                                              \
	{                                                                                          \
		HERE "status?" #status, code, ERROR_FAILED, outcome, status, 0, 0,                 \
			"status': the server answers with status " #status                         \
	}
	static const struct http_refusal cases[] = {
		STATUS(204, ENOENT, HTTP_FAILED), STATUS(300, ENOENT, HTTP_FAILED),
		STATUS(301, ENOENT, HTTP_FAILED), STATUS(304, ENOENT, HTTP_FAILED),
		STATUS(401, ENOENT, HTTP_FAILED), STATUS(403, ENOENT, HTTP_FAILED),
		STATUS(404, ENOENT, HTTP_FAILED), STATUS(410, ENOENT, HTTP_FAILED),
		STATUS(416, ENOENT, HTTP_FAILED), STATUS(451, ENOENT, HTTP_FAILED),
		STATUS(408, EAGAIN, HTTP_AGAIN),  STATUS(425, EAGAIN, HTTP_AGAIN),
		STATUS(429, EAGAIN, HTTP_AGAIN),  STATUS(500, EAGAIN, HTTP_AGAIN),
		STATUS(502, EAGAIN, HTTP_AGAIN),  STATUS(503, EAGAIN, HTTP_AGAIN),
		STATUS(504, EAGAIN, HTTP_AGAIN),
	};
	static const struct http_refusal ranged[] = {
		STATUS(404, ENOENT, HTTP_FAILED),
		STATUS(503, EAGAIN, HTTP_AGAIN),
		STATUS(304, ENOENT, HTTP_FAILED),
	};

	ASSERT_ALL_REFUSED(cases);
	http_request.offset = 100;
	ASSERT_ALL_REFUSED(ranged);
}
END_TEST

START_TEST(a_part_that_was_not_asked_for)
{
	static const struct http_refusal refusal = { HERE "ranged?bytes_0-299999/300000",
						     ENOENT,
						     ERROR_FAILED,
						     HTTP_FAILED,
						     206,
						     0,
						     0,
						     "status 206" };

	http_assert_refused(&refusal, 1);
}
END_TEST

static unsigned int retry_after(const char *url)
{
	ck_assert_int_lt(http_lab_get(url), 0);
	ck_assert_int_eq(http_result.outcome, HTTP_AGAIN);
	return http_result.retry_after_s;
}

START_TEST(when_to_come_again)
{
	ck_assert_uint_eq(retry_after(HERE "status?503"), 0);
	ck_assert_uint_eq(retry_after(HERE "status?503;Retry-After:_7"), 7);
	ck_assert_uint_eq(retry_after(HERE "status?429;Retry-After:_120"), 120);
	ck_assert_uint_eq(retry_after(HERE "status?503;Retry-After:_0"), 0);
	ck_assert_uint_eq(retry_after(HERE "status?503;Retry-After:_-5"), 0);
	ck_assert_uint_eq(retry_after(HERE "status?503;Retry-After:_soon"), 0);
	ck_assert_uint_eq(retry_after(HERE "status?503;Retry-After:_Fri,_01_Jan_2010_00:00:00_GMT"),
			  0);
	ck_assert_uint_gt(retry_after(HERE "status?503;Retry-After:_Fri,_01_Jan_2100_00:00:00_GMT"),
			  86400);
}
END_TEST

START_TEST(redirects_that_are_not_followed)
{
	static const struct http_refusal cases[] = {
		{ HERE "chain?11,/file", ELOOP, ERROR_FAILED, HTTP_FAILED, 302, 0, 0, "10" },
		{ HERE "loop", ELOOP, ERROR_FAILED, HTTP_FAILED, 302, 0, 0, "10" },
		{ HERE "chain?1,http://localhost:8080/file", EPROTONOSUPPORT, ERROR_FAILED,
		  HTTP_FAILED, 302, 0, 0, "http" },
		{ HERE "chain?1,ftp://localhost/file", EPROTONOSUPPORT, ERROR_FAILED, HTTP_FAILED,
		  302, 0, 0, "ftp" },
		{ HERE "chain?1,file:///etc/passwd", EPROTONOSUPPORT, ERROR_FAILED, HTTP_FAILED,
		  302, 0, 0, "file" },
		/* what is wrong with these is the server's doing, and no usage of ours */
		{ HERE "chain?1,https://", EINVAL, ERROR_FAILED, HTTP_FAILED, 302, 0, 0, "URL" },
		{ HERE "chain?1,https://localhost:99999/file", EINVAL, ERROR_FAILED, HTTP_FAILED,
		  302, 0, 0, "URL" },
		{ HERE "chain?1,https://user:secret@localhost:8443/status?404", ENOENT,
		  ERROR_FAILED, HTTP_FAILED, 404, 0, 0,
		  "download 'https://localhost:8443/chain': redirected to "
		  "'https://localhost:8443/status': the server answers with status 404" },
		{ HERE "chain?1,https://localhost:8447/file", EKEYREJECTED, ERROR_VERIFY,
		  HTTP_FAILED, 302, 0, 0, "redirected to 'https://localhost:8447/file': SSL" },
	};
	AUTO_FREE char *log = NULL;

	ASSERT_ALL_REFUSED(cases);
	http_request.plain = true;
	http_assert_refused(&cases[2], 1);
	log = http_lab_log();
	ck_assert_ptr_null(strstr(log, "\n8080 "));
}
END_TEST

START_TEST(urls_that_are_not_asked)
{
	static const struct http_refusal cases[] = {
		{ "http://localhost:8080/file", EPROTONOSUPPORT, ERROR_FAILED, HTTP_FAILED, 0, 0, 0,
		  "http" },
		{ "ftp://me:secret@localhost/file?q#f", EPROTONOSUPPORT, ERROR_FAILED, HTTP_FAILED,
		  0, 0, 0, "download 'ftp://localhost/file': " },
		{ "file:///etc/passwd", EPROTONOSUPPORT, ERROR_FAILED, HTTP_FAILED, 0, 0, 0,
		  "download 'file:///etc/passwd': " },
		{ "https://a@b@[::1]:99999/file@x", EINVAL, ERROR_FAILED, HTTP_FAILED, 0, 0, 0,
		  "download 'https://[::1]:99999/file@x': " },
		{ "https://\x1b[31m/", EINVAL, ERROR_FAILED, HTTP_FAILED, 0, 0, 0,
		  "download 'https://?[31m/': " },
		{ "https://", EINVAL, ERROR_FAILED, HTTP_FAILED, 0, 0, 0, "download 'https://': " },
		{ "", EINVAL, ERROR_FAILED, HTTP_FAILED, 0, 0, 0, "download '': " },
	};

	ASSERT_ALL_REFUSED(cases);
}
END_TEST

#define NO_RANGE(value, message)                                                                   \
	{                                                                                          \
		HERE "ranged?" value, ERANGE, ERROR_FAILED, HTTP_NO_RANGE, 206, 0, 0, message      \
	}

START_TEST(servers_that_do_not_go_on)
{
	static const struct http_refusal cases[] = {
		{ HERE "all", ERANGE, ERROR_FAILED, HTTP_NO_RANGE, 200, HTTP_SIZE, 0,
		  "the server does not go on at byte 100: it sends all of the file" },
		NO_RANGE("", "does not tell"),
		NO_RANGE("bytes", "does not tell"),
		NO_RANGE("bytes_*/300000", "does not tell"),
		NO_RANGE("bytes_100-299999", "does not tell"),
		NO_RANGE("bytes_100-299999/", "does not tell"),
		NO_RANGE("bytes_100-299999/300000x", "does not tell"),
		NO_RANGE("bytes_100-99/300000", "does not tell"),
		NO_RANGE("bytes_100-300000/300000", "does not tell"),
		NO_RANGE("bytes_100-299999/99999999999999999999", "does not tell"),
		NO_RANGE("bytes_-100-299999/300000", "does not tell"),
		NO_RANGE("bytes_+100-299999/300000", "does not tell"),
		NO_RANGE("bytes=100-299999/300000", "does not tell"),
		NO_RANGE("items_100-299999/300000", "does not tell"),
		NO_RANGE("bytes_0-299999/300000", "another part"),
		NO_RANGE("bytes_101-299999/300000", "another part"),
	};

	http_request.offset = 100;
	ASSERT_ALL_REFUSED(cases);
}
END_TEST

START_TEST(nothing_is_left_to_be_sent)
{
	static const struct http_refusal end = {
		HERE "file", ERANGE, ERROR_FAILED,	    HTTP_NO_RANGE, 416,
		HTTP_SIZE,   0,	     "the file ends before"
	};

	http_request.offset = HTTP_SIZE;
	http_assert_refused(&end, 1);
	http_request.offset = HTTP_SIZE + 1000;
	http_assert_refused(&end, 1);
}
END_TEST

START_TEST(too_much)
{
	static const struct http_refusal cases[] = {
		{ HERE "file", EFBIG, ERROR_FAILED, HTTP_FAILED, 200, HTTP_SIZE, 0,
		  "has more than 2" },
		{ HERE "told?99999999999", EFBIG, ERROR_FAILED, HTTP_FAILED, 200, 99999999999, 0,
		  "has more than 2" },
	};
	static const struct http_refusal rest = {
		HERE "file", EFBIG, ERROR_FAILED, HTTP_FAILED, 206, HTTP_SIZE, 0, "has more than 2"
	};

	http_request.max = HTTP_SIZE - 1;
	ASSERT_ALL_REFUSED(cases);
	http_request.offset = 100;
	http_assert_refused(&rest, 1);
}
END_TEST

/* What a caller has seen is at most what was told: the digest is of no more. */
START_TEST(more_than_was_told)
{
	http_request.offset = HTTP_SIZE - 10;
	suite_assert_error(http_lab_get(HERE "more"), http_err, EBADMSG, ERROR_FAILED);
	ck_assert_ptr_nonnull(strstr(http_err.message, "more than the 300000 bytes"));
	ck_assert_int_eq(http_result.outcome, HTTP_FAILED);
	ck_assert_int_le(http_written(), 10);
}
END_TEST

/* Where no length is told, all that is allowed may come, and no byte more. */
START_TEST(too_much_without_a_word)
{
	static const char *const urls[] = { HERE "chunked", HERE "unsized", HERE "endless" };

	http_request.max = 250000;
	suite_assert_error(http_lab_get(urls[_i]), http_err, EFBIG, ERROR_FAILED);
	ck_assert_ptr_nonnull(strstr(http_err.message, "sends more than"));
	ck_assert_int_eq(http_result.outcome, HTTP_FAILED);
	ck_assert_uint_eq(http_result.total, 0);
	ck_assert_int_le(http_written(), 250000);
}
END_TEST
/* A length that no number holds, and one below zero. */
START_TEST(lengths_that_are_none)
{
	static const struct http_refusal negative = {
		HERE "told?-5", EBADMSG, ERROR_FAILED, HTTP_AGAIN, 200, 0, 0, "Content-Length"
	};

	suite_assert_ok(http_lab_get(HERE "told?99999999999999999999999"), http_err);
	ck_assert_uint_eq(http_result.total, 0);
	http_assert_written(1000);
	http_clear();
	http_assert_refused(&negative, 1);
}
END_TEST

START_TEST(too_little)
{
	static const struct http_refusal cases[] = {
		{ HERE "cut?100000", ECONNRESET, ERROR_FAILED, HTTP_AGAIN, 200, HTTP_SIZE, 100000,
		  "200000 bytes remaining" },
		{ HERE "cut?0", ECONNRESET, ERROR_FAILED, HTTP_AGAIN, 200, 0, 0, "remaining" },
		{ HERE "chunked?cut", ECONNRESET, ERROR_FAILED, HTTP_AGAIN, 200, 0, HTTP_SIZE,
		  "remaining" },
		{ HERE "nothing", ECONNRESET, ERROR_FAILED, HTTP_AGAIN, 0, 0, 0, "" },
	};
	static const struct http_refusal few = {
		HERE "few", ECONNRESET, ERROR_FAILED, HTTP_AGAIN,
		206,	    HTTP_SIZE,	100,	      "the server sends 1100 bytes of 300000"
	};

	ASSERT_ALL_REFUSED(cases);
	http_request.offset = 1000;
	http_assert_refused(&few, 1);
}
END_TEST

START_TEST(a_connection_that_is_reset)
{
	suite_assert_error(http_lab_get(HERE "broken?100000"), http_err, ECONNRESET, ERROR_FAILED);
	ck_assert_int_eq(http_result.outcome, HTTP_AGAIN);
	ck_assert_uint_eq(http_result.total, HTTP_SIZE);
	ck_assert_int_le(http_written(), 100000);
}
END_TEST

START_TEST(encodings)
{
	static const struct http_refusal cases[] = {
		{ HERE "encoded?gzip", EBADMSG, ERROR_FAILED, HTTP_FAILED, 200, HTTP_SIZE, 0,
		  "Content-Encoding" },
		{ HERE "encoded?xyz", EBADMSG, ERROR_FAILED, HTTP_FAILED, 200, HTTP_SIZE, 0,
		  "Content-Encoding" },
		{ HERE "transfer", EBADMSG, ERROR_FAILED, HTTP_FAILED, 200, 0, 0,
		  "Transfer-Encoding" },
	};

	ASSERT_ALL_REFUSED(cases);
}
END_TEST

static long peak_kib(void)
{
	struct rusage usage;

	ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

/* What is sent without end or sense is not kept either. */
START_TEST(headers)
{
	static const struct http_refusal cases[] = {
		{ HERE "headers?100000", E2BIG, ERROR_FAILED, HTTP_FAILED, 200, 0, 0,
		  "more than 64 KiB of headers" },
		{ HERE "headers?100000000", E2BIG, ERROR_FAILED, HTTP_FAILED, 200, 0, 0, "64 KiB" },
		{ HERE "interim", E2BIG, ERROR_FAILED, HTTP_FAILED, 100, 0, 0, "64 KiB" },
		{ HERE "wide?70000", E2BIG, ERROR_FAILED, HTTP_FAILED, 200, 0, 0, "64 KiB" },
		{ HERE "control", ENOENT, ERROR_FAILED, HTTP_FAILED, 404, 0, 0, "status 404" },
		{ HERE "garbage", EPROTONOSUPPORT, ERROR_FAILED, HTTP_FAILED, 0, 0, 0, "HTTP/0.9" },
		{ HERE "old", EPROTONOSUPPORT, ERROR_FAILED, HTTP_FAILED, 0, 0, 0, "HTTP/0.9" },
	};
	long before;

	suite_assert_ok(http_lab_get(HERE "headers?50000"), http_err);
	http_clear();
	before = peak_kib();
	ASSERT_ALL_REFUSED(cases);
	ck_assert_int_lt(http_lab_get(HERE "wide?50000000"), 0);
	ck_assert_int_eq(http_written(), 0);
	/* of 150 MB that were sent; a sanitizer keeps what is freed for a while */
	ck_assert_int_lt(peak_kib() - before, 45000);
}
END_TEST

START_TEST(nobody_takes_it)
{
	int pipe_fds[2];

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe2(pipe_fds, O_CLOEXEC), 0);
	close(pipe_fds[0]);
	http_request.url = HERE "file";
	suite_assert_error(http_get(&http_request, pipe_fds[1], &http_result, &http_err), http_err,
			   EPIPE, ERROR_FAILED);
	ck_assert_int_eq(http_result.outcome, HTTP_FAILED);
	close(pipe_fds[1]);
}
END_TEST

int main(void)
{
	const char *missing = http_lab_missing();
	Suite *s = suite_create("fetch/http");
	TCase *c = tcase_create("http");

	if (missing)
		return suite_skip(missing);
	tcase_add_unchecked_fixture(c, http_lab_make, NULL);
	tcase_add_checked_fixture(c, http_lab_setup, http_lab_teardown);
	tcase_add_test(c, gets_a_file);
	tcase_add_test(c, goes_on_where_it_was);
	tcase_add_test(c, what_is_fine);
	tcase_add_test(c, a_file_of_nothing);
	tcase_add_test(c, just_what_is_allowed);
	tcase_add_test(c, statuses);
	tcase_add_test(c, a_part_that_was_not_asked_for);
	tcase_add_test(c, when_to_come_again);
	tcase_add_test(c, redirects_that_are_not_followed);
	tcase_add_test(c, urls_that_are_not_asked);
	tcase_add_test(c, servers_that_do_not_go_on);
	tcase_add_test(c, nothing_is_left_to_be_sent);
	tcase_add_test(c, too_much);
	tcase_add_test(c, more_than_was_told);
	tcase_add_loop_test(c, too_much_without_a_word, 0, 3);
	tcase_add_test(c, lengths_that_are_none);
	tcase_add_test(c, too_little);
	tcase_add_test(c, a_connection_that_is_reset);
	tcase_add_test(c, encodings);
	tcase_add_test(c, headers);
	tcase_add_test(c, nobody_takes_it);
	suite_add_tcase(s, c);
	return suite_run(s);
}
