/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host knows of the LAN behind a bridge: its prefix and gateway, and what is its own. */
#include "net/bridge.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink_batch.h"

struct lan_search {
	unsigned int ifindex;
	struct bridge_lan lan; /* the first of each that was seen */
};

static uint8_t address_size(int family)
{
	return family == AF_INET6 ? 16 : 4;
}

static void take_address(const struct nlmsghdr *entry, void *arg)
{
	struct lan_search *search = arg;
	struct ip_prefix *prefix = &search->lan.prefix;
	struct nlmsghdr *message = (void *)(uintptr_t)entry;
	struct nlattr *attr[IFA_MAX + 1];
	const struct ifaddrmsg *header = nlmsg_data(message);

	if (entry->nlmsg_type != RTM_NEWADDR || prefix->addr.family != AF_UNSPEC ||
	    nlmsg_parse(message, sizeof(*header), attr, IFA_MAX, NULL) < 0)
		return;
	if (header->ifa_index != search->ifindex || header->ifa_family != AF_INET ||
	    header->ifa_scope != RT_SCOPE_UNIVERSE)
		return;

	/* IFA_LOCAL is the host's own address, IFA_ADDRESS its peer's on a point-to-point link */
	if (!attr[IFA_LOCAL] || nla_len(attr[IFA_LOCAL]) != address_size(AF_INET))
		return;
	prefix->addr.family = AF_INET;
	prefix->length = header->ifa_prefixlen;
	nla_memcpy(prefix->addr.byte, attr[IFA_LOCAL], address_size(AF_INET));
}

static int get_prefix(struct nl_sock *sock, struct lan_search *search, struct error *err)
{
	struct ifaddrmsg header = { .ifa_family = AF_INET, .ifa_index = search->ifindex };
	struct nl_msg *msg = netlink_message(RTM_GETADDR, NLM_F_DUMP, &header, sizeof(header));

	return netlink_dump(sock, msg, "list the bridge's addresses", take_address, search, err);
}

static void take_nexthop(struct rtnl_nexthop *hop, void *arg)
{
	struct lan_search *search = arg;
	struct ip_addr *gateway = &search->lan.gateway;
	struct nl_addr *via = rtnl_route_nh_get_gateway(hop);

	if (gateway->family != AF_UNSPEC || !via ||
	    rtnl_route_nh_get_ifindex(hop) != (int)search->ifindex ||
	    nl_addr_get_len(via) != address_size(AF_INET))
		return;
	gateway->family = AF_INET;
	memcpy(gateway->byte, nl_addr_get_binary_addr(via), address_size(AF_INET));
}

/* The kernel lists the routes to one destination with the lowest metric first. */
static void take_route(const struct nlmsghdr *entry, void *arg)
{
	struct rtnl_route *route;

	if (entry->nlmsg_type != RTM_NEWROUTE ||
	    rtnl_route_parse((void *)(uintptr_t)entry, &route) < 0)
		return;
	if (rtnl_route_get_family(route) == AF_INET && rtnl_route_get_type(route) == RTN_UNICAST &&
	    rtnl_route_get_table(route) == RT_TABLE_MAIN &&
	    nl_addr_get_prefixlen(rtnl_route_get_dst(route)) == 0)
		rtnl_route_foreach_nexthop(route, take_nexthop, arg);
	rtnl_route_put(route);
}

static int get_gateway(struct nl_sock *sock, struct lan_search *search, struct error *err)
{
	struct rtmsg header = { .rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN };
	struct nl_msg *msg = netlink_message(RTM_GETROUTE, NLM_F_DUMP, &header, sizeof(header));
	int r;

	if (msg && nla_put_u32(msg, RTA_OIF, search->ifindex) < 0)
		msg = netlink_discard(msg);
	r = netlink_dump(sock, msg, "list the bridge's routes", take_route, search, err);

	/* a new network namespace has no tables yet */
	return r == -ENOENT ? 0 : r;
}

int bridge_get_lan(struct nl_sock *sock, const struct bridge *bridge, struct bridge_lan *ret,
		   struct error *err)
{
	struct lan_search search = { .ifindex = bridge->ifindex };
	struct error attempt = ERROR_INIT;
	int r = get_prefix(sock, &search, &attempt);

	if (r == 0)
		r = get_gateway(sock, &search, &attempt);
	if (r < 0) {
		*err = attempt;
		return error_prefix(err, "bridge '%s'", bridge->name);
	}
	*ret = search.lan;
	return 0;
}

/*
 * The kernel's own route lookup says "local" for an address of the host's, whatever link it is on
 * and whether that is up; no dump is needed. An address it has no route to is refused with an
 * errno that depends on the kind of route, and is not the host's either way.
 */
int bridge_address_is_local(struct nl_sock *sock, const struct ip_addr *addr, bool *ret,
			    struct error *err)
{
	uint8_t size = address_size(addr->family);
	struct rtmsg header = {
		.rtm_family = (unsigned char)addr->family,
		.rtm_dst_len = (unsigned char)(size * 8),
	};
	struct nl_msg *msg = netlink_message(RTM_GETROUTE, 0, &header, sizeof(header));
	struct error refusal = ERROR_INIT;
	AUTO_BUF reply = BUF_INIT;
	const struct rtmsg *route;
	int r;

	if (msg && nla_put(msg, RTA_DST, size, addr->byte) < 0)
		msg = netlink_discard(msg);
	r = netlink_request(sock, msg, "look up a route", &reply, &refusal);
	switch (r) {
	case 0:
		break;
	case -ENETUNREACH:
	case -EHOSTUNREACH:
	case -EACCES:
	case -EINVAL:
	case -EAFNOSUPPORT:
	case -EOPNOTSUPP:
		*ret = false;
		return 0;
	default:
		*err = refusal;
		return r;
	}
	if (netlink_reply(&reply)->nlmsg_type != RTM_NEWROUTE ||
	    reply.len < NLMSG_LENGTH(sizeof(*route)))
		return error_errno(err, EBADMSG, "look up a route");
	route = nlmsg_data(netlink_reply(&reply));
	*ret = route->rtm_type == RTN_LOCAL;
	return 0;
}
