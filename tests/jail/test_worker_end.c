/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Workers: every way in which they end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "worker_fixture.h"

/* Loops run twice: without network and with it. */
enum { KINDS = 2 };

static int write_for_ever(void *arg, void *shared, int output_fd, struct error *error)
{
	static char chunk[1 << 16];
	int r;

	(void)arg;
	(void)shared;
	do {
		r = fd_write_all(output_fd, chunk, sizeof(chunk));
	} while (r == 0);
	return error_errno(error, -r, "write the output");
}

/* Nobody reads: the end of the reader is the worker's, by an error and not by a signal. */
START_TEST(test_endless_output)
{
	worker.network = _i;
	worker_run(write_for_ever);
	suite_assert_error(worker_finish(), err, EPIPE, ERROR_FAILED);
	ck_assert_str_eq(err.message, "write the output: Broken pipe");
}
END_TEST

START_TEST(test_done_ends_what_runs)
{
	worker.network = _i;
	worker_run(write_for_ever);
	worker_done(&worker_process);
	worker_done(&worker_process);
	ck_assert_int_eq(worker_process.pid_fd, -1);
	ck_assert_ptr_null(worker_process.shared);
}
END_TEST

static int exit_quietly(void *arg, void *shared, int output_fd, struct error *error)
{
	(void)arg;
	(void)shared;
	(void)output_fd;
	(void)error;
	_exit(0);
}

START_TEST(test_exits_without_finishing)
{
	worker.network = _i;
	worker_run(exit_quietly);
	suite_assert_error(worker_finish(), err, EPROTO, ERROR_FAILED);
	ck_assert_str_eq(err.message, "run the worker 'test': it ended without a word");
}
END_TEST

static int fault(void *arg, void *shared, int output_fd, struct error *error)
{
	volatile char *nowhere = arg;

	(void)shared;
	(void)output_fd;
	(void)error;
	(void)signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would write and exit */
	return *nowhere;
}

START_TEST(test_segmentation_fault)
{
	worker.network = _i;
	worker.arg = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	worker_run(fault);
	suite_assert_error(worker_finish(), err, ECANCELED, ERROR_FAILED);
	ck_assert_str_eq(err.message,
			 "run the worker 'test': killed by signal 11 (Segmentation fault)");
}
END_TEST

START_TEST(test_killed)
{
	int gate;

	worker.network = _i;
	gate = worker_run_holding();
	ck_assert_int_eq(kill(worker_pid(), SIGKILL), 0);
	suite_assert_error(worker_end(&worker_process, &err), err, ECANCELED, ERROR_FAILED);
	ck_assert_str_eq(err.message, "run the worker 'test': killed by signal 9 (Killed)");
	close(gate);
}
END_TEST

/* A ^C of the terminal goes to the group, which is the caller's. */
START_TEST(test_interrupted)
{
	int gate;

	worker.network = _i;
	gate = worker_run_holding();
	ck_assert_int_eq(getpgid(worker_pid()), getpgrp());
	ck_assert_int_eq(kill(worker_pid(), SIGINT), 0);
	suite_assert_error(worker_end(&worker_process, &err), err, ECANCELED, ERROR_FAILED);
	close(gate);
}
END_TEST

static int execute(void *arg, void *shared, int output_fd, struct error *error)
{
	static char name[] = "true", *argv[] = { name, NULL }, *none[] = { NULL };

	(void)arg;
	(void)shared;
	(void)output_fd;
	(void)error;
	execve("/bin/true", argv, none);
	return -errno;
}

START_TEST(test_killed_by_its_filter)
{
	worker.network = _i;
	worker_run(execute);
	suite_assert_error(worker_finish(), err, ECANCELED, ERROR_FAILED);
	ck_assert_str_eq(err.message, "run the worker 'test': killed by signal 31 "
				      "(Bad system call), by its system call filter");
}
END_TEST

static int take_memory(void *arg, void *shared, int output_fd, struct error *error)
{
	size_t size = *(const size_t *)arg;
	void *v = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)shared;
	(void)output_fd;
	(void)error;
	return v == MAP_FAILED ? -errno : 0;
}

START_TEST(test_memory)
{
	size_t fits = 16 << 20, too_much = 48 << 20;

	worker.network = _i;
	worker.memory_max = 32 << 20;
	worker.arg = &fits;
	worker_run(take_memory);
	suite_assert_ok(worker_finish(), err);
	worker_done(&worker_process);
	worker.arg = &too_much;
	worker_run(take_memory);
	suite_assert_error(worker_finish(), err, ENOMEM, ERROR_FAILED);
}
END_TEST

static int spin(void *arg, void *shared, int output_fd, struct error *error)
{
	volatile bool on = true;

	(void)arg;
	(void)shared;
	(void)output_fd;
	(void)error;
	while (on)
		;
	return 0;
}

START_TEST(test_cpu_time)
{
	worker.network = _i;
	worker.cpu_s = 1;
	worker_run(spin);
	ck_assert_int_eq(worker_wait(&worker_process, INT64_MAX, NULL, NULL), 0);
	suite_assert_error(worker_end(&worker_process, &err), err, ECANCELED, ERROR_FAILED);
	ck_assert_str_eq(err.message, "run the worker 'test': killed by signal 9 (Killed)");
}
END_TEST

static void count_tick(void *arg)
{
	++*(unsigned int *)arg;
}

/* It lives and says nothing; then it says something; then it ends. */
START_TEST(test_silence)
{
	unsigned int ticks = 0;
	int gate;

	worker.network = _i;
	gate = worker_run_holding();
	ck_assert_int_eq(worker_wait(&worker_process, 1, count_tick, &ticks), -ETIMEDOUT);
	ck_assert_uint_eq(ticks, 1);
	ck_assert_int_eq(worker_wait(&worker_process, 501, NULL, NULL), -ETIMEDOUT);
	ck_assert_int_eq(kill(worker_pid(), 0), 0);
	close(gate);
	ck_assert_int_eq(worker_wait(&worker_process, INT64_MAX, NULL, NULL), 0);
	suite_assert_ok(worker_end(&worker_process, &err), err);
	worker_done(&worker_process);
	worker.n_fds = 0;
	worker_run(write_for_ever);
	ck_assert_int_eq(worker_wait(&worker_process, INT64_MAX, NULL, NULL), 0);
}
END_TEST

static int stay(void *arg, void *shared, int output_fd, struct error *error)
{
	(void)arg;
	(void)shared;
	(void)error;
	if (write(output_fd, "r", 1) != 1)
		return -errno;
	return poll(NULL, 0, -1);
}

/* The caller is gone by SIGKILL, and we are who the worker then belongs to. */
START_TEST(test_dies_with_the_caller)
{
	siginfo_t info;
	int pair[2];
	pid_t caller;
	char byte;

	worker.network = _i;
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	ck_assert_int_eq(pipe2(pair, O_CLOEXEC), 0);
	caller = fork();
	if (caller == 0) {
		worker_run(stay);
		(void)!read(worker_process.output_fd, &byte, 1);
		(void)!write(pair[1], "r", 1);
		_exit(pause());
	}
	close(pair[1]);
	ck_assert_int_eq(read(pair[0], &byte, 1), 1);
	close(pair[0]);
	ck_assert_int_eq(kill(caller, SIGKILL), 0);
	ck_assert_int_eq(waitpid(caller, NULL, 0), caller);
	ck_assert_int_eq(waitid(P_ALL, 0, &info, WEXITED), 0);
	ck_assert_int_eq(info.si_code, CLD_KILLED);
	ck_assert_int_eq(info.si_status, SIGKILL);
}
END_TEST

START_TEST(test_end_of_none)
{
	suite_assert_error(worker_end(&worker_process, &err), err, ECHILD, ERROR_FAILED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ends of workers");
	TCase *tcase = worker_case("worker_end");

	tcase_add_loop_test(tcase, test_endless_output, 0, KINDS);
	tcase_add_loop_test(tcase, test_done_ends_what_runs, 0, KINDS);
	tcase_add_loop_test(tcase, test_exits_without_finishing, 0, KINDS);
	tcase_add_loop_test(tcase, test_segmentation_fault, 0, KINDS);
	tcase_add_loop_test(tcase, test_killed, 0, KINDS);
	tcase_add_loop_test(tcase, test_interrupted, 0, KINDS);
	tcase_add_loop_test(tcase, test_killed_by_its_filter, 0, KINDS);
	tcase_add_loop_test(tcase, test_memory, 0, KINDS);
	tcase_add_loop_test(tcase, test_cpu_time, 0, KINDS);
	tcase_add_loop_test(tcase, test_silence, 0, KINDS);
	tcase_add_loop_test(tcase, test_dies_with_the_caller, 0, KINDS);
	tcase_add_test(tcase, test_end_of_none);
	suite_add_tcase(suite, tcase);
	return worker_main(suite);
}
