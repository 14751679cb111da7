/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The claims of one VM taken together. */
#ifndef VM_VM_CLAIMS_H
#define VM_VM_CLAIMS_H

#include "config/vm_config.h"
#include "store/store.h"

/* VNC displays are numbered from 5900 on; only a listener on TCP uses the number. */
enum { VNC_PORT_BASE = 5900, VNC_PORT_COUNT = 10000 };

/* Give back uid, VNC port, MACs and addresses. */
void vm_claims_drop(const struct store *store, const char *name, const struct vm_config *vm);

#endif
