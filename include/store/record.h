/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run_dir/NAME/process: which process a VM is, and how far it has come. */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <stdint.h>

#include "base/error.h"
#include "base/layer.h"
#include "base/process.h"
#include "store/vm_dir.h"

enum phase {
	PHASE_STARTING, /* written before QEMU is executed */
	PHASE_RUNNING,
	PHASE_PAUSED,
	PHASE_STOPPING, /* a power-down was asked for, by who touches the record while he waits */
};

struct record {
	struct process_id process;
	enum phase phase;
};

/*
 * Read the record. Returns RECORD_NONE (positive) where there is none, -EINVAL (ERROR_FAILED) for
 * one that nobody of ours wrote.
 */
enum { RECORD_NONE = 1 };
int record_read(const struct vm_dir *dir, struct record *ret, struct error *err);

/* Replace it atomically; also vm.pid in the VM's folder, for people and older tools. */
int record_write(const struct vm_dir *dir, const struct record *record, struct error *err);

/* The same, of a process in a phase. */
int record_phase(const struct vm_dir *dir, const struct process_id *process, enum phase phase,
		 struct error *err);

/* What the record says still holds: its time is now. Fails without a word. */
void record_touch(const struct vm_dir *dir);

/* How long ago it was written or touched, by the wall clock; -1: it cannot be told. */
int64_t record_age_ms(const struct vm_dir *dir);

/*
 * run_dir/NAME/missing: the layers of confinement that the running VM does without, a mask of
 * LAYER_BIT()s (base/layer.h), as words, one a line; empty where it has them all. Written by start
 * before QEMU is executed. Reading returns RECORD_NONE where there is no such file, of a VM that
 * another edition started, and -EINVAL for a word that is no layer.
 */
int record_missing_write(const struct vm_dir *dir, unsigned int mask, struct error *err);
int record_missing_read(const struct vm_dir *dir, unsigned int *ret, struct error *err);

/*
 * run_dir/NAME/cgroup: the path of the VM's own cgroup, written before that is made, and its inode,
 * 0 until it is: what is found at the path may then be another's. RECORD_NONE where it has none;
 * what is no absolute path is -EINVAL. *ret is the caller's.
 */
int record_cgroup_write(const struct vm_dir *dir, const char *path, uint64_t inode,
			struct error *err);
void record_cgroup_drop(const struct vm_dir *dir); /* there is none, or no more */
int record_cgroup_read(const struct vm_dir *dir, char **ret, uint64_t *ret_inode,
		       struct error *err);

/*
 * Remove the record, vm.pid, the sockets, the seed copy and the settings of a process that has
 * gone. The record of a cgroup stays: it goes when that does, by record_cgroup_drop().
 */
void record_clear(const struct vm_dir *dir);

/* Is anything left that record_clear() would remove, or a cgroup? */
bool record_has_leftovers(const struct vm_dir *dir);

/*
 * vm.pid of a VM that the Go edition started (or whose run folder was removed): its process when
 * it is alive, runs as root or one of our uids, and its command line names this VM's disk or name.
 * RECORD_NONE otherwise.
 */
int record_find_foreign(const struct store *store, const struct vm_dir *dir,
			struct process_id *ret);

#endif
