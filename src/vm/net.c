/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network as it is: bridges, their ports and whose they are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "net/netlink.h"
#include "net_port.h"

struct gather {
	const struct vm_host *host;
	struct nl_sock *sock;
	struct running_nics nics;
	struct vm_net net;
};

static void gather_done(struct gather *gather)
{
	netlink_close(&gather->sock);
	running_nics_done(&gather->nics);
	vm_net_done(&gather->net);
}

static void bridge_done(struct vm_net_bridge *bridge)
{
	free(bridge->name);
	free(bridge->addresses);
	free(bridge->fdb);
	vm_net_ports_done(bridge->ports, bridge->n_ports);
}

void vm_net_done(struct vm_net *net)
{
	for (size_t i = 0; i < net->n; i++)
		bridge_done(&net->v[i]);
	free(net->v);
	*net = (struct vm_net){ .v = NULL };
}

static bool is_learned(const struct fdb_entry *entry)
{
	return !entry->local && !entry->is_static;
}

static struct vm_net_port *port_of(const struct vm_net_bridge *bridge, unsigned int ifindex)
{
	for (size_t i = 0; i < bridge->n_ports; i++) {
		if (bridge->ports[i].port.ifindex == ifindex)
			return &bridge->ports[i];
	}
	return NULL;
}

static void count_learned(struct vm_net_bridge *bridge)
{
	const struct fdb_entry *last = NULL; /* the one counted before */
	struct vm_net_port *port = NULL;

	/* sorted by port and address: a port is looked for once, an address in two VLANs is one */
	for (size_t i = 0; i < bridge->n_fdb; i++) {
		const struct fdb_entry *entry = &bridge->fdb[i];

		if (!is_learned(entry))
			continue;
		if (!last || last->port != entry->port)
			port = port_of(bridge, entry->port);
		else if (mac_equal(&last->mac, &entry->mac))
			continue;
		if (port)
			port->learned++;
		last = entry;
	}
}

/* Sort what is on the bridge by whose it is. */
static void take_ports(struct gather *gather, struct vm_net_bridge *bridge, struct ports *ports)
{
	bridge->ports = xcalloc(ports->n + 1, sizeof(*bridge->ports));
	bridge->n_ports = ports->n;
	for (size_t i = 0; i < ports->n; i++) {
		struct running_nic *nic = running_nics_find(&gather->nics, &ports->v[i]);
		struct vm_net_port *port = &bridge->ports[i];

		net_port_init(port, &ports->v[i], nic);
		memcpy(port->master, bridge->bridge.name, sizeof(port->master));
		if (!nic)
			continue;
		nic->seen = true;
		if (net_port_same_bridge(gather->sock, bridge->bridge.ifindex, bridge->bridge.name,
					 nic->bridge))
			net_port_compare(gather->sock, &bridge->bridge, nic, port);
		else
			port->place = VM_TAP_ELSEWHERE;
	}
	bridge->fdb = ptr_steal(&ports->fdb);
	bridge->n_fdb = ports->n_fdb;
	count_learned(bridge);
}

static int read_bridge(struct gather *gather, struct vm_net_bridge *bridge, struct error *err)
{
	AUTO(ports_done) struct ports ports = { .v = NULL };
	int r = bridge_get_settings(gather->sock, &bridge->bridge, &bridge->settings, err);

	if (r == 0)
		r = link_addresses(gather->sock, bridge->bridge.ifindex, &bridge->addresses,
				   &bridge->n_addresses, err);
	if (r == 0)
		r = ports_get(gather->sock, &bridge->bridge,
			      PORTS_VLANS | PORTS_FDB | PORTS_FILTERS, &ports, err);
	if (r == 0)
		take_ports(gather, bridge, &ports);
	return r;
}

static struct vm_net_bridge *find_bridge(const struct vm_net *net, const char *name,
					 unsigned int ifindex)
{
	for (size_t i = 0; i < net->n; i++) {
		struct vm_net_bridge *bridge = &net->v[i];

		if (strcmp(bridge->name, name) == 0 ||
		    (ifindex && bridge->bridge.ifindex == ifindex))
			return bridge;
	}
	return NULL;
}

/* Nothing of a bridge that is there already, under this name or another. */
static int add_bridge(struct gather *gather, const char *name, struct error *err)
{
	struct vm_net *net = &gather->net;
	struct vm_net_bridge bridge = { .name = NULL };
	int r;

	if (find_bridge(net, name, 0))
		return 0;
	r = bridge_get(gather->sock, name, &bridge.bridge, err);
	if (r == 0 && find_bridge(net, bridge.bridge.name, bridge.bridge.ifindex))
		return 0;
	if (r == 0)
		r = read_bridge(gather, &bridge, err);
	bridge.name = xstrdup(bridge.bridge.ifindex ? bridge.bridge.name : name);
	if (r < 0)
		snprintf(bridge.problem, sizeof(bridge.problem), "%.*s",
			 (int)sizeof(bridge.problem) - 1, err->message);
	net->v = xreallocarray(net->v, net->n + 1, sizeof(*net->v));
	net->v[net->n++] = bridge;
	return r;
}

/* One that cannot be read is shown as such. */
static void add_all_bridges(struct gather *gather)
{
	const struct host_config *config = &gather->host->config;
	struct error ignored = ERROR_INIT;

	(void)add_bridge(gather, config->bridge, &ignored);
	for (size_t i = 0; i < config->bridges.n; i++)
		(void)add_bridge(gather, config->bridges.v[i], &ignored);
	for (size_t i = 0; i < gather->nics.n; i++)
		(void)add_bridge(gather, gather->nics.v[i].bridge, &ignored);
}

/* Taps that were met on no bridge, below the one they belong to. */
static int add_strays(struct gather *gather, struct vm_net_bridge *bridge, struct error *err)
{
	for (size_t i = 0; i < gather->nics.n; i++) {
		struct running_nic *nic = &gather->nics.v[i];
		int r;

		if (nic->seen || !net_port_same_bridge(gather->sock, bridge->bridge.ifindex,
						       bridge->name, nic->bridge))
			continue;
		bridge->ports = xreallocarray(bridge->ports, bridge->n_ports + 1,
					      sizeof(*bridge->ports));
		r = net_port_find(gather->sock, nic, &bridge->ports[bridge->n_ports], err);
		if (r < 0)
			return r;
		bridge->n_ports++;
		nic->seen = true;
	}
	return 0;
}

static int gather_all(struct gather *gather, const char *bridge, struct error *err)
{
	int r = netlink_open(&gather->sock, err);

	if (r == 0)
		r = running_nics_get(gather->host, &gather->nics, err);
	if (r < 0)
		return r;
	if (bridge)
		r = add_bridge(gather, bridge, err);
	else
		add_all_bridges(gather);
	for (size_t i = 0; r == 0 && i < gather->net.n; i++)
		r = add_strays(gather, &gather->net.v[i], err);
	return r;
}

int vm_net_get(const struct vm_host *host, const char *bridge, struct vm_net *ret,
	       struct error *err)
{
	AUTO(gather_done) struct gather gather = { .host = host };
	int r = gather_all(&gather, bridge, err);

	if (r < 0)
		return r;
	*ret = gather.net;
	gather.net = (struct vm_net){ .v = NULL };
	return 0;
}
