/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every operation works on: the host's settings, its store, and a way to say something. */
#ifndef VM_HOST_H
#define VM_HOST_H

#include <stdbool.h>

#include "base/error.h"
#include "config/host_config.h"
#include "store/store.h"

struct vm_host {
	struct host_config config;
	struct store store;
	/* Progress and notes, one line without newline; NULL: silent. Nothing else is printed. */
	void (*note)(void *context, const char *text);
	void *note_context;
};

#define VM_HOST_INIT                                                                               \
	{                                                                                          \
		.store = STORE_INIT                                                                \
	}

/* Open the store that host->config names; write makes what is missing and sweeps up. */
int vm_host_open(struct vm_host *host, bool write, struct error *err);

/* The same for work on images alone: see store_open_images(). Sweeps up nothing. */
int vm_host_open_images(struct vm_host *host, struct error *err);
void vm_host_done(struct vm_host *host);

void vm_note(const struct vm_host *host, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
