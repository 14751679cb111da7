/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ports of a bridge, all of them or one. */
#include "net/ports.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "link.h"
#include "netlink_batch.h"
#include "ports_read.h"

void port_done(struct port *port)
{
	free(port->alias);
	free(port->vlans);
	*port = (struct port){ .alias = NULL };
}

void ports_done(struct ports *ports)
{
	for (size_t i = 0; i < ports->n; i++)
		port_done(&ports->v[i]);
	free(ports->v);
	free(ports->fdb);
	*ports = (struct ports){ .v = NULL };
}

struct port_search {
	unsigned int master;
	struct dump_list list; /* struct port */
};

static void forget(struct port_search *search)
{
	struct port *port = search->list.v;

	while (search->list.n > 0)
		port_done(&port[--search->list.n]);
}

/* A kernel that cannot filter would send every link of the host. */
static void take_port(const struct nlmsghdr *entry, void *arg)
{
	struct port_search *search = arg;
	unsigned int master;
	struct port port;

	if (dump_list_begins(&search->list, entry))
		forget(search);
	if (port_parse(entry, &port, &master) < 0)
		return;
	if (master == search->master)
		*(struct port *)dump_list_add(&search->list, sizeof(port)) = port;
	else
		port_done(&port);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct port *)a)->name, ((const struct port *)b)->name);
}

static int read_links(struct nl_sock *sock, const struct bridge *bridge, struct ports *ports,
		      struct error *err)
{
	AUTO_FREE char *what = xasprintf("list the ports of bridge '%s'", bridge->name);
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	struct nl_msg *msg = netlink_message(RTM_GETLINK, NLM_F_DUMP, &header, sizeof(header));
	struct port_search search = { .master = bridge->ifindex };
	int r;

	if (msg && nla_put_u32(msg, IFLA_MASTER, bridge->ifindex) < 0)
		msg = netlink_discard(msg);
	r = netlink_dump(sock, msg, what, take_port, &search, err);
	ports->v = search.list.v;
	ports->n = search.list.n;
	if (ports->n > 0)
		qsort(ports->v, ports->n, sizeof(*ports->v), by_name);
	return r;
}

/* A port that leaves the host meanwhile is one without VLANs and filters. */
static int read_more(struct nl_sock *sock, const struct bridge *bridge, unsigned int parts,
		     struct port *port, struct error *err)
{
	struct error attempt = ERROR_INIT;
	int r = 0;

	if ((parts & PORTS_VLANS) && bridge->vlan_filtering)
		r = port_read_vlans(sock, port, &attempt);
	if (r == 0 && (parts & PORTS_FILTERS))
		r = port_read_filter(sock, port, &attempt);
	if (r == 0 || r == -ENODEV)
		return 0;
	*err = attempt;
	return r;
}

static int read_ports(struct nl_sock *sock, const struct bridge *bridge, unsigned int parts,
		      struct ports *ports, struct error *err)
{
	int r = read_links(sock, bridge, ports, err);

	for (size_t i = 0; r == 0 && i < ports->n; i++)
		r = read_more(sock, bridge, parts, &ports->v[i], err);
	if (r == 0 && (parts & PORTS_FDB))
		r = ports_read_fdb(sock, bridge, ports, err);
	return r;
}

int ports_get(struct nl_sock *sock, const struct bridge *bridge, unsigned int parts,
	      struct ports *ret, struct error *err)
{
	struct ports ports = { .v = NULL };
	int r = read_ports(sock, bridge, parts, &ports, err);

	if (r < 0) {
		ports_done(&ports);
		return r;
	}
	*ret = ports;
	return 0;
}

/* Is the master a bridge that has VLANs? */
static int find_bridge(struct nl_sock *sock, const char *name, unsigned int master,
		       struct bridge *ret, struct error *err)
{
	AUTO_FREE char *what = xasprintf("look up the bridge of '%s'", name);
	AUTO_BUF reply = BUF_INIT;
	struct link_info link;
	int r = netlink_request(sock, link_request(master, NULL), what, &reply, err);

	if (r < 0)
		return r;
	if (link_parse(netlink_reply(&reply), &link) < 0)
		return error_errno(err, EBADMSG, "%s", what);
	bridge_from_link(&link, ret);
	return 0;
}

static int read_port(struct nl_sock *sock, const char *name, struct port *port,
		     unsigned int *ret_master, struct error *err)
{
	AUTO_FREE char *what = xasprintf("look up link '%s'", name);
	struct bridge bridge = { .ifindex = 0 };
	AUTO_BUF reply = BUF_INIT;
	int r = netlink_request(sock, link_request_stats(name), what, &reply, err);

	if (r < 0)
		return r;
	if (port_parse(netlink_reply(&reply), port, ret_master) < 0)
		return error_errno(err, EBADMSG, "%s", what);
	if (*ret_master)
		r = find_bridge(sock, name, *ret_master, &bridge, err);
	if (r == 0)
		r = read_more(sock, &bridge, PORTS_VLANS | PORTS_FILTERS, port, err);
	return r;
}

int port_get(struct nl_sock *sock, const char *name, struct port *ret, unsigned int *ret_master,
	     struct error *err)
{
	struct port port = { .alias = NULL };
	struct error attempt = ERROR_INIT;
	unsigned int master = 0;
	int r = read_port(sock, name, &port, &master, &attempt);

	if (r == 0) {
		*ret = port;
		*ret_master = master;
		return 0;
	}
	port_done(&port);
	if (r == -ENODEV)
		return error_set(err, ERROR_NOT_FOUND, ENODEV, "link '%s' does not exist", name);
	*err = attempt;
	return r;
}
