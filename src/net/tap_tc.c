/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic control on a tap: its queue towards the guest (egress), and the filters on what the
 * guest sends (ingress). The guard's filter comes first and says TC_ACT_UNSPEC of what it lets
 * pass, which goes on to the policer.
 */
#include "tap_tc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "netlink_batch.h"

static const char guard_name[] = "mnmivm_guard";

/*
 * Measured with contrib/bench/rate: with these TCP gets nine tenths of a rate or more. Less room
 * for whole GSO frames costs it a third at 10 Mbit/s, where one of them is 50 ms of the rate.
 */
enum {
	GSO_FRAME = 65536, /* the largest that a segmenting sender hands down in one piece */
	BURST_MS = 5, /* of the rate, on top of such a frame */
	QUEUE_FRAMES = 2,
	QUEUE_MS = 50, /* what waits longer towards the guest is dropped */
	POLICE_FRAMES = 4,
	POLICE_MS = 250, /* a policer has no queue: what is above its burst is dropped at once */
	TICK_NS = 64, /* the kernel's PSCHED_SHIFT, see /proc/net/psched */
};

static struct nl_msg *tc_message(const struct tap_plan *plan, int type, int flags,
				 struct tcmsg header, const char *kind)
{
	struct nl_msg *msg;

	header.tcm_ifindex = (int)plan->ifindex;
	msg = netlink_message(type, flags, &header, sizeof(header));
	if (msg && kind && nla_put_string(msg, TCA_KIND, kind) < 0)
		return netlink_discard(msg);
	return msg;
}

/* What a kernel says that was built without, or whose module is not there. */
static int explain_missing(int code, const char *what, const char *module, const char *else_do,
			   struct error *err)
{
	if (code != ENOENT && code != EOPNOTSUPP)
		return -code;
	error_set(err, ERROR_HOST, code, "%s needs %s, which this kernel does not have", what,
		  module);
	return error_hint(err, "'modprobe %s' loads it; or %s", module, else_do);
}

uint64_t tap_rate_bytes(unsigned int mbit)
{
	return (uint64_t)mbit * 1000000 / 8;
}

static uint32_t bytes_in(uint64_t rate, unsigned int ms)
{
	return (uint32_t)(rate * ms / 1000);
}

static struct tc_ratespec rate_spec(uint64_t rate)
{
	return (struct tc_ratespec){
		.rate = rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate,
		.linklayer = TC_LINKLAYER_ETHERNET, /* so no table of transmission times */
	};
}

uint32_t tap_tbf_limit(uint64_t rate)
{
	return QUEUE_FRAMES * GSO_FRAME + bytes_in(rate, BURST_MS) + bytes_in(rate, QUEUE_MS);
}

/* TCP hands down frames of up to 64 KiB: tbf drops or cuts up those above the burst. */
static struct nl_msg *put_tbf(struct nl_msg *msg, uint64_t rate)
{
	struct tc_tbf_qopt shape = { .rate = rate_spec(rate), .limit = tap_tbf_limit(rate) };
	uint32_t burst = GSO_FRAME + bytes_in(rate, BURST_MS);
	struct nlattr *options = msg ? nla_nest_start(msg, TCA_OPTIONS | NLA_F_NESTED) : NULL;

	if (!options || nla_put(msg, TCA_TBF_PARMS, sizeof(shape), &shape) < 0 ||
	    nla_put_u32(msg, TCA_TBF_BURST, burst) < 0 ||
	    (rate > UINT32_MAX && nla_put_u64(msg, TCA_TBF_RATE64, rate) < 0))
		return netlink_discard(msg);
	nla_nest_end(msg, options);
	return msg;
}

const char *tap_qdisc_kind(const struct tap_spec *spec)
{
	return spec->rate_to_guest_mbit ? "tbf" : "noqueue";
}

/*
 * Without a rate there is none: a queue in front of the tap's own only delays, and 256 of them,
 * for multi-queue, cost 6 MB. The kernel's own choice is replaced, whatever it is.
 */
static struct nl_msg *build_qdisc(const struct tap_plan *plan)
{
	const struct tap_spec *spec = plan->spec;
	struct tcmsg header = { .tcm_parent = TC_H_ROOT };
	struct nl_msg *msg = tc_message(plan, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, header,
					tap_qdisc_kind(spec));

	return spec->rate_to_guest_mbit ? put_tbf(msg, tap_rate_bytes(spec->rate_to_guest_mbit))
					: msg;
}

static void say_qdisc(const struct tap_plan *plan, struct buf *out)
{
	const struct tap_spec *spec = plan->spec;

	buf_printf(out, "set qdisc '%s' on tap '%s'", tap_qdisc_kind(spec), spec->name);
	if (spec->rate_to_guest_mbit)
		buf_printf(out, " (%u Mbit/s to the guest)", spec->rate_to_guest_mbit);
}

static int explain_qdisc(const struct tap_plan *plan, int code, struct error *err)
{
	if (!plan->spec->rate_to_guest_mbit)
		return -code;
	return explain_missing(code, "a rate towards the guest", "sch_tbf",
			       "leave that direction unlimited", err);
}

static const struct tcmsg ingress_header = {
	.tcm_parent = TC_H_CLSACT,
	.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0),
};

static struct nl_msg *build_unfilter(const struct tap_plan *plan)
{
	return tc_message(plan, RTM_DELQDISC, 0, ingress_header, NULL);
}

static void say_unfilter(const struct tap_plan *plan, struct buf *out)
{
	buf_printf(out, "remove the filters of tap '%s'", plan->spec->name);
}

static struct nl_msg *build_ingress(const struct tap_plan *plan)
{
	return tc_message(plan, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, ingress_header, "clsact");
}

static void say_ingress(const struct tap_plan *plan, struct buf *out)
{
	buf_printf(out, "make room for filters on tap '%s' (qdisc 'clsact')", plan->spec->name);
}

static int explain_ingress(const struct tap_plan *plan, int code, struct error *err)
{
	if (tap_is_guarded(plan->spec))
		return explain_missing(code, "the guard", "sch_ingress", "use guard=off", err);
	return explain_missing(code, "a rate from the guest", "sch_ingress",
			       "leave that direction unlimited", err);
}

struct tcmsg tap_filter_header(const struct tap_plan *plan, unsigned int priority)
{
	return (struct tcmsg){
		.tcm_ifindex = (int)plan->ifindex,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
		.tcm_info = TC_H_MAKE(priority << 16, htons(ETH_P_ALL)),
		.tcm_handle = TAP_FILTER_HANDLE,
	};
}

static struct nl_msg *filter_message(const struct tap_plan *plan, unsigned int priority)
{
	int flags = NLM_F_CREATE | (plan->replace ? 0 : NLM_F_EXCL);

	return tc_message(plan, RTM_NEWTFILTER, flags, tap_filter_header(plan, priority), "bpf");
}

static struct nl_msg *build_guard(const struct tap_plan *plan)
{
	struct nl_msg *msg = filter_message(plan, TAP_GUARD_PRIORITY);
	struct nlattr *options = msg ? nla_nest_start(msg, TCA_OPTIONS | NLA_F_NESTED) : NULL;

	if (!options || nla_put_u32(msg, TCA_BPF_FD, (uint32_t)plan->guard_fd) < 0 ||
	    nla_put_string(msg, TCA_BPF_NAME, guard_name) < 0 ||
	    nla_put_u32(msg, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT) < 0)
		return netlink_discard(msg);
	nla_nest_end(msg, options);
	return msg;
}

static void say_guard(const struct tap_plan *plan, struct buf *out)
{
	buf_printf(out, "guard tap '%s': what comes in is the guest's own%s (filter 'bpf')",
		   plan->spec->name,
		   plan->spec->guard == TAP_GUARD_IP ? " MAC and addresses" : " MAC");
}

static int explain_guard(const struct tap_plan *plan, int code, struct error *err)
{
	(void)plan;
	return explain_missing(code, "the guard", "cls_bpf", "use guard=off", err);
}

/*
 * The kernel takes a policer's rate with a table only (TC_RTAB_SIZE, cell_log above 0), in which it
 * has looked nothing up since Linux 3.8.
 */
static int put_police(struct nl_msg *msg, uint64_t rate)
{
	static const uint32_t table[TC_RTAB_SIZE / sizeof(uint32_t)];
	uint64_t burst = POLICE_FRAMES * GSO_FRAME + bytes_in(rate, POLICE_MS);
	struct tc_police police = {
		.action = TC_POLICE_SHOT, /* above the rate; TC_ACT_OK below */
		.burst = (uint32_t)(burst * 1000000000 / rate / TICK_NS),
		.mtu = UINT32_MAX,
		.rate = rate_spec(rate),
	};

	police.rate.cell_log = 3;
	if (nla_put(msg, TCA_POLICE_TBF, sizeof(police), &police) < 0 ||
	    nla_put(msg, TCA_POLICE_RATE, sizeof(table), table) < 0)
		return -ENOMEM;
	return rate > UINT32_MAX ? nla_put_u64(msg, TCA_POLICE_RATE64, rate) : 0;
}

static int put_police_action(struct nl_msg *msg, uint64_t rate)
{
	struct nlattr *actions = nla_nest_start(msg, TCA_BPF_ACT | NLA_F_NESTED);
	struct nlattr *first = actions ? nla_nest_start(msg, 1 | NLA_F_NESTED) : NULL;
	struct nlattr *options;

	if (!first || nla_put_string(msg, TCA_ACT_KIND, "police") < 0)
		return -ENOMEM;
	options = nla_nest_start(msg, TCA_ACT_OPTIONS | NLA_F_NESTED);
	if (!options || put_police(msg, rate) < 0)
		return -ENOMEM;
	nla_nest_end(msg, options);
	nla_nest_end(msg, first);
	nla_nest_end(msg, actions);
	return 0;
}

/* A program of one instruction that matches all, so that no other classifier is needed. */
static struct nl_msg *build_police(const struct tap_plan *plan)
{
	static const struct sock_filter match_all = { .code = BPF_RET | BPF_K, .k = UINT32_MAX };
	uint64_t rate = tap_rate_bytes(plan->spec->rate_from_guest_mbit);
	struct nl_msg *msg = filter_message(plan, TAP_POLICE_PRIORITY);
	struct nlattr *options = msg ? nla_nest_start(msg, TCA_OPTIONS | NLA_F_NESTED) : NULL;

	if (!options || nla_put_u16(msg, TCA_BPF_OPS_LEN, 1) < 0 ||
	    nla_put(msg, TCA_BPF_OPS, sizeof(match_all), &match_all) < 0 ||
	    put_police_action(msg, rate) < 0)
		return netlink_discard(msg);
	nla_nest_end(msg, options);
	return msg;
}

static void say_police(const struct tap_plan *plan, struct buf *out)
{
	buf_printf(out, "police tap '%s': %u Mbit/s from the guest (filter 'bpf')",
		   plan->spec->name, plan->spec->rate_from_guest_mbit);
}

static int explain_police(const struct tap_plan *plan, int code, struct error *err)
{
	(void)plan;
	return explain_missing(code, "a rate from the guest", "act_police",
			       "leave that direction unlimited", err);
}

const struct tap_step tap_step_qdisc = { build_qdisc, say_qdisc, explain_qdisc };
const struct tap_step tap_step_unfilter = { build_unfilter, say_unfilter, NULL };
const struct tap_step tap_step_ingress = { build_ingress, say_ingress, explain_ingress };
const struct tap_step tap_step_guard = { build_guard, say_guard, explain_guard };
const struct tap_step tap_step_police = { build_police, say_police, explain_police };
