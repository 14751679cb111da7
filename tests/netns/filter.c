/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters on a link. */
#include "filter.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "netns.h"

int filter_load(void)
{
	static const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = TC_ACT_UNSPEC },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SCHED_CLS };
	int fd;

	attr.insns = (uintptr_t)program;
	attr.insn_cnt = ARRAY_SIZE(program);
	attr.license = (uintptr_t) "GPL";
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	ck_assert_msg(fd >= 0, "bpf: %s", strerror(errno));
	return fd;
}

void filter_add(const char *link, uint32_t hook, unsigned int priority, const char *name,
		int program)
{
	json_t *facts = netns_link(link);
	struct tcmsg header = {
		.tcm_ifindex = netns_int(facts, "ifindex"),
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, hook),
		.tcm_info = TC_H_MAKE(priority << 16, htons(0x0003)), /* ETH_P_ALL */
	};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL);
	struct nl_sock *sock = nl_socket_alloc();
	struct nlattr *options;

	nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO);
	nla_put_string(msg, TCA_KIND, "bpf");
	options = nla_nest_start(msg, TCA_OPTIONS);
	nla_put_u32(msg, TCA_BPF_FD, (uint32_t)program);
	nla_put_string(msg, TCA_BPF_NAME, name);
	nla_put_u32(msg, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	nla_nest_end(msg, options);
	ck_assert_int_eq(nl_connect(sock, NETLINK_ROUTE), 0);
	ck_assert_int_eq(nl_send_sync(sock, msg), 0);
	nl_socket_free(sock);
	json_decref(facts);
}
