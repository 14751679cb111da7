/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transfers in a confined worker: what its confinement must leave to libcurl and the resolver. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "http_lab.h"
#include "jail/worker.h"
#include "netns.h"
#include "suite.h"

enum { WORKER_UID = 2100099999 };

static struct worker_process process;
static struct suite_tmpdir etc;

static void replace(const char *path, const char *name, const char *text)
{
	AUTO_FREE char *with = xasprintf("%s/%s", etc.path, name);

	suite_put(etc.fd, name, text);
	netns_run("chmod 644 %s", with);
	ck_assert_msg(mount(with, path, NULL, MS_BIND, NULL) == 0, "%s: %s", path, strerror(errno));
}

/* The resolver's files of a host, in a mount namespace of the test's process. */
static void setup(void)
{
	static const struct worker_process nothing = WORKER_INIT;

	http_lab_setup();
	suite_tmpdir_make(&etc);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	replace("/etc/resolv.conf", "resolv.conf", "nameserver 127.0.0.1\n");
	replace("/etc/hosts", "hosts", "127.0.0.1 localhost hosts.example\n::1 localhost\n");
	process = nothing;
	suite_assert_ok(http_prepare(&http_err), http_err);
}

static void teardown(void)
{
	worker_done(&process);
	umount2("/etc/resolv.conf", MNT_DETACH);
	umount2("/etc/hosts", MNT_DETACH);
	suite_tmpdir_remove(&etc);
	http_lab_teardown();
	ck_assert(!suite_has_children());
}

static int work(void *arg, void *shared, int output_fd, struct error *err)
{
	return http_get(arg, output_fd, shared, err);
}

/* As a pull does it: http_output gets what comes out of the pipe. */
static int get(const char *url)
{
	const struct worker worker = {
		.name = "download",
		.uid = WORKER_UID,
		.network = true,
		.work = work,
		.arg = &http_request,
		.shared_size = sizeof(http_result),
	};
	char data[65536];
	ssize_t n;
	int r;

	http_request.url = url;
	suite_assert_ok(worker_start(&worker, &process, &http_err), http_err);
	while ((n = read(process.output_fd, data, sizeof(data))) > 0)
		ck_assert_int_eq(fd_write_all(http_output, data, (size_t)n), 0);
	ck_assert_int_eq(n, 0);
	r = worker_end(&process, &http_err);
	http_result = *(struct http_result *)process.shared;
	worker_done(&process);
	return r;
}

START_TEST(servers_that_are_reached)
{
	static const char *const urls[] = {
		HTTP_HERE "file", /* libcurl's own name */
		"https://127.0.0.1:8443/file", /* no name */
		"https://[::1]:8449/file",
		"https://hosts.example:8443/file", /* of /etc/hosts */
		"https://mirror.test:8443/file", /* by DNS */
		HTTP_HERE "chain?1,https://mirror.test:8443/file",
	};

	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		ck_assert_msg(get(urls[i]) == 0, "%s: %s", urls[i], http_err.message);
		ck_assert_int_eq(http_result.outcome, HTTP_DONE);
		ck_assert_int_eq(http_result.status, 200);
		ck_assert_uint_eq(http_result.total, HTTP_SIZE);
		http_assert_written(HTTP_SIZE);
		http_clear();
	}
}
END_TEST

START_TEST(the_name_server_is_asked)
{
	AUTO_FREE char *log = NULL;

	suite_assert_ok(get("https://mirror.test:8443/file"), http_err);
	log = http_lab_log();
	ck_assert_ptr_nonnull(strstr(log, "53 mirror.test\n"));
}
END_TEST

START_TEST(the_rest_of_a_file)
{
	http_request.offset = 123;
	suite_assert_ok(get(HTTP_HERE "file"), http_err);
	http_assert_written(HTTP_SIZE - 123);
}
END_TEST

START_TEST(by_a_proxy)
{
	setenv("https_proxy", "http://proxy.test:3128", 1);
	suite_assert_ok(get(HTTP_HERE "file"), http_err);
	http_assert_written(HTTP_SIZE);
}
END_TEST

/* Each failure has its own reason, and none is the confinement's. */
START_TEST(servers_that_are_not_reached)
{
	static const struct {
		const char *url;
		int code;
		enum error_kind kind;
		enum http_outcome outcome;
		const char *message;
	} cases[] = {
		{ "https://unknown.example/file", ENETUNREACH, ERROR_FAILED, HTTP_AGAIN,
		  "resolve host: unknown.example" },
		{ "https://mirror.test:1/file", ECONNREFUSED, ERROR_FAILED, HTTP_AGAIN, "onnect" },
		{ "https://localhost:8444/file", EKEYREJECTED, ERROR_VERIFY, HTTP_FAILED,
		  "certificate has expired" },
		{ "https://localhost:8447/file", EKEYREJECTED, ERROR_VERIFY, HTTP_FAILED,
		  "local issuer" },
		{ HTTP_HERE "status?404", ENOENT, ERROR_FAILED, HTTP_FAILED, "status 404" },
		{ HTTP_HERE "silent", ETIMEDOUT, ERROR_TIMEOUT, HTTP_AGAIN, "silent" },
		{ HTTP_HERE "headers?1000000", E2BIG, ERROR_FAILED, HTTP_FAILED, "64 KiB" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int r;

		/* the others are not to be late */
		http_request.stall_timeout_s = cases[i].code == ETIMEDOUT ? 1 : 30;
		r = get(cases[i].url);
		ck_assert_msg(r == -cases[i].code, "%s: %d: %s", cases[i].url, r, http_err.message);
		ck_assert_int_eq(http_err.kind, cases[i].kind);
		ck_assert_int_eq(http_result.outcome, cases[i].outcome);
		ck_assert_msg(strstr(http_err.message, cases[i].message) != NULL, "%s: %s",
			      cases[i].url, http_err.message);
		ck_assert_int_eq(http_written(), 0);
	}
}
END_TEST

int main(void)
{
	const char *missing = http_lab_missing();
	Suite *s = suite_create("fetch/http, confined");
	TCase *c = tcase_create("worker");

	if (missing)
		return suite_skip(missing);
	tcase_add_unchecked_fixture(c, http_lab_make, NULL);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, servers_that_are_reached);
	tcase_add_test(c, the_name_server_is_asked);
	tcase_add_test(c, the_rest_of_a_file);
	tcase_add_test(c, by_a_proxy);
	tcase_add_test(c, servers_that_are_not_reached);
	suite_add_tcase(s, c);
	return suite_run(s);
}
