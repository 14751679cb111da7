/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each call of the child refused in turn, or granted and not done: no program may run then. */
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fixture.h"

/* The program is linked with ld's --wrap=NAME for each WRAP(..., NAME, ...) below. */

enum { ANY = -1 };

/* The call, its first (fcntl: second) argument, and what it returns without having been made. */
static struct injection {
	const char *call;
	long argument;
	long result; /* -1 with error in errno */
	int error;
	int where; /* the stage that must stop; LAUNCH_STAGES: launch_start() does */
	const char *text; /* in the message */
} injection;

static pid_t test_pid;

static bool injected(const char *call, long argument)
{
	bool in_child = getpid() != test_pid;

	return injection.call && in_child == (injection.where != LAUNCH_STAGES) &&
	       !strcmp(injection.call, call) &&
	       (injection.argument == ANY || injection.argument == argument);
}

static long outcome(void)
{
	errno = injection.error;
	return injection.result;
}

#define WRAP(type, name, argument, parameters, arguments)                                          \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return injected(#name, (long)(argument)) ? (type)outcome()                         \
							 : __real_##name arguments;                \
	}

WRAP(pid_t, setsid, 0, (void), ())
WRAP(int, sigprocmask, 0, (int how, const sigset_t *set, sigset_t *old), (how, set, old))
WRAP(int, chdir, 0, (const char *path), (path))
WRAP(int, dup2, to, (int from, int to), (from, to))
WRAP(int, setrlimit, resource, (int resource, const struct rlimit *limit), (resource, limit))
WRAP(int, capng_apply, set, (capng_select_t set), (set))
WRAP(int, getgroups, 0, (int size, gid_t *list), (size, list))
WRAP(int, dup3, 0, (int from, int to, int flags), (from, to, flags))
WRAP(int, socketpair, 0, (int domain, int type, int protocol, int *pair),
     (domain, type, protocol, pair))

/* This one words its failures itself. */
int __real_process_identify(pid_t pid, struct process_id *ret, struct error *e);
int __wrap_process_identify(pid_t pid, struct process_id *ret, struct error *e);
int __wrap_process_identify(pid_t pid, struct process_id *ret, struct error *e)
{
	if (injected("process_identify", 0))
		return error_errno(e, injection.error, "identify");
	return __real_process_identify(pid, ret, e);
}

/* The variadic ones: what is not given is garbage here and not looked at there. */
#define WRAP_VARIADIC(type, name, first_type, second_type, argument)                               \
	type __real_##name(first_type first, second_type second, ...);                             \
	type __wrap_##name(first_type first, second_type second, ...);                             \
	type __wrap_##name(first_type first, second_type second, ...)                              \
	{                                                                                          \
		va_list more;                                                                      \
		long a[4];                                                                         \
                                                                                                   \
		va_start(more, second);                                                            \
		for (int i = 0; i < 4; i++)                                                        \
			a[i] = va_arg(more, long);                                                 \
		va_end(more);                                                                      \
		if (injected(#name, (long)(argument)))                                             \
			return (type)outcome();                                                    \
		return __real_##name(first, second, a[0], a[1], a[2], a[3]);                       \
	}

WRAP_VARIADIC(int, prctl, int, long, first)
WRAP_VARIADIC(int, fcntl, int, int, second)
WRAP_VARIADIC(long, syscall, long, long, first)

#define REFUSE(call_, argument_, error_, where_)                                                   \
	{                                                                                          \
		.call = call_, .argument = argument_, .result = -1, .error = error_,               \
		.where = where_, .text = NULL                                                      \
	}
#define PRETEND(call_, argument_, result_, where_, text_)                                          \
	{                                                                                          \
		.call = call_, .argument = argument_, .result = result_, .where = where_,          \
		.text = text_                                                                      \
	}

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
	REFUSE("fcntl", F_DUPFD_CLOEXEC, EMFILE, LAUNCH_DESCRIPTORS),
	REFUSE("syscall", SYS_close_range, ENOSYS, LAUNCH_DESCRIPTORS),
	REFUSE("dup3", ANY, EBUSY, LAUNCH_DESCRIPTORS),
};

/* "capng_apply" is what Debian 12's libcap-ng does: success, and nothing dropped. */
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

static const struct injection refused_to_parent[] = {
	REFUSE("socketpair", ANY, EMFILE, LAUNCH_STAGES),
	REFUSE("syscall", SYS_clone3, EAGAIN, LAUNCH_STAGES),
	REFUSE("process_identify", ANY, ESRCH, LAUNCH_STAGES),
};

/* With groups to be left, a capability to be left in each set, and a proof that nothing ran. */
static void go_with(const struct injection *row)
{
	static const gid_t groups[] = { 4, 5 };

	test_pid = getpid();
	ck_assert_int_eq(setgroups(2, groups), 0);
	plan.limits.file_size = 1 << 20;
	plan_pass(plan.log_fd, 100); /* everything has to be moved out of its way */
	strv_push(&plan_argv, "report");
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

	test_pid = getpid();
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
	test_pid = getpid();
	plan.limits.file_size = 1 << 20;
	plan_pass(plan.log_fd, 100);
	strv_push(&plan_argv, "report");
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
