/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's network, version 2, in the words that every renderer of cloud-init 22.4 to 26.2
 * understands: no `to: default`, which all but netplan's refuse, no `set-name`, whose rename
 * fails as busy, no `renderer`, no `gateway4` and `gateway6` where they are deprecated (23.4).
 *
 * What renderers make of it besides, by `cloud-init devel net-convert` of 22.4.2, 25.1.4, 26.2:
 * - `to: "::/0"` is ::/64 in 22.4, but for netplan's renderer, and right from 23.1 on.
 * - An interface with neither dhcp4 nor addresses is up without IPv4 address with netplan, networkd
 *   and sysconfig; eni leaves it down; NetworkManager's profile says nothing, which is DHCP.
 * - NetworkManager's renderer knows no dhcp4-overrides: the lease's default route stays, with
 *   the metric that NetworkManager chooses.
 *
 * nuageinit of FreeBSD 14 and 15 reads fewer keys, and writes lines of rc.conf(5) of them:
 * - `routes` is unknown to it, gateway4 and gateway6 count beside `addresses` only.
 * - Each address is a line of its own that sets one and the same variable: the last of a family is
 *   the guest's. `addresses` beside dhcp4 is not looked at.
 * - `mtu` beside dhcp4 goes behind the closing quote, and the shell that reads the line has no
 * variable.
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

static bool has_ipv6(const struct strv *addresses)
{
	for (size_t i = 0; addresses && i < addresses->n; i++) {
		if (is_ipv6(addresses->v[i]))
			return true;
	}
	return false;
}

/*
 * use-routes is for netplan and networkd, route-metric makes a route of the last resort of it where
 * eni and sysconfig know only that.
 */
static void put_dhcp(struct yaml_put *put, const struct seed_nic *nic)
{
	if (!nic->dhcp)
		return;
	yaml_put_key_word(put, "dhcp4", "true");
	if (nic->dhcp_routes)
		return;
	yaml_put_key(put, "dhcp4-overrides");
	yaml_put_map(put);
	yaml_put_key_word(put, "use-routes", "false");
	yaml_put_key_word(put, "route-metric", "4096");
	yaml_put_map_end(put);
}

/*
 * IPv4 first: cloud-init ties the routes to the first address, and eni adds them with it. The first
 * of each family is the one that the guest shall have where it can have but one.
 */
static void put_addresses(struct yaml_put *put, const struct seed_spec *spec,
			  const struct strv *addresses)
{
	bool last_wins = spec->profile == SEED_PROFILE_NUAGEINIT;

	if (!addresses || !addresses->n)
		return;
	yaml_put_key(put, "addresses");
	yaml_put_list(put);
	for (int ipv6 = 0; ipv6 <= 1; ipv6++) {
		for (size_t i = 0; i < addresses->n; i++) {
			const char *address = addresses->v[last_wins ? addresses->n - 1 - i : i];

			if (is_ipv6(address) == ipv6)
				yaml_put_text(put, address);
		}
	}
	yaml_put_list_end(put);
}

static void put_route(struct yaml_put *put, const char *to, const char *gateway)
{
	if (!gateway)
		return;
	yaml_put_map(put);
	yaml_put_key_text(put, "to", to);
	yaml_put_key_text(put, "via", gateway);
	yaml_put_map_end(put);
}

/*
 * eni adds all routes with the first address, before there is an IPv6 one, and without naming the
 * interface, which a link-local gateway needs. gateway6 it puts where it belongs.
 */
static void put_gateways(struct yaml_put *put, const struct seed_spec *spec,
			 const struct seed_nic *nic)
{
	bool nuageinit = spec->profile == SEED_PROFILE_NUAGEINIT;
	bool key6 = nuageinit || (spec->profile == SEED_PROFILE_ALPINE && has_ipv6(nic->addresses));
	const char *route4 = nuageinit ? NULL : nic->gateway;
	const char *route6 = key6 ? NULL : nic->gateway6;

	if (nuageinit && nic->gateway)
		yaml_put_key_text(put, "gateway4", nic->gateway);
	if (key6 && nic->gateway6)
		yaml_put_key_text(put, "gateway6", nic->gateway6);
	if (!route4 && !route6)
		return;
	yaml_put_key(put, "routes");
	yaml_put_list(put);
	put_route(put, "0.0.0.0/0", route4);
	put_route(put, "::/0", route6);
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

static void put_nic(struct yaml_put *put, const struct seed_spec *spec, const struct seed_nic *nic)
{
	yaml_put_map(put);
	yaml_put_key(put, "match");
	yaml_put_map(put);
	yaml_put_key_text(put, "macaddress", nic->mac);
	yaml_put_map_end(put);
	put_dhcp(put, nic);
	put_addresses(put, spec, nic->addresses);
	put_gateways(put, spec, nic);
	if (spec->profile != SEED_PROFILE_ALPINE)
		put_nameservers(put, nic);
	if (nic->mtu && !(nic->dhcp && spec->profile == SEED_PROFILE_NUAGEINIT)) {
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
