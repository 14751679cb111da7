/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All taps of ours, also those that are on no bridge. */
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "net/links.h"
#include "netlink_batch.h"
#include "ports_read.h"

static const char alias_prefix[] = "mnmivm-se:";

static void take_tap(const struct nlmsghdr *entry, void *arg)
{
	struct dump_list *list = arg;
	struct tap_link *tap;
	unsigned int master;
	struct port port;

	if (dump_list_begins(list, entry))
		list->n = 0;
	if (port_parse(entry, &port, &master) < 0)
		return;
	if (port.alias && !strncmp(port.alias, alias_prefix, sizeof(alias_prefix) - 1)) {
		tap = dump_list_add(list, sizeof(*tap));
		memcpy(tap->name, port.name, sizeof(tap->name));
		snprintf(tap->alias, sizeof(tap->alias), "%s", port.alias);
		tap->master = master;
		tap->up = port.up;
	}
	port_done(&port);
}

static struct nl_msg *taps_request(void)
{
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	struct nl_msg *msg = netlink_message(RTM_GETLINK, NLM_F_DUMP, &header, sizeof(header));
	struct nlattr *info;

	if (!msg)
		return NULL;
	info = nla_nest_start(msg, IFLA_LINKINFO);
	if (!info || nla_put_string(msg, IFLA_INFO_KIND, "tun") < 0)
		return netlink_discard(msg);
	nla_nest_end(msg, info);
	return msg;
}

int taps_list(struct nl_sock *sock, struct tap_link **ret, size_t *ret_n, struct error *err)
{
	struct dump_list list = { .v = NULL };
	int r = netlink_dump(sock, taps_request(), "list the taps", take_tap, &list, err);

	if (r < 0) {
		free(list.v);
		return r;
	}
	*ret = list.v;
	*ret_n = list.n;
	return 0;
}
