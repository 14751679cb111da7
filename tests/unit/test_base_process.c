/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Process identity: the living, the dead, the undead and those who took their number. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/process.h"
#include "suite.h"

static int fds_before;

static void setup(void)
{
	fds_before = suite_count_fds();
}

static void teardown(void)
{
	ck_assert_int_eq(suite_count_fds(), fds_before);
	ck_assert(!suite_has_children());
}

/* A child that sleeps under the given name until it is killed, or until we are. */
static pid_t spawn(const char *name)
{
	int ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		close(ready[0]);
		close(ready[1]);
		for (;;)
			pause();
	}
	/* end of file: it has its name */
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	return pid;
}

static void reap(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

/* Dead, and left for somebody to wait for. */
static void make_zombie(pid_t pid)
{
	siginfo_t info;

	kill(pid, SIGKILL);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static struct process_id identify(pid_t pid)
{
	struct error err = ERROR_INIT;
	struct process_id id = { 0 };

	suite_assert_ok(process_identify(pid, &id, &err), err);
	ck_assert_int_eq(id.pid, pid);
	return id;
}

/* What a program run by the shell prints. */
static void ask(const char *command, char *answer, int size)
{
	FILE *pipe = popen(command, "re");

	ck_assert_ptr_nonnull(pipe);
	ck_assert_ptr_nonnull(fgets(answer, size, pipe));
	pclose(pipe);
	answer[strcspn(answer, "\n")] = '\0';
}

START_TEST(identity_is_what_others_read)
{
	pid_t pid = spawn("sleeper");
	struct process_id id = identify(pid);
	char command[64], answer[64];

	snprintf(command, sizeof(command), "cut -d ' ' -f 22 /proc/%d/stat", (int)pid);
	ask(command, answer, sizeof(answer));
	ck_assert_uint_eq(id.start_ticks, strtoull(answer, NULL, 10));
	ask("cat /proc/sys/kernel/random/boot_id", answer, sizeof(answer));
	ck_assert_str_eq(id.boot_id, answer);
	ck_assert_int_eq(process_check(&id), PROCESS_ALIVE);
	reap(pid);
}
END_TEST

START_TEST(a_name_does_not_fool_it)
{
	static const char *const names[] = { "plain", ") R 1 2 3", "a b", "((((",
					     "))))",  ") Z 0 0",   "\n)" };
	struct process_id self = identify(getpid());

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		pid_t pid = spawn(names[i]);
		struct process_id id = identify(pid);

		ck_assert_uint_ge(id.start_ticks, self.start_ticks);
		ck_assert_uint_lt(id.start_ticks, self.start_ticks + 3600 * 100);
		ck_assert_int_eq(process_check(&id), PROCESS_ALIVE);
		reap(pid);
	}
}
END_TEST

START_TEST(nobody_has_no_identity)
{
	static const pid_t nobody[] = { 0, -1, -4711, 0x7fffffff };

	for (size_t i = 0; i < ARRAY_SIZE(nobody); i++) {
		struct process_id id = { .pid = 4711 };
		struct error err = ERROR_INIT;

		suite_assert_error(process_identify(nobody[i], &id, &err), err, ESRCH,
				   ERROR_FAILED);
		ck_assert_int_eq(id.pid, 4711);
	}
}
END_TEST

static void check_gone(const struct process_id *id, enum process_state state)
{
	struct process_usage usage = { 1, 1, 1 };

	ck_assert_int_eq(process_check(id), state);
	ck_assert_int_eq(process_open(id), -ESRCH);
	process_usage(id, &usage);
	ck_assert_uint_eq(usage.cpu_ticks + usage.rss_bytes + usage.uptime_s, 0);
}

START_TEST(a_zombie_has_exited)
{
	pid_t pid = spawn("sleeper");
	struct process_id id = identify(pid), other;
	struct error err = ERROR_INIT;

	make_zombie(pid);
	check_gone(&id, PROCESS_EXITED);
	suite_assert_error(process_identify(pid, &other, &err), err, ESRCH, ERROR_FAILED);
	reap(pid);
	check_gone(&id, PROCESS_EXITED);
}
END_TEST

START_TEST(another_start_time_is_another_process)
{
	pid_t pid = spawn("sleeper");
	struct process_id id = identify(pid);

	id.start_ticks++;
	check_gone(&id, PROCESS_REUSED);
	id.start_ticks -= 2;
	check_gone(&id, PROCESS_REUSED);
	reap(pid);
}
END_TEST

START_TEST(another_boot_is_another_world)
{
	struct process_id id = identify(getpid());

	id.boot_id[0] = id.boot_id[0] == '0' ? '1' : '0';
	check_gone(&id, PROCESS_REBOOTED);
	id.boot_id[0] = '\0';
	check_gone(&id, PROCESS_REBOOTED);
	/* not terminated: never read past */
	memset(id.boot_id, 'f', sizeof(id.boot_id));
	check_gone(&id, PROCESS_REBOOTED);
}
END_TEST

START_TEST(an_empty_record_is_nobody)
{
	struct process_id id = { 0 };

	check_gone(&id, PROCESS_EXITED);
	id = identify(getpid());
	id.pid = -1;
	check_gone(&id, PROCESS_EXITED);
}
END_TEST

/* A child with the pid of our choice, clone3(2). -1 and errno when the kernel says no. */
static pid_t spawn_as(pid_t pid)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&pid,
		.set_tid_size = 1,
	};
	long r = syscall(SYS_clone3, &args, sizeof(args));

	if (r == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return (pid_t)r;
}

static pid_t free_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

static bool can_choose_pid(void)
{
	pid_t pid = spawn_as(free_pid());

	if (pid < 0)
		return false;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return true;
}

START_TEST(a_pid_taken_again_is_noticed)
{
	pid_t pid = spawn("sleeper");
	struct process_id id = identify(pid), next;

	reap(pid);
	/* start times are told apart by the tick, 10 ms */
	usleep(50 * 1000);
	ck_assert_int_eq(spawn_as(pid), pid);
	check_gone(&id, PROCESS_REUSED);
	next = identify(pid);
	ck_assert_int_eq(process_check(&next), PROCESS_ALIVE);
	reap(pid);
}
END_TEST

START_TEST(open_names_the_process)
{
	pid_t pid = spawn("sleeper");
	struct process_id id = identify(pid);
	AUTO_CLOSE int fd = process_open(&id);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(process_wait(fd, 0), -ETIMEDOUT);
	ck_assert_int_eq(process_wait(fd, 20), -ETIMEDOUT);
	ck_assert_int_eq(process_signal(fd, SIGKILL), 0);
	ck_assert_int_eq(process_wait(fd, -1), 0);
	ck_assert_int_eq(process_wait(fd, 0), 0);
	reap(pid);
	ck_assert_int_eq(process_signal(fd, SIGKILL), -ESRCH);
}
END_TEST

START_TEST(reap_takes_the_status)
{
	pid_t pid = spawn("sleeper");
	struct process_id id = identify(pid);
	AUTO_CLOSE int fd = process_open(&id);
	siginfo_t info;

	ck_assert_int_eq(process_signal(fd, SIGUSR1), 0);
	ck_assert_int_eq(process_reap(fd, &info), 0);
	ck_assert_int_eq(info.si_pid, pid);
	ck_assert_int_eq(info.si_code, CLD_KILLED);
	ck_assert_int_eq(info.si_status, SIGUSR1);
	ck_assert_int_eq(process_reap(fd, &info), -ECHILD);
	ck_assert_int_eq(info.si_status, SIGUSR1);
	ck_assert_int_lt(process_reap(-1, &info), 0);
	ck_assert_int_eq(process_signal(-1, SIGUSR1), -EBADF);
}
END_TEST

START_TEST(wait_refuses_what_is_no_descriptor)
{
	ck_assert_int_eq(process_wait(100000, 1000), -EBADF);
}
END_TEST

static void on_alarm(int signal_number)
{
	(void)signal_number;
}

START_TEST(wait_survives_signals)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval often = { .it_interval.tv_usec = 500, .it_value.tv_usec = 500 };
	struct itimerval never = { .it_value.tv_usec = 0 };
	struct process_id id = identify(getpid());
	AUTO_CLOSE int fd = process_open(&id);
	int64_t before = clock_ms();

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	ck_assert_int_eq(process_wait(fd, 50), -ETIMEDOUT);
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_DFL);
	ck_assert_int_ge(clock_ms() - before, 50);
}
END_TEST

static uint64_t in_ticks(struct timeval time)
{
	uint64_t us = (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;

	return us * (uint64_t)sysconf(_SC_CLK_TCK) / 1000000;
}

/* Both kinds are used up to more than what rounding makes of none. */
static void use_time(struct rusage *usage)
{
	volatile unsigned int counter = 0;

	do {
		for (int i = 0; i < 10000; i++)
			counter = counter + 1;
		getrusage(RUSAGE_SELF, usage);
		if (in_ticks(usage->ru_stime) < 5)
			close(open("/proc/self/maps", O_RDONLY | O_CLOEXEC));
	} while (in_ticks(usage->ru_utime) < 5 || in_ticks(usage->ru_stime) < 5);
}

START_TEST(usage_is_what_others_count)
{
	struct process_id id = identify(getpid());
	struct rusage before, after;
	struct process_usage usage;

	use_time(&before);
	process_usage(&id, &usage);
	getrusage(RUSAGE_SELF, &after);
	ck_assert_uint_ge(usage.cpu_ticks, in_ticks(before.ru_utime) + in_ticks(before.ru_stime));
	ck_assert_uint_le(usage.cpu_ticks, in_ticks(after.ru_utime) + in_ticks(after.ru_stime));
	ck_assert_uint_gt(usage.rss_bytes, 64 * 1024);
	ck_assert_uint_lt(usage.uptime_s, 3600);
}
END_TEST

/* In the shell's arithmetic: field 20 behind the name is the start, /proc/uptime is now. */
static int64_t uptime_of_init(void)
{
	char command[160], answer[64];

	snprintf(command, sizeof(command),
		 "start=$(sed 's/.*) //' /proc/1/stat | cut -d ' ' -f 20); "
		 "read -r now idle </proc/uptime; echo $((${now%%.*} - start / %ld))",
		 sysconf(_SC_CLK_TCK));
	ask(command, answer, sizeof(answer));
	return strtoll(answer, NULL, 10);
}

/* Seconds pass between the answers, however many: ours is between those before and after it. */
START_TEST(uptime_of_an_old_process)
{
	struct process_id id = identify(1);
	int64_t before = uptime_of_init();
	struct process_usage usage;

	process_usage(&id, &usage);
	ck_assert_int_ge((int64_t)usage.uptime_s, before - 1);
	ck_assert_int_le((int64_t)usage.uptime_s, uptime_of_init() + 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/process");
	TCase *tc = tcase_create("process");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, identity_is_what_others_read);
	tcase_add_test(tc, a_name_does_not_fool_it);
	tcase_add_test(tc, nobody_has_no_identity);
	tcase_add_test(tc, a_zombie_has_exited);
	tcase_add_test(tc, another_start_time_is_another_process);
	tcase_add_test(tc, another_boot_is_another_world);
	tcase_add_test(tc, an_empty_record_is_nobody);
	if (can_choose_pid() ||
	    !suite_leave_out("a_pid_taken_again_is_noticed", "not allowed to choose a pid"))
		tcase_add_test(tc, a_pid_taken_again_is_noticed);
	tcase_add_test(tc, open_names_the_process);
	tcase_add_test(tc, reap_takes_the_status);
	tcase_add_test(tc, wait_refuses_what_is_no_descriptor);
	tcase_add_test(tc, wait_survives_signals);
	tcase_add_test(tc, usage_is_what_others_count);
	tcase_add_test(tc, uptime_of_an_old_process);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
