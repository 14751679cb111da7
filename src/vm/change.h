/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing a VM that exists: what update-cloud and set share. */
#ifndef VM_CHANGE_H
#define VM_CHANGE_H

#include "store/vm_dir.h"
#include "vm/host.h"
#include "vm/nic_request.h"

/* A VM locked, with its settings as they were and as they are to be. */
struct change {
	const struct vm_host *host;
	struct vm_dir dir;
	struct vm_config old, vm;
	struct vm_nic_request nics[VM_NICS_MAX]; /* what was asked of each */
};

void change_done(struct change *change);

/* Lock and load. */
int change_begin(struct change *change, const struct vm_host *host, const char *name,
		 const char *command, struct error *err);

/* Hold the NICs that were asked for something against their LANs, and fill what is left open. */
int change_complete_nics(struct change *change, struct error *err);

/* Addresses and MACs; before the first write. */
int change_claim(struct change *change, struct error *err);

/* Write the settings, and the seed where it is one of ours. Each file is replaced whole. */
int change_save(struct change *change, struct error *err);

/*
 * However far it came: of the old and the new claims the VM keeps those that its folder speaks
 * of now, and those that it was started with while it runs.
 */
void change_settle(struct change *change);

/* Give a running guest the new seed. *ret_note: when it takes effect; static text. */
int change_refresh(struct change *change, const char **ret_note, struct error *err);

#endif
