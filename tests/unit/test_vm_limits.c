/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From settings to limits: what auto comes to, which CPUs there are, which disk it is. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/vm/limits.h"
#include "base/alloc.h"
#include "suite.h"

#define MIB ((uint64_t)1 << 20)

static struct host_config host;
static struct vm_config vm;
static struct error err;

static void setup(void)
{
	err = (struct error)ERROR_INIT;
	host_config_init(&host);
	vm_config_init(&vm, &host);
	vm.nics[0].queues = 1;
}

static void teardown(void)
{
	vm_config_done(&vm);
	host_config_done(&host);
}

static void set(const char *key, const char *value)
{
	suite_assert_ok(vm_config_set(&vm, key, value, &err), err);
}

START_TEST(test_auto)
{
	vm.memory_mib = 1024;
	vm.cpus = 1;
	vm.accel = ACCEL_KVM;
	ck_assert_uint_eq(limits_memory_max(&vm), (1024 + 16 + 512 + 16) * MIB);
	ck_assert_uint_eq(limits_pids_max(&vm), 256 + 2 + 1);
	vm.accel = ACCEL_TCG;
	vm.cpus = 8;
	vm.nics[0].queues = 4;
	vm.n_nics = 2;
	vm.nics[1].queues = 2;
	ck_assert_uint_eq(limits_memory_max(&vm), (1024 + 16 + 512 + 8 * 16 + 1024) * MIB);
	ck_assert_uint_eq(limits_pids_max(&vm), 256 + 16 + 6);
	vm.memory_mib = VM_MEMORY_MIB_MAX;
	vm.cpus = VM_CPUS_MAX;
	ck_assert_uint_gt(limits_memory_max(&vm), VM_MEMORY_MIB_MAX * MIB);
	ck_assert(!limits_asked(&vm));
}
END_TEST

START_TEST(test_what_was_asked_for)
{
	static const char *const pairs[][2] = {
		{ "memory_max", "2G" }, { "cpu_max", "50" },   { "cpu_weight", "50" },
		{ "pids_max", "99" },	{ "io_weight", "50" }, { "io_max", "rbps=1M" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		ck_assert(!limits_asked(&vm));
		set(pairs[i][0], pairs[i][1]);
		ck_assert(limits_asked(&vm));
		set(pairs[i][0], strcmp(pairs[i][0], "memory_max") ? "" : "auto");
	}
	set("memory_max", "off");
	ck_assert(!limits_asked(&vm));
	ck_assert_uint_eq(limits_memory_max(&vm), 0);
	set("memory_max", "2G");
	set("pids_max", "99");
	ck_assert_uint_eq(limits_memory_max(&vm), 2048 * MIB);
	ck_assert_uint_eq(limits_pids_max(&vm), 99);
}
END_TEST

START_TEST(test_limits_of)
{
	struct cgroup_limits limits;
	struct suite_tmpdir dir;

	suite_tmpdir_make(&dir);
	suite_put(dir.fd, "disk.qcow2", "");
	suite_assert_ok(limits_of(&vm, dir.fd, &limits, &err), err);
	ck_assert(limits.memory_optional && limits.pids_optional);
	ck_assert_uint_eq(limits.memory_max, limits_memory_max(&vm));
	ck_assert_uint_eq(limits.pids_max, limits_pids_max(&vm));
	set("memory_max", "2G");
	set("pids_max", "99");
	set("cpu_max", "150");
	set("cpu_weight", "7");
	set("io_weight", "9");
	suite_assert_ok(limits_of(&vm, dir.fd, &limits, &err), err);
	ck_assert(!limits.memory_optional && !limits.pids_optional);
	ck_assert_uint_eq(limits.memory_max, 2048 * MIB);
	ck_assert_uint_eq(limits.cpu_max_percent, 150);
	ck_assert_uint_eq(limits.cpu_weight, 7);
	ck_assert_uint_eq(limits.io_weight, 9);
	ck_assert_uint_eq(limits.pids_max, 99);
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(test_no_disk_below)
{
	unsigned int major_number = 77, minor_number = 78;
	struct cgroup_limits limits;
	struct suite_tmpdir dir;

	if (geteuid() != 0) {
		suite_leave_out("test_no_disk_below", "needs root");
		return;
	}
	suite_tmpdir_make(&dir);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mkdirat(dir.fd, "tmpfs", 0700), 0);
	AUTO_FREE char *path = xasprintf("%s/tmpfs", dir.path);
	ck_assert_int_eq(mount("tmpfs", path, "tmpfs", 0, NULL), 0);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	suite_put(fd, "disk.qcow2", "");
	suite_assert_error(limits_disk(fd, "disk.qcow2", &major_number, &minor_number, &err), err,
			   ENOTSUP, ERROR_HOST);
	ck_assert_uint_eq(major_number, 77);
	suite_assert_ok(limits_of(&vm, fd, &limits, &err), err);
	set("io_max", "rbps=1M wiops=5");
	ck_assert_int_eq(limits_of(&vm, fd, &limits, &err), CGROUP_PARTLY);
	ck_assert_ptr_nonnull(strstr(err.message, "disk.qcow2"));
	ck_assert(!limits.io_rbps && !limits.io_wiops && limits.memory_max);
	suite_assert_error(limits_disk(fd, "nothing", &major_number, &minor_number, &err), err,
			   ENOENT, ERROR_FAILED);
	fd_close(&fd);
	ck_assert_int_eq(umount(path), 0);
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(test_cpus)
{
	AUTO(limits_cpus_done) struct limits_cpus all = { .set = NULL };
	AUTO(limits_cpus_done) struct limits_cpus one = { .set = NULL };
	int n = (int)sysconf(_SC_NPROCESSORS_ONLN);

	suite_assert_ok(limits_cpus_get(NULL, &all, &err), err);
	ck_assert_int_eq(CPU_COUNT_S(all.size, all.set), n);
	suite_assert_ok(limits_cpus_get("0", &one, &err), err);
	ck_assert_int_eq(CPU_COUNT_S(one.size, one.set), 1);
	ck_assert(CPU_ISSET_S(0, one.size, one.set));
	ck_assert_int_eq(sched_setaffinity(0, one.size, one.set), 0);
	ck_assert_int_eq(sched_setaffinity(0, all.size, all.set), 0);
}
END_TEST

START_TEST(test_cpus_that_are_not_there)
{
	static const char *const lists[] = { "8191", "0,8191", "0-8191", "8000-8191" };
	static const char *const bad[] = { "", "x", "0-", "1-0", "-1", "8192" };
	struct limits_cpus cpus = { .set = NULL };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		suite_assert_error(limits_cpus_get(lists[i], &cpus, &err), err, ENODEV, ERROR_HOST);
		ck_assert_ptr_nonnull(strstr(err.message, "is not there: this host has 0"));
		ck_assert_ptr_null(cpus.set);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ck_assert_int_lt(limits_cpus_get(bad[i], &cpus, &err), 0);
		ck_assert_ptr_null(cpus.set);
	}
	xreplace(&vm.cpu_pin, "8191");
	suite_assert_error(limits_check(&vm, &err), err, ENODEV, ERROR_HOST);
}
END_TEST

/* In a child, which has no way back. */
static int nice_without_privilege(void)
{
	const struct rlimit none = { 0, 0 }, some = { 25, 25 };
	bool raised = setrlimit(RLIMIT_NICE, &some) == 0; /* CAP_SYS_RESOURCE */

	if (setresuid(65533, 65533, 65533))
		return 1;
	vm.nice = -5;
	if (raised && limits_check(&vm, &err))
		return 2;
	vm.nice = -6;
	if (limits_check(&vm, &err) != -EPERM || err.kind != ERROR_PERMISSION)
		return 3;
	if (setrlimit(RLIMIT_NICE, &none))
		return 4;
	vm.nice = -1;
	if (limits_check(&vm, &err) != -EPERM)
		return 5;
	vm.nice = getpriority(PRIO_PROCESS, 0);
	return limits_check(&vm, &err) ? 6 : 0;
}

START_TEST(test_nice)
{
	int status;
	pid_t pid;

	if (geteuid() != 0) {
		suite_leave_out("test_nice", "needs root");
		return;
	}
	vm.nice = -20;
	suite_assert_ok(limits_check(&vm, &err), err);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(nice_without_privilege());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vm_limits");
	TCase *tcase = tcase_create("limits");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_auto);
	tcase_add_test(tcase, test_what_was_asked_for);
	tcase_add_test(tcase, test_limits_of);
	tcase_add_test(tcase, test_no_disk_below);
	tcase_add_test(tcase, test_cpus);
	tcase_add_test(tcase, test_cpus_that_are_not_there);
	tcase_add_test(tcase, test_nice);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
