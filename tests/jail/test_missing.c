/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hosts that lack a layer of confinement: what may be missing is told, all else stops the start. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/jail/cgroup_dir.h"
#include "base/alloc.h"
#include "fixture.h"
#include "inject.h"

#define ENTERED_BY_USER LAYERS_NAMESPACES

static const struct {
	const char *call;
	long argument;
	int error;
	enum layer layer;
} lacks[] = {
	{ "unshare", CLONE_NEWNS, EPERM, LAYER_ROOT },
	{ "syscall", CLONE_NEWPID, EINVAL, LAYER_PID },
	{ "syscall", CLONE_NEWPID, ENOSPC, LAYER_PID },
	{ "unshare", CLONE_NEWNET, EPERM, LAYER_NET },
	{ "unshare", CLONE_NEWNET, ENOSPC, LAYER_NET },
	{ "unshare", CLONE_NEWIPC, EINVAL, LAYER_IPC },
	{ "unshare", CLONE_NEWUTS, EUSERS, LAYER_UTS },
	{ "unshare", CLONE_NEWCGROUP, EINVAL, LAYER_CGROUP_NS },
	{ "stat", CLONE_NEWNET, ENOENT, LAYER_NET },
	{ "stat", CLONE_NEWIPC, ENOENT, LAYER_IPC },
	{ "stat", CLONE_NEWUTS, ENOENT, LAYER_UTS },
	{ "stat", CLONE_NEWCGROUP, ENOENT, LAYER_CGROUP_NS },
	{ "syscall", SYS_keyctl, ENOSYS, LAYER_KEYRING },
	{ "syscall", SYS_landlock_create_ruleset, ENOSYS, LAYER_LANDLOCK },
	{ "syscall", SYS_landlock_create_ruleset, EOPNOTSUPP, LAYER_LANDLOCK },
	{ "syscall", SYS_seccomp, EINVAL, LAYER_SECCOMP },
};

/* The pid namespace is the parent's to ask for. */
static void inject(int i, int error)
{
	inject_pid = getpid();
	injection = (struct injection){
		.call = lacks[i].call,
		.argument = lacks[i].argument,
		.result = -1,
		.error = error,
		.where = lacks[i].layer == LAYER_PID ? LAUNCH_STAGES : LAUNCH_SESSION,
	};
}

static int launched(void)
{
	int r = launch_start(&plan, &launch, &err);

	return r ? r : launch_go(&launch, &err);
}

/* The others are all in place: the last of them is looked at, and the first. */
START_TEST(test_may_be_missing)
{
	bool no_pid = lacks[_i].layer == LAYER_PID, no_seccomp = lacks[_i].layer == LAYER_SECCOMP;

	host_rename();
	plan.may_miss = LAYER_BIT(lacks[_i].layer);
	inject(_i, lacks[_i].error);
	launch_report_and_hold();
	injection.call = NULL;
	ck_assert_uint_eq(launch.missing, LAYER_BIT(lacks[_i].layer));
	ck_assert_int_eq(!strcmp(report_value("pid"), "1"), !no_pid);
	ck_assert_str_eq(report_value("status.Seccomp"), no_seccomp ? "0" : "2");
	ck_assert_int_eq(!strcmp(report_value("names"), "vm (none)"), lacks[_i].layer != LAYER_UTS);
	ck_assert_str_eq(report_value("status.NoNewPrivs"), "1");
	ck_assert_str_eq(report_value("status.CapBnd"), "0000000000000000");
	ck_assert_int_eq(launch_wait(), 0);
}
END_TEST

/* All others may be. */
START_TEST(test_may_not_be_missing)
{
	char hint[64];

	plan.may_miss = LAYERS_ALL & ~LAYER_BIT(lacks[_i].layer);
	inject(_i, lacks[_i].error);
	/* of a link that is not there the reason is the kernel that has none */
	ck_assert_int_eq(launched(), lacks[_i].error == ENOENT ? -ENOSYS : -lacks[_i].error);
	injection.call = NULL;
	ck_assert_int_eq(err.kind, ERROR_HOST);
	snprintf(hint, sizeof(hint), "allow_missing = %s in", layer_words[lacks[_i].layer]);
	ck_assert_msg(strstr(err.hint, hint), "%s: %s", err.message, err.hint);
	ck_assert_int_eq(launch.pid_fd, -1);
	ck_assert_uint_eq(launch.missing, 0);
}
END_TEST

/* Short of memory the host lacks no layer. */
START_TEST(test_other_errors_are_errors)
{
	plan.may_miss = LAYERS_ALL;
	inject(_i, ENOMEM);
	ck_assert_int_eq(launched(), -ENOMEM);
	injection.call = NULL;
	ck_assert_int_ne(err.kind, ERROR_HOST);
	ck_assert_str_eq(err.hint, "");
}
END_TEST

/* There would be no place to show them at. */
START_TEST(test_files_need_the_root)
{
	plan.files[plan.n_files++] = (struct launch_file){ plan.log_fd, "/boot/kernel", false };
	plan.may_miss = LAYERS_ALL;
	inject(0, EPERM);
	if (_i)
		injection = (struct injection){ "syscall", SYS_open_tree, -1,
						EPERM,	   LAUNCH_ROOT,	  NULL };
	ck_assert_int_eq(launched(), -EPERM);
	injection.call = NULL;
	ck_assert_int_eq(err.kind, ERROR_HOST);
	ck_assert_msg(strstr(err.message, "does not give a root of its own"), "%s", err.message);
	ck_assert_msg(strstr(err.hint, "--kernel"), "%s", err.hint);
	ck_assert_ptr_null(strstr(err.hint, "allow_missing = "));
}
END_TEST

static const struct {
	unsigned int capability;
	const char *word, *option;
} rights[] = {
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "--cap-add=SYS_ADMIN" },
	{ CAP_SETPCAP, "CAP_SETPCAP", "--cap-add=SETPCAP" },
	{ CAP_SETUID, "CAP_SETUID", "--cap-add=SETUID" },
	{ CAP_SETGID, "CAP_SETGID", "--cap-add=SETGID" },
	{ CAP_MKNOD, "CAP_MKNOD", "--cap-add=MKNOD" },
};

/* As in a container. */
static void root_lacks(unsigned int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	ck_assert_int_eq((int)syscall(SYS_capget, &header, data), 0);
	data[capability / 32].effective &= ~(1U << capability % 32);
	data[capability / 32].permitted &= ~(1U << capability % 32);
	ck_assert_int_eq((int)syscall(SYS_capset, &header, data), 0);
}

START_TEST(test_root_is_told_what_it_lacks)
{
	plan.kvm = true;
	root_lacks(rights[_i].capability);
	ck_assert_int_eq(launched(), -EPERM);
	ck_assert_int_eq(err.kind, ERROR_HOST);
	ck_assert_msg(strstr(err.message, rights[_i].word), "%s", err.message);
	ck_assert_ptr_nonnull(strstr(err.message, ", which even root lacks here"));
	ck_assert_msg(strstr(err.hint, rights[_i].option), "%s", err.hint);
	ck_assert_int_eq(!strstr(err.hint, "allow_missing"), _i != 0);
}
END_TEST

START_TEST(test_root_is_told_all_at_once)
{
	plan.may_miss = LAYER_BIT(LAYER_IPC) | LAYER_BIT(LAYER_UTS);
	root_lacks(CAP_SYS_ADMIN);
	root_lacks(CAP_SETGID);
	ck_assert_int_eq(launched(), -EPERM);
	ck_assert_msg(strstr(err.message, "this host does not give root, pid, net, cgroup-ns: "
					  "needs CAP_SYS_ADMIN, CAP_SETGID, which"),
		      "%s", err.message);
	ck_assert_msg(strstr(err.hint, "--cap-add=SYS_ADMIN --cap-add=SETGID; "), "%s", err.hint);
	ck_assert_msg(strstr(err.hint, "allow_missing = root, pid, net, cgroup-ns"), "%s",
		      err.hint);
}
END_TEST

START_TEST(test_files_take_CAP_SYS_ADMIN)
{
	plan.files[plan.n_files++] = (struct launch_file){ plan.log_fd, "/boot/kernel", false };
	plan.may_miss = LAYERS_ALL;
	root_lacks(CAP_SYS_ADMIN);
	ck_assert_int_eq(launched(), -EPERM);
	ck_assert_msg(strstr(err.message, "does not give root: needs CAP_SYS_ADMIN"), "%s",
		      err.message);
	ck_assert_msg(strstr(err.hint, "--kernel"), "%s", err.hint);
	ck_assert_ptr_null(strstr(err.hint, "allow_missing = "));
}
END_TEST

/* Nothing that takes it is left to be done. */
START_TEST(test_all_may_be_missing_to_root)
{
	plan.may_miss = LAYERS_NAMESPACES;
	root_lacks(CAP_SYS_ADMIN);
	root_lacks(CAP_MKNOD);
	launch_report_and_hold();
	ck_assert_uint_eq(launch.missing, LAYERS_NAMESPACES);
	ck_assert_str_eq(report_value("status.Seccomp"), "2");
	ck_assert_str_eq(report_value("status.CapBnd"), "0000000000000000");
	ck_assert_int_eq(launch_wait(), 0);
}
END_TEST

static void become_user(void)
{
	ck_assert_int_eq(setresgid(JAIL_GID, JAIL_GID, JAIL_GID), 0);
	ck_assert_int_eq(setresuid(JAIL_UID, JAIL_UID, JAIL_UID), 0);
	plan.mode = LAUNCH_AS_USER;
	inject_pid = getpid();
	injection = (struct injection){
		.call = "syscall",
		.argument = CLONE_NEWUSER | CLONE_NEWPID,
		.result = -1,
		.error = EPERM,
		.where = LAUNCH_STAGES,
	};
}

/* All that an ordinary user has of them is in one. */
START_TEST(test_user_namespace_may_be_missing)
{
	plan.may_miss = ENTERED_BY_USER;
	become_user();
	launch_report_and_hold();
	injection.call = NULL;
	ck_assert_uint_eq(launch.missing, ENTERED_BY_USER);
	ck_assert_str_eq(report_value("status.Seccomp"), "2");
	ck_assert_str_eq(report_value("status.NoNewPrivs"), "1");
	ck_assert_int_eq(launch_wait(), 0);
}
END_TEST

/* As AppArmor has it: the namespace is there, and no use. */
START_TEST(test_user_namespace_without_rights)
{
	plan.may_miss = LAYERS_ALL;
	become_user();
	injection = (struct injection){
		.call = "write",
		.argument = ANY,
		.result = -1,
		.error = EPERM,
		.where = LAUNCH_NAMESPACES,
	};
	ck_assert_int_eq(launched(), -EPERM);
	injection.call = NULL;
	ck_assert_msg(strstr(err.message, "enter namespaces of its own: '/proc/self/setgroups': "
					  "user namespaces give no rights here"),
		      "%s", err.message);
}
END_TEST

START_TEST(test_user_namespace_may_not_be_missing)
{
	plan.may_miss = ENTERED_BY_USER & ~LAYER_BIT(_i);
	become_user();
	ck_assert_int_eq(launched(), -EPERM);
	injection.call = NULL;
	ck_assert_int_eq(err.kind, ERROR_HOST);
	ck_assert_ptr_nonnull(strstr(err.message, "create a process"));
	ck_assert_msg(strstr(err.hint, layer_words[_i]), "%s", err.hint);
}
END_TEST

static char cgroup[128];

/* Of JAIL_UID, while the tests live elsewhere, where it may not take a process from. */
static void cgroup_make_one(void)
{
	char procs[160];

	snprintf(cgroup, sizeof(cgroup), "%s/mnmivm-test-%d", cgroup_top() ? cgroup_top() : "",
		 getpid());
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
	if (!cgroup_top() || mkdir(cgroup, 0755) < 0)
		return;
	ck_assert_int_eq(chown(cgroup, JAIL_UID, JAIL_GID), 0);
	ck_assert_int_eq(chown(procs, JAIL_UID, JAIL_GID), 0);
}

static void cgroup_remove_one(void)
{
	(void)rmdir(cgroup);
}

/* A cgroup that is no more; or as a user one that is the user's and cannot be entered. */
static bool plan_closed_cgroup(bool as_user, const char *left_out)
{
	char gone[160];

	plan.cgroup_fd = cgroup_dir_open(cgroup);
	if (plan.cgroup_fd < 0) {
		suite_leave_out(left_out, "no cgroup v2 that may be written");
		return false;
	}
	if (as_user) {
		become_user();
		injection.call = NULL;
		return true;
	}
	fd_close(&plan.cgroup_fd);
	snprintf(gone, sizeof(gone), "%s/gone", cgroup);
	ck_assert_int_eq(mkdir(gone, 0755), 0);
	plan.cgroup_fd = cgroup_dir_open(gone);
	ck_assert_int_eq(rmdir(gone), 0);
	return true;
}

/* Not the user namespace, without which there is no way either. */
START_TEST(test_cgroup_may_be_missing)
{
	if (!plan_closed_cgroup(_i, "a cgroup that may be missing"))
		return;
	plan.may_miss = LAYERS_ALL;
	launch_report_and_hold();
	ck_assert_uint_eq(launch.missing & LAYER_BIT(LAYER_CGROUP), LAYER_BIT(LAYER_CGROUP));
	ck_assert_str_eq(report_value("status.Seccomp"), "2");
	ck_assert_int_eq(launch_wait(), 0);
	fd_close(&plan.cgroup_fd);
}
END_TEST

START_TEST(test_cgroup_may_not_be_missing)
{
	if (!plan_closed_cgroup(_i, "a cgroup that may not be missing"))
		return;
	plan.may_miss = LAYERS_ALL & ~LAYER_BIT(LAYER_CGROUP);
	ck_assert_int_eq(launched(), _i ? -EACCES : -ENOENT);
	ck_assert_int_eq(err.kind, ERROR_HOST);
	ck_assert_ptr_nonnull(strstr(err.message, layer_text(LAYER_CGROUP)));
	ck_assert_msg(strstr(err.hint, "allow_missing = cgroup in"), "%s", err.hint);
	ck_assert_int_eq(launch.pid_fd, -1);
	fd_close(&plan.cgroup_fd);
}
END_TEST

/*
 * What is told beforehand of a host that allows none of these; in a user namespace of its own,
 * whose sysctls are its own as well (namespaces(7)).
 */
static unsigned int lacking_without(const char *sysctl, enum launch_mode mode)
{
	AUTO_FREE char *path = xasprintf("/proc/sys/user/%s", sysctl);
	pid_t pid = fork();
	int fd, status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(255);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (write(fd, "0", 1) != 1)
			_exit(255);
		_exit((int)launch_lacking(mode));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 255);
	return (unsigned int)WEXITSTATUS(status);
}

START_TEST(test_told_beforehand)
{
	unsigned int none = launch_lacking(LAUNCH_AS_ROOT);

	ck_assert_uint_eq(none & ENTERED_BY_USER, 0);
	ck_assert_uint_eq(lacking_without("max_net_namespaces", LAUNCH_AS_ROOT),
			  none | LAYER_BIT(LAYER_NET));
	ck_assert_uint_eq(lacking_without("max_pid_namespaces", LAUNCH_AS_ROOT),
			  none | LAYER_BIT(LAYER_PID));
	ck_assert_uint_eq(lacking_without("max_user_namespaces", LAUNCH_AS_ROOT), none);
	ck_assert_uint_eq(lacking_without("max_user_namespaces", LAUNCH_AS_USER),
			  none | ENTERED_BY_USER);
}
END_TEST

/* The want of CAP_SYS_ADMIN is told by the rights of a plan, in the words of the launch. */
START_TEST(test_rights_are_told_beforehand)
{
	struct error before = ERROR_INIT;
	unsigned int none = launch_lacking(LAUNCH_AS_ROOT);

	suite_assert_ok(launch_check_rights(&plan, &err), err);
	root_lacks(CAP_SYS_ADMIN);
	ck_assert_uint_eq(launch_lacking(LAUNCH_AS_ROOT), none | LAYERS_NAMESPACES);
	ck_assert_int_eq(launch_check_rights(&plan, &before), -EPERM);
	ck_assert_int_eq(launched(), -EPERM);
	ck_assert_msg(strstr(err.message, before.message) != NULL, "%s", err.message);
	plan.may_miss = LAYERS_ALL;
	suite_assert_ok(launch_check_rights(&plan, &before), before);
	root_lacks(CAP_SETUID);
	ck_assert_int_eq(launch_check_rights(&plan, &before), -EPERM);
	ck_assert_ptr_nonnull(strstr(before.message, "needs CAP_SETUID, which"));
	plan.mode = LAUNCH_AS_USER;
	suite_assert_ok(launch_check_rights(&plan, &before), before);
}
END_TEST

/* As AppArmor does it: the namespace is there, the rights in it are not. */
START_TEST(test_powerless_user_namespaces_are_told_beforehand)
{
	injection = (struct injection){
		.call = "syscall",
		.argument = SYS_clone,
		.result = -1,
		.error = EPERM,
		.where = LAUNCH_STAGES,
	};
	inject_pid = getpid();
	ck_assert_uint_eq(launch_lacking(LAUNCH_AS_USER) & ENTERED_BY_USER, ENTERED_BY_USER);
	suite_assert_error(launch_check_layers(LAUNCH_AS_USER, 0, &err), err, ENOTSUP, ERROR_HOST);
	ck_assert_str_eq(err.message,
			 "this host does not give a root of its own: user namespaces are refused");
	suite_assert_ok(launch_check_layers(LAUNCH_AS_USER, LAYERS_ALL, &err), err);
	/* root makes none */
	suite_assert_ok(launch_check_layers(LAUNCH_AS_ROOT, 0, &err), err);
	injection.call = NULL;
}
END_TEST

START_TEST(test_refused_beforehand)
{
	plan.may_miss = LAYERS_ALL & ~LAYER_BIT(LAYER_LANDLOCK);
	suite_assert_ok(launch_check_layers(LAUNCH_AS_ROOT, LAYERS_ALL, &err), err);
	inject_pid = getpid();
	injection = (struct injection){
		.call = "syscall",
		.argument = SYS_landlock_create_ruleset,
		.result = -1,
		.error = EOPNOTSUPP,
		.where = LAUNCH_STAGES,
	};
	suite_assert_error(launch_check_layers(LAUNCH_AS_ROOT, 0, &err), err, ENOTSUP, ERROR_HOST);
	suite_assert_error(launch_check_layers(LAUNCH_AS_ROOT, plan.may_miss, &err), err, ENOTSUP,
			   ERROR_HOST);
	suite_assert_ok(launch_check_layers(LAUNCH_AS_ROOT, LAYER_BIT(LAYER_LANDLOCK), &err), err);
	injection.call = NULL;
	ck_assert_str_eq(err.message, "this host does not give Landlock: the kernel has none");
	ck_assert_msg(strstr(err.hint, "allow_missing = landlock in"), "%s", err.hint);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("missing layers");
	TCase *tcase = jail_case("missing");

	(void)argc;
	tcase_add_loop_test(tcase, test_may_be_missing, 0, ARRAY_SIZE(lacks));
	tcase_add_loop_test(tcase, test_may_not_be_missing, 0, ARRAY_SIZE(lacks));
	tcase_add_loop_test(tcase, test_other_errors_are_errors, 0, ARRAY_SIZE(lacks));
	tcase_add_loop_test(tcase, test_files_need_the_root, 0, 2);
	tcase_add_loop_test(tcase, test_root_is_told_what_it_lacks, 0, ARRAY_SIZE(rights));
	tcase_add_test(tcase, test_root_is_told_all_at_once);
	tcase_add_test(tcase, test_files_take_CAP_SYS_ADMIN);
	tcase_add_test(tcase, test_all_may_be_missing_to_root);
	tcase_add_test(tcase, test_user_namespace_may_be_missing);
	tcase_add_test(tcase, test_user_namespace_without_rights);
	tcase_add_loop_test(tcase, test_user_namespace_may_not_be_missing, LAYER_ROOT,
			    LAYER_KEYRING);
	tcase_add_loop_test(tcase, test_cgroup_may_be_missing, 0, 2);
	tcase_add_loop_test(tcase, test_cgroup_may_not_be_missing, 0, 2);
	tcase_add_unchecked_fixture(tcase, cgroup_make_one, cgroup_remove_one);
	tcase_add_test(tcase, test_told_beforehand);
	tcase_add_test(tcase, test_rights_are_told_beforehand);
	tcase_add_test(tcase, test_powerless_user_namespaces_are_told_beforehand);
	tcase_add_test(tcase, test_refused_beforehand);
	suite_add_tcase(suite, tcase);
	return jail_main(suite, argv);
}
