/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The child between clone3 and exec. */
#ifndef JAIL_CHILD_H
#define JAIL_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "jail/launch.h"

struct sock_filter;

/* A system call filter ready for the kernel; _done() takes a zeroed one, too. */
struct filter {
	struct sock_filter *v;
	unsigned short n;
};

enum { CHILD_KEEP_MAX = LAUNCH_FDS_MAX + 2 * LAUNCH_FILES_MAX + 2, CHILD_WHAT_MAX = 128 };

/*
 * Filled by the parent before clone3(2); the child changes its own copy. Everything declared here
 * runs in a copy of a process that may have had threads and locks, and of which the C library
 * does not know: no allocation, no stdio, of libcap-ng only what does neither, and no call that
 * the C library spreads over threads (setresuid(2) and its like are made by number).
 */
struct child {
	const struct launch_plan *plan;
	int control_fd; /* >= 3 */
	int log_fd;
	int source[LAUNCH_FDS_MAX]; /* the plan's, or where they were moved to */
	int file[LAUNCH_FILES_MAX]; /* likewise; then a copy of its mount; then -1 */
	int idmap[LAUNCH_FILES_MAX]; /* user namespaces of files that the uid may not read, or -1 */
	int keep[CHILD_KEEP_MAX]; /* ascending; all others are closed at once */
	size_t n_keep;

	uid_t uid; /* in the end */
	gid_t gid;
	bool user_ns; /* the child is in a user namespace of its own */
	char uid_map[32], gid_map[32]; /* what to write there */
	struct filter filter; /* built by the parent, as libseccomp allocates */
	unsigned int landlock_abi; /* that was put in place; 0: none */

	unsigned int layers; /* the plan's without those that are missing */
	unsigned int may_miss;
	unsigned int missing;
	int refused; /* the layer that was refused and may not be missing, or -1 */
	const char *what; /* what the stage is at, for the message, or NULL */
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
	LEFTOVER_NAMESPACE,
	LEFTOVER_PID,
	LEFTOVER_ROOT,
	LEFTOVER_WRITABLE,
	LEFTOVER_UNMAPPED,
	LEFTOVER_POWERLESS,
	LEFTOVER_CPUS,
	LEFTOVERS,
};

/*
 * One message to the parent. No error at LAUNCH_EXEC: the child is about to exec, so that the
 * end of the connection means success from then on and an untimely death before.
 */
struct report {
	int stage;
	int error; /* errno */
	int leftover;
	int refused; /* as in struct child */
	unsigned int missing;
	char what[CHILD_WHAT_MAX]; /* cut where longer */
};

/* Walk the stages, wait for the parent's word, exec. */
_Noreturn void child_run(struct child *child);

/* Is the layer to be put in place, and not found missing? */
bool child_wants(const struct child *child, enum layer layer);

/*
 * The host refused a layer with this errno before anything of it was done. 0: it may do without,
 * child->missing has it now; else -code, and the message will say how to go without.
 */
int child_refused(struct child *child, enum layer layer, int code);

/* Is this how a kernel says that it lacks something, or that it is not for us? */
bool child_lacks(int code);

/* Be killed when the thread that made us is gone; its end of control_fd tells whether it is. */
int child_end_with_parent(const struct child *child);

/* snprintf(3) of "%d" where that has no place; returns the length. */
size_t child_format_int(int value, char ret[12]);

/* The parent's: is the plan sound? Words its errors. */
int plan_check(const struct launch_plan *plan, struct error *err);

/* Files have no place but in a root of its own, unless the program has other words without it. */
bool plan_needs_root(const struct launch_plan *plan);

/* Is the path below what every root has of the host? */
bool plan_is_system(const char *path);

/*
 * The parent's: a user namespace for an idmapped mount in which the ids of file are child->uid
 * and child->gid; -1 in *ret_fd where they may read (and write) it already.
 */
int idmap_open(const struct child *child, const struct launch_file *file, int *ret_fd,
	       struct error *err);

/* Signals by default and none blocked, personality, chdir "/", umask; nothing of the caller's. */
int session_reset(void);

/* Stages return 0, -errno, or a positive enum leftover. */
int limits_set(struct child *child);
int keyring_join(struct child *child);
int namespaces_enter(struct child *child);
int namespaces_enter_mount(struct child *child);
int namespaces_verify(const struct child *child);
int root_enter(struct child *child);
int privilege_bound(struct child *child);
int privilege_identity(struct child *child);
int privilege_clear(struct child *child);
int privilege_verify(struct child *child);
int privilege_no_new(struct child *child);
int landlock_confine(struct child *child); /* -ENOSYS, -EOPNOTSUPP: the kernel has none */
int landlock_confine_worker(struct child *child, bool network); /* the same */
int descriptors_place(struct child *child);
int filter_install(struct child *child);

/* In the parent: an RLIMIT_AS that leaves a fork of ours so many bytes more. */
int limits_address_space(size_t more, uint64_t *ret, struct error *err);

/* In the parent. *ret is the caller's to release. */
int filter_build(struct filter *ret, struct error *err);
int filter_build_worker(bool network, struct filter *ret, struct error *err);
void filter_done(struct filter *filter);

/* In the parent: move it off 0 to 2, which the child fills and a caller may have closed. */
int descriptors_off_stdio(int *fd);

/* In the parent: one more for child->keep; -1 is none. */
void descriptors_keep(struct child *child, int fd);

/* Close all that is not in child->keep. Returns 0 or -errno. */
int descriptors_close_others(const struct child *child);

/* Duplicate the log, every source and every file that is below floor to a number from there on. */
int descriptors_lift(struct child *child, int floor);

#endif
