/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New processes by clone3(2): the child, and a short-lived one to make a user namespace with. */
#include "clone.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/process.h"

#define NAMESPACES LAYERS_NAMESPACES

pid_t clone_process(uint64_t flags, int cgroup_fd, int *ret_pid_fd)
{
	int pid_fd = -1;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pid_fd,
		.exit_signal = SIGCHLD,
	};
	sigset_t all, before;
	long pid;
	int code;

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	code = errno;
	if (pid == 0)
		return 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return -code;
	*ret_pid_fd = pid_fd;
	return (pid_t)pid;
}

static uint64_t clone_flags(const struct child *child)
{
	return (child_wants(child, LAYER_PID) ? CLONE_NEWPID : 0) |
	       (child->user_ns ? CLONE_NEWUSER : 0);
}

/*
 * What is refused is the user namespace or, without one, that for pids: is the launch to go on
 * without it, and without what is to be had in it only?
 */
static bool go_without(struct child *child, int code)
{
	unsigned int refused = child->layers & (child->user_ns ? NAMESPACES : LAYER_BIT(LAYER_PID));
	unsigned int dear = refused & ~child->may_miss;

	if (!refused || !child_lacks(code))
		return false;
	for (unsigned int i = 0; i < LAYERS && child->refused < 0; i++)
		if (dear & LAYER_BIT(i))
			child->refused = (int)i;
	if (dear)
		return false;
	child->missing |= refused;
	child->layers &= ~refused;
	child->user_ns = false;
	return true;
}

static const char *surroundings(const struct child *child)
{
	if (child->plan->cgroup_fd >= 0)
		return " in its cgroup and namespaces";
	return clone_flags(child) ? " in namespaces of its own" : "";
}

/*
 * Of CLONE_INTO_CGROUP (clone(2)): no right to move a process there from where the caller is, a
 * cgroup that has controllers on for those below it, one that is threaded, one that has gone.
 */
static bool may_be_of_cgroup(int code)
{
	return code == EACCES || code == EBUSY || code == EOPNOTSUPP || code == ENODEV ||
	       code == ENOENT;
}

/* What succeeds without the cgroup was refused because of it. Who may not go without is ended. */
static pid_t clone_in_cgroup(struct child *child, int *ret_pid_fd)
{
	unsigned int missing = child->missing, bit = LAYER_BIT(LAYER_CGROUP);
	int cgroup_fd = child->plan->cgroup_fd;
	pid_t pid = clone_process(clone_flags(child), cgroup_fd, ret_pid_fd);
	pid_t other;

	if (pid >= 0 || cgroup_fd < 0 || !may_be_of_cgroup(-pid))
		return pid;
	child->missing |= bit;
	other = clone_process(clone_flags(child), -1, ret_pid_fd);
	if (other < 0)
		child->missing = missing;
	if (other <= 0 || child->may_miss & bit)
		return other;
	child->refused = LAYER_CGROUP;
	return pid;
}

/* In place of the hint for one layer: here several stand and fall together. */
static void explain_user_ns(struct child *child, struct error *err)
{
	unsigned int dear = child->layers & NAMESPACES & ~child->may_miss;
	AUTO_BUF words = BUF_INIT;

	(void)error_kind(err, ERROR_HOST);
	if (dear & LAYER_BIT(LAYER_ROOT) && plan_needs_root(child->plan))
		buf_puts(&words, "no way, as files are shown to it in its root");
	else
		layers_format(dear, &words);
	error_hint(err,
		   "user namespaces are refused by one of these: sysctl user.max_user_namespaces "
		   "kernel.unprivileged_userns_clone kernel.apparmor_restrict_unprivileged_userns; "
		   "to go without, allow_missing: %s",
		   buf_str(&words));
	child->refused = -1;
}

int clone_child(struct child *child, pid_t *ret_pid, int *ret_pid_fd, struct error *err)
{
	pid_t pid;

	child->user_ns = child->plan->mode == LAUNCH_AS_USER && child->layers & NAMESPACES;
	do
		pid = clone_in_cgroup(child, ret_pid_fd);
	while (pid < 0 && child->refused < 0 && go_without(child, -pid));
	if (pid == 0)
		child_run(child);
	if (pid < 0) {
		error_errno(err, -pid, "create a process%s", surroundings(child));
		if (child->user_ns && child->refused >= 0 && child->refused != LAYER_CGROUP)
			explain_user_ns(child, err);
		return pid;
	}
	*ret_pid = pid;
	return 0;
}

static int put_map(pid_t pid, const char *name, unsigned int from, unsigned int to)
{
	AUTO_CLOSE int fd = -1;
	char path[64], line[32];
	int len;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	len = snprintf(line, sizeof(line), "%u %u 1", from, to);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, line, (size_t)len) != len)
		return -errno;
	return 0;
}

static int put_maps(pid_t pid, const struct stat *st, const struct child *child, int *ret_fd)
{
	char path[64];
	int r = put_map(pid, "uid_map", st->st_uid, child->uid);

	if (r == 0)
		r = put_map(pid, "gid_map", st->st_gid, child->gid);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

/* A process with nothing to do but to be looked at, until its parent kills it or is gone. */
static _Noreturn void wait_for_end(int alive_fd)
{
	char byte;

	(void)!read(alive_fd, &byte, 1);
	_exit(0);
}

static int make_user_ns(const struct stat *st, const struct child *child, int *ret_fd)
{
	AUTO_CLOSE int ours = -1, theirs = -1, pid_fd = -1;
	siginfo_t info;
	int pair[2], r;
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return -errno;
	theirs = pair[0];
	ours = pair[1];
	pid = clone_process(CLONE_NEWUSER, -1, &pid_fd);
	if (pid == 0) {
		(void)close(ours);
		wait_for_end(theirs);
	}
	if (pid < 0)
		return pid;
	r = put_maps(pid, st, child, ret_fd);
	fd_close(&ours);
	(void)process_signal(pid_fd, SIGKILL);
	(void)process_reap(pid_fd, &info);
	return r;
}

/* By the mode alone: what an ACL grants besides is not needed after the mapping, either. */
static bool may_use(const struct child *child, const struct stat *st, bool writable)
{
	mode_t wanted = S_IROTH | (writable ? S_IWOTH : 0) | (S_ISDIR(st->st_mode) ? S_IXOTH : 0);

	return st->st_uid == child->uid || (st->st_mode & wanted) == wanted;
}

int idmap_open(const struct child *child, const struct launch_file *file, int *ret_fd,
	       struct error *err)
{
	struct stat st;
	int fd = -1, r;

	if (fstat(file->source, &st) < 0)
		return error_errno(err, errno, "look at '%s'", file->target);
	if (child->plan->mode == LAUNCH_AS_ROOT && !may_use(child, &st, file->writable)) {
		r = make_user_ns(&st, child, &fd);
		if (r < 0)
			return error_errno(err, -r, "show '%s' to user %u", file->target,
					   child->uid);
	}
	*ret_fd = fd;
	return 0;
}
