/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clears away what a killed create or delete left half done. */
#ifndef VM_SWEEP_H
#define VM_SWEEP_H

#include "vm/host.h"

/*
 * state_dir/tmp has a folder only while somebody makes or removes a VM, and run_dir one of a VM
 * that is not in place, under that VM's lock. One whose lock is free has been left behind.
 * Costs a look at the names when there is none; never fails, as the next command tries again.
 */
void sweep_unfinished(const struct vm_host *host);

#endif
