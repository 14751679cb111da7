/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is on a bridge: its own settings in full, ports, VLANs, learned addresses, filters.
 * Reads only.
 */
#ifndef NET_PORTS_H
#define NET_PORTS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ip.h"
#include "base/mac.h"
#include "net/bridge.h"
#include "net/guard.h"
#include "net/tap.h"

struct nl_sock;

/* A setting that this kernel does not know is PORT_UNKNOWN, not off. */
enum port_state { PORT_UNKNOWN, PORT_OFF, PORT_ON };

enum port_stp { PORT_DISABLED, PORT_LISTENING, PORT_LEARNING, PORT_FORWARDING, PORT_BLOCKING };

struct port_vlan {
	uint16_t vid;
	bool pvid, untagged;
};

/* A link that is a port of the bridge. Strings are owned. */
struct port {
	char name[IF_NAMESIZE];
	unsigned int ifindex;
	char kind[IF_NAMESIZE]; /* "tun", "veth", "vlan", ...; empty: a device */
	char *alias; /* NULL: none; "mnmivm-se:VM/NIC" is a tap of ours */
	struct mac mac;
	unsigned int mtu;
	unsigned int queues; /* to send; of a tap those that are held, in use or not */
	bool up, carrier;
	enum port_stp stp;
	enum port_state locked, learning, unicast_flood, isolated, bpdu_guard, root_block;
	uint64_t rx_bytes, rx_packets, rx_dropped; /* the host's view: rx is from the guest */
	uint64_t tx_bytes, tx_packets, tx_dropped;
	struct port_vlan *vlans; /* of a bridge with vlan_filtering */
	size_t n_vlans;
	uint32_t guard_program; /* id of the cls_bpf program on ingress; 0: none */
};

struct fdb_entry {
	struct mac mac;
	unsigned int port; /* ifindex; of the bridge itself for its own */
	uint16_t vlan; /* 0: none */
	bool local, is_static, sticky; /* else learned */
};

struct ports {
	struct port *v;
	size_t n;
	struct fdb_entry *fdb; /* sorted by port, address and VLAN */
	size_t n_fdb;
};

/* The kernel's settings of a bridge beyond struct bridge. */
struct bridge_settings {
	unsigned int forward_delay_ms;
	unsigned int ageing_ms;
	bool mcast_snooping, mcast_querier;
	bool mcast_other_querier; /* one was heard on the LAN (a timer runs) */
	enum port_state nf_call_iptables, nf_call_ip6tables, nf_call_arptables; /* of this bridge */
	bool carrier;
};

/* Parts of what ports_get() reads. */
enum {
	PORTS_VLANS = 1,
	PORTS_FDB = 2,
	PORTS_FILTERS = 4, /* one request for each port */
};

/*
 * The bridge's ports (dump filtered by IFLA_MASTER in the kernel) with statistics, sorted by
 * name; parts says what else. Cost grows with what is on this bridge only. Release with
 * ports_done().
 */
int ports_get(struct nl_sock *sock, const struct bridge *bridge, unsigned int parts,
	      struct ports *ret, struct error *err);
void ports_done(struct ports *ports);

int bridge_get_settings(struct nl_sock *sock, const struct bridge *bridge,
			struct bridge_settings *ret, struct error *err);

/*
 * One port, by name: for the status of a VM. ERROR_NOT_FOUND (-ENODEV) when there is no such
 * link; master, its bridge's ifindex, may be 0: it fell off.
 */
int port_get(struct nl_sock *sock, const char *name, struct port *ret, unsigned int *ret_master,
	     struct error *err);
void port_done(struct port *port);

/*
 * For doctor: the addresses of a link, both families; the caller frees *ret.
 */
int link_addresses(struct nl_sock *sock, unsigned int ifindex, struct ip_prefix **ret,
		   size_t *ret_n, struct error *err);

#endif
