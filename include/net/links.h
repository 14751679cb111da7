/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links that are on no bridge, or not yet: their addresses and routes, and taps that fell off. */
#ifndef NET_LINKS_H
#define NET_LINKS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ip.h"
#include "base/mac.h"

struct nl_sock;

struct link_address {
	struct ip_prefix prefix;
	bool dynamic; /* it ends by itself: from DHCP or a router advertisement */
};

struct link_route {
	struct ip_prefix to; /* length 0: the default route; family always filled */
	struct ip_addr gateway; /* AF_UNSPEC: on the link itself */
	uint32_t metric;
	bool dynamic; /* from DHCP or a router advertisement */
};

enum { LINK_ADDRESSES_MAX = 64, LINK_ROUTES_MAX = 64 };

/* A link, and what of it moves to a bridge that it becomes a port of. */
struct link {
	char name[IF_NAMESIZE];
	char kind[IF_NAMESIZE]; /* empty: a device */
	unsigned int ifindex;
	unsigned int master; /* 0: none */
	unsigned int mtu;
	struct mac mac;
	bool ethernet; /* ARPHRD_ETHER, and no loopback */
	struct link_address addresses[LINK_ADDRESSES_MAX]; /* scope global, no temporary ones */
	size_t n_addresses;
	struct link_route routes[LINK_ROUTES_MAX]; /* table main, none of the kernel's own */
	size_t n_routes;
};

/* ERROR_HOST (-ENODEV): no such link. What is beyond the two bounds is left out. */
int link_read(struct nl_sock *sock, const char *name, struct link *ret, struct error *err);

/* A tap with an alias of ours ("mnmivm-se:VM/NIC"), on a bridge or not. */
struct tap_link {
	char name[IF_NAMESIZE];
	char alias[256];
	unsigned int master; /* ifindex of its bridge; 0: none */
	bool up;
};

/* All of them; cost grows with the taps of the host. The caller frees *ret. */
int taps_list(struct nl_sock *sock, struct tap_link **ret, size_t *ret_n, struct error *err);

/* Set IFF_UP. Needs CAP_NET_ADMIN. */
int link_set_up(struct nl_sock *sock, const char *name, struct error *err);

#endif
