/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing a VM. */
#ifndef VM_DELETE_H
#define VM_DELETE_H

#include <stdbool.h>

#include "vm/host.h"

/*
 * ERROR_BUSY for a protected VM, and while it runs, unless force, which ends it first (no
 * power-down). The folder leaves vms/ in one rename, so that a kill leaves either the whole VM or
 * nothing but what the next command sweeps up.
 */
int vm_delete(const struct vm_host *host, const char *name, bool force, struct error *err);

#endif
