/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The QMP client against the real QEMU. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "qmp/qmp.h"
#include "suite.h"

#define QEMU "/usr/bin/qemu-system-x86_64"

enum { QEMU_MS = 60000 };

static struct suite_tmpdir dir;
static struct qmp *qmp;
static struct error err;
static pid_t qemu;
static int fds_before;

/* A listening unix socket in the folder; short paths, as the folder is the tests' own. */
static int listen_at(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/%s", dir.fd, name);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

static int connect_to(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/%s", dir.fd, name);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* QEMU with a monitor on a listener of ours, as the launcher hands it down. */
static void qemu_start(const char *machine, const char *option, const char *value)
{
	char chardev[64];
	int fd = listen_at("qmp.sock");

	snprintf(chardev, sizeof(chardev), "socket,id=m,fd=%d,server=on,wait=off", fd);
	qemu = fork();
	if (!qemu) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fcntl(fd, F_SETFD, 0);
		execl(QEMU, QEMU, "-no-user-config", "-nodefaults", "-S", "-machine", machine,
		      "-accel", "tcg", "-m", "64", "-chardev", chardev, "-mon",
		      "chardev=m,mode=control", option, value, NULL);
		_exit(127);
	}
	ck_assert_int_gt(qemu, 0);
	close(fd);
	suite_assert_ok(qmp_connect(dir.fd, "qmp.sock", QEMU_MS, &qmp, &err), err);
	qmp_set_timeout(qmp, QEMU_MS);
}

static void setup(void)
{
	fds_before = suite_count_fds();
	suite_tmpdir_make(&dir);
	err = (struct error)ERROR_INIT;
}

static void teardown(void)
{
	qmp_close(qmp);
	qmp = NULL;
	if (qemu > 0) {
		kill(qemu, SIGKILL);
		waitpid(qemu, NULL, 0);
		qemu = 0;
	}
	suite_tmpdir_remove(&dir);
	ck_assert(!suite_has_children());
	ck_assert_int_eq(suite_count_fds(), fds_before);
}

static void assert_status(enum qmp_status expected)
{
	enum qmp_status status = QMP_STATUS_OTHER;

	suite_assert_ok(qmp_query_status(qmp, &status, &err), err);
	ck_assert_str_eq(qmp_status_word(status), qmp_status_word(expected));
}

static void quit_and_reap(void)
{
	int status = -1;

	suite_assert_ok(qmp_quit(qmp, &err), err);
	ck_assert_int_eq(waitpid(qemu, &status, 0), qemu);
	qemu = 0;
	ck_assert_int_eq(status, 0);
}

START_TEST(test_life)
{
	qemu_start("none", "-display", "none");
	assert_status(QMP_STATUS_PRELAUNCH);
	suite_assert_ok(qmp_continue(qmp, &err), err);
	assert_status(QMP_STATUS_RUNNING);
	ck_assert_int_eq(qmp_wait_event(qmp, "RESUME", QEMU_MS, &err), 0);
	suite_assert_ok(qmp_execute(qmp, "stop", NULL, NULL, &err), err);
	assert_status(QMP_STATUS_PAUSED);
	ck_assert_int_eq(qmp_wait_event(qmp, "STOP", QEMU_MS, &err), 0);
	quit_and_reap();
}
END_TEST

START_TEST(test_announces)
{
	qemu_start("q35", "-display", "none");
	suite_assert_ok(qmp_announce(qmp, &err), err);
	assert_status(QMP_STATUS_PRELAUNCH);
	quit_and_reap();
}
END_TEST

START_TEST(test_error)
{
	json_t *arguments = json_pack("{s:s}", "id", "no-such-device");

	qemu_start("none", "-display", "none");
	ck_assert_int_eq(qmp_execute(qmp, "no-such-command", NULL, NULL, &err), -EREMOTEIO);
	ck_assert_msg(strstr(err.message, "(CommandNotFound)"), "%s", err.message);
	ck_assert_int_eq(qmp_execute(qmp, "device_del", arguments, NULL, &err), -EREMOTEIO);
	ck_assert_msg(strstr(err.message, "no-such-device"), "%s", err.message);
	json_decref(arguments);
	quit_and_reap();
}
END_TEST

/* A reply of more than one read, and a second client after the first. */
START_TEST(test_large_reply_and_next_client)
{
	json_t *options = NULL;

	qemu_start("none", "-display", "none");
	suite_assert_ok(qmp_execute(qmp, "query-command-line-options", NULL, &options, &err), err);
	ck_assert_uint_gt(json_array_size(options), 20);
	json_decref(options);
	qmp_close(qmp);
	qmp = NULL;
	suite_assert_ok(qmp_connect(dir.fd, "qmp.sock", QEMU_MS, &qmp, &err), err);
	assert_status(QMP_STATUS_PRELAUNCH);
	quit_and_reap();
}
END_TEST

START_TEST(test_vnc)
{
	char greeting[13] = "";
	struct pollfd ready = { .events = POLLIN };
	int fd;

	qemu_start("q35", "-vnc", "none");
	fd = listen_at("vnc.sock");
	suite_assert_ok(qmp_vnc_listen(qmp, fd, &err), err);
	close(fd);
	ready.fd = connect_to("vnc.sock");
	ck_assert_int_eq(poll(&ready, 1, QEMU_MS), 1);
	ck_assert_int_eq(recv(ready.fd, greeting, 12, MSG_WAITALL), 12);
	ck_assert_str_eq(greeting, "RFB 003.008\n");
	close(ready.fd);
	quit_and_reap();
}
END_TEST

START_TEST(test_vnc_without_server)
{
	int fd;

	qemu_start("q35", "-display", "none");
	fd = listen_at("vnc.sock");
	ck_assert_int_eq(qmp_vnc_listen(qmp, fd, &err), -EREMOTEIO);
	close(fd);
	assert_status(QMP_STATUS_PRELAUNCH);
	quit_and_reap();
}
END_TEST

START_TEST(test_qemu_dies)
{
	qemu_start("none", "-display", "none");
	ck_assert_int_eq(kill(qemu, SIGKILL), 0);
	ck_assert_int_eq(waitpid(qemu, NULL, 0), qemu);
	qemu = 0;
	ck_assert_int_eq(qmp_execute(qmp, "stop", NULL, NULL, &err), -ECONNRESET);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("qmp with QEMU");
	TCase *tcase = tcase_create("qemu");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, test_life);
	tcase_add_test(tcase, test_announces);
	tcase_add_test(tcase, test_error);
	tcase_add_test(tcase, test_large_reply_and_next_client);
	tcase_add_test(tcase, test_vnc);
	tcase_add_test(tcase, test_vnc_without_server);
	tcase_add_test(tcase, test_qemu_dies);
	suite_add_tcase(suite, tcase);
	if (access(QEMU, X_OK) < 0) {
		srunner_free(srunner_create(suite));
		return suite_skip("needs " QEMU);
	}
	return suite_run(suite);
}
