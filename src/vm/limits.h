/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM may use of the host: from its settings to its cgroup, CPUs and nice value. */
#ifndef VM_LIMITS_H
#define VM_LIMITS_H

#include <sched.h>
#include <stdbool.h>

#include "config/vm_config.h"
#include "jail/cgroup.h"
#include "live.h"

/*
 * memory_max and pids_max, and what "auto" comes to.
 *
 * memory_max: the guest's memory and 1/64 of it, for page tables (two sets of 1/512 each), 512 MiB
 * and 16 MiB for each virtual CPU, and with tcg the 1 GiB that its buffer of translated code may
 * grow to. That is generous: QEMU 7.2 was seen to take 53 MiB with one virtual CPU, 72 with 64,
 * before a guest's first instruction, and 70 and the translated code after a boot; a screen that
 * is looked at, 64 workers and their disks' metadata come on top. The page cache of its disks
 * is counted as well, and gives way.
 *
 * pids_max: 256, two for each virtual CPU and one for each queue of a NIC (vhost's threads
 * count since Linux 6.4). Beside its virtual CPUs QEMU has 64 workers for its disks at most.
 */
uint64_t limits_memory_max(const struct vm_config *vm); /* bytes; 0: unlimited */
unsigned int limits_pids_max(const struct vm_config *vm);

/* Has somebody asked for a limit, beside what is on by itself? */
bool limits_asked(const struct vm_config *vm);

/* auto takes what cgroup there is; who names a folder wants that one. */
bool limits_cgroup_is_named(const struct host_config *host);

/*
 * All limits of a VM whose folder is dir_fd. CGROUP_PARTLY (positive): all but io_max, which is of
 * no disk that could be told; err says why.
 */
int limits_of(const struct vm_config *vm, int dir_fd, struct cgroup_limits *ret, struct error *err);

/* The whole disk that a file is on, past its partition. ERROR_HOST where there is none. */
int limits_disk(int dir_fd, const char *name, unsigned int *ret_major, unsigned int *ret_minor,
		struct error *err);

/* A set of CPUs that is allocated, and its size in bytes. Start zeroed. */
struct limits_cpus {
	cpu_set_t *set; /* NULL: as it is */
	size_t size;
};
void limits_cpus_done(struct limits_cpus *cpus);

/*
 * The CPUs of a list, or with NULL all of the host. ERROR_HOST names one that the host does not
 * have online.
 */
int limits_cpus_get(const char *list, struct limits_cpus *ret, struct error *err);

/* Can the CPUs and the nice value be had here, by us? ERROR_HOST, ERROR_PERMISSION. */
int limits_check(const struct vm_config *vm, struct error *err);

/*
 * Give the threads of a running VM the CPUs, nice value and cgroup limits of vm, and say so in the
 * settings of its run. What cannot be had at once is noted and left for the next start: then false.
 */
bool limits_apply_now(const struct vm_host *host, const struct vm_dir *dir, const struct live *live,
		      const struct vm_config *vm);

/* Note why a run that is over has ended, as far as its cgroup tells. */
void limits_tell_end(const struct vm_host *host, const struct vm_dir *dir);

/*
 * Remove the cgroup of a run that is over, and the record of it. ERROR_BUSY when something lives in
 * it: then both stay. limits_clear() notes that and returns false.
 */
int limits_remove(const struct vm_host *host, const struct vm_dir *dir, struct error *err);
bool limits_clear(const struct vm_host *host, const struct vm_dir *dir);

/* Under the VM's lock: kill all that lives in its cgroup, where it has one. */
void limits_kill(const struct vm_dir *dir);

/* Did the kernel end it for want of memory? Then why, for people, is in out. */
bool limits_out_of_memory(const struct vm_dir *dir, char *out, size_t size);

#endif
