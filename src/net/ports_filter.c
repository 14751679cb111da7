/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard's filter on a port, if it is there. */
#include "ports_read.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "base/alloc.h"
#include "netlink_batch.h"

static const char guard_name[] = "mnmivm_guard";

/* What is this filter's program, if it is the guard's? 0: it is not. */
static uint32_t guard_program(struct nlmsghdr *message)
{
	static struct nla_policy top_policy[TCA_MAX + 1] = {
		[TCA_KIND] = { .type = NLA_NUL_STRING },
	};
	static struct nla_policy bpf_policy[TCA_BPF_MAX + 1] = {
		[TCA_BPF_NAME] = { .type = NLA_NUL_STRING },
		[TCA_BPF_ID] = { .type = NLA_U32 },
	};
	struct nlattr *top[TCA_MAX + 1];
	struct nlattr *bpf[TCA_BPF_MAX + 1];

	if (nlmsg_parse(message, sizeof(struct tcmsg), top, TCA_MAX, top_policy) < 0 ||
	    !top[TCA_KIND] || nla_strcmp(top[TCA_KIND], "bpf") != 0 || !top[TCA_OPTIONS] ||
	    nla_parse_nested(bpf, TCA_BPF_MAX, top[TCA_OPTIONS], bpf_policy) < 0)
		return 0;
	if (!bpf[TCA_BPF_NAME] || nla_strcmp(bpf[TCA_BPF_NAME], guard_name) != 0)
		return 0;
	return bpf[TCA_BPF_ID] ? nla_get_u32(bpf[TCA_BPF_ID]) : 0;
}

/* The kernel lists them in the order in which frames meet them. */
static void take_filter(const struct nlmsghdr *entry, void *arg)
{
	struct port *port = arg;

	if (entry->nlmsg_type == RTM_NEWTFILTER && !port->guard_program)
		port->guard_program = guard_program((void *)(uintptr_t)entry);
}

int port_read_filter(struct nl_sock *sock, struct port *port, struct error *err)
{
	AUTO_FREE char *what = xasprintf("list the filters of '%s'", port->name);
	struct tcmsg header = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)port->ifindex,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
	};
	struct nl_msg *msg = netlink_message(RTM_GETTFILTER, NLM_F_DUMP, &header, sizeof(header));
	struct error attempt = ERROR_INIT;
	int r;

	port->guard_program = 0;
	r = netlink_dump(sock, msg, what, take_filter, port, &attempt);

	/* a kernel without traffic control has no filters */
	if (r == 0 || r == -EOPNOTSUPP)
		return 0;
	*err = attempt;
	return r;
}
