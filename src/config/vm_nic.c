/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A NIC: its addresses, VLANs and rates in words, and what they may not say together. */
#include "config/vm_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "vm_keys.h"

enum { IPV6_MIN_MTU = 1280 };

/* The prefix length of an address that came without: the LAN's, or what a LAN usually has. */
static unsigned int default_length(const struct ip_addr *addr, const struct ip_prefix *fallback)
{
	if (fallback && fallback->addr.family == addr->family && fallback->length != IP_LENGTH_NONE)
		return fallback->length;
	return addr->family == AF_INET ? 24 : 64;
}

int vm_nic_set_ip(struct vm_nic *nic, const char *text, const struct ip_prefix *fallback,
		  struct error *err)
{
	struct ip_prefix address;
	int r;

	if (!strcmp(text, "dhcp") || !strcmp(text, "none")) {
		nic->ip_mode = *text == 'd' ? IP_DHCP : IP_NONE;
		nic->address = (struct ip_prefix){ .addr.family = AF_UNSPEC };
		return 0;
	}
	r = ip_prefix_parse("ip", text, &address, err);
	if (r < 0)
		return r;
	if (address.length == IP_LENGTH_NONE)
		address.length = default_length(&address.addr, fallback);
	if (!address.length || !ip_is_unicast(&address.addr) ||
	    ip_is_network_or_broadcast(&address.addr, &address))
		return error_set(err, ERROR_USAGE, EINVAL,
				 "parse ip '%.80s': not an address for a guest", text);
	nic->ip_mode = IP_STATIC;
	nic->address = address;
	return 0;
}

void vm_nic_format_ip(const struct vm_nic *nic, char out[IP_TEXT_MAX])
{
	if (nic->ip_mode == IP_STATIC)
		ip_prefix_format(&nic->address, out);
	else if (nic->ip_mode == IP_DHCP)
		memcpy(out, "dhcp", sizeof("dhcp"));
	else
		memcpy(out, "none", sizeof("none"));
}

unsigned int vm_nic_addresses(const struct vm_nic *nic, struct ip_prefix out[VM_ADDRESSES_MAX])
{
	struct error ignored = ERROR_INIT;
	unsigned int n = 0;

	if (nic->ip_mode == IP_STATIC)
		out[n++] = nic->address;
	for (size_t i = 0; i < nic->more_ip.n && n < VM_ADDRESSES_MAX; i++) {
		/* each was checked when it was read */
		if (!ip_prefix_parse("ip", nic->more_ip.v[i], &out[n], &ignored))
			n++;
	}
	return n;
}

bool vm_nic_has_address(const struct vm_nic *nic, const struct ip_addr *addr)
{
	struct ip_prefix addresses[VM_ADDRESSES_MAX];
	unsigned int n = vm_nic_addresses(nic, addresses);

	for (unsigned int i = 0; i < n; i++) {
		if (ip_equal(&addresses[i].addr, addr))
			return true;
	}
	return false;
}

int vm_nic_add_ip(struct vm_nic *nic, const char *text, struct error *err)
{
	struct ip_prefix prefix;
	int r = check_prefix("ip", text, err);

	if (r == 0)
		r = ip_prefix_parse("ip", text, &prefix, err);
	if (r < 0)
		return r;
	if (vm_nic_has_address(nic, &prefix.addr))
		return error_set(err, ERROR_USAGE, EINVAL, "address %s is given twice", text);
	if (nic->more_ip.n + 1 >= VM_ADDRESSES_MAX)
		return error_set(err, ERROR_USAGE, E2BIG, "a NIC has at most %d addresses",
				 VM_ADDRESSES_MAX);
	strv_push(&nic->more_ip, text);
	return 0;
}

bool vm_config_first_address(const struct vm_config *config, struct ip_addr *ret)
{
	for (unsigned int i = 0; i < config->n_nics; i++) {
		struct ip_prefix addresses[VM_ADDRESSES_MAX];

		if (!vm_nic_addresses(&config->nics[i], addresses))
			continue;
		*ret = addresses[0].addr;
		return true;
	}
	return false;
}

bool vm_config_has_address(const struct vm_config *config, const struct ip_addr *addr)
{
	for (unsigned int i = 0; i < config->n_nics; i++) {
		if (vm_nic_has_address(&config->nics[i], addr))
			return true;
	}
	return false;
}

bool vm_config_has_mac(const struct vm_config *config, const struct mac *mac)
{
	for (unsigned int i = 0; i < config->n_nics; i++) {
		if (mac_equal(&config->nics[i].mac, mac))
			return true;
	}
	return false;
}

int vm_nic_set_gateway(struct vm_nic *nic, const char *what, const char *text, struct error *err)
{
	struct ip_addr gateway = { .family = AF_UNSPEC };
	int r;

	if (!strcmp(text, "none")) {
		nic->gateway = nic->gateway6 = gateway;
		return 0;
	}
	r = check_address(what, text, err);
	if (r == 0)
		r = ip_parse(what, text, &gateway, err);
	if (r < 0)
		return r;
	*(gateway.family == AF_INET ? &nic->gateway : &nic->gateway6) = gateway;
	return 0;
}

int vm_nic_set_dns(struct vm_nic *nic, const char *what, const char *text, struct error *err)
{
	struct ip_addr addr;
	int r = 0;

	strv_clear(&nic->dns);
	if (!strcmp(text, "none"))
		return 0;
	strv_split(&nic->dns, text, ',');
	for (size_t i = 0; i < nic->dns.n && !r; i++)
		r = ip_parse(what, nic->dns.v[i], &addr, err);
	return r;
}

/* Checked by check_vlans() before. */
static struct vlan_range read_range(const char *text)
{
	const char *dash = strchr(text, '-');
	uint16_t first = (uint16_t)strtoul(text, NULL, 10);

	return (struct vlan_range){ first, dash ? (uint16_t)strtoul(dash + 1, NULL, 10) : first };
}

bool vlan_list_has(const struct strv *list, const char *vlans)
{
	struct vlan_range wanted = read_range(vlans);

	for (size_t i = 0; i < list->n; i++) {
		struct vlan_range range = read_range(list->v[i]);

		if (range.first <= wanted.first && wanted.last <= range.last)
			return true;
	}
	return false;
}

unsigned int vm_nic_trunk(const struct vm_nic *nic, struct vlan_range out[VM_TRUNK_MAX])
{
	unsigned int n = 0;

	while (n < nic->trunk.n && n < VM_TRUNK_MAX) {
		out[n] = read_range(nic->trunk.v[n]);
		n++;
	}
	return n;
}

static int check_vlan_sets(const struct vm_nic *nic, struct error *err)
{
	struct vlan_range trunk[VM_TRUNK_MAX];
	unsigned int n;

	if (nic->trunk.n > VM_TRUNK_MAX)
		return error_set(err, ERROR_USAGE, E2BIG, "at most %d ranges of VLANs in a trunk",
				 VM_TRUNK_MAX);
	n = vm_nic_trunk(nic, trunk);
	for (unsigned int i = 0; i < n; i++) {
		if (nic->vlan && nic->vlan >= trunk[i].first && nic->vlan <= trunk[i].last)
			return error_set(err, ERROR_USAGE, EINVAL,
					 "VLAN %u is both untagged and tagged", nic->vlan);
		for (unsigned int j = 0; j < i; j++) {
			if (trunk[i].first <= trunk[j].last && trunk[j].first <= trunk[i].last)
				return error_set(err, ERROR_USAGE, EINVAL,
						 "VLANs %s and %s of the trunk overlap",
						 nic->trunk.v[j], nic->trunk.v[i]);
		}
	}
	return 0;
}

static int check_addresses(const struct vm_nic *nic, struct error *err)
{
	struct ip_prefix addresses[VM_ADDRESSES_MAX];
	unsigned int n = vm_nic_addresses(nic, addresses);

	if (nic->more_ip.n >= VM_ADDRESSES_MAX)
		return error_set(err, ERROR_USAGE, E2BIG, "a NIC has at most %d addresses",
				 VM_ADDRESSES_MAX);
	for (unsigned int i = 1; i < n; i++) {
		for (unsigned int j = 0; j < i; j++) {
			char text[IP_TEXT_MAX];

			if (!ip_equal(&addresses[i].addr, &addresses[j].addr))
				continue;
			ip_format(&addresses[i].addr, text);
			return error_set(err, ERROR_USAGE, EINVAL, "address %s is given twice",
					 text);
		}
	}
	return 0;
}

int vm_nic_check_lists(const struct vm_nic *nic, struct error *err)
{
	int r = check_vlan_sets(nic, err);

	return r < 0 ? r : check_addresses(nic, err);
}

/* The filter knows the addresses that it is told: a lease is none of them. */
static int check_guard(const struct vm_nic *nic, struct error *err)
{
	bool any = nic->ip_mode == IP_STATIC || nic->more_ip.n;

	if (nic->guard != GUARD_IP || (any && nic->ip_mode != IP_DHCP))
		return 0;
	error_set(err, ERROR_USAGE, EINVAL, "guard 'ip' needs static addresses%s",
		  nic->ip_mode == IP_DHCP ? ", not dhcp" : "");
	return error_hint(err, "give an address, or guard 'mac'");
}

/* Linux has no IPv6 at all on such a link (RFC 8200, 5). */
static int check_mtu(const struct vm_nic *nic, struct error *err)
{
	struct ip_prefix addresses[VM_ADDRESSES_MAX];
	unsigned int n = vm_nic_addresses(nic, addresses);

	if (!nic->mtu || nic->mtu >= IPV6_MIN_MTU)
		return 0;
	for (unsigned int i = 0; i < n; i++) {
		if (addresses[i].addr.family == AF_INET6)
			return error_set(err, ERROR_USAGE, EINVAL,
					 "mtu %u is below the %d that IPv6 needs", nic->mtu,
					 IPV6_MIN_MTU);
	}
	return 0;
}

int vm_nic_check(const struct vm_nic *nic, struct error *err)
{
	int r = vm_nic_check_lists(nic, err);

	if (r == 0)
		r = check_guard(nic, err);
	return r < 0 ? r : check_mtu(nic, err);
}

static int parse_ip(const struct config_key *key, const char *text, void *field, struct error *err)
{
	int r = 0;

	/* the LAN is not known here, and a length must not depend on the day it is read */
	if (strcmp(text, "dhcp") != 0 && strcmp(text, "none") != 0)
		r = check_prefix(config_key_name(key), text, err);
	return r < 0 ? r : vm_nic_set_ip(field, text, NULL, err);
}

static void format_ip(const struct config_key *key, const void *field, struct buf *ret)
{
	char text[IP_TEXT_MAX];

	(void)key;
	vm_nic_format_ip(field, text);
	buf_puts(ret, text);
}

/* "100" for both directions, or "TO-GUEST/FROM-GUEST" with 0 for no limit. */
static int parse_rate(const struct config_key *key, const char *text, void *field,
		      struct error *err)
{
	const char *what = config_key_name(key), *slash = strchr(text, '/');
	AUTO_FREE char *to = xstrndup(text, slash ? (size_t)(slash - text) : strlen(text));
	uint64_t to_guest, from_guest;
	int r = parse_u64(what, to, slash ? 0 : 1, VM_RATE_MBIT_MAX, &to_guest, err);

	if (r < 0)
		return r;
	from_guest = to_guest;
	if (slash)
		r = parse_u64(what, slash + 1, 0, VM_RATE_MBIT_MAX, &from_guest, err);
	if (r < 0)
		return r;
	*(struct nic_rate *)field = (struct nic_rate){ (unsigned int)to_guest,
						       (unsigned int)from_guest };
	return 0;
}

static void format_rate(const struct config_key *key, const void *field, struct buf *ret)
{
	const struct nic_rate *rate = field;

	(void)key;
	if (rate->to_guest_mbit != rate->from_guest_mbit)
		buf_printf(ret, "%u/%u", rate->to_guest_mbit, rate->from_guest_mbit);
	else if (rate->to_guest_mbit)
		buf_printf(ret, "%u", rate->to_guest_mbit);
}

static void clear_rate(void *field)
{
	*(struct nic_rate *)field = (struct nic_rate){ 0 };
}

const struct value_type value_nic_ip = { parse_ip, format_ip, NULL, NULL };
const struct value_type value_rate = { parse_rate, format_rate, clear_rate, NULL };
