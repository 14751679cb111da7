/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bridges that VMs may be on, with their ports, read once for all checks. */
#ifndef DOCTOR_NETWORK_H
#define DOCTOR_NETWORK_H

#include <stdbool.h>

#include "check.h"
#include "net/bridge.h"
#include "net/ports.h"

/* A bridge of the configuration. */
struct lan {
	const char *name; /* as configured */
	struct error error; /* why there is no more to know */
	struct bridge bridge;
	struct bridge_settings settings;
	struct bridge_lan found;
	struct ports ports;
	struct ip_prefix *addresses;
	size_t n_addresses;
	const struct port *uplink; /* of ports; NULL: none */
	enum doctor_network network; /* who configures it */
};

struct network {
	struct error error; /* of opening netlink: then there is nothing else */
	struct nl_sock *sock;
	struct lan *lans;
	size_t n_lans;
};

/* Reads at the first call. Never NULL; in check until network_free(). */
const struct network *network_get(struct check *check);
void network_free(struct network *network); /* takes NULL */

/* A port that is no VM's: whatever is no tap. */
bool network_is_foreign(const struct port *port);

/* Does /sys/class/net show this network namespace? It is that of who mounted it. */
bool network_has_sysfs(const char *link, unsigned int ifindex);

bool network_is_wifi(const char *link, unsigned int ifindex);

/* The setting that a link needs, in the words of who configures it, for check_keep(). */
enum network_setting {
	NETWORK_AUTO, /* the link is made at boot */
	NETWORK_STP_OFF,
	NETWORK_SNOOPING_OFF,
	NETWORK_VLANS, /* VLAN filtering is on */
	NETWORK_MAC, /* value is the MAC */
	NETWORK_MTU, /* value is the MTU */
	NETWORK_NO_ADDRESS,
};
void network_keep(struct check *check, enum doctor_network network, enum network_setting setting,
		  const char *link, const char *value);

#endif
