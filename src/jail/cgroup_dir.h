/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders of cgroup v2, and the controllers for what is below them. */
#ifndef JAIL_CGROUP_DIR_H
#define JAIL_CGROUP_DIR_H

#include <stdbool.h>

#include "base/buf.h"
#include "jail/cgroup.h"

enum controller { CONTROLLER_MEMORY, CONTROLLER_CPU, CONTROLLER_PIDS, CONTROLLER_IO, CONTROLLERS };
extern const char *const controller_words[];

/* Why one could not be switched on: errno; 0: it could, or was not tried. */
struct controllers {
	int why[CONTROLLERS];
};

/* The folder that the leaves of "auto" are in, and where a delegate moves to itself. */
#define CGROUP_OURS "mnmivm-se"
#define CGROUP_SELF "_supervisor" /* the name of no VM */

/* The top of the hierarchy: static text, or NULL where none is mounted. */
const char *cgroup_top(void);

/* Open an absolute path for reading its names. -EINVAL: not on cgroup v2. No error is worded. */
int cgroup_dir_open(const char *path);

/* The folder above a leaf by its path, "" where there is none; the caller frees it. */
char *cgroup_parent(const char *path);

/* Split a leaf's path: *ret_fd is the folder above it; the name points into path. */
int cgroup_parent_open(const char *path, int *ret_fd, const char **ret_name, struct error *err);

/* Is it the folder of "auto" at the top, which is ours with all that is in it? */
bool cgroup_is_ours(const char *parent);

/* Write or read one of the kernel's files. Writing returns 0 or -errno and words nothing. */
int cgroup_put(int dir_fd, const char *file, const char *text);
int cgroup_get(int dir_fd, const char *file, struct buf *ret, struct error *err);

/* Is it one of the words with blanks between them? */
bool cgroup_has_word(const char *text, const char *word);

/* -EBUSY in words, of a leaf that is to be made. */
int cgroup_word_busy(const char *path, struct error *err);

/* Something lives in it or below it, going by cgroup.events; false too when that cannot be read. */
bool cgroup_is_populated(int dir_fd);

/* Wait until nothing does, for what is dying; false: something still does. */
bool cgroup_wait_empty(int dir_fd);

/* Switch on, for the cgroups in dir_fd, those of the mask that are not on. */
void cgroup_enable(int dir_fd, unsigned int mask, struct controllers *ret);

/* A mask of 1 << CONTROLLER_*: those that a cgroup has; all where it does not say, and for -1. */
unsigned int cgroup_controllers(int dir_fd);

/* A mask of 1 << CONTROLLER_*: what the limits need. */
unsigned int cgroup_limits_need(const struct cgroup_limits *limits);

/* Write them into a leaf. 0 or CGROUP_PARTLY; path is for the message. */
int cgroup_limits_write(int leaf_fd, const char *path, const struct cgroup_limits *limits,
			const struct controllers *controllers, struct error *err);

/*
 * Take away what needs another controller than those of the mask. CGROUP_PARTLY: somebody asked
 * for some of it; err names it all.
 */
int cgroup_limits_reduce(struct cgroup_limits *limits, unsigned int controllers, const char *path,
			 struct error *err);

/* What the files of a leaf say. */
void cgroup_state_get(int leaf_fd, struct cgroup_state *ret);

#endif
