/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Look up a bridge. */
#include "net/bridge.h"

#include <errno.h>
#include <string.h>

#include "link.h"

void bridge_from_link(const struct link_info *link, struct bridge *ret)
{
	*ret = (struct bridge){
		.ifindex = link->ifindex,
		.mtu = link->mtu,
		.mac = link->mac,
		.up = link->flags & IFF_UP,
		.stp = link->stp,
		.has_vlans = link->has_vlans,
		.vlan_filtering = link->vlan_filtering,
		.default_pvid = link->default_pvid,
	};
	memcpy(ret->name, link->name, sizeof(ret->name));
}

static int no_bridge(const struct link_info *link, struct error *err)
{
	if (link->kind[0])
		error_set(err, ERROR_HOST, ENOTSUP, "link '%s' is no bridge (it is a '%s')",
			  link->name, link->kind);
	else
		error_set(err, ERROR_HOST, ENOTSUP, "link '%s' is no bridge", link->name);
	return error_hint(err,
			  "'ip link show type bridge' lists the bridges of this host; 'bridge' "
			  "in the configuration names the one to use");
}

int bridge_get(struct nl_sock *sock, const char *name, struct bridge *ret, struct error *err)
{
	struct link_info link;
	int r = link_get(sock, name, &link, err);

	if (r == -ENODEV) {
		error_set(err, ERROR_HOST, ENODEV, "bridge '%s' does not exist", name);
		return error_hint(
			err,
			"make one: 'ip link add %s type bridge', 'ip link set %s up', and 'ip "
			"link set LAN-PORT master %s'; or name another one as 'bridge' in the "
			"configuration",
			name, name, name);
	}
	if (r < 0)
		return r;
	if (strcmp(link.kind, "bridge") != 0)
		return no_bridge(&link, err);

	bridge_from_link(&link, ret);
	return 0;
}

int bridge_check_vlans(const struct bridge *bridge, struct error *err)
{
	if (bridge->vlan_filtering)
		return 0;
	if (!bridge->has_vlans) {
		error_set(err, ERROR_HOST, EOPNOTSUPP,
			  "bridge '%s' has no VLANs: this kernel was built without "
			  "CONFIG_BRIDGE_VLAN_FILTERING",
			  bridge->name);
		return -EOPNOTSUPP;
	}
	error_set(err, ERROR_HOST, EOPNOTSUPP, "bridge '%s' does not tell VLANs apart",
		  bridge->name);
	return error_hint(err,
			  "'ip link set %s type bridge vlan_filtering 1' makes it, for all of its "
			  "ports at once: see 'bridge vlan show' first",
			  bridge->name);
}
