/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The serial console and the logs of a VM. */
#ifndef VM_CONSOLE_H
#define VM_CONSOLE_H

#include "vm/host.h"

/* A stream connected to the serial console; the caller's. ERROR_BUSY when the VM does not run. */
int vm_console_open(const struct vm_host *host, const char *name, int *ret_fd, struct error *err);

enum vm_log { VM_LOG_QEMU, VM_LOG_CONSOLE };

/*
 * The log of the current or last run, its offset set to the first byte. Both files hold at most
 * 1 MiB of a run; see vm/log.c for how that bound is kept. Returns VM_LOG_NONE (positive) where
 * there is none.
 */
enum { VM_LOG_NONE = 1 };
int vm_log_open(const struct vm_host *host, const char *name, enum vm_log which, int *ret_fd,
		struct error *err);

#endif
