/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A piece of our own code in a child that has a user's rights and little time: a look at his files.
 */
#include "jail/visit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/process.h"
#include "child.h"

enum { READ_CHUNK = 64 * 1024, END_MS = 1000, MEMORY_MAX = 256 << 20 };

struct visitor {
	pid_t pid;
	int pid_fd;
	int output_fd;
};

static int become(struct child *child)
{
	int r = privilege_bound(child);

	if (r == 0)
		r = privilege_identity(child);
	if (r == 0)
		r = privilege_clear(child);
	return r ? r : privilege_verify(child);
}

/* A change of ids takes the signal of the parent's death away: that comes last (prctl(2)). */
static int confine(struct child *child)
{
	int r = session_reset();

	if (r == 0)
		r = descriptors_close_others(child);
	if (r == 0)
		r = limits_set(child);
	if (r == 0 && child->uid != geteuid())
		r = become(child);
	if (r == 0)
		r = privilege_no_new(child);
	if (r == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		r = -errno;
	if (r == 0)
		r = child_end_with_parent(child);
	return r > 0 ? -EPERM : r;
}

/* errno is its exit status: all of them are below 256 (errno(3)). */
static _Noreturn void run(struct child *child, const struct visit *visit)
{
	int r = confine(child);

	if (r == 0)
		r = visit->work(visit->arg, child->control_fd);
	_exit(-r & 0xff);
}

static int open_pipe(int *ret_read, int *ret_write, struct error *err)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return error_errno(err, errno, "make a pipe");
	*ret_read = pair[0];
	*ret_write = pair[1];
	return 0;
}

static int begin(const struct visit *visit, struct visitor *ret, struct error *err)
{
	struct launch_plan plan = LAUNCH_PLAN_INIT;
	struct child child = { .plan = &plan, .refused = -1, .uid = visit->uid, .gid = visit->gid };
	AUTO_CLOSE int output_fd = -1;
	sigset_t all, before;
	int r = open_pipe(&ret->output_fd, &output_fd, err);
	int code;

	if (!r)
		r = limits_address_space(MEMORY_MAX, &plan.limits.address_space, err);
	if (r < 0)
		return r;
	child.control_fd = output_fd;
	descriptors_keep(&child, output_fd);
	/* a handler of ours must not run in the child */
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	ret->pid = fork();
	code = errno;
	if (ret->pid == 0)
		run(&child, visit);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ret->pid < 0)
		return error_errno(err, code, "create a process");
	ret->pid_fd = (int)syscall(SYS_pidfd_open, ret->pid, 0);
	return ret->pid_fd < 0 ? error_errno(err, errno, "open the process %d", (int)ret->pid) : 0;
}

/* 0 at the end of the output, else -errno. */
static int collect(const struct visit *visit, int fd, struct buf *output)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };
	ssize_t len = 1;

	while (len) {
		int64_t left = visit->deadline_ms - clock_ms();
		int n = left > 0 ? poll(&input, 1, (int)left) : 0;

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -ETIMEDOUT;
		if (n < 0)
			continue;
		len = read(fd, buf_reserve(output, READ_CHUNK), READ_CHUNK);
		if (len < 0)
			return -errno;
		output->len += (size_t)len;
		if (output->len > visit->output_max)
			return -EFBIG;
	}
	return 0;
}

/* Not waited for without end: one that a file system keeps is init's to reap. */
static int end(struct visitor *visitor, int r)
{
	siginfo_t info = { .si_code = 0 };

	if (visitor->pid <= 0)
		return r;
	if (r < 0)
		kill(visitor->pid, SIGKILL);
	if (visitor->pid_fd >= 0 && process_wait(visitor->pid_fd, END_MS) < 0) {
		kill(visitor->pid, SIGKILL);
		r = r < 0 ? r : -ETIMEDOUT;
		if (process_wait(visitor->pid_fd, END_MS) < 0)
			return r;
	}
	while (waitid(P_PID, (id_t)visitor->pid, &info, WEXITED) < 0 && errno == EINTR)
		;
	if (r < 0)
		return r;
	return info.si_code == CLD_EXITED ? -info.si_status : -ECHILD;
}

int visit_run(const struct visit *visit, struct buf *ret, struct error *err)
{
	struct visitor visitor = { .pid = -1, .pid_fd = -1, .output_fd = -1 };
	AUTO_BUF output = BUF_INIT;
	int code, r;

	if (clock_ms() >= visit->deadline_ms)
		return error_errno(err, ETIMEDOUT, "%s", visit->name);
	r = begin(visit, &visitor, err);
	code = r;
	if (!r)
		code = collect(visit, visitor.output_fd, &output);
	code = end(&visitor, code);
	fd_close(&visitor.output_fd);
	fd_close(&visitor.pid_fd);
	if (r < 0)
		return error_prefix(err, "%s", visit->name);
	if (code < 0)
		return error_errno(err, -code, "%s", visit->name);
	buf_done(ret);
	*ret = output;
	output = (struct buf)BUF_INIT;
	return 0;
}
