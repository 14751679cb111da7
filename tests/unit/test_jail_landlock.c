/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules for Landlock, by each version of it, as a kernel would be handed them. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../src/jail/child.h"
#include "base/alloc.h"
#include "suite.h"

/* The program is linked with ld's --wrap=syscall: no kernel hears of this. */

/* linux/landlock.h of Linux 6.12, in numbers */
enum {
	EXECUTE = 0x1,
	WRITE_FILE = 0x2,
	READ_FILE = 0x4,
	READ_DIR = 0x8,
	TRUNCATE = 0x4000,
	IOCTL_DEV = 0x8000,
	/* removal and creation of files and folders; not of devices, sockets, pipes and links */
	CHANGE_DIR = 0x10 | 0x20 | 0x80 | 0x100,
	OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
};

enum { SECOND = -2 }; /* for a number: of landlock_create_ruleset(2), the one with rights */

struct rule {
	ino_t inode;
	bool folder;
	uint64_t access;
};

static struct {
	/* what it is, and which of its calls fails with error */
	long abi;
	long refused;
	int error;
	/* what it was handed */
	uint64_t attr[3];
	struct rule rules[64];
	size_t n_rules;
	bool restricted;
} kernel;

static struct launch_plan plan;
static struct child child;
static struct suite_tmpdir dir;

static long create_ruleset(const uint64_t *attr, size_t size, unsigned int flags)
{
	if (!attr) {
		ck_assert_uint_eq(size, 0);
		ck_assert_uint_eq(flags, 1);
		return kernel.abi;
	}
	ck_assert_uint_eq(size, sizeof(kernel.attr));
	ck_assert_uint_eq(flags, 0);
	memcpy(kernel.attr, attr, size);
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static long add_rule(int ruleset, int type, const unsigned char *attr)
{
	struct rule *rule = &kernel.rules[kernel.n_rules++];
	struct stat st;
	int fd;

	ck_assert_uint_le(kernel.n_rules, ARRAY_SIZE(kernel.rules));
	ck_assert_int_ge(ruleset, 3);
	ck_assert_int_eq(type, 1);
	memcpy(&rule->access, attr, sizeof(rule->access));
	memcpy(&fd, attr + sizeof(rule->access), sizeof(fd));
	ck_assert_int_eq(fstat(fd, &st), 0);
	rule->inode = st.st_ino;
	rule->folder = S_ISDIR(st.st_mode);
	return 0;
}

long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	va_list list;
	long a[3];

	va_start(list, number);
	for (int i = 0; i < 3; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (number == kernel.refused || (kernel.refused == SECOND && number == 444 && a[0])) {
		errno = kernel.error;
		return -1;
	}
	switch (number) {
	case 444:
		return create_ruleset((const uint64_t *)a[0], (size_t)a[1], (unsigned int)a[2]);
	case 445:
		return add_rule((int)a[0], (int)a[1], (const unsigned char *)a[2]);
	case 446:
		kernel.restricted = true;
		return 0;
	}
	ck_abort_msg("call %ld", number);
	return -1;
}

static void setup(void)
{
	suite_tmpdir_make(&dir);
	memset(&kernel, 0, sizeof(kernel));
	kernel.abi = 7;
	plan = (struct launch_plan)LAUNCH_PLAN_INIT;
	child = (struct child){ .plan = &plan, .layers = LAYERS_ALL };
}

static void teardown(void)
{
	suite_tmpdir_remove(&dir);
}

static void confine(void)
{
	int fds = suite_count_fds();

	ck_assert_int_eq(landlock_confine(&child), 0);
	ck_assert(kernel.restricted);
	ck_assert_uint_eq(child.landlock_abi, kernel.abi);
	ck_assert_int_eq(suite_count_fds(), fds);
}

static const char *path_in(const char *name)
{
	static char path[4][160];
	static unsigned int next;
	char *ret = path[next++ % ARRAY_SIZE(path)];

	snprintf(ret, sizeof(path[0]), "%s/%s", dir.path, name);
	return ret;
}

static void give(const char *name, bool writable)
{
	plan.files[plan.n_files++] = (struct launch_file){ -1, path_in(name), writable };
}

/* A kernel refuses what its version does not know: EINVAL, or E2BIG for a field. */
START_TEST(test_each_version)
{
	static const uint64_t files[] = { 0,	  0x1fff, 0x3fff, 0x7fff, 0x7fff,
					  0xffff, 0xffff, 0xffff, 0xffff, 0xffff };

	kernel.abi = _i;
	suite_put(dir.fd, "write", "");
	give("write", true);
	confine();
	ck_assert_uint_eq(kernel.attr[0], files[_i]);
	ck_assert_uint_eq(kernel.attr[1], _i >= 4 ? 3 : 0);
	ck_assert_uint_eq(kernel.attr[2], _i >= 6 ? 3 : 0);
	for (size_t i = 0; i < kernel.n_rules; i++)
		ck_assert_uint_eq(kernel.rules[i].access & ~kernel.attr[0], 0);
}
END_TEST

static uint64_t access_to(const char *path)
{
	uint64_t access = 0;
	struct stat st;

	ck_assert_msg(stat(path, &st) == 0, "%s: %s", path, strerror(errno));
	for (size_t i = 0; i < kernel.n_rules; i++)
		if (kernel.rules[i].inode == st.st_ino)
			access |= kernel.rules[i].access;
	return access;
}

START_TEST(test_system)
{
	confine();
	ck_assert_uint_eq(access_to("/usr"), EXECUTE | READ_FILE | READ_DIR);
	ck_assert_uint_eq(access_to("/dev/null"), READ_FILE | WRITE_FILE);
	ck_assert_uint_eq(access_to("/"), 0);
	ck_assert_uint_eq(access_to("/etc"), 0);
	ck_assert_uint_eq(access_to("/dev"), 0);
	ck_assert_uint_eq(access_to("/proc"), 0);
	for (size_t i = 0; i < kernel.n_rules; i++)
		if (kernel.rules[i].access & ~(uint64_t)(EXECUTE | READ_FILE | READ_DIR))
			ck_assert_uint_eq(kernel.rules[i].access, READ_FILE | WRITE_FILE);
}
END_TEST

/* EINVAL otherwise: a file has no rights of folders. */
START_TEST(test_files_of_the_plan)
{
	suite_put(dir.fd, "read", "");
	suite_put(dir.fd, "write", "");
	ck_assert_int_eq(mkdirat(dir.fd, "read-folder", 0700), 0);
	ck_assert_int_eq(mkdirat(dir.fd, "write-folder", 0700), 0);
	give("read", false);
	give("write", true);
	give("read-folder", false);
	give("write-folder", true);
	confine();
	ck_assert_uint_eq(access_to(path_in("read")), READ_FILE);
	ck_assert_uint_eq(access_to(path_in("write")), READ_FILE | WRITE_FILE | TRUNCATE);
	ck_assert_uint_eq(access_to(path_in("read-folder")), READ_FILE | READ_DIR);
	ck_assert_uint_eq(access_to(path_in("write-folder")),
			  READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | CHANGE_DIR);
	ck_assert_uint_eq(access_to(dir.path), 0);
	for (size_t i = 0; i < kernel.n_rules; i++)
		if (!kernel.rules[i].folder)
			ck_assert_uint_eq(kernel.rules[i].access & ~(uint64_t)OF_FILES, 0);
}
END_TEST

/* Where the root is missing, what has the name that they would have there is the host's. */
START_TEST(test_files_without_a_root)
{
	suite_put(dir.fd, "named", "");
	suite_put(dir.fd, "open", "");
	give("named", true);
	child.layers &= ~LAYER_BIT(LAYER_ROOT);
	child.file[0] = openat(dir.fd, "open", O_RDWR | O_CLOEXEC);
	confine();
	ck_assert_uint_eq(access_to(path_in("named")), 0);
	ck_assert_uint_eq(access_to(path_in("open")), READ_FILE | WRITE_FILE | TRUNCATE);
	ck_assert_int_eq(close(child.file[0]), 0);
}
END_TEST

START_TEST(test_folders_of_the_plan)
{
	struct strv folders = STRV_INIT;

	strv_push(&folders, dir.path);
	strv_push(&folders, path_in("missing"));
	plan.folders = &folders;
	confine();
	ck_assert_uint_eq(access_to(dir.path), EXECUTE | READ_FILE | READ_DIR);
	strv_done(&folders);
}
END_TEST

START_TEST(test_kvm)
{
	if (access("/dev/kvm", F_OK) < 0)
		return;
	confine();
	ck_assert_uint_eq(access_to("/dev/kvm"), 0);
	plan.kvm = true;
	confine();
	ck_assert_uint_eq(access_to("/dev/kvm"), READ_FILE | WRITE_FILE | IOCTL_DEV);
}
END_TEST

/* Of the calls by their numbers. */
static const struct {
	long call;
	int error;
} refusals[] = { { 444, ENOSYS }, { 444, EOPNOTSUPP }, { SECOND, E2BIG },
		 { 445, EINVAL }, { 445, EBADFD },     { 446, EPERM } };

START_TEST(test_refused)
{
	int fds = suite_count_fds();

	kernel.refused = refusals[_i].call;
	kernel.error = refusals[_i].error;
	ck_assert_int_eq(landlock_confine(&child), -refusals[_i].error);
	ck_assert_uint_eq(child.landlock_abi, 0);
	ck_assert(!kernel.restricted);
	ck_assert_int_eq(suite_count_fds(), fds);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("jail/landlock");
	TCase *tcase = tcase_create("rules");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_each_version, 1, 10);
	tcase_add_test(tcase, test_system);
	tcase_add_test(tcase, test_files_of_the_plan);
	tcase_add_test(tcase, test_files_without_a_root);
	tcase_add_test(tcase, test_folders_of_the_plan);
	tcase_add_test(tcase, test_kvm);
	tcase_add_loop_test(tcase, test_refused, 0, ARRAY_SIZE(refusals));
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
