/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Workers: what state they work in, what comes back, and how they end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/process.h"
#include "jail/worker.h"
#include "suite.h"

enum { WORKER_UID = 700101, SHARED_SIZE = 4096 };

static struct worker worker;
static struct worker_process process;
static struct error err;
static int fds_before;

static void setup(void)
{
	err = (struct error)ERROR_INIT;
	worker = (struct worker){ .name = "test", .uid = WORKER_UID, .shared_size = SHARED_SIZE };
	process = (struct worker_process)WORKER_INIT;
	fds_before = suite_count_fds();
}

static void teardown(void)
{
	worker_done(&process);
	ck_assert(!suite_has_children());
	ck_assert_int_eq(suite_count_fds(), fds_before);
}

static void start(int (*work)(void *, void *, int, struct error *))
{
	worker.work = work;
	suite_assert_ok(worker_start(&worker, &process, &err), err);
}

/* All that it writes, to the end. */
static void read_output(struct buf *ret)
{
	suite_assert_ok(file_read_fd(process.output_fd, "output", 1 << 20, ret, &err), err);
}

static pid_t worker_pid(void)
{
	AUTO_FREE char *path = xasprintf("/proc/self/fdinfo/%d", process.pid_fd);
	AUTO_BUF text = BUF_INIT;
	const char *line;

	suite_assert_ok(file_read_path(path, 4096, &text, &err), err);
	line = strstr(buf_str(&text), "\nPid:");
	ck_assert_ptr_nonnull(line);
	return (pid_t)strtol(line + strlen("\nPid:"), NULL, 10);
}

/* Of /proc/PID/status, "" where there is no such line. */
static const char *status_value(const char *key)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/status", (int)worker_pid());
	AUTO_FREE char *start_of = xasprintf("\n%s:\t", key);
	static char value[128];
	AUTO_BUF text = BUF_INIT;
	const char *line;

	suite_assert_ok(file_read_path(path, 1 << 16, &text, &err), err);
	line = strstr(buf_str(&text), start_of);
	snprintf(value, sizeof(value), "%s", line ? line + strlen(start_of) : "");
	value[strcspn(value, "\n")] = '\0';
	return value;
}

static int hold(void *arg, void *shared, int output_fd, struct error *error)
{
	char byte;

	(void)shared;
	(void)error;
	if (write(output_fd, "r", 1) != 1)
		return -errno;
	return read(*(int *)arg, &byte, 1) < 0 ? -errno : 0;
}

/* A worker that waits until the pipe that is returned is closed. */
static int start_holding(int pair[2])
{
	char byte;

	ck_assert_int_eq(pipe2(pair, O_CLOEXEC), 0);
	worker.fds = &pair[0];
	worker.n_fds = 1;
	worker.arg = &pair[0];
	start(hold);
	fd_close(&pair[0]);
	ck_assert_int_eq(read(process.output_fd, &byte, 1), 1);
	return pair[1];
}

START_TEST(test_state)
{
	static const char *const nothing[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" };
	int pair[2], gate;

	worker.network = _i;
	gate = start_holding(pair);
	ck_assert_str_eq(status_value("Uid"), "700101\t700101\t700101\t700101");
	ck_assert_str_eq(status_value("Gid"), "700101\t700101\t700101\t700101");
	ck_assert_int_eq((int)strspn(status_value("Groups"), " "),
			 (int)strlen(status_value("Groups")));
	for (size_t i = 0; i < ARRAY_SIZE(nothing); i++)
		ck_assert_str_eq(status_value(nothing[i]), "0000000000000000");
	ck_assert_str_eq(status_value("NoNewPrivs"), "1");
	ck_assert_str_eq(status_value("Seccomp"), "2");
	ck_assert_str_eq(status_value("SigBlk"), "0000000000000000");
	ck_assert_str_eq(status_value("SigCgt"), "0000000000000000");
	close(gate);
	suite_assert_ok(worker_end(&process, &err), err);
}
END_TEST

static int fill_shared(void *arg, void *shared, int output_fd, struct error *error)
{
	(void)error;
	memcpy(shared, arg, 5);
	return fd_write_all(output_fd, "hello", 5);
}

START_TEST(test_output)
{
	char word[] = "world";
	AUTO_BUF output = BUF_INIT;

	worker.network = _i;
	worker.arg = word;
	start(fill_shared);
	read_output(&output);
	suite_assert_ok(worker_end(&process, &err), err);
	ck_assert_str_eq(buf_str(&output), "hello");
	ck_assert_mem_eq(process.shared, "world", 5);
	ck_assert_int_eq(process.pid_fd, -1);
}
END_TEST

static int refuse(void *arg, void *shared, int output_fd, struct error *error)
{
	(void)arg;
	(void)shared;
	(void)output_fd;
	error_set(error, ERROR_VERIFY, EBADMSG, "read \033[31mred\033[0m\n\xff");
	return error_hint(error, "rm -rf /");
}

START_TEST(test_error)
{
	worker.network = _i;
	start(refuse);
	suite_assert_error(worker_end(&process, &err), err, EBADMSG, ERROR_VERIFY);
	ck_assert_str_eq(err.message, "read ?[31mred?[0m??");
	ck_assert_str_eq(err.hint, "");
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("workers");
	TCase *tcase = tcase_create("worker");

	(void)argc;
	(void)argv;
	if (geteuid() != 0) {
		srunner_free(srunner_create(suite));
		return suite_skip("needs root");
	}
	setenv("CK_FORK", "yes", 1);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_state, 0, 2);
	tcase_add_loop_test(tcase, test_output, 0, 2);
	tcase_add_loop_test(tcase, test_error, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
