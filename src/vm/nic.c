/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A NIC of the configuration as a tap that is asked for. */
#include "nic.h"

#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"

_Static_assert((int)VM_ADDRESSES_MAX == (int)TAP_ADDRESSES_MAX, "addresses of a NIC");
_Static_assert((int)VM_TRUNK_MAX == (int)TAP_TRUNK_MAX, "VLANs of a NIC");
_Static_assert((int)VM_QUEUES_MAX == (int)TAP_QUEUES_MAX, "queues of a NIC");

enum { AUTO_QUEUES_MAX = 8 };

static const enum tap_guard guards[] = {
	[GUARD_MAC] = TAP_GUARD_MAC,
	[GUARD_IP] = TAP_GUARD_IP,
	[GUARD_OFF] = TAP_GUARD_OFF,
};

static unsigned int at_most(unsigned int value, unsigned int limit)
{
	return value < limit ? value : limit;
}

/* More than one queue for each CPU of either side only costs memory. */
unsigned int nic_queues(const struct vm_config *vm, unsigned int i)
{
	cpu_set_t usable;
	int cpus = 1;

	if (vm->nics[i].queues)
		return vm->nics[i].queues;
	if (!sched_getaffinity(0, sizeof(usable), &usable))
		cpus = CPU_COUNT(&usable);
	return at_most(at_most(vm->cpus, (unsigned int)cpus), AUTO_QUEUES_MAX);
}

const char *nic_bridge(const struct vm_nic *nic, const struct host_config *host)
{
	return nic->bridge ? nic->bridge : host->bridge;
}

void nic_label(const char *vm, char out[NIC_LABEL_MAX])
{
	if (geteuid() == 0)
		snprintf(out, NIC_LABEL_MAX, "%s", vm);
	else
		snprintf(out, NIC_LABEL_MAX, "%s_%u", vm, geteuid());
}

void nic_tap_name(const char *vm, unsigned int i, char out[IF_NAMESIZE])
{
	char label[NIC_LABEL_MAX];

	nic_label(vm, label);
	tap_name(label, i, out);
}

char *nic_alias(const char *vm, unsigned int i)
{
	char label[NIC_LABEL_MAX];

	nic_label(vm, label);
	return xasprintf("mnmivm-se:%s/%u", label, i);
}

void nic_spec_init(struct nic_spec *spec, const char *name, const struct vm_config *vm,
		   unsigned int i)
{
	const struct vm_nic *nic = &vm->nics[i];
	struct ip_prefix addresses[VM_ADDRESSES_MAX];
	struct vlan_range trunk[VM_TRUNK_MAX];

	*spec = (struct nic_spec){
		.tap = {
			.vm = spec->label,
			.nic = i,
			.name = spec->name,
			.guest_mac = nic->mac,
			.guard = guards[nic->guard],
			.addresses = spec->addresses,
			.n_addresses = vm_nic_addresses(nic, addresses),
			.queues = nic_queues(vm, i),
			.vlan = (uint16_t)nic->vlan,
			.trunk = spec->trunk,
			.n_trunk = vm_nic_trunk(nic, trunk),
			.isolated = nic->isolated,
			.rate_to_guest_mbit = nic->rate.to_guest_mbit,
			.rate_from_guest_mbit = nic->rate.from_guest_mbit,
		},
	};
	nic_label(name, spec->label);
	tap_name(spec->label, i, spec->name);
	for (unsigned int n = 0; n < spec->tap.n_addresses; n++)
		spec->addresses[n] = addresses[n].addr;
	for (unsigned int n = 0; n < spec->tap.n_trunk; n++)
		spec->trunk[n] = (struct tap_vlans){ trunk[n].first, trunk[n].last };
}

bool nic_spec_add_addresses(struct nic_spec *spec, const struct vm_nic *nic)
{
	struct ip_prefix addresses[VM_ADDRESSES_MAX];
	unsigned int n = vm_nic_addresses(nic, addresses);

	for (unsigned int i = 0; i < n; i++) {
		bool known = false;

		for (unsigned int j = 0; j < spec->tap.n_addresses; j++)
			known |= ip_equal(&spec->addresses[j], &addresses[i].addr);
		if (!known && spec->tap.n_addresses == TAP_ADDRESSES_MAX)
			return false;
		if (!known)
			spec->addresses[spec->tap.n_addresses++] = addresses[i].addr;
	}
	return true;
}
