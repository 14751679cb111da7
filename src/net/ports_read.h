/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The readers that ports_get() and port_get() are put together from. */
#ifndef NET_PORTS_READ_H
#define NET_PORTS_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/ports.h"

struct nl_sock;
struct nlmsghdr;

/* Read an RTM_NEWLINK, statistics included. -EBADMSG when it is none. Release with port_done(). */
int port_parse(const struct nlmsghdr *answer, struct port *ret, unsigned int *ret_master);

/* The VLANs of a port, sorted (RTM_GETVLAN, Linux 5.6). Replaces port->vlans. */
int port_read_vlans(struct nl_sock *sock, struct port *port, struct error *err);

/* The guard's program on the port's ingress, if there is one: sets port->guard_program. */
int port_read_filter(struct nl_sock *sock, struct port *port, struct error *err);

/* The bridge's forwarding table, by port, address and VLAN. Replaces ports->fdb. */
int ports_read_fdb(struct nl_sock *sock, const struct bridge *bridge, struct ports *ports,
		   struct error *err);

/*
 * Entries of a dump. A dump that the kernel broke off is asked for again under another sequence
 * number (netlink_dump()), and what was collected before it is to be forgotten.
 */
struct dump_list {
	void *v; /* array of entries, owned by who reads the dump */
	size_t n;
	uint32_t seq;
};

/* Does this message begin another attempt? True for the first of all as well. */
bool dump_list_begins(struct dump_list *list, const struct nlmsghdr *entry);

/* Room for one more entry of size bytes, zeroed and counted. */
void *dump_list_add(struct dump_list *list, size_t size);

#endif
