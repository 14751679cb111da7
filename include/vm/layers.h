/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which layers of confinement this host can give a VM. */
#ifndef VM_LAYERS_H
#define VM_LAYERS_H

#include "base/layer.h"
#include "vm/host.h"

/*
 * Launches QEMU as a VM's would be, but for its cgroup, in every layer that the host has, to tell
 * its version and end. *ret_missing are the LAYER_BIT()s of those that it lacks; LAYER_CGROUP is
 * never among them. Needs no VM and leaves nothing. Errors are those of the launch, or that QEMU
 * does not run in its root, with a hint.
 */
int vm_layers_probe(const struct vm_host *host, unsigned int *ret_missing, struct error *err);

/*
 * Where a VM's cgroup would be; makes nothing. *ret_path is the caller's. VM_NO_CGROUP (positive):
 * there is no cgroup v2 that we may write, or `cgroup` says off; err says why, with a hint.
 */
enum { VM_NO_CGROUP = 1 };
int vm_cgroup_place(const struct vm_host *host, char **ret_path, struct error *err);

#endif
