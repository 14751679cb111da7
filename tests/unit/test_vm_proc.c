/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read of /proc/PID, in texts that the kernel writes, and in such as it never does. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/vm/proc.h"
#include "suite.h"

static const char qemu_status[] =
	"Name:\tqemu-system-x86\nUmask:\t0077\nState:\tS (sleeping)\n"
	"Tgid:\t812\nPid:\t812\nPPid:\t1\nTracerPid:\t0\n"
	"Uid:\t700001\t700002\t700003\t700004\n"
	"Gid:\t1\t2\t3\t4\nFDSize:\t64\nGroups:\t4 5 6 \n"
	"NStgid:\t812\t1\nNSpid:\t812\t1\nNSsid:\t812\t1\n"
	"CapInh:\t0000000000000001\nCapPrm:\t0000000000000002\n"
	"CapEff:\t0000000000000003\nCapBnd:\t000001ffffffffff\n"
	"CapAmb:\tffffffffffffffff\nNoNewPrivs:\t1\nSeccomp:\t2\n"
	"Seccomp_filters:\t2\nCpus_allowed:\tf\nCpus_allowed_list:\t0-1,3\n";

START_TEST(test_status)
{
	struct proc_status status;

	proc_status_parse(qemu_status, &status);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(status.uids[i], 700001 + i);
		ck_assert_int_eq(status.gids[i], 1 + i);
	}
	ck_assert_int_eq(status.n_groups, 3);
	ck_assert(status.has_capabilities);
	ck_assert_uint_eq(status.capabilities[0], 1);
	ck_assert_uint_eq(status.capabilities[3], 0x1ffffffffff);
	ck_assert_uint_eq(status.capabilities[4], UINT64_MAX);
	ck_assert_int_eq(status.no_new_privs, 1);
	ck_assert_int_eq(status.seccomp, 2);
	ck_assert_int_eq(status.seccomp_filters, 2);
	ck_assert_int_eq(status.pid_depth, 2);
	ck_assert_int_eq(status.inner_pid, 1);
	ck_assert_int_eq(status.tracer, 0);
	ck_assert_str_eq(status.cpus, "0-1,3");
}
END_TEST

static void assert_unknown(const struct proc_status *status)
{
	ck_assert_int_eq(status->uids[1], -1);
	ck_assert_int_eq(status->gids[1], -1);
	ck_assert_int_eq(status->n_groups, -1);
	ck_assert(!status->has_capabilities);
	ck_assert_int_eq(status->no_new_privs, -1);
	ck_assert_int_eq(status->seccomp, -1);
	ck_assert_int_eq(status->seccomp_filters, -1);
	ck_assert_int_eq(status->pid_depth, -1);
	ck_assert_int_eq(status->inner_pid, -1);
	ck_assert_int_eq(status->tracer, -1);
	ck_assert_str_eq(status->cpus, "");
}

/* A process may be called anything: its name comes first and has no newline. */
static const char *const no_status[] = {
	"",
	"\n",
	"Uid",
	"Uid:",
	"Uid:\t1\t2\t3\n",
	"uid:\t1\t2\t3\t4\n",
	"XUid:\t1\t2\t3\t4\n",
	"Uid:\n\t1\t2\t3\t4\n",
	"Uid:\ta\t2\t3\t4\n",
	"Uid:\t-1\t-1\t-1\t-1\n",
	"Seccomp:\t\nNoNewPrivs:\t\nNSpid:\t\n",
	"Seccomp:\t99999999999\nSeccomp_filters:\t-2\nNoNewPrivs:\tyes\n",
	"NSpid:\tone\nTracerPid:\t-5\n",
	"CapInh:\t0\nCapPrm:\t0\nCapEff:\t0\nCapBnd:\t0\n",
	"CapInh:\t0\nCapPrm:\t0\nCapEff:\tz\nCapBnd:\t0\nCapAmb:\t0\n",
	"Name:\tx\\nUid:\t1\t2\t3\t4\n",
	"Name:\tUid:\t1\t2\t3\t4\n",
};

START_TEST(test_status_is_unknown)
{
	struct proc_status status;

	proc_status_parse(no_status[_i], &status);
	assert_unknown(&status);
}
END_TEST

START_TEST(test_status_is_bounded)
{
	AUTO_BUF text = BUF_INIT;
	struct proc_status status;

	buf_puts(&text, "NSpid:");
	for (int i = 0; i < 1000; i++)
		buf_puts(&text, "\t7");
	buf_puts(&text, "\nCpus_allowed_list:\t");
	for (int i = 0; i < 1000; i++)
		buf_puts(&text, "10000,");
	buf_puts(&text, "\nUid:\t99999999999999999999\t1\t1\t1\n");
	proc_status_parse(buf_str(&text), &status);
	ck_assert_int_eq(status.pid_depth, 33);
	ck_assert_uint_eq(strlen(status.cpus), sizeof(status.cpus) - 1);
	ck_assert_int_eq(status.uids[1], 1);
}
END_TEST

START_TEST(test_limits)
{
	static const char text[] =
		"Limit                     Soft Limit           Hard Limit           Units     \n"
		"Max file size             13194139533312       unlimited            bytes     \n"
		"Max core file size        1                    1                    bytes     \n"
		"Max processes             unlimited            unlimited            processes \n"
		"Max nice priority         0                    0                    \n"
		"Max open files            many                 0                    files";

	ck_assert_int_eq(proc_limit(text, "Max core file size"), 1);
	ck_assert_int_eq(proc_limit(text, "Max file size"), 13194139533312);
	ck_assert_int_eq(proc_limit(text, "Max processes"), PROC_UNLIMITED);
	ck_assert_int_eq(proc_limit(text, "Max nice priority"), 0);
	ck_assert_int_eq(proc_limit(text, "Max open files"), -1);
	ck_assert_int_eq(proc_limit(text, "Max core"), -1);
	ck_assert_int_eq(proc_limit(text, "core file size"), -1);
	ck_assert_int_eq(proc_limit("", "Max processes"), -1);
}
END_TEST

#define JAIL                                                                                       \
	"60 50 0:44 / / ro,relatime - tmpfs none ro,size=64k\n"                                    \
	"61 60 8:1 /usr /usr ro,nosuid,nodev,relatime master:1 shared:2 - ext4 /dev/sda1 rw\n"

START_TEST(test_mounts_of_a_jail)
{
	struct proc_mounts mounts;

	ck_assert(proc_mounts_parse(JAIL, &mounts));
	ck_assert_uint_eq(mounts.n, 2);
	ck_assert(mounts.root_is_tmpfs && mounts.root_is_read_only);
	ck_assert_uint_eq(mounts.n_writable, 0);
	ck_assert_str_eq(mounts.system, "");
}
END_TEST

static const struct {
	const char *text, *writable, *system;
} mount_findings[] = {
	{ JAIL "62 60 0:5 /null /dev/null rw,nosuid - devtmpfs dev rw", "", "" },
	{ JAIL "62 60 0:5 /kvm /dev/kvm rw,nosuid - devtmpfs dev rw\n", "", "" },
	{ JAIL "62 60 0:5 /sda /dev/sda rw,nosuid - devtmpfs dev rw\n", "/dev/sda", "" },
	{ JAIL "62 60 0:9 / /dev/shm rw - tmpfs none rw\n", "/dev/shm", "" },
	{ JAIL "62 60 0:5 / /dev ro - devtmpfs dev rw\n", "", "/dev" },
	{ JAIL "62 60 0:6 / /proc ro - proc none rw\n", "", "/proc" },
	{ JAIL "62 60 0:6 / /x ro - cgroup2 none rw\n", "", "/x" },
	{ JAIL "62 60 8:1 / /mnt rw - ext4 /dev/sda1 ro\n", "", "" },
	{ JAIL "62 60 8:1 / /mnt rw - ext4 /dev/sda1 rw,x=ro\n", "/mnt", "" },
	{ JAIL "62 60 8:1 / /mnt rox - ext4 /dev/sda1 rw\n", "/mnt", "" },
	{ JAIL "62 60 8:1 / /a\\040b rw - ext4 x rw\n63 60 8:1 / /c rw - ext4 x rw\n", "/a\\040b",
	  "" },
};

START_TEST(test_mount_findings)
{
	struct proc_mounts mounts;

	ck_assert(proc_mounts_parse(mount_findings[_i].text, &mounts));
	ck_assert_str_eq(mounts.writable, mount_findings[_i].writable);
	ck_assert_str_eq(mounts.system, mount_findings[_i].system);
	ck_assert(mounts.root_is_tmpfs && mounts.root_is_read_only);
}
END_TEST

/* What is mounted over the root is what counts, and a tmpfs elsewhere is none. */
static const char *const no_jails[] = {
	"60 50 8:1 / / ro,relatime - ext4 /dev/sda1 ro\n",
	JAIL "70 60 8:1 / / ro - ext4 /dev/sda1 ro\n",
	"60 50 0:44 / /tmp ro - tmpfs none ro\n",
	"60 50 0:44 / / ro - tmpfsx none ro\n",
	"60 50 0:44 / / rw - ramfs tmpfs rw\n",
};

START_TEST(test_mounts_of_no_jail)
{
	struct proc_mounts mounts;

	ck_assert(proc_mounts_parse(no_jails[_i], &mounts));
	ck_assert(!mounts.root_is_tmpfs);
}
END_TEST

static const char *const no_mounts[] = {
	"\n",
	"60\n",
	"60 50 0:44 / /\n",
	"60 50 0:44 / / ro,relatime\n",
	"60 50 0:44 / / ro,relatime shared:1 tmpfs none rw\n",
	"60 50 0:44 / / ro - tmpfs\n",
	"60 50 0:44 / / ro - tmpfs none",
	"60 50 0:44 / / ro -\ntmpfs none ro\n",
	JAIL "61 60\n",
};

START_TEST(test_mounts_make_no_sense)
{
	struct proc_mounts mounts = { .n = 77 };

	ck_assert(!proc_mounts_parse(no_mounts[_i], &mounts));
	ck_assert_uint_eq(mounts.n, 77);
}
END_TEST

START_TEST(test_net)
{
	static const char heading[] = "Inter-|   Receive\n face |bytes\n";
	char text[256];

	ck_assert(proc_net_is_empty(heading));
	snprintf(text, sizeof(text), "%s    lo:       0       0\n", heading);
	ck_assert(proc_net_is_empty(text));
	snprintf(text, sizeof(text), "%s    lo: 0 0\n  eth0: 0 0\n", heading);
	ck_assert(!proc_net_is_empty(text));
	snprintf(text, sizeof(text), "%s  lo1: 0 0\n", heading);
	ck_assert(!proc_net_is_empty(text));
	ck_assert(!proc_net_is_empty(""));
	ck_assert(!proc_net_is_empty("eth0: 0\n"));
}
END_TEST

START_TEST(test_cgroup)
{
	char path[16] = "as before";

	ck_assert(!proc_cgroup_path("", path, sizeof(path)));
	ck_assert(!proc_cgroup_path("1:cpu:/x\n10::/y\n", path, sizeof(path)));
	ck_assert_str_eq(path, "as before");
	ck_assert(proc_cgroup_path("1:cpu:/x\n0::/a/web1\n", path, sizeof(path)));
	ck_assert_str_eq(path, "/a/web1");
	ck_assert(proc_cgroup_path("0::/a-very-long-path-of-a-cgroup", path, sizeof(path)));
	ck_assert_uint_eq(strlen(path), sizeof(path) - 1);
}
END_TEST

START_TEST(test_ourselves)
{
	struct error error = ERROR_INIT;
	struct process_id id;
	struct proc_status status;
	struct rlimit limit;
	AUTO_BUF text = BUF_INIT;
	AUTO_CLOSE int fd = -1;

	suite_assert_ok(process_identify(getpid(), &id, &error), error);
	fd = proc_open(&id);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(proc_read(fd, "status", &text), 0);
	proc_status_parse(buf_str(&text), &status);
	ck_assert_int_eq(status.uids[1], geteuid());
	ck_assert_int_eq(status.gids[0], getgid());
	ck_assert_int_eq(status.n_groups, getgroups(0, NULL));
	ck_assert_int_ge(status.pid_depth, 1);
	ck_assert_int_eq(proc_read(fd, "limits", &text), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_STACK, &limit), 0);
	ck_assert_int_eq(proc_limit(buf_str(&text), "Max stack size"),
			 limit.rlim_cur == RLIM_INFINITY ? PROC_UNLIMITED
							 : (int64_t)limit.rlim_cur);
	ck_assert_int_eq(proc_read_line(fd, "comm", &text), 0);
	ck_assert_str_eq(buf_str(&text), "test_vm_proc");
	ck_assert_int_eq(proc_read(fd, "nothing", &text), -ENOENT);
}
END_TEST

/* Nothing that is read comes of another process, not even of one with its pid. */
START_TEST(test_a_process_that_ends)
{
	struct error error = ERROR_INIT;
	struct process_id id, other;
	AUTO_BUF text = BUF_INIT;
	AUTO_CLOSE int fd = -1;
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	suite_assert_ok(process_identify(pid, &id, &error), error);
	other = id;
	other.start_ticks++;
	ck_assert_int_eq(proc_open(&other), -ESRCH);
	fd = proc_open(&id);
	ck_assert_int_ge(fd, 0);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_lt(proc_read(fd, "status", &text), 0);
	ck_assert_int_lt(proc_open(&id), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proc");
	TCase *tcase = tcase_create("texts");

	tcase_add_test(tcase, test_status);
	tcase_add_loop_test(tcase, test_status_is_unknown, 0, (int)ARRAY_SIZE(no_status));
	tcase_add_test(tcase, test_status_is_bounded);
	tcase_add_test(tcase, test_limits);
	tcase_add_test(tcase, test_mounts_of_a_jail);
	tcase_add_loop_test(tcase, test_mount_findings, 0, (int)ARRAY_SIZE(mount_findings));
	tcase_add_loop_test(tcase, test_mounts_of_no_jail, 0, (int)ARRAY_SIZE(no_jails));
	tcase_add_loop_test(tcase, test_mounts_make_no_sense, 0, (int)ARRAY_SIZE(no_mounts));
	tcase_add_test(tcase, test_net);
	tcase_add_test(tcase, test_cgroup);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("processes");
	tcase_add_test(tcase, test_ourselves);
	tcase_add_test(tcase, test_a_process_that_ends);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
