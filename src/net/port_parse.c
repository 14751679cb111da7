/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What RTM_NEWLINK tells of a port. */
#include "ports_read.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "base/alloc.h"
#include "link.h"

enum { ALIAS_SIZE = 256 }; /* the kernel's IFALIASZ */

static void parse_slave(struct nlattr *data, struct port *port)
{
	static struct nla_policy policy[IFLA_BRPORT_MAX + 1] = {
		[IFLA_BRPORT_STATE] = { .type = NLA_U8 },
		[IFLA_BRPORT_ISOLATED] = { .type = NLA_U8 },
	};
	struct nlattr *attr[IFLA_BRPORT_MAX + 1];
	uint8_t state;

	if (nla_parse_nested(attr, IFLA_BRPORT_MAX, data, policy) < 0)
		return;
	if (attr[IFLA_BRPORT_ISOLATED])
		port->isolated = nla_get_u8(attr[IFLA_BRPORT_ISOLATED]) ? PORT_ON : PORT_OFF;
	state = attr[IFLA_BRPORT_STATE] ? nla_get_u8(attr[IFLA_BRPORT_STATE]) : 0;
	if (state <= PORT_BLOCKING)
		port->stp = (enum port_stp)state;
}

static void parse_linkinfo(struct nlattr *info, struct port *port)
{
	struct nlattr *attr[IFLA_INFO_MAX + 1];
	struct nlattr *slave;

	if (nla_parse_nested(attr, IFLA_INFO_MAX, info, NULL) < 0)
		return;
	slave = attr[IFLA_INFO_SLAVE_KIND];
	if (attr[IFLA_INFO_DATA] && strcmp(port->kind, "tun") == 0)
		port->queues = link_tun_queues(attr[IFLA_INFO_DATA], port->queues);
	if (attr[IFLA_INFO_SLAVE_DATA] && slave && !nla_strcmp(slave, "bridge"))
		parse_slave(attr[IFLA_INFO_SLAVE_DATA], port);
}

/* A kernel older or newer than these headers has fewer counters or more. */
static void parse_stats(const struct nlattr *attr, struct port *port)
{
	struct rtnl_link_stats64 stats = { 0 };

	nla_memcpy(&stats, attr, sizeof(stats));
	port->rx_bytes = stats.rx_bytes;
	port->rx_packets = stats.rx_packets;
	port->rx_dropped = stats.rx_dropped;
	port->tx_bytes = stats.tx_bytes;
	port->tx_packets = stats.tx_packets;
	port->tx_dropped = stats.tx_dropped;
}

static void parse_link(const struct link_info *link, struct nlattr *attr[], struct port *port)
{
	memcpy(port->name, link->name, sizeof(port->name));
	memcpy(port->kind, link->kind, sizeof(port->kind));
	port->ifindex = link->ifindex;
	port->mac = link->mac;
	port->mtu = link->mtu;
	port->up = link->flags & IFF_UP;
	port->locked = link->locked;
	port->learning = link->learning;
	port->unicast_flood = link->unicast_flood;
	port->bpdu_guard = link->bpdu_guard;
	port->root_block = link->root_block;
	if (attr[IFLA_CARRIER])
		port->carrier = nla_get_u8(attr[IFLA_CARRIER]) != 0;
	if (attr[IFLA_NUM_TX_QUEUES])
		port->queues = nla_get_u32(attr[IFLA_NUM_TX_QUEUES]);
	if (attr[IFLA_IFALIAS])
		port->alias = xstrdup(nla_get_string(attr[IFLA_IFALIAS]));
	if (attr[IFLA_STATS64])
		parse_stats(attr[IFLA_STATS64], port);
	if (attr[IFLA_LINKINFO])
		parse_linkinfo(attr[IFLA_LINKINFO], port);
}

int port_parse(const struct nlmsghdr *answer, struct port *ret, unsigned int *ret_master)
{
	static struct nla_policy policy[IFLA_MAX + 1] = {
		[IFLA_IFALIAS] = { .type = NLA_NUL_STRING, .maxlen = ALIAS_SIZE },
		[IFLA_CARRIER] = { .type = NLA_U8 },
		[IFLA_NUM_TX_QUEUES] = { .type = NLA_U32 },
	};
	struct nlmsghdr *message = (void *)(uintptr_t)answer;
	struct port port = { .alias = NULL };
	struct nlattr *attr[IFLA_MAX + 1];
	struct link_info link;

	if (link_parse(answer, &link) < 0 ||
	    nlmsg_parse(message, sizeof(struct ifinfomsg), attr, IFLA_MAX, policy) < 0)
		return -EBADMSG;
	parse_link(&link, attr, &port);
	*ret = port;
	*ret_master = link.master;
	return 0;
}
