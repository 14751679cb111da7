/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transfers from a server that does what servers should not. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fetch/http.h"
#include "http_lab.h"
#include "netns.h"
#include "suite.h"

static int output = -1;
static struct http_request request;
static struct http_result result;
static struct error err;
static const struct error no_error = ERROR_INIT;

static void setup(void)
{
	netns_enter();
	http_lab_start();
	output = memfd_create("output", MFD_CLOEXEC);
	ck_assert_int_ge(output, 0);
	err = no_error;
	request = (struct http_request){
		.max = 1 << 20,
		.stall_timeout_s = 30,
		.ca = &http_lab_ca,
		.agent = "mnmivm-se/test",
	};
}

static void teardown(void)
{
	fd_close(&output);
	http_lab_stop();
	netns_leave();
}

static int get(const char *url)
{
	request.url = url;
	return http_get(&request, output, &result, &err);
}

static int64_t written(void)
{
	struct stat st;

	ck_assert_int_eq(fstat(output, &st), 0);
	return st.st_size;
}

/* What was written are the file's bytes from request.offset on, n of them. */
static void assert_written(size_t n)
{
	AUTO_FREE unsigned char *data = xcalloc(n + 1, 1);

	ck_assert_int_eq(written(), (int64_t)n);
	ck_assert_int_eq(pread(output, data, n, 0), (ssize_t)n);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(data[i], http_byte(request.offset + i));
}

START_TEST(gets_a_file)
{
	AUTO_FREE char *log = NULL;

	suite_assert_ok(get("https://localhost:8443/file"), err);
	ck_assert_int_eq(result.outcome, HTTP_DONE);
	ck_assert_int_eq(result.status, 200);
	ck_assert_uint_eq(result.total, HTTP_SIZE);
	assert_written(HTTP_SIZE);
	log = http_lab_log();
	ck_assert_str_eq(log, "8443 GET /file HTTP/1.1 | Accept-Encoding: identity\n");
}
END_TEST

START_TEST(goes_on_where_it_was)
{
	AUTO_FREE char *log = NULL;

	request.offset = 123456;
	suite_assert_ok(get("https://localhost:8443/file"), err);
	ck_assert_int_eq(result.outcome, HTTP_DONE);
	ck_assert_int_eq(result.status, 206);
	ck_assert_uint_eq(result.total, HTTP_SIZE);
	assert_written(HTTP_SIZE - 123456);
	log = http_lab_log();
	ck_assert_ptr_nonnull(strstr(log, "Range: bytes=123456-"));
}
END_TEST

START_TEST(no_such_file)
{
	suite_assert_error(get("https://user:secret@localhost:8443/status?404"), err, ENOENT,
			   ERROR_FAILED);
	ck_assert_int_eq(result.outcome, HTTP_FAILED);
	ck_assert_int_eq(result.status, 404);
	ck_assert_str_eq(err.message, "download 'https://localhost:8443/status': the server "
				      "answers with status 404");
	ck_assert_int_eq(written(), 0);
}
END_TEST

START_TEST(expired_certificate)
{
	suite_assert_error(get("https://localhost:8444/file"), err, EKEYREJECTED, ERROR_VERIFY);
	ck_assert_int_eq(result.outcome, HTTP_FAILED);
	ck_assert_int_eq(result.tls, 1);
	ck_assert_ptr_nonnull(strstr(err.message, "certificate has expired"));
	ck_assert_ptr_nonnull(strstr(err.hint, "ca_file"));
	ck_assert_int_eq(written(), 0);
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
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, gets_a_file);
	tcase_add_test(c, goes_on_where_it_was);
	tcase_add_test(c, no_such_file);
	tcase_add_test(c, expired_certificate);
	suite_add_tcase(s, c);
	return suite_run(s);
}
