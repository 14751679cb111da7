/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Launches by an ordinary user, who holds CAP_NET_ADMIN or nothing. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fixture.h"

enum { OURS = 750001, GROUP = 750002, FURTHER_GROUP = 750003 };

/* With a capability in effect and not dumpable, as a program with file capabilities is. */
static void become_user(unsigned int capabilities)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .permitted = capabilities,
						    .effective = capabilities } };
	static const gid_t groups[] = { FURTHER_GROUP };

	ck_assert_int_eq(fchown(plan.log_fd, OURS, GROUP), 0);
	ck_assert_int_eq(prctl(PR_SET_KEEPCAPS, 1), 0);
	ck_assert_int_eq(setgroups(1, groups), 0);
	ck_assert_int_eq(setresgid(GROUP, GROUP, GROUP), 0);
	ck_assert_int_eq(setresuid(OURS, OURS, OURS), 0);
	ck_assert_int_eq((int)syscall(SYS_capset, &header, data), 0);
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 0), 0);
	plan.mode = launch_mode();
	ck_assert_int_eq(plan.mode, LAUNCH_AS_USER);
	plan.uid = OURS;
	plan.gid = GROUP;
}

static const unsigned int held[] = { 0, 1U << CAP_NET_ADMIN };

static bool has_user_namespaces(const char *test)
{
	char line[16] = "1";
	int fd = open("/proc/sys/user/max_user_namespaces", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		ck_assert_int_gt(read(fd, line, sizeof(line) - 1), 0);
		close(fd);
	}
	if (fd >= 0 && line[0] != '0')
		return true;
	suite_kernel_lacks(test, "user namespaces");
	return false;
}

static void assert_no_capabilities(void)
{
	static const char *const sets[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" };

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		char key[32];

		snprintf(key, sizeof(key), "status.%s", sets[i]);
		ck_assert_str_eq(report_value(key), "0000000000000000");
	}
	ck_assert_int_eq(report_count("bounding"), 0);
	ck_assert_str_eq(report_value("securebits"), "0xef");
	ck_assert_str_eq(report_value("no_new_privs"), "1");
}

static void assert_identity(void)
{
	ck_assert_str_eq(report_value("status.Uid"), "750001 750001 750001 750001");
	ck_assert_str_eq(report_value("status.Gid"), "750002 750002 750002 750002");
	/* a user cannot leave a group, and gains nothing by it */
	ck_assert_str_eq(report_value("status.Groups"), "750003");
}

START_TEST(test_end_state)
{
	if (!has_user_namespaces("end state of a user's"))
		return;
	become_user(held[_i]);
	launch_report_and_hold();
	assert_identity();
	assert_no_capabilities();
	ck_assert_str_eq(report_value("pid"), "1");
	ck_assert_str_eq(report_value("names"), "vm (none)");
	ck_assert_str_eq(report_value("umask"), "077");
	ck_assert_int_eq(report_count("fd"), 4);
	ck_assert_uint_eq(launch.missing, 0);
	ck_assert_int_eq(launch_wait(), 0);
}
END_TEST

START_TEST(test_namespaces)
{
	static const char *const names[] = { "user", "mnt", "pid", "net", "ipc", "uts", "cgroup" };

	if (!has_user_namespaces("namespaces of a user's"))
		return;
	become_user(held[_i]);
	launch_report_and_hold();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[64], ours[64] = "", its[64] = "";

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		ck_assert_int_gt(readlink(path, ours, sizeof(ours) - 1), 0);
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)launch.id.pid, names[i]);
		ck_assert_int_gt(readlink(path, its, sizeof(its) - 1), 0);
		ck_assert_msg(strcmp(ours, its) != 0, "%s", ours);
	}
	ck_assert_int_eq(launch_wait(), 0);
}
END_TEST

START_TEST(test_mounts)
{
	int n = 0;

	if (!has_user_namespaces("mounts of a user's"))
		return;
	become_user(held[_i]);
	launch_report();
	for (const char *line; (line = report_nth("mount", n)); n++) {
		char place[256], options[256];

		ck_assert_int_eq(sscanf(line, "%*d %*d %*s %*s %255s %255s", place, options), 2);
		if (strcmp(place, "/dev/null"))
			ck_assert_msg(!strncmp(options, "ro,nosuid,nodev", 15), "%s %s", place,
				      options);
		ck_assert(n > 0 || !strcmp(place, "/"));
	}
	ck_assert_int_ge(n, 4);
}
END_TEST

START_TEST(test_tries_fail)
{
	static const char *const tries[] = { "open",   "create", "chown",      "chmod",	   "mknod",
					     "mount",  "kill",	 "ptrace",     "tap",	   "port",
					     "raw",    "core",	 "unshare",    "chroot",   "capset",
					     "setuid", "setgid", "securebits", "setgroups" };

	if (!has_user_namespaces("what a user's cannot do"))
		return;
	become_user(held[_i]);
	plan.layers &= ~(LAYER_BIT(LAYER_SECCOMP) | LAYER_BIT(LAYER_LANDLOCK));
	strv_push(&plan_argv, "report");
	strv_push(&plan_argv, jail_folder);
	launch_plan_run();
	report_read_all();
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
		char key[32];

		snprintf(key, sizeof(key), "try.%s", tries[i]);
		ck_assert_str_ne(report_value(key), "");
		ck_assert_msg(strcmp(report_value(key), "done") != 0, "%s", key);
	}
	ck_assert_int_eq(launch_wait(), 0);
}
END_TEST

/* By descriptors alone: the folder above is closed to all but root, and its name is only a hint. */
START_TEST(test_files)
{
	int fd = open_in_folder("file", O_RDWR | O_TRUNC);

	if (!has_user_namespaces("files of a user's"))
		return;
	ck_assert_int_eq(write(fd, "old", 3), 3);
	ck_assert_int_eq(fchown(fd, OURS, GROUP), 0);
	plan.files[plan.n_files++] = (struct launch_file){ fd, "/boot/kernel", _i };
	become_user(held[1]);
	strv_push(&plan_argv, "look");
	strv_push(&plan_argv, "/boot/kernel");
	launch_plan_run();
	report_read_all();
	ck_assert_str_eq(report_value("read /boot/kernel"), "old");
	ck_assert_str_eq(report_value("write /boot/kernel"), _i ? "done" : strerror(EROFS));
	ck_assert_int_eq(launch_wait(), 0);
	close(fd);
}
END_TEST

static void assert_fails(int code, const char *text)
{
	int r = launch_start(&plan, &launch, &err);

	if (r == 0)
		r = launch_go(&launch, &err);
	ck_assert_msg(r == -code, "%s: %s", strerror(-r), err.message);
	ck_assert_msg(strstr(err.message, text), "%s", err.message);
	ck_assert_int_eq(launch.pid_fd, -1);
	launch = (struct launch)LAUNCH_INIT;
}

/* Gone by then, or hidden by another. */
START_TEST(test_file_replaced)
{
	int fd = open_in_folder("file", O_RDWR), other = open_in_folder("other", O_RDWR);
	char path[PATH_MAX], other_path[PATH_MAX];

	if (!has_user_namespaces("a user's file that was replaced"))
		return;
	snprintf(path, sizeof(path), "%s/file", jail_folder);
	snprintf(other_path, sizeof(other_path), "%s/other", jail_folder);
	if (_i) {
		ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
		ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
		ck_assert_int_eq(mount(other_path, path, NULL, MS_BIND, NULL), 0);
		mounts_note();
	} else {
		ck_assert_int_eq(rename(other_path, path), 0);
	}
	plan.files[plan.n_files++] = (struct launch_file){ fd, "/boot/kernel", false };
	become_user(held[1]);
	assert_fails(_i ? ESTALE : ENOENT, "build a root of its own: '/boot/kernel'");
	close(fd);
	close(other);
}
END_TEST

/* Without the layers that need a user namespace none is made, and the rest is as ever. */
START_TEST(test_without_namespaces)
{
	become_user(held[_i]);
	plan.layers = LAYER_BIT(LAYER_KEYRING) | LAYER_BIT(LAYER_LANDLOCK) |
		      LAYER_BIT(LAYER_SECCOMP);
	launch_report();
	assert_identity();
	ck_assert_str_eq(report_value("status.CapPrm"), "0000000000000000");
	ck_assert_str_eq(report_value("status.CapEff"), "0000000000000000");
	ck_assert_str_eq(report_value("status.CapAmb"), "0000000000000000");
	ck_assert_str_eq(report_value("status.NoNewPrivs"), "1");
	ck_assert_str_eq(report_value("status.Seccomp"), "2");
}
END_TEST

START_TEST(test_refuses_other_modes)
{
	plan.mode = LAUNCH_AS_USER;
	assert_fails(EINVAL, "as root");
	become_user(held[1]);
	plan.mode = LAUNCH_AS_ROOT;
	assert_fails(EPERM, "start 'probe': ");
}
END_TEST

/* Whoever runs the tests may have another one than 0: systemd gives its users' services 100. */
static void have_no_oom_score(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(write(fd, "0", 1), 1);
	close(fd);
}

/*
 * The score of its own OOM death it may raise, not lower; the number of processes is not its own.
 */
START_TEST(test_limits)
{
	if (!has_user_namespaces("limits of a user's"))
		return;
	have_no_oom_score();
	become_user(held[1]);
	plan.oom_score_adj = _i ? -500 : 300;
	plan.limits.processes = 3;
	launch_report();
	ck_assert_str_ne(report_value("limit.nproc"), "3 3");
	ck_assert_str_eq(report_value("oom"), _i ? "0" : "300");
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("launch by a user");
	TCase *tcase = jail_case("user");

	(void)argc;
	tcase_add_loop_test(tcase, test_end_state, 0, ARRAY_SIZE(held));
	tcase_add_loop_test(tcase, test_namespaces, 0, ARRAY_SIZE(held));
	tcase_add_loop_test(tcase, test_mounts, 0, ARRAY_SIZE(held));
	tcase_add_loop_test(tcase, test_tries_fail, 0, ARRAY_SIZE(held));
	tcase_add_loop_test(tcase, test_files, 0, 2);
	tcase_add_loop_test(tcase, test_file_replaced, 0, 2);
	tcase_add_loop_test(tcase, test_without_namespaces, 0, ARRAY_SIZE(held));
	tcase_add_test(tcase, test_refuses_other_modes);
	tcase_add_loop_test(tcase, test_limits, 0, 2);
	suite_add_tcase(suite, tcase);
	return jail_main(suite, argv);
}
