/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a stopped VM to a running guest. */
#ifndef VM_START_H
#define VM_START_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/strv.h"
#include "vm/host.h"

enum { VM_ALREADY = 1 }; /* documented outcome of start and stop: it is so already */

struct vm_start_options {
	bool paused; /* leave the guest paused; `resume` lets it go */
	bool no_probe; /* do not ask the LAN who else has its addresses */
};

/*
 * Returns 0 when QMP says that the guest runs, VM_ALREADY when it did before. What an earlier
 * start left half done, or a dead QEMU left behind, is cleared away first. ERROR_CONFLICT: another
 * station has one of the guest's addresses. After a failure
 * there is no process, tap or socket.
 */
int vm_start(const struct vm_host *host, const char *name, const struct vm_start_options *options,
	     struct error *err);

/*
 * Start, then stay until QEMU has ended. stop_fd becomes readable when a graceful stop is
 * wanted (a signalfd(2) of SIGTERM and SIGINT); it is read and answered with the ACPI button
 * each time. ERROR_BUSY when the VM runs already. QEMU's death by a signal, or its failure, is
 * ERROR_FAILED.
 */
int vm_run(const struct vm_host *host, const char *name, const struct vm_start_options *options,
	   int stop_fd, struct error *err);

/* Files, netlink operations and argv of a start, in words. Changes nothing. */
int vm_start_describe(const struct vm_host *host, const char *name, struct buf *out,
		      struct error *err);

/* QEMU's command as start would make it now: one option with its value a string, quoted for sh. */
int vm_start_command(const struct vm_host *host, const char *name, struct strv *ret,
		     struct error *err);

#endif
