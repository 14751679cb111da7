/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stages between fork and exec, and the report of the one that failed. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/personality.h>
#include <sys/prctl.h>
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

int session_reset(void)
{
	const struct sigaction by_default = { .sa_handler = SIG_DFL };
	sigset_t none;

	/* SIGKILL, SIGSTOP and the C library's own two refuse, and need no reset. */
	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &by_default, NULL);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return -errno;
	/*
	 * A caller's ADDR_NO_RANDOMIZE or READ_IMPLIES_EXEC outlives fork and exec
	 * (personality(2)).
	 */
	if (personality(PER_LINUX) < 0)
		return -errno;
	if (chdir("/") < 0)
		return -errno;
	(void)umask(077);
	return 0;
}

static int session_start(struct child *child)
{
	/*
	 * As a user who got capabilities from the program's file; what is in /proc is root's then.
	 */
	if (child->plan->mode == LAUNCH_AS_USER && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return -errno;
	if (setsid() < 0)
		return -errno;
	return session_reset();
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

bool child_wants(const struct child *child, enum layer layer)
{
	return child->layers & LAYER_BIT(layer);
}

/* ENOSPC: user.max_*_namespaces (namespaces(7)); EUSERS: they are nested too deep. */
bool child_lacks(int code)
{
	return code == ENOSYS || code == EPERM || code == EACCES || code == EINVAL ||
	       code == ENOSPC || code == EUSERS || code == EOPNOTSUPP || code == ENODEV;
}

int child_refused(struct child *child, enum layer layer, int code)
{
	unsigned int bit = LAYER_BIT(layer);

	if (!child_lacks(code))
		return -code;
	if (!(child->may_miss & bit)) {
		child->refused = (int)layer;
		return -code;
	}
	child->missing |= bit;
	child->layers &= ~bit;
	return 0;
}

size_t child_format_int(int value, char ret[12])
{
	unsigned int rest = value < 0 ? 0U - (unsigned int)value : (unsigned int)value;
	size_t n = 0, len = 0;
	char digits[12];

	do
		digits[n++] = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		ret[len++] = '-';
	while (n)
		ret[len++] = digits[--n];
	ret[len] = '\0';
	return len;
}

static void report_send(const struct child *child, int stage, int error, int leftover)
{
	struct report report = {
		.stage = stage,
		.error = error,
		.leftover = leftover,
		.refused = child->refused,
		.missing = child->missing,
	};

	for (size_t i = 0; child->what && child->what[i] && i + 1 < sizeof(report.what); i++)
		report.what[i] = child->what[i];
	/* Nobody there to hear it is no reason to go on or to stop. */
	(void)send(child->control_fd, &report, sizeof(report), MSG_NOSIGNAL);
}

/* These two errnos are a kernel without it; all else is ours to be ashamed of. */
static int landlock_stage(struct child *child)
{
	int r = child_wants(child, LAYER_LANDLOCK) ? landlock_confine(child) : 0;

	return r == -ENOSYS || r == -EOPNOTSUPP ? child_refused(child, LAYER_LANDLOCK, -r) : r;
}

static int filter_stage(struct child *child)
{
	int r = child_wants(child, LAYER_SECCOMP) ? filter_install(child) : 0;

	return r < 0 ? child_refused(child, LAYER_SECCOMP, -r) : r;
}

/*
 * Here, as the kernel forgets it at a change of ids or capabilities. A parent that was gone before
 * has left its end of the connection closed; its pid says nothing in a pid namespace.
 */
int child_end_with_parent(const struct child *child)
{
	struct pollfd parent = { .fd = child->control_fd };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || poll(&parent, 1, 0) < 0)
		return -errno;
	return parent.revents ? -ESRCH : 0;
}

static int program_exec(struct child *child)
{
	static char *const no_environment[] = { NULL };
	const struct launch_plan *plan = child->plan;
	bool rootless = plan->rootless_argv && !child_wants(child, LAYER_ROOT);
	int r = plan->ends_with_us ? child_end_with_parent(child) : 0;

	if (r < 0)
		return r;
	report_send(child, LAUNCH_EXEC, 0, LEFTOVER_NONE);
	execve(plan->program, rootless ? plan->rootless_argv->v : plan->argv->v,
	       plan->environment->v ? plan->environment->v : no_environment);
	return -errno;
}

static int (*const stages[LAUNCH_STAGES])(struct child *child) = {
	[LAUNCH_SESSION] = session_start,
	[LAUNCH_STDIO] = stdio_place,
	[LAUNCH_LIMITS] = limits_set,
	[LAUNCH_KEYRING] = keyring_join,
	[LAUNCH_NAMESPACES] = namespaces_enter,
	[LAUNCH_ROOT] = root_enter,
	[LAUNCH_CAPABILITIES] = privilege_bound,
	[LAUNCH_IDENTITY] = privilege_identity,
	[LAUNCH_CLEAR] = privilege_clear,
	[LAUNCH_VERIFY] = privilege_verify,
	[LAUNCH_NO_NEW_PRIVS] = privilege_no_new,
	[LAUNCH_LANDLOCK] = landlock_stage,
	[LAUNCH_DESCRIPTORS] = descriptors_place,
	[LAUNCH_FILTER] = filter_stage,
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

/*
 * Everything but the exec is done while the parent still writes down who we are. The word is
 * waited for by a process that is confined already, and nothing that it did outlives it.
 */
static int walk(struct child *child, int stage)
{
	if (stage == LAUNCH_EXEC && !told_to_go(child))
		_exit(127);
	return stages[stage] ? stages[stage](child) : 0;
}

_Noreturn void child_run(struct child *child)
{
	int r = descriptors_close_others(child);

	if (r < 0) {
		report_send(child, LAUNCH_DESCRIPTORS, -r, LEFTOVER_NONE);
		_exit(127);
	}
	for (int stage = 0; stage < LAUNCH_STAGES; stage++) {
		r = walk(child, stage);
		if (r) {
			report_send(child, stage, r < 0 ? -r : 0, r > 0 ? r : LEFTOVER_NONE);
			break;
		}
	}
	_exit(127);
}
