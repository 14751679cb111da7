/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder for each test of files, and a look at what is in it. */
#include "file_lab.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"

struct suite_tmpdir tmp;
static int fds_before;

static void setup(void)
{
	suite_tmpdir_make(&tmp);
	fds_before = suite_count_fds();
	umask(022);
}

static void teardown(void)
{
	ck_assert_int_eq(suite_count_fds(), fds_before);
	suite_tmpdir_remove(&tmp);
}

void check_content(const char *name, const char *expected)
{
	AUTO_FREE char *content = suite_get(tmp.fd, name);

	ck_assert_str_eq(content, expected);
}

void check_absent(const char *name)
{
	ck_assert_int_eq(faccessat(tmp.fd, name, F_OK, AT_SYMLINK_NOFOLLOW), -1);
	ck_assert_int_eq(errno, ENOENT);
}

void file_lab_around(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, setup, teardown);
}

bool can_mount(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWNS) < 0);
	waitpid(pid, &status, 0);
	return status == 0;
}
