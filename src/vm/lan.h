/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The LAN that a VM joins: its prefix, gateway and name servers, and which addresses it can
 * have.
 */
#ifndef VM_LAN_H
#define VM_LAN_H

#include "config/vm_config.h"
#include "net/bridge.h"
#include "vm/host.h"

struct lan {
	struct bridge bridge;
	struct ip_prefix prefix; /* AF_UNSPEC: the host knows none */
	struct ip_addr gateway; /* AF_UNSPEC: none */
	struct strv dns; /* may be empty */
};

void lan_done(struct lan *lan);

/*
 * Look at the NIC's bridge; what the configuration does not say comes from the bridge's addresses,
 * the routes and resolv.conf. ERROR_HOST when the bridge is no bridge, ERROR_PERMISSION when it is
 * not allowed. Release with lan_done().
 */
int lan_find(const struct vm_host *host, struct nl_sock *sock, const struct vm_nic *nic,
	     struct lan *ret, struct error *err);

/* The bridge alone, checked against the allow-list. */
int lan_find_bridge(const struct vm_host *host, struct nl_sock *sock, const struct vm_nic *nic,
		    struct bridge *ret, struct error *err);

/* The LAN's prefix from the configuration alone; AF_UNSPEC where it does not say. */
const struct ip_prefix *lan_fallback(const struct vm_host *host);

/*
 * Set a VM's address as the user gave it: "dhcp", ADDR/N, or ADDR with the LAN's prefix length.
 * ERROR_USAGE, also when the LAN's is not known.
 */
int lan_set_ip(const struct lan *lan, struct vm_config *vm, const char *text, struct error *err);

/*
 * Fill the NIC's gateway and name servers where they are unset, and check them and the address:
 * inside the LAN, neither network nor broadcast address, not an address of the host, not the
 * gateway. ERROR_USAGE or ERROR_CONFLICT.
 */
int lan_complete_nic(const struct vm_host *host, struct nl_sock *sock, const struct lan *lan,
		     bool want_gateway, bool want_dns, struct vm_nic *nic, struct error *err);

#endif
