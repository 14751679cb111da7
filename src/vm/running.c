/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The NICs of all VMs that run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "net/ports.h"
#include "lan.h"
#include "live.h"
#include "nic.h"
#include "running.h"

void running_nics_done(struct running_nics *nics)
{
	for (size_t i = 0; i < nics->n; i++) {
		free(nics->v[i].bridge);
		free(nics->v[i].spec);
	}
	free(nics->v);
	*nics = (struct running_nics){ .v = NULL };
}

static struct nic_spec *spec_of(const char *name, const struct vm_config *vm,
				const struct vm_config *now, unsigned int i)
{
	struct nic_spec *spec = xcalloc(1, sizeof(*spec));

	nic_spec_init(spec, name, vm, i);
	if (i < now->n_nics)
		nic_spec_add_addresses(spec, &now->nics[i]);
	return spec;
}

void running_nics_add(struct running_nics *nics, const struct vm_host *host, const char *name,
		      const struct vm_config *vm, const struct vm_config *now)
{
	nics->v = xreallocarray(nics->v, nics->n + vm->n_nics + 1, sizeof(*nics->v));
	for (unsigned int i = 0; i < vm->n_nics; i++) {
		struct running_nic *nic = &nics->v[nics->n++];

		*nic = (struct running_nic){
			.nic = i,
			.bridge = xstrdup(nic_bridge(&vm->nics[i], &host->config)),
			.mac = vm->nics[i].mac,
			.guard = vm->nics[i].guard,
			.spec = now ? spec_of(name, vm, now, i) : NULL,
		};
		snprintf(nic->vm, sizeof(nic->vm), "%s", name);
		nic_tap_name(name, i, nic->tap);
	}
}

/* The VM may end, or be deleted, while we look: then it is none of those that run. */
static void add_vm(const struct vm_host *host, const char *name, struct running_nics *nics)
{
	struct error err = ERROR_INIT;
	AUTO_VM_DIR dir = VM_DIR_INIT;
	AUTO(vm_config_done) struct vm_config vm = { 0 };
	AUTO(vm_config_done) struct vm_config now = { 0 };
	bool known = true;
	struct live live;

	if (vm_dir_open(&host->store, name, &dir, &err)) {
		if (err.kind != ERROR_NOT_FOUND)
			vm_note(host, "%s: %s", name, err.message);
		return;
	}
	if (live_get(host, &dir, &live, &err)) {
		vm_note(host, "%s: %s", name, err.message);
		return;
	}
	if (!live_is_alive(&live) || live.foreign)
		return;
	if (live_load(host, &dir, &vm, &err)) {
		vm_note(host, "%s: %s", name, err.message);
		vm_config_init(&vm, &host->config);
		known = false;
	}
	known = known && !vm_dir_load(&dir, &host->config, lan_fallback(host), &now, &err);
	running_nics_add(nics, host, name, &vm, known ? &now : NULL);
}

static int by_tap(const void *a, const void *b)
{
	return strcmp(((const struct running_nic *)a)->tap, ((const struct running_nic *)b)->tap);
}

int running_nics_get(const struct vm_host *host, struct running_nics *ret, struct error *err)
{
	struct running_nics nics = { .v = NULL };
	AUTO_STRV names = STRV_INIT;
	int r = store_list(&host->store, &names, err);

	if (r)
		return r;
	for (size_t i = 0; i < names.n; i++)
		add_vm(host, names.v[i], &nics);
	if (nics.n)
		qsort(nics.v, nics.n, sizeof(*nics.v), by_tap);
	*ret = nics;
	return 0;
}

struct running_nic *running_nics_find(const struct running_nics *nics, const struct port *port)
{
	struct running_nic wanted = { .nic = 0 };
	struct running_nic *found = NULL;
	AUTO_FREE char *alias = NULL;

	memcpy(wanted.tap, port->name, sizeof(wanted.tap));
	if (nics->n)
		found = bsearch(&wanted, nics->v, nics->n, sizeof(*nics->v), by_tap);
	if (!found)
		return NULL;
	alias = nic_alias(found->vm, found->nic);
	return port->alias && strcmp(port->alias, alias) == 0 ? found : NULL;
}
