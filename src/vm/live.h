/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is a VM alive? One answer for all operations. */
#ifndef VM_LIVE_H
#define VM_LIVE_H

#include <stdbool.h>

#include "store/record.h"
#include "vm/status.h"

struct live {
	enum vm_state state;
	struct process_id process; /* pid 0: none */
	bool foreign; /* started by something else: no sockets of ours */
	bool half_started; /* STARTING, and nobody is at it any more */
};

/*
 * From the record, /proc and the locks. A stop that nobody waits for any more leaves the VM
 * RUNNING. Fails only on an unreadable record.
 */
int live_get(const struct vm_host *host, const struct vm_dir *dir, struct live *ret,
	     struct error *err);

/*
 * The settings that a living VM was started with; of older runs, and the Go edition's, its
 * folder's.
 */
int live_load(const struct vm_host *host, const struct vm_dir *dir, struct vm_config *ret,
	      struct error *err);

/*
 * What a process that has gone left behind: its record, sockets and settings, its claims on
 * addresses that the VM has no more, and its cgroup, unless something lives in there.
 */
void live_clear(const struct vm_host *host, const struct vm_dir *dir);

bool live_is_alive(const struct live *live);

/* ERROR_BUSY unless it runs, was started by us, and its start is over. */
int live_must_run(const struct vm_dir *dir, const struct live *live, struct error *err);

/*
 * What is to become of a half-started VM, under its lock. Its launcher may have been killed
 * before the guest ran, or just after: QEMU knows. A guest that runs, or was paused, is adopted
 * (the record is completed, live updated); one that never ran is ended and the VM is
 * VM_STATE_DEAD. ERROR_BUSY when QEMU does not answer: then nothing is done to it.
 */
int live_settle(const struct vm_host *host, const struct vm_dir *dir, struct live *live,
		struct error *err);

/*
 * Press the guest's power button (ACPI); a paused guest is resumed for it. ERROR_BUSY for a
 * QEMU that was started by another program.
 */
int live_power_down(const struct vm_dir *dir, const struct live *live, struct error *err);

/*
 * ERROR_BUSY when no record tells of a living QEMU, but the lock that it holds does; one that
 * is ending is waited for.
 */
int live_check_unrecorded(const struct vm_host *host, const struct vm_dir *dir, struct error *err);

/*
 * Kill with SIGKILL and wait (at most ten seconds) for the end of it; where that does not help,
 * kill all in its cgroup. The record stays: whoever holds the lock clears it.
 */
int live_kill(const struct vm_host *host, const struct vm_dir *dir, const struct live *live,
	      struct error *err);

/*
 * Take the VM's lock for command and clear the record of a process that has ended, unless somebody
 * has started the VM anew meanwhile; with force all else in its cgroup is killed before. A VM that
 * was deleted is no error.
 */
int live_clear_dead(const struct vm_host *host, const char *name, const char *command, bool force,
		    struct error *err);

/*
 * How often a guest is asked to shut down, one that is booting does not hear the button; and how
 * long after that nobody is taken to wait for it any more.
 */
enum { LIVE_ASK_AGAIN_MS = 15000, LIVE_FORGOTTEN_MS = 3 * LIVE_ASK_AGAIN_MS };

#endif
