/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A link with its addresses and routes. */
#include "net/links.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "link.h"
#include "netlink_batch.h"
#include "ports_read.h"

static uint8_t address_size(int family)
{
	return family == AF_INET6 ? 16 : 4;
}

static bool get_address(struct nlattr *attr, int family, struct ip_addr *ret)
{
	if (!attr || nla_len(attr) != address_size(family))
		return false;
	ret->family = family;
	nla_memcpy(ret->byte, attr, address_size(family));
	return true;
}

/* A dump that was broken off begins anew: what was read of it is forgotten. */
struct search {
	struct link *link;
	struct dump_list dump; /* for its beginning only */
	size_t kept;
};

static void take_address(const struct nlmsghdr *entry, void *arg)
{
	static struct nla_policy policy[IFA_MAX + 1] = { [IFA_FLAGS] = { .type = NLA_U32 } };
	struct nlmsghdr *message = (void *)(uintptr_t)entry;
	const struct ifaddrmsg *header = nlmsg_data(message);
	struct link_address address = { .dynamic = false };
	struct nlattr *attr[IFA_MAX + 1];
	struct search *search = arg;
	struct link *link = search->link;
	uint32_t flags;

	if (dump_list_begins(&search->dump, entry))
		link->n_addresses = search->kept;
	if (entry->nlmsg_type != RTM_NEWADDR ||
	    nlmsg_parse(message, sizeof(*header), attr, IFA_MAX, policy) < 0 ||
	    header->ifa_index != link->ifindex || header->ifa_scope != RT_SCOPE_UNIVERSE ||
	    (header->ifa_family != AF_INET && header->ifa_family != AF_INET6) ||
	    link->n_addresses == LINK_ADDRESSES_MAX)
		return;
	flags = attr[IFA_FLAGS] ? nla_get_u32(attr[IFA_FLAGS]) : header->ifa_flags;
	/* the same bit says "secondary" of an IPv4 address */
	if (header->ifa_family == AF_INET6 && (flags & IFA_F_TEMPORARY))
		return;
	if (!get_address(attr[attr[IFA_LOCAL] ? IFA_LOCAL : IFA_ADDRESS], header->ifa_family,
			 &address.prefix.addr))
		return;
	address.prefix.length = header->ifa_prefixlen;
	address.dynamic = !(flags & IFA_F_PERMANENT);
	link->addresses[link->n_addresses++] = address;
}

static void take_route(const struct nlmsghdr *entry, void *arg)
{
	static struct nla_policy policy[RTA_MAX + 1] = {
		[RTA_OIF] = { .type = NLA_U32 },
		[RTA_PRIORITY] = { .type = NLA_U32 },
		[RTA_TABLE] = { .type = NLA_U32 },
	};
	struct nlmsghdr *message = (void *)(uintptr_t)entry;
	const struct rtmsg *header = nlmsg_data(message);
	struct nlattr *attr[RTA_MAX + 1];
	struct search *search = arg;
	struct link *link = search->link;
	struct link_route route = { .dynamic = false };

	if (dump_list_begins(&search->dump, entry))
		link->n_routes = search->kept;
	if (entry->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(message, sizeof(*header), attr, RTA_MAX, policy) < 0 || !attr[RTA_OIF] ||
	    nla_get_u32(attr[RTA_OIF]) != link->ifindex || header->rtm_type != RTN_UNICAST ||
	    header->rtm_protocol == RTPROT_KERNEL || link->n_routes == LINK_ROUTES_MAX)
		return;
	route.to.addr.family = header->rtm_family;
	route.to.length = header->rtm_dst_len;
	if (header->rtm_dst_len && !get_address(attr[RTA_DST], header->rtm_family, &route.to.addr))
		return;
	get_address(attr[RTA_GATEWAY], header->rtm_family, &route.gateway);
	if (attr[RTA_PRIORITY])
		route.metric = nla_get_u32(attr[RTA_PRIORITY]);
	route.dynamic = header->rtm_protocol == RTPROT_RA || header->rtm_protocol == RTPROT_DHCP;
	link->routes[link->n_routes++] = route;
}

static int read_addresses(struct nl_sock *sock, int family, struct link *link, struct error *err)
{
	struct ifaddrmsg header = {
		.ifa_family = (unsigned char)family,
		.ifa_index = link->ifindex,
	};
	struct nl_msg *msg = netlink_message(RTM_GETADDR, NLM_F_DUMP, &header, sizeof(header));
	struct search search = { .link = link, .kept = link->n_addresses };

	return netlink_dump(sock, msg, "list the addresses of a link", take_address, &search, err);
}

static int read_routes(struct nl_sock *sock, int family, struct link *link, struct error *err)
{
	struct rtmsg header = {
		.rtm_family = (unsigned char)family,
		.rtm_table = RT_TABLE_MAIN,
	};
	struct nl_msg *msg = netlink_message(RTM_GETROUTE, NLM_F_DUMP, &header, sizeof(header));
	struct search search = { .link = link, .kept = link->n_routes };
	int r;

	if (msg && nla_put_u32(msg, RTA_OIF, link->ifindex) < 0)
		msg = netlink_discard(msg);
	r = netlink_dump(sock, msg, "list the routes of a link", take_route, &search, err);

	/* a new network namespace has no tables yet */
	return r == -ENOENT ? 0 : r;
}

static int read_link(struct nl_sock *sock, const char *name, struct link *link, struct error *err)
{
	AUTO_BUF reply = BUF_INIT;
	struct link_info info;
	const struct ifinfomsg *header;
	int r = link_get(sock, name, &info, err);

	if (!r)
		r = netlink_request(sock, link_request(info.ifindex, NULL), "look up a link",
				    &reply, err);
	if (r)
		return r;
	if (link_parse(netlink_reply(&reply), &info) < 0)
		return error_errno(err, EBADMSG, "look up link '%s'", name);
	header = nlmsg_data(netlink_reply(&reply));
	memcpy(link->name, info.name, sizeof(link->name));
	memcpy(link->kind, info.kind, sizeof(link->kind));
	link->ifindex = info.ifindex;
	link->master = info.master;
	link->mtu = info.mtu;
	link->mac = info.mac;
	link->ethernet = header->ifi_type == ARPHRD_ETHER;
	return 0;
}

int link_read(struct nl_sock *sock, const char *name, struct link *ret, struct error *err)
{
	struct error attempt = ERROR_INIT;
	struct link link = { .ifindex = 0 };
	int r = read_link(sock, name, &link, err);

	if (r)
		return r;
	r = read_addresses(sock, AF_INET, &link, &attempt);
	if (!r)
		r = read_routes(sock, AF_INET, &link, &attempt);
	if (!r)
		r = read_addresses(sock, AF_INET6, &link, &attempt);
	if (!r)
		r = read_routes(sock, AF_INET6, &link, &attempt);
	if (r) {
		*err = attempt;
		return error_prefix(err, "link '%s'", name);
	}
	*ret = link;
	return 0;
}

int link_set_up(struct nl_sock *sock, const char *name, struct error *err)
{
	AUTO_FREE char *what = xasprintf("set link '%s' up", name);
	AUTO_BUF reply = BUF_INIT;
	struct ifinfomsg header = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct link_info info;
	int r = link_get(sock, name, &info, err);

	if (r)
		return r;
	header.ifi_index = (int)info.ifindex;
	return netlink_request(sock,
			       netlink_message(RTM_NEWLINK, NLM_F_ACK, &header, sizeof(header)),
			       what, &reply, err);
}
