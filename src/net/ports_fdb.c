/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forwarding table of a bridge. */
#include "ports_read.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "netlink_batch.h"

struct fdb_search {
	unsigned int bridge;
	struct dump_list list; /* struct fdb_entry */
};

/*
 * Beside the bridge's own entries, which carry its index as their master, the kernel lists the
 * addresses that each port's device listens to; those are no part of the table.
 */
static void take_fdb(const struct nlmsghdr *message, void *arg)
{
	static struct nla_policy policy[NDA_MAX + 1] = {
		[NDA_LLADDR] = { .minlen = sizeof(struct mac), .maxlen = sizeof(struct mac) },
		[NDA_VLAN] = { .type = NLA_U16 },
		[NDA_MASTER] = { .type = NLA_U32 },
	};
	struct nlmsghdr *answer = (void *)(uintptr_t)message;
	const struct ndmsg *header = nlmsg_data(message);
	struct fdb_search *search = arg;
	struct nlattr *attr[NDA_MAX + 1];
	struct fdb_entry *entry;

	if (dump_list_begins(&search->list, message))
		search->list.n = 0;
	if (message->nlmsg_type != RTM_NEWNEIGH ||
	    nlmsg_parse(answer, sizeof(*header), attr, NDA_MAX, policy) < 0 || !attr[NDA_LLADDR] ||
	    !attr[NDA_MASTER] || nla_get_u32(attr[NDA_MASTER]) != search->bridge)
		return;

	entry = dump_list_add(&search->list, sizeof(*entry));
	nla_memcpy(&entry->mac, attr[NDA_LLADDR], sizeof(entry->mac));
	entry->port = (unsigned int)header->ndm_ifindex;
	entry->vlan = attr[NDA_VLAN] ? nla_get_u16(attr[NDA_VLAN]) : 0;
	entry->local = header->ndm_state & NUD_PERMANENT;
	entry->is_static = header->ndm_state & NUD_NOARP;
	entry->sticky = header->ndm_flags & NTF_STICKY;
}

static int by_port(const void *first, const void *second)
{
	const struct fdb_entry *a = first;
	const struct fdb_entry *b = second;
	int mac = memcmp(&a->mac, &b->mac, sizeof(a->mac));

	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return mac ? mac : (int)a->vlan - (int)b->vlan;
}

int ports_read_fdb(struct nl_sock *sock, const struct bridge *bridge, struct ports *ports,
		   struct error *err)
{
	AUTO_FREE char *what = xasprintf("list what bridge '%s' has learned", bridge->name);
	struct ndmsg header = { .ndm_family = PF_BRIDGE };
	struct nl_msg *msg = netlink_message(RTM_GETNEIGH, NLM_F_DUMP, &header, sizeof(header));
	struct fdb_search search = { .bridge = bridge->ifindex };
	int r;

	if (msg && nla_put_u32(msg, NDA_MASTER, bridge->ifindex) < 0)
		msg = netlink_discard(msg);
	r = netlink_dump(sock, msg, what, take_fdb, &search, err);
	free(ports->fdb);
	ports->fdb = search.list.v;
	ports->n_fdb = search.list.n;
	if (ports->n_fdb > 0)
		qsort(ports->fdb, ports->n_fdb, sizeof(*ports->fdb), by_port);
	return r;
}
