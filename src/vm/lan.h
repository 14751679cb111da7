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
#include "vm/nic_request.h"

struct lan {
	struct bridge bridge;
	struct ip_prefix prefix; /* AF_UNSPEC: the host knows none */
	struct ip_addr gateway; /* AF_UNSPEC: none */
	struct strv dns; /* may be empty */
	const char *config_path; /* where the user says otherwise; the host's */
};

void lan_done(struct lan *lan);

/*
 * Look at the NIC's bridge; what of the LAN the configuration does not say comes from the bridge's
 * addresses, the routes and resolv.conf. ERROR_HOST when the bridge is no bridge, ERROR_PERMISSION
 * when it is not allowed. Release with lan_done().
 */
int lan_find(const struct vm_host *host, struct nl_sock *sock, const struct vm_nic *nic,
	     struct lan *ret, struct error *err);

/* The bridge alone; the NIC is held against what is allowed (vm_nic_check_allowed()). */
int lan_find_bridge(const struct vm_host *host, struct nl_sock *sock, const struct vm_nic *nic,
		    struct bridge *ret, struct error *err);

/* The LAN's prefix from the configuration alone; AF_UNSPEC where it does not say. */
const struct ip_prefix *lan_fallback(const struct vm_host *host);

/*
 * All of that for a NIC: find its LAN, set the addresses that were asked for, complete the rest. A
 * gateway or name servers that the user has given, or refused, are left alone. ERROR_HOST,
 * ERROR_USAGE, ERROR_CONFLICT.
 */
int lan_apply(const struct vm_host *host, struct nl_sock *sock,
	      const struct vm_nic_request *request, struct vm_nic *nic, struct error *err);

/*
 * Set a NIC's addresses as the user gave them: "dhcp", "none", ADDR/N, or ADDR with the LAN's
 * prefix length first, further addresses behind it. ERROR_USAGE, also when the LAN's is not known.
 */
int lan_set_ips(const struct lan *lan, struct vm_nic *nic, const struct strv *texts,
		struct error *err);

/*
 * Fill the NIC's gateway and name servers where they are unset, and check them and the addresses:
 * the first inside the LAN, neither network nor broadcast address, none an address of the host, nor
 * the gateway's. ERROR_USAGE or ERROR_CONFLICT.
 */
int lan_complete_nic(const struct vm_host *host, struct nl_sock *sock, const struct lan *lan,
		     bool want_gateway, bool want_dns, struct vm_nic *nic, struct error *err);

#endif
