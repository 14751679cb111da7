/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a bridge is, and what the host knows of the LAN behind it. Reads only. */
#ifndef NET_BRIDGE_H
#define NET_BRIDGE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ip.h"
#include "base/mac.h"

struct nl_sock;

struct bridge {
	char name[IF_NAMESIZE]; /* canonical: an altname resolves to this */
	unsigned int ifindex; /* from here on the only handle */
	unsigned int mtu;
	struct mac mac;
	bool up; /* IFF_UP */
	bool stp;
	bool has_vlans; /* the kernel knows of VLAN filtering */
	bool vlan_filtering;
	uint16_t default_pvid; /* 0: none, or a kernel without VLAN filtering */
};

/*
 * Look the link up by name (one RTM_GETLINK, never a dump). No such link, or a link that is
 * no bridge: ERROR_HOST with a hint. Being down is reported in the struct, not as an error.
 */
int bridge_get(struct nl_sock *sock, const char *name, struct bridge *ret, struct error *err);

/* Can its ports be in VLANs? ERROR_HOST, with the words and the command that help. */
int bridge_check_vlans(const struct bridge *bridge, struct error *err);

/*
 * The bridge's first global IPv4 prefix, and the gateway of the default route that leaves over it.
 * Both dumps are filtered by the kernel (NETLINK_GET_STRICT_CHK, Linux >= 4.20) to this
 * ifindex. What is not there is AF_UNSPEC, which is no error.
 */
struct bridge_lan {
	struct ip_prefix prefix;
	struct ip_addr gateway;
};
int bridge_get_lan(struct nl_sock *sock, const struct bridge *bridge, struct bridge_lan *ret,
		   struct error *err);

/* Does the host itself have this address, on whatever link? A tentative IPv6 one does not count. */
int bridge_address_is_local(struct nl_sock *sock, const struct ip_addr *addr, bool *ret,
			    struct error *err);

#endif
