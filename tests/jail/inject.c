/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call of a launch refused, or granted and not made. */
#include "inject.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/process.h"

/* The program is linked with ld's --wrap=NAME for each WRAP(..., NAME, ...) below. */

struct injection injection;
pid_t inject_pid;

static bool injected(const char *call, long argument)
{
	bool in_child = getpid() != inject_pid;

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
WRAP(pid_t, fork, 0, (void), ())
WRAP(int, sigaction, sig, (int sig, const struct sigaction *new, struct sigaction *old),
     (sig, new, old))
WRAP(int, sigprocmask, 0, (int how, const sigset_t *set, sigset_t *old), (how, set, old))
WRAP(int, chdir, 0, (const char *path), (path))
WRAP(int, dup2, to, (int from, int to), (from, to))
WRAP(int, setrlimit, resource, (int resource, const struct rlimit *limit), (resource, limit))
WRAP(int, capng_apply, set, (capng_select_t set), (set))
WRAP(int, getgroups, 0, (int size, gid_t *list), (size, list))
WRAP(int, unshare, flags, (int flags), (flags))
WRAP(int, sethostname, 0, (const char *name, size_t len), (name, len))
WRAP(int, setdomainname, 0, (const char *name, size_t len), (name, len))
WRAP(int, setpriority, 0, (int which, id_t who, int value), (which, who, value))
WRAP(int, sched_setaffinity, 0, (pid_t pid, size_t size, const void *set), (pid, size, set))
WRAP(int, fchdir, 0, (int fd), (fd))
WRAP(int, mkdirat, 0, (int fd, const char *path, mode_t mode), (fd, path, mode))
WRAP(int, mknodat, 0, (int fd, const char *path, mode_t mode, dev_t dev), (fd, path, mode, dev))
WRAP(int, fchownat, 0, (int fd, const char *path, uid_t uid, gid_t gid, int flags),
     (fd, path, uid, gid, flags))
WRAP(ssize_t, write, 0, (int fd, const void *data, size_t len), (fd, data, len))
WRAP(int, pipe2, 0, (int *fds, int flags), (fds, flags))
WRAP(int, dup3, 0, (int from, int to, int flags), (from, to, flags))
WRAP(int, socketpair, 0, (int domain, int type, int protocol, int *pair),
     (domain, type, protocol, pair))

/* Of a namespace's link in /proc, the flag that makes one. */
static long space_of_link(const char *path)
{
	static const struct {
		const char *link;
		long flag;
	} links[] = {
		{ "/proc/self/ns/net", CLONE_NEWNET },
		{ "/proc/self/ns/ipc", CLONE_NEWIPC },
		{ "/proc/self/ns/uts", CLONE_NEWUTS },
		{ "/proc/self/ns/cgroup", CLONE_NEWCGROUP },
	};

	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (!strcmp(path, links[i].link))
			return links[i].flag;
	return 0;
}

WRAP(int, stat, space_of_link(path), (const char *path, struct stat *st), (path, st))

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

/* clone3(2) has its flags in memory: it is known by them. */
static long syscall_argument(long number, long second)
{
	const struct clone_args *args = (const struct clone_args *)second;

	return number == SYS_clone3 && injection.argument != SYS_clone3
		       ? (long)(args->flags & CLONE_SPACES)
		       : number;
}

WRAP_VARIADIC(long, syscall, long, long, syscall_argument(first, second))
