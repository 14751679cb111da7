/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Workers: what comes back of them, however hostile. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../../src/jail/worker_child.h"
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
	suite_assert_ok(worker_finish(), err);
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
	suite_assert_ok(worker_finish(), err);
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
	suite_assert_error(worker_finish(), err, EBADMSG, ERROR_VERIFY);
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
	suite_assert_error(worker_finish(), err, ENOTTY, ERROR_FAILED);
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
	return worker_finish();
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

int main(void)
{
	Suite *suite = suite_create("results of workers");
	TCase *tcase = worker_case("worker_result");

	tcase_add_loop_test(tcase, test_output_and_shared, 0, KINDS);
	tcase_add_loop_test(tcase, test_shared_is_zeroed, 0, KINDS);
	tcase_add_test(tcase, test_nothing_shared);
	tcase_add_loop_test(tcase, test_error, 0, KINDS);
	tcase_add_test(tcase, test_error_without_words);
	tcase_add_loop_test(tcase, test_forged_words, 0, 6);
	tcase_add_loop_test(tcase, test_forged_text, 0, 6);
	tcase_add_loop_test(tcase, test_short_words, 0, 3);
	tcase_add_test(tcase, test_flooded_words);
	tcase_add_loop_test(tcase, test_closes_output_early, 0, KINDS);
	suite_add_tcase(suite, tcase);
	return worker_main(suite);
}
