/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Launches by a caller in disorder: descriptors, signals, limits, environment. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fixture.h"

/* "fd N FOLDER/NAME", and not close-on-exec. */
static void assert_fd_is(int fd, const char *name)
{
	char line[256];

	snprintf(line, sizeof(line), "fd %d %s/%s", fd, jail_folder, name);
	ck_assert_msg(report_line(line), "%s", line);
}

static void assert_stdio(void)
{
	ck_assert(report_line("fd 0 /dev/null"));
	assert_fd_is(1, "log");
	assert_fd_is(2, "log");
}

/* The lowest number that nothing is open on, which the next one gets. */
static int free_descriptor(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

START_TEST(test_leaked_descriptors)
{
	int leaked[20];

	for (size_t i = 0; i < ARRAY_SIZE(leaked); i++) {
		leaked[i] = open("/etc/passwd", O_RDONLY);
		ck_assert_int_ge(leaked[i], 0);
	}
	ck_assert_int_eq(dup2(plan.log_fd, 200), 200);
	ck_assert_int_eq(dup2(plan.log_fd, 1000), 1000);
	launch_report();
	ck_assert_int_eq(report_count("fd"), 4);
	assert_stdio();
	for (size_t i = 0; i < ARRAY_SIZE(leaked); i++)
		close(leaked[i]);
	close(200);
	close(1000);
}
END_TEST

/* The child that waits must not hold them, either: a lock or a pipe of the caller's among them. */
START_TEST(test_waiting_child_holds_nothing)
{
	int fds[2];
	char byte;

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(launch_start(&plan, &launch, &err), 0);
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &byte, 1),
			 0); /* returns once the child has closed its copy */
	close(fds[0]);
	launch_abort(&launch);
}
END_TEST

/* Each of the eight ways to have standard descriptors closed. */
START_TEST(test_closed_stdio)
{
	for (int fd = 0; fd < 3; fd++)
		if (_i & 1 << fd)
			close(fd);
	launch_report();
	ck_assert_int_eq(report_count("fd"), 4);
	assert_stdio();
	for (int fd = 0; fd < 3; fd++)
		ck_assert_int_eq(fcntl(fd, F_GETFD) < 0, _i >> fd & 1);
	for (int fd = 0; fd < 3; fd++) /* for the teardown's count */
		if (_i & 1 << fd)
			ck_assert_int_eq(dup2(plan.log_fd, fd), fd);
}
END_TEST

/* What the caller prints must not end up in the child's connection, either. */
START_TEST(test_closed_stdio_stays_free)
{
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	ck_assert_int_eq(launch_start(&plan, &launch, &err), 0);
	ck_assert_int_gt(launch.control_fd, 2);
	ck_assert_int_gt(launch.pid_fd, 2);
	launch_abort(&launch);
	for (int fd = 0; fd < 3; fd++)
		ck_assert_int_eq(dup2(plan.log_fd, fd), fd);
}
END_TEST

/* Disks and the log on 0 to 2, where the program's standard descriptors go. */
START_TEST(test_sources_on_stdio)
{
	int log_fd = plan.log_fd, keep = dup(0);
	int disk = open_in_folder("disk", O_RDWR), seed = open_in_folder("seed", O_RDWR);

	ck_assert_int_eq(dup2(disk, _i), _i);
	ck_assert_int_eq(dup2(log_fd, (_i + 1) % 3), (_i + 1) % 3);
	ck_assert_int_eq(dup2(seed, (_i + 2) % 3), (_i + 2) % 3);
	plan_pass(_i, 4);
	plan_pass((_i + 2) % 3, 5);
	plan.log_fd = (_i + 1) % 3;
	launch_report();
	plan.log_fd = log_fd;
	ck_assert_int_eq(report_count("fd"), 6);
	assert_stdio();
	assert_fd_is(4, "disk");
	assert_fd_is(5, "seed");
	for (int fd = 0; fd < 3; fd++)
		dup2(keep, fd);
	close(keep);
	close(disk);
	close(seed);
}
END_TEST

/* Every target is another's source; two targets share one. */
START_TEST(test_targets_on_sources)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	int fds[4];

	for (int i = 0; i < 4; i++) {
		int fd = open_in_folder(names[i], O_RDWR);

		fds[i] = dup2(fd, 20 + i);
		close(fd);
	}
	for (int i = 0; i < 4; i++)
		plan_pass(fds[i], 20 + (i + 1) % 4);
	plan_pass(fds[0], 24);
	plan_pass(fds[1], 4);
	launch_report();
	ck_assert_int_eq(report_count("fd"), 10);
	assert_stdio();
	for (int i = 0; i < 4; i++)
		assert_fd_is(20 + (i + 1) % 4, names[i]);
	assert_fd_is(24, "a");
	assert_fd_is(4, "b");
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}
END_TEST

/* Close-on-exec or not, on its own number or not: it arrives. */
START_TEST(test_target_is_source)
{
	int fd = open_in_folder("same", O_RDWR);
	int same = _i ? dup2(fd, 30) : fcntl(fd, F_DUPFD_CLOEXEC, 30);

	plan_pass(same, same);
	launch_report();
	ck_assert_int_eq(report_count("fd"), 5);
	assert_fd_is(same, "same");
	close(fd);
	close(same);
}
END_TEST

/* On the numbers that the connection of parent and child is about to get. */
START_TEST(test_targets_on_connection)
{
	int first = free_descriptor();

	for (int i = 0; i < 3; i++)
		plan_pass(plan.log_fd, first + i);
	launch_report();
	ck_assert_int_eq(report_count("fd"), 7);
	for (int i = 0; i < 3; i++)
		assert_fd_is(first + i, "log");
}
END_TEST

START_TEST(test_all_places_taken)
{
	char name[16];
	int fd;

	while (plan.n_fds < LAUNCH_FDS_MAX) {
		snprintf(name, sizeof(name), "n%zu", plan.n_fds);
		plan_pass(open_in_folder(name, O_RDWR), LAUNCH_FDS_MAX + 3 - (int)plan.n_fds);
	}
	launch_report();
	ck_assert_int_eq(report_count("fd"), 3 + LAUNCH_FDS_MAX);
	for (size_t i = 1; i < LAUNCH_FDS_MAX; i++) {
		snprintf(name, sizeof(name), "n%zu", i);
		assert_fd_is(plan.fds[i].target, name);
		fd = plan.fds[i].source;
		fd_close(&fd);
	}
}
END_TEST

START_TEST(test_signals)
{
	sigset_t all, now;

	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGCHLD)
			signal(sig, SIG_IGN);
	sigfillset(&all);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, &all, NULL), 0);
	launch_report();
	ck_assert_str_eq(report_value("status.SigBlk"), "0000000000000000");
	ck_assert_str_eq(report_value("status.SigIgn"), "0000000000000000");
	/* and the caller's are as it had them */
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &now), 0);
	ck_assert_int_eq(sigismember(&now, SIGTERM), 1);
	ck_assert_ptr_eq((void *)signal(SIGTERM, SIG_DFL), (void *)SIG_IGN);
}
END_TEST

static void handle(int sig)
{
	(void)sig;
	_exit(9);
}

/*
 * A handler of the caller's must not run in the child. Without a handler the first process of a
 * pid namespace is not ended by what its ancestors send, but by SIGKILL (pid_namespaces(7)).
 */
START_TEST(test_handlers_do_not_run_in_child)
{
	signal(SIGTERM, handle);
	if (_i)
		plan.layers &= ~LAYER_BIT(LAYER_PID);
	strv_push(&plan_argv, "exit");
	ck_assert_int_eq(launch_start(&plan, &launch, &err), 0);
	ck_assert_int_eq(kill(launch.id.pid, SIGTERM), 0);
	if (_i) {
		ck_assert_int_eq(launch_go(&launch, &err), -ECANCELED);
		ck_assert_msg(strstr(err.message, "killed by signal 15"), "%s", err.message);
	} else {
		ck_assert_msg(launch_go(&launch, &err) == 0, "%s", err.message);
		ck_assert_int_eq(launch_wait(), 0);
	}
}
END_TEST

/* Children are reaped by the kernel then, and a message must come nevertheless. */
START_TEST(test_children_ignored)
{
	signal(SIGCHLD, SIG_IGN);
	plan_program("absent");
	ck_assert_int_eq(launch_start(&plan, &launch, &err), 0);
	ck_assert_int_eq(launch_go(&launch, &err), -ENOENT);
	plan_program("probe");
	ck_assert_int_eq(launch_start(&plan, &launch, &err), 0);
	launch_abort(&launch);
}
END_TEST

static void limit_nofile(rlim_t soft, rlim_t hard)
{
	const struct rlimit limit = { soft, hard };

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(test_few_descriptors_soft)
{
	plan_pass(plan.log_fd, 100);
	limit_nofile((rlim_t)free_descriptor() + 6, 4096);
	launch_report();
	ck_assert_str_eq(report_value("limit.nofile"), "4096 4096");
	assert_fd_is(100, "log");
	limit_nofile(4096, 4096);
}
END_TEST

START_TEST(test_few_descriptors_hard)
{
	rlim_t few = (rlim_t)free_descriptor() + 6;

	plan_pass(plan.log_fd, 100);
	limit_nofile(few, few);
	ck_assert_msg(launch_start(&plan, &launch, &err) == 0, "%s", err.message);
	ck_assert_int_eq(launch_go(&launch, &err), -EMFILE);
	ck_assert_msg(strstr(err.message, launch_stage_word(LAUNCH_DESCRIPTORS)), "%s",
		      err.message);
}
END_TEST

START_TEST(test_no_descriptors)
{
	rlim_t first = (rlim_t)free_descriptor();

	for (rlim_t more = 0; more < 3; more++) {
		limit_nofile(first + more, 4096);
		ck_assert_int_eq(launch_start(&plan, &launch, &err), -EMFILE);
		ck_assert_msg(strstr(err.message, "start 'probe': "), "%s", err.message);
		ck_assert(!suite_has_children());
	}
	limit_nofile(4096, 4096);
}
END_TEST

/* Lowering needs no privilege; a core limit of 0 can be raised to 1 with CAP_SYS_RESOURCE only. */
START_TEST(test_low_hard_limits)
{
	/* with room for what libcheck itself writes */
	const struct rlimit size = { 64 << 20, 64 << 20 }, core = { 0, 0 };

	ck_assert_int_eq(setrlimit(RLIMIT_CORE, &core), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &size), 0);
	plan.limits.file_size = 1 << 20;
	launch_report();
	ck_assert_str_eq(report_value("limit.fsize"), "1048576 1048576");
	ck_assert(report_line("limit.core 1 1") || report_line("limit.core 0 0"));
}
END_TEST

START_TEST(test_environment)
{
	setenv("LD_PRELOAD", "/no/such/library.so", 1);
	setenv("LD_LIBRARY_PATH", "/tmp", 1);
	setenv("QEMU_AUDIO_DRV", "none", 1);
	launch_report();
	ck_assert_int_eq(report_count("env"), 1);
	ck_assert(report_line("env LANG=C"));
	unsetenv("LD_PRELOAD");
}
END_TEST

START_TEST(test_surroundings)
{
	umask(0);
	ck_assert_int_eq(chdir(jail_folder), 0);
	prctl(PR_SET_KEEPCAPS, 1);
	launch_report();
	ck_assert_str_eq(report_value("umask"), "077");
	ck_assert_str_eq(report_value("cwd"), "/");
	ck_assert_str_eq(report_value("securebits"), "0xef");
}
END_TEST

static TCase *case_descriptors(void)
{
	TCase *tcase = jail_case("descriptors");

	tcase_add_test(tcase, test_leaked_descriptors);
	tcase_add_test(tcase, test_waiting_child_holds_nothing);
	tcase_add_loop_test(tcase, test_closed_stdio, 0, 8);
	tcase_add_test(tcase, test_closed_stdio_stays_free);
	tcase_add_loop_test(tcase, test_sources_on_stdio, 0, 3);
	tcase_add_test(tcase, test_targets_on_sources);
	tcase_add_loop_test(tcase, test_target_is_source, 0, 2);
	tcase_add_test(tcase, test_targets_on_connection);
	tcase_add_test(tcase, test_all_places_taken);
	return tcase;
}

static TCase *case_surroundings(void)
{
	TCase *tcase = jail_case("surroundings");

	tcase_add_test(tcase, test_signals);
	tcase_add_loop_test(tcase, test_handlers_do_not_run_in_child, 0, 2);
	tcase_add_test(tcase, test_children_ignored);
	tcase_add_test(tcase, test_few_descriptors_soft);
	tcase_add_test(tcase, test_few_descriptors_hard);
	tcase_add_test(tcase, test_no_descriptors);
	tcase_add_test(tcase, test_low_hard_limits);
	tcase_add_test(tcase, test_environment);
	tcase_add_test(tcase, test_surroundings);
	return tcase;
}

int main(int argc, char **argv)
{
	Suite *suite = suite_create("launch by a hostile caller");

	(void)argc;
	suite_add_tcase(suite, case_descriptors());
	suite_add_tcase(suite, case_surroundings());
	return jail_main(suite, argv);
}
