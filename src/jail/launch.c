/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parent's side of a launch: check, fork, the word to go, and what became of it. */
#include "jail/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "clone.h"
#include "launch_words.h"

enum { DEFAULT_TIMEOUT_MS = 60 * 1000 };

enum launch_mode launch_mode(void)
{
	return geteuid() == 0 ? LAUNCH_AS_ROOT : LAUNCH_AS_USER;
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
	r = descriptors_off_stdio(&ours);
	if (r == 0)
		r = descriptors_off_stdio(&childs);
	if (r < 0)
		return r;
	*ret_ours = fd_steal(&ours);
	*ret_childs = fd_steal(&childs);
	return 0;
}

static void keep_all(struct child *child)
{
	descriptors_keep(child, child->control_fd);
	descriptors_keep(child, child->log_fd);
	for (size_t i = 0; i < child->plan->n_fds; i++)
		descriptors_keep(child, child->source[i]);
	for (size_t i = 0; i < child->plan->n_files; i++) {
		descriptors_keep(child, child->file[i]);
		descriptors_keep(child, child->idmap[i]);
	}
}

static void child_init(struct child *child, const struct launch_plan *plan)
{
	bool as_root = plan->mode == LAUNCH_AS_ROOT;

	*child = (struct child){
		.plan = plan,
		.control_fd = -1,
		.log_fd = plan->log_fd,
		.uid = as_root ? plan->uid : geteuid(),
		.gid = as_root ? plan->gid : getegid(),
		.layers = plan->layers,
		.may_miss = plan->may_miss,
		.refused = -1,
	};
	if (plan_needs_root(plan))
		child->may_miss &= ~LAYER_BIT(LAYER_ROOT);
	for (size_t i = 0; i < plan->n_fds; i++)
		child->source[i] = plan->fds[i].source;
	for (size_t i = 0; i < LAUNCH_FILES_MAX; i++) {
		child->file[i] = i < plan->n_files ? plan->files[i].source : -1;
		child->idmap[i] = -1;
	}
	snprintf(child->uid_map, sizeof(child->uid_map), "%u %u 1", child->uid, child->uid);
	snprintf(child->gid_map, sizeof(child->gid_map), "%u %u 1", child->gid, child->gid);
}

static void child_release(struct child *child)
{
	for (size_t i = 0; i < LAUNCH_FILES_MAX; i++)
		fd_close(&child->idmap[i]);
	filter_done(&child->filter);
}

static int child_prepare(struct child *child, struct error *err)
{
	int r = child_wants(child, LAYER_SECCOMP) ? filter_build(&child->filter, err) : 0;

	for (size_t i = 0; i < child->plan->n_files && !r; i++)
		r = idmap_open(child, &child->plan->files[i], &child->idmap[i], err);
	if (!r)
		keep_all(child);
	return r;
}

/* What is wrong with the descriptor is for who reads it. */
static bool is_readable(int fd, int64_t deadline_ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int n;

	do {
		int64_t left = deadline_ms - clock_ms();

		n = poll(&ready, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	return n != 0;
}

/*
 * 1: *ret holds a report; 0: the connection has ended; -ETIMEDOUT. ECONNRESET is of a child that
 * exited without having read the word to go (unix(7)), and comes before what it had sent.
 */
static int report_read(int fd, int64_t deadline_ms, struct report *ret)
{
	struct report report;
	ssize_t n;

	do {
		if (!is_readable(fd, deadline_ms))
			return -ETIMEDOUT;
		n = recv(fd, &report, sizeof(report), 0);
	} while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n != sizeof(report))
		return 0;
	*ret = report;
	return 1;
}

/*
 * To the end of the child, or of its connection with us. 0: it is executing the program;
 * -ETIMEDOUT: nobody knows; -ECANCELED: it does not, and *ret may tell why.
 */
static int hear(struct launch *launch, struct report *ret)
{
	int64_t deadline_ms = clock_ms() + launch->timeout_ms;
	int r;

	ret->stage = -1;
	while ((r = report_read(launch->control_fd, deadline_ms, ret)) > 0) {
		if (ret->error || ret->leftover != LEFTOVER_NONE)
			break;
		launch->missing = ret->missing;
	}
	fd_close(&launch->control_fd);
	if (r < 0)
		return r;
	return r == 0 && ret->stage == LAUNCH_EXEC ? 0 : -ECANCELED;
}

/* One that has failed early is not there to be identified, and knows better why. */
static int identify(pid_t pid, struct launch *launch, struct error *err)
{
	struct report report;
	int r = process_identify(pid, &launch->id, err);

	if (r != -ESRCH)
		return r;
	(void)process_signal(launch->pid_fd, SIGKILL);
	(void)hear(launch, &report);
	return report.stage >= 0 ? launch_word_report(launch, &report, err) : r;
}

static int create(struct child *child, struct launch *launch, pid_t *ret_pid, struct error *err)
{
	int r = clone_child(child, ret_pid, &launch->pid_fd, err);

	if (r < 0)
		return child->refused < 0 ? r : launch_word_layer(launch, child->refused, err);
	r = descriptors_off_stdio(&launch->pid_fd);
	return r < 0 ? error_errno(err, -r, "open the process %d", (int)*ret_pid) : 0;
}

static int start(const struct launch_plan *plan, struct launch *ret, struct error *err)
{
	AUTO(launch_abort) struct launch launch = LAUNCH_INIT;
	AUTO(child_release) struct child child;
	AUTO_CLOSE int childs = -1;
	pid_t pid;
	int r;

	child_init(&child, plan);
	launch.timeout_ms = plan->timeout_ms > 0 ? plan->timeout_ms : DEFAULT_TIMEOUT_MS;
	launch.shows_files = plan_needs_root(plan);
	(void)snprintf(launch.program, sizeof(launch.program), "%s", plan->program);
	r = control_open(&launch.control_fd, &childs);
	if (r < 0)
		return error_errno(err, -r, "connect to the child");
	child.control_fd = childs;
	r = child_prepare(&child, err);
	if (!r)
		r = create(&child, &launch, &pid, err);
	fd_close(&childs);
	if (!r)
		r = identify(pid, &launch, err);
	if (r < 0)
		return r;
	*ret = launch;
	launch = (struct launch)LAUNCH_INIT;
	return 0;
}

int launch_start(const struct launch_plan *plan, struct launch *ret, struct error *err)
{
	int r = plan_check(plan, err);

	if (!r)
		r = launch_check_rights(plan, err);
	if (!r)
		r = start(plan, ret, err);
	if (r < 0)
		return error_prefix(err, "start '%s'",
				    plan->program ? file_base_name(plan->program) : "");
	return r;
}

/* Of a child that has ended, after it was heard to its end. */
static int word_end(const struct launch *launch, int r, const struct report *report,
		    const siginfo_t *info, struct error *err)
{
	if (r == -ETIMEDOUT)
		return error_set(err, ERROR_TIMEOUT, ETIMEDOUT, "not executed after %d ms",
				 launch->timeout_ms);
	return report->stage >= 0 ? launch_word_report(launch, report, err)
				  : launch_word_death(info, err);
}

int launch_go(struct launch *launch, struct error *err)
{
	static const char word = 1;
	siginfo_t info = { .si_code = 0 };
	struct report report;
	int r;

	/* A child that has died meanwhile shows in what is read next. */
	(void)send(launch->control_fd, &word, sizeof(word), MSG_NOSIGNAL);
	r = hear(launch, &report);
	if (r == 0)
		return 0;
	if (r == -ETIMEDOUT)
		(void)process_signal(launch->pid_fd, SIGKILL);
	(void)process_reap(launch->pid_fd, &info);
	r = word_end(launch, r, &report, &info, err);
	launch_done(launch);
	(void)error_prefix(err, "start '%s'", file_base_name(launch->program));
	return r;
}

void launch_abort(struct launch *launch)
{
	siginfo_t info;

	if (launch->pid_fd >= 0) {
		(void)process_signal(launch->pid_fd, SIGKILL);
		(void)process_reap(launch->pid_fd, &info);
	}
	launch_done(launch);
}

void launch_done(struct launch *launch)
{
	fd_close(&launch->control_fd);
	fd_close(&launch->pid_fd);
}
