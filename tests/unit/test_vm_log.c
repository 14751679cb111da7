/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bound of a log that a guest writes, kept by the kernel, on a tmpfs as /run is one. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "../../src/vm/log.h"
#include "store_lab.h"

enum { MEBIBYTE = 1 << 20 };

static struct vm_dir dir;
static struct vm_host host;

static void setup(void)
{
	lab_setup();
	lab_make_vm("web1");
	dir = (struct vm_dir)VM_DIR_INIT;
	suite_assert_ok(vm_dir_lock(&lab_store, "web1", "test", &dir, &lab_err), lab_err);
	host = (struct vm_host){ .config = lab_config, .store = lab_store };
}

static void teardown(void)
{
	vm_dir_done(&dir);
	lab_teardown();
}

static int create(enum vm_log which)
{
	int fd = -1;

	suite_assert_ok(log_create(&dir, which, &fd, &lab_err), lab_err);
	return fd;
}

static void put(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* All that `logs` would show. */
static void assert_log(enum vm_log which, const char *expected)
{
	AUTO_BUF text = BUF_INIT;
	AUTO_CLOSE int fd = -1;

	suite_assert_ok(vm_log_open(&host, "web1", which, &fd, &lab_err), lab_err);
	suite_assert_ok(file_read_fd(fd, "log", MEBIBYTE, &text, &lab_err), lab_err);
	ck_assert_str_eq(buf_str(&text), expected);
}

START_TEST(test_created)
{
	AUTO_CLOSE int fd = create(VM_LOG_QEMU);
	struct stat st;

	ck_assert_int_eq(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND), O_WRONLY | O_APPEND);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fstatat(dir.run_fd, "log", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_uint_eq((uint64_t)st.st_size, LOG_FILE_SIZE_MAX - LOG_BYTES);
	ck_assert_int_eq(st.st_blocks, 0);
	assert_log(VM_LOG_QEMU, "");
	put(fd, "one\n");
	put(fd, "two\n");
	assert_log(VM_LOG_QEMU, "one\ntwo\n");
}
END_TEST

START_TEST(test_last_run_is_kept)
{
	int fd;
	struct stat st;

	for (int run = 1; run <= 3; run++) {
		AUTO_FREE char *text = xasprintf("run %d\n", run);

		fd = create(VM_LOG_CONSOLE);
		put(fd, text);
		close(fd);
		assert_log(VM_LOG_CONSOLE, text);
	}
	ck_assert_int_eq(fstatat(dir.run_fd, "console.log.1", &st, 0), 0);
	ck_assert_uint_eq((uint64_t)st.st_size, LOG_OFFSET + strlen("run 2\n"));
	ck_assert(!lab_exists(dir.run_fd, "console.log.2"));
	ck_assert(!lab_exists(dir.run_fd, "log"));
}
END_TEST

START_TEST(test_link_in_its_place)
{
	suite_put(lab_dir.fd, "victim", "precious");
	ck_assert_int_eq(symlinkat("../../victim", dir.run_fd, "log"), 0);
	AUTO_CLOSE int fd = create(VM_LOG_QEMU);
	put(fd, "x");
	AUTO_FREE char *victim = suite_get(lab_dir.fd, "victim");
	ck_assert_str_eq(victim, "precious");
}
END_TEST

START_TEST(test_none)
{
	AUTO_FREE char *line = xstrdup("before");
	struct vm_dir nowhere = VM_DIR_INIT;
	int fd = -1;

	free(line);
	log_last_line(&dir, &line);
	ck_assert_ptr_null(line);
	log_last_line(&nowhere, &line);
	ck_assert_ptr_null(line);
	ck_assert(!log_console_has(&dir, "x"));
	ck_assert(!log_console_has(&nowhere, "x"));
	ck_assert_int_eq(vm_log_open(&host, "web1", VM_LOG_QEMU, &fd, &lab_err), VM_LOG_NONE);
	suite_assert_error(vm_log_open(&host, "web2", VM_LOG_QEMU, &fd, &lab_err), lab_err, ENOENT,
			   ERROR_NOT_FOUND);
	ck_assert_int_eq(fd, -1);
}
END_TEST

START_TEST(test_last_line)
{
	static const struct {
		const char *log, *line;
	} cases[] = {
		{ "", NULL },
		{ "\n\n\n", NULL },
		{ "one", "one" },
		{ "one\ntwo\n", "two" },
		{ "one\ntwo\n\n\n", "two" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_FREE char *line = NULL;
		AUTO_CLOSE int fd = create(VM_LOG_QEMU);

		put(fd, cases[i].log);
		log_last_line(&dir, &line);
		if (cases[i].line)
			ck_assert_str_eq(line, cases[i].line);
		else
			ck_assert_ptr_null(line);
	}
}
END_TEST

START_TEST(test_console_has)
{
	AUTO_CLOSE int fd = create(VM_LOG_CONSOLE);
	AUTO_CLOSE int qemu = create(VM_LOG_QEMU);

	put(qemu, "ready 0a1b");
	ck_assert(!log_console_has(&dir, "ready 0a1b"));
	put(fd, "booting\nready 0a1");
	ck_assert(!log_console_has(&dir, "ready 0a1b"));
	ck_assert_int_eq(write(fd, "\0\xff\x1b[2J", 6), 6);
	put(fd, "ready 0a1b\n");
	ck_assert(log_console_has(&dir, "ready 0a1b"));
	/* a new run begins with nothing said */
	close(create(VM_LOG_CONSOLE));
	ck_assert(!log_console_has(&dir, "ready 0a1b"));
}
END_TEST

/* As QEMU is executed: RLIMIT_FSIZE set and SIGXFSZ ignored. Then so many bytes, 4 KiB each. */
static int append_limited(int fd, size_t bytes)
{
	const struct rlimit limit = { LOG_FILE_SIZE_MAX, LOG_FILE_SIZE_MAX };
	char chunk[4096];
	int code = 0;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 1;
	memset(chunk, 'x', sizeof(chunk));
	for (size_t done = 0; done < bytes; done += sizeof(chunk))
		if (write(fd, chunk, sizeof(chunk)) < 0)
			code = errno;
	return code;
}

static int in_a_child(int (*run)(int fd, size_t bytes), int fd, size_t bytes)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(run(fd, bytes));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status)); /* EFBIG, no SIGXFSZ */
	return WEXITSTATUS(status);
}

START_TEST(test_bound)
{
	AUTO_BUF text = BUF_INIT;
	AUTO_CLOSE int fd = create(VM_LOG_CONSOLE);
	AUTO_CLOSE int reader = -1;
	struct stat st;

	put(fd, "begin "); /* so that a write is cut in the middle */
	ck_assert_int_eq(in_a_child(append_limited, fd, 3 * MEBIBYTE), EFBIG);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq((uint64_t)st.st_size, LOG_FILE_SIZE_MAX);
	/* its end alone, and at most one huge page of that */
	ck_assert_int_le(st.st_blocks, 2 * MEBIBYTE / 512 + 16);
	suite_assert_ok(vm_log_open(&host, "web1", VM_LOG_CONSOLE, &reader, &lab_err), lab_err);
	suite_assert_ok(file_read_fd(reader, "log", 4 * MEBIBYTE, &text, &lab_err), lab_err);
	ck_assert_uint_eq(text.len, LOG_BYTES);
	ck_assert_mem_eq(text.data, "begin xxxx", 10);
	ck_assert_int_eq(text.data[text.len - 1], 'x');
	/* and a full log is still looked into */
	ck_assert(log_console_has(&dir, "begin x"));
}
END_TEST

START_TEST(test_up_to_the_bound)
{
	AUTO_CLOSE int fd = create(VM_LOG_CONSOLE);

	ck_assert_int_eq(in_a_child(append_limited, fd, MEBIBYTE), 0);
	ck_assert_int_eq(in_a_child(append_limited, fd, 1), EFBIG);
}
END_TEST

/* A disk is a file too, of at most 8 TiB: the limit must not reach it. */
static int write_far_out(int fd, size_t bytes)
{
	const struct rlimit limit = { LOG_FILE_SIZE_MAX, LOG_FILE_SIZE_MAX };
	const off_t end = (off_t)VM_DISK_BYTES_MAX;

	(void)bytes;
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 1;
	if (pwrite(fd, "first", 5, 0) != 5 || pwrite(fd, "last", 4, end - 4) != 4 ||
	    ftruncate(fd, end) < 0)
		return errno;
	return 0;
}

START_TEST(test_disks_are_unaffected)
{
	AUTO_CLOSE int fd = openat(dir.fd, "disk", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_eq(in_a_child(write_far_out, fd, 0), 0);
}
END_TEST

static bool on_tmpfs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == TMPFS_MAGIC && access(path, W_OK) == 0;
}

int main(void)
{
	static const char *const places[] = { "/dev/shm", "/run" };
	Suite *s = suite_create("vm_log");
	TCase *tcase = tcase_create("log");
	const char *place = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(places) && !place; i++)
		place = on_tmpfs(places[i]) ? places[i] : NULL;
	if (!place) {
		srunner_free(srunner_create(s));
		return suite_skip("needs a tmpfs");
	}
	setenv("TMPDIR", place, 1);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_created);
	tcase_add_test(tcase, test_last_run_is_kept);
	tcase_add_test(tcase, test_link_in_its_place);
	tcase_add_test(tcase, test_none);
	tcase_add_test(tcase, test_last_line);
	tcase_add_test(tcase, test_console_has);
	tcase_add_test(tcase, test_bound);
	tcase_add_test(tcase, test_up_to_the_bound);
	tcase_add_test(tcase, test_disks_are_unaffected);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
