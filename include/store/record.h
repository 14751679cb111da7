/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run_dir/NAME/process: which process a VM is, and how far it has come. */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "base/error.h"
#include "base/process.h"
#include "store/vm_dir.h"

enum phase {
	PHASE_STARTING, /* written before QEMU is executed */
	PHASE_RUNNING,
	PHASE_PAUSED,
	PHASE_STOPPING, /* a power-down was asked for */
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

/* Remove the record, vm.pid, the sockets, the seed copy and the settings of a process that has gone. */
void record_clear(const struct vm_dir *dir);

/* Is anything left that record_clear() would remove? */
bool record_has_leftovers(const struct vm_dir *dir);

/*
 * vm.pid of a VM that the Go edition started (or whose run folder was removed): its process when
 * it is alive, runs as root or one of our uids, and its command line names this VM's disk or name.
 * RECORD_NONE otherwise.
 */
int record_find_foreign(const struct store *store, const struct vm_dir *dir,
			struct process_id *ret);

#endif
