/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing settings of a VM. */
#ifndef VM_SET_H
#define VM_SET_H

#include <stdbool.h>

#include "base/strv.h"
#include "vm/host.h"

/*
 * Set each "KEY=VALUE" of pairs: a key of vm.conf's first lines ("memory"), of a NIC ("nic.1.vlan",
 * where "vlan" alone is nic.0's), and ip and mac of any NIC. An empty value unsets what may be
 * unset. A NIC one above the last is added, "nic.N=none" takes the last one away. All or nothing:
 * checked as create does, claimed, written. ERROR_USAGE for what is not to be set by hand (uid,
 * image, disks).
 * *ret_note says when it takes effect; static text.
 */
int vm_set(const struct vm_host *host, const char *name, const struct strv *pairs,
	   const char **ret_note, struct error *err);

/* Is this one of vm_config_keys() ("nic.vlan") that may be set by hand? */
bool vm_set_takes(const char *key);

#endif
