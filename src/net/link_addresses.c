/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The addresses of a link. */
#include "net/ports.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "netlink_batch.h"
#include "ports_read.h"

struct address_search {
	unsigned int ifindex;
	struct dump_list list; /* struct ip_prefix */
};

/* IFA_LOCAL is the host's own address; without it (IPv6 without a peer) IFA_ADDRESS is. */
static void take_address(const struct nlmsghdr *entry, void *arg)
{
	struct nlmsghdr *message = (void *)(uintptr_t)entry;
	const struct ifaddrmsg *header = nlmsg_data(message);
	struct address_search *search = arg;
	struct nlattr *attr[IFA_MAX + 1];
	struct nlattr *own;
	struct ip_prefix *prefix;
	int size;

	if (dump_list_begins(&search->list, entry))
		search->list.n = 0;
	if (entry->nlmsg_type != RTM_NEWADDR ||
	    nlmsg_parse(message, sizeof(*header), attr, IFA_MAX, NULL) < 0 ||
	    header->ifa_index != search->ifindex ||
	    (header->ifa_family != AF_INET && header->ifa_family != AF_INET6))
		return;
	own = attr[IFA_LOCAL] ? attr[IFA_LOCAL] : attr[IFA_ADDRESS];
	size = header->ifa_family == AF_INET ? 4 : 16;
	if (!own || nla_len(own) != size)
		return;

	prefix = dump_list_add(&search->list, sizeof(*prefix));
	prefix->addr.family = header->ifa_family;
	prefix->length = header->ifa_prefixlen;
	nla_memcpy(prefix->addr.byte, own, size);
}

int link_addresses(struct nl_sock *sock, unsigned int ifindex, struct ip_prefix **ret,
		   size_t *ret_n, struct error *err)
{
	AUTO_FREE char *what = xasprintf("list the addresses of link %u", ifindex);
	struct ifaddrmsg header = { .ifa_family = AF_UNSPEC, .ifa_index = ifindex };
	struct nl_msg *msg = netlink_message(RTM_GETADDR, NLM_F_DUMP, &header, sizeof(header));
	struct address_search search = { .ifindex = ifindex };
	int r = netlink_dump(sock, msg, what, take_address, &search, err);

	if (r < 0) {
		free(search.list.v);
		return r;
	}
	*ret = search.list.v;
	*ret_n = search.list.n;
	return 0;
}
