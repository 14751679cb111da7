/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A NIC of the configuration as a tap that is asked for: the same for start and repair. */
#ifndef VM_NIC_H
#define VM_NIC_H

#include "base/parse.h"
#include "config/vm_config.h"
#include "net/tap.h"

/*
 * The VM's name as its taps have it, in their names and aliases: "web1", and of a user who is not
 * root "web1_1000", so that users' VMs of one name never meet, and none of them is taken for
 * another's. '_' is in no VM's name.
 */
enum { NIC_LABEL_MAX = NAME_MAX_LEN + 12 };
void nic_label(const char *vm, char out[NIC_LABEL_MAX]);

/* tap_name() and the alias of NIC i of the VM of that name; the caller frees the alias. */
void nic_tap_name(const char *vm, unsigned int i, char out[IF_NAMESIZE]);
char *nic_alias(const char *vm, unsigned int i);

struct nic_spec {
	struct tap_spec tap; /* points into this struct, which must stay where it is */
	char label[NIC_LABEL_MAX];
	char name[IF_NAMESIZE];
	struct ip_addr addresses[VM_ADDRESSES_MAX];
	struct tap_vlans trunk[VM_TRUNK_MAX];
};

/* NIC i of the VM of that name. */
void nic_spec_init(struct nic_spec *spec, const char *name, const struct vm_config *vm,
		   unsigned int i);

/*
 * Let it have the addresses of the same NIC in other settings as well: a running guest changes to
 * new ones when it boots. False: there is no room for all of them.
 */
bool nic_spec_add_addresses(struct nic_spec *spec, const struct vm_nic *nic);

/* The bridge that it is to be on; borrowed. */
const char *nic_bridge(const struct vm_nic *nic, const struct host_config *host);

/* What "auto" is: as many as virtual CPUs and host CPUs, up to 8. */
unsigned int nic_queues(const struct vm_config *vm, unsigned int i);

#endif
