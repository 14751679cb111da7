/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A worker's own confinement, before it does anything else. */
#include "worker_child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "launch_words.h"

/*
 * Theory of operation. These are stages of a launch, in the same order and for the same reasons
 * (child.c), but for what only a program needs: the worker has its code and its libraries
 * already, and a root of its own would hide from the C library what it resolves names by. Files
 * are what Landlock leaves of them; without Landlock a worker with network reads what its uid
 * may, and one without is held by its filter, which knows no call that opens.
 */

static bool has_network(const struct child *child)
{
	return !(child->plan->layers & LAYER_BIT(LAYER_NET));
}

/* It stays in the caller's process group: a ^C is for both. A reader that is gone is an error. */
static int session(struct child *child)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	int r = session_reset();

	(void)child;
	return r == 0 && sigaction(SIGPIPE, &ignore, NULL) < 0 ? -errno : r;
}

static int stdio(struct child *child)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);

	(void)child;
	if (fd < 0)
		return -errno;
	for (int i = 0; i < 3; i++)
		if (dup2(fd, i) < 0)
			return -errno;
	return fd > 2 && close(fd) < 0 ? -errno : 0;
}

/* No byte into any file, whoever opened it; pipes and sockets have no size (getrlimit(2)). */
static int limits(struct child *child)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const struct rlimit none = { 0, 0 };

	if (sigaction(SIGXFSZ, &ignore, NULL) < 0 || setrlimit(RLIMIT_FSIZE, &none) < 0)
		return -errno;
	return limits_set(child);
}

/*
 * Both at once as user, or none: what is refused has left nothing behind. Ids need no map to be
 * what they are; in the namespace they have no names, which nobody asks for.
 */
static int namespaces(struct child *child)
{
	if (child->plan->mode == LAUNCH_AS_ROOT || !child_wants(child, LAYER_NET))
		return namespaces_enter(child);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return child_refused(child, LAYER_NET, errno);
	child->user_ns = true;
	child->uid = getuid();
	child->gid = getgid();
	return 0;
}

/* Where another module took its rights, there is no more to drop than without the namespace. */
static int bound(struct child *child)
{
	int r = privilege_bound(child);

	if (r != -EPERM || child->plan->mode == LAUNCH_AS_ROOT)
		return r;
	child->user_ns = false;
	return 0;
}

/* After the last change of ids. Neither a process of its uid nor its own /proc is to reach it. */
static int seal(struct child *child)
{
	int r = privilege_no_new(child);

	if (r == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		r = -errno;
	return r ? r : child_end_with_parent(child);
}

static int landlock(struct child *child)
{
	int r = landlock_confine_worker(child, has_network(child));

	return r == -ENOSYS || r == -EOPNOTSUPP ? child_refused(child, LAYER_LANDLOCK, -r) : r;
}

static int (*const stages[LAUNCH_STAGES])(struct child *child) = {
	[LAUNCH_SESSION] = session,
	[LAUNCH_STDIO] = stdio,
	[LAUNCH_LIMITS] = limits,
	[LAUNCH_KEYRING] = keyring_join,
	[LAUNCH_NAMESPACES] = namespaces,
	[LAUNCH_CAPABILITIES] = bound,
	[LAUNCH_IDENTITY] = privilege_identity,
	[LAUNCH_CLEAR] = privilege_clear,
	[LAUNCH_VERIFY] = privilege_verify,
	[LAUNCH_NO_NEW_PRIVS] = seal,
	[LAUNCH_LANDLOCK] = landlock,
	[LAUNCH_FILTER] = filter_install,
};

static int word_stage(const struct child *child, int stage, int r, struct error *err)
{
	const struct launch nothing = LAUNCH_INIT;
	struct report report = {
		.stage = stage,
		.error = r < 0 ? -r : 0,
		.leftover = r > 0 ? r : LEFTOVER_NONE,
		.refused = child->refused,
	};

	snprintf(report.what, sizeof(report.what), "%s", child->what ? child->what : "");
	return launch_word_report(&nothing, &report, err);
}

static int confine(struct child *child, struct error *err)
{
	int r = descriptors_close_others(child);

	if (r < 0)
		return word_stage(child, LAUNCH_DESCRIPTORS, r, err);
	for (int stage = 0; stage < LAUNCH_STAGES; stage++) {
		r = stages[stage] ? stages[stage](child) : 0;
		if (r)
			return word_stage(child, stage, r, err);
	}
	return 0;
}

_Noreturn void worker_child_run(struct child *child, const struct worker *worker, void *shared,
				int output_fd)
{
	struct worker_report report = { .error = ERROR_INIT };
	int r = confine(child, &report.error);

	if (r < 0)
		(void)error_prefix(&report.error, "confine the worker '%s'", worker->name);
	else
		r = worker->work(worker->arg, shared, output_fd, &report.error);
	if (r == 0)
		report.error.kind = ERROR_NONE;
	else if (report.error.kind == ERROR_NONE)
		error_errno(&report.error, r < 0 ? -r : EPROTO, "%s", worker->name);
	r = fd_write_all(child->control_fd, &report, sizeof(report));
	_exit(r < 0 ? 1 : 0);
}
