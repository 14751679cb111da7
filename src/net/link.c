/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ask for a link and read the answer. */
#include "link.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "netlink_batch.h"

enum { ALTNAME_MAX = 127 }; /* ALTIFNAMSIZ - 1; linux/if.h and net/if.h do not mix on musl */

static struct nl_msg *build_request(unsigned int ifindex, const char *name, uint32_t ext_mask)
{
	struct ifinfomsg header = { .ifi_index = (int)ifindex };
	struct nl_msg *msg = netlink_message(RTM_GETLINK, 0, &header, sizeof(header));

	if (!msg)
		return NULL;
	if (name && strlen(name) < IF_NAMESIZE)
		NLA_PUT_STRING(msg, IFLA_IFNAME, name);
	else if (name)
		NLA_PUT_STRING(msg, IFLA_ALT_IFNAME, name);
	NLA_PUT_U32(msg, IFLA_EXT_MASK, ext_mask);
	return msg;

nla_put_failure:
	return netlink_discard(msg);
}

struct nl_msg *link_request(unsigned int ifindex, const char *name)
{
	return build_request(ifindex, name, RTEXT_FILTER_SKIP_STATS);
}

struct nl_msg *link_request_stats(const char *name)
{
	return build_request(0, name, 0);
}

static void parse_bridge(struct nlattr *data, struct link_info *link)
{
	static struct nla_policy policy[IFLA_BR_MAX + 1] = {
		[IFLA_BR_STP_STATE] = { .type = NLA_U32 },
		[IFLA_BR_VLAN_FILTERING] = { .type = NLA_U8 },
		[IFLA_BR_VLAN_DEFAULT_PVID] = { .type = NLA_U16 },
	};
	struct nlattr *attr[IFLA_BR_MAX + 1];

	if (nla_parse_nested(attr, IFLA_BR_MAX, data, policy) < 0)
		return;
	if (attr[IFLA_BR_STP_STATE])
		link->stp = nla_get_u32(attr[IFLA_BR_STP_STATE]) != 0;
	if (attr[IFLA_BR_VLAN_FILTERING])
		link->vlan_filtering = nla_get_u8(attr[IFLA_BR_VLAN_FILTERING]) != 0;

	/* the kernel tells whether it filters even where it cannot; its default VLAN it does not */
	link->has_vlans = attr[IFLA_BR_VLAN_DEFAULT_PVID];
	if (attr[IFLA_BR_VLAN_DEFAULT_PVID])
		link->default_pvid = nla_get_u16(attr[IFLA_BR_VLAN_DEFAULT_PVID]);
}

unsigned int link_tun_queues(struct nlattr *data, unsigned int otherwise)
{
	static struct nla_policy policy[IFLA_TUN_MAX + 1] = {
		[IFLA_TUN_NUM_QUEUES] = { .type = NLA_U32 },
		[IFLA_TUN_NUM_DISABLED_QUEUES] = { .type = NLA_U32 },
	};
	struct nlattr *attr[IFLA_TUN_MAX + 1];
	unsigned int queues;

	if (nla_parse_nested(attr, IFLA_TUN_MAX, data, policy) < 0 || !attr[IFLA_TUN_NUM_QUEUES])
		return otherwise;
	queues = nla_get_u32(attr[IFLA_TUN_NUM_QUEUES]);
	if (attr[IFLA_TUN_NUM_DISABLED_QUEUES])
		queues += nla_get_u32(attr[IFLA_TUN_NUM_DISABLED_QUEUES]);
	return queues;
}

static void parse_tun(struct nlattr *data, struct link_info *link)
{
	struct nlattr *persist = nla_find(nla_data(data), nla_len(data), IFLA_TUN_PERSIST);

	link->queues = link_tun_queues(data, 1);
	link->persistent = persist && nla_len(persist) > 0 && nla_get_u8(persist);
}

static enum port_state port_state(struct nlattr *attr)
{
	if (!attr || nla_len(attr) < 1)
		return PORT_UNKNOWN;
	return nla_get_u8(attr) ? PORT_ON : PORT_OFF;
}

static void parse_port(struct nlattr *data, struct link_info *link)
{
	struct nlattr *attr[IFLA_BRPORT_MAX + 1];

	if (nla_parse_nested(attr, IFLA_BRPORT_MAX, data, NULL) < 0)
		return;
	link->locked = port_state(attr[IFLA_BRPORT_LOCKED]);
	link->learning = port_state(attr[IFLA_BRPORT_LEARNING]);
	link->unicast_flood = port_state(attr[IFLA_BRPORT_UNICAST_FLOOD]);
	link->bpdu_guard = port_state(attr[IFLA_BRPORT_GUARD]);
	link->root_block = port_state(attr[IFLA_BRPORT_PROTECT]);
	link->isolated = port_state(attr[IFLA_BRPORT_ISOLATED]);
	link->mcast_router = port_state(attr[IFLA_BRPORT_MULTICAST_ROUTER]);
}

static void parse_linkinfo(struct nlattr *info, struct link_info *link)
{
	static struct nla_policy policy[IFLA_INFO_MAX + 1] = {
		[IFLA_INFO_KIND] = { .type = NLA_NUL_STRING },
		[IFLA_INFO_SLAVE_KIND] = { .type = NLA_NUL_STRING },
	};
	struct nlattr *attr[IFLA_INFO_MAX + 1];
	struct nlattr *kind, *port;

	if (nla_parse_nested(attr, IFLA_INFO_MAX, info, policy) < 0)
		return;
	kind = attr[IFLA_INFO_KIND];
	port = attr[IFLA_INFO_SLAVE_KIND];
	if (kind)
		nla_strlcpy(link->kind, kind, sizeof(link->kind));
	if (kind && !nla_strcmp(kind, "bridge") && attr[IFLA_INFO_DATA])
		parse_bridge(attr[IFLA_INFO_DATA], link);
	if (kind && !nla_strcmp(kind, "tun") && attr[IFLA_INFO_DATA])
		parse_tun(attr[IFLA_INFO_DATA], link);
	if (port && !nla_strcmp(port, "bridge") && attr[IFLA_INFO_SLAVE_DATA])
		parse_port(attr[IFLA_INFO_SLAVE_DATA], link);
}

int link_parse(const struct nlmsghdr *answer, struct link_info *ret)
{
	static struct nla_policy policy[IFLA_MAX + 1] = {
		[IFLA_IFNAME] = { .type = NLA_NUL_STRING, .maxlen = IF_NAMESIZE },
		[IFLA_MTU] = { .type = NLA_U32 },
		[IFLA_MASTER] = { .type = NLA_U32 },
		[IFLA_IFALIAS] = { .type = NLA_NUL_STRING },
		[IFLA_QDISC] = { .type = NLA_NUL_STRING },
	};
	struct nlmsghdr *message = (void *)(uintptr_t)answer;
	struct link_info link = { .ifindex = 0 };
	struct nlattr *attr[IFLA_MAX + 1];
	const struct ifinfomsg *header;

	if (answer->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(message, sizeof(*header), attr, IFLA_MAX, policy) < 0 ||
	    !attr[IFLA_IFNAME] || !attr[IFLA_MTU])
		return -EBADMSG;

	header = nlmsg_data(message);
	link.ifindex = (unsigned int)header->ifi_index;
	link.flags = header->ifi_flags;
	link.mtu = nla_get_u32(attr[IFLA_MTU]);
	nla_strlcpy(link.name, attr[IFLA_IFNAME], sizeof(link.name));
	if (attr[IFLA_MASTER])
		link.master = nla_get_u32(attr[IFLA_MASTER]);
	if (attr[IFLA_IFALIAS])
		nla_strlcpy(link.alias, attr[IFLA_IFALIAS], sizeof(link.alias));
	if (attr[IFLA_QDISC])
		nla_strlcpy(link.qdisc, attr[IFLA_QDISC], sizeof(link.qdisc));
	if (attr[IFLA_ADDRESS])
		nla_memcpy(link.mac.byte, attr[IFLA_ADDRESS], sizeof(link.mac.byte));
	if (attr[IFLA_LINKINFO])
		parse_linkinfo(attr[IFLA_LINKINFO], &link);
	*ret = link;
	return 0;
}

int link_get(struct nl_sock *sock, const char *name, struct link_info *ret, struct error *err)
{
	AUTO_BUF reply = BUF_INIT;
	AUTO_FREE char *what = xasprintf("look up link '%s'", name);
	int r;

	if (!*name || strlen(name) > ALTNAME_MAX)
		return error_set(err, ERROR_USAGE, EINVAL, "'%s' is no link's name", name);
	r = netlink_request(sock, link_request(0, name), what, &reply, err);
	if (r == -ENODEV)
		return error_set(err, ERROR_HOST, ENODEV, "link '%s' does not exist", name);
	if (r < 0)
		return r;
	if (link_parse(netlink_reply(&reply), ret) < 0)
		return error_errno(err, EBADMSG, "%s", what);
	return 0;
}
