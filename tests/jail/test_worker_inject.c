/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each call of a worker's set-up refused in turn, or granted and not done: no work is done then. */
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/prctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "inject.h"
#include "worker_fixture.h"

enum { KINDS = 2, OURS = 750101 };

static const struct injection refused[] = {
	REFUSE("syscall", SYS_close_range, ENOSYS, LAUNCH_DESCRIPTORS),
	REFUSE("sigprocmask", ANY, EINVAL, LAUNCH_SESSION),
	REFUSE("chdir", ANY, EACCES, LAUNCH_SESSION),
	REFUSE("sigaction", SIGPIPE, EINVAL, LAUNCH_SESSION),
	REFUSE("dup2", 0, EMFILE, LAUNCH_STDIO),
	REFUSE("dup2", 1, EBUSY, LAUNCH_STDIO),
	REFUSE("dup2", 2, EIO, LAUNCH_STDIO),
	REFUSE("sigaction", SIGXFSZ, EINVAL, LAUNCH_LIMITS),
	REFUSE("setrlimit", RLIMIT_FSIZE, EPERM, LAUNCH_LIMITS),
	REFUSE("setrlimit", RLIMIT_CORE, EINVAL, LAUNCH_LIMITS),
	REFUSE("setrlimit", RLIMIT_AS, EPERM, LAUNCH_LIMITS),
	REFUSE("setrlimit", RLIMIT_NPROC, EPERM, LAUNCH_LIMITS),
	REFUSE("syscall", SYS_keyctl, EDQUOT, LAUNCH_KEYRING),
	REFUSE("prctl", PR_SET_SECUREBITS, EPERM, LAUNCH_CAPABILITIES),
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
	REFUSE("prctl", PR_SET_DUMPABLE, EINVAL, LAUNCH_NO_NEW_PRIVS),
	REFUSE("prctl", PR_SET_PDEATHSIG, EINVAL, LAUNCH_NO_NEW_PRIVS),
	REFUSE("syscall", SYS_landlock_restrict_self, EPERM, LAUNCH_LANDLOCK),
	REFUSE("syscall", SYS_seccomp, EINVAL, LAUNCH_FILTER),
	REFUSE("syscall", SYS_seccomp, ENOSYS, LAUNCH_FILTER),
};

static const struct injection pretended[] = {
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

static const struct injection refused_to_caller[] = {
	REFUSE("pipe2", ANY, EMFILE, LAUNCH_STAGES),
	REFUSE("fork", ANY, EAGAIN, LAUNCH_STAGES),
	REFUSE("syscall", SYS_pidfd_open, EMFILE, LAUNCH_STAGES),
};

/* What a host may lack, and a worker goes without. */
static const struct {
	const char *call;
	long argument;
	int error;
} lacks[] = {
	{ "syscall", SYS_landlock_create_ruleset, ENOSYS },
	{ "syscall", SYS_landlock_create_ruleset, EOPNOTSUPP },
	{ "syscall", SYS_keyctl, ENOSYS },
	{ "unshare", CLONE_NEWNET, EPERM },
	{ "unshare", CLONE_NEWNET, ENOSPC },
	{ "unshare", CLONE_NEWUSER | CLONE_NEWNET, EPERM },
	{ "unshare", CLONE_NEWUSER | CLONE_NEWNET, EACCES },
	{ "prctl", PR_SET_SECUREBITS, EPERM },
};
enum { LACKS_AS_USER = 5 }; /* from there on */

static int work(void *arg, void *shared, int output_fd, struct error *error)
{
	(void)arg;
	(void)output_fd;
	(void)error;
	memcpy(shared, "done", 5);
	return 0;
}

static void inject(const struct injection *row)
{
	static const gid_t groups[] = { 4, 5 };

	inject_pid = getpid();
	worker.work = work;
	ck_assert_int_eq(setgroups(2, groups), 0);
	injection = *row;
}

/* And a proof that no work was done. */
static void go_with(const struct injection *row)
{
	inject(row);
	suite_assert_ok(worker_start(&worker, &worker_process, &err), err);
	ck_assert_int_lt(worker_finish(), 0);
	injection.call = NULL;
	ck_assert_str_eq(worker_process.shared, "");
	ck_assert_msg(!strncmp(err.message, "confine the worker 'test': ", 27), "%s", err.message);
	ck_assert_msg(strstr(err.message, launch_stage_word((enum launch_stage)row->where)), "%s",
		      err.message);
}

START_TEST(test_refused)
{
	const struct injection *row = &refused[_i / KINDS];

	worker.network = _i % KINDS;
	go_with(row);
	ck_assert_int_eq(err.code, row->error);
	ck_assert_msg(strstr(err.message, strerror(row->error)), "%s", err.message);
}
END_TEST

START_TEST(test_pretended)
{
	worker.network = _i % KINDS;
	go_with(&pretended[_i / KINDS]);
	ck_assert_int_eq(err.code, EPERM);
	ck_assert_msg(strstr(err.message, pretended[_i / KINDS].text), "%s", err.message);
}
END_TEST

/* Of these a worker of one kind has need. */
START_TEST(test_rule_refused)
{
	const struct injection row = REFUSE("syscall", SYS_landlock_add_rule, ENOMEM,
					    LAUNCH_LANDLOCK);

	worker.network = true;
	go_with(&row);
	ck_assert_int_eq(err.code, ENOMEM);
}
END_TEST

START_TEST(test_namespace_pretended)
{
	const struct injection row = PRETEND("unshare", CLONE_NEWNET, 0, LAUNCH_NAMESPACES, NULL);

	go_with(&row);
	ck_assert_msg(strstr(err.message, "'/proc/self/ns/net': the namespace is still"), "%s",
		      err.message);
}
END_TEST

START_TEST(test_refused_to_caller)
{
	inject(&refused_to_caller[_i]);
	ck_assert_int_eq(worker_start(&worker, &worker_process, &err), -injection.error);
	ck_assert_msg(!strncmp(err.message, "start the worker 'test': ", 25), "%s", err.message);
	ck_assert_msg(strstr(err.message, strerror(injection.error)), "%s", err.message);
	injection.call = NULL;
	ck_assert_int_eq(worker_process.pid_fd, -1);
	ck_assert_ptr_null(worker_process.shared);
	ck_assert(!suite_has_children());
}
END_TEST

static void become_user(void)
{
	ck_assert_int_eq(setresgid(OURS, OURS, OURS), 0);
	ck_assert_int_eq(setresuid(OURS, OURS, OURS), 0);
}

START_TEST(test_goes_without)
{
	struct injection row = { lacks[_i / KINDS].call,
				 lacks[_i / KINDS].argument,
				 -1,
				 lacks[_i / KINDS].error,
				 LAUNCH_EXEC,
				 NULL };
	int gate;

	worker.network = _i % KINDS;
	inject(&row);
	if (_i / KINDS >= LACKS_AS_USER)
		become_user();
	gate = worker_run_holding();
	injection.call = NULL;
	ck_assert_str_eq(worker_status("Seccomp"), "2");
	ck_assert_str_eq(worker_status("NoNewPrivs"), "1");
	ck_assert_str_eq(worker_status("CapPrm"), "0000000000000000");
	ck_assert_str_eq(worker_status("CapEff"), "0000000000000000");
	close(gate);
	suite_assert_ok(worker_end(&worker_process, &err), err);
}
END_TEST

/* The same with nothing injected, so that the failures above are the injections'. */
START_TEST(test_nothing_injected)
{
	const struct injection nothing = { .call = NULL };

	worker.network = _i;
	inject(&nothing);
	suite_assert_ok(worker_start(&worker, &worker_process, &err), err);
	suite_assert_ok(worker_finish(), err);
	ck_assert_str_eq(worker_process.shared, "done");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("workers with failures");
	TCase *tcase = worker_case("worker_inject");

	tcase_add_loop_test(tcase, test_nothing_injected, 0, KINDS);
	tcase_add_loop_test(tcase, test_refused, 0, KINDS * ARRAY_SIZE(refused));
	tcase_add_loop_test(tcase, test_pretended, 0, KINDS * ARRAY_SIZE(pretended));
	tcase_add_test(tcase, test_rule_refused);
	tcase_add_test(tcase, test_namespace_pretended);
	tcase_add_loop_test(tcase, test_refused_to_caller, 0, ARRAY_SIZE(refused_to_caller));
	tcase_add_loop_test(tcase, test_goes_without, 0, KINDS * ARRAY_SIZE(lacks));
	suite_add_tcase(suite, tcase);
	return worker_main(suite);
}
