/* SPDX-License-Identifier: GPL-2.0-or-later */
/* On the way to a server: certificates, connections, proxies, and those who take their time. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/alloc.h"
#include "http_lab.h"
#include "netns.h"
#include "suite.h"

#define ASSERT_ALL_REFUSED(cases) http_assert_refused((cases), ARRAY_SIZE(cases))
#define CERTIFICATE(url, message)                                                                  \
	{                                                                                          \
		url, EKEYREJECTED, ERROR_VERIFY, HTTP_FAILED, 0, 0, 0, message                     \
	}

START_TEST(certificates)
{
	static const struct http_refusal cases[] = {
		CERTIFICATE("https://localhost:8444/file",
			    "download 'https://localhost:8444/file': SSL certificate problem: "
			    "certificate has expired"),
		CERTIFICATE("https://localhost:8445/file", "'localhost'"),
		CERTIFICATE("https://localhost:8446/file", "self-signed"),
		CERTIFICATE("https://localhost:8447/file", "unable to get local issuer"),
		CERTIFICATE("https://127.0.0.1:8444/file", "expired"),
		CERTIFICATE("https://127.0.0.1:8445/file", "'127.0.0.1'"),
		CERTIFICATE("https://[::1]:8443/file", "'::1'"),
	};

	static const enum http_reason reasons[] = {
		HTTP_REASON_EXPIRED, HTTP_REASON_NAME, HTTP_REASON_ISSUER, HTTP_REASON_ISSUER,
		HTTP_REASON_EXPIRED, HTTP_REASON_NAME, HTTP_REASON_NAME,
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		http_assert_refused(&cases[i], 1);
		ck_assert_msg(http_result.reason == reasons[i], "%s: %d", cases[i].url,
			      http_result.reason);
	}
}
END_TEST

/* What the server was asked for stays with it: no request is sent before it has shown who it is. */
START_TEST(nothing_is_asked_of_strangers)
{
	AUTO_FREE char *log = NULL;

	ck_assert_int_lt(http_lab_get("https://localhost:8447/file"), 0);
	ck_assert_int_lt(http_lab_get("https://localhost:8445/file"), 0);
	log = http_lab_log();
	ck_assert_str_eq(log, "");
}
END_TEST

START_TEST(nobody_is_trusted_where_nobody_is_named)
{
	static const struct http_refusal refusal = {
		HTTP_HERE "file", EBADMSG, ERROR_HOST, HTTP_FAILED, 0, 0, 0, "certificat"
	};
	static const char text[] = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
	AUTO_BUF ca = BUF_INIT;

	http_request.ca = &ca;
	http_assert_refused(&refusal, 1);
	buf_puts(&ca, "no PEM");
	http_assert_refused(&refusal, 1);
	buf_clear(&ca);
	buf_puts(&ca, text);
	http_assert_refused(&refusal, 1);
	http_request.ca = NULL;
	http_assert_refused(&refusal, 1);
}
END_TEST

/* Those whom libcurl would choose are not asked: neither its own folder, nor the caller's words. */
START_TEST(only_who_is_named_is_trusted)
{
	AUTO_BUF none = BUF_INIT;
	AUTO_FREE char *own = http_lab_path("ours.crt");

	setenv("SSL_CERT_FILE", own, 1);
	setenv("CURL_CA_BUNDLE", own, 1);
	http_request.ca = &http_lab_foreign_ca;
	ck_assert_int_lt(http_lab_get(HTTP_HERE "file"), 0);
	ck_assert_int_eq(http_result.reason, HTTP_REASON_ISSUER);
	http_request.ca = &none;
	ck_assert_int_lt(http_lab_get(HTTP_HERE "file"), 0);
	ck_assert_int_eq(http_written(), 0);
}
END_TEST

START_TEST(no_connection)
{
	static const struct http_refusal cases[] = {
		{ "https://localhost:1/file", ECONNREFUSED, ERROR_FAILED, HTTP_AGAIN, 0, 0, 0,
		  "connect: Connection refused" },
		{ "https://[::1]:1/file", ECONNREFUSED, ERROR_FAILED, HTTP_AGAIN, 0, 0, 0,
		  "connect: Connection refused" },
		{ "https://198.51.100.1/file", ENETUNREACH, ERROR_FAILED, HTTP_AGAIN, 0, 0, 0,
		  "connect: Network is unreachable, and this host has no route" },
		{ "https://nowhere.invalid/file", ENETUNREACH, ERROR_FAILED, HTTP_AGAIN, 0, 0, 0,
		  "resolve host: nowhere.invalid, and this host has no route" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		http_assert_refused(&cases[i], 1);
		ck_assert_int_eq(http_result.reason,
				 i < 2 ? HTTP_REASON_UNREACHED : HTTP_REASON_NO_ROUTE);
	}
}
END_TEST

/* What the host has may be a name server of its own, at an address of "lo". */
static void have_name_server(const struct suite_tmpdir *dir, const char *line)
{
	AUTO_FREE char *path = xasprintf("%s/resolv.conf", dir->path);

	suite_put(dir->fd, "resolv.conf", line);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL), 0);
}

/* A route to where nobody is, neither a server nor a name server. */
START_TEST(no_answer)
{
	static const struct http_refusal nobody = {
		"https://198.51.100.1/file",	ETIMEDOUT, ERROR_TIMEOUT, HTTP_AGAIN, 0, 0, 0,
		"connect: no answer within 1 s"
	};
	static const struct http_refusal nameless = { "https://nowhere.test/file",
						      ETIMEDOUT,
						      ERROR_TIMEOUT,
						      HTTP_AGAIN,
						      0,
						      0,
						      0,
						      "resolve its name: no answer within 1 s" };
	struct suite_tmpdir dir;

	suite_tmpdir_make(&dir);
	have_name_server(&dir, "nameserver 198.51.100.53\n");
	netns_run("ip link add line0 type veth peer name line1");
	netns_run("ip link set line0 up");
	netns_run("ip link set line1 up");
	netns_run("ip address add 192.0.2.2/24 dev line0");
	netns_run("ip neigh add 192.0.2.3 lladdr 02:00:00:00:00:01 dev line0");
	netns_run("ip route add default via 192.0.2.3");
	http_request.stall_timeout_s = 1;
	http_assert_refused(&nobody, 1);
	ck_assert_int_eq(http_result.reason, HTTP_REASON_UNREACHED);
	http_assert_refused(&nameless, 1);
	ck_assert_int_eq(http_result.reason, HTTP_REASON_NO_ADDRESS);
	ck_assert_int_eq(umount2("/etc/resolv.conf", MNT_DETACH), 0);
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(no_tls_or_too_old)
{
	static const struct http_refusal cases[] = {
		{ "https://localhost:8080/file", EPROTO, ERROR_FAILED, HTTP_AGAIN, 0, 0, 0,
		  "may not speak at that port: " },
		{ "https://localhost:8448/file", EPROTO, ERROR_FAILED, HTTP_AGAIN, 0, 0, 0, "SSL" },
	};

	ASSERT_ALL_REFUSED(cases);
}
END_TEST

/*
 * A server that says something and then hardly anything: it gets more time until a busy machine
 * lets it say so.
 */
static void run_out_of_time(const char *url, long status, int64_t written)
{
	http_request.stall_timeout_s = 0;
	do {
		http_clear();
		http_request.stall_timeout_s = http_request.stall_timeout_s * 2 + 1;
		suite_assert_error(http_lab_get(url), http_err, ETIMEDOUT, ERROR_TIMEOUT);
		ck_assert_int_eq(http_result.outcome, HTTP_AGAIN);
	} while (http_result.status != status || http_written() < written);
}

/* The last of them takes the connection, and no part in TLS. */
static const struct {
	const char *url;
	long status;
} slow[] = {
	{ HTTP_HERE "silent", 0 },
	{ HTTP_HERE "slow_headers", 200 },
	{ "https://localhost:3128/file", 0 },
};

START_TEST(too_slow)
{
	run_out_of_time(slow[_i].url, slow[_i].status, 0);
	ck_assert_int_eq(http_result.reason, HTTP_REASON_SILENT);
	ck_assert_uint_eq(http_result.total, 0);
	ck_assert_int_eq(http_written(), 0);
}
END_TEST

START_TEST(too_slow_in_the_middle)
{
	run_out_of_time(HTTP_HERE "slow_body", 200, 1000);
	ck_assert_uint_eq(http_result.total, HTTP_SIZE);
}
END_TEST

/*
 * The same bytes in more segments: what the socket is asked for is seen in tests/e2e/pull_line.sh.
 */
START_TEST(small_segments)
{
	http_request.small = true;
	suite_assert_ok(http_lab_get("https://localhost:8443/file"), http_err);
	http_assert_written(HTTP_SIZE);
}
END_TEST

static const char via_proxy[] = "3128 CONNECT localhost:8443 HTTP/1.1\n8443 GET /file HTTP/1.1 | "
				"Accept-Encoding: identity\n";
static const char direct[] = "8443 GET /file HTTP/1.1 | Accept-Encoding: identity\n";

static void assert_way(const char *way)
{
	AUTO_FREE char *log = NULL;

	suite_assert_ok(http_lab_get(HTTP_HERE "file"), http_err);
	http_assert_written(HTTP_SIZE);
	log = http_lab_log();
	ck_assert_str_eq(log, way);
}

START_TEST(by_the_proxy_that_is_named)
{
	setenv("https_proxy", "http://localhost:1", 1);
	setenv("no_proxy", "example.org", 1);
	http_request.proxy = "http://localhost:3128";
	assert_way(via_proxy);
}
END_TEST

START_TEST(by_the_proxy_of_the_environment)
{
	static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy",
					     "ALL_PROXY" };

	setenv(names[_i], "http://localhost:3128", 1);
	assert_way(via_proxy);
}
END_TEST

START_TEST(past_the_proxy)
{
	static const char *const values[] = { "localhost", "example.org,localhost", "*" };

	setenv("https_proxy", "http://localhost:1", 1);
	setenv(_i & 1 ? "no_proxy" : "NO_PROXY", values[_i], 1);
	assert_way(direct);
}
END_TEST

START_TEST(proxies_of_others)
{
	setenv("http_proxy", "http://localhost:1", 1);
	setenv("HTTP_PROXY", "http://localhost:1", 1);
	assert_way(direct);
}
END_TEST

/* The proxy carries bytes: whom they come from is as before. */
START_TEST(a_stranger_behind_a_proxy)
{
	static const struct http_refusal refusal = CERTIFICATE("https://localhost:8447/file",
							       "unable to get local issuer");

	http_request.proxy = "http://localhost:3128";
	http_assert_refused(&refusal, 1);
}
END_TEST

START_TEST(proxies_that_do_not_help)
{
	static const struct http_refusal forbidden = {
		"https://forbidden/file", ECONNRESET, ERROR_FAILED, HTTP_FAILED, 0, 0, 0, "403"
	};
	static const struct http_refusal absent = {
		HTTP_HERE "file",
		ECONNREFUSED,
		ERROR_FAILED,
		HTTP_AGAIN,
		0,
		0,
		0,
		"connect to proxy 'http://localhost:1': Connection refused"
	};
	static const struct http_refusal unknown = {
		HTTP_HERE "file", ENETUNREACH, ERROR_FAILED, HTTP_AGAIN, 0, 0, 0, "resolve proxy"
	};

	http_request.proxy = "http://user:secret@localhost:3128";
	http_assert_refused(&forbidden, 1);
	ck_assert_ptr_null(strstr(http_err.message, "secret"));
	ck_assert_int_eq(http_result.reason, HTTP_REASON_OTHER);
	http_request.proxy = "http://user:secret@localhost:1";
	http_assert_refused(&absent, 1);
	ck_assert_ptr_null(strstr(http_err.message, "secret"));
	ck_assert_int_eq(http_result.reason, HTTP_REASON_PROXY);
	http_request.proxy = "http://user:secret@nowhere.invalid:3128";
	http_assert_refused(&unknown, 1);
	ck_assert_ptr_null(strstr(http_err.message, "secret"));
	ck_assert_int_eq(http_result.reason, HTTP_REASON_NO_ROUTE);
}
END_TEST

#define ABSENT(message)                                                                            \
	{                                                                                          \
		HTTP_HERE "file", ECONNREFUSED, ERROR_FAILED, HTTP_AGAIN, 0, 0, 0, message         \
	}

START_TEST(proxies_of_the_environment_that_are_not_there)
{
	static const struct http_refusal https =
		ABSENT("connect to proxy 'http://localhost:1' of https_proxy: Connection refused");
	static const struct http_refusal all =
		ABSENT("connect to proxy 'localhost:1' of ALL_PROXY: Connection refused");

	setenv("https_proxy", "http://user:secret@localhost:1", 1);
	setenv("ALL_PROXY", "user:secret@localhost:1", 1);
	setenv("no_proxy", "example.org, host, ocalhost, a.localhost", 1);
	http_assert_refused(&https, 1);
	ck_assert_int_eq(http_result.reason, HTTP_REASON_PROXY);
	setenv("https_proxy", "", 1);
	http_assert_refused(&all, 1);
	ck_assert_int_eq(http_result.reason, HTTP_REASON_PROXY);
}
END_TEST

/* Then it is no proxy's fault. */
static const struct {
	const char *no_proxy, *url;
} not_asked[] = {
	{ "*", "https://localhost:1/file" },
	{ "a.test,LOCALHOST", "https://user@localhost:1/file" },
	{ "mirror .localhost", "https://a.localhost:1/file" },
	{ "localhost.", "https://localhost:1/file" },
	{ "127.0.0.1", "https://127.0.0.1:1/file" },
	{ "10.0.0.0/8,127.0.0.0/8", "https://127.0.0.1:1/file" },
	{ "::1", "https://[::1]:1/file" },
};

START_TEST(proxies_that_are_not_asked)
{
	struct http_refusal direct_one = ABSENT(": connect: Connection refused");

	direct_one.url = not_asked[_i].url;
	setenv("https_proxy", "http://user:secret@localhost:99999", 1);
	setenv("no_proxy", not_asked[_i].no_proxy, 1);
	http_assert_refused(&direct_one, 1);
	ck_assert_int_eq(http_result.reason, HTTP_REASON_UNREACHED);
}
END_TEST

/* libcurl shows all of what it does not understand. */
static const char *const no_proxies[] = {
	"http://user:sec#ret@localhost:3128",
	"http://user:sec/ret@localhost:3128",
	"http://user:12/secret@localhost:3128",
	"http://user:12?secret@localhost:3128",
	"http://user:sec ret@localhost:3128",
	"http://user:secret@localhost:99999",
	"http://user:secret@localhost:port",
	"http://user:secret@[::1:3128",
	"http://user:secret@",
	"gopher://user:secret@localhost:3128",
	"file://user:secret@localhost:3128",
};

START_TEST(proxies_that_are_none)
{
	static const struct http_refusal refusal = { HTTP_HERE "file",
						     EINVAL,
						     ERROR_USAGE,
						     HTTP_FAILED,
						     0,
						     0,
						     0,
						     "use the proxy of https_proxy: " };

	setenv("https_proxy", no_proxies[_i], 1);
	http_assert_refused(&refusal, 1);
	ck_assert_int_eq(http_result.reason, HTTP_REASON_PROXY);
	ck_assert_ptr_null(strstr(http_err.message, "sec"));
	ck_assert_ptr_null(strstr(http_err.message, "ret@"));
}
END_TEST

int main(void)
{
	const char *missing = http_lab_missing();
	Suite *s = suite_create("fetch/http, on the way");
	TCase *c = tcase_create("way");

	if (missing)
		return suite_skip(missing);
	tcase_add_unchecked_fixture(c, http_lab_make, NULL);
	tcase_add_checked_fixture(c, http_lab_setup, http_lab_teardown);
	tcase_add_test(c, certificates);
	tcase_add_test(c, nothing_is_asked_of_strangers);
	tcase_add_test(c, nobody_is_trusted_where_nobody_is_named);
	tcase_add_test(c, only_who_is_named_is_trusted);
	tcase_add_test(c, no_connection);
	tcase_add_test(c, no_answer);
	tcase_add_test(c, no_tls_or_too_old);
	tcase_add_loop_test(c, too_slow, 0, ARRAY_SIZE(slow));
	tcase_add_test(c, too_slow_in_the_middle);
	tcase_add_test(c, small_segments);
	tcase_add_test(c, by_the_proxy_that_is_named);
	tcase_add_loop_test(c, by_the_proxy_of_the_environment, 0, 4);
	tcase_add_loop_test(c, past_the_proxy, 0, 3);
	tcase_add_test(c, proxies_of_others);
	tcase_add_test(c, a_stranger_behind_a_proxy);
	tcase_add_test(c, proxies_that_do_not_help);
	tcase_add_test(c, proxies_of_the_environment_that_are_not_there);
	tcase_add_loop_test(c, proxies_that_are_not_asked, 0, ARRAY_SIZE(not_asked));
	tcase_add_loop_test(c, proxies_that_are_none, 0, ARRAY_SIZE(no_proxies));
	suite_add_tcase(s, c);
	return suite_run(s);
}
