/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The caller's side of a worker: the fork, its end, and what it had to say. */
#include "jail/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/process.h"
#include "worker_child.h"

enum {
	FDS_MAX = 16,
	PIPE_SIZE = 1 << 20, /* the most that others than root may have (pipe(7)) */
	MEMORY_DEFAULT = 256 << 20,
	THREADS_MAX = 256, /* of all workers together, as they have one uid */
	CPU_DEFAULT_S = 60 * 60,
	TICK_MS = 500,
	GRACE_MS = 5 * 1000,
};

_Static_assert(sizeof(struct worker_report) <= PIPE_BUF, "a report is written at once");

/*
 * Read-only: a description that is shared with us could be written to, cut or unlocked through
 * it. Its offset is shared all the same (open(2)), which is in the contract.
 */
static int check_fd(int fd, struct error *err)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return error_errno(err, errno, "pass descriptor %d on", fd);
	if (fd < 3 || (flags & O_ACCMODE) != O_RDONLY)
		return error_set(err, ERROR_FAILED, EINVAL,
				 "pass descriptor %d on: not one to read from", fd);
	return 0;
}

static int check(const struct worker *worker, struct error *err)
{
	int r = 0;

	if (worker->n_fds > FDS_MAX)
		return error_set(err, ERROR_FAILED, EINVAL, "pass %zu descriptors on: at most %d",
				 worker->n_fds, FDS_MAX);
	if (launch_mode() == LAUNCH_AS_ROOT && (!worker->uid || worker->uid == (uid_t)-1))
		return error_set(err, ERROR_FAILED, EINVAL, "not a user of its own");
	for (size_t i = 0; i < worker->n_fds && !r; i++)
		r = check_fd(worker->fds[i], err);
	return r;
}

static int plan_fill(const struct worker *worker, struct launch_plan *plan, struct error *err)
{
	size_t memory = worker->memory_max ? worker->memory_max : MEMORY_DEFAULT;
	int r = limits_address_space(memory, &plan->limits.address_space, err);

	if (r < 0)
		return r;
	plan->mode = launch_mode();
	plan->uid = worker->uid;
	plan->gid = worker->uid;
	plan->limits.cpu_s = worker->cpu_s ? worker->cpu_s : CPU_DEFAULT_S;
	plan->limits.processes = worker->network ? THREADS_MAX : 1;
	plan->layers = LAYER_BIT(LAYER_KEYRING) | LAYER_BIT(LAYER_LANDLOCK) |
		       LAYER_BIT(LAYER_SECCOMP);
	if (!worker->network)
		plan->layers |= LAYER_BIT(LAYER_NET);
	plan->may_miss = plan->layers & ~LAYER_BIT(LAYER_SECCOMP);
	return launch_check_rights(plan, err);
}

static int pipe_open(int *ret_read, int *ret_write, struct error *err)
{
	AUTO_CLOSE int from = -1;
	AUTO_CLOSE int to = -1;
	int pair[2], r;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return error_errno(err, errno, "make a pipe");
	from = pair[0];
	to = pair[1];
	r = descriptors_off_stdio(&from);
	if (r == 0)
		r = descriptors_off_stdio(&to);
	if (r < 0)
		return error_errno(err, -r, "make a pipe");
	*ret_read = fd_steal(&from);
	*ret_write = fd_steal(&to);
	return 0;
}

static int shared_make(size_t size, struct worker_process *process, struct error *err)
{
	void *shared;

	if (!size)
		return 0;
	shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return error_errno(err, errno, "share memory");
	process->shared = shared;
	process->shared_size = size;
	return 0;
}

/*
 * By fork(3) and not by clone3(2), as programs are launched: work goes on in the C library and in
 * OpenSSL, whose locks, thread and random numbers are set right by fork's handlers only. No
 * handler of the caller's runs there, as all signals are blocked until they are reset.
 */
static int fork_worker(struct child *child, const struct worker *worker, int output_fd,
		       struct worker_process *process, struct error *err)
{
	sigset_t all, before;
	pid_t pid;
	int code;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	code = errno;
	if (pid == 0)
		worker_child_run(child, worker, process->shared, output_fd);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return error_errno(err, code, "create a process");
	/* Not reaped yet, so the number is still its own. */
	process->pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (process->pid_fd >= 0)
		return 0;
	code = errno;
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return error_errno(err, code, "open the process %d", (int)pid);
}

static int start(const struct worker *worker, struct worker_process *ret, struct error *err)
{
	AUTO(worker_done) struct worker_process process = WORKER_INIT;
	struct launch_plan plan = LAUNCH_PLAN_INIT;
	struct child child = { .plan = &plan, .refused = -1 };
	AUTO_CLOSE int output_fd = -1;
	AUTO_CLOSE int report_fd = -1;
	int r = plan_fill(worker, &plan, err);

	if (!r)
		r = pipe_open(&process.output_fd, &output_fd, err);
	if (!r)
		r = pipe_open(&process.error_fd, &report_fd, err);
	if (!r)
		r = shared_make(worker->shared_size, &process, err);
	if (!r)
		r = filter_build_worker(worker->network, &child.filter, err);
	if (r < 0)
		return r;
	(void)fcntl(output_fd, F_SETPIPE_SZ, PIPE_SIZE);
	child.uid = plan.mode == LAUNCH_AS_ROOT ? plan.uid : geteuid();
	child.gid = plan.mode == LAUNCH_AS_ROOT ? plan.gid : getegid();
	child.layers = plan.layers;
	child.may_miss = plan.may_miss;
	child.control_fd = report_fd;
	descriptors_keep(&child, report_fd);
	descriptors_keep(&child, output_fd);
	for (size_t i = 0; i < worker->n_fds; i++)
		descriptors_keep(&child, worker->fds[i]);
	r = fork_worker(&child, worker, output_fd, &process, err);
	filter_done(&child.filter);
	if (r < 0)
		return r;
	process.name = worker->name;
	*ret = process;
	process = (struct worker_process)WORKER_INIT;
	return 0;
}

int worker_start(const struct worker *worker, struct worker_process *ret, struct error *err)
{
	int r = check(worker, err);

	if (!r)
		r = start(worker, ret, err);
	return r < 0 ? error_prefix(err, "start the worker '%s'", worker->name) : 0;
}

/* Counted and not by the clock: while a ^Z holds both sides nobody is silent. */
int worker_wait(const struct worker_process *process, int64_t silence_ms, void (*tick)(void *arg),
		void *arg)
{
	struct pollfd pollfd = { .fd = process->output_fd, .events = POLLIN };

	while (silence_ms > 0) {
		int ms = silence_ms < TICK_MS ? (int)silence_ms : TICK_MS;
		int n = poll(&pollfd, 1, ms);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			silence_ms -= ms;
		if (tick)
			tick(arg);
	}
	return -ETIMEDOUT;
}

static int word_signal(const struct worker_process *process, int sig, struct error *err)
{
	return error_set(err, ERROR_FAILED, ECANCELED,
			 "run the worker '%s': killed by signal %d (%s)%s", process->name, sig,
			 strsignal(sig), sig == SIGSYS ? ", by its system call filter" : "");
}

static bool is_kind(enum error_kind kind)
{
	switch (kind) {
	case ERROR_FAILED:
	case ERROR_USAGE:
	case ERROR_NOT_FOUND:
	case ERROR_CONFLICT:
	case ERROR_HOST:
	case ERROR_VERIFY:
	case ERROR_BUSY:
	case ERROR_PERMISSION:
	case ERROR_TIMEOUT:
		return true;
	case ERROR_NONE:
		break;
	}
	return false;
}

/* Hostile. No hint is taken: it would be a command for root to run. */
static int word_report(const struct worker_process *process, struct worker_report *report,
		       struct error *err)
{
	struct error *its = &report->error;
	int code = its->code > 0 && its->code < 4096 ? its->code : EPROTO;
	char message[sizeof(its->message)];

	if (its->kind == ERROR_NONE)
		return 0;
	if (!is_kind(its->kind))
		return error_set(err, ERROR_FAILED, EPROTO,
				 "run the worker '%s': its last word makes no sense",
				 process->name);
	its->message[sizeof(its->message) - 1] = '\0';
	error_sanitise(message, sizeof(message), its->message);
	return error_set(err, its->kind, code, "%s", message);
}

/* A report that is cut short or missing is none. The pipe has no other end by now. */
static int word_end(const struct worker_process *process, const siginfo_t *info, struct error *err)
{
	struct worker_report report;
	ssize_t n;

	if (info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED)
		return word_signal(process, info->si_status, err);
	do {
		n = read(process->error_fd, &report, sizeof(report));
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(report) || info->si_status)
		return error_set(err, ERROR_FAILED, EPROTO,
				 "run the worker '%s': it ended without a word", process->name);
	return word_report(process, &report, err);
}

int worker_end(struct worker_process *process, struct error *err)
{
	siginfo_t info = { .si_code = 0 };
	int waited, r;

	if (process->pid_fd < 0)
		return error_set(err, ERROR_FAILED, ECHILD, "wait for a worker: there is none");
	fd_close(&process->output_fd);
	waited = process_wait(process->pid_fd, GRACE_MS);
	if (waited < 0)
		(void)process_signal(process->pid_fd, SIGKILL);
	r = process_reap(process->pid_fd, &info);
	if (r < 0)
		r = error_errno(err, -r, "wait for the worker '%s'", process->name);
	else if (waited < 0)
		r = error_set(err, ERROR_TIMEOUT, ETIMEDOUT,
			      "run the worker '%s': no end after %d ms", process->name, GRACE_MS);
	else
		r = word_end(process, &info, err);
	fd_close(&process->pid_fd);
	fd_close(&process->error_fd);
	return r;
}

void worker_done(struct worker_process *process)
{
	siginfo_t info;

	if (process->pid_fd >= 0) {
		(void)process_signal(process->pid_fd, SIGKILL);
		(void)process_reap(process->pid_fd, &info);
	}
	fd_close(&process->pid_fd);
	fd_close(&process->output_fd);
	fd_close(&process->error_fd);
	if (process->shared)
		(void)munmap(process->shared, process->shared_size);
	process->shared = NULL;
}
