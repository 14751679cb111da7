/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm.ip: the address of the first NIC, or that it asks for one. */
#include "config/vm_config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* The prefix length of an address that came without: the LAN's, or what a LAN usually has. */
static unsigned int default_length(const struct ip_addr *addr, const struct ip_prefix *fallback)
{
	if (fallback && fallback->addr.family == addr->family && fallback->length != IP_LENGTH_NONE)
		return fallback->length;
	return addr->family == AF_INET ? 24 : 64;
}

int vm_config_set_ip(struct vm_config *config, const char *text, const struct ip_prefix *fallback,
		     struct error *err)
{
	struct vm_nic *nic = &config->nics[0];
	struct ip_prefix address;
	int r;

	if (strcmp(text, "dhcp") == 0) {
		nic->ip_mode = IP_DHCP;
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

void vm_config_format_ip(const struct vm_config *config, char out[IP_TEXT_MAX])
{
	const struct vm_nic *nic = &config->nics[0];

	if (nic->ip_mode == IP_STATIC)
		ip_prefix_format(&nic->address, out);
	else
		memcpy(out, "dhcp", sizeof("dhcp"));
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
