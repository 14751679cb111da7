/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host knows of the LAN, and which addresses fit it. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "net/netlink.h"
#include "lan.h"
#include "resolv.h"

void lan_done(struct lan *lan)
{
	strv_done(&lan->dns);
}

const struct ip_prefix *lan_fallback(const struct vm_host *host)
{
	return &host->config.lan_cidr;
}

int lan_find_bridge(const struct vm_host *host, struct nl_sock *sock, const struct vm_nic *nic,
		    struct bridge *ret, struct error *err)
{
	struct bridge bridge;
	int r = bridge_get(sock, nic->bridge ? nic->bridge : host->config.bridge, &bridge, err);

	if (r)
		return r;
	if (!host_config_allows_bridge(&host->config, bridge.name)) {
		error_set(err, ERROR_PERMISSION, EACCES, "bridge '%s' is not allowed", bridge.name);
		return error_hint(err, "add it to 'bridges' in %s", HOST_CONFIG_PATH);
	}
	*ret = bridge;
	return 0;
}

int lan_find(const struct vm_host *host, struct nl_sock *sock, const struct vm_nic *nic,
	     struct lan *ret, struct error *err)
{
	struct lan lan = { .prefix = host->config.lan_cidr, .gateway = host->config.lan_gw };
	struct bridge_lan found = { 0 };
	int r = lan_find_bridge(host, sock, nic, &lan.bridge, err);

	if (!r)
		r = bridge_get_lan(sock, &lan.bridge, &found, err);
	if (r)
		return r;
	if (lan.prefix.addr.family == AF_UNSPEC)
		lan.prefix = found.prefix;
	if (lan.gateway.family == AF_UNSPEC)
		lan.gateway = found.gateway;
	if (host->config.lan_dns.n)
		strv_copy(&lan.dns, &host->config.lan_dns);
	else
		resolv_read(&lan.dns);
	*ret = lan;
	return 0;
}

int lan_set_ip(const struct lan *lan, struct vm_config *vm, const char *text, struct error *err)
{
	if (strcmp(text, "dhcp") != 0 && !strchr(text, '/') &&
	    lan->prefix.addr.family == AF_UNSPEC) {
		error_set(err, ERROR_USAGE, EINVAL,
			  "the LAN's prefix length is not known: bridge '%s' has no address",
			  lan->bridge.name);
		return error_hint(err,
				  "give it with the address, as in --ip 192.168.1.50/24, or set "
				  "lan_cidr in %s",
				  HOST_CONFIG_PATH);
	}
	return vm_nic_set_ip(&vm->nics[0], text, &lan->prefix, err);
}

/* The network of a host's address: 192.168.1.7/24 is 192.168.1.0/24. */
static void format_network(const struct ip_prefix *prefix, char out[IP_TEXT_MAX])
{
	struct ip_prefix network = *prefix;

	for (unsigned int bit = prefix->length; bit < 8 * sizeof(network.addr.byte); bit++)
		network.addr.byte[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	ip_prefix_format(&network, out);
}

static int check_in_lan(const struct lan *lan, const struct vm_nic *nic, const char *text,
			struct error *err)
{
	char prefix[IP_TEXT_MAX];

	if (nic->address.addr.family != AF_INET)
		return error_set(err, ERROR_USAGE, EAFNOSUPPORT, "address %s is not IPv4", text);
	if (!ip_is_unicast(&nic->address.addr))
		return error_set(err, ERROR_USAGE, EINVAL, "address %s cannot be a guest's", text);
	if (lan->prefix.addr.family != AF_UNSPEC &&
	    !ip_in_prefix(&nic->address.addr, &lan->prefix)) {
		format_network(&lan->prefix, prefix);
		error_set(err, ERROR_USAGE, EINVAL,
			  "address %s is outside the LAN %s of bridge '%s'", text, prefix,
			  lan->bridge.name);
		return error_hint(err, "set lan_cidr in %s if that is not the LAN",
				  HOST_CONFIG_PATH);
	}
	if (ip_is_network_or_broadcast(&nic->address.addr, &nic->address) ||
	    (lan->prefix.addr.family != AF_UNSPEC &&
	     ip_is_network_or_broadcast(&nic->address.addr, &lan->prefix)))
		return error_set(err, ERROR_USAGE, EINVAL,
				 "address %s is the network's own or its broadcast address", text);
	return 0;
}

static int check_not_taken(struct nl_sock *sock, const struct lan *lan, const struct vm_nic *nic,
			   const char *text, struct error *err)
{
	bool local;
	int r = bridge_address_is_local(sock, &nic->address.addr, &local, err);

	if (r)
		return r;
	if (local)
		return error_set(err, ERROR_CONFLICT, EADDRINUSE, "address %s is this host's own",
				 text);
	if (ip_equal(&nic->address.addr, &lan->gateway) ||
	    ip_equal(&nic->address.addr, &nic->gateway))
		return error_set(err, ERROR_CONFLICT, EADDRINUSE, "address %s is the gateway's",
				 text);
	return 0;
}

static int complete_gateway(const struct lan *lan, bool want_gateway, struct vm_nic *nic,
			    struct error *err)
{
	char gateway[IP_TEXT_MAX], prefix[IP_TEXT_MAX];

	if (!want_gateway) {
		nic->gateway = (struct ip_addr){ .family = AF_UNSPEC };
		return 0;
	}
	if (nic->gateway.family == AF_UNSPEC)
		nic->gateway = lan->gateway;
	if (nic->gateway.family == AF_UNSPEC ||
	    (ip_in_prefix(&nic->gateway, &nic->address) &&
	     !ip_is_network_or_broadcast(&nic->gateway, &nic->address)))
		return 0;
	ip_format(&nic->gateway, gateway);
	ip_prefix_format(&nic->address, prefix);
	error_set(err, ERROR_USAGE, EINVAL, "gateway %s cannot be reached from %s", gateway,
		  prefix);
	return error_hint(err, "give --gateway an address of that network, or 'none'");
}

int lan_complete_nic(const struct vm_host *host, struct nl_sock *sock, const struct lan *lan,
		     bool want_gateway, bool want_dns, struct vm_nic *nic, struct error *err)
{
	char text[IP_TEXT_MAX];
	int r;

	if (nic->mtu > lan->bridge.mtu)
		return error_set(err, ERROR_USAGE, EINVAL, "mtu %u is above the %u of bridge '%s'",
				 nic->mtu, lan->bridge.mtu, lan->bridge.name);
	if (nic->ip_mode == IP_DHCP)
		return 0;
	if (want_dns && !nic->dns.n)
		strv_copy(&nic->dns, &lan->dns);
	if (want_dns && !nic->dns.n)
		vm_note(host, "no name server is known: the guest gets none (set lan_dns in %s)",
			HOST_CONFIG_PATH);
	ip_format(&nic->address.addr, text);
	r = check_in_lan(lan, nic, text, err);
	if (!r)
		r = complete_gateway(lan, want_gateway, nic, err);
	if (!r && want_gateway && nic->gateway.family == AF_UNSPEC)
		vm_note(host, "no gateway is known: the guest gets none (set lan_gw in %s)",
			HOST_CONFIG_PATH);
	if (!r)
		r = check_not_taken(sock, lan, nic, text, err);
	return r;
}
