/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The levels of x86-64 processors, 1 to 4: what an image needs, and what its guest would get. */
#ifndef VM_CPU_LEVEL_H
#define VM_CPU_LEVEL_H

#include <stdbool.h>

#include "config/vm_config.h"
#include "vm/host.h"
#include "vm/qemu_version.h"

/*
 * The x86-64-vN (x86-64 psABI, 3.1.1) of the first processor in the text of a /proc/cpuinfo; 0: it
 * has no flags of an x86-64.
 */
unsigned int cpu_level_of(const char *cpuinfo);

/* That of the model `max` of QEMU's own translator. */
unsigned int cpu_level_of_tcg(const struct qemu_version *version);

/*
 * ERROR_HOST where the processor that vm gets, the host's or TCG's, is below vm->image.cpu_level. A
 * host that does not tell is believed, and so is a model that the admin named (CPU_LEVEL_NAMED,
 * positive). keep as in qemu_version_get().
 */
enum { CPU_LEVEL_NAMED = 1 };
int cpu_level_check(const struct vm_host *host, const struct vm_config *vm, bool keep,
		    struct error *err);

#endif
