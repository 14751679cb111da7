/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base images: one name, one writer, and nothing half written under a name. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "image_lab.h"

static int open_image(const char *name)
{
	enum disk_format format = DISK_RAW;
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;
	int r = images_open(&lab_store, name, &fd, &format, &path, &lab_err);

	ck_assert_int_eq(fd >= 0, r == 0);
	ck_assert_int_eq(path != NULL, r == 0);
	return r;
}

static const char *const bad_names[] = {
	"",
	".",
	"..",
	"a/b",
	"../x",
	"/etc/passwd",
	".tmp-x",
	"-x",
	"a b",
	"a\n",
	"a\x1b",
	"\xc3\xa4",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

START_TEST(test_bad_names)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_names); i++) {
		suite_assert_error(begin(bad_names[i]), lab_err, EINVAL, ERROR_USAGE);
		ck_assert_int_eq(draft.fd, -1);
		suite_assert_error(open_image(bad_names[i]), lab_err, EINVAL, ERROR_USAGE);
		suite_assert_error(images_remove(&lab_store, bad_names[i], &lab_err), lab_err,
				   EINVAL, ERROR_USAGE);
	}
	lab_assert_no_images();
}
END_TEST

START_TEST(test_unknown)
{
	suite_assert_error(open_image("debian"), lab_err, ENOENT, ERROR_NOT_FOUND);
	ck_assert(lab_err.hint[0]);
	suite_assert_error(images_remove(&lab_store, "debian", &lab_err), lab_err, ENOENT,
			   ERROR_NOT_FOUND);
}
END_TEST

START_TEST(test_commit)
{
	struct stat st;

	suite_assert_ok(begin("debian-12.5+x_1"), lab_err);
	write_draft("content");
	/* nobody sees it before it is whole */
	suite_assert_error(open_image("debian-12.5+x_1"), lab_err, ENOENT, ERROR_NOT_FOUND);
	suite_assert_ok(
		images_commit(&lab_store, &draft, _i ? DISK_RAW : DISK_QCOW2, NULL, &lab_err),
		lab_err);
	ck_assert_int_eq(draft.fd, -1);
	ck_assert_int_eq(fstatat(lab_store.images_fd,
				 _i ? "debian-12.5+x_1.raw" : "debian-12.5+x_1.qcow2", &st, 0),
			 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0444);
	ck_assert(!lab_exists(lab_store.images_fd, ".tmp-debian-12.5+x_1"));
}
END_TEST

START_TEST(test_open)
{
	enum disk_format format = DISK_QCOW2;
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *expected = xasprintf("%s/images/debian.raw", lab_config.state_dir);
	AUTO_CLOSE int fd = -1;
	struct error err = ERROR_INIT;

	suite_put(lab_store.images_fd, "debian.raw", "x");
	suite_assert_ok(images_open(&lab_store, "debian", &fd, &format, &path, &err), err);
	ck_assert_int_eq(format, DISK_RAW);
	ck_assert_str_eq(path, expected);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	ck_assert_int_eq(err.kind, ERROR_NONE); /* the qcow2 that is not there is no error */
}
END_TEST

START_TEST(test_open_other_file_types)
{
	suite_put(lab_dir.fd, "theirs", "x");
	ck_assert_int_eq(symlinkat("../../theirs", lab_store.images_fd, "link.qcow2"), 0);
	ck_assert_int_eq(symlinkat("absent", lab_store.images_fd, "dangling.qcow2"), 0);
	ck_assert_int_eq(mkfifoat(lab_store.images_fd, "fifo.qcow2", 0600), 0);
	ck_assert_int_eq(mkdirat(lab_store.images_fd, "folder.raw", 0700), 0);
	ck_assert_int_eq(linkat(lab_dir.fd, "theirs", lab_store.images_fd, "hard.raw", 0), 0);
	ck_assert_int_eq(open_image("link"), -ELOOP);
	ck_assert_int_eq(open_image("dangling"), -ELOOP);
	ck_assert_int_lt(open_image("fifo"), 0);
	ck_assert_int_lt(open_image("folder"), 0);
	ck_assert_int_lt(open_image("hard"), 0);
	ck_assert_ptr_nonnull(strstr(lab_err.message, "'hard'"));
}
END_TEST

START_TEST(test_exists)
{
	make_image("debian", "first");
	suite_assert_error(begin("debian"), lab_err, EEXIST, ERROR_CONFLICT);
	suite_put(lab_store.images_fd, "raw.raw", "x");
	suite_assert_error(begin("raw"), lab_err, EEXIST, ERROR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(lab_err.hint, "remove raw"));
	assert_content("debian.qcow2", "first");
	ck_assert(!lab_exists(lab_store.images_fd, ".tmp-debian"));
}
END_TEST

/* Put there by hand while the draft was written. */
START_TEST(test_name_taken_before_commit)
{
	suite_assert_ok(begin("debian"), lab_err);
	write_draft("second");
	suite_put(lab_store.images_fd, "debian.qcow2", "first");
	suite_assert_error(images_commit(&lab_store, &draft, DISK_QCOW2, NULL, &lab_err), lab_err,
			   EEXIST, ERROR_CONFLICT);
	ck_assert_int_eq(draft.fd, -1);
	assert_content("debian.qcow2", "first");
	ck_assert(!lab_exists(lab_store.images_fd, ".tmp-debian"));
}
END_TEST

START_TEST(test_abort)
{
	suite_assert_ok(begin("debian"), lab_err);
	write_draft("half");
	images_abort(&lab_store, &draft);
	images_abort(&lab_store, &draft); /* the second time it is nothing */
	ck_assert_int_eq(draft.fd, -1);
	ck_assert_int_eq(unlinkat(lab_store.images_fd, ".lock", 0), 0);
	lab_assert_no_images();
}
END_TEST

START_TEST(test_written_by_another)
{
	struct lab_child child;

	lab_child_start(&child, write_half, "debian");
	suite_assert_error(begin("debian"), lab_err, EBUSY, ERROR_BUSY);
	assert_content(".tmp-debian", "a long half of an image");
	/* another name is free */
	make_image("alpine", "x");
	lab_child_release(&child);
}
END_TEST

START_TEST(test_left_by_a_kill)
{
	struct lab_child child;

	lab_child_start(&child, write_half, "debian");
	lab_child_kill(&child);
	ck_assert(lab_exists(lab_store.images_fd, ".tmp-debian"));
	suite_assert_error(open_image("debian"), lab_err, ENOENT, ERROR_NOT_FOUND);
	make_image("debian", "whole");
	assert_content("debian.qcow2", "whole");
	ck_assert(!lab_exists(lab_store.images_fd, ".tmp-debian"));
}
END_TEST

START_TEST(test_draft_is_a_link)
{
	suite_put(lab_dir.fd, "victim", "precious");
	ck_assert_int_eq(symlinkat("../../victim", lab_store.images_fd, ".tmp-debian"), 0);
	ck_assert_int_eq(begin("debian"), -ELOOP);
	AUTO_FREE char *victim = suite_get(lab_dir.fd, "victim");
	ck_assert_str_eq(victim, "precious");
}
END_TEST

START_TEST(test_list)
{
	static const char *const others[] = {
		".tmp-x",  ".qcow2", "qcow2",	    "x.qcow",	 "x.img",
		"a b.raw", "-x.raw", "x.qcow2.bak", "x\x1b.raw",
	};
	AUTO_STRV names = STRV_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		suite_put(lab_store.images_fd, others[i], "x");
	make_image("zz", "x");
	make_image("aa", "x");
	suite_put(lab_store.images_fd, "both.raw", "x");
	suite_put(lab_store.images_fd, "both.qcow2", "x");
	suite_assert_ok(images_list(&lab_store, &names, &lab_err), lab_err);
	ck_assert_uint_eq(names.n, 3);
	ck_assert_str_eq(names.v[0], "aa");
	ck_assert_str_eq(names.v[1], "both");
	ck_assert_str_eq(names.v[2], "zz");
}
END_TEST

START_TEST(test_remove)
{
	make_image("debian", "x");
	make_image("debian-12", "x");
	suite_assert_ok(images_remove(&lab_store, "debian", &lab_err), lab_err);
	ck_assert(!lab_exists(lab_store.images_fd, "debian.qcow2"));
	ck_assert(lab_exists(lab_store.images_fd, "debian-12.qcow2"));
	suite_assert_error(images_remove(&lab_store, "debian", &lab_err), lab_err, ENOENT,
			   ERROR_NOT_FOUND);
}
END_TEST

/* The linker's --wrap puts this before a draft, which is open, is locked. */
static void (*before_lock)(void);

int __real_image_lock_file(const struct store *store, const char *file, int fd, int *ret_lock_fd);
int __wrap_image_lock_file(const struct store *store, const char *file, int fd, int *ret_lock_fd);
int __wrap_image_lock_file(const struct store *store, const char *file, int fd, int *ret_lock_fd)
{
	void (*before)(void) = before_lock;

	before_lock = NULL;
	if (before)
		before();
	return __real_image_lock_file(store, file, fd, ret_lock_fd);
}

static struct image_draft earlier;

static void commit_earlier(void)
{
	suite_assert_ok(images_commit(&lab_store, &earlier, DISK_QCOW2, NULL, &lab_err), lab_err);
}

/* What was the other's draft when we opened it is an image when we have locked it. */
START_TEST(test_committed_while_begun)
{
	suite_assert_ok(begin("debian"), lab_err);
	write_draft("precious");
	earlier = draft;
	before_lock = commit_earlier;
	suite_assert_error(begin("debian"), lab_err, EEXIST, ERROR_CONFLICT);
	ck_assert_int_eq(draft.fd, -1);
	assert_content("debian.qcow2", "precious");
}
END_TEST

static void abort_earlier(void)
{
	images_abort(&lab_store, &earlier);
}

START_TEST(test_aborted_while_begun)
{
	suite_assert_ok(begin("debian"), lab_err);
	earlier = draft;
	before_lock = abort_earlier;
	suite_assert_ok(begin("debian"), lab_err);
	suite_assert_ok(images_commit(&lab_store, &draft, DISK_RAW, NULL, &lab_err), lab_err);
}
END_TEST

static void put_raw(void)
{
	suite_put(lab_store.images_fd, "debian.raw", "first");
}

START_TEST(test_taken_while_begun)
{
	before_lock = put_raw;
	suite_assert_error(begin("debian"), lab_err, EEXIST, ERROR_CONFLICT);
	ck_assert(!lab_exists(lab_store.images_fd, ".tmp-debian"));
	assert_content("debian.raw", "first");
}
END_TEST

enum { ROUNDS = 300, IMPORTERS = 3 };

static bool is_whole(void)
{
	char text[16] = "";
	int fd = openat(lab_store.images_fd, "debian.qcow2", O_RDONLY | O_CLOEXEC);
	bool whole;

	if (fd < 0)
		return errno == ENOENT;
	whole = read(fd, text, sizeof(text)) == 10 && memcmp(text, "0123456789", 10) == 0;
	close(fd);
	return whole;
}

/* Under its name an image is whole at any time, whoever else is just beginning one. */
static bool import_and_remove(int number)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct error err = ERROR_INIT;
		int r = begin("debian");

		if (r && r != -EBUSY && r != -EEXIST)
			return false;
		if (!is_whole())
			return false;
		if (!r && write(draft.fd, "0123456789", 10) != 10)
			return false;
		if (!r && images_commit(&lab_store, &draft, DISK_QCOW2, NULL, &err))
			return false;
		if (!is_whole())
			return false;
		if (number == 0 && images_remove(&lab_store, "debian", &err) &&
		    err.kind != ERROR_NOT_FOUND)
			return false;
	}
	return true;
}

START_TEST(test_race)
{
	lab_race(IMPORTERS, import_and_remove);
}
END_TEST

START_TEST(test_image_dir_elsewhere)
{
	struct store store;
	AUTO_STRV names = STRV_INIT;

	lab_config.image_dir = xasprintf("%s/elsewhere", lab_dir.path);
	suite_assert_ok(store_open(&store, &lab_config, false, &lab_err), lab_err);
	suite_assert_ok(images_list(&store, &names, &lab_err), lab_err);
	ck_assert_uint_eq(names.n, 0);
	ck_assert_int_eq(images_remove(&store, "debian", &lab_err), -ENOENT);
	store_done(&store);
	suite_assert_ok(store_open(&store, &lab_config, true, &lab_err), lab_err);
	suite_assert_ok(images_begin(&store, "debian", &draft, &lab_err), lab_err);
	suite_assert_ok(images_commit(&store, &draft, DISK_RAW, NULL, &lab_err), lab_err);
	store_done(&store);
	AUTO_FREE char *path = xasprintf("%s/debian.raw", lab_config.image_dir);
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("store_images");
	TCase *tcase = lab_case("names");

	tcase_add_test(tcase, test_bad_names);
	tcase_add_test(tcase, test_unknown);
	tcase_add_test(tcase, test_open);
	tcase_add_test(tcase, test_open_other_file_types);
	tcase_add_test(tcase, test_list);
	tcase_add_test(tcase, test_remove);
	tcase_add_test(tcase, test_image_dir_elsewhere);
	suite_add_tcase(s, tcase);
	tcase = lab_case("drafts");
	tcase_add_loop_test(tcase, test_commit, 0, 2);
	tcase_add_test(tcase, test_exists);
	tcase_add_test(tcase, test_name_taken_before_commit);
	tcase_add_test(tcase, test_abort);
	tcase_add_test(tcase, test_written_by_another);
	tcase_add_test(tcase, test_left_by_a_kill);
	tcase_add_test(tcase, test_draft_is_a_link);
	tcase_add_test(tcase, test_committed_while_begun);
	tcase_add_test(tcase, test_aborted_while_begun);
	tcase_add_test(tcase, test_taken_while_begun);
	tcase_add_test(tcase, test_race);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
