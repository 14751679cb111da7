/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The descriptors of the child: what it waits with, and what the program gets. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"

/* By number, as musl 1.2 has no wrapper. Linux 5.9; CLOSE_RANGE_CLOEXEC 5.11. */
static int range_close(unsigned int first, unsigned int last, unsigned int flags)
{
	return syscall(SYS_close_range, first, last, flags) < 0 ? -errno : 0;
}

void descriptors_keep(struct child *child, int fd)
{
	size_t i = child->n_keep;

	if (fd < 0)
		return;
	for (; i > 0 && child->keep[i - 1] > fd; i--)
		child->keep[i] = child->keep[i - 1];
	child->keep[i] = fd;
	child->n_keep++;
}

int descriptors_close_others(const struct child *child)
{
	unsigned int from = 0;

	for (size_t i = 0; i < child->n_keep; i++) {
		unsigned int kept = (unsigned int)child->keep[i];
		int r = kept > from ? range_close(from, kept - 1, 0) : 0;

		if (r < 0)
			return r;
		from = kept + 1;
	}
	return range_close(from, UINT_MAX, 0);
}

static int lift(int *fd, int floor)
{
	int lifted;

	if (*fd < 0 || *fd >= floor)
		return 0;
	lifted = fcntl(*fd, F_DUPFD_CLOEXEC, floor);
	/* EINVAL is a floor beyond RLIMIT_NOFILE (fcntl(2)): the same want, another word. */
	if (lifted < 0)
		return errno == EINVAL ? -EMFILE : -errno;
	*fd = lifted;
	return 0;
}

int descriptors_lift(struct child *child, int floor)
{
	int r = lift(&child->log_fd, floor);

	for (size_t i = 0; r == 0 && i < child->plan->n_fds; i++)
		r = lift(&child->source[i], floor);
	for (size_t i = 0; r == 0 && i < child->plan->n_files; i++) {
		r = lift(&child->file[i], floor);
		if (r == 0)
			r = lift(&child->idmap[i], floor);
	}
	return r;
}

int descriptors_off_stdio(int *fd)
{
	int old = *fd, r = lift(fd, 3);

	if (*fd != old)
		fd_close(&old);
	return r;
}

/*
 * First all sources go beyond the highest target, so that no target overwrites a source that is
 * still needed. Then everything is marked close-on-exec, and dup3() without flags makes the
 * targets, and only them, live on.
 */
int descriptors_place(struct child *child)
{
	const struct launch_plan *plan = child->plan;
	int top = 2;
	int r;

	for (size_t i = 0; i < plan->n_fds; i++)
		if (plan->fds[i].target > top)
			top = plan->fds[i].target;
	r = top < INT_MAX ? lift(&child->control_fd, top + 1) : -EMFILE;
	if (r == 0)
		r = descriptors_lift(child, top + 1);
	if (r == 0)
		r = range_close(3, UINT_MAX, CLOSE_RANGE_CLOEXEC);
	for (size_t i = 0; r == 0 && i < plan->n_fds; i++)
		if (dup3(child->source[i], plan->fds[i].target, 0) < 0)
			r = -errno;
	return r;
}
