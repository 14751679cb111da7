/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look with a user's rights: what it can see, and that it ends. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "jail/visit.h"
#include "suite.h"

enum { CAROL = 4711, LONG_MS = 60 * 1000, SHORT_MS = 200, OUTPUT_MAX = 100 * 1000 };

static struct error err;
static struct buf output;
static uid_t uid;
static int fds;

static void setup(void)
{
	err = (struct error)ERROR_INIT;
	output = (struct buf)BUF_INIT;
	buf_puts(&output, "before");
	uid = geteuid();
	fds = suite_count_fds();
}

static void teardown(void)
{
	buf_done(&output);
	ck_assert(!suite_has_children());
	ck_assert_int_eq(suite_count_fds(), fds);
}

static int run(int (*work)(void *arg, int output_fd), int timeout_ms)
{
	const struct visit visit = {
		.name = "look",
		.uid = uid,
		.gid = uid,
		.deadline_ms = clock_ms() + timeout_ms,
		.output_max = OUTPUT_MAX,
		.work = work,
		.arg = &uid,
	};

	err = (struct error)ERROR_INIT;
	return visit_run(&visit, &output, &err);
}

static int say(void *arg, int output_fd)
{
	return *(uid_t *)arg == uid ? fd_write_all(output_fd, "a\0b", 3) : -EINVAL;
}

START_TEST(test_output)
{
	suite_assert_ok(run(say, LONG_MS), err);
	ck_assert_uint_eq(output.len, 3);
	ck_assert_mem_eq(output.data, "a\0b", 3);
}
END_TEST

static int say_nothing(void *arg, int output_fd)
{
	(void)arg;
	(void)output_fd;
	return 0;
}

START_TEST(test_no_output)
{
	suite_assert_ok(run(say_nothing, LONG_MS), err);
	ck_assert_uint_eq(output.len, 0);
}
END_TEST

static int refuse(void *arg, int output_fd)
{
	(void)arg;
	fd_write_all(output_fd, "half", 4);
	return -ENOTDIR;
}

static int be_silent(void *arg, int output_fd)
{
	(void)arg;
	(void)output_fd;
	while (pause() < 0)
		;
	return 0;
}

static int say_and_be_silent(void *arg, int output_fd)
{
	fd_write_all(output_fd, "half", 4);
	return be_silent(arg, output_fd);
}

static int talk(void *arg, int output_fd)
{
	char text[1000] = "";

	(void)arg;
	while (!fd_write_all(output_fd, text, sizeof(text)))
		;
	return -EPIPE;
}

static int crash(void *arg, int output_fd)
{
	(void)arg;
	fd_write_all(output_fd, "half", 4);
	return raise(SIGKILL);
}

static int close_and_stay(void *arg, int output_fd)
{
	close(output_fd);
	return be_silent(arg, output_fd);
}

/* Memory without end is none. Under ASan the limits of it do not count. */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)
static int take_all(void *arg, int output_fd)
{
	(void)arg;
	for (size_t i = 0; i < 4096; i++)
		memset(xmalloc(1 << 20), 1, 1 << 20);
	return fd_write_all(output_fd, "all", 3);
}
#endif

static const struct bad {
	int (*work)(void *arg, int output_fd);
	int timeout_ms, code;
} bad[] = {
	{ refuse, LONG_MS, ENOTDIR },
	{ be_silent, SHORT_MS, ETIMEDOUT },
	{ be_silent, 0, ETIMEDOUT },
	{ say_and_be_silent, SHORT_MS, ETIMEDOUT },
	{ close_and_stay, LONG_MS, ETIMEDOUT },
	{ talk, LONG_MS, EFBIG },
	{ crash, LONG_MS, ECHILD },
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)
	{ take_all, LONG_MS, EPERM }, /* 1, as any program that has run out of memory */
#endif
};

START_TEST(test_bad)
{
	ck_assert_int_eq(run(bad[_i].work, bad[_i].timeout_ms), -bad[_i].code);
	ck_assert_int_eq(err.code, bad[_i].code);
	ck_assert_int_eq(strncmp(err.message, "look: ", 6), 0);
	ck_assert_str_eq(buf_str(&output), "before");
}
END_TEST

/* No descriptor but the one, the standard ones neither. */
static int count_fds(void *arg, int output_fd)
{
	int n = 0;

	(void)arg;
	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n == 1 && fcntl(output_fd, F_GETFD) >= 0 ? 0 : -EBADF;
}

static int check_sealed(void *arg, int output_fd)
{
	(void)arg;
	(void)output_fd;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
			       prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0
		       ? 0
		       : -EPERM;
}

START_TEST(test_descriptors)
{
	int fd = open("/", O_RDONLY); /* not even close-on-exec */

	suite_assert_ok(run(count_fds, LONG_MS), err);
	suite_assert_ok(run(check_sealed, LONG_MS), err);
	close(fd);
}
END_TEST

static int check_carol(void *arg, int output_fd)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	(void)arg;
	if (getresuid(&r, &e, &s) || getresgid(&rg, &eg, &sg) || getgroups(0, NULL) != 0)
		return -errno;
	if (r != CAROL || e != CAROL || s != CAROL || rg != CAROL || eg != CAROL || sg != CAROL)
		return -EPERM;
	return fd_write_all(output_fd, "carol", 5);
}

static int read_roots(void *arg, int output_fd)
{
	(void)arg;
	(void)output_fd;
	return open("/proc/1/environ", O_RDONLY) < 0 ? -errno : 0;
}

static int regain(void *arg, int output_fd)
{
	(void)arg;
	(void)output_fd;
	return setuid(0) < 0 ? -errno : 0;
}

START_TEST(test_as_another)
{
	uid = CAROL;
	suite_assert_ok(run(check_carol, LONG_MS), err);
	ck_assert_str_eq(buf_str(&output), "carol");
	suite_assert_ok(run(count_fds, LONG_MS), err);
	suite_assert_ok(run(check_sealed, LONG_MS), err);
	ck_assert_int_eq(run(read_roots, LONG_MS), -EACCES);
	ck_assert_int_eq(run(regain, LONG_MS), -EPERM);
	ck_assert_int_eq(run(be_silent, SHORT_MS), -ETIMEDOUT);
}
END_TEST

/* Who is not root is himself and nobody else. */
START_TEST(test_not_root)
{
	if (geteuid() == 0)
		ck_assert_int_eq(setuid(CAROL), 0);
	uid = CAROL + 1;
	ck_assert_int_eq(run(say, LONG_MS), -EPERM);
	ck_assert_str_eq(buf_str(&output), "before");
	uid = geteuid();
	suite_assert_ok(run(say, LONG_MS), err);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("jail_visit");
	TCase *tcase = tcase_create("visit");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_output);
	tcase_add_test(tcase, test_no_output);
	tcase_add_loop_test(tcase, test_bad, 0, ARRAY_SIZE(bad));
	tcase_add_test(tcase, test_descriptors);
	tcase_add_test(tcase, test_not_root);
	if (geteuid() == 0 || !suite_leave_out("test_as_another", "not root"))
		tcase_add_test(tcase, test_as_another);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
