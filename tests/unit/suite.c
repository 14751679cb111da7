/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every libcheck program here shares: TAP on stdout, a folder to write in, an eye on fds. */
#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The parent of all folders of one run. Made before libcheck forks, so every test sees it. */
static char root[96];

/*
 * No test is timed: 4 seconds, libcheck's default, is short for a busy machine or a sanitizer.
 * It is read when a test case is created, which is before suite_run().
 */
static void __attribute__((constructor)) have_patience(void)
{
	setenv("CK_DEFAULT_TIMEOUT", "120", 0);
}

static int remove_visited(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_tree(const char *path)
{
	/* musl takes the number of descriptors for the greatest depth */
	nftw(path, remove_visited, 128, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static bool make_root(void)
{
	const char *parent = getenv("TMPDIR");

	snprintf(root, sizeof(root), "%s/mnmivm-test-XXXXXX", parent ? parent : "/tmp");
	return mkdtemp(root) != NULL;
}

static bool must_run(void)
{
	const char *value = getenv("MNMIVM_TESTS_MUST_RUN");

	return value && strcmp(value, "1") == 0;
}

int suite_run(Suite *s)
{
	SRunner *runner = srunner_create(s);
	int failed;

	if (!make_root()) {
		printf("Bail out! no temporary folder: %s\n", strerror(errno));
		srunner_free(runner);
		return EXIT_FAILURE;
	}
	fflush(stdout);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	remove_tree(root);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int suite_skip(const char *reason)
{
	if (must_run()) {
		printf("Bail out! must run, but: %s\n", reason);
		return EXIT_FAILURE;
	}
	printf("1..0 # SKIP %s\n", reason);
	return EXIT_SUCCESS;
}

void suite_kernel_lacks(const char *test, const char *feature)
{
	printf("# SKIP %s: this kernel lacks %s\n", test, feature);
}

bool suite_leave_out(const char *test, const char *reason)
{
	if (must_run())
		return false;
	printf("# %s left out: %s\n", test, reason);
	return true;
}

void suite_tmpdir_make(struct suite_tmpdir *dir)
{
	snprintf(dir->path, sizeof(dir->path), "%s/XXXXXX", root);
	ck_assert_ptr_nonnull(mkdtemp(dir->path));
	dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir->fd, 0);
}

void suite_tmpdir_remove(struct suite_tmpdir *dir)
{
	close(dir->fd);
	remove_tree(dir->path);
	ck_assert_int_eq(access(dir->path, F_OK), -1);
}

void suite_put(int dir_fd, const char *name, const char *content)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_msg(fd >= 0, "%s: %s", name, strerror(errno));
	ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	close(fd);
}

char *suite_get(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	struct stat st = { 0 };
	char *content;

	ck_assert_msg(fd >= 0, "%s: %s", name, strerror(errno));
	ck_assert_int_eq(fstat(fd, &st), 0);
	content = calloc(1, (size_t)st.st_size + 1);
	ck_assert_ptr_nonnull(content);
	ck_assert_int_eq(read(fd, content, (size_t)st.st_size), st.st_size);
	close(fd);
	return content;
}

int suite_count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	/* ".", ".." and the one that was just used to look */
	return count - 3;
}

bool suite_has_children(void)
{
	return waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;
}
