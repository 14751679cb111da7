/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of vm.conf's keys, shared by its reader and its writer. */
#ifndef CONFIG_VM_KEYS_H
#define CONFIG_VM_KEYS_H

#include "base/error.h"
#include "config/vm_config.h"
#include "keys.h"

extern const struct config_schema vm_schema;
extern const struct value_type value_nic_ip; /* struct vm_nic: its first address */
extern const struct value_type value_rate; /* struct nic_rate */

/* VLANs or addresses of a NIC that are given twice, too many of them. ERROR_USAGE. */
int vm_nic_check_lists(const struct vm_nic *nic, struct error *err);

/*
 * What no single line can say: gaps between the disks; a file, a MAC or an address twice.
 * ERROR_USAGE.
 */
int vm_config_check(const struct vm_config *config, struct error *err);

#endif
