/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MACs that are there twice: on a bridge, and in the settings of VMs. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "network.h"
#include "vm/status.h"

/* Who has a MAC, in words. */
struct owner {
	struct mac mac;
	char *name; /* of a link or a VM */
	bool is_vm;
};

struct owners {
	struct owner *v;
	size_t n;
};

static void add_owner(struct owners *owners, const struct mac *mac, const char *name, bool is_vm)
{
	owners->v = xreallocarray(owners->v, owners->n + 1, sizeof(*owners->v));
	owners->v[owners->n++] =
		(struct owner){ .mac = *mac, .name = xstrdup(name), .is_vm = is_vm };
}

static void owners_done(struct owners *owners)
{
	for (size_t i = 0; i < owners->n; i++)
		free(owners->v[i].name);
	free(owners->v);
}

/* A bridge has the MAC of one of its ports, which is no conflict. */
static void add_links(const struct network *network, struct owners *owners)
{
	for (size_t i = 0; i < network->n_lans; i++) {
		const struct ports *ports = &network->lans[i].ports;

		for (size_t j = 0; j < ports->n; j++)
			add_owner(owners, &ports->v[j].mac, ports->v[j].name, false);
	}
}

static void add_vms(struct check *check, struct owners *owners)
{
	struct error ignored = ERROR_INIT;
	struct vm_list list = { .n = 0 };

	if (check->host->store_error->kind || vm_list_get(check->host->vm, &list, &ignored))
		return;
	for (size_t i = 0; i < list.n; i++) {
		const struct vm_config *vm = &list.v[i].config;

		if (list.v[i].state == VM_STATE_DAMAGED)
			continue;
		for (unsigned int nic = 0; nic < vm->n_nics; nic++)
			add_owner(owners, &vm->nics[nic].mac, list.v[i].name, true);
	}
	vm_list_done(&list);
}

static int by_mac(const void *a, const void *b)
{
	return memcmp(&((const struct owner *)a)->mac, &((const struct owner *)b)->mac,
		      sizeof(struct mac));
}

static void same(struct check *check, const struct owner *a, const struct owner *b)
{
	char mac[MAC_TEXT_MAX];

	mac_format(&a->mac, mac);
	check_fail(check, mac, "is the MAC of %s '%s' and of %s '%s': both lose frames",
		   a->is_vm ? "VM" : "port", a->name, b->is_vm ? "VM" : "port", b->name);
	if (a->is_vm || b->is_vm)
		check_keep(check, "another address in 'vm.mac' of VM '%s'",
			   a->is_vm ? a->name : b->name);
}

void check_duplicate_mac(struct check *check)
{
	const struct network *network = network_get(check);
	struct owners owners = { .n = 0 };
	size_t before = check->report->n;

	add_links(network, &owners);
	add_vms(check, &owners);
	if (owners.n)
		qsort(owners.v, owners.n, sizeof(*owners.v), by_mac);
	for (size_t i = 1; i < owners.n; i++)
		if (!by_mac(&owners.v[i - 1], &owners.v[i]))
			same(check, &owners.v[i - 1], &owners.v[i]);
	if (check->report->n == before)
		check_pass(check, "MACs", "each is there once");
	owners_done(&owners);
}
