/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All the settings of a bridge. */
#include "net/ports.h"

#include <errno.h>
#include <netinet/in.h> /* before linux/in6.h, which makes way for it on musl */
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "base/alloc.h"
#include "link.h"
#include "netlink_batch.h"
#include "ports_read.h"

enum { CLOCK_MS = 10 }; /* the kernel tells times in 1/100 s (USER_HZ) */

static bool is_on(struct nlattr *attr)
{
	return attr && nla_get_u8(attr) != 0;
}

static enum port_state state_of(struct nlattr *attr)
{
	if (!attr)
		return PORT_UNKNOWN;
	return nla_get_u8(attr) ? PORT_ON : PORT_OFF;
}

static unsigned int milliseconds(struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) * CLOCK_MS : 0;
}

/* The timer of another's queries is told while it runs only (Linux 5.15). */
static bool hears_querier(struct nlattr *state)
{
	struct nlattr *attr[BRIDGE_QUERIER_MAX + 1];

	return state && nla_parse_nested(attr, BRIDGE_QUERIER_MAX, state, NULL) == 0 &&
	       (attr[BRIDGE_QUERIER_IP_OTHER_TIMER] || attr[BRIDGE_QUERIER_IPV6_OTHER_TIMER]);
}

static int parse_settings(struct nlattr *data, struct bridge_settings *ret)
{
	static struct nla_policy policy[IFLA_BR_MAX + 1] = {
		[IFLA_BR_FORWARD_DELAY] = { .type = NLA_U32 },
		[IFLA_BR_AGEING_TIME] = { .type = NLA_U32 },
		[IFLA_BR_MCAST_SNOOPING] = { .type = NLA_U8 },
		[IFLA_BR_MCAST_QUERIER] = { .type = NLA_U8 },
		[IFLA_BR_NF_CALL_IPTABLES] = { .type = NLA_U8 },
		[IFLA_BR_NF_CALL_IP6TABLES] = { .type = NLA_U8 },
		[IFLA_BR_NF_CALL_ARPTABLES] = { .type = NLA_U8 },
	};
	struct nlattr *attr[IFLA_BR_MAX + 1];

	if (nla_parse_nested(attr, IFLA_BR_MAX, data, policy) < 0)
		return -EBADMSG;
	*ret = (struct bridge_settings){
		.forward_delay_ms = milliseconds(attr[IFLA_BR_FORWARD_DELAY]),
		.ageing_ms = milliseconds(attr[IFLA_BR_AGEING_TIME]),
		.mcast_snooping = is_on(attr[IFLA_BR_MCAST_SNOOPING]),
		.mcast_querier = is_on(attr[IFLA_BR_MCAST_QUERIER]),
		.mcast_other_querier = hears_querier(attr[IFLA_BR_MCAST_QUERIER_STATE]),
		.nf_call_iptables = state_of(attr[IFLA_BR_NF_CALL_IPTABLES]),
		.nf_call_ip6tables = state_of(attr[IFLA_BR_NF_CALL_IP6TABLES]),
		.nf_call_arptables = state_of(attr[IFLA_BR_NF_CALL_ARPTABLES]),
	};
	return 0;
}

static int parse_bridge(const struct nlmsghdr *answer, struct bridge_settings *ret)
{
	static struct nla_policy policy[IFLA_MAX + 1] = {
		[IFLA_CARRIER] = { .type = NLA_U8 },
		[IFLA_LINKINFO] = { .type = NLA_NESTED },
	};
	struct nlmsghdr *message = (void *)(uintptr_t)answer;
	struct nlattr *attr[IFLA_MAX + 1];
	struct nlattr *info[IFLA_INFO_MAX + 1];
	struct link_info link;

	if (link_parse(answer, &link) < 0 || strcmp(link.kind, "bridge") != 0 ||
	    nlmsg_parse(message, sizeof(struct ifinfomsg), attr, IFLA_MAX, policy) < 0 ||
	    nla_parse_nested(info, IFLA_INFO_MAX, attr[IFLA_LINKINFO], NULL) < 0 ||
	    !info[IFLA_INFO_DATA] || parse_settings(info[IFLA_INFO_DATA], ret) < 0)
		return -EBADMSG;
	ret->carrier = is_on(attr[IFLA_CARRIER]);
	return 0;
}

int bridge_get_settings(struct nl_sock *sock, const struct bridge *bridge,
			struct bridge_settings *ret, struct error *err)
{
	AUTO_FREE char *what = xasprintf("read the settings of bridge '%s'", bridge->name);
	AUTO_BUF reply = BUF_INIT;
	int r = netlink_request(sock, link_request(bridge->ifindex, NULL), what, &reply, err);

	if (r < 0)
		return r;
	if (parse_bridge(netlink_reply(&reply), ret) < 0)
		return error_errno(err, EBADMSG, "%s", what);
	return 0;
}
