/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update-cloud, and what the guest is given. */
#ifndef VM_UPDATE_H
#define VM_UPDATE_H

#include "base/buf.h"
#include "base/strv.h"
#include "vm/host.h"

/* NULL: as it is. */
struct vm_update_request {
	const char *pubkey_path;
	const struct strv *ips; /* of the first NIC: the first one and further ones */
	const char *gateway; /* "none": none */
	const char *dns;
	const char *user_data_path; /* "" removes the admin's own */
	const char *network_config_path; /* likewise */
};

/*
 * Check, claim, write the files and a new seed. A running guest sees the new seed at its next
 * reboot: the copy that QEMU has open is replaced in place. *ret_note says what is needed for
 * it to take effect; static text.
 */
int vm_update(const struct vm_host *host, const char *name, const struct vm_update_request *request,
	      const char **ret_note, struct error *err);

/* One document of the seed, or all three with headings when which is NULL: "user-data", ... */
int vm_seed_show(const struct vm_host *host, const char *name, const char *which, struct buf *out,
		 struct error *err);

#endif
