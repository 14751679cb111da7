/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bridge itself: is it there, up, addressed, and does it let frames through at once? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "host_files.h"
#include "net/links.h"
#include "vm/status.h"
#include "network.h"
#include "probe.h"

void check_bridge_exists(struct check *check)
{
	const struct network *network = network_get(check);

	if (network->error.kind)
		check_error(check, "netlink", &network->error);
	for (size_t i = 0; i < network->n_lans; i++) {
		const struct lan *lan = &network->lans[i];

		if (!lan->error.kind) {
			check_pass(check, lan->name, "is a bridge");
			continue;
		}
		check_error(check, lan->name, &lan->error);
		if (lan->error.code == ENODEV) {
			check_fix(check, "ip link add %s type bridge && ip link set %s up",
				  lan->name, lan->name);
			check_keep(check,
				   "what 'mnmivm-se doctor --bridge-setup UPLINK' prints for the "
				   "LAN's port");
		}
	}
}

void check_bridge_up(struct check *check, const struct lan *lan)
{
	if (lan->bridge.up) {
		check_pass(check, lan->name, "is up");
		return;
	}
	check_fail(check, lan->name, "is down: no VM has a network");
	check_fix(check, "ip link set %s up", lan->name);
	network_keep(check, lan->network, NETWORK_AUTO, lan->name, "");
	check_change(check, DOCTOR_LINK_UP, lan->name, NULL);
}

void check_bridge_carrier(struct check *check, const struct lan *lan)
{
	if (!lan->ports.n)
		check_pass(check, lan->name, "has no port yet");
	else if (lan->settings.carrier || !lan->bridge.up)
		check_pass(check, lan->name, lan->bridge.up ? "has carrier" : "is down");
	else
		check_warn(check, lan->name,
			   "has no carrier: none of its %zu ports is up and connected",
			   lan->ports.n);
}

/* The first of the bridge's addresses that is in prefix; any IPv4 address where that is unset. */
static const struct ip_prefix *find_address(const struct lan *lan, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < lan->n_addresses; i++) {
		const struct ip_addr *addr = &lan->addresses[i].addr;

		if (prefix->addr.family == AF_UNSPEC ? addr->family == AF_INET
						     : ip_in_prefix(addr, prefix))
			return &lan->addresses[i];
	}
	return NULL;
}

void check_bridge_address(struct check *check, const struct lan *lan)
{
	const struct ip_prefix *wanted = &check->config->lan_cidr;
	const struct ip_prefix *address = find_address(lan, wanted);
	char text[IP_TEXT_MAX];

	if (address) {
		ip_prefix_format(address, text);
		check_pass(check, lan->name, "has address %s", text);
	} else if (wanted->addr.family == AF_UNSPEC) {
		check_warn(check, lan->name,
			   "has no IPv4 address: host and guests cannot talk, and the LAN's prefix "
			   "is not known");
		check_keep(check, "its address, or 'lan_cidr' in %s", check->host->config_path);
	} else {
		ip_prefix_format(wanted, text);
		check_warn(check, lan->name,
			   "has no address in lan_cidr %s: host and guests cannot talk", text);
		check_keep(check, "an address of %s, or another 'lan_cidr' in %s", text,
			   check->host->config_path);
	}
}

void check_stp(struct check *check, const struct lan *lan)
{
	if (!lan->bridge.stp) {
		check_pass(check, lan->name, "STP is off: a guest has its network at once");
		return;
	}
	/* listening and learning take one forward delay each (IEEE 802.1D, 8.4) */
	check_warn(check, lan->name, "STP is on: no traffic for %u s after a VM's start",
		   2 * lan->settings.forward_delay_ms / 1000);
	check_fix(check, "ip link set dev %s type bridge stp_state 0", lan->name);
	network_keep(check, lan->network, NETWORK_STP_OFF, lan->name, "");
}

static bool wants_vlan(const struct vm_info *vm, const char *default_bridge, const char *bridge)
{
	for (unsigned int i = 0; i < vm->config.n_nics; i++) {
		const struct vm_nic *nic = &vm->config.nics[i];

		if ((nic->vlan || nic->trunk.n) &&
		    !strcmp(nic->bridge ? nic->bridge : default_bridge, bridge))
			return true;
	}
	return false;
}

/* Each VM that wants a VLAN of a bridge that has none. Returns whether there is one. */
static bool lacks_vlans(struct check *check, const struct lan *lan)
{
	size_t before = check->report->n;
	struct error ignored = ERROR_INIT;
	struct vm_list list = { .n = 0 };

	if (check->host->store_error->kind || vm_list_get(check->host->vm, &list, &ignored))
		return false;
	for (size_t i = 0; i < list.n; i++) {
		const struct vm_info *vm = &list.v[i];

		if (vm->state == VM_STATE_DAMAGED ||
		    !wants_vlan(vm, check->config->bridge, lan->name))
			continue;
		check_fail(check, lan->name,
			   "VLAN filtering is off, and VM '%s' asks for a VLAN: it does not start",
			   vm->name);
		check_fix(check, "ip link set dev %s type bridge vlan_filtering 1", lan->name);
		network_keep(check, lan->network, NETWORK_VLANS, lan->name, "");
	}
	vm_list_done(&list);
	return check->report->n > before;
}

void check_vlan_filtering(struct check *check, const struct lan *lan)
{
	if (lan->bridge.vlan_filtering)
		check_pass(check, lan->name, "VLAN filtering is on, with default VLAN %u",
			   lan->bridge.default_pvid);
	else if (!lacks_vlans(check, lan))
		check_pass(check, lan->name, "VLAN filtering is off: no VM can be put into a VLAN");
}

/*
 * Without a querier the bridge itself floods (Linux 3.12), but a switch that snoops loses the
 * groups that nobody asks for, and with them the neighbours of IPv6.
 */
void check_multicast(struct check *check, const struct lan *lan)
{
	const struct bridge_settings *settings = &lan->settings;

	if (!settings->mcast_snooping) {
		check_pass(check, lan->name, "multicast snooping is off");
	} else if (settings->mcast_querier || settings->mcast_other_querier) {
		check_pass(check, lan->name, "multicast snooping has a querier");
	} else {
		check_warn(check, lan->name,
			   "multicast snooping is on and no querier is heard: where switches snoop "
			   "too, guests lose IPv6 after minutes");
		check_fix(check, "ip link set dev %s type bridge mcast_snooping 0", lan->name);
		network_keep(check, lan->network, NETWORK_SNOOPING_OFF, lan->name, "");
	}
}

static bool is_pinned(const struct lan *lan)
{
	enum { NET_ADDR_SET = 3 }; /* include/uapi/linux/netdevice.h */
	AUTO_FREE char *path = xasprintf("/sys/class/net/%s/addr_assign_type", lan->name);

	return network_has_sysfs(lan->bridge.name, lan->bridge.ifindex) &&
	       probe_number(path, -1) == NET_ADDR_SET;
}

void check_bridge_mac(struct check *check, const struct lan *lan)
{
	const struct port *uplink = lan->uplink;
	char mac[MAC_TEXT_MAX];

	mac_format(uplink ? &uplink->mac : &lan->bridge.mac, mac);
	if (is_pinned(lan)) {
		check_pass(check, lan->name, "its MAC is fixed");
		return;
	}
	if (uplink && mac_equal(&uplink->mac, &lan->bridge.mac)) {
		check_pass(check, lan->name, "its MAC is that of port %s", uplink->name);
		return;
	}
	check_warn(check, lan->name,
		   "its MAC changes with its ports: the LAN may lose the host for minutes");
	check_fix(check, "ip link set dev %s address %s", lan->name, mac);
	network_keep(check, lan->network, NETWORK_MAC, lan->name, mac);
}

static bool has_default_route(const struct network *network, const char *name)
{
	struct error ignored = ERROR_INIT;
	struct link link;

	if (link_read(network->sock, name, &link, &ignored))
		return false;
	for (size_t i = 0; i < link.n_routes; i++)
		if (!link.routes[i].to.length)
			return true;
	return false;
}

void check_default_route(struct check *check, const struct lan *lan)
{
	const struct network *network = network_get(check);

	if (has_default_route(network, lan->bridge.name)) {
		check_pass(check, lan->name, "the default route leaves over it");
	} else if (lan->uplink && has_default_route(network, lan->uplink->name)) {
		check_fail(check, lan->name,
			   "the default route leaves by its port %s, where no answer arrives: the "
			   "bridge takes them",
			   lan->uplink->name);
		check_keep(check, "what 'mnmivm-se doctor --bridge-setup %s' prints, in %s",
			   lan->uplink->name, host_network_file(lan->network));
	} else if (check->config->lan_gw.family != AF_UNSPEC) {
		check_pass(check, lan->name, "no default route leaves over it, but lan_gw is set");
	} else {
		check_warn(check, lan->name,
			   "no default route leaves over it: guests are given no gateway");
		check_keep(check, "'lan_gw' in %s", check->host->config_path);
	}
}
