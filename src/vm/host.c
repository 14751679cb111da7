/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host as all operations see it. */
#include <stdarg.h>
#include <stdio.h>

#include "vm/host.h"
#include "sweep.h"

int vm_host_open(struct vm_host *host, bool write, struct error *err)
{
	int r = store_open(&host->store, &host->config, write, err);

	if (!r && write)
		sweep_unfinished(host);
	return r;
}

int vm_host_open_images(struct vm_host *host, struct error *err)
{
	return store_open_images(&host->store, &host->config, err);
}

void vm_host_done(struct vm_host *host)
{
	store_done(&host->store);
	host_config_done(&host->config);
}

void vm_note(const struct vm_host *host, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	if (!host->note)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	host->note(host->note_context, text);
}
