/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's network, version 2, in the words that every renderer of cloud-init 22.4 to 26.2
 * understands: no `to: default`, which all but netplan's refuse, no `set-name`, whose rename
 * fails as busy, no `renderer`.
 */
#include "documents.h"

#include <stdbool.h>
#include <string.h>

#include "admin.h"
#include "base/alloc.h"
#include "yaml.h"

static bool is_ipv6(const char *address)
{
	return strchr(address, ':');
}

static void put_gateway(struct yaml_put *put, const struct seed_spec *spec, const char *gateway)
{
	if (spec->profile == SEED_PROFILE_NUAGEINIT) {
		yaml_put_key_text(put, is_ipv6(gateway) ? "gateway6" : "gateway4", gateway);
		return;
	}
	yaml_put_key(put, "routes");
	yaml_put_list(put);
	yaml_put_map(put);
	yaml_put_key_text(put, "to", is_ipv6(gateway) ? "::/0" : "0.0.0.0/0");
	yaml_put_key_text(put, "via", gateway);
	yaml_put_map_end(put);
	yaml_put_list_end(put);
}

static void put_nameservers(struct yaml_put *put, const struct seed_nic *nic)
{
	bool dns = nic->dns && nic->dns->n;
	bool search = nic->search && nic->search->n;

	if (!dns && !search)
		return;
	yaml_put_key(put, "nameservers");
	yaml_put_map(put);
	if (dns)
		yaml_put_key_list(put, "addresses", nic->dns);
	if (search)
		yaml_put_key_list(put, "search", nic->search);
	yaml_put_map_end(put);
}

static void put_addresses(struct yaml_put *put, const char *address)
{
	yaml_put_key(put, "addresses");
	yaml_put_list(put);
	yaml_put_text(put, address);
	yaml_put_list_end(put);
}

static void put_nic(struct yaml_put *put, const struct seed_spec *spec, const struct seed_nic *nic)
{
	yaml_put_map(put);
	yaml_put_key(put, "match");
	yaml_put_map(put);
	yaml_put_key_text(put, "macaddress", nic->mac);
	yaml_put_map_end(put);
	if (nic->address)
		put_addresses(put, nic->address);
	else
		yaml_put_key_word(put, "dhcp4", "true");
	if (nic->gateway)
		put_gateway(put, spec, nic->gateway);
	if (spec->profile != SEED_PROFILE_ALPINE)
		put_nameservers(put, nic);
	if (nic->mtu) {
		AUTO_FREE char *mtu = xasprintf("%u", nic->mtu);

		yaml_put_key_word(put, "mtu", mtu);
	}
	yaml_put_map_end(put);
}

int network_config_build(const struct seed_spec *spec, struct buf *ret, struct error *err)
{
	struct yaml_put put;
	int r;

	if (spec->network_config) {
		r = admin_check_network_config(spec->network_config, err);
		if (r == 0)
			buf_puts(ret, spec->network_config);
		return r;
	}
	yaml_put_init(&put, ret);
	yaml_put_map(&put);
	yaml_put_key_word(&put, "version", "2");
	yaml_put_key(&put, "ethernets");
	yaml_put_map(&put);
	for (unsigned int i = 0; i < spec->n_nics; i++) {
		AUTO_FREE char *id = xasprintf("lan%u", i);

		yaml_put_key(&put, id);
		put_nic(&put, spec, &spec->nics[i]);
	}
	yaml_put_map_end(&put);
	yaml_put_map_end(&put);
	return yaml_put_finish(&put, err);
}
