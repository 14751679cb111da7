/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small looks at /proc, /sys and /lib/modules. */
#ifndef DOCTOR_PROBE_H
#define DOCTOR_PROBE_H

#include <stdbool.h>

#include "base/buf.h"

/* The first line of a file, without its newline; false where it cannot be read. */
bool probe_line(const char *path, struct buf *ret);

/* The number in a file, or fallback. */
long probe_number(const char *path, long fallback);

/* Has /proc/cpuinfo the flag, on the first CPU? */
bool probe_cpu_flag(const char *flag);

/* Does /proc/misc list the driver, as "kvm"? It is in the kernel then, whatever /dev has. */
bool probe_misc_device(const char *name);

enum module_state {
	MODULE_ABSENT, /* neither built in nor in /lib/modules */
	MODULE_AVAILABLE, /* could be loaded */
	MODULE_PRESENT, /* loaded or built in */
};

/*
 * Of /sys/module, modules.builtin and modules.dep (modules.dep(5)); name with '_', as the kernel
 * has it. A kernel without loadable modules has everything that it has built in: MODULE_PRESENT.
 */
enum module_state probe_module(const char *name);

#endif
