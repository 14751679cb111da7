/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port, and what the VMs' settings say about it. */
#ifndef VM_NET_PORT_H
#define VM_NET_PORT_H

#include "vm/net.h"
#include "running.h"

/* Takes the port, which may be of anybody; nic is its owner's, or NULL. */
void net_port_init(struct vm_net_port *ret, struct port *port, const struct running_nic *nic);

/* Is the bridge of that index and canonical name the one that the settings call name? */
bool net_port_same_bridge(struct nl_sock *sock, unsigned int ifindex, const char *canonical,
			  const char *name);

/*
 * Hold a tap that is on that bridge, where it belongs, against what repair would make of it: the
 * same code looks.
 */
void net_port_compare(struct nl_sock *sock, const struct bridge *bridge,
		      const struct running_nic *nic, struct vm_net_port *port);

/* Look for the tap of a NIC wherever it is, and compare it. */
int net_port_find(struct nl_sock *sock, const struct running_nic *nic, struct vm_net_port *ret,
		  struct error *err);

#endif
