/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cgroup v2 of its own for each VM: limits, and a kill that nothing escapes. */
#ifndef JAIL_CGROUP_H
#define JAIL_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strv.h"

/* In the units of the kernel's files (cgroup-v2.rst); 0 is unlimited, or the default weight. */
struct cgroup_limits {
	uint64_t memory_max; /* bytes */
	bool memory_optional, pids_optional; /* nobody asked for it: no loss where it cannot be */
	unsigned int cpu_max_percent, cpu_weight, pids_max, io_weight;
	uint64_t io_rbps, io_wbps, io_riops, io_wiops;
	unsigned int io_major,
		io_minor; /* the disk that the four are of; 0:0: they are left alone */
};

/*
 * Where the leaf of VM `name` is to be. where is the host's setting: "auto", "off" or a folder of
 * cgroup v2 that is ours to manage. auto is the caller's own cgroup, or the one above it, where
 * that folder is the caller's and delegated to it (systemd marks those with the xattrs
 * user.delegate and trusted.delegate); else, for root, "mnmivm-se" at the top of the hierarchy.
 * Makes nothing;
 * *ret_path is the caller's. CGROUP_NONE (positive): off, or there is no cgroup v2 that we may
 * write; err says why. CGROUP_PARTLY (positive): see below.
 */
enum { CGROUP_NONE = 1, CGROUP_PARTLY = 2 };
int cgroup_place(const char *where, const char *name, char **ret_path, struct error *err);

/*
 * What cgroup_make() would come to, as far as reading tells: the same outcomes but -EBUSY, and
 * *ret_path with CGROUP_PARTLY, too. limits becomes what is to be had of it, and err names all
 * that was asked for and is not.
 */
int cgroup_check(const char *where, const char *name, struct cgroup_limits *limits, char **ret_path,
		 struct error *err);

/* ERROR_BUSY (-EBUSY), as of cgroup_make(): something lives in that leaf. Reads only. */
int cgroup_check_free(const char *path, struct error *err);

/*
 * The leaf in that place, made with these limits; one of an earlier run is replaced when nothing
 * lives in it any more. Controllers that the limits need are switched on on the way, as far as
 * that is ours to do. In a cgroup that was delegated to it the caller itself moves into
 * "_supervisor" below, as none with processes of its own can limit others.
 *
 * *ret_fd is the folder, for struct launch_plan; *ret_path, owned by the caller, its path for
 * record_cgroup and for messages. CGROUP_NONE as above. CGROUP_PARTLY: the leaf is there, but a
 * limit that was asked for is not; err names it. -EBUSY (ERROR_BUSY): something lives in the
 * leaf: it is another state directory's VM of that name, or a stranger, and left alone.
 */
int cgroup_make(const char *where, const char *name, const struct cgroup_limits *limits,
		int *ret_fd, char **ret_path, struct error *err);

/* Replace the limits of a leaf that is in use, unlimited ones too. 0 or CGROUP_PARTLY as above. */
int cgroup_apply(const char *path, const struct cgroup_limits *limits, struct error *err);

/* Kill all that is in it (cgroup.kill, Linux 5.14; else one by one until it is empty). */
int cgroup_kill(const char *path, struct error *err);

/*
 * Remove an empty leaf, and nothing else but the "mnmivm-se" above when it was the last one there;
 * what is gone already is no error. What is dying in it is waited for, a second at most. -EBUSY
 * (ERROR_BUSY): not empty. -EINVAL: no cgroup v2, which a path of an earlier boot may be.
 */
int cgroup_remove(const char *path, struct error *err);

/*
 * Add to *ret the files of those limits that somebody asked for and the leaf has no controller for.
 */
void cgroup_lacking(const char *path, const struct cgroup_limits *limits, struct strv *ret);

/* What the kernel says of a leaf; each true in has_* where the file is there. */
struct cgroup_state {
	bool has_memory, has_cpu, has_pids;
	bool has_controllers; /* any of memory, cpu, pids, io: without, nothing can be limited */
	uint64_t memory_current, memory_max; /* bytes; UINT64_MAX: unlimited */
	uint64_t cpu_usage_us;
	unsigned int cpu_max_percent; /* 0: unlimited */
	uint64_t pids_current, pids_max; /* UINT64_MAX: unlimited */
	uint64_t oom_kills; /* processes that the kernel killed for want of memory */
	uint64_t oom_limits; /* how often memory_max was why; else the host had none left */
};
int cgroup_read(const char *path, struct cgroup_state *ret, struct error *err);

#endif
