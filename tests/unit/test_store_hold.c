/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that are held while VMs are made of them, and who cannot hold them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/images.h"
#include "store_lab.h"

enum { STRANGER = 65534 };

static int hold_fd;

static int open_file(const char *file)
{
	int fd = openat(lab_store.images_fd, file, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static int hold(int fd, enum images_hold how)
{
	lab_err = (struct error)ERROR_INIT;
	hold_fd = -1;
	return images_hold(&lab_store, fd, "a", how, &hold_fd, &lab_err);
}

static void put_image(const char *file)
{
	suite_put(lab_store.images_fd, file, "x");
	ck_assert_int_eq(fchmodat(lab_store.images_fd, file, 0444, 0), 0);
}

static bool hold_shared(const char *file)
{
	return !hold(open_file(file), IMAGES_SHARED);
}

START_TEST(test_shared_and_exclusive)
{
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int first = -1;
	AUTO_CLOSE int second = -1;

	put_image("a.raw");
	fd = open_file("a.raw");
	suite_assert_ok(hold(fd, IMAGES_SHARED), lab_err);
	first = hold_fd;
	suite_assert_ok(hold(fd, IMAGES_SHARED), lab_err);
	second = hold_fd;
	suite_assert_error(hold(fd, IMAGES_EXCLUSIVE_NOW), lab_err, EBUSY, ERROR_BUSY);
	ck_assert_int_eq(hold_fd, -1);
	ck_assert_int_eq(lab_exists(lab_store.images_fd, ".lock"), geteuid() != 0);
}
END_TEST

START_TEST(test_exclusive)
{
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int first = -1;
	AUTO_CLOSE int other = -1;

	put_image("a.raw");
	put_image("b.raw");
	fd = open_file("a.raw");
	other = open_file("b.raw");
	suite_assert_ok(hold(fd, IMAGES_EXCLUSIVE), lab_err);
	first = hold_fd;
	suite_assert_error(hold(fd, IMAGES_SHARED), lab_err, EBUSY, ERROR_BUSY);
	suite_assert_error(hold(fd, IMAGES_EXCLUSIVE), lab_err, EBUSY, ERROR_BUSY);
	/* another image is nobody's */
	suite_assert_ok(hold(other, IMAGES_EXCLUSIVE_NOW), lab_err);
	close(hold_fd);
	close(first);
	first = -1;
	suite_assert_ok(hold(fd, IMAGES_EXCLUSIVE_NOW), lab_err);
	close(hold_fd);
}
END_TEST

START_TEST(test_removed)
{
	AUTO_CLOSE int fd = -1;

	put_image("a.raw");
	fd = open_file("a.raw");
	ck_assert_int_eq(unlinkat(lab_store.images_fd, "a.raw", 0), 0);
	suite_assert_error(hold(fd, IMAGES_SHARED), lab_err, ENOENT, ERROR_NOT_FOUND);
	ck_assert_int_eq(hold_fd, -1);
}
END_TEST

START_TEST(test_holder_is_killed)
{
	AUTO_CLOSE int fd = -1;
	struct lab_child child;

	put_image("a.raw");
	fd = open_file("a.raw");
	lab_child_start(&child, hold_shared, "a.raw");
	suite_assert_error(hold(fd, IMAGES_EXCLUSIVE_NOW), lab_err, EBUSY, ERROR_BUSY);
	lab_child_kill(&child);
	suite_assert_ok(hold(fd, IMAGES_EXCLUSIVE_NOW), lab_err);
	close(hold_fd);
}
END_TEST

/* Whoever may read an image may lock its file, too. */
static bool lock_as_stranger(const char *file)
{
	int fd;

	if (!geteuid() && setuid(STRANGER))
		return false;
	fd = openat(lab_store.images_fd, file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB))
		return false;
	return geteuid() != STRANGER || openat(lab_store.images_fd, ".lock", O_RDONLY) < 0;
}

START_TEST(test_stranger_locks)
{
	AUTO_CLOSE int fd = -1;
	struct lab_child child;

	put_image("a.raw");
	fd = open_file("a.raw");
	suite_assert_ok(hold(fd, IMAGES_SHARED), lab_err); /* .lock is there */
	close(hold_fd);
	lab_child_start(&child, lock_as_stranger, "a.raw");
	suite_assert_ok(hold(fd, IMAGES_SHARED), lab_err);
	close(hold_fd);
	suite_assert_ok(hold(fd, IMAGES_EXCLUSIVE_NOW), lab_err);
	close(hold_fd);
	lab_child_kill(&child);
}
END_TEST

/* The images of another: his .lock is none of ours. */
static bool be_stranger(void)
{
	return !setgid(STRANGER) && !setuid(STRANGER);
}

static bool hold_as_stranger(const char *file)
{
	int fd = open_file(file);

	return be_stranger() && hold(fd, IMAGES_EXCLUSIVE) == -EACCES && hold_fd == -1 &&
	       !hold(fd, IMAGES_SHARED) && hold_fd >= 0;
}

/* A VM can be made of what others own; to remove it is not ours, and not theirs meanwhile. */
START_TEST(test_folder_of_another)
{
	AUTO_CLOSE int fd = -1;
	struct lab_child child;

	put_image("a.raw");
	fd = open_file("a.raw");
	for (int i = 0; i < 2; i++) { /* without .lock, and with it */
		lab_child_start(&child, hold_as_stranger, "a.raw");
		suite_assert_error(hold(fd, IMAGES_EXCLUSIVE_NOW), lab_err, EBUSY, ERROR_BUSY);
		suite_assert_ok(hold(fd, IMAGES_SHARED), lab_err);
		close(hold_fd);
		lab_child_release(&child);
		suite_assert_ok(hold(fd, IMAGES_EXCLUSIVE_NOW), lab_err);
		close(hold_fd);
		if (!i)
			suite_put(lab_store.images_fd, ".lock", "");
		ck_assert_int_eq(fchmodat(lab_store.images_fd, ".lock", 0600, 0), 0);
	}
}
END_TEST

static bool hold_refused(const char *file)
{
	int fd = open_file(file);

	return be_stranger() && hold(fd, IMAGES_SHARED) == -EBUSY;
}

START_TEST(test_removed_by_root)
{
	AUTO_CLOSE int fd = -1;
	struct lab_child child;

	put_image("a.raw");
	fd = open_file("a.raw");
	suite_assert_ok(hold(fd, IMAGES_EXCLUSIVE), lab_err);
	lab_child_start(&child, hold_refused, "a.raw");
	lab_child_release(&child);
	close(hold_fd);
}
END_TEST

static bool lock_all_as_stranger(const char *file)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open_file(file);

	if (!be_stranger() || fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return false;
	lock.l_type = F_RDLCK;
	return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

/* Others keep nobody from an image, and root from removing it. */
START_TEST(test_stranger_locks_all)
{
	AUTO_CLOSE int fd = -1;
	struct lab_child child, other;

	put_image("a.raw");
	fd = open_file("a.raw");
	lab_child_start(&child, lock_all_as_stranger, "a.raw");
	lab_child_start(&other, hold_as_stranger, "a.raw");
	suite_assert_ok(hold(fd, IMAGES_SHARED), lab_err);
	close(hold_fd);
	lab_child_kill(&other);
	suite_assert_error(hold(fd, IMAGES_EXCLUSIVE_NOW), lab_err, EBUSY, ERROR_BUSY);
	lab_child_kill(&child);
}
END_TEST

/* An image of a user's own, in a folder of his; where we are none, we become one in a child. */
static void give_away(const char *file)
{
	put_image(file);
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(fchownat(lab_store.images_fd, file, STRANGER, STRANGER, 0), 0);
	ck_assert_int_eq(fchown(lab_store.images_fd, STRANGER, STRANGER), 0);
}

static bool hold_own(const char *file)
{
	int fd = open_file(file);
	struct stat st;
	int first;

	if ((!geteuid() && !be_stranger()) || hold(fd, IMAGES_SHARED))
		return false;
	first = hold_fd;
	if (hold(fd, IMAGES_EXCLUSIVE_NOW) != -EBUSY || hold(fd, IMAGES_SHARED))
		return false;
	close(hold_fd);
	close(first);
	return !hold(fd, IMAGES_EXCLUSIVE_NOW) && close(hold_fd) == 0 &&
	       !fstatat(lab_store.images_fd, ".lock", &st, AT_SYMLINK_NOFOLLOW) &&
	       st.st_mode == (S_IFREG | 0600);
}

START_TEST(test_of_a_user)
{
	struct lab_child child;

	give_away("a.raw");
	lab_child_start(&child, hold_own, "a.raw");
	lab_child_release(&child);
}
END_TEST

static bool hold_by_link(const char *file)
{
	int fd = open_file(file);

	return (geteuid() || be_stranger()) && hold(fd, IMAGES_SHARED) == -ELOOP &&
	       hold(fd, IMAGES_EXCLUSIVE) == -ELOOP && hold_fd == -1;
}

START_TEST(test_lock_is_a_link)
{
	struct lab_child child;

	give_away("a.raw");
	ck_assert_int_eq(symlinkat("../../victim", lab_store.images_fd, ".lock"), 0);
	lab_child_start(&child, hold_by_link, "a.raw");
	lab_child_release(&child);
	ck_assert(!lab_exists(lab_dir.fd, "victim"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("store_hold");
	TCase *tcase = lab_case("hold");

	tcase_add_test(tcase, test_shared_and_exclusive);
	tcase_add_test(tcase, test_exclusive);
	tcase_add_test(tcase, test_removed);
	tcase_add_test(tcase, test_holder_is_killed);
	tcase_add_test(tcase, test_stranger_locks);
	if (geteuid() == 0 || !suite_leave_out("tests of root's images", "not root")) {
		tcase_add_test(tcase, test_folder_of_another);
		tcase_add_test(tcase, test_removed_by_root);
		tcase_add_test(tcase, test_stranger_locks_all);
	}
	tcase_add_test(tcase, test_of_a_user);
	tcase_add_test(tcase, test_lock_is_a_link);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
