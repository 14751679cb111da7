/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The claims of one VM taken together. */
#ifndef VM_VM_CLAIMS_H
#define VM_VM_CLAIMS_H

#include "config/vm_config.h"
#include "store/store.h"

/* VNC displays are numbered from 5900 on; only a listener on TCP uses the number. */
enum { VNC_PORT_BASE = 5900, VNC_PORT_COUNT = 10000 };

/*
 * Take the MACs and static addresses of all NICs. ERROR_CONFLICT names the VM that has one; what
 * was taken by then stays, for vm_claims_drop_unused().
 */
int vm_claims_take_nics(const struct store *store, const char *name, const struct vm_config *vm,
			struct error *err);

/* Give each NIC that has no MAC a random one, which is claimed at once. */
int vm_claims_assign_macs(const struct store *store, const char *name, struct vm_config *vm,
			  struct error *err);

/* Could it take them? Changes nothing; MACs that are not assigned yet are left out. */
int vm_claims_check_nics(const struct store *store, const char *name, const struct vm_config *vm,
			 struct error *err);

/* Give all of the VM's claims back, numbers too. */
void vm_claims_drop(const struct store *store, const char *name, const struct vm_config *vm);

/* Give back the MACs and addresses of vm that none of the n in kept has. */
void vm_claims_drop_unused(const struct store *store, const char *name, const struct vm_config *vm,
			   const struct vm_config *const kept[], size_t n);

#endif
