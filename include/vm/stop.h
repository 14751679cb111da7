/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ending a guest: asked, then told, and only then killed. */
#ifndef VM_STOP_H
#define VM_STOP_H

#include <stdbool.h>

#include "vm/host.h"
#include "vm/start.h"

struct vm_stop_options {
	bool force; /* quit, then SIGKILL; with a timeout the guest is asked first */
	bool has_timeout;
	unsigned int timeout_s; /* how long to wait for the guest; default: the VM's */
};

/*
 * ACPI power-down and wait. Without force the guest is never harmed: when the time is up the
 * result is ERROR_TIMEOUT and it goes on running. Returns VM_ALREADY when nothing ran;
 * leftovers are cleared. The VM is not locked while it waits, so that `stop --force` elsewhere
 * can cut it short.
 */
int vm_stop(const struct vm_host *host, const char *name, const struct vm_stop_options *options,
	    struct error *err);

/* Stop and start again. VM_ALREADY: it was stopped, and was started. */
int vm_restart(const struct vm_host *host, const char *name, const struct vm_stop_options *options,
	       struct error *err);

/* Freeze and let go. VM_ALREADY when it is so. ERROR_BUSY when the VM does not run. */
int vm_pause(const struct vm_host *host, const char *name, struct error *err);
int vm_resume(const struct vm_host *host, const char *name, struct error *err);

#endif
