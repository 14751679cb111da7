/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taps of a VM that is changed while it runs. */
#ifndef VM_REPAIR_H
#define VM_REPAIR_H

#include "store/vm_dir.h"
#include "vm/host.h"

/*
 * Let the guards of a running VM, which is locked, pass its new addresses beside those that it
 * has had, so that one reboot of the guest is all that a new address takes. Nothing else of a tap
 * is touched. What cannot be done is noted: the change itself has been made.
 */
void repair_after_change(const struct vm_host *host, const struct vm_dir *dir,
			 const struct vm_config *before);

#endif
