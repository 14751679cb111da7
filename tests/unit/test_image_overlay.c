/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New disks: qemu-img makes them, another qemu-img looks at them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "image/overlay.h"
#include "suite.h"

#define QEMU_IMG "/usr/bin/qemu-img"

enum { GIB = 1 << 30 };

static struct suite_tmpdir dir;

static void setup(void)
{
	suite_tmpdir_make(&dir);
}

static void teardown(void)
{
	ck_assert(!suite_has_children());
	suite_tmpdir_remove(&dir);
}

static unsigned int count_files(void)
{
	DIR *stream = opendir(dir.path);
	unsigned int n = 0;

	ck_assert_ptr_nonnull(stream);
	while (readdir(stream))
		n++;
	closedir(stream);
	return n - 2;
}

/* Does qemu-img's description of the file hold this text? */
static bool info_says(const char *name, const char *expected)
{
	AUTO_FREE char *line = xasprintf(
		"cd '%s' && " QEMU_IMG " info --output=json -f qcow2 './%s' 2>&1", dir.path, name);
	FILE *output = popen(line, "r");
	char text[8192] = "";

	ck_assert_ptr_nonnull(output);
	text[fread(text, 1, sizeof(text) - 1, output)] = '\0';
	pclose(output);
	return strstr(text, expected);
}

/* A program in qemu-img's place. */
static char *fake(const char *script)
{
	char *path = xasprintf("%s/qemu-img", dir.path);

	suite_put(dir.fd, "qemu-img", script);
	ck_assert_int_eq(fchmodat(dir.fd, "qemu-img", 0755, 0), 0);
	return path;
}

static int make(const char *name, const char *backing, struct error *err)
{
	return overlay_create(QEMU_IMG, dir.fd, name, backing, IMAGE_QCOW2, GIB, err);
}

START_TEST(overlay_is_what_was_asked_for)
{
	struct error err = ERROR_INIT;
	struct stat st;
	int fds = suite_count_fds();

	suite_assert_ok(make("disk.qcow2", "/images/none.qcow2", &err), err);
	ck_assert(info_says("disk.qcow2", "\"virtual-size\": 1073741824,"));
	ck_assert(info_says("disk.qcow2", "\"backing-filename\": \"/images/none.qcow2\""));
	ck_assert(info_says("disk.qcow2", "\"backing-filename-format\": \"qcow2\""));
	ck_assert(info_says("disk.qcow2", "\"lazy-refcounts\": false"));
	ck_assert(info_says("disk.qcow2", "\"cluster-size\": 65536"));
	ck_assert_int_eq(fstatat(dir.fd, "disk.qcow2", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_int_lt(st.st_blocks, 1024);
	ck_assert_uint_eq(count_files(), 1);
	ck_assert_int_eq(suite_count_fds(), fds);
}
END_TEST

START_TEST(overlay_over_raw)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(overlay_create(QEMU_IMG, dir.fd, "x", "/images/raw", IMAGE_RAW,
				       (uint64_t)8 << 40, &err),
			err);
	ck_assert(info_says("x", "\"backing-filename-format\": \"raw\""));
	ck_assert(info_says("x", "\"virtual-size\": 8796093022208,"));
}
END_TEST

START_TEST(disk_without_backing)
{
	struct error err = ERROR_INIT;

	umask(0);
	suite_assert_ok(disk_create(QEMU_IMG, dir.fd, "data.qcow2", 512, &err), err);
	ck_assert(info_says("data.qcow2", "\"virtual-size\": 512,"));
	ck_assert(!info_says("data.qcow2", "backing"));
}
END_TEST

START_TEST(mode_under_any_umask)
{
	static const mode_t masks[] = { 0, 022, 077 };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		struct stat st;

		umask(masks[i]);
		suite_assert_ok(make("x", "/b", &err), err);
		ck_assert_int_eq(fstatat(dir.fd, "x", &st, 0), 0);
		ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
		ck_assert_int_eq(unlinkat(dir.fd, "x", 0), 0);
	}
}
END_TEST

/* The path as it is, whatever qemu-img reads into it elsewhere. */
START_TEST(backing_paths_are_literal)
{
	static const char *const paths[] = {
		"/images/a,b.qcow2", "/images/a,,b=c",	      "/images/nbd:host:1", "/json:{}",
		"/images/%s ?*[x]",  "/images/'a' \"b\" \\c", "/images/\xc3\xa4",   "/-u",
		"/a//b/../c",
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct image_info info;
		AUTO_CLOSE int fd = -1;

		suite_assert_ok(make("x", paths[i], &err), err);
		fd = openat(dir.fd, "x", O_RDONLY | O_CLOEXEC);
		suite_assert_ok(image_inspect(fd, "x", IMAGE_OVERLAY, false, &info, &err), err);
		ck_assert_str_eq(info.backing_file, paths[i]);
		ck_assert_int_eq(unlinkat(dir.fd, "x", 0), 0);
	}
}
END_TEST

/* A FIFO would hold up whoever opens it. */
START_TEST(backing_file_is_not_opened)
{
	AUTO_FREE char *path = xasprintf("%s/fifo", dir.path);
	struct error err = ERROR_INIT;

	ck_assert_int_eq(mkfifoat(dir.fd, "fifo", 0600), 0);
	suite_assert_ok(make("x", path, &err), err);
	ck_assert_uint_eq(count_files(), 2);
}
END_TEST

START_TEST(backing_paths_refused)
{
	static const char *const paths[] = {
		"",
		"base.qcow2",
		"../base.qcow2",
		"nbd:host:1",
		"json:{\"driver\":\"null-co\"}",
		"file:/etc/shadow",
		"-u",
		" /a",
		"/a\nb",
		"/a\x7f",
		"/\xff",
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		suite_assert_error(make("x", paths[i], &err), err, EINVAL, ERROR_USAGE);
	ck_assert_uint_eq(count_files(), 0);
}
END_TEST

START_TEST(longest_backing_path)
{
	AUTO_FREE char *fits = xasprintf("/%01022d", 0);
	AUTO_FREE char *longer = xasprintf("/%01023d", 0);
	struct error err = ERROR_INIT;

	suite_assert_error(make("x", longer, &err), err, ENAMETOOLONG, ERROR_USAGE);
	ck_assert_uint_eq(count_files(), 0);
	suite_assert_ok(make("x", fits, &err), err);
	ck_assert(info_says("x", fits));
}
END_TEST

START_TEST(names_that_look_like_something_else)
{
	static const char *const names[] = { "-o", "--help", "nbd:x", "json:{}", "a,b", "a b" };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		suite_assert_ok(make(names[i], "/b", &err), err);
		ck_assert_uint_eq(count_files(), 1);
		ck_assert(info_says(names[i], "\"virtual-size\": 1073741824,"));
		ck_assert_int_eq(unlinkat(dir.fd, names[i], 0), 0);
	}
}
END_TEST

START_TEST(names_outside_the_folder)
{
	static const char *const names[] = { "../x", "/tmp/x", "none/x", "." };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		ck_assert_int_lt(make(names[i], "/b", &err), 0);
	ck_assert_uint_eq(count_files(), 0);
}
END_TEST

START_TEST(sizes_refused)
{
	static const uint64_t sizes[] = { 0, 1, 511, 513, ((uint64_t)8 << 40) + 512, UINT64_MAX };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		suite_assert_error(disk_create(QEMU_IMG, dir.fd, "x", sizes[i], &err), err, EINVAL,
				   ERROR_USAGE);
	ck_assert_uint_eq(count_files(), 0);
}
END_TEST

START_TEST(what_exists_is_kept)
{
	struct error err = ERROR_INIT;
	AUTO_FREE char *content = NULL;

	suite_put(dir.fd, "x", "precious");
	suite_assert_error(make("x", "/b", &err), err, EEXIST, ERROR_CONFLICT);
	content = suite_get(dir.fd, "x");
	ck_assert_str_eq(content, "precious");
	ck_assert_int_eq(symlinkat("target", dir.fd, "link"), 0);
	suite_assert_error(make("link", "/b", &err), err, EEXIST, ERROR_CONFLICT);
	ck_assert_uint_eq(count_files(), 2);
}
END_TEST

START_TEST(no_qemu_img)
{
	struct error err = ERROR_INIT;

	suite_assert_error(disk_create("/nonexistent/qemu-img", dir.fd, "x", GIB, &err), err,
			   ENOENT, ERROR_HOST);
	ck_assert_uint_eq(count_files(), 0);
}
END_TEST

START_TEST(qemu_img_fails)
{
	AUTO_FREE char *program = fake("#!/bin/sh\necho 'qemu-img: no room' >&2\nexit 1\n");
	struct error err = ERROR_INIT;
	int fds = suite_count_fds();

	ck_assert_int_lt(disk_create(program, dir.fd, "x", GIB, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.message, "no room"));
	ck_assert_uint_eq(count_files(), 1);
	ck_assert_int_eq(suite_count_fds(), fds);
}
END_TEST

/* It says that all went well, and made nothing, or something else. */
START_TEST(qemu_img_lies)
{
	static const char *const scripts[] = {
		"#!/bin/sh\n",
		"#!/bin/sh\necho QFI >./x\n",
		"#!/bin/sh\n" QEMU_IMG " create -q -f qcow2 ./x 2G\n",
		"#!/bin/sh\n" QEMU_IMG " create -q -f qcow2 ./x 1G\n",
		"#!/bin/sh\n" QEMU_IMG " create -q -f qcow2 -u -b /b -F qcow2 ./x 2G\n",
		"#!/bin/sh\n" QEMU_IMG " create -q -f qcow2 -u -b /c -F qcow2 ./x 1G\n",
		"#!/bin/sh\n" QEMU_IMG
		" create -q -f qcow2 -o data_file=data -u -b /b -F raw ./x 1G\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		AUTO_FREE char *program = fake(scripts[i]);
		struct error err = ERROR_INIT;

		suite_assert_error(
			overlay_create(program, dir.fd, "x", "/b", IMAGE_QCOW2, GIB, &err), err,
			EINVAL, ERROR_VERIFY);
		ck_assert_int_eq(faccessat(dir.fd, "x", F_OK, 0), -1);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("image/overlay");
	TCase *tc = tcase_create("overlay");

	if (access(QEMU_IMG, X_OK) < 0)
		return suite_skip("no " QEMU_IMG);
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, overlay_is_what_was_asked_for);
	tcase_add_test(tc, overlay_over_raw);
	tcase_add_test(tc, disk_without_backing);
	tcase_add_test(tc, mode_under_any_umask);
	tcase_add_test(tc, backing_paths_are_literal);
	tcase_add_test(tc, backing_file_is_not_opened);
	tcase_add_test(tc, backing_paths_refused);
	tcase_add_test(tc, longest_backing_path);
	tcase_add_test(tc, names_that_look_like_something_else);
	tcase_add_test(tc, names_outside_the_folder);
	tcase_add_test(tc, sizes_refused);
	tcase_add_test(tc, what_exists_is_kept);
	tcase_add_test(tc, no_qemu_img);
	tcase_add_test(tc, qemu_img_fails);
	tcase_add_test(tc, qemu_img_lies);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
