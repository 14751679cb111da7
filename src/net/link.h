/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What RTM_GETLINK tells of a link. */
#ifndef NET_LINK_H
#define NET_LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mac.h"
#include "net/bridge.h"
#include "net/ports.h"

struct nl_msg;
struct nlattr;
struct nl_sock;
struct nlmsghdr;

enum { LINK_ALIAS_MAX = 256 }; /* the kernel's IFALIASZ */

struct link_info {
	char name[IF_NAMESIZE];
	char alias[LINK_ALIAS_MAX];
	unsigned int ifindex;
	unsigned int flags; /* IFF_UP, ... */
	unsigned int mtu;
	unsigned int master; /* ifindex; 0: none */
	struct mac mac;
	char kind[IF_NAMESIZE]; /* "bridge", "tun", "veth"; empty: a device */
	char qdisc[IF_NAMESIZE]; /* at the root */

	/* of a tap */
	unsigned int queues; /* see link_tun_queues() */
	bool persistent;

	/* of a bridge */
	bool stp;
	bool has_vlans; /* the kernel knows of VLAN filtering */
	bool vlan_filtering;
	uint16_t default_pvid;

	/* of a bridge's port */
	enum port_state locked;
	enum port_state learning;
	enum port_state unicast_flood;
	enum port_state bpdu_guard;
	enum port_state root_block;
	enum port_state isolated;
	enum port_state mcast_router; /* may become one, or is */
};

/*
 * Ask for a link by name (an altname will do, Linux >= 5.5) or, where name is NULL, by ifindex.
 * Statistics are left out of the answer (Linux >= 4.4), virtual functions too. NULL: no memory.
 */
struct nl_msg *link_request(unsigned int ifindex, const char *name);

/* The same by name, with statistics. */
struct nl_msg *link_request_stats(const char *name);

/* Read the answer. -EBADMSG when it is none. */
int link_parse(const struct nlmsghdr *answer, struct link_info *ret);

/*
 * How many queues of a tap, by its IFLA_INFO_DATA, a descriptor stands behind (Linux 4.16): with
 * IFF_MULTI_QUEUE it has as many transmit queues as the kernel could ever give it. Those that the
 * guest does not use are detached, and count. otherwise: of a tap without, which is not told.
 */
unsigned int link_tun_queues(struct nlattr *data, unsigned int otherwise);

/* Both for a name. -ENODEV (ERROR_HOST) when there is no such link. */
int link_get(struct nl_sock *sock, const char *name, struct link_info *ret, struct error *err);

/* The link, which is a bridge, as the layers above see it. */
void bridge_from_link(const struct link_info *link, struct bridge *ret);

#endif
