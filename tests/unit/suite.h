/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every libcheck program here shares: TAP on stdout, a folder to write in, an eye on fds. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>
#include <stdbool.h>

#include "base/error.h"

/*
 * Run and free the suite. TAP is all that goes to stdout; CK_FORK=no is honoured (valgrind,
 * gdb). Returns main()'s exit code.
 */
int suite_run(Suite *s);

/* For main(): skip the whole program; a failure under MNMIVM_TESTS_MUST_RUN=1. */
int suite_skip(const char *reason);

/* Leave a single test out and say so; false under MNMIVM_TESTS_MUST_RUN=1: then it must run. */
bool suite_leave_out(const char *test, const char *reason);

/*
 * Leave a test out of what the running kernel was built without: counted as skipped, never
 * failed.
 */
void suite_kernel_lacks(const char *test, const char *feature);

/*
 * A new empty folder of mode 0700. suite_run() removes what a failed test leaves, so
 * _remove is for those who want to see it gone.
 */
struct suite_tmpdir {
	char path[128];
	int fd;
};
void suite_tmpdir_make(struct suite_tmpdir *dir);
void suite_tmpdir_remove(struct suite_tmpdir *dir);

/* A file with that content, made by other means than the code under test. */
void suite_put(int dir_fd, const char *name, const char *content);

/* The content of a file; the test fails if there is none. Freed by the caller. */
char *suite_get(int dir_fd, const char *name);

/* How many descriptors this process has open. */
int suite_count_fds(void);

/* Whether this process has children, dead or alive. */
bool suite_has_children(void);

#define suite_assert_ok(result, err) ck_assert_msg((result) == 0, "%s: %s", #result, (err).message)

#define suite_assert_error(result, err, errno_, kind_)                                             \
	do {                                                                                       \
		ck_assert_int_eq((result), -(errno_));                                             \
		ck_assert_int_eq((err).code, (errno_));                                            \
		ck_assert_msg((err).kind == (kind_), "kind %d instead of %s: %s", (err).kind,      \
			      #kind_, (err).message);                                              \
	} while (0)

#endif
