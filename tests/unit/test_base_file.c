/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files: what is not opened, and what is not read. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "file_lab.h"

enum { STRANGER = 65534 };

/* --- file_openat --- */

START_TEST(openat_stays_below)
{
	suite_put(tmp.fd, "file", "x");
	ck_assert_int_eq(mkdirat(tmp.fd, "dir", 0700), 0);
	ck_assert_int_eq(symlinkat("file", tmp.fd, "link"), 0);
	ck_assert_int_eq(symlinkat("dir", tmp.fd, "dirlink"), 0);
	suite_put(tmp.fd, "dir/inner", "x");
	ck_assert_int_eq(file_openat(tmp.fd, "/etc/passwd", O_RDONLY, 0), -EXDEV);
	ck_assert_int_eq(file_openat(tmp.fd, "../x", O_RDONLY, 0), -EXDEV);
	ck_assert_int_eq(file_openat(tmp.fd, "dir/../../x", O_RDONLY, 0), -EXDEV);
	ck_assert_int_eq(file_openat(tmp.fd, "..", O_RDONLY, 0), -EXDEV);
	ck_assert_int_eq(file_openat(tmp.fd, "link", O_RDONLY, 0), -ELOOP);
	ck_assert_int_eq(file_openat(tmp.fd, "dirlink/inner", O_RDONLY, 0), -ELOOP);
	ck_assert_int_eq(file_openat(tmp.fd, "absent", O_RDONLY, 0), -ENOENT);
	ck_assert_int_eq(file_openat(-1, "file", O_RDONLY, 0), -EBADF);
}
END_TEST

START_TEST(openat_follows_no_magic_link)
{
	AUTO_CLOSE int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_eq(file_openat(proc, "exe", O_RDONLY, 0), -ELOOP);
	ck_assert_int_eq(file_openat(proc, "cwd/etc", O_RDONLY, 0), -ELOOP);
}
END_TEST

START_TEST(openat_opens)
{
	AUTO_CLOSE int created = file_openat(tmp.fd, "new", O_WRONLY | O_CREAT | O_EXCL, 0600);
	AUTO_CLOSE int again = file_openat(tmp.fd, "new", O_RDONLY, 0644);
	AUTO_CLOSE int path = file_openat(tmp.fd, "new", O_PATH, 0);
	struct stat st;

	ck_assert_int_ge(created, 0);
	ck_assert_int_ge(again, 0);
	ck_assert_int_ge(path, 0);
	ck_assert_int_eq(fstat(created, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(fcntl(again, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(path, F_GETFD), FD_CLOEXEC);
}
END_TEST

/* --- file_open_regular --- */

static void refuse_open(int dir_fd, const char *name, int flags, int code, enum error_kind kind)
{
	struct error err = ERROR_INIT;
	int fd = 4711;

	suite_assert_error(file_open_regular(dir_fd, name, flags, &fd, &err), err, code, kind);
	ck_assert_int_eq(fd, 4711);
	ck_assert_ptr_nonnull(strstr(err.message, name));
}

START_TEST(regular_is_opened_and_blocks)
{
	struct error err = ERROR_INIT;
	AUTO_CLOSE int fd = -1;

	suite_put(tmp.fd, "file", "x");
	suite_assert_ok(file_open_regular(tmp.fd, "file", O_RDWR, &fd, &err), err);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & (O_NONBLOCK | O_ACCMODE), O_RDWR);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
}
END_TEST

START_TEST(links_are_refused)
{
	suite_put(tmp.fd, "file", "x");
	ck_assert_int_eq(symlinkat("file", tmp.fd, "symlink"), 0);
	ck_assert_int_eq(symlinkat("nowhere", tmp.fd, "dangling"), 0);
	ck_assert_int_eq(linkat(tmp.fd, "file", tmp.fd, "hardlink", 0), 0);
	refuse_open(tmp.fd, "symlink", O_RDONLY, ELOOP, ERROR_FAILED);
	refuse_open(tmp.fd, "dangling", O_RDONLY, ELOOP, ERROR_FAILED);
	refuse_open(tmp.fd, "hardlink", O_RDONLY, EMLINK, ERROR_FAILED);
	refuse_open(tmp.fd, "file", O_RDWR, EMLINK, ERROR_FAILED);
}
END_TEST

static void put_socket(const char *name)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/%s", tmp.fd, name);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
}

/* Nobody is at the other end of the FIFO: an open that blocks would never come back. */
START_TEST(what_is_no_file_is_refused)
{
	AUTO_CLOSE int dev = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_eq(mkfifoat(tmp.fd, "fifo", 0600), 0);
	ck_assert_int_eq(mkdirat(tmp.fd, "dir", 0700), 0);
	put_socket("socket");
	refuse_open(tmp.fd, "fifo", O_RDONLY, EINVAL, ERROR_FAILED);
	refuse_open(tmp.fd, "fifo", O_RDWR, EINVAL, ERROR_FAILED);
	refuse_open(tmp.fd, "fifo", O_WRONLY, ENXIO, ERROR_FAILED);
	refuse_open(tmp.fd, "dir", O_RDONLY, EISDIR, ERROR_FAILED);
	refuse_open(tmp.fd, "socket", O_RDONLY, ENXIO, ERROR_FAILED);
	refuse_open(tmp.fd, "absent", O_RDONLY, ENOENT, ERROR_FAILED);
	refuse_open(dev, "null", O_RDONLY, EINVAL, ERROR_FAILED);
	refuse_open(dev, "zero", O_RDONLY, EINVAL, ERROR_FAILED);
}
END_TEST

START_TEST(nothing_changes_before_the_check)
{
	suite_put(tmp.fd, "file", "content");
	refuse_open(tmp.fd, "file", O_WRONLY | O_TRUNC, EINVAL, ERROR_FAILED);
	refuse_open(tmp.fd, "new", O_WRONLY | O_CREAT, EINVAL, ERROR_FAILED);
	check_content("file", "content");
	check_absent("new");
}
END_TEST

START_TEST(a_strangers_file_is_refused)
{
	suite_put(tmp.fd, "file", "x");
	ck_assert_int_eq(fchownat(tmp.fd, "file", STRANGER, STRANGER, 0), 0);
	refuse_open(tmp.fd, "file", O_RDONLY, EPERM, ERROR_PERMISSION);
}
END_TEST

/* --- reading --- */

START_TEST(read_to_the_limit)
{
	struct error err = ERROR_INIT;
	AUTO_BUF buf = BUF_INIT;

	suite_put(tmp.fd, "file", "12345");
	buf_puts(&buf, "old");
	suite_assert_ok(file_read(tmp.fd, "file", 5, &buf, &err), err);
	ck_assert_str_eq(buf_str(&buf), "12345");
	ck_assert_uint_eq(buf.len, 5);
	suite_put(tmp.fd, "file", "");
	suite_assert_ok(file_read(tmp.fd, "file", 0, &buf, &err), err);
	ck_assert_uint_eq(buf.len, 0);
}
END_TEST

START_TEST(read_refuses_and_leaves_the_buffer)
{
	struct error err = ERROR_INIT;
	AUTO_BUF buf = BUF_INIT;

	suite_put(tmp.fd, "file", "12345");
	buf_puts(&buf, "old");
	suite_assert_error(file_read(tmp.fd, "file", 4, &buf, &err), err, EFBIG, ERROR_FAILED);
	suite_assert_error(file_read(tmp.fd, "file", 0, &buf, &err), err, EFBIG, ERROR_FAILED);
	suite_assert_error(file_read(tmp.fd, "no", 9, &buf, &err), err, ENOENT, ERROR_FAILED);
	suite_assert_error(file_read_fd(-1, "it", 9, &buf, &err), err, EBADF, ERROR_FAILED);
	suite_assert_error(file_read_fd(tmp.fd, "it", 9, &buf, &err), err, EISDIR, ERROR_FAILED);
	ck_assert_str_eq(buf_str(&buf), "old");
}
END_TEST

/* The size is asked for first: about each one that might be taken for it, up to the limit. */
START_TEST(read_is_whole_at_any_size)
{
	static const size_t sizes[] = { 1, 4095, 4096, 65535, 65536, 65537, 1 << 20 };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		AUTO_CLOSE int fd = openat(tmp.fd, "sized", O_RDWR | O_CREAT | O_TRUNC, 0600);
		AUTO_BUF text = BUF_INIT;
		AUTO_BUF buf = BUF_INIT;

		memset(buf_reserve(&text, sizes[i]), 'x', sizes[i]);
		ck_assert_int_eq(fd_write_all(fd, text.data, sizes[i]), 0);
		suite_assert_ok(file_read(tmp.fd, "sized", sizes[i], &buf, &err), err);
		ck_assert_uint_eq(buf.len, sizes[i]);
		ck_assert_int_eq(memcmp(buf.data, text.data, sizes[i]), 0);
		suite_assert_error(file_read(tmp.fd, "sized", sizes[i] - 1, &buf, &err), err, EFBIG,
				   ERROR_FAILED);
	}
}
END_TEST

/* procfs says 0 of its files. */
START_TEST(read_of_unknown_size)
{
	AUTO_CLOSE int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	struct error err = ERROR_INIT;
	AUTO_BUF buf = BUF_INIT;

	suite_assert_ok(file_read_fd(fd, "status", 65536, &buf, &err), err);
	ck_assert_ptr_nonnull(strstr(buf_str(&buf), "\nnonvoluntary_ctxt_switches:"));
}
END_TEST

START_TEST(read_without_end_is_cut_off)
{
	AUTO_CLOSE int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct error err = ERROR_INIT;
	AUTO_BUF buf = BUF_INIT;

	suite_assert_error(file_read_fd(zero, "zero", 1 << 20, &buf, &err), err, EFBIG,
			   ERROR_FAILED);
}
END_TEST

START_TEST(read_from_a_pipe)
{
	AUTO_BUF buf = BUF_INIT;
	struct error err = ERROR_INIT;
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(write(fds[1], "a\0b", 3), 3);
	close(fds[1]);
	suite_assert_ok(file_read_fd(fds[0], "pipe", 3, &buf, &err), err);
	close(fds[0]);
	ck_assert_uint_eq(buf.len, 3);
	ck_assert_mem_eq(buf.data, "a\0b", 4);
}
END_TEST

static int read_path(const char *name, struct buf *buf, struct error *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", tmp.path, name);

	return file_read_path(path, 100, buf, err);
}

START_TEST(read_path_follows_links_to_files_only)
{
	struct error err = ERROR_INIT;
	AUTO_BUF buf = BUF_INIT;

	suite_put(tmp.fd, "file", "text");
	ck_assert_int_eq(symlinkat("file", tmp.fd, "link"), 0);
	ck_assert_int_eq(symlinkat("fifo", tmp.fd, "fifolink"), 0);
	ck_assert_int_eq(symlinkat("/dev/zero", tmp.fd, "zero"), 0);
	ck_assert_int_eq(mkfifoat(tmp.fd, "fifo", 0600), 0);
	suite_assert_ok(read_path("file", &buf, &err), err);
	suite_assert_ok(read_path("link", &buf, &err), err);
	ck_assert_str_eq(buf_str(&buf), "text");
	suite_assert_error(read_path("fifo", &buf, &err), err, EINVAL, ERROR_FAILED);
	suite_assert_error(read_path("fifolink", &buf, &err), err, EINVAL, ERROR_FAILED);
	suite_assert_error(read_path("zero", &buf, &err), err, EINVAL, ERROR_FAILED);
	suite_assert_error(read_path(".", &buf, &err), err, EISDIR, ERROR_FAILED);
	suite_assert_error(read_path("absent", &buf, &err), err, ENOENT, ERROR_FAILED);
	ck_assert_str_eq(buf_str(&buf), "text");
}
END_TEST

static void put_bytes(const char *name, const void *data, size_t len)
{
	AUTO_CLOSE int fd = openat(tmp.fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
}

START_TEST(lines)
{
	static const char *const good[][2] = {
		{ "value\n", "value" },	    { "value", "value" }, { "\n", "" }, { "", "" },
		{ " a b \r\n", " a b \r" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct error err = ERROR_INIT;
		AUTO_FREE char *line = NULL;

		suite_put(tmp.fd, "file", good[i][0]);
		suite_assert_ok(file_read_line(tmp.fd, "file", &line, &err), err);
		ck_assert_str_eq(line, good[i][1]);
	}
}
END_TEST

START_TEST(lines_refused)
{
	static const struct {
		const char *data;
		size_t len;
	} bad[] = {
		{ "a\nb", 3 }, { "a\nb\n", 4 }, { "a\n\n", 3 }, { "\n\n", 2 },	{ "a\0", 2 },
		{ "\0", 1 },   { "a\0b", 3 },	{ "a\0\n", 3 }, { "a\n\0", 3 }, { "\na", 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = ERROR_INIT;
		char *line = NULL;

		put_bytes("file", bad[i].data, bad[i].len);
		suite_assert_error(file_read_line(tmp.fd, "file", &line, &err), err, EINVAL,
				   ERROR_FAILED);
		ck_assert_ptr_null(line);
	}
}
END_TEST

START_TEST(lines_have_a_length)
{
	struct error err = ERROR_INIT;
	AUTO_FREE char *line = NULL;
	char text[4097];

	memset(text, 'x', sizeof(text));
	put_bytes("file", text, 4096);
	suite_assert_ok(file_read_line(tmp.fd, "file", &line, &err), err);
	ck_assert_uint_eq(strlen(line), 4096);
	put_bytes("file", text, 4097);
	suite_assert_error(file_read_line(tmp.fd, "file", &line, &err), err, EFBIG, ERROR_FAILED);
}
END_TEST

START_TEST(an_absent_line_is_no_error)
{
	struct error err = ERROR_INIT;
	char *line = NULL;

	ck_assert_int_eq(file_read_line(tmp.fd, "absent", &line, &err), FILE_ABSENT);
	ck_assert_int_eq(err.kind, ERROR_NONE);
	ck_assert_str_eq(err.message, "");
	ck_assert_ptr_null(line);
	ck_assert_int_eq(symlinkat("absent", tmp.fd, "dangling"), 0);
	suite_assert_error(file_read_line(tmp.fd, "dangling", &line, &err), err, ELOOP,
			   ERROR_FAILED);
}
END_TEST

START_TEST(base_names)
{
	ck_assert_str_eq(file_base_name("/a/b/c.img"), "c.img");
	ck_assert_str_eq(file_base_name("b/c"), "c");
	ck_assert_str_eq(file_base_name("c"), "c");
	ck_assert_str_eq(file_base_name("/c"), "c");
	ck_assert_str_eq(file_base_name("b/"), "");
	ck_assert_str_eq(file_base_name("/"), "");
	ck_assert_str_eq(file_base_name(""), "");
}
END_TEST

static TCase *open_case(void)
{
	TCase *tc = tcase_create("open");

	tcase_add_test(tc, openat_stays_below);
	tcase_add_test(tc, openat_follows_no_magic_link);
	tcase_add_test(tc, openat_opens);
	tcase_add_test(tc, regular_is_opened_and_blocks);
	tcase_add_test(tc, links_are_refused);
	tcase_add_test(tc, what_is_no_file_is_refused);
	tcase_add_test(tc, nothing_changes_before_the_check);
	if (geteuid() == 0 || !suite_leave_out("a_strangers_file_is_refused", "not root"))
		tcase_add_test(tc, a_strangers_file_is_refused);
	return tc;
}

static TCase *read_case(void)
{
	TCase *tc = tcase_create("read");

	tcase_add_test(tc, read_to_the_limit);
	tcase_add_test(tc, read_refuses_and_leaves_the_buffer);
	tcase_add_test(tc, read_is_whole_at_any_size);
	tcase_add_test(tc, read_of_unknown_size);
	tcase_add_test(tc, read_without_end_is_cut_off);
	tcase_add_test(tc, read_from_a_pipe);
	tcase_add_test(tc, read_path_follows_links_to_files_only);
	tcase_add_test(tc, lines);
	tcase_add_test(tc, lines_refused);
	tcase_add_test(tc, lines_have_a_length);
	tcase_add_test(tc, an_absent_line_is_no_error);
	tcase_add_test(tc, base_names);
	return tc;
}

int main(void)
{
	TCase *cases[] = { open_case(), read_case() };
	Suite *s = suite_create("base/file");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		file_lab_around(cases[i]);
		suite_add_tcase(s, cases[i]);
	}
	return suite_run(s);
}
