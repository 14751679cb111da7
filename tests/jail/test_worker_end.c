/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Workers: what comes back of them, and every way in which they end. */
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

#include "../../src/jail/worker_child.h"
#include "base/alloc.h"
#include "base/file.h"
#include "worker_fixture.h"

/* Loops run twice: without network and with it. */
enum { KINDS = 2 };

static int say_hello(void *arg, void *shared, int output_fd, struct error *error)
{
	(void)error;
	memcpy(shared, arg, strlen(arg));
	return fd_write_all(output_fd, "hello", 5);
}

START_TEST(test_output_and_shared)
{
	char word[] = "world";
	AUTO_BUF output = BUF_INIT;

	worker.network = _i;
	worker.arg = word;
	worker_run(say_hello);
	worker_read(&output);
	suite_assert_ok(worker_end(&worker_process, &err), err);
	ck_assert_str_eq(buf_str(&output), "hello");
	ck_assert_str_eq(worker_process.shared, "world");
	ck_assert_int_eq(worker_process.pid_fd, -1);
	ck_assert_int_eq(worker_process.output_fd, -1);
}
END_TEST

static int see_zeros(void *arg, void *shared, int output_fd, struct error *error)
{
	const char *bytes = shared;

	(void)arg;
	(void)output_fd;
	(void)error;
	for (size_t i = 0; i < WORKER_SHARED; i++)
		if (bytes[i])
			return -EILSEQ;
	return 0;
}

START_TEST(test_shared_is_zeroed)
{
	worker.network = _i;
	worker_run(see_zeros);
	suite_assert_ok(worker_end(&worker_process, &err), err);
}
END_TEST

static int expect_nothing_shared(void *arg, void *shared, int output_fd, struct error *error)
{
	(void)arg;
	(void)output_fd;
	(void)error;
	return shared ? -EILSEQ : 0;
}

START_TEST(test_nothing_shared)
{
	worker.shared_size = 0;
	worker_run(expect_nothing_shared);
	suite_assert_ok(worker_end(&worker_process, &err), err);
	ck_assert_ptr_null(worker_process.shared);
}
END_TEST

static int fail_hostilely(void *arg, void *shared, int output_fd, struct error *error)
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
	worker_run(fail_hostilely);
	suite_assert_error(worker_end(&worker_process, &err), err, EBADMSG, ERROR_VERIFY);
	ck_assert_str_eq(err.message, "read ?[31mred?[0m??");
	ck_assert_str_eq(err.hint, "");
}
END_TEST

static int fail_unworded(void *arg, void *shared, int output_fd, struct error *error)
{
	(void)arg;
	(void)shared;
	(void)output_fd;
	(void)error;
	return -ENOTTY;
}

START_TEST(test_error_without_words)
{
	worker_run(fail_unworded);
	suite_assert_error(worker_end(&worker_process, &err), err, ENOTTY, ERROR_FAILED);
	ck_assert_ptr_nonnull(strstr(err.message, strerror(ENOTTY)));
}
END_TEST

/* Where its word goes: the pipe that is not its output. */
static int word_fd(int output_fd)
{
	for (int fd = 3; fd < 256; fd++)
		if (fd != output_fd && fcntl(fd, F_GETFL) == O_WRONLY)
			return fd;
	return -1;
}

static struct worker_report forged;
static size_t forged_size;

static int forge(void *arg, void *shared, int output_fd, struct error *error)
{
	(void)arg;
	(void)shared;
	(void)error;
	_exit(fd_write_all(word_fd(output_fd), &forged, forged_size) < 0);
}

static int end_forged(void)
{
	worker_run(forge);
	return worker_end(&worker_process, &err);
}

/* No text of it ends, and all of it is beyond what there is. */
START_TEST(test_forged_words)
{
	static const int kinds[] = { -1, 9, 123, 125, INT32_MAX, INT32_MIN };

	memset(&forged, 'A', sizeof(forged));
	forged.error.kind = (enum error_kind)kinds[_i];
	forged_size = sizeof(forged);
	suite_assert_error(end_forged(), err, EPROTO, ERROR_FAILED);
	ck_assert_ptr_null(strstr(err.message, "AAA"));
}
END_TEST

START_TEST(test_forged_text)
{
	static const int codes[] = { 0, -1, -EPERM, INT32_MIN, INT32_MAX, 4096 };

	memset(&forged, 'A', sizeof(forged));
	forged.error.kind = ERROR_VERIFY;
	forged.error.code = codes[_i];
	forged_size = sizeof(forged);
	suite_assert_error(end_forged(), err, EPROTO, ERROR_VERIFY);
	ck_assert_uint_eq(strspn(err.message, "A"), sizeof(err.message) - 1);
	ck_assert_str_eq(err.hint, "");
}
END_TEST

START_TEST(test_short_words)
{
	static const size_t sizes[] = { 0, 1, sizeof(forged) - 1 };

	forged_size = sizes[_i];
	suite_assert_error(end_forged(), err, EPROTO, ERROR_FAILED);
	ck_assert_str_eq(err.message, "run the worker 'test': it ended without a word");
}
END_TEST

static int flood(void *arg, void *shared, int output_fd, struct error *error)
{
	int fd = word_fd(output_fd);
	static char many[1 << 16];

	(void)arg;
	(void)shared;
	(void)error;
	memset(many, '\033', sizeof(many));
	while (write(fd, many, sizeof(many)) > 0)
		;
	_exit(0);
}

/* It hangs in the pipe that nobody empties; who waits is told, by the clock of worker_end(). */
START_TEST(test_flooded_words)
{
	worker_run(flood);
	suite_assert_error(worker_end(&worker_process, &err), err, ETIMEDOUT, ERROR_TIMEOUT);
	ck_assert_str_eq(err.message, "run the worker 'test': no end after 5000 ms");
}
END_TEST

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
	suite_assert_error(worker_end(&worker_process, &err), err, EPIPE, ERROR_FAILED);
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

static int close_early(void *arg, void *shared, int output_fd, struct error *error)
{
	(void)arg;
	(void)error;
	if (fd_write_all(output_fd, "all", 3) < 0 || close(output_fd) < 0)
		return -errno;
	*(int *)shared = 1;
	return 0;
}

START_TEST(test_closes_output_early)
{
	AUTO_BUF output = BUF_INIT;

	worker.network = _i;
	worker_run(close_early);
	worker_read(&output);
	suite_assert_ok(worker_end(&worker_process, &err), err);
	ck_assert_str_eq(buf_str(&output), "all");
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
	suite_assert_error(worker_end(&worker_process, &err), err, EPROTO, ERROR_FAILED);
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
	suite_assert_error(worker_end(&worker_process, &err), err, ECANCELED, ERROR_FAILED);
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
	suite_assert_error(worker_end(&worker_process, &err), err, ECANCELED, ERROR_FAILED);
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
	suite_assert_ok(worker_end(&worker_process, &err), err);
	worker_done(&worker_process);
	worker.arg = &too_much;
	worker_run(take_memory);
	suite_assert_error(worker_end(&worker_process, &err), err, ENOMEM, ERROR_FAILED);
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

static void add_results(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_output_and_shared, 0, KINDS);
	tcase_add_loop_test(tcase, test_shared_is_zeroed, 0, KINDS);
	tcase_add_test(tcase, test_nothing_shared);
	tcase_add_loop_test(tcase, test_error, 0, KINDS);
	tcase_add_test(tcase, test_error_without_words);
	tcase_add_loop_test(tcase, test_forged_words, 0, 6);
	tcase_add_loop_test(tcase, test_forged_text, 0, 6);
	tcase_add_loop_test(tcase, test_short_words, 0, 3);
	tcase_add_test(tcase, test_flooded_words);
	tcase_add_loop_test(tcase, test_endless_output, 0, KINDS);
	tcase_add_loop_test(tcase, test_closes_output_early, 0, KINDS);
}

static void add_ends(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_done_ends_what_runs, 0, KINDS);
	tcase_add_loop_test(tcase, test_exits_without_finishing, 0, KINDS);
	tcase_add_loop_test(tcase, test_segmentation_fault, 0, KINDS);
	tcase_add_loop_test(tcase, test_killed, 0, KINDS);
	tcase_add_loop_test(tcase, test_interrupted, 0, KINDS);
	tcase_add_loop_test(tcase, test_killed_by_its_filter, 0, KINDS);
	tcase_add_loop_test(tcase, test_memory, 0, KINDS);
	tcase_add_loop_test(tcase, test_dies_with_the_caller, 0, KINDS);
	tcase_add_test(tcase, test_end_of_none);
}

int main(void)
{
	Suite *suite = suite_create("ends of workers");
	TCase *tcase = worker_case("worker_end");

	tcase_set_timeout(tcase, 60);
	add_results(tcase);
	add_ends(tcase);
	suite_add_tcase(suite, tcase);
	return worker_main(suite);
}
