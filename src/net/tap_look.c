/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is there of a tap's entries, qdiscs and filters. */
#include "tap_look.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netlink_batch.h"
#include "tap_tc.h"

/* Ask; what is not there is refused in one of two ways, and leaves reply empty. */
static int ask(struct nl_sock *sock, struct nl_msg *msg, const struct tap_plan *plan,
	       const char *about, struct buf *reply, struct error *err)
{
	AUTO_FREE char *what = xasprintf("look at the %s of tap '%s'", about, plan->spec->name);
	struct error attempt = ERROR_INIT;
	int r = netlink_request(sock, msg, what, reply, &attempt);

	buf_reserve(reply, 1);
	if (r == -ENOENT || r == -EINVAL) {
		buf_clear(reply);
		return 0;
	}
	if (r < 0)
		*err = attempt;
	return r;
}

static struct nl_msg *entry_request(const struct tap_plan *plan, unsigned int vid)
{
	struct ndmsg header = { .ndm_family = PF_BRIDGE };
	const struct mac *mac = &plan->spec->guest_mac;
	struct nl_msg *msg = netlink_message(RTM_GETNEIGH, 0, &header, sizeof(header));

	if (msg && (nla_put_u32(msg, NDA_MASTER, plan->bridge->ifindex) < 0 ||
		    nla_put(msg, NDA_LLADDR, sizeof(mac->byte), mac->byte) < 0 ||
		    (vid && nla_put_u16(msg, NDA_VLAN, (uint16_t)vid) < 0)))
		return netlink_discard(msg);
	return msg;
}

int tap_look_entry(struct nl_sock *sock, const struct tap_plan *plan, unsigned int vid,
		   enum tap_look *ret, struct error *err)
{
	AUTO_BUF reply = BUF_INIT;
	const struct ndmsg *entry;
	int r = ask(sock, entry_request(plan, vid), plan, "entries", &reply, err);

	if (r < 0)
		return r;
	*ret = TAP_LOOK_ABSENT;
	if (reply.len < NLMSG_LENGTH(sizeof(*entry)) ||
	    netlink_reply(&reply)->nlmsg_type != RTM_NEWNEIGH)
		return 0;
	entry = nlmsg_data(netlink_reply(&reply));
	if (entry->ndm_ifindex != (int)plan->ifindex ||
	    !(entry->ndm_state & (NUD_NOARP | NUD_PERMANENT)))
		return 0;
	*ret = entry->ndm_state == NUD_NOARP && entry->ndm_flags & NTF_STICKY ? TAP_LOOK_RIGHT
									      : TAP_LOOK_OTHER;
	return 0;
}

/* The options of a qdisc or a filter in reply; NULL: none of that kind. */
static struct nlattr *tc_options(struct buf *reply, const char *kind)
{
	static struct nla_policy policy[TCA_MAX + 1] = {
		[TCA_KIND] = { .type = NLA_NUL_STRING },
	};
	struct nlmsghdr *answer = (void *)reply->data;
	struct nlattr *attr[TCA_MAX + 1];

	if (reply->len < NLMSG_LENGTH(sizeof(struct tcmsg)) ||
	    (answer->nlmsg_type != RTM_NEWQDISC && answer->nlmsg_type != RTM_NEWTFILTER) ||
	    nlmsg_parse(answer, sizeof(struct tcmsg), attr, TCA_MAX, policy) < 0 ||
	    !attr[TCA_KIND] || nla_strcmp(attr[TCA_KIND], kind) != 0)
		return NULL;
	return attr[TCA_OPTIONS];
}

/* The kernel tells who asks for a qdisc only where it is to be told (NLM_F_ECHO). */
static struct nl_msg *qdisc_request(const struct tap_plan *plan, uint32_t parent, uint32_t handle)
{
	struct tcmsg header = {
		.tcm_ifindex = (int)plan->ifindex,
		.tcm_parent = parent,
		.tcm_handle = handle,
	};

	return netlink_message(RTM_GETQDISC, NLM_F_ECHO | NLM_F_ACK, &header, sizeof(header));
}

/* A rate as the kernel tells it: one of 2^32 bytes or more has an attribute of its own. */
static uint64_t read_rate(const struct tc_ratespec *spec, struct nlattr *rate64)
{
	return rate64 && nla_len(rate64) == sizeof(uint64_t) ? nla_get_u64(rate64) : spec->rate;
}

int tap_look_tbf(struct nl_sock *sock, const struct tap_plan *plan, enum tap_look *ret,
		 struct error *err)
{
	uint64_t rate = tap_rate_bytes(plan->spec->rate_to_guest_mbit);
	struct nlattr *attr[TCA_TBF_MAX + 1];
	AUTO_BUF reply = BUF_INIT;
	struct nlattr *options;
	struct tc_tbf_qopt qopt;
	int r = ask(sock, qdisc_request(plan, TC_H_ROOT, 0), plan, "qdisc", &reply, err);

	if (r < 0)
		return r;
	*ret = TAP_LOOK_ABSENT;
	options = tc_options(&reply, "tbf");
	if (!options || nla_parse_nested(attr, TCA_TBF_MAX, options, NULL) < 0 ||
	    !attr[TCA_TBF_PARMS] || nla_len(attr[TCA_TBF_PARMS]) < (int)sizeof(qopt))
		return 0;
	memcpy(&qopt, nla_data(attr[TCA_TBF_PARMS]), sizeof(qopt));
	*ret = read_rate(&qopt.rate, attr[TCA_TBF_RATE64]) == rate &&
			       qopt.limit == tap_tbf_limit(rate)
		       ? TAP_LOOK_RIGHT
		       : TAP_LOOK_OTHER;
	return 0;
}

int tap_look_ingress(struct nl_sock *sock, const struct tap_plan *plan, enum tap_look *ret,
		     struct error *err)
{
	struct nl_msg *msg = qdisc_request(plan, TC_H_CLSACT, TC_H_MAKE(TC_H_CLSACT, 0));
	AUTO_BUF reply = BUF_INIT;
	int r = ask(sock, msg, plan, "qdisc on ingress", &reply, err);

	if (r < 0)
		return r;
	*ret = reply.len && netlink_reply(&reply)->nlmsg_type == RTM_NEWQDISC ? TAP_LOOK_RIGHT
									      : TAP_LOOK_ABSENT;
	return 0;
}

/* The attributes of the cls_bpf filter at that priority; false: there is none. */
static int ask_filter(struct nl_sock *sock, const struct tap_plan *plan, unsigned int priority,
		      struct buf *reply, struct nlattr *bpf[TCA_BPF_MAX + 1], struct error *err)
{
	static struct nla_policy policy[TCA_BPF_MAX + 1] = {
		[TCA_BPF_NAME] = { .type = NLA_NUL_STRING },
		[TCA_BPF_FLAGS] = { .type = NLA_U32 },
	};
	struct tcmsg header = tap_filter_header(plan, priority);
	struct nlattr *options;
	int r = ask(sock, netlink_message(RTM_GETTFILTER, 0, &header, sizeof(header)), plan,
		    "filters", reply, err);

	for (int i = 0; i <= TCA_BPF_MAX; i++)
		bpf[i] = NULL;
	if (r < 0)
		return r;
	options = tc_options(reply, "bpf");
	if (!options || nla_parse_nested(bpf, TCA_BPF_MAX, options, policy) < 0)
		return reply->len ? TAP_LOOK_OTHER : TAP_LOOK_ABSENT;
	return TAP_LOOK_RIGHT;
}

/* The kernel's digest of a program: equal programs have equal tags, whatever their maps. */
static bool has_tag(int program_fd, const struct nlattr *tag)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)program_fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	return tag && nla_len(tag) == sizeof(info.tag) &&
	       syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) == 0 &&
	       memcmp(nla_data(tag), info.tag, sizeof(info.tag)) == 0;
}

static bool is_direct(struct nlattr *const *bpf)
{
	return bpf[TCA_BPF_FLAGS] && nla_get_u32(bpf[TCA_BPF_FLAGS]) & TCA_BPF_FLAG_ACT_DIRECT;
}

int tap_look_guard(struct nl_sock *sock, const struct tap_plan *plan, enum tap_look *ret,
		   struct error *err)
{
	struct nlattr *bpf[TCA_BPF_MAX + 1];
	AUTO_BUF reply = BUF_INIT;
	int r = ask_filter(sock, plan, TAP_GUARD_PRIORITY, &reply, bpf, err);

	if (r < 0)
		return r;
	*ret = (enum tap_look)r;
	if (*ret == TAP_LOOK_RIGHT &&
	    !(is_direct(bpf) && has_tag(plan->guard_fd, bpf[TCA_BPF_TAG])))
		*ret = TAP_LOOK_OTHER;
	return 0;
}

/* The policer that is the first action of a filter, and whether its rate is the plan's. */
static bool has_police(struct nlattr *actions, uint64_t rate)
{
	static struct nla_policy policy[TCA_ACT_MAX + 1] = {
		[TCA_ACT_KIND] = { .type = NLA_NUL_STRING },
	};
	struct nlattr *first[2], *action[TCA_ACT_MAX + 1], *police[TCA_POLICE_MAX + 1];
	struct tc_police parameters;

	if (!actions || nla_parse_nested(first, 1, actions, NULL) < 0 || !first[1] ||
	    nla_parse_nested(action, TCA_ACT_MAX, first[1], policy) < 0 || !action[TCA_ACT_KIND] ||
	    nla_strcmp(action[TCA_ACT_KIND], "police") != 0 || !action[TCA_ACT_OPTIONS] ||
	    nla_parse_nested(police, TCA_POLICE_MAX, action[TCA_ACT_OPTIONS], NULL) < 0 ||
	    !police[TCA_POLICE_TBF] || nla_len(police[TCA_POLICE_TBF]) < (int)sizeof(parameters))
		return false;
	memcpy(&parameters, nla_data(police[TCA_POLICE_TBF]), sizeof(parameters));
	return parameters.action == TC_POLICE_SHOT &&
	       read_rate(&parameters.rate, police[TCA_POLICE_RATE64]) == rate;
}

int tap_look_police(struct nl_sock *sock, const struct tap_plan *plan, enum tap_look *ret,
		    struct error *err)
{
	uint64_t rate = tap_rate_bytes(plan->spec->rate_from_guest_mbit);
	struct nlattr *bpf[TCA_BPF_MAX + 1];
	AUTO_BUF reply = BUF_INIT;
	int r = ask_filter(sock, plan, TAP_POLICE_PRIORITY, &reply, bpf, err);

	if (r < 0)
		return r;
	*ret = (enum tap_look)r;
	if (*ret == TAP_LOOK_RIGHT && !(!is_direct(bpf) && has_police(bpf[TCA_BPF_ACT], rate)))
		*ret = TAP_LOOK_OTHER;
	return 0;
}
