/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parent's side of a launch: check, fork, the word to go, and what became of it. */
#include "jail/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "child.h"

static const char *const stage_words[LAUNCH_STAGES] = {
	[LAUNCH_SESSION] = "leave the caller's session",
	[LAUNCH_STDIO] = "set up standard input and output",
	[LAUNCH_LIMITS] = "set the resource limits",
	[LAUNCH_KEYRING] = "join a session keyring of its own",
	[LAUNCH_NAMESPACES] = "enter namespaces of its own",
	[LAUNCH_ROOT] = "build a root of its own",
	[LAUNCH_CAPABILITIES] = "drop the capability bounding set",
	[LAUNCH_IDENTITY] = "change user and group",
	[LAUNCH_CLEAR] = "clear the capability sets",
	[LAUNCH_VERIFY] = "verify that privileges are gone",
	[LAUNCH_NO_NEW_PRIVS] = "forbid new privileges",
	[LAUNCH_LANDLOCK] = "restrict itself with Landlock",
	[LAUNCH_DESCRIPTORS] = "lay out the descriptors",
	[LAUNCH_FILTER] = "install the system call filter",
	[LAUNCH_EXEC] = "execute the program",
};

static const char *const leftover_words[LEFTOVERS] = {
	[LEFTOVER_NONE] = "nothing is left",
	[LEFTOVER_CAPABILITIES] = "a capability is left",
	[LEFTOVER_BOUNDING] = "the bounding set is not empty",
	[LEFTOVER_AMBIENT] = "the ambient set is not empty",
	[LEFTOVER_IDENTITY] = "user or group are not those asked for",
	[LEFTOVER_GROUPS] = "supplementary groups are left",
	[LEFTOVER_SECUREBITS] = "the securebits are not those set",
	[LEFTOVER_WAY_BACK] = "user or group 0 can be taken again",
	[LEFTOVER_PRIVS] = "no_new_privs is not set",
};

enum launch_mode launch_mode(void)
{
	return geteuid() == 0 ? LAUNCH_AS_ROOT : LAUNCH_AS_USER;
}

const char *launch_stage_word(enum launch_stage stage)
{
	return (unsigned int)stage < LAUNCH_STAGES ? stage_words[stage] : "leave the known stages";
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int check_open(int fd, const char *what, struct error *err)
{
	if (fcntl(fd, F_GETFD) < 0)
		return error_errno(err, errno, "pass %s %d on", what, fd);
	return 0;
}

static int check_fds(const struct launch_plan *plan, struct error *err)
{
	if (plan->n_fds > LAUNCH_FDS_MAX)
		return error_set(err, ERROR_FAILED, EINVAL, "pass %zu descriptors on: at most %d",
				 plan->n_fds, LAUNCH_FDS_MAX);
	for (size_t i = 0; i < plan->n_fds; i++) {
		int target = plan->fds[i].target;
		int r = check_open(plan->fds[i].source, "descriptor", err);

		if (r < 0)
			return r;
		if (target < 3)
			return error_set(err, ERROR_FAILED, EINVAL,
					 "pass a descriptor on as %d: 0 to 2 are taken", target);
		for (size_t j = 0; j < i; j++)
			if (plan->fds[j].target == target)
				return error_set(err, ERROR_FAILED, EINVAL,
						 "pass two descriptors on as %d", target);
	}
	return check_open(plan->log_fd, "log descriptor", err);
}

/* An id of -1 would mean "leave as it is" to setresuid(2). */
static int check_plan(const struct launch_plan *plan, struct error *err)
{
	if (!plan->program || plan->program[0] != '/')
		return error_set(err, ERROR_FAILED, EINVAL, "execute '%s': not an absolute path",
				 plan->program ? plan->program : "");
	if (!plan->argv || !plan->argv->n || !plan->environment)
		return error_set(err, ERROR_FAILED, EINVAL, "execute '%s': no arguments",
				 plan->program);
	if (plan->uid == 0 || plan->gid == 0 || plan->uid == (uid_t)-1 || plan->gid == (gid_t)-1)
		return error_set(err, ERROR_FAILED, EINVAL,
				 "execute '%s' as user %lld, group %lld: not an id of its own",
				 plan->program, (long long)(int32_t)plan->uid,
				 (long long)(int32_t)plan->gid);
	return check_fds(plan, err);
}

/* Off the standard descriptors, which a caller may have closed and the child fills. */
static int move_off_stdio(int *fd)
{
	int moved;

	if (*fd > 2)
		return 0;
	moved = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	if (moved < 0)
		return -errno;
	fd_close(fd);
	*fd = moved;
	return 0;
}

/* A socket pair and no pipes: sending to a child that has died must be EPIPE, not SIGPIPE. */
static int control_open(int *ret_ours, int *ret_childs)
{
	AUTO_CLOSE int ours = -1;
	AUTO_CLOSE int childs = -1;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	ours = pair[0];
	childs = pair[1];
	r = move_off_stdio(&ours);
	if (r == 0)
		r = move_off_stdio(&childs);
	if (r < 0)
		return r;
	*ret_ours = fd_steal(&ours);
	*ret_childs = fd_steal(&childs);
	return 0;
}

static int compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

static void child_prepare(struct child *child, const struct launch_plan *plan, int control_fd)
{
	child->plan = plan;
	child->control_fd = control_fd;
	child->log_fd = plan->log_fd;
	child->n_keep = 0;
	child->keep[child->n_keep++] = control_fd;
	child->keep[child->n_keep++] = plan->log_fd;
	for (size_t i = 0; i < plan->n_fds; i++) {
		child->source[i] = plan->fds[i].source;
		child->keep[child->n_keep++] = plan->fds[i].source;
	}
	qsort(child->keep, child->n_keep, sizeof(child->keep[0]), compare_ints);
}

/* With all signals blocked, so that no handler of the caller's ever runs in the child. */
static pid_t fork_child(struct child *child)
{
	sigset_t all, before;
	pid_t pid;
	int code;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	code = errno;
	if (pid == 0)
		child_run(child);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = code;
	return pid;
}

/* The pid is ours until we reap it, so that opening it after the fork is no race. */
static int identify(pid_t pid, struct launch *launch, struct error *err)
{
	int r;

	launch->pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (launch->pid_fd < 0) {
		int code = errno;

		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return error_errno(err, code, "open the process %d", (int)pid);
	}
	r = move_off_stdio(&launch->pid_fd);
	if (r < 0)
		return error_errno(err, -r, "open the process %d", (int)pid);
	return process_identify(pid, &launch->id, err);
}

static int start(const struct launch_plan *plan, struct launch *ret, struct error *err)
{
	AUTO(launch_abort) struct launch launch = LAUNCH_INIT;
	AUTO_CLOSE int childs = -1;
	struct child child;
	int r = check_plan(plan, err);
	pid_t pid;

	if (r < 0)
		return r;
	r = control_open(&launch.control_fd, &childs);
	if (r < 0)
		return error_errno(err, -r, "connect to the child");
	child_prepare(&child, plan, childs);
	pid = fork_child(&child);
	if (pid < 0)
		return error_errno(err, errno, "create a process");
	r = identify(pid, &launch, err);
	if (r < 0)
		return r;
	(void)snprintf(launch.program, sizeof(launch.program), "%s", plan->program);
	*ret = launch;
	launch = (struct launch)LAUNCH_INIT;
	return 0;
}

int launch_start(const struct launch_plan *plan, struct launch *ret, struct error *err)
{
	int r = start(plan, ret, err);

	if (r < 0)
		return error_prefix(err, "start '%s'",
				    plan->program ? base_name(plan->program) : "");
	return r;
}

/* 1: *ret holds a report; 0: the connection has ended. */
static int report_read(int fd, struct report *ret)
{
	struct report report;
	ssize_t n;

	do {
		n = recv(fd, &report, sizeof(report), 0);
	} while (n < 0 && errno == EINTR);
	if (n != sizeof(report))
		return 0;
	*ret = report;
	return 1;
}

static int word_report(const struct launch *launch, const struct report *report, struct error *err)
{
	const char *name = base_name(launch->program);
	const char *stage = launch_stage_word((enum launch_stage)report->stage);
	int r;

	if (report->leftover > LEFTOVER_NONE && report->leftover < LEFTOVERS)
		return error_set(err, ERROR_FAILED, EPERM, "start '%s': %s: %s", name, stage,
				 leftover_words[report->leftover]);
	if (report->stage != LAUNCH_EXEC)
		return error_errno(err, report->error, "start '%s': %s", name, stage);
	r = error_errno(err, report->error, "start '%s': execute '%s'", name, launch->program);
	return report->error == ENOENT ? error_kind(err, ERROR_HOST) : r;
}

static int reap(const struct launch *launch, siginfo_t *info)
{
	int r;

	do {
		r = waitid(P_PIDFD, (id_t)launch->pid_fd, info, WEXITED);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int word_death(const struct launch *launch, const siginfo_t *info, struct error *err)
{
	const char *name = base_name(launch->program);

	if (info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED)
		return error_set(err, ERROR_FAILED, ECANCELED,
				 "start '%s': killed by signal %d (%s) before the program ran",
				 name, info->si_status, strsignal(info->si_status));
	return error_set(err, ERROR_FAILED, ECANCELED, "start '%s': ended before the program ran",
			 name);
}

int launch_go(struct launch *launch, struct error *err)
{
	struct report report = { .stage = -1 };
	siginfo_t info = { .si_code = 0 };
	static const char word = 1;
	bool reached_exec = false;
	int r;

	/* A child that has died meanwhile shows in what is read next. */
	(void)send(launch->control_fd, &word, sizeof(word), MSG_NOSIGNAL);
	while (report_read(launch->control_fd, &report)) {
		reached_exec = report.error == 0 && report.leftover == LEFTOVER_NONE;
		if (!reached_exec)
			break;
	}
	fd_close(&launch->control_fd);
	if (reached_exec)
		return 0;
	(void)reap(launch, &info);
	r = report.stage >= 0 ? word_report(launch, &report, err) : word_death(launch, &info, err);
	launch_done(launch);
	return r;
}

void launch_abort(struct launch *launch)
{
	siginfo_t info;

	if (launch->pid_fd >= 0) {
		(void)syscall(SYS_pidfd_send_signal, launch->pid_fd, SIGKILL, NULL, 0);
		(void)reap(launch, &info);
	}
	launch_done(launch);
}

void launch_done(struct launch *launch)
{
	fd_close(&launch->control_fd);
	fd_close(&launch->pid_fd);
}
