/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process at the other end of a monitor connection that follows a script. */
#include "qmp_peer.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct qmp *qmp;
struct error err;
struct peer_text peer_text;

static struct qmp *const untouched = (struct qmp *)&(char){ 0 };
static pid_t peer;
static int fds_before;

int peer_start(void (*script)(int fd))
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	peer = fork();
	ck_assert_int_ge(peer, 0);
	if (!peer) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pair[0]);
		script(pair[1]);
		_exit(0);
	}
	close(pair[1]);
	return pair[0];
}

void peer_stop(void)
{
	if (peer <= 0)
		return;
	kill(peer, SIGKILL);
	waitpid(peer, NULL, 0);
	peer = 0;
}

void peer_join(void)
{
	int status = -1;

	ck_assert_int_eq(waitpid(peer, &status, 0), peer);
	peer = 0;
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the peer saw a fault: %#x",
		      status);
}

_Noreturn void peer_fault(void)
{
	_exit(3);
}

/* The client may well hang up in the middle; that is no fault of the script's. */
void peer_say_raw(int fd, const void *data, size_t len)
{
	const char *next = data;

	while (len > 0) {
		ssize_t n = send(fd, next, len, MSG_NOSIGNAL);

		if (n <= 0)
			_exit(0);
		next += n;
		len -= (size_t)n;
	}
}

void peer_say(int fd, const char *text)
{
	peer_say_raw(fd, text, strlen(text));
}

static void hear_line(int fd, char *line, size_t size)
{
	size_t len = 0;

	while (len < size && recv(fd, line + len, 1, 0) == 1) {
		if (line[len] == '\n') {
			line[len] = '\0';
			return;
		}
		len++;
	}
	peer_fault();
}

void peer_hear(int fd, const char *expected)
{
	char line[4096];

	hear_line(fd, line, sizeof(line));
	if (strcmp(line, expected) != 0)
		peer_fault();
}

void peer_hear_any(int fd)
{
	char line[4096];

	hear_line(fd, line, sizeof(line));
}

void peer_greet(int fd)
{
	peer_say(fd, QMP_GREETING);
	peer_hear(fd, "{\"execute\":\"qmp_capabilities\",\"id\":1}");
	peer_say(fd, "{\"return\": {}, \"id\": 1}\r\n");
}

_Noreturn void peer_hang(void)
{
	for (;;)
		pause();
}

void peer_answers_never(int fd)
{
	peer_greet(fd);
	peer_hang();
}

void peer_says_text(int fd)
{
	peer_say_raw(fd, peer_text.data, peer_text.len);
	peer_hang();
}

static void setup(void)
{
	fds_before = suite_count_fds();
	qmp = NULL;
	err = (struct error)ERROR_INIT;
}

static void teardown(void)
{
	qmp_close(qmp);
	qmp = NULL;
	peer_stop();
	ck_assert(!suite_has_children());
	ck_assert_int_eq(suite_count_fds(), fds_before);
}

TCase *qmp_case(const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, teardown);
	return tcase;
}

void qmp_test_attach(void (*script)(int fd))
{
	suite_assert_ok(qmp_attach(peer_start(script), LONG_MS, &qmp, &err), err);
}

void qmp_test_attach_fails(void (*script)(int fd), int timeout_ms, int code)
{
	struct qmp *result = untouched;

	ck_assert_int_eq(qmp_attach(peer_start(script), timeout_ms, &result, &err), -code);
	ck_assert_int_eq(err.code, code);
	ck_assert_ptr_eq(result, untouched);
	ck_assert_str_ne(err.message, "");
}

void qmp_test_execute_fails(int code)
{
	struct json_t *result = (struct json_t *)untouched;

	ck_assert_int_eq(qmp_execute(qmp, "x", NULL, &result, &err), -code);
	ck_assert_int_eq(err.code, code);
	ck_assert_ptr_eq(result, (struct json_t *)untouched);
	ck_assert_msg(strstr(err.message, "execute 'x': "), "%s", err.message);
}

void qmp_test_assert_ended(void)
{
	qmp_test_execute_fails(ENOTCONN);
	ck_assert_int_eq(qmp_wait_event(qmp, "STOP", LONG_MS, &err), -ENOTCONN);
}
