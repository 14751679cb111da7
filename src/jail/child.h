/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The child between fork and exec. */
#ifndef JAIL_CHILD_H
#define JAIL_CHILD_H

#include "jail/launch.h"

struct sock_filter;

/* A system call filter ready for the kernel; _done() takes a zeroed one, too. */
struct filter {
	struct sock_filter *v;
	unsigned short n;
};

/*
 * Filled by the parent before fork; the child changes its own copy. Everything declared here runs
 * in a copy of a process that may have had threads and locks: no allocation, no stdio, and
 * of libcap-ng only what does neither.
 */
struct child {
	const struct launch_plan *plan;
	int control_fd; /* >= 3 */
	int log_fd;
	int source[LAUNCH_FDS_MAX]; /* the plan's, or where they were moved to */
	int keep[LAUNCH_FDS_MAX + 2]; /* ascending; all others are closed at once */
	size_t n_keep;
	struct filter filter; /* built by the parent, as libseccomp allocates */
	unsigned int landlock_abi; /* that was put in place; 0: none */
};

/* What a stage found although every call had claimed success. */
enum leftover {
	LEFTOVER_NONE,
	LEFTOVER_CAPABILITIES,
	LEFTOVER_BOUNDING,
	LEFTOVER_AMBIENT,
	LEFTOVER_IDENTITY,
	LEFTOVER_GROUPS,
	LEFTOVER_SECUREBITS,
	LEFTOVER_WAY_BACK,
	LEFTOVER_PRIVS,
	LEFTOVERS,
};

/*
 * One message to the parent. All zero but the stage: the child is about to exec, so that the
 * end of the connection means success from then on and an untimely death before.
 */
struct report {
	int stage;
	int error; /* errno */
	int leftover;
};

/* Wait for the parent's word, walk the stages, exec. */
_Noreturn void child_run(struct child *child);

/* Stages return 0, -errno, or a positive enum leftover. */
int privilege_bound(struct child *child);
int privilege_identity(struct child *child);
int privilege_clear(struct child *child);
int privilege_verify(struct child *child);
int privilege_no_new(struct child *child);
int landlock_confine(struct child *child); /* -ENOSYS, -EOPNOTSUPP: the kernel has none */
int descriptors_place(struct child *child);
int filter_install(struct child *child);

/* In the parent. *ret is the caller's to release. */
int filter_build(struct filter *ret, struct error *err);
void filter_done(struct filter *filter);

/* Close all that is not in child->keep. Returns 0 or -errno. */
int descriptors_close_others(const struct child *child);

/* Duplicate the log and every source that is below floor to a number from floor on. */
int descriptors_lift(struct child *child, int floor);

#endif
