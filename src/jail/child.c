/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stages between fork and exec, and the report of the one that failed. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Theory of operation. The order carries the weight:
 *
 * - Securebits and the bounding set need CAP_SETPCAP, so they come while the child is still
 *   privileged. NO_SETUID_FIXUP is among those bits: the change of uid then takes no capability
 *   away, and all of them are cleared by hand after it.
 * - What was claimed is held against the kernel before no_new_privs closes the last door.
 * - Descriptors are placed last, so that no stage can leave one open for the program.
 *
 * A stage that fails is reported and the child is gone: nothing here is undone, as nothing here
 * outlives the process. A further layer is a function and a row in stages[].
 */

static int session_start(struct child *child)
{
	const struct sigaction by_default = { .sa_handler = SIG_DFL };
	sigset_t none;

	(void)child;
	if (setsid() < 0)
		return -errno;
	/* SIGKILL, SIGSTOP and the C library's own two refuse, and need no reset. */
	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &by_default, NULL);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return -errno;
	if (chdir("/") < 0)
		return -errno;
	(void)umask(077);
	return 0;
}

static int stdio_place(struct child *child)
{
	/* A caller with closed standard descriptors may have its disks on 0 to 2. */
	int r = descriptors_lift(child, 3);
	int null_fd;

	if (r < 0)
		return r;
	/* No O_CLOEXEC: dup2() of 0 onto itself would leave it set. */
	null_fd = open("/dev/null", O_RDONLY | O_NOCTTY);
	if (null_fd < 0 || dup2(null_fd, 0) < 0)
		return -errno;
	if (dup2(child->log_fd, 1) < 0 || dup2(child->log_fd, 2) < 0)
		return -errno;
	return 0;
}

/*
 * One byte, not 0: a piped core_pattern handler is run even at 0, and 1 is what stops it
 * (core(5), "Piping core dumps to a program"). Where the hard limit is 0 already and may not be
 * raised, no core file can appear and the handler is told so.
 */
static int limit_core(void)
{
	const struct rlimit one = { 1, 1 }, zero = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &one) == 0)
		return 0;
	if (errno == EPERM && setrlimit(RLIMIT_CORE, &zero) == 0)
		return 0;
	return -errno;
}

static int limit_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

/* An ignored signal stays ignored over exec: the write beyond the limit is EFBIG, no death. */
static int limit_file_size(uint64_t max)
{
	const struct rlimit limit = { max, max };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	if (!max)
		return 0;
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0 || sigaction(SIGXFSZ, &ignore, NULL) < 0)
		return -errno;
	return 0;
}

static int limits_set(struct child *child)
{
	int r = limit_core();

	if (r == 0)
		r = limit_files();
	if (r == 0)
		r = limit_file_size(child->plan->limits.file_size);
	return r;
}

static void report_send(const struct child *child, int stage, int error, int leftover)
{
	const struct report report = { .stage = stage, .error = error, .leftover = leftover };

	/* Nobody there to hear it is no reason to go on or to stop. */
	(void)send(child->control_fd, &report, sizeof(report), MSG_NOSIGNAL);
}

static int program_exec(struct child *child)
{
	static char *const no_environment[] = { NULL };
	const struct launch_plan *plan = child->plan;

	report_send(child, LAUNCH_EXEC, 0, LEFTOVER_NONE);
	execve(plan->program, plan->argv->v,
	       plan->environment->v ? plan->environment->v : no_environment);
	return -errno;
}

static int (*const stages[LAUNCH_STAGES])(struct child *child) = {
	[LAUNCH_SESSION] = session_start,
	[LAUNCH_STDIO] = stdio_place,
	[LAUNCH_LIMITS] = limits_set,
	[LAUNCH_CAPABILITIES] = privilege_bound,
	[LAUNCH_IDENTITY] = privilege_identity,
	[LAUNCH_CLEAR] = privilege_clear,
	[LAUNCH_VERIFY] = privilege_verify,
	[LAUNCH_NO_NEW_PRIVS] = privilege_no_new,
	[LAUNCH_DESCRIPTORS] = descriptors_place,
	[LAUNCH_EXEC] = program_exec,
};

/* One byte is the word to go; the end of the connection, that the parent has died or given up. */
static bool told_to_go(const struct child *child)
{
	char word;
	ssize_t n;

	do {
		n = recv(child->control_fd, &word, 1, 0);
	} while (n < 0 && errno == EINTR);
	return n == 1;
}

_Noreturn void child_run(struct child *child)
{
	int r = descriptors_close_others(child);

	if (!told_to_go(child))
		_exit(127);
	if (r < 0) {
		report_send(child, LAUNCH_DESCRIPTORS, -r, LEFTOVER_NONE);
		_exit(127);
	}
	for (int stage = 0; stage < LAUNCH_STAGES; stage++) {
		r = stages[stage] ? stages[stage](child) : 0;
		if (r) {
			report_send(child, stage, r < 0 ? -r : 0, r > 0 ? r : LEFTOVER_NONE);
			break;
		}
	}
	_exit(127);
}
