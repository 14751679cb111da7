/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each call of the child refused in turn, or granted and not done: no program may run then. */
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fixture.h"
#include "inject.h"

static const struct injection refused[] = {
	REFUSE("setsid", ANY, EPERM, LAUNCH_SESSION),
	REFUSE("sigprocmask", ANY, EINVAL, LAUNCH_SESSION),
	REFUSE("chdir", ANY, EACCES, LAUNCH_SESSION),
	REFUSE("dup2", 0, EMFILE, LAUNCH_STDIO),
	REFUSE("dup2", 1, EBUSY, LAUNCH_STDIO),
	REFUSE("dup2", 2, EIO, LAUNCH_STDIO),
	REFUSE("setrlimit", RLIMIT_CORE, EPERM, LAUNCH_LIMITS),
	REFUSE("setrlimit", RLIMIT_NOFILE, EPERM, LAUNCH_LIMITS),
	REFUSE("setrlimit", RLIMIT_FSIZE, EPERM, LAUNCH_LIMITS),
	REFUSE("setrlimit", RLIMIT_AS, EPERM, LAUNCH_LIMITS),
	REFUSE("setrlimit", RLIMIT_CPU, EPERM, LAUNCH_LIMITS),
	REFUSE("setrlimit", RLIMIT_NPROC, EPERM, LAUNCH_LIMITS),
	REFUSE("setpriority", ANY, EACCES, LAUNCH_LIMITS),
	REFUSE("sched_setaffinity", ANY, EINVAL, LAUNCH_LIMITS),
	REFUSE("syscall", SYS_keyctl, EDQUOT, LAUNCH_KEYRING),
	REFUSE("unshare", CLONE_NEWNET, ENOMEM, LAUNCH_NAMESPACES),
	REFUSE("unshare", CLONE_NEWIPC, ENOSPC, LAUNCH_NAMESPACES),
	REFUSE("unshare", CLONE_NEWUTS, EINVAL, LAUNCH_NAMESPACES),
	REFUSE("unshare", CLONE_NEWCGROUP, EPERM, LAUNCH_NAMESPACES),
	REFUSE("sethostname", ANY, EPERM, LAUNCH_NAMESPACES),
	REFUSE("setdomainname", ANY, EPERM, LAUNCH_NAMESPACES),
	REFUSE("syscall", SYS_open_tree, EPERM, LAUNCH_ROOT),
	REFUSE("unshare", CLONE_NEWNS, EPERM, LAUNCH_ROOT),
	REFUSE("syscall", SYS_mount, EINVAL, LAUNCH_ROOT),
	REFUSE("syscall", SYS_fsopen, ENODEV, LAUNCH_ROOT),
	REFUSE("syscall", SYS_fsconfig, EPERM, LAUNCH_ROOT),
	REFUSE("syscall", SYS_fsmount, EPERM, LAUNCH_ROOT),
	REFUSE("syscall", SYS_mount_setattr, EPERM, LAUNCH_ROOT),
	REFUSE("syscall", SYS_move_mount, EINVAL, LAUNCH_ROOT),
	REFUSE("mkdirat", ANY, ENOSPC, LAUNCH_ROOT),
	REFUSE("mknodat", ANY, EPERM, LAUNCH_ROOT),
	REFUSE("fchownat", ANY, EPERM, LAUNCH_ROOT),
	REFUSE("fchdir", ANY, EACCES, LAUNCH_ROOT),
	REFUSE("syscall", SYS_pivot_root, EINVAL, LAUNCH_ROOT),
	REFUSE("syscall", SYS_umount2, EBUSY, LAUNCH_ROOT),
	REFUSE("prctl", PR_SET_SECUREBITS, EPERM, LAUNCH_CAPABILITIES),
	REFUSE("prctl", PR_CAPBSET_READ, EINVAL, LAUNCH_CAPABILITIES),
	REFUSE("prctl", PR_CAPBSET_READ, ENOSYS, LAUNCH_CAPABILITIES),
	REFUSE("prctl", PR_CAPBSET_DROP, EPERM, LAUNCH_CAPABILITIES),
	REFUSE("syscall", SYS_setgroups, EPERM, LAUNCH_IDENTITY),
	REFUSE("syscall", SYS_setresgid, EPERM, LAUNCH_IDENTITY),
	REFUSE("syscall", SYS_setresuid, EAGAIN, LAUNCH_IDENTITY),
	REFUSE("capng_apply", CAPNG_SELECT_CAPS, EPERM, LAUNCH_CLEAR),
	REFUSE("capng_apply", CAPNG_SELECT_AMBIENT, EPERM, LAUNCH_CLEAR),
	REFUSE("syscall", SYS_capget, EFAULT, LAUNCH_VERIFY),
	REFUSE("prctl", PR_CAP_AMBIENT, EINVAL, LAUNCH_VERIFY),
	REFUSE("getgroups", ANY, EFAULT, LAUNCH_VERIFY),
	REFUSE("prctl", PR_GET_SECUREBITS, EINVAL, LAUNCH_VERIFY),
	REFUSE("prctl", PR_SET_NO_NEW_PRIVS, EINVAL, LAUNCH_NO_NEW_PRIVS),
	REFUSE("prctl", PR_GET_NO_NEW_PRIVS, EINVAL, LAUNCH_NO_NEW_PRIVS),
	REFUSE("syscall", SYS_landlock_create_ruleset, ENOSYS, LAUNCH_LANDLOCK),
	REFUSE("syscall", SYS_landlock_add_rule, ENOMEM, LAUNCH_LANDLOCK),
	REFUSE("syscall", SYS_landlock_restrict_self, EPERM, LAUNCH_LANDLOCK),
	REFUSE("fcntl", F_DUPFD_CLOEXEC, EMFILE, LAUNCH_DESCRIPTORS),
	REFUSE("syscall", SYS_close_range, ENOSYS, LAUNCH_DESCRIPTORS),
	REFUSE("dup3", ANY, EBUSY, LAUNCH_DESCRIPTORS),
	REFUSE("syscall", SYS_seccomp, EINVAL, LAUNCH_FILTER),
};

/* "capng_apply" is what Debian 12's libcap-ng does: success, and nothing dropped. */
static const struct injection pretended[] = {
	PRETEND("unshare", CLONE_NEWNET, 0, LAUNCH_NAMESPACES, "net': the namespace is still"),
	PRETEND("unshare", CLONE_NEWIPC, 0, LAUNCH_NAMESPACES, "ipc': the namespace is still"),
	PRETEND("unshare", CLONE_NEWUTS, 0, LAUNCH_NAMESPACES, "uts': the namespace is still"),
	PRETEND("unshare", CLONE_NEWCGROUP, 0, LAUNCH_NAMESPACES, "cgroup': the namespace is"),
	PRETEND("unshare", CLONE_NEWNS, 0, LAUNCH_ROOT, "mnt': the namespace is still"),
	PRETEND("syscall", SYS_umount2, 0, LAUNCH_ROOT, "the host's root is still there"),
	PRETEND("syscall", SYS_mount_setattr, 0, LAUNCH_ROOT, "the root is writable"),
	PRETEND("syscall", SYS_getpid, 2, LAUNCH_VERIFY, "the pid namespace is still"),
	PRETEND("prctl", PR_SET_SECUREBITS, 0, LAUNCH_VERIFY, "securebits"),
	PRETEND("prctl", PR_CAPBSET_DROP, 0, LAUNCH_VERIFY, "the bounding set is not empty"),
	PRETEND("syscall", SYS_setgroups, 0, LAUNCH_VERIFY, "supplementary groups"),
	PRETEND("syscall", SYS_setresgid, 0, LAUNCH_VERIFY, "not those asked for"),
	PRETEND("syscall", SYS_setresuid, 0, LAUNCH_VERIFY, "not those asked for"),
	PRETEND("capng_apply", ANY, 0, LAUNCH_VERIFY, "a capability is left"),
	PRETEND("prctl", PR_CAP_AMBIENT, 1, LAUNCH_VERIFY, "the ambient set is not empty"),
	PRETEND("syscall", SYS_setuid, 0, LAUNCH_VERIFY, "can be taken again"),
	PRETEND("prctl", PR_SET_NO_NEW_PRIVS, 0, LAUNCH_NO_NEW_PRIVS, "no_new_privs is not set"),
};

static const struct injection refused_to_parent[] = {
	REFUSE("socketpair", ANY, EMFILE, LAUNCH_STAGES),
	REFUSE("syscall", SYS_clone3, EAGAIN, LAUNCH_STAGES),
	REFUSE("syscall", CLONE_NEWPID, ENOSPC, LAUNCH_STAGES),
	REFUSE("syscall", CLONE_NEWUSER, EUSERS, LAUNCH_STAGES),
	REFUSE("pipe2", ANY, EMFILE, LAUNCH_STAGES),
	REFUSE("process_identify", ANY, ESRCH, LAUNCH_STAGES),
};

/*
 * A plan that takes every call, from groups to be left to a file to be mapped. What a call that is
 * only pretended would let happen to the host happens to namespaces of the test's own.
 */
static void plan_everything(void)
{
	static const gid_t groups[] = { 4, 5 };
	static cpu_set_t cpus;

	inject_pid = getpid();
	ck_assert_int_eq(setgroups(2, groups), 0);
	ck_assert_int_eq(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	plan.cpus = &cpus;
	plan.cpus_size = sizeof(cpus);
	plan.nice = 1;
	plan.kvm = true;
	plan.limits = (struct launch_limits){ .file_size = 1 << 20,
					      .address_space = (uint64_t)1 << 40,
					      .cpu_s = 1000,
					      .processes = 100 };
	ck_assert_int_eq(unshare(CLONE_NEWNS | CLONE_NEWUTS), 0);
	ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	mounts_note();
	fd_close(&plan.log_fd);
	plan.log_fd = open_in_folder("log", O_RDWR);
	plan.files[plan.n_files++] = (struct launch_file){ plan.log_fd, "/boot/kernel", false };
	plan_pass(plan.log_fd, 100); /* everything has to be moved out of its way */
	strv_push(&plan_argv, "report");
}

/* And a proof that nothing ran. */
static void go_with(const struct injection *row)
{
	plan_everything();
	injection = *row;
	if (launch_start(&plan, &launch, &err) == 0)
		ck_assert_int_lt(launch_go(&launch, &err), 0);
	injection.call = NULL;
	ck_assert(!suite_has_children());
	report_read_all();
	ck_assert_int_eq(report_count("status.Uid"), 0);
	ck_assert_int_eq(launch.pid_fd, -1);
	ck_assert_msg(!strncmp(err.message, "start 'probe': ", 15), "%s", err.message);
	ck_assert_msg(strstr(err.message, launch_stage_word((enum launch_stage)row->where)), "%s",
		      err.message);
}

START_TEST(test_refused)
{
	const struct injection *row = &refused[_i];

	go_with(row);
	ck_assert_int_eq(err.code, row->error);
	ck_assert_msg(strstr(err.message, strerror(row->error)), "%s", err.message);
}
END_TEST

START_TEST(test_pretended)
{
	go_with(&pretended[_i]);
	ck_assert_int_eq(err.code, EPERM);
	ck_assert_msg(strstr(err.message, pretended[_i].text), "%s", err.message);
}
END_TEST

START_TEST(test_refused_to_parent)
{
	struct launch before = launch;

	plan_everything();
	injection = refused_to_parent[_i];
	ck_assert_int_eq(launch_start(&plan, &launch, &err), -injection.error);
	ck_assert_int_eq(err.code, injection.error);
	ck_assert_msg(!strncmp(err.message, "start 'probe': ", 15), "%s", err.message);
	ck_assert_msg(strstr(err.message, strerror(injection.error)), "%s", err.message);
	injection.call = NULL;
	ck_assert_mem_eq(&before, &launch, sizeof(launch));
	ck_assert(!suite_has_children());
}
END_TEST

/* The same launch with nothing injected, so that the failures above are the injections'. */
START_TEST(test_nothing_injected)
{
	plan_everything();
	launch_plan_run();
	report_read_all();
	ck_assert_int_eq(launch_wait(), 0);
	ck_assert_int_eq(report_count("status.Uid"), 1);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("launch with failures");
	TCase *tcase = jail_case("injected");

	(void)argc;
	tcase_add_test(tcase, test_nothing_injected);
	tcase_add_loop_test(tcase, test_refused, 0, ARRAY_SIZE(refused));
	tcase_add_loop_test(tcase, test_pretended, 0, ARRAY_SIZE(pretended));
	tcase_add_loop_test(tcase, test_refused_to_parent, 0, ARRAY_SIZE(refused_to_parent));
	suite_add_tcase(suite, tcase);
	return jail_main(suite, argv);
}
