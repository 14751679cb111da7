/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host knows of the LAN, and which addresses fit it. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "net/netlink.h"
#include "vm/resolv.h"
#include "lan.h"
#include "nic.h"

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
	int r = bridge_get(sock, nic_bridge(nic, &host->config), &bridge, err);

	if (!r)
		r = vm_nic_check_allowed(nic, &host->config, bridge.name, err);
	if (!r)
		*ret = bridge;
	return r;
}

int lan_find(const struct vm_host *host, struct nl_sock *sock, const struct vm_nic *nic,
	     struct lan *ret, struct error *err)
{
	struct bridge_lan found = { 0 };
	struct lan lan = { .config_path = host->config.path };
	int r = lan_find_bridge(host, sock, nic, &lan.bridge, err);

	/* neither the configuration nor the bridge's own addresses speak of another VLAN */
	if (!r && !nic->vlan && !nic->trunk.n) {
		if (!strcmp(nic_bridge(nic, &host->config), host->config.bridge)) {
			lan.prefix = host->config.lan_cidr;
			lan.gateway = host->config.lan_gw;
		}
		r = bridge_get_lan(sock, &lan.bridge, &found, err);
	}
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

static bool needs_length(const struct lan *lan, const char *text)
{
	return strcmp(text, "dhcp") != 0 && strcmp(text, "none") != 0 && !strchr(text, '/') &&
	       !strchr(text, ':') && lan->prefix.addr.family == AF_UNSPEC;
}

static int set_one(const struct lan *lan, struct vm_nic *nic, bool first, const char *text,
		   struct error *err)
{
	struct vm_nic other = { 0 };
	char full[IP_TEXT_MAX];
	int r;

	if (needs_length(lan, text)) {
		error_set(err, ERROR_USAGE, EINVAL,
			  "the LAN's prefix length is not known: bridge '%s' has no address in it",
			  lan->bridge.name);
		return error_hint(err,
				  "give it with the address, as in --ip 192.168.1.50/24, or set "
				  "lan_cidr in %s",
				  lan->config_path);
	}
	if (first)
		return vm_nic_set_ip(nic, text, &lan->prefix, err);
	r = vm_nic_set_ip(&other, text, &lan->prefix, err);
	if (!r && other.ip_mode != IP_STATIC)
		r = error_set(err, ERROR_USAGE, EINVAL, "'%s' comes first, or alone", text);
	if (r)
		return r;
	ip_prefix_format(&other.address, full);
	return vm_nic_add_ip(nic, full, err);
}

int lan_set_ips(const struct lan *lan, struct vm_nic *nic, const struct strv *texts,
		struct error *err)
{
	int r = 0;

	strv_clear(&nic->more_ip);
	for (size_t i = 0; i < texts->n && !r; i++)
		r = set_one(lan, nic, i == 0, texts->v[i], err);
	if (!r && nic->ip_mode == IP_NONE && nic->more_ip.n)
		r = error_set(err, ERROR_USAGE, EINVAL, "'none' and addresses exclude each other");
	return r;
}

/* The network of a host's address: 192.168.1.7/24 is 192.168.1.0/24. */
static void format_network(const struct ip_prefix *prefix, char out[IP_TEXT_MAX])
{
	struct ip_prefix network = *prefix;

	for (unsigned int bit = prefix->length; bit < 8 * sizeof(network.addr.byte); bit++)
		network.addr.byte[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	ip_prefix_format(&network, out);
}

/* The first address is what the LAN is about; others may be of further networks. */
static int check_in_lan(const struct lan *lan, const struct vm_nic *nic, struct error *err)
{
	const struct ip_prefix *address = &nic->address;
	bool known = lan->prefix.addr.family == address->addr.family;
	char prefix[IP_TEXT_MAX], text[IP_TEXT_MAX];

	ip_format(&address->addr, text);
	if (known && !ip_in_prefix(&address->addr, &lan->prefix)) {
		format_network(&lan->prefix, prefix);
		error_set(err, ERROR_USAGE, EINVAL,
			  "address %s is outside the LAN %s of bridge '%s'", text, prefix,
			  lan->bridge.name);
		return error_hint(err, "set lan_cidr in %s if that is not the LAN",
				  lan->config_path);
	}
	if (ip_is_network_or_broadcast(&address->addr, address) ||
	    (known && ip_is_network_or_broadcast(&address->addr, &lan->prefix)))
		return error_set(err, ERROR_USAGE, EINVAL,
				 "address %s is the network's own or its broadcast address", text);
	return 0;
}

static int check_not_taken(struct nl_sock *sock, const struct lan *lan, const struct vm_nic *nic,
			   const struct ip_addr *address, const char *text, struct error *err)
{
	bool local;
	int r = bridge_address_is_local(sock, address, &local, err);

	if (r)
		return r;
	if (local)
		return error_set(err, ERROR_CONFLICT, EADDRINUSE, "address %s is this host's own",
				 text);
	if (ip_equal(address, &lan->gateway) || ip_equal(address, &nic->gateway) ||
	    ip_equal(address, &nic->gateway6))
		return error_set(err, ERROR_CONFLICT, EADDRINUSE, "address %s is the gateway's",
				 text);
	return 0;
}

static int check_addresses(struct nl_sock *sock, const struct lan *lan, const struct vm_nic *nic,
			   struct error *err)
{
	struct ip_prefix addresses[VM_ADDRESSES_MAX];
	unsigned int n = vm_nic_addresses(nic, addresses);
	char text[IP_TEXT_MAX];
	int r = 0;

	for (unsigned int i = 0; i < n && !r; i++) {
		ip_format(&addresses[i].addr, text);
		r = check_not_taken(sock, lan, nic, &addresses[i].addr, text, err);
	}
	return r;
}

/* Is it on the link of one of the addresses? IPv6 routers are known by link-local ones. */
static bool can_reach(const struct vm_nic *nic, const struct ip_addr *gateway)
{
	struct ip_prefix addresses[VM_ADDRESSES_MAX];
	unsigned int n = vm_nic_addresses(nic, addresses);

	if (gateway->family == AF_INET6 && !ip_is_unicast(gateway))
		return true;
	for (unsigned int i = 0; i < n; i++) {
		if (ip_in_prefix(gateway, &addresses[i]) &&
		    !ip_is_network_or_broadcast(gateway, &addresses[i]))
			return true;
	}
	return false;
}

static bool has_family(const struct vm_nic *nic, int family)
{
	struct ip_prefix addresses[VM_ADDRESSES_MAX];
	unsigned int n = vm_nic_addresses(nic, addresses);

	for (unsigned int i = 0; i < n; i++) {
		if (addresses[i].addr.family == family)
			return true;
	}
	return false;
}

static int unreachable(const struct ip_addr *gateway, const struct vm_nic *nic, struct error *err)
{
	char text[IP_TEXT_MAX], own[IP_TEXT_MAX];

	ip_format(gateway, text);
	vm_nic_format_ip(nic, own);
	error_set(err, ERROR_USAGE, EINVAL, "gateway %s cannot be reached from %s", text, own);
	return error_hint(err, "give --gateway an address of that network, or 'none'");
}

static int complete_gateways(const struct lan *lan, bool want_gateway, struct vm_nic *nic,
			     struct error *err)
{
	if (!want_gateway) {
		nic->gateway = nic->gateway6 = (struct ip_addr){ .family = AF_UNSPEC };
		return 0;
	}
	if (nic->gateway.family == AF_UNSPEC && has_family(nic, AF_INET))
		nic->gateway = lan->gateway;
	if (nic->gateway.family != AF_UNSPEC && !can_reach(nic, &nic->gateway))
		return unreachable(&nic->gateway, nic, err);
	if (nic->gateway6.family != AF_UNSPEC && !can_reach(nic, &nic->gateway6))
		return unreachable(&nic->gateway6, nic, err);
	return 0;
}

/* What an admin will wonder about; a NIC on another LAN may well be meant to have neither. */
static void note_missing(const struct vm_host *host, const struct lan *lan, bool want_gateway,
			 bool want_dns, const struct vm_nic *nic)
{
	if (nic->ip_mode != IP_STATIC || nic->address.addr.family != AF_INET ||
	    strcmp(lan->bridge.name, host->config.bridge) != 0)
		return;
	if (want_dns && !nic->dns.n)
		vm_note(host, "no name server is known: the guest gets none (set lan_dns in %s)",
			host->config.path);
	if (want_gateway && !nic->gateway.family)
		vm_note(host, "no gateway is known: the guest gets none (set lan_gw in %s)",
			host->config.path);
}

int lan_complete_nic(const struct vm_host *host, struct nl_sock *sock, const struct lan *lan,
		     bool want_gateway, bool want_dns, struct vm_nic *nic, struct error *err)
{
	int r;

	if (nic->mtu > lan->bridge.mtu)
		return error_set(err, ERROR_USAGE, EINVAL, "mtu %u is above the %u of bridge '%s'",
				 nic->mtu, lan->bridge.mtu, lan->bridge.name);
	r = vm_nic_check(nic, err);
	if (!r && (nic->vlan || nic->trunk.n))
		r = bridge_check_vlans(&lan->bridge, err);
	if (r)
		return r;
	if (nic->ip_mode != IP_STATIC && !nic->more_ip.n)
		return 0;
	if (nic->ip_mode == IP_STATIC && want_dns && !nic->dns.n)
		strv_copy(&nic->dns, &lan->dns);
	if (nic->ip_mode == IP_STATIC)
		r = check_in_lan(lan, nic, err);
	if (!r && nic->ip_mode == IP_STATIC)
		r = complete_gateways(lan, want_gateway, nic, err);
	if (!r)
		r = check_addresses(sock, lan, nic, err);
	if (!r)
		note_missing(host, lan, want_gateway, want_dns, nic);
	return r;
}

/* A gateway of the old network is of no use to an address of another. */
static void forget_foreign_gateways(struct vm_nic *nic)
{
	if (nic->gateway.family && !can_reach(nic, &nic->gateway))
		nic->gateway = (struct ip_addr){ .family = AF_UNSPEC };
	if (nic->gateway6.family && !can_reach(nic, &nic->gateway6))
		nic->gateway6 = (struct ip_addr){ .family = AF_UNSPEC };
}

int lan_apply(const struct vm_host *host, struct nl_sock *sock,
	      const struct vm_nic_request *request, struct vm_nic *nic, struct error *err)
{
	AUTO(lan_done) struct lan lan = { 0 };
	bool want_gateway;
	int r = lan_find(host, sock, nic, &lan, err);

	if (!r && request->ips.n)
		r = lan_set_ips(&lan, nic, &request->ips, err);
	if (r)
		return r;
	if (!request->gateway && request->ips.n)
		forget_foreign_gateways(nic);
	want_gateway = nic->gateway.family || nic->gateway6.family ||
		       (!request->gateway && request->ips.n);
	return lan_complete_nic(host, sock, &lan, want_gateway, !request->dns && request->ips.n,
				nic, err);
}
