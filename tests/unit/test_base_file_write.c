/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are written: as a whole, and what a failed write leaves. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "file_lab.h"

static int write_file(const char *name, const char *content, mode_t mode, struct error *err)
{
	return file_write(tmp.fd, name, content, strlen(content), mode, err);
}

START_TEST(write_replaces_as_a_whole)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(write_file("file", "one", 0644, &err), err);
	check_content("file", "one");
	suite_assert_ok(write_file("file", "a longer two", 0644, &err), err);
	suite_assert_ok(write_file("file", "3", 0644, &err), err);
	check_content("file", "3");
	suite_assert_ok(write_file("file", "", 0644, &err), err);
	check_content("file", "");
	suite_assert_ok(file_write_volatile(tmp.fd, "file", "four", 4, 0644, &err), err);
	check_content("file", "four");
	check_absent(".tmp-file");
}
END_TEST

static void check_mode(const char *name, mode_t expected)
{
	struct stat st;

	ck_assert_int_eq(fstatat(tmp.fd, name, &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, expected);
}

START_TEST(mode_is_as_asked)
{
	struct error err = ERROR_INIT;

	umask(077);
	suite_assert_ok(write_file("open", "x", 0644, &err), err);
	umask(0);
	suite_assert_ok(write_file("secret", "x", 0600, &err), err);
	suite_assert_ok(write_file("open-later", "x", 0600, &err), err);
	suite_assert_ok(write_file("open-later", "x", 0640, &err), err);
	suite_assert_ok(write_file("none", "x", 0, &err), err);
	umask(022);
	check_mode("open", 0644);
	check_mode("secret", 0600);
	check_mode("open-later", 0640);
	check_mode("none", 0);
}
END_TEST

START_TEST(what_is_in_the_way_is_replaced_not_followed)
{
	struct error err = ERROR_INIT;

	suite_put(tmp.fd, "outside", "untouched");
	ck_assert_int_eq(symlinkat("outside", tmp.fd, "file"), 0);
	ck_assert_int_eq(symlinkat("outside", tmp.fd, ".tmp-file"), 0);
	suite_assert_ok(write_file("file", "new", 0644, &err), err);
	check_content("outside", "untouched");
	check_content("file", "new");
	check_absent(".tmp-file");
	ck_assert_int_eq(mkfifoat(tmp.fd, ".tmp-file", 0600), 0);
	suite_assert_ok(write_file("file", "newer", 0644, &err), err);
	check_content("file", "newer");
}
END_TEST

START_TEST(an_old_temporary_is_removed)
{
	struct error err = ERROR_INIT;

	suite_put(tmp.fd, ".tmp-file", "half of someth");
	suite_assert_ok(write_file("file", "new", 0644, &err), err);
	check_content("file", "new");
	check_absent(".tmp-file");
}
END_TEST

START_TEST(write_refused)
{
	static const char *const bad[] = { "", ".", "..", "/", "a/b", "../x", "dir/", "/etc/x" };
	char long_name[256];
	struct error err = ERROR_INIT;

	ck_assert_int_eq(mkdirat(tmp.fd, "dir", 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		suite_assert_error(write_file(bad[i], "x", 0644, &err), err, EINVAL, ERROR_FAILED);
	suite_assert_error(write_file("dir", "x", 0644, &err), err, EISDIR, ERROR_FAILED);
	check_absent(".tmp-dir");
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[255] = '\0';
	suite_assert_error(write_file(long_name, "x", 0644, &err), err, ENAMETOOLONG, ERROR_FAILED);
	suite_assert_error(file_write(-1, "x", "x", 1, 0644, &err), err, EBADF, ERROR_FAILED);
	ck_assert_int_eq(mkdirat(tmp.fd, ".tmp-file", 0700), 0);
	suite_assert_error(write_file("file", "x", 0644, &err), err, EISDIR, ERROR_FAILED);
	check_absent("file");
}
END_TEST

static char big[64 * 1024 + 1];

static void fill_big(char with)
{
	memset(big, with, sizeof(big) - 1);
}

/* The kernel stops the second write(2): the first one, cut at the limit, has gone through. */
static void limit_file_size(void)
{
	struct rlimit limit = { .rlim_cur = 4096, .rlim_max = RLIM_INFINITY };

	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void lift_file_size(void)
{
	struct rlimit limit = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };

	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_failed_write_leaves_the_old_file_alone)
{
	struct error err = ERROR_INIT;
	int r;

	fill_big('n');
	suite_put(tmp.fd, "file", "old");
	signal(SIGXFSZ, SIG_IGN);
	limit_file_size();
	r = write_file("file", big, 0644, &err);
	lift_file_size();
	signal(SIGXFSZ, SIG_DFL);
	suite_assert_error(r, err, EFBIG, ERROR_FAILED);
	check_content("file", "old");
	check_absent(".tmp-file");
}
END_TEST

START_TEST(a_kill_in_the_write_leaves_the_old_file_alone)
{
	struct error err = ERROR_INIT;
	AUTO_FREE char *rest = NULL;
	int status;
	pid_t pid;

	fill_big('n');
	suite_put(tmp.fd, "file", "old");
	pid = fork();
	if (pid == 0) {
		limit_file_size();
		write_file("file", big, 0644, &err);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
	check_content("file", "old");
	rest = suite_get(tmp.fd, ".tmp-file");
	ck_assert_uint_eq(strlen(rest), 4096);
	suite_assert_ok(write_file("file", "new", 0644, &err), err);
	check_content("file", "new");
	check_absent(".tmp-file");
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_file_alone)
{
	struct error err = ERROR_INIT;
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *content = NULL;

	fill_big('n');
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("small", tmp.path, "tmpfs", 0, "size=32k"), 0);
	fd = open(tmp.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	suite_assert_ok(file_write(fd, "file", "old", 3, 0644, &err), err);
	suite_assert_error(file_write(fd, "file", big, sizeof(big) - 1, 0644, &err), err, ENOSPC,
			   ERROR_FAILED);
	content = suite_get(fd, "file");
	ck_assert_str_eq(content, "old");
	ck_assert_int_eq(faccessat(fd, ".tmp-file", F_OK, 0), -1);
	suite_assert_ok(file_write(fd, "file", "new", 3, 0644, &err), err);
	fd_close(&fd);
	ck_assert_int_eq(umount2(tmp.path, MNT_DETACH), 0);
}
END_TEST

/* --- file_copy_volatile --- */

static void fill_pattern(struct buf *ret, size_t len)
{
	/*
	 * pages of zeros among others, one that is zero but for its last byte, and a begin of
	 * either
	 */
	for (size_t i = 0; i < len; i++)
		buf_add(ret, (i >> 12) % 3 == 1 || i == 8191 ? "x" : "\0", 1);
}

START_TEST(copy_is_whole_at_any_size)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 8192, 12289, 16384, 16385, 50000 };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		AUTO_BUF text = BUF_INIT;
		AUTO_BUF copy = BUF_INIT;
		struct stat st;

		fill_pattern(&text, sizes[i]);
		suite_assert_ok(file_write(tmp.fd, "from", text.data, sizes[i], 0600, &err), err);
		suite_assert_ok(
			file_copy_volatile(tmp.fd, "from", sizes[i], tmp.fd, "copy", 0640, &err),
			err);
		suite_assert_ok(file_read(tmp.fd, "copy", sizes[i], &copy, &err), err);
		ck_assert_uint_eq(copy.len, sizes[i]);
		ck_assert(!sizes[i] || !memcmp(copy.data, text.data, sizes[i]));
		ck_assert_int_eq(fstatat(tmp.fd, "copy", &st, 0), 0);
		ck_assert_uint_eq(st.st_mode & 07777, 0640);
		check_absent(".tmp-copy");
	}
}
END_TEST

START_TEST(copy_refuses_and_leaves_the_old_file_alone)
{
	struct error err = ERROR_INIT;

	suite_put(tmp.fd, "from", "12345");
	suite_put(tmp.fd, "copy", "old");
	ck_assert_int_eq(symlinkat("from", tmp.fd, "link"), 0);
	ck_assert_int_eq(mkfifoat(tmp.fd, "fifo", 0600), 0);
	suite_assert_error(file_copy_volatile(tmp.fd, "from", 4, tmp.fd, "copy", 0600, &err), err,
			   EFBIG, ERROR_FAILED);
	suite_assert_error(file_copy_volatile(tmp.fd, "no", 9, tmp.fd, "copy", 0600, &err), err,
			   ENOENT, ERROR_FAILED);
	suite_assert_error(file_copy_volatile(tmp.fd, "link", 9, tmp.fd, "copy", 0600, &err), err,
			   ELOOP, ERROR_FAILED);
	suite_assert_error(file_copy_volatile(tmp.fd, "fifo", 9, tmp.fd, "copy", 0600, &err), err,
			   EINVAL, ERROR_FAILED);
	suite_assert_error(file_copy_volatile(tmp.fd, "from", 9, tmp.fd, "../copy", 0600, &err),
			   err, EINVAL, ERROR_FAILED);
	suite_assert_error(file_copy_volatile(tmp.fd, "from", 9, -1, "copy", 0600, &err), err,
			   EBADF, ERROR_FAILED);
	check_content("copy", "old");
	check_absent(".tmp-copy");
}
END_TEST

/* Of zeros alone, so that only the room is missing: what is written in place later has it. */
START_TEST(a_copy_takes_its_room_at_once)
{
	static const char zeros[64 << 10];
	struct error err = ERROR_INIT;
	AUTO_FREE char *small = xasprintf("%s/small", tmp.path);
	AUTO_FREE char *content = NULL;
	AUTO_CLOSE int fd = -1;

	suite_assert_ok(file_write(tmp.fd, "from", zeros, sizeof(zeros), 0600, &err), err);
	ck_assert_int_eq(mkdirat(tmp.fd, "small", 0700), 0);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("small", small, "tmpfs", 0, "size=32k"), 0);
	fd = open(small, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	suite_put(fd, "copy", "old");
	suite_assert_error(
		file_copy_volatile(tmp.fd, "from", sizeof(zeros), fd, "copy", 0600, &err), err,
		ENOSPC, ERROR_FAILED);
	content = suite_get(fd, "copy");
	ck_assert_str_eq(content, "old");
	ck_assert_int_eq(faccessat(fd, ".tmp-copy", F_OK, 0), -1);
	fd_close(&fd);
	ck_assert_int_eq(umount2(small, MNT_DETACH), 0);
}
END_TEST

static void write_in_turns(void)
{
	struct error err = ERROR_INIT;

	for (int i = 0; i < 500; i++) {
		fill_big(i % 2 ? 'a' : 'b');
		if (file_write_volatile(tmp.fd, "file", big, sizeof(big) - 1, 0644, &err) < 0)
			_exit(1);
	}
	_exit(0);
}

/* Without a lock, and while the file it has just opened is replaced. */
START_TEST(a_reader_sees_whole_files_only)
{
	struct error err = ERROR_INIT;
	int status;
	pid_t pid;

	fill_big('a');
	suite_assert_ok(write_file("file", big, 0644, &err), err);
	pid = fork();
	if (pid == 0)
		write_in_turns();
	while (waitpid(pid, &status, WNOHANG) == 0) {
		AUTO_BUF buf = BUF_INIT;

		suite_assert_ok(file_read(tmp.fd, "file", sizeof(big), &buf, &err), err);
		ck_assert_uint_eq(buf.len, sizeof(big) - 1);
		ck_assert_uint_eq(strspn(buf.data, buf.data[0] == 'a' ? "a" : "b"), buf.len);
	}
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

START_TEST(write_all_reports)
{
	AUTO_CLOSE int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int fds[2];

	ck_assert_int_eq(fd_write_all(-1, "x", 1), -EBADF);
	ck_assert_int_eq(fd_write_all(-1, NULL, 0), 0);
	ck_assert_int_eq(fd_write_all(full, "x", 1), -ENOSPC);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(fd_write_all(fds[1], "x", 1), -EPIPE);
	signal(SIGPIPE, SIG_DFL);
	close(fds[1]);
}
END_TEST

static void on_alarm(int signal_number)
{
	(void)signal_number;
}

static void count_slowly(int fd, size_t expected)
{
	char chunk[997];
	size_t total = 0;
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		total += (size_t)n;
		if (total % 100 == 0)
			usleep(1000);
	}
	_exit(total == expected ? 0 : 1);
}

/* A pipe holds less than big: writes are short, and signals come while they wait. */
START_TEST(write_all_goes_on_after_signals)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval often = { .it_interval.tv_usec = 500, .it_value.tv_usec = 500 };
	struct itimerval never = { .it_value.tv_usec = 0 };
	int fds[2], status, r = 0;
	pid_t pid;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		count_slowly(fds[0], 4 * sizeof(big));
	}
	close(fds[0]);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 4 && r == 0; i++)
		r = fd_write_all(fds[1], big, sizeof(big));
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_DFL);
	close(fds[1]);
	ck_assert_int_eq(r, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

static TCase *write_case(void)
{
	TCase *tc = tcase_create("write");

	tcase_add_test(tc, write_replaces_as_a_whole);
	tcase_add_test(tc, mode_is_as_asked);
	tcase_add_test(tc, what_is_in_the_way_is_replaced_not_followed);
	tcase_add_test(tc, an_old_temporary_is_removed);
	tcase_add_test(tc, write_refused);
	tcase_add_test(tc, a_failed_write_leaves_the_old_file_alone);
	tcase_add_test(tc, a_kill_in_the_write_leaves_the_old_file_alone);
	tcase_add_test(tc, a_reader_sees_whole_files_only);
	tcase_add_test(tc, copy_is_whole_at_any_size);
	tcase_add_test(tc, copy_refuses_and_leaves_the_old_file_alone);
	tcase_add_test(tc, write_all_reports);
	tcase_add_test(tc, write_all_goes_on_after_signals);
	if (can_mount() ||
	    !suite_leave_out("a_full_disk_leaves_the_old_file_alone", "no mount namespace"))
		tcase_add_test(tc, a_full_disk_leaves_the_old_file_alone);
	if (can_mount() || !suite_leave_out("a_copy_takes_its_room_at_once", "no mount namespace"))
		tcase_add_test(tc, a_copy_takes_its_room_at_once);
	return tc;
}

int main(void)
{
	TCase *cases[] = { write_case() };
	Suite *s = suite_create("base/file_write");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		file_lab_around(cases[i]);
		suite_add_tcase(s, cases[i]);
	}
	return suite_run(s);
}
