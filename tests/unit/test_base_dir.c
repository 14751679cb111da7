/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders: who may own them, how they are reached, and that removal stays inside. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "file_lab.h"

enum { STRANGER = 65534 };

static bool exists(const char *name)
{
	return faccessat(tmp.fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static mode_t mode_of(const char *name)
{
	struct stat st = { 0 };

	ck_assert_int_eq(fstatat(tmp.fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

static void make(const char *name, mode_t mode)
{
	ck_assert_int_eq(mkdirat(tmp.fd, name, 0700), 0);
	ck_assert_int_eq(fchmodat(tmp.fd, name, mode, 0), 0);
}

/* --- dir_make --- */

START_TEST(make_new_and_existing)
{
	struct error err = ERROR_INIT;
	AUTO_CLOSE int first = -1;
	AUTO_CLOSE int again = -1;

	umask(077);
	suite_assert_ok(dir_make(tmp.fd, "dir", 0755, &first, &err), err);
	ck_assert_uint_eq(mode_of("dir"), 0755);
	suite_assert_ok(dir_make(tmp.fd, "dir", 0700, &again, &err), err);
	ck_assert_uint_eq(mode_of("dir"), 0755);
	ck_assert_int_eq(fcntl(again, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(again, F_GETFL) & O_PATH, 0);
	ck_assert_int_eq(fsync(again), 0);
}
END_TEST

static void refuse_make(int parent_fd, const char *name, int code)
{
	struct error err = ERROR_INIT;
	int fd = 4711;

	suite_assert_error(dir_make(parent_fd, name, 0700, &fd, &err), err, code, ERROR_FAILED);
	ck_assert_int_eq(fd, 4711);
}

START_TEST(make_refused)
{
	make("real", 0700);
	suite_put(tmp.fd, "file", "");
	ck_assert_int_eq(symlinkat("real", tmp.fd, "link"), 0);
	ck_assert_int_eq(symlinkat("nowhere", tmp.fd, "dangling"), 0);
	refuse_make(tmp.fd, "file", ENOTDIR);
	refuse_make(tmp.fd, "link", ELOOP);
	refuse_make(tmp.fd, "dangling", ELOOP);
	refuse_make(tmp.fd, "absent/dir", ENOENT);
	refuse_make(tmp.fd, "", ENOENT);
	refuse_make(tmp.fd, "..", EXDEV);
	refuse_make(-1, "dir", EBADF);
	ck_assert(!exists("nowhere"));
}
END_TEST

/* --- dir_check_owner --- */

static int check(const char *name, struct error *err)
{
	AUTO_CLOSE int fd = openat(tmp.fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir_check_owner(fd, "/some/path", err);
}

START_TEST(owner_may_write_alone)
{
	struct error err = ERROR_INIT;

	make("a", 0700);
	make("b", 0755);
	make("c", 02750);
	suite_assert_ok(check("a", &err), err);
	suite_assert_ok(check("b", &err), err);
	suite_assert_ok(check("c", &err), err);
}
END_TEST

START_TEST(others_must_not_write)
{
	static const mode_t bad[] = { 0720, 0770, 0775, 0702, 0777, 01777, 02770 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = ERROR_INIT;

		make("dir", bad[i]);
		suite_assert_error(check("dir", &err), err, EPERM, ERROR_PERMISSION);
		ck_assert_ptr_nonnull(strstr(err.message, "use folder '/some/path'"));
		ck_assert_str_eq(err.hint, "chmod go-w '/some/path'");
		ck_assert_int_eq(unlinkat(tmp.fd, "dir", AT_REMOVEDIR), 0);
	}
}
END_TEST

START_TEST(a_stranger_must_not_own)
{
	struct error err = ERROR_INIT;

	make("dir", 0700);
	ck_assert_int_eq(fchownat(tmp.fd, "dir", STRANGER, STRANGER, 0), 0);
	suite_assert_error(check("dir", &err), err, EPERM, ERROR_PERMISSION);
	ck_assert_ptr_nonnull(strstr(err.message, "65534"));
	ck_assert_str_eq(err.hint, "chown 0 '/some/path'");
}
END_TEST

START_TEST(no_folder_no_owner)
{
	struct error err = ERROR_INIT;

	suite_assert_error(dir_check_owner(-1, "/x", &err), err, EBADF, ERROR_FAILED);
}
END_TEST

/* --- dir_open_path --- */

static int open_path(const char *below, bool create, int *ret_fd, struct error *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", tmp.path, below);

	return dir_open_path(path, create, 0700, ret_fd, err);
}

static void accept_path(const char *below, bool create, const char *name)
{
	struct error err = ERROR_INIT;
	AUTO_CLOSE int fd = -1;
	struct stat opened, expected;

	suite_assert_ok(open_path(below, create, &fd, &err), err);
	ck_assert_int_eq(fstat(fd, &opened), 0);
	ck_assert_int_eq(fstatat(tmp.fd, name, &expected, 0), 0);
	ck_assert_uint_eq(opened.st_ino, expected.st_ino);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_PATH, 0);
}

static void refuse_path(const char *below, bool create, int code, enum error_kind kind)
{
	struct error err = ERROR_INIT;
	int fd = 4711;

	suite_assert_error(open_path(below, create, &fd, &err), err, code, kind);
	ck_assert_int_eq(fd, 4711);
	ck_assert_ptr_nonnull(strstr(err.message, tmp.path));
}

START_TEST(paths_are_made_as_needed)
{
	accept_path("", false, ".");
	accept_path("a/b/c", true, "a/b/c");
	ck_assert_uint_eq(mode_of("a"), 0700);
	ck_assert_uint_eq(mode_of("a/b/c"), 0700);
	accept_path("a/b/c", true, "a/b/c");
	accept_path("a//b/./c///", false, "a/b/c");
}
END_TEST

START_TEST(a_link_on_the_way_is_the_administrators)
{
	make("real", 0700);
	make("real/dir", 0700);
	make("shared", 0777);
	ck_assert_int_eq(symlinkat("real", tmp.fd, "link"), 0);
	accept_path("link/dir", false, "real/dir");
	accept_path("link/new", true, "real/new");
	accept_path("shared/new", true, "shared/new");
}
END_TEST

START_TEST(paths_refused)
{
	make("real", 0700);
	make("shared", 0775);
	suite_put(tmp.fd, "file", "");
	ck_assert_int_eq(symlinkat("real", tmp.fd, "link"), 0);
	ck_assert_int_eq(symlinkat("nowhere", tmp.fd, "dangling"), 0);
	refuse_path("absent", false, ENOENT, ERROR_FAILED);
	refuse_path("absent/dir", false, ENOENT, ERROR_FAILED);
	refuse_path("file", true, ENOTDIR, ERROR_FAILED);
	refuse_path("file/dir", true, ENOTDIR, ERROR_FAILED);
	refuse_path("link", false, ELOOP, ERROR_FAILED);
	refuse_path("link", true, ELOOP, ERROR_FAILED);
	refuse_path("link/", true, ELOOP, ERROR_FAILED);
	refuse_path("dangling", true, ELOOP, ERROR_FAILED);
	refuse_path("dangling/dir", true, ENOENT, ERROR_FAILED);
	refuse_path("shared", true, EPERM, ERROR_PERMISSION);
	refuse_path("shared", false, EPERM, ERROR_PERMISSION);
	ck_assert(!exists("absent"));
	ck_assert(!exists("nowhere"));
}
END_TEST

START_TEST(relative_paths_refused)
{
	static const char *const bad[] = { "", ".", "etc", "./x", "../x" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = ERROR_INIT;
		int fd = -1;

		suite_assert_error(dir_open_path(bad[i], true, 0700, &fd, &err), err, EINVAL,
				   ERROR_FAILED);
	}
}
END_TEST

START_TEST(the_root_is_a_path)
{
	struct error err = ERROR_INIT;
	AUTO_CLOSE int fd = -1;
	struct stat st;
	int r = dir_open_path("/", true, 0700, &fd, &err);

	ck_assert_int_eq(stat("/", &st), 0);
	ck_assert_int_eq(r, st.st_uid == 0 && (st.st_mode & 022) == 0 ? 0 : -EPERM);
}
END_TEST

START_TEST(a_strangers_folder_is_refused)
{
	make("dir", 0700);
	ck_assert_int_eq(fchownat(tmp.fd, "dir", STRANGER, STRANGER, 0), 0);
	refuse_path("dir", true, EPERM, ERROR_PERMISSION);
}
END_TEST

/* --- dir_remove_tree --- */

static void remove_ok(const char *name)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(dir_remove_tree(tmp.fd, name, &err), err);
	ck_assert(!exists(name));
}

START_TEST(remove_anything)
{
	suite_put(tmp.fd, "file", "x");
	make("empty", 0700);
	make("tree", 0700);
	make("tree/.hidden", 0700);
	make("tree/sub", 0500);
	suite_put(tmp.fd, "tree/.hidden/file", "x");
	ck_assert_int_eq(mkfifoat(tmp.fd, "tree/fifo", 0), 0);
	for (int i = 0; i < 1000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "tree/%d", i);
		suite_put(tmp.fd, name, "");
	}
	remove_ok("file");
	remove_ok("empty");
	remove_ok("tree");
	remove_ok("absent");
}
END_TEST

START_TEST(remove_links_not_what_they_name)
{
	make("outside", 0700);
	suite_put(tmp.fd, "outside/file", "kept");
	make("tree", 0700);
	ck_assert_int_eq(symlinkat("../outside", tmp.fd, "tree/dir"), 0);
	ck_assert_int_eq(symlinkat("../outside/file", tmp.fd, "tree/file"), 0);
	ck_assert_int_eq(symlinkat("..", tmp.fd, "tree/up"), 0);
	ck_assert_int_eq(symlinkat("nowhere", tmp.fd, "tree/dangling"), 0);
	ck_assert_int_eq(linkat(tmp.fd, "outside/file", tmp.fd, "tree/hard", 0), 0);
	ck_assert_int_eq(symlinkat("outside", tmp.fd, "link"), 0);
	remove_ok("tree");
	remove_ok("link");
	ck_assert(exists("outside/file"));
}
END_TEST

START_TEST(remove_refused)
{
	static const char *const bad[] = { "",	       ".",    "..",	    "/",
					   "dir/file", "dir/", "link/file", "./dir" };
	struct error err = ERROR_INIT;

	make("dir", 0700);
	suite_put(tmp.fd, "dir/file", "x");
	ck_assert_int_eq(symlinkat("dir", tmp.fd, "link"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		suite_assert_error(dir_remove_tree(tmp.fd, bad[i], &err), err, EINVAL,
				   ERROR_FAILED);
	suite_assert_error(dir_remove_tree(-1, "dir", &err), err, EBADF, ERROR_FAILED);
	ck_assert(exists("dir/file"));
	ck_assert(exists("link"));
}
END_TEST

/* levels folders, one in the other, below a first one. */
static void make_deep(const char *first, int levels)
{
	AUTO_BUF path = BUF_INIT;

	buf_puts(&path, first);
	for (int i = 0; i < levels; i++) {
		make(buf_str(&path), 0700);
		buf_puts(&path, "/d");
	}
}

START_TEST(remove_is_bounded_in_depth)
{
	struct error err = ERROR_INIT;

	make_deep("deep", 32);
	make_deep("deeper", 33);
	remove_ok("deep");
	suite_assert_error(dir_remove_tree(tmp.fd, "deeper", &err), err, ELOOP, ERROR_FAILED);
	ck_assert(exists("deeper/d/d"));
}
END_TEST

/* A descriptor from before unshare() goes on to see the mounts of the old namespace. */
static void reopen_tmp(void)
{
	AUTO_CLOSE int fd = open(tmp.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_eq(dup3(fd, tmp.fd, O_CLOEXEC), tmp.fd);
}

START_TEST(remove_stops_at_a_mount)
{
	AUTO_FREE char *path = xasprintf("%s/tree/mnt", tmp.path);
	AUTO_FREE char *source = xasprintf("%s/outside", tmp.path);
	struct error err = ERROR_INIT;

	make("outside", 0700);
	suite_put(tmp.fd, "outside/file", "kept");
	make("tree", 0700);
	make("tree/mnt", 0700);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount(source, path, NULL, MS_BIND, NULL), 0);
	reopen_tmp();
	suite_assert_error(dir_remove_tree(tmp.fd, "tree", &err), err, EBUSY, ERROR_FAILED);
	ck_assert_ptr_nonnull(strstr(err.message, "'mnt'"));
	ck_assert(exists("outside/file"));
	ck_assert_int_eq(umount2(path, MNT_DETACH), 0);
	remove_ok("tree");
}
END_TEST

/* --- dir_sync_files --- */

START_TEST(sync_takes_a_folder_of_anything)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(dir_sync_files(tmp.fd, &err), err);
	suite_put(tmp.fd, "file", "x");
	suite_put(tmp.fd, "other", "x");
	make("dir", 0700);
	ck_assert_int_eq(symlinkat("nowhere", tmp.fd, "link"), 0);
	ck_assert_int_eq(mkfifoat(tmp.fd, "fifo", 0600), 0);
	suite_assert_ok(dir_sync_files(tmp.fd, &err), err);
	suite_assert_ok(dir_sync_files(tmp.fd, &err), err);
}
END_TEST

START_TEST(sync_refused)
{
	AUTO_CLOSE int file = -1;
	struct error err = ERROR_INIT;

	suite_put(tmp.fd, "file", "x");
	file = openat(tmp.fd, "file", O_RDONLY | O_CLOEXEC);
	suite_assert_error(dir_sync_files(file, &err), err, ENOTDIR, ERROR_FAILED);
	suite_assert_error(dir_sync_files(-1, &err), err, EBADF, ERROR_FAILED);
}
END_TEST

/* --- file_rename_new --- */

START_TEST(rename_to_a_free_name)
{
	suite_put(tmp.fd, "file", "x");
	make("dir", 0700);
	make("dir/sub", 0700);
	ck_assert_int_eq(file_rename_new(tmp.fd, "file", tmp.fd, "dir/file"), 0);
	ck_assert_int_eq(file_rename_new(tmp.fd, "dir", tmp.fd, "new"), 0);
	ck_assert(exists("new/file") && exists("new/sub") && !exists("dir") && !exists("file"));
}
END_TEST

static void refuse_rename(const char *from, const char *to, int code)
{
	ck_assert_int_eq(file_rename_new(tmp.fd, from, tmp.fd, to), -code);
}

START_TEST(rename_replaces_nothing)
{
	suite_put(tmp.fd, "file", "x");
	suite_put(tmp.fd, "other", "y");
	make("dir", 0700);
	make("empty", 0700);
	ck_assert_int_eq(symlinkat("nowhere", tmp.fd, "dangling"), 0);
	refuse_rename("file", "other", EEXIST);
	refuse_rename("file", "file", EEXIST);
	refuse_rename("file", "dangling", EEXIST);
	refuse_rename("file", "empty", EEXIST);
	refuse_rename("dir", "empty", EEXIST);
	refuse_rename("absent", "new", ENOENT);
	refuse_rename("file", "absent/new", ENOENT);
	refuse_rename("dir", "dir/below", EINVAL);
	ck_assert_int_eq(file_rename_new(-1, "file", tmp.fd, "new"), -EBADF);
	ck_assert(exists("file") && exists("dir") && exists("dangling") && !exists("new"));
}
END_TEST

static TCase *make_case(void)
{
	TCase *tc = tcase_create("make");

	tcase_add_test(tc, make_new_and_existing);
	tcase_add_test(tc, make_refused);
	tcase_add_test(tc, owner_may_write_alone);
	tcase_add_test(tc, others_must_not_write);
	tcase_add_test(tc, no_folder_no_owner);
	if (geteuid() == 0 || !suite_leave_out("a_stranger_must_not_own", "not root"))
		tcase_add_test(tc, a_stranger_must_not_own);
	return tc;
}

static TCase *open_case(void)
{
	TCase *tc = tcase_create("open");

	tcase_add_test(tc, paths_are_made_as_needed);
	tcase_add_test(tc, a_link_on_the_way_is_the_administrators);
	tcase_add_test(tc, paths_refused);
	tcase_add_test(tc, relative_paths_refused);
	tcase_add_test(tc, the_root_is_a_path);
	if (geteuid() == 0 || !suite_leave_out("a_strangers_folder_is_refused", "not root"))
		tcase_add_test(tc, a_strangers_folder_is_refused);
	return tc;
}

static TCase *remove_case(void)
{
	TCase *tc = tcase_create("remove");

	tcase_add_test(tc, remove_anything);
	tcase_add_test(tc, remove_links_not_what_they_name);
	tcase_add_test(tc, remove_refused);
	tcase_add_test(tc, remove_is_bounded_in_depth);
	if (can_mount() || !suite_leave_out("remove_stops_at_a_mount", "no mount namespace"))
		tcase_add_test(tc, remove_stops_at_a_mount);
	return tc;
}

static TCase *place_case(void)
{
	TCase *tc = tcase_create("place");

	tcase_add_test(tc, sync_takes_a_folder_of_anything);
	tcase_add_test(tc, sync_refused);
	tcase_add_test(tc, rename_to_a_free_name);
	tcase_add_test(tc, rename_replaces_nothing);
	return tc;
}

int main(void)
{
	TCase *cases[] = { make_case(), open_case(), remove_case(), place_case() };
	Suite *s = suite_create("base/dir");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		file_lab_around(cases[i]);
		suite_add_tcase(s, cases[i]);
	}
	return suite_run(s);
}
