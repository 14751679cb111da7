/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New disks: what qemu-img makes of our words, what it says of it, and what we take for one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/run.h"
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

static char *path_of(const char *name)
{
	return xasprintf("%s/%s", dir.path, name);
}

static int create_file(const char *name)
{
	int fd = openat(dir.fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchmod(fd, 0600), 0);
	return fd;
}

/* All but the confinement: check, run, verify. */
static int make(const char *name, const struct overlay_spec *spec, struct error *err)
{
	const struct run_options options = { .dir_fd = -1 };
	AUTO_FREE char *path = path_of(name);
	AUTO_STRV argv = STRV_INIT;
	AUTO_CLOSE int fd = -1;
	int r = overlay_check(spec, name, err);

	if (r < 0)
		return r;
	fd = create_file(name);
	overlay_argv(spec, QEMU_IMG, path, &argv);
	suite_assert_ok(run_program(&argv, &options, err), *err);
	return overlay_verify(spec, fd, name, err);
}

static int make_over(const char *name, const char *backing, struct error *err)
{
	const struct overlay_spec spec = { GIB, backing, IMAGE_QCOW2 };

	return make(name, &spec, err);
}

START_TEST(overlay_is_what_was_asked_for)
{
	struct error err = ERROR_INIT;
	struct stat st;
	int fds = suite_count_fds();

	suite_assert_ok(make_over("disk.qcow2", "/images/none.qcow2", &err), err);
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
	const struct overlay_spec spec = { (uint64_t)8 << 40, "/images/raw", IMAGE_RAW };
	struct error err = ERROR_INIT;

	suite_assert_ok(make("x", &spec, &err), err);
	ck_assert(info_says("x", "\"backing-filename-format\": \"raw\""));
	ck_assert(info_says("x", "\"virtual-size\": 8796093022208,"));
}
END_TEST

START_TEST(disk_without_backing)
{
	const struct overlay_spec spec = { .size = 512 };
	struct error err = ERROR_INIT;

	suite_assert_ok(make("data.qcow2", &spec, &err), err);
	ck_assert(info_says("data.qcow2", "\"virtual-size\": 512,"));
	ck_assert(!info_says("data.qcow2", "backing"));
}
END_TEST

/* The limit on the file that qemu-img runs with leaves room for the largest. */
START_TEST(the_largest_is_far_below_its_bound)
{
	const struct overlay_spec spec = { .size = IMAGE_BYTES_MAX };
	struct error err = ERROR_INIT;
	struct stat st;

	suite_assert_ok(make("x", &spec, &err), err);
	ck_assert_int_eq(fstatat(dir.fd, "x", &st, 0), 0);
	ck_assert_uint_lt((uint64_t)st.st_size, OVERLAY_FILE_MAX / 8);
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

		suite_assert_ok(make_over("x", paths[i], &err), err);
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
	suite_assert_ok(make_over("x", path, &err), err);
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
		suite_assert_error(make_over("x", paths[i], &err), err, EINVAL, ERROR_USAGE);
	ck_assert_uint_eq(count_files(), 0);
}
END_TEST

START_TEST(longest_backing_path)
{
	AUTO_FREE char *fits = xasprintf("/%01022d", 0);
	AUTO_FREE char *longer = xasprintf("/%01023d", 0);
	struct error err = ERROR_INIT;

	suite_assert_error(make_over("x", longer, &err), err, ENAMETOOLONG, ERROR_USAGE);
	ck_assert_uint_eq(count_files(), 0);
	suite_assert_ok(make_over("x", fits, &err), err);
	ck_assert(info_says("x", fits));
}
END_TEST

START_TEST(sizes_refused)
{
	static const uint64_t sizes[] = { 0, 1, 511, 513, ((uint64_t)8 << 40) + 512, UINT64_MAX };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		const struct overlay_spec spec = { .size = sizes[i] };

		suite_assert_error(make("x", &spec, &err), err, EINVAL, ERROR_USAGE);
	}
	ck_assert_uint_eq(count_files(), 0);
}
END_TEST

/* The words one by one: nothing of a path or a size can become an option. */
START_TEST(arguments_of_qemu_img)
{
	const struct overlay_spec over = { 1024, "/images/-o a", IMAGE_RAW },
				  plain = { .size = 512 };
	AUTO_STRV argv = STRV_INIT;
	AUTO_FREE char *text = NULL;

	overlay_argv(&over, "/q", "/work/x", &argv);
	text = strv_join(&argv, "|");
	ck_assert_str_eq(text, "/q|create|-q|-f|qcow2|-o|preallocation=off,lazy_refcounts=off|"
			       "-u|-b|/images/-o a|-F|raw|/work/x|1024");
	strv_clear(&argv);
	overlay_argv(&plain, "/q", "/work/x", &argv);
	free(text);
	text = strv_join(&argv, "|");
	ck_assert_str_eq(text, "/q|create|-q|-f|qcow2|-o|preallocation=off,lazy_refcounts=off|"
			       "/work/x|512");
}
END_TEST

static void refuse_made(const char *command, const char *why)
{
	const struct overlay_spec spec = { GIB, "/b", IMAGE_QCOW2 };
	AUTO_FREE char *line = xasprintf("cd '%s' && { %s; }", dir.path, command);
	AUTO_CLOSE int fd = create_file("x");
	struct error err = ERROR_INIT;

	ck_assert_int_eq(system(line), 0);
	suite_assert_error(overlay_verify(&spec, fd, "x", &err), err, EINVAL, ERROR_VERIFY);
	ck_assert_msg(strstr(err.message, why), "'%s' without '%s'", err.message, why);
}

/* It says that all went well, and made nothing, or something else. */
START_TEST(another_disk_than_was_asked_for)
{
	static const char create[] = QEMU_IMG " create -q -f qcow2";
	static const struct {
		const char *options, *why;
	} rows[] = {
		{ "./x 2G", "another disk" },
		{ "./x 1G", "another disk" },
		{ "-u -b /b -F qcow2 ./x 2G", "another disk" },
		{ "-u -b /c -F qcow2 ./x 1G", "another disk" },
		{ "-u -b b -F qcow2 ./x 1G", "not an absolute path" },
		{ "-o data_file=data -u -b /b -F raw ./x 1G", "CVE-2024-4467" },
		{ "./x 1G; truncate -s 17M x", "larger than an empty disk" },
		{ "-u -b /b -F qcow2 ./x 1G; chmod 644 x", "of another mode" },
		{ "-u -b /b -F qcow2 ./x 1G; chmod 4600 x", "of another mode" },
		{ "-u -b /b -F qcow2 ./x 1G; ln -f x y", "has not one link" },
		{ "-u -b /b -F qcow2 ./x 1G; rm x", "has not one link" },
	};

	refuse_made("true", "it is not qcow2");
	refuse_made("echo QFI >x", "it is not qcow2");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *command = xasprintf("%s %s", create, rows[i].options);

		refuse_made(command, rows[i].why);
		(void)unlinkat(dir.fd, "x", 0);
		(void)unlinkat(dir.fd, "y", 0);
	}
	if (geteuid() == 0)
		refuse_made(QEMU_IMG " create -q -f qcow2 ./x 1G; chown 12345 x",
			    "belongs to another user");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("image/overlay");
	TCase *tc = tcase_create("overlay");

	if (access(QEMU_IMG, X_OK) < 0)
		return suite_skip("no " QEMU_IMG);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, overlay_is_what_was_asked_for);
	tcase_add_test(tc, overlay_over_raw);
	tcase_add_test(tc, disk_without_backing);
	tcase_add_test(tc, the_largest_is_far_below_its_bound);
	tcase_add_test(tc, backing_paths_are_literal);
	tcase_add_test(tc, backing_file_is_not_opened);
	tcase_add_test(tc, backing_paths_refused);
	tcase_add_test(tc, longest_backing_path);
	tcase_add_test(tc, sizes_refused);
	tcase_add_test(tc, arguments_of_qemu_img);
	tcase_add_test(tc, another_disk_than_was_asked_for);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
