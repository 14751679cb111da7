/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VLANs of a port. */
#include "ports_read.h"

#include <errno.h>
#include <netinet/in.h> /* before linux/in6.h, which makes way for it on musl */
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "netlink_batch.h"

/* 802.1Q has 4096, of which 0 and 4095 are none */
enum { VID_MAX = 4094 };

struct vlan_search {
	unsigned int ifindex;
	struct dump_list list; /* struct port_vlan */
};

static void add_range(struct vlan_search *search, const struct bridge_vlan_info *info,
		      unsigned int last)
{
	if (last > VID_MAX)
		last = VID_MAX;
	for (unsigned int vid = info->vid; vid <= last; vid++) {
		struct port_vlan *vlan = dump_list_add(&search->list, sizeof(*vlan));

		vlan->vid = (uint16_t)vid;
		vlan->pvid = info->flags & BRIDGE_VLAN_INFO_PVID;
		vlan->untagged = info->flags & BRIDGE_VLAN_INFO_UNTAGGED;
	}
}

static void take_entry(struct nlattr *entry, struct vlan_search *search)
{
	static struct nla_policy policy[BRIDGE_VLANDB_ENTRY_MAX + 1] = {
		[BRIDGE_VLANDB_ENTRY_INFO] = { .minlen = sizeof(struct bridge_vlan_info) },
		[BRIDGE_VLANDB_ENTRY_RANGE] = { .type = NLA_U16 },
	};
	struct nlattr *attr[BRIDGE_VLANDB_ENTRY_MAX + 1];
	struct bridge_vlan_info info;

	if (nla_type(entry) != BRIDGE_VLANDB_ENTRY ||
	    nla_parse_nested(attr, BRIDGE_VLANDB_ENTRY_MAX, entry, policy) < 0 ||
	    !attr[BRIDGE_VLANDB_ENTRY_INFO])
		return;
	nla_memcpy(&info, attr[BRIDGE_VLANDB_ENTRY_INFO], sizeof(info));
	add_range(search, &info,
		  attr[BRIDGE_VLANDB_ENTRY_RANGE] ? nla_get_u16(attr[BRIDGE_VLANDB_ENTRY_RANGE])
						  : info.vid);
}

/* One message holds as many entries as fit it; neighbours that are alike come as a range. */
static void take_vlans(const struct nlmsghdr *message, void *arg)
{
	struct nlmsghdr *answer = (void *)(uintptr_t)message;
	const struct br_vlan_msg *header = nlmsg_data(message);
	struct vlan_search *search = arg;
	struct nlattr *entry;
	int left;

	if (dump_list_begins(&search->list, message))
		search->list.n = 0;
	if (message->nlmsg_type != RTM_NEWVLAN ||
	    !nlmsg_valid_hdr(answer, sizeof(struct br_vlan_msg)) ||
	    header->ifindex != search->ifindex)
		return;
	nlmsg_for_each_attr(entry, answer, sizeof(*header), left)
	{
		take_entry(entry, search);
	}
}

int port_read_vlans(struct nl_sock *sock, struct port *port, struct error *err)
{
	AUTO_FREE char *what = xasprintf("list the VLANs of '%s'", port->name);
	struct br_vlan_msg header = { .family = PF_BRIDGE, .ifindex = port->ifindex };
	struct nl_msg *msg = netlink_message(RTM_GETVLAN, NLM_F_DUMP, &header, sizeof(header));
	struct vlan_search search = { .ifindex = port->ifindex };
	struct error attempt = ERROR_INIT;
	int r = netlink_dump(sock, msg, what, take_vlans, &search, &attempt);

	free(port->vlans);
	port->vlans = search.list.v;
	port->n_vlans = search.list.n;

	/* it has left the bridge */
	if (r == 0 || r == -EINVAL)
		return 0;
	*err = attempt;
	return r;
}
