/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the readers of a process's confinement share. */
#ifndef SRC_VM_CONFINEMENT_H
#define SRC_VM_CONFINEMENT_H

#include "store/vm_dir.h"
#include "vm/confinement.h"
#include "proc.h"

/* Whose confinement it is, and what it should be. */
struct confined {
	const struct vm_dir *dir;
	const struct host_config *host;
	const struct vm_config *vm; /* of this run */
	bool as_root; /* of a uid of its own, else of the user's */
	unsigned int may_miss; /* layers that this start was to go without */
	bool has_missing; /* the start has recorded: */
	unsigned int missing; /* layers that it went without */
	int proc_fd;
	struct proc_status status;
};

/* Each fills its part of *ret, and adds what it finds. */
void confinement_identity(const struct confined *of, struct vm_confinement *ret);
void confinement_layers(const struct confined *of, struct vm_confinement *ret);
enum vm_layer_state confinement_cgroup(const struct confined *of, struct vm_confinement *ret);
void confinement_descriptors(const struct confined *of, struct vm_confinement *ret);

#endif
