/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Workers: what state they work in, what comes back, and how they end. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "worker_fixture.h"

/* Loops run twice: without network and with it. */
enum { KINDS = 2, OURS = 750101, OUR_GROUP = 750102 };

/* With capabilities in effect and not dumpable, as a program with file capabilities is. */
static void become_user(unsigned int capabilities)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .permitted = capabilities,
						    .effective = capabilities } };
	static const gid_t groups[] = { OUR_GROUP + 1 };

	ck_assert_int_eq(prctl(PR_SET_KEEPCAPS, 1), 0);
	ck_assert_int_eq(setgroups(1, groups), 0);
	ck_assert_int_eq(setresgid(OUR_GROUP, OUR_GROUP, OUR_GROUP), 0);
	ck_assert_int_eq(setresuid(OURS, OURS, OURS), 0);
	ck_assert_int_eq((int)syscall(SYS_capset, &header, data), 0);
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 0), 0);
	worker.uid = 0;
}

static void assert_no_privileges(void)
{
	static const char *const sets[] = { "CapInh", "CapPrm", "CapEff", "CapAmb" };

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		ck_assert_str_eq(worker_status(sets[i]), "0000000000000000");
	ck_assert_str_eq(worker_status("NoNewPrivs"), "1");
	ck_assert_str_eq(worker_status("Seccomp"), "2");
}

START_TEST(test_state)
{
	static const gid_t groups[] = { 0, OUR_GROUP };
	int gate;

	worker.network = _i;
	ck_assert_int_eq(setgroups(2, groups), 0);
	gate = worker_run_holding();
	assert_no_privileges();
	ck_assert_str_eq(worker_status("CapBnd"), "0000000000000000");
	ck_assert_str_eq(worker_status("Uid"), "700101\t700101\t700101\t700101");
	ck_assert_str_eq(worker_status("Gid"), "700101\t700101\t700101\t700101");
	ck_assert_uint_eq(strspn(worker_status("Groups"), " "), strlen(worker_status("Groups")));
	close(gate);
	suite_assert_ok(worker_end(&worker_process, &err), err);
}
END_TEST

/* In a user namespace, where it can be had, the ids are what they were. */
START_TEST(test_state_of_a_users)
{
	int gate;

	worker.network = _i % KINDS;
	become_user(_i < KINDS ? 0 : 1U << CAP_NET_ADMIN);
	gate = worker_run_holding();
	assert_no_privileges();
	ck_assert_str_eq(worker_status("Uid"), "750101\t750101\t750101\t750101");
	ck_assert_str_eq(worker_status("Gid"), "750102\t750102\t750102\t750102");
	close(gate);
	suite_assert_ok(worker_end(&worker_process, &err), err);
}
END_TEST

static void on_signal(int sig)
{
	(void)sig;
}

/* Of the caller's mask and handlers; those it ignores are of pipes and of file sizes. */
START_TEST(test_signals)
{
	const struct sigaction handler = { .sa_handler = on_signal };
	unsigned long long ignored = 1ULL << (SIGPIPE - 1) | 1ULL << (SIGXFSZ - 1);
	sigset_t all;
	int gate;

	worker.network = _i;
	sigfillset(&all);
	ck_assert_int_eq(sigaction(SIGTERM, &handler, NULL), 0);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, &all, NULL), 0);
	gate = worker_run_holding();
	ck_assert_str_eq(worker_status("SigBlk"), "0000000000000000");
	ck_assert_str_eq(worker_status("SigCgt"), "0000000000000000");
	ck_assert_uint_eq(strtoull(worker_status("SigIgn"), NULL, 16), ignored);
	close(gate);
	suite_assert_ok(worker_end(&worker_process, &err), err);
}
END_TEST

/* The soft and the hard one, of a line of /proc/PID/limits. */
static void assert_limits(const char *name, const char *expected)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/limits", (int)worker_pid());
	AUTO_FCLOSE FILE *file = fopen(path, "re");
	char line[256], soft[32], hard[32];

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, strlen(name)) != 0)
			continue;
		ck_assert_int_eq(sscanf(line + strlen(name), "%31s %31s", soft, hard), 2);
		ck_assert_str_eq(soft, hard);
		if (*expected)
			ck_assert_str_eq(soft, expected);
		else
			ck_assert_str_ne(soft, "unlimited");
		return;
	}
	ck_abort_msg("no limit '%s'", name);
}

START_TEST(test_limits)
{
	int gate;

	worker.network = _i;
	worker.cpu_s = _i ? 4711 : 0;
	gate = worker_run_holding();
	assert_limits("Max file size", "0");
	assert_limits("Max core file size", "1");
	assert_limits("Max processes", _i ? "256" : "1");
	assert_limits("Max address space", "");
	assert_limits("Max cpu time", _i ? "4711" : "3600");
	close(gate);
	suite_assert_ok(worker_end(&worker_process, &err), err);
}
END_TEST

/* What the worker has at that number; "" for nothing. */
static void read_descriptor(int fd, char ret[64])
{
	AUTO_FREE char *path = xasprintf("/proc/%d/fd/%d", (int)worker_pid(), fd);
	ssize_t n = readlink(path, ret, 63);

	ret[n > 0 ? n : 0] = '\0';
}

/* Its output, where its word goes, and the one that is named, with the caller's number. */
START_TEST(test_descriptors)
{
	AUTO_CLOSE int leak = open("/etc/passwd", O_RDONLY);
	AUTO_CLOSE int high = fcntl(leak, F_DUPFD, 900);
	int gate, pipes = 0;
	char link[64];

	ck_assert_int_ge(high, 900);
	worker.network = _i;
	gate = worker_run_holding();
	for (int fd = 0; fd < 1000; fd++) {
		read_descriptor(fd, link);
		if (fd < 3)
			ck_assert_str_eq(link, "/dev/null");
		else if (link[0])
			ck_assert_msg(!strncmp(link, "pipe:", 5), "%d is %s", fd, link);
		pipes += fd > 2 && link[0];
	}
	ck_assert_int_eq(pipes, 3);
	read_descriptor(worker.fds[0], link);
	ck_assert_str_ne(link, "");
	close(gate);
	suite_assert_ok(worker_end(&worker_process, &err), err);
}
END_TEST

/* The pipes go where work finds them all the same. */
START_TEST(test_closed_standard_descriptors)
{
	AUTO_CLOSE int kept = fcntl(1, F_DUPFD_CLOEXEC, 10);
	int gate;

	close(0);
	close(1);
	worker.network = _i;
	gate = worker_run_holding();
	ck_assert_int_ge(worker_process.output_fd, 3);
	close(gate);
	suite_assert_ok(worker_end(&worker_process, &err), err);
	ck_assert_int_eq(open("/dev/null", O_RDONLY), 0);
	ck_assert_int_eq(dup2(kept, 1), 1);
}
END_TEST

START_TEST(test_refuses_descriptors)
{
	AUTO_CLOSE int both = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	const int bad[] = { both, 0, 1000, -1 };
	const int codes[] = { EINVAL, EINVAL, EBADF, EBADF };

	worker.fds = &bad[_i];
	worker.n_fds = 1;
	suite_assert_error(worker_start(&worker, &worker_process, &err), err, codes[_i],
			   ERROR_FAILED);
	ck_assert_msg(!strncmp(err.message, "start the worker 'test': ", 25), "%s", err.message);
	ck_assert_int_eq(worker_process.pid_fd, -1);
}
END_TEST

START_TEST(test_refuses_uids)
{
	static const uid_t bad[] = { 0, (uid_t)-1 };

	worker.uid = bad[_i];
	suite_assert_error(worker_start(&worker, &worker_process, &err), err, EINVAL, ERROR_FAILED);
}
END_TEST

static void read_link(pid_t pid, const char *name, char ret[64])
{
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/%s", (int)pid, name);
	ssize_t n = readlink(path, ret, 63);

	ck_assert_msg(n > 0, "%s: %s", path, strerror(errno));
	ret[n] = '\0';
}

START_TEST(test_network_namespace)
{
	char ours[64], its[64];
	int gate;

	worker.network = _i;
	gate = worker_run_holding();
	read_link(getpid(), "net", ours);
	read_link(worker_pid(), "net", its);
	ck_assert_int_eq(strcmp(ours, its) == 0, _i);
	read_link(getpid(), "user", ours);
	read_link(worker_pid(), "user", its);
	ck_assert_str_eq(ours, its);
	close(gate);
	suite_assert_ok(worker_end(&worker_process, &err), err);
}
END_TEST

static bool has_user_namespaces(void)
{
	char line[16] = "1";
	int fd = open("/proc/sys/user/max_user_namespaces", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, line, sizeof(line) - 1) < 0)
		line[0] = '0';
	fd_close(&fd);
	if (line[0] == '0')
		suite_kernel_lacks("network namespace of a user's worker", "user namespaces");
	return line[0] != '0';
}

/* The one child of pid, by its main thread. */
static pid_t child_of(pid_t pid)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/task/%d/children", (int)pid, (int)pid);
	AUTO_FCLOSE FILE *file = fopen(path, "re");
	int child = 0;

	ck_assert_msg(file && fscanf(file, "%d", &child) == 1, "%s", path);
	return child;
}

/* Looked at by root, as a worker is not dumpable. */
START_TEST(test_network_namespace_of_a_users)
{
	char ours[64], its[64];
	pid_t pid;

	if (!has_user_namespaces())
		return;
	worker.network = _i;
	read_link(getpid(), "net", ours);
	pid = fork();
	if (pid == 0) {
		become_user(0);
		(void)worker_run_holding();
		_exit(raise(SIGSTOP));
	}
	ck_assert_int_eq(waitpid(pid, NULL, WUNTRACED), pid);
	read_link(child_of(pid), "net", its);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(strcmp(ours, its) == 0, _i);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state of workers");
	TCase *tcase = worker_case("worker");

	tcase_add_loop_test(tcase, test_state, 0, KINDS);
	tcase_add_loop_test(tcase, test_state_of_a_users, 0, 2 * KINDS);
	tcase_add_loop_test(tcase, test_signals, 0, KINDS);
	tcase_add_loop_test(tcase, test_limits, 0, KINDS);
	tcase_add_loop_test(tcase, test_descriptors, 0, KINDS);
	tcase_add_loop_test(tcase, test_closed_standard_descriptors, 0, KINDS);
	tcase_add_loop_test(tcase, test_refuses_descriptors, 0, 4);
	tcase_add_loop_test(tcase, test_refuses_uids, 0, 2);
	tcase_add_loop_test(tcase, test_network_namespace, 0, KINDS);
	tcase_add_loop_test(tcase, test_network_namespace_of_a_users, 0, KINDS);
	suite_add_tcase(suite, tcase);
	return worker_main(suite);
}
