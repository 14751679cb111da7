/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bridges that VMs may be on, read once for all checks. */
#include "network.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/netlink.h"
#include "probe.h"

bool network_is_foreign(const struct port *port)
{
	return strcmp(port->kind, "tun") != 0;
}

/* A veth leads to a container as often as to the LAN: another port is rather the uplink. */
static const struct port *find_uplink(const struct ports *ports)
{
	const struct port *veth = NULL;

	for (size_t i = 0; i < ports->n; i++) {
		const struct port *port = &ports->v[i];

		if (!network_is_foreign(port))
			continue;
		if (strcmp(port->kind, "veth") != 0)
			return port;
		if (!veth)
			veth = port;
	}
	return veth;
}

static int read_lan(struct nl_sock *sock, struct lan *lan)
{
	struct error *err = &lan->error;
	int r = bridge_get(sock, lan->name, &lan->bridge, err);

	if (!r)
		r = bridge_get_settings(sock, &lan->bridge, &lan->settings, err);
	if (!r)
		r = bridge_get_lan(sock, &lan->bridge, &lan->found, err);
	if (!r)
		r = link_addresses(sock, lan->bridge.ifindex, &lan->addresses, &lan->n_addresses,
				   err);
	if (!r)
		r = ports_get(sock, &lan->bridge, 0, &lan->ports, err);
	if (r)
		return r;
	lan->uplink = find_uplink(&lan->ports);
	return 0;
}

static bool has_lan(const struct network *network, const char *name)
{
	for (size_t i = 0; i < network->n_lans; i++)
		if (!strcmp(network->lans[i].name, name))
			return true;
	return false;
}

static void add_lan(struct network *network, const char *name)
{
	struct lan *lan;

	if (has_lan(network, name))
		return;
	network->lans = xreallocarray(network->lans, network->n_lans + 1, sizeof(*network->lans));
	lan = &network->lans[network->n_lans++];
	*lan = (struct lan){ .name = name, .network = doctor_network_of(name) };
	read_lan(network->sock, lan);
}

const struct network *network_get(struct check *check)
{
	const struct host_config *config = check->config;
	struct network *network = check->network;

	if (network)
		return network;
	network = check->network = xcalloc(1, sizeof(*network));
	if (netlink_open(&network->sock, &network->error))
		return network;
	add_lan(network, config->bridge);
	for (size_t i = 0; i < config->bridges.n; i++)
		add_lan(network, config->bridges.v[i]);
	return network;
}

void network_free(struct network *network)
{
	if (!network)
		return;
	for (size_t i = 0; i < network->n_lans; i++) {
		ports_done(&network->lans[i].ports);
		free(network->lans[i].addresses);
	}
	free(network->lans);
	if (network->sock)
		netlink_close(&network->sock);
	free(network);
}

bool network_has_sysfs(const char *link, unsigned int ifindex)
{
	AUTO_FREE char *path = xasprintf("/sys/class/net/%s/ifindex", link);

	return probe_number(path, -1) == (long)ifindex;
}

bool network_is_wifi(const char *link, unsigned int ifindex)
{
	AUTO_FREE char *wireless = xasprintf("/sys/class/net/%s/wireless", link);
	AUTO_FREE char *phy = xasprintf("/sys/class/net/%s/phy80211", link);

	return network_has_sysfs(link, ifindex) && (!access(wireless, F_OK) || !access(phy, F_OK));
}

#define INTERFACES " in /etc/network/interfaces"
#define NETPLAN " in /etc/netplan"
#define NETWORKD " in /etc/systemd/network"

/* '@' is the link, '#' the value. */
static const char *const settings[][DOCTOR_NETWORK_NETWORKD + 1] = {
	[NETWORK_AUTO] = {
		"'auto @'" INTERFACES,
		"'auto @'" INTERFACES,
		"'@:' below 'bridges:'" NETPLAN,
		"nmcli connection modify @ connection.autoconnect yes",
		"a .netdev and a .network file of @" NETWORKD,
	},
	[NETWORK_STP_OFF] = {
		"'bridge_stp off' below 'iface @'" INTERFACES,
		"'bridge-stp off' below 'iface @'" INTERFACES,
		"'parameters: {stp: false, forward-delay: 0}' of @" NETPLAN,
		"nmcli connection modify @ bridge.stp no",
		"'STP=no' below '[Bridge]' of the .netdev of @" NETWORKD,
	},
	[NETWORK_SNOOPING_OFF] = {
		"'post-up ip link set dev @ type bridge mcast_snooping 0' below "
		"'iface @'" INTERFACES,
		"'post-up ip link set dev @ type bridge mcast_snooping 0' below "
		"'iface @'" INTERFACES,
		"'[Bridge]' and 'MulticastSnooping=no' in "
		"/etc/systemd/network/10-netplan-@.netdev.d/snooping.conf",
		"nmcli connection modify @ bridge.multicast-snooping no",
		"'MulticastSnooping=no' below '[Bridge]' of the .netdev of @" NETWORKD,
	},
	[NETWORK_VLANS] = {
		"'bridge_vlan_aware yes' below 'iface @'" INTERFACES,
		"'bridge-vlan-aware yes' below 'iface @'" INTERFACES,
		"'[Bridge]' and 'VLANFiltering=yes' in "
		"/etc/systemd/network/10-netplan-@.netdev.d/vlans.conf",
		"nmcli connection modify @ bridge.vlan-filtering yes",
		"'VLANFiltering=yes' below '[Bridge]' of the .netdev of @" NETWORKD,
	},
	[NETWORK_MAC] = {
		"'hwaddress ether #' below 'iface @'" INTERFACES,
		"'post-up ip link set dev @ address #' below 'iface @'" INTERFACES,
		"'macaddress: #' of @" NETPLAN,
		"nmcli connection modify @ bridge.mac-address #",
		"'MACAddress=#' below '[NetDev]' of the .netdev of @" NETWORKD,
	},
	[NETWORK_MTU] = {
		"'mtu #' below 'iface @'" INTERFACES,
		"'mtu #' below 'iface @'" INTERFACES,
		"'mtu: #' of @" NETPLAN,
		"nmcli connection modify @ 802-3-ethernet.mtu #",
		"'MTUBytes=#' below '[Link]' of the .network of @" NETWORKD,
	},
	[NETWORK_NO_ADDRESS] = {
		"'iface @ inet manual'" INTERFACES,
		"'iface @ inet manual'" INTERFACES,
		"'dhcp4: false', 'dhcp6: false' and no 'addresses' of @" NETPLAN,
		"nmcli connection modify @ ipv4.method disabled ipv6.method disabled",
		"'Bridge=' and neither 'Address=' nor 'DHCP=' in the .network of @" NETWORKD,
	},
};

void network_keep(struct check *check, enum doctor_network network, enum network_setting setting,
		  const char *link, const char *value)
{
	AUTO_BUF text = BUF_INIT;

	for (const char *c = settings[setting][network]; *c; c++) {
		if (*c == '@')
			buf_puts(&text, link);
		else if (*c == '#')
			buf_puts(&text, value);
		else
			buf_add(&text, c, 1);
	}
	check_keep(check, "%s", buf_str(&text));
}
