/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One process as the kernel tells of it in /proc/PID; proc(5). */
#ifndef VM_PROC_H
#define VM_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/process.h"

/*
 * The folder of exactly this process: whatever is read below it is of no other, and fails once it
 * has ended. Returns the descriptor or -errno.
 */
int proc_open(const struct process_id *id);

/* A file below it, whole, at most 1 MiB. Returns 0 or -errno; ret is replaced. */
int proc_read(int proc_fd, const char *name, struct buf *ret);

/* The same, its first line without the newline. */
int proc_read_line(int proc_fd, const char *name, struct buf *ret);

enum { PROC_CAP_SETS = 5 };

/*
 * -1 where the kernel does not tell. Numbers of users are as the reader's user namespace has them.
 */
struct proc_status {
	int64_t uids[4], gids[4]; /* real, effective, saved, file system */
	int n_groups;
	bool has_capabilities;
	uint64_t capabilities
		[PROC_CAP_SETS]; /* inheritable, permitted, effective, bounding, ambient */
	int no_new_privs;
	int seccomp; /* 2: filters */
	int seccomp_filters; /* how many; Linux 5.9 */
	int pid_depth; /* of pid namespaces, from the reader's on: 1 is his own */
	int inner_pid; /* in the innermost */
	int tracer; /* its pid; 0: nobody */
	char cpus[128]; /* "0-3,8"; cut where longer, "" unknown */
};
void proc_status_parse(const char *text, struct proc_status *ret);

/* RLIMIT_*, soft, as /proc/PID/limits names them ("Max core file size"); -1: not told. */
#define PROC_UNLIMITED INT64_MAX
int64_t proc_limit(const char *text, const char *name);

struct proc_mounts {
	unsigned int n;
	bool root_is_tmpfs, root_is_read_only; /* of what is mounted last on "/" */
	unsigned int n_writable;
	char writable[128]; /* the first that may be written to; cut where longer */
	char system[128]; /* the first of proc, sysfs, cgroups and their like */
};

/* The text of /proc/PID/mountinfo. False, and nothing in *ret, where a line makes no sense. */
bool proc_mounts_parse(const char *text, struct proc_mounts *ret);

/* Of /proc/PID/net/dev: is there no link but lo? */
bool proc_net_is_empty(const char *text);

/* The path in the v2 hierarchy, of /proc/PID/cgroup ("0::/path"); false: there is none. */
bool proc_cgroup_path(const char *text, char *ret, size_t size);

#endif
