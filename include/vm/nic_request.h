/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may be asked of a NIC. */
#ifndef VM_NIC_REQUEST_H
#define VM_NIC_REQUEST_H

#include <stdbool.h>

#include "base/strv.h"
#include "config/vm_config.h"

/*
 * Beside the fields of struct vm_nic, what only the LAN can complete. Start zeroed; release with
 * vm_nic_request_done().
 */
struct vm_nic_request {
	struct strv ips; /* as typed: "dhcp", "none", ADDR[/N] and further addresses; or as it is */
	bool gateway, dns; /* the user has said what they are: do not look for others */
	bool checked; /* something of this NIC changes: hold it against the LAN */
};

void vm_nic_request_done(struct vm_nic_request *request);

/*
 * Set one key of NIC i, a word of vm.conf's [nic.N], or ip, gateway and dns in their forms of the
 * command line. Lists (ip, dns, search, trunk) grow when a key comes again; fresh says that
 * it is the first time. A NIC above the last one is added, in order. ERROR_USAGE.
 */
int vm_nic_request_set(struct vm_config *config, struct vm_nic_request requests[VM_NICS_MAX],
		       unsigned int i, const char *key, const char *value, bool fresh,
		       struct error *err);

#endif
