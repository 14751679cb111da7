/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a launched program is, has and can do. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "fixture.h"

static void assert_ids(void)
{
	ck_assert_str_eq(report_value("status.Uid"), "700001 700001 700001 700001");
	ck_assert_str_eq(report_value("status.Gid"), "700002 700002 700002 700002");
	ck_assert_str_eq(report_value("status.Groups"), "");
}

static void assert_no_capabilities(void)
{
	static const char *const sets[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" };

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		char key[32];

		snprintf(key, sizeof(key), "status.%s", sets[i]);
		ck_assert_str_eq(report_value(key), "0000000000000000");
	}
	ck_assert_str_eq(report_value("capget"),
			 "0000000000000000 0000000000000000 0000000000000000");
	ck_assert_int_eq(report_count("bounding"), 0);
}

START_TEST(test_identity_and_capabilities)
{
	static const gid_t groups[] = { 4, 5, 6 };

	ck_assert_int_eq(setgroups(3, groups), 0);
	launch_report();
	assert_ids();
	assert_no_capabilities();
	ck_assert_str_eq(report_value("securebits"), "0xef");
	ck_assert_str_eq(report_value("status.NoNewPrivs"), "1");
	ck_assert_str_eq(report_value("no_new_privs"), "1");
}
END_TEST

START_TEST(test_surroundings)
{
	strv_push(&plan_environment, "A=b c");
	launch_report();
	ck_assert_str_eq(report_value("umask"), "077");
	ck_assert_str_eq(report_value("cwd"), "/");
	ck_assert_str_eq(report_value("leader"), "1");
	ck_assert_str_eq(report_value("status.SigBlk"), "0000000000000000");
	ck_assert_str_eq(report_value("status.SigIgn"), "0000000000000000");
	ck_assert(report_line("arg 0 probe"));
	ck_assert(report_line("arg 1 report"));
	ck_assert_int_eq(report_count("arg"), 2);
	ck_assert(report_line("env LANG=C"));
	ck_assert(report_line("env A=b c"));
	ck_assert_int_eq(report_count("env"), 2);
}
END_TEST

START_TEST(test_empty_environment)
{
	strv_clear(&plan_environment);
	launch_report();
	ck_assert_int_eq(report_count("env"), 0);
}
END_TEST

START_TEST(test_descriptors)
{
	char expected[256];

	launch_report();
	ck_assert_int_eq(report_count("fd"), 4);
	ck_assert(report_line("fd 0 /dev/null"));
	snprintf(expected, sizeof(expected), "fd 1 %s/log", jail_folder);
	ck_assert(report_line(expected));
	snprintf(expected, sizeof(expected), "fd 2 %s/log", jail_folder);
	ck_assert(report_line(expected));
	ck_assert_ptr_nonnull(strstr(report_value("fd 3"), "socket:"));
}
END_TEST

START_TEST(test_limits)
{
	launch_report();
	ck_assert(report_line("limit.core 1 1") || report_line("limit.core 0 0"));
}
END_TEST

START_TEST(test_log_gets_output)
{
	struct error error = ERROR_INIT;
	struct buf log = BUF_INIT;
	char path[256];

	strv_push(&plan_argv, "print");
	launch_plan_run();
	ck_assert_int_eq(launch_wait(), 0);
	snprintf(path, sizeof(path), "%s/log", jail_folder);
	ck_assert_int_eq(file_read_path(path, 4096, &log, &error), 0);
	ck_assert_str_eq(buf_str(&log), "in 0\nerr\n");
	buf_done(&log);
}
END_TEST

/* All but "enter": the folder is there for all to enter. */
static const char *const tries[] = {
	"open",	      "create",	 "chown",  "chmod",	"mknod",  "mount",
	"kill",	      "tap",	 "port",   "raw",	"capset", "chroot",
	"securebits", "unshare", "setgid", "setgroups", "setuid",
};

/* Of rights, or because there is nothing to be had. */
static bool is_refusal(const char *value)
{
	static const int codes[] = { EPERM, EACCES, EROFS, ENOENT, ESRCH };

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (!strcmp(value, strerror(codes[i])))
			return true;
	return false;
}

START_TEST(test_tries_fail)
{
	strv_push(&plan_argv, "report");
	strv_push(&plan_argv, jail_folder);
	launch_plan_run();
	report_read_all();
	ck_assert_int_eq(launch_wait(), 0);
	ck_assert_str_eq(report_value("try.enter"), "done");
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
		char key[32];
		const char *value;

		snprintf(key, sizeof(key), "try.%s", tries[i]);
		value = report_value(key);
		ck_assert_msg(is_refusal(value), "%s: '%s'", key, value);
	}
	ck_assert(is_refusal(report_value("try.ptrace")));
	ck_assert_str_eq(report_value("try.core"), strerror(EPERM));
}
END_TEST

static void control_child(int fd)
{
	if (dup2(fd, REPORT_TARGET) < 0 || unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		_exit(1);
	execl(plan.program, "probe", "report", jail_folder, NULL);
	_exit(1);
}

/* The tries above prove something only if root's succeed. */
START_TEST(test_tries_bite)
{
	static const char *const ours[] = { "open",  "create", "chown",	 "chmod",  "mknod",
					    "mount", "kill",   "port",	 "chroot", "raw",
					    "tap",   "capset", "setgid", "setuid", "setgroups" };
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		control_child(plan.fds[0].source);
	ck_assert_int_gt(pid, 0);
	report_read_all();
	report_release();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		char key[32];

		snprintf(key, sizeof(key), "try.%s", ours[i]);
		ck_assert_msg(!strcmp(report_value(key), "done"), "%s: '%s'", key,
			      report_value(key));
	}
}
END_TEST

START_TEST(test_setuid_program_gains_nothing)
{
	plan_program("probe-suid");
	launch_report();
	assert_ids();
	assert_no_capabilities();
}
END_TEST

START_TEST(test_all_limits)
{
	plan.limits = (struct launch_limits){ .file_size = 1 << 20,
					      .address_space = (uint64_t)1 << 36,
					      .cpu_s = 77,
					      .processes = 55 };
	launch_report();
	ck_assert_str_eq(report_value("limit.fsize"), "1048576 1048576");
	ck_assert_str_eq(report_value("limit.as"), "68719476736 68719476736");
	ck_assert_str_eq(report_value("limit.cpu"), "77 77");
	ck_assert_str_eq(report_value("limit.nproc"), "55 55");
}
END_TEST

/* Nobody's limit is raised by a launch. */
START_TEST(test_lower_limits_stay)
{
	const struct rlimit lower = { 33, 44 };

	ck_assert_int_eq(setrlimit(RLIMIT_CPU, &lower), 0);
	plan.limits.cpu_s = 55;
	launch_report();
	ck_assert_str_eq(report_value("limit.cpu"), "44 44");
}
END_TEST

/* Another CPU than the caller's first, where there are two. */
START_TEST(test_scheduling)
{
	cpu_set_t ours, wanted;
	int cpu = 0;
	char expected[16];

	ck_assert_int_eq(sched_getaffinity(0, sizeof(ours), &ours), 0);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &ours))
			cpu = i;
	CPU_ZERO(&wanted);
	CPU_SET(cpu, &wanted);
	plan.cpus = &wanted;
	plan.cpus_size = sizeof(wanted);
	plan.nice = 7;
	plan.oom_score_adj = 123;
	launch_report_and_hold();
	snprintf(expected, sizeof(expected), "%d", cpu);
	ck_assert_str_eq(report_value("status.Cpus_allowed_list"), expected);
	ck_assert_str_eq(report_value("oom"), "123");
	ck_assert_int_eq(getpriority(PRIO_PROCESS, (id_t)launch.id.pid), 7);
	ck_assert_int_eq(launch_wait(), 0);
}
END_TEST

/* The kernel takes those that there are, and says nothing. */
START_TEST(test_cpus_that_cannot_be_had)
{
	cpu_set_t *wanted = CPU_ALLOC(8192);
	size_t size = CPU_ALLOC_SIZE(8192);

	ck_assert_ptr_nonnull(wanted);
	CPU_ZERO_S(size, wanted);
	CPU_SET_S(0, size, wanted);
	CPU_SET_S(8191, size, wanted);
	plan.cpus = wanted;
	plan.cpus_size = size;
	strv_push(&plan_argv, "report");
	suite_assert_ok(launch_start(&plan, &launch, &err), err);
	ck_assert_int_lt(launch_go(&launch, &err), 0);
	ck_assert_int_eq(err.kind, ERROR_HOST);
	ck_assert_ptr_nonnull(strstr(err.message, "'cpu_pin': the cpuset"));
	report_read_all();
	ck_assert_int_eq(report_count("status.Uid"), 0);
	CPU_FREE(wanted);
}
END_TEST

/* 0 is no wish. */
START_TEST(test_scheduling_of_the_caller)
{
	ck_assert_int_eq(setpriority(PRIO_PROCESS, 0, 5), 0);
	launch_report_and_hold();
	ck_assert_int_eq(getpriority(PRIO_PROCESS, (id_t)launch.id.pid), 5);
	ck_assert_int_eq(launch_wait(), 0);
}
END_TEST

START_TEST(test_file_size_limit)
{
	int fd = open_in_folder("disk", O_RDWR | O_TRUNC);

	plan.limits.file_size = 4096;
	plan_pass(fd, 4);
	strv_push(&plan_argv, "write");
	strv_push(&plan_argv, _i ? "4096" : "4095");
	launch_plan_run();
	report_read_all();
	ck_assert_int_eq(launch_wait(), 0);
	ck_assert_str_eq(report_value("write"), _i ? strerror(EFBIG) : "done");
	close(fd);
}
END_TEST

START_TEST(test_file_size_signal)
{
	plan.limits.file_size = 1 << 20;
	launch_report();
	ck_assert_str_eq(report_value("limit.fsize"), "1048576 1048576");
	ck_assert_str_eq(report_value("status.SigIgn"), "0000000001000000"); /* SIGXFSZ is 25 */
}
END_TEST

static TCase *case_end_state(void)
{
	TCase *tcase = jail_case("end state");

	tcase_add_test(tcase, test_identity_and_capabilities);
	tcase_add_test(tcase, test_surroundings);
	tcase_add_test(tcase, test_empty_environment);
	tcase_add_test(tcase, test_descriptors);
	tcase_add_test(tcase, test_limits);
	tcase_add_test(tcase, test_log_gets_output);
	tcase_add_test(tcase, test_tries_fail);
	tcase_add_test(tcase, test_tries_bite);
	tcase_add_test(tcase, test_setuid_program_gains_nothing);
	tcase_add_test(tcase, test_all_limits);
	tcase_add_test(tcase, test_lower_limits_stay);
	tcase_add_test(tcase, test_scheduling);
	tcase_add_test(tcase, test_cpus_that_cannot_be_had);
	tcase_add_test(tcase, test_scheduling_of_the_caller);
	tcase_add_loop_test(tcase, test_file_size_limit, 0, 2);
	tcase_add_test(tcase, test_file_size_signal);
	return tcase;
}

int main(int argc, char **argv)
{
	Suite *suite = suite_create("end state");

	(void)argc;
	suite_add_tcase(suite, case_end_state());
	return jail_main(suite, argv);
}
