/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connecting to a QMP socket in a folder, and the commands that have a function of their own. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "qmp/qmp.h"
#include "qmp_peer.h"
#include "suite.h"

/* Bind a socket in dir by way of the working directory, so that no path is too long here. */
static int bind_in(int dir_fd, const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int here = open(".", O_RDONLY | O_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(addr.sun_path, name, sizeof(addr.sun_path) - 1);
	ck_assert_int_eq(fchdir(dir_fd), 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(fchdir(here), 0);
	close(here);
	return fd;
}

static int listener;

static void accept_and_greet(int fd)
{
	int accepted = accept(listener, NULL, NULL);

	(void)fd;
	peer_greet(accepted);
}

/* In a folder whose path does not fit sun_path (108 bytes), through an O_PATH descriptor. */
START_TEST(test_connect_long_path)
{
	struct suite_tmpdir dir;
	char name[201];
	int deep, path_fd;

	suite_tmpdir_make(&dir);
	memset(name, 'd', 200);
	name[200] = '\0';
	ck_assert_int_eq(mkdirat(dir.fd, name, 0700), 0);
	deep = openat(dir.fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	path_fd = openat(dir.fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	listener = bind_in(deep, "qmp.sock");
	ck_assert_int_eq(listen(listener, 1), 0);
	close(peer_start(accept_and_greet));
	suite_assert_ok(qmp_connect(path_fd, "qmp.sock", LONG_MS, &qmp, &err), err);
	peer_join();
	close(listener);
	close(deep);
	close(path_fd);
	suite_tmpdir_remove(&dir);
}
END_TEST

static void connect_fails(int dir_fd, const char *name, int timeout_ms, int code)
{
	ck_assert_int_eq(qmp_connect(dir_fd, name, timeout_ms, &qmp, &err), -code);
	ck_assert_int_eq(err.code, code);
	ck_assert_ptr_null(qmp);
	ck_assert_msg(strstr(err.message, "connect to the monitor"), "%s", err.message);
}

START_TEST(test_connect_nobody_listens)
{
	struct suite_tmpdir dir;

	suite_tmpdir_make(&dir);
	close(bind_in(dir.fd, "dead"));
	connect_fails(dir.fd, "dead", LONG_MS, ECONNREFUSED);
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(test_connect_no_socket)
{
	struct suite_tmpdir dir;
	char name[120];

	suite_tmpdir_make(&dir);
	suite_put(dir.fd, "file", "");
	ck_assert_int_eq(mkdirat(dir.fd, "folder", 0700), 0);
	ck_assert_int_eq(mkfifoat(dir.fd, "fifo", 0600), 0);
	connect_fails(dir.fd, "file", LONG_MS, ECONNREFUSED);
	connect_fails(dir.fd, "folder", LONG_MS, ECONNREFUSED);
	connect_fails(dir.fd, "fifo", LONG_MS, ECONNREFUSED);
	connect_fails(dir.fd, "absent", LONG_MS, ENOENT);
	connect_fails(-1, "absent", LONG_MS, ENOENT);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	connect_fails(dir.fd, name, LONG_MS, ENAMETOOLONG);
	suite_tmpdir_remove(&dir);
}
END_TEST

/* A queue that is full makes connect(2) itself wait; one that is not leaves us ungreeted. */
START_TEST(test_connect_not_accepted)
{
	struct suite_tmpdir dir;

	suite_tmpdir_make(&dir);
	listener = bind_in(dir.fd, "busy");
	ck_assert_int_eq(listen(listener, 0), 0);
	connect_fails(dir.fd, "busy", SHORT_MS, ETIMEDOUT);
	ck_assert_int_eq(err.kind, ERROR_TIMEOUT);
	connect_fails(dir.fd, "busy", SHORT_MS, ETIMEDOUT);
	ck_assert_int_eq(err.kind, ERROR_TIMEOUT);
	connect_fails(dir.fd, "busy", 0, ETIMEDOUT);
	connect_fails(dir.fd, "busy", -1, ETIMEDOUT);
	close(listener);
	suite_tmpdir_remove(&dir);
}
END_TEST

static const struct {
	const char *name;
	enum qmp_status status;
	const char *word;
} states[] = {
	{ "running", QMP_STATUS_RUNNING, "running" },
	{ "prelaunch", QMP_STATUS_PRELAUNCH, "prelaunch" },
	{ "paused", QMP_STATUS_PAUSED, "paused" },
	{ "shutdown", QMP_STATUS_SHUTDOWN, "shutdown" },
	{ "suspended", QMP_STATUS_SUSPENDED, "suspended" },
	{ "internal-error", QMP_STATUS_ERROR, "error" },
	{ "io-error", QMP_STATUS_ERROR, "error" },
	{ "guest-panicked", QMP_STATUS_ERROR, "error" },
	{ "watchdog", QMP_STATUS_ERROR, "error" },
	{ "inmigrate", QMP_STATUS_OTHER, "other" },
	{ "", QMP_STATUS_OTHER, "other" },
	{ "Running", QMP_STATUS_OTHER, "other" },
};

static void tell_states(int fd)
{
	char line[128];

	peer_greet(fd);
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		snprintf(line, sizeof(line), "{\"execute\":\"query-status\",\"id\":%zu}", i + 2);
		peer_hear(fd, line);
		snprintf(line, sizeof(line), "{\"return\": {\"status\": \"%s\"}, \"id\": %zu}\n",
			 states[i].name, i + 2);
		peer_say(fd, line);
	}
}

START_TEST(test_query_status)
{
	enum qmp_status status;

	qmp_test_attach(tell_states);
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		status = (enum qmp_status) - 1;
		suite_assert_ok(qmp_query_status(qmp, &status, &err), err);
		ck_assert_int_eq(status, states[i].status);
		ck_assert_str_eq(qmp_status_word(status), states[i].word);
	}
	ck_assert_str_eq(qmp_status_word((enum qmp_status)99), "other");
	peer_join();
}
END_TEST

static const struct peer_text no_states[] = {
	PEER_TEXT("{\"return\": {}, \"id\": 2}\n"),
	PEER_TEXT("{\"return\": \"running\", \"id\": 2}\n"),
	PEER_TEXT("{\"return\": [], \"id\": 2}\n"),
	PEER_TEXT("{\"return\": null, \"id\": 2}\n"),
	PEER_TEXT("{\"return\": {\"status\": 1}, \"id\": 2}\n"),
	PEER_TEXT("{\"return\": {\"status\": {}}, \"id\": 2}\n"),
};

static void answer_once(int fd)
{
	peer_greet(fd);
	peer_hear_any(fd);
	peer_says_text(fd);
}

START_TEST(test_query_status_without_one)
{
	enum qmp_status status = (enum qmp_status)77;

	peer_text = no_states[_i];
	qmp_test_attach(answer_once);
	ck_assert_int_eq(qmp_query_status(qmp, &status, &err), -EPROTO);
	ck_assert_int_eq((int)status, 77);
}
END_TEST

static void obey(int fd)
{
	peer_greet(fd);
	peer_hear(fd, "{\"execute\":\"cont\",\"id\":2}");
	peer_say(fd, "{\"return\": {}, \"id\": 2}\n");
	peer_hear(fd, "{\"execute\":\"system_powerdown\",\"id\":3}");
	peer_say(fd, "{\"return\": {}, \"id\": 3}\n");
	peer_hear(fd, "{\"execute\":\"quit\",\"id\":4}");
	peer_say(fd, "{\"return\": {}, \"id\": 4}\n");
}

START_TEST(test_simple_commands)
{
	qmp_test_attach(obey);
	suite_assert_ok(qmp_continue(qmp, &err), err);
	suite_assert_ok(qmp_powerdown(qmp, &err), err);
	suite_assert_ok(qmp_quit(qmp, &err), err);
	peer_join();
}
END_TEST

#define ANNOUNCE_SELF                                                                              \
	"{\"execute\":\"announce-self\",\"id\":2,\"arguments\":"                                   \
	"{\"initial\":50,\"max\":550,\"rounds\":5,\"step\":100}}"

static void announce(int fd)
{
	peer_greet(fd);
	peer_hear(fd, ANNOUNCE_SELF);
	peer_say(fd, "{\"return\": {}, \"id\": 2}\n");
}

START_TEST(test_announce)
{
	qmp_test_attach(announce);
	suite_assert_ok(qmp_announce(qmp, &err), err);
	peer_join();
}
END_TEST

/* QEMU before 4.0 */
START_TEST(test_announce_unknown)
{
	peer_text = (struct peer_text)PEER_TEXT(
		"{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"none\"}, \"id\": 2}\n");
	qmp_test_attach(answer_once);
	ck_assert_int_eq(qmp_announce(qmp, &err), -EREMOTEIO);
	ck_assert_str_eq(err.message, "execute 'announce-self': none (CommandNotFound)");
}
END_TEST

static void go_without_answer(int fd)
{
	peer_greet(fd);
	peer_hear(fd, "{\"execute\":\"quit\",\"id\":2}");
}

START_TEST(test_quit_without_answer)
{
	qmp_test_attach(go_without_answer);
	suite_assert_ok(qmp_quit(qmp, &err), err);
	ck_assert_int_eq(err.kind, ERROR_NONE);
	peer_join();
}
END_TEST

START_TEST(test_quit_refused)
{
	peer_text = (struct peer_text)PEER_TEXT(
		"{\"error\": {\"class\": \"GenericError\", \"desc\": \"busy\"}, \"id\": 2}\n");
	qmp_test_attach(answer_once);
	ck_assert_int_eq(qmp_quit(qmp, &err), -EREMOTEIO);
	ck_assert_str_eq(err.message, "execute 'quit': busy (GenericError)");
}
END_TEST

START_TEST(test_quit_never)
{
	qmp_test_attach(peer_answers_never);
	qmp_set_timeout(qmp, SHORT_MS);
	ck_assert_int_eq(qmp_quit(qmp, &err), -ETIMEDOUT);
}
END_TEST

#define DISPLAY_UPDATE                                                                             \
	"{\"execute\":\"display-update\",\"id\":3,\"arguments\":"                                  \
	"{\"type\":\"vnc\",\"addresses\":[{\"type\":\"fd\",\"str\":\"vnc\"}]}}"

static void take_vnc(int fd)
{
	peer_greet(fd);
	peer_hear(fd, "{\"execute\":\"getfd\",\"id\":2,\"arguments\":{\"fdname\":\"vnc\"}}");
	peer_say(fd, "{\"return\": {}, \"id\": 2}\n");
	peer_hear(fd, DISPLAY_UPDATE);
	peer_say(fd, "{\"return\": {}, \"id\": 3}\n");
}

START_TEST(test_vnc_listen)
{
	qmp_test_attach(take_vnc);
	suite_assert_ok(qmp_vnc_listen(qmp, 0, &err), err);
	peer_join();
}
END_TEST

static void refuse_vnc(int fd)
{
	peer_greet(fd);
	peer_hear_any(fd);
	peer_say(fd, "{\"return\": {}, \"id\": 2}\n");
	peer_hear(fd, DISPLAY_UPDATE);
	peer_say(fd, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, \"id\": 3}\n");
	peer_hear(fd, "{\"execute\":\"closefd\",\"id\":4,\"arguments\":{\"fdname\":\"vnc\"}}");
	peer_say(fd, "{\"return\": {}, \"id\": 4}\n");
}

START_TEST(test_vnc_listen_refused)
{
	qmp_test_attach(refuse_vnc);
	ck_assert_int_eq(qmp_vnc_listen(qmp, 0, &err), -EREMOTEIO);
	ck_assert_str_eq(err.message, "execute 'display-update': no (GenericError)");
	peer_join();
}
END_TEST

START_TEST(test_vnc_no_descriptor)
{
	peer_text = (struct peer_text)PEER_TEXT(
		"{\"error\": {\"class\": \"GenericError\", \"desc\": \"no fd\"}, \"id\": 2}\n");
	qmp_test_attach(answer_once);
	ck_assert_int_eq(qmp_vnc_listen(qmp, 0, &err), -EREMOTEIO);
	ck_assert_str_eq(err.message, "execute 'getfd': no fd (GenericError)");
}
END_TEST

static TCase *case_connect(void)
{
	TCase *tcase = qmp_case("connect");

	tcase_add_test(tcase, test_connect_long_path);
	tcase_add_test(tcase, test_connect_nobody_listens);
	tcase_add_test(tcase, test_connect_no_socket);
	tcase_add_test(tcase, test_connect_not_accepted);
	return tcase;
}

static TCase *case_commands(void)
{
	TCase *tcase = qmp_case("commands");

	tcase_add_test(tcase, test_query_status);
	tcase_add_loop_test(tcase, test_query_status_without_one, 0, ARRAY_SIZE(no_states));
	tcase_add_test(tcase, test_simple_commands);
	tcase_add_test(tcase, test_announce);
	tcase_add_test(tcase, test_announce_unknown);
	tcase_add_test(tcase, test_quit_without_answer);
	tcase_add_test(tcase, test_quit_refused);
	tcase_add_test(tcase, test_quit_never);
	tcase_add_test(tcase, test_vnc_listen);
	tcase_add_test(tcase, test_vnc_listen_refused);
	tcase_add_test(tcase, test_vnc_no_descriptor);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("qmp commands");

	suite_add_tcase(suite, case_connect());
	suite_add_tcase(suite, case_commands());
	return suite_run(suite);
}
