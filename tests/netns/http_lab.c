/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An HTTPS server that misbehaves as told, with an authority of its own. */
#include "http_lab.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "netns.h"
#include "suite.h"

struct buf http_lab_ca, http_lab_foreign_ca;
struct http_request http_request;
struct http_result http_result;
struct error http_err;
int http_output = -1;

static struct suite_tmpdir certificates, run;
static pid_t server = -1;

unsigned char http_byte(size_t at)
{
	return (unsigned char)(at * 7 + (at >> 8) * 3);
}

const char *http_lab_missing(void)
{
	if (netns_missing())
		return netns_missing();
	if (system("python3 -c 'import ssl' 2>/dev/null") != 0)
		return "needs python3 with ssl";
	if (system("openssl version >/dev/null 2>&1") != 0)
		return "needs openssl";
	return access(HTTP_SERVER, X_OK) == 0 ? NULL : "needs " HTTP_SERVER;
}

static void make_authority(const char *name)
{
	netns_run("cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
		  "-keyout %s.key -out %s.crt -days 2 -subj '/CN=%s' 2>openssl.log",
		  certificates.path, name, name, name);
}

static void make_certificate(const char *name, const char *authority, const char *subject, int days)
{
	netns_run("cd %s && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "
		  "%s.key -out %s.csr -subj '/CN=%s' 2>>openssl.log && "
		  "echo 'subjectAltName = %s' >ext && "
		  "openssl x509 -req -in %s.csr -CA %s.crt -CAkey %s.key -days %d -extfile ext "
		  "-out %s.crt 2>>openssl.log && cat %s.crt %s.key >%s.pem",
		  certificates.path, name, name, name, subject, name, authority, authority, days,
		  name, name, name, name);
}

void http_lab_make(void)
{
	struct error err = ERROR_INIT;

	suite_tmpdir_make(&certificates);
	make_authority("ours");
	make_authority("foreign");
	make_certificate("good", "ours",
			 "DNS:localhost, DNS:mirror.test, DNS:hosts.example, IP:127.0.0.1", 2);
	make_certificate("expired", "ours", "DNS:localhost", -1);
	make_certificate("other-name", "ours", "DNS:other.example", 2);
	make_certificate("stranger", "foreign", "DNS:localhost", 2);
	make_certificate("address", "ours", "IP:::1", 2);
	netns_run("cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
		  "-keyout self.key -out self.crt -days 2 -subj /CN=localhost "
		  "-addext subjectAltName=DNS:localhost 2>>openssl.log && "
		  "cat self.crt self.key >self.pem",
		  certificates.path);
	suite_assert_ok(file_read(certificates.fd, "ours.crt", 1 << 20, &http_lab_ca, &err), err);
	suite_assert_ok(
		file_read(certificates.fd, "foreign.crt", 1 << 20, &http_lab_foreign_ca, &err),
		err);
}

char *http_lab_path(const char *name)
{
	return xasprintf("%s/%s", certificates.path, name);
}

static void exec_server(int ready)
{
	AUTO_FREE char *log = xasprintf("%s/log", run.path);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(ready, STDOUT_FILENO);
	execl(HTTP_SERVER, HTTP_SERVER, certificates.path, log, "8443=good", "8444=expired",
	      "8445=other-name", "8446=self", "8447=stranger", "8448=good,tls1", "8449=address",
	      "8080=plain", "3128=proxy", "53=dns", NULL);
	_exit(127);
}

static void start_server(void)
{
	AUTO_BUF word = BUF_INIT;
	char byte = 0;
	int ready[2];

	suite_tmpdir_make(&run);
	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	server = fork();
	ck_assert_int_ge(server, 0);
	if (server == 0)
		exec_server(ready[1]);
	close(ready[1]);
	while (byte != '\n' && read(ready[0], &byte, 1) == 1)
		buf_add(&word, &byte, 1);
	close(ready[0]);
	ck_assert_str_eq(buf_str(&word), "ready\n");
}

void http_lab_setup(void)
{
	static const struct error no_error = ERROR_INIT;

	clearenv(); /* of proxies */
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	netns_enter();
	start_server();
	http_output = memfd_create("output", MFD_CLOEXEC);
	ck_assert_int_ge(http_output, 0);
	http_err = no_error;
	http_request = (struct http_request){
		.max = 1 << 20,
		.stall_timeout_s = 30,
		.ca = &http_lab_ca,
		.agent = "mnmivm-se/test",
	};
}

void http_lab_teardown(void)
{
	kill(server, SIGKILL);
	ck_assert_int_eq(waitpid(server, NULL, 0), server);
	fd_close(&http_output);
	suite_tmpdir_remove(&run);
	netns_leave();
}

char *http_lab_log(void)
{
	return faccessat(run.fd, "log", F_OK, 0) < 0 ? xstrdup("") : suite_get(run.fd, "log");
}

int http_lab_get(const char *url)
{
	http_request.url = url;
	return http_get(&http_request, http_output, &http_result, &http_err);
}

int64_t http_written(void)
{
	struct stat st;

	ck_assert_int_eq(fstat(http_output, &st), 0);
	return st.st_size;
}

void http_clear(void)
{
	ck_assert_int_eq(ftruncate(http_output, 0), 0);
	ck_assert_int_eq(lseek(http_output, 0, SEEK_SET), 0);
}

void http_assert_written(size_t n)
{
	AUTO_FREE unsigned char *data = xcalloc(n + 1, 1);

	ck_assert_int_eq(http_written(), (int64_t)n);
	ck_assert_int_eq(pread(http_output, data, n, 0), (ssize_t)n);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(data[i], http_byte(http_request.offset + i));
}

static void assert_refused(const struct http_refusal *refusal)
{
	const char *url = refusal->url, *message = http_err.message;
	int r = http_lab_get(url);

	ck_assert_msg(r == -refusal->code, "%s: %d: %s", url, r, message);
	ck_assert_int_eq(http_err.code, refusal->code);
	ck_assert_msg(http_err.kind == refusal->kind, "%s: kind %d: %s", url, http_err.kind,
		      message);
	ck_assert_msg(http_result.outcome == refusal->outcome, "%s: outcome %d: %s", url,
		      http_result.outcome, message);
	ck_assert_msg(http_result.status == refusal->status, "%s: status %ld: %s", url,
		      http_result.status, message);
	ck_assert_msg(http_result.total == refusal->total, "%s: total %llu: %s", url,
		      (unsigned long long)http_result.total, message);
	ck_assert_msg((http_result.reason >= HTTP_REASON_CERTIFICATE) ==
			      (refusal->kind == ERROR_VERIFY),
		      "%s: reason %d", url, http_result.reason);
	ck_assert_msg(strstr(message, refusal->message) != NULL, "%s: %s", url, message);
	for (const char *c = message; *c; c++)
		ck_assert_int_ge(*c, ' ');
	http_assert_written(refusal->written);
	http_clear();
}

void http_assert_refused(const struct http_refusal *refusals, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_refused(&refusals[i]);
}
