/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The claims of one VM taken together. */
#include <errno.h>
#include <stdio.h>

#include "store/claim.h"
#include "vm_claims.h"

enum { RANDOM_TRIES = 16 };

/* One NIC's MAC and addresses as the values of claims. */
struct nic_claims {
	bool has_mac;
	char mac[MAC_TEXT_MAX];
	char addresses[VM_ADDRESSES_MAX][IP_TEXT_MAX];
	unsigned int n_addresses;
};

static void nic_claims_init(struct nic_claims *claims, const struct vm_nic *nic)
{
	struct ip_prefix addresses[VM_ADDRESSES_MAX];

	claims->has_mac = mac_is_set(&nic->mac);
	mac_format(&nic->mac, claims->mac);
	claims->n_addresses = vm_nic_addresses(nic, addresses);
	for (unsigned int i = 0; i < claims->n_addresses; i++)
		ip_format(&addresses[i].addr, claims->addresses[i]);
}

/* Call take, which is claim_take() or claim_check(), for all that the NIC has. */
static int for_nic(const struct store *store, const char *name, const struct vm_nic *nic,
		   int (*take)(const struct store *store, const char *kind, const char *value,
			       const char *name, struct error *err),
		   struct error *err)
{
	struct nic_claims claims;
	int r = 0;

	nic_claims_init(&claims, nic);
	if (claims.has_mac)
		r = take(store, "mac", claims.mac, name, err);
	for (unsigned int i = 0; i < claims.n_addresses && !r; i++)
		r = take(store, "address", claims.addresses[i], name, err);
	return r;
}

int vm_claims_take_nics(const struct store *store, const char *name, const struct vm_config *vm,
			struct error *err)
{
	int r = 0;

	for (unsigned int i = 0; i < vm->n_nics && !r; i++)
		r = for_nic(store, name, &vm->nics[i], claim_take, err);
	return r;
}

static int assign_mac(const struct store *store, const char *name, struct vm_nic *nic,
		      struct error *err)
{
	char text[MAC_TEXT_MAX];
	struct mac mac = { { 0 } };
	int r = -EAGAIN;

	for (int i = 0; i < RANDOM_TRIES && r; i++) {
		r = mac_random(&mac, err);
		if (r)
			return r;
		mac_format(&mac, text);
		r = claim_take(store, "mac", text, name, err);
		if (r && err->kind != ERROR_CONFLICT)
			return r;
	}
	if (!r)
		nic->mac = mac;
	return r;
}

int vm_claims_assign_macs(const struct store *store, const char *name, struct vm_config *vm,
			  struct error *err)
{
	int r = 0;

	for (unsigned int i = 0; i < vm->n_nics && !r; i++) {
		if (!mac_is_set(&vm->nics[i].mac))
			r = assign_mac(store, name, &vm->nics[i], err);
	}
	return r;
}

int vm_claims_check_nics(const struct store *store, const char *name, const struct vm_config *vm,
			 struct error *err)
{
	int r = 0;

	for (unsigned int i = 0; i < vm->n_nics && !r; i++)
		r = for_nic(store, name, &vm->nics[i], claim_check, err);
	return r;
}

static void drop_number(const struct store *store, const char *kind, unsigned int value,
			const char *name)
{
	char text[24];

	if (!value)
		return;
	snprintf(text, sizeof(text), "%u", value);
	claim_drop(store, kind, text, name);
}

static bool any_has_mac(const struct vm_config *const configs[], size_t n, const struct mac *mac)
{
	for (size_t i = 0; i < n; i++) {
		if (vm_config_has_mac(configs[i], mac))
			return true;
	}
	return false;
}

static bool any_has_address(const struct vm_config *const configs[], size_t n,
			    const struct ip_addr *address)
{
	for (size_t i = 0; i < n; i++) {
		if (vm_config_has_address(configs[i], address))
			return true;
	}
	return false;
}

void vm_claims_drop_unused(const struct store *store, const char *name, const struct vm_config *vm,
			   const struct vm_config *const kept[], size_t n)
{
	for (unsigned int i = 0; i < vm->n_nics; i++) {
		struct ip_prefix addresses[VM_ADDRESSES_MAX];
		unsigned int n_addresses = vm_nic_addresses(&vm->nics[i], addresses);
		struct nic_claims claims;

		nic_claims_init(&claims, &vm->nics[i]);
		if (claims.has_mac && !any_has_mac(kept, n, &vm->nics[i].mac))
			claim_drop(store, "mac", claims.mac, name);
		for (unsigned int j = 0; j < n_addresses; j++) {
			if (!any_has_address(kept, n, &addresses[j].addr))
				claim_drop(store, "address", claims.addresses[j], name);
		}
	}
}

void vm_claims_drop(const struct store *store, const char *name, const struct vm_config *vm)
{
	drop_number(store, "uid", vm->uid, name);
	drop_number(store, "vnc-port", vm->vnc_port, name);
	vm_claims_drop_unused(store, name, vm, NULL, 0);
}
