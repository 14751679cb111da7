/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages that make a port of a bridge out of a new tap.
 *
 * Theory of operation: all messages go to the kernel in one system call, in the order of the
 * table below, while the tap is down, so that neither side sees a frame before the port is
 * locked. The kernel goes on past a message that it refuses; nothing here does harm then, since
 * the tap is still down and dies with its descriptor. For the same reason IFF_UP is no part of the
 * batch: it would be carried out although the lock was refused. The last message asks for
 * the tap as it is now, which is both the mark that the batch is through and what tap_verify()
 * compares: kernels ignore port attributes that they do not know.
 *
 * The order matters: the MAC before the master (the bridge takes its lowest port's MAC for its
 * own), the MTU too (a bridge takes its smallest port's), VLANs before the FDB entry
 * (which the kernel makes in every VLAN that the port has by then).
 */
#include "tap_config.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/tc.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "link.h"
#include "netlink_batch.h"

/* "mnmivm-se:VM/NIC", far below the kernel's IFALIASZ of 256 */
static char *alias(const struct tap_spec *spec)
{
	return xasprintf("mnmivm-se:%s/%u", spec->vm, spec->nic);
}

static struct nl_addr *link_address(const struct mac *mac)
{
	return nl_addr_build(AF_LLC, mac->byte, sizeof(mac->byte));
}

static struct nl_msg *link_change(const struct tap_plan *plan, struct rtnl_link *change, int flags)
{
	struct rtnl_link *tap = rtnl_link_alloc();
	struct nl_msg *msg = NULL;

	if (tap) {
		rtnl_link_set_ifindex(tap, (int)plan->ifindex);
		if (rtnl_link_build_change_request(tap, change, flags, &msg) < 0)
			msg = NULL;
	}
	rtnl_link_put(tap);
	return msg;
}

static struct nl_msg *build_attach(const struct tap_plan *plan)
{
	AUTO_FREE char *name = alias(plan->spec);
	struct nl_addr *mac = link_address(&plan->host_mac);
	struct rtnl_link *change = rtnl_link_alloc();
	struct nl_msg *msg = NULL;

	if (mac && change) {
		rtnl_link_set_addr(change, mac);
		rtnl_link_set_mtu(change, plan->bridge->mtu);
		rtnl_link_set_ifalias(change, name);
		rtnl_link_set_master(change, (int)plan->bridge->ifindex);

		/* else the tap gets an fe80:: address and tells the guest so */
		if (!plan->ipv6 ||
		    rtnl_link_inet6_set_addr_gen_mode(change, IN6_ADDR_GEN_MODE_NONE) == 0)
			msg = link_change(plan, change, 0);
	}
	rtnl_link_put(change);
	nl_addr_put(mac);
	return msg;
}

static void say_attach(const struct tap_plan *plan, struct buf *out)
{
	char mac[MAC_TEXT_MAX];

	mac_format(&plan->host_mac, mac);
	buf_printf(out, "attach tap '%s' to bridge '%s' (MAC %s, MTU %u%s)", plan->spec->name,
		   plan->bridge->name, mac, plan->bridge->mtu, plan->ipv6 ? ", no IPv6" : "");
}

static int explain_attach(const struct tap_plan *plan, int code, struct error *err)
{
	const char *bridge = plan->bridge->name;

	switch (code) {
	case EXFULL:
		error_set(err, ERROR_HOST, code, "bridge '%s' is full (1023 ports)", bridge);
		return error_hint(err, "'bridge link show' lists the ports; use a second bridge");
	case EINVAL:
		return error_hint(err, "see 'ip -d link show dev %s': it may have changed or gone",
				  bridge);
	default:
		return -code;
	}
}

/*
 * The lock pins the port to MACs that have an entry in the FDB, which nothing but us makes while
 * learning is off. Unicast to other MACs is none of the guest's business then. LOCKED
 * needs Linux 5.18; libnl 3.7 knows none of these.
 */
static struct nl_msg *build_lock(const struct tap_plan *plan)
{
	struct ifinfomsg header = { .ifi_family = PF_BRIDGE, .ifi_index = (int)plan->ifindex };
	struct nl_msg *msg = netlink_message(RTM_SETLINK, 0, &header, sizeof(header));
	struct nlattr *port;

	if (!msg)
		return NULL;
	port = nla_nest_start(msg, IFLA_PROTINFO | NLA_F_NESTED);
	if (!port)
		goto nla_put_failure;
	NLA_PUT_U8(msg, IFLA_BRPORT_LOCKED, 1);
	NLA_PUT_U8(msg, IFLA_BRPORT_LEARNING, 0);
	NLA_PUT_U8(msg, IFLA_BRPORT_UNICAST_FLOOD, 0);
	NLA_PUT_U8(msg, IFLA_BRPORT_GUARD,
		   1); /* a BPDU shuts the port, where the bridge does STP */
	NLA_PUT_U8(msg, IFLA_BRPORT_PROTECT, 1); /* it never becomes the root port */
	nla_nest_end(msg, port);
	return msg;

nla_put_failure:
	return netlink_discard(msg);
}

static void say_lock(const struct tap_plan *plan, struct buf *out)
{
	char mac[MAC_TEXT_MAX];

	mac_format(&plan->spec->guest_mac, mac);
	buf_printf(out, "lock the port of tap '%s' to MAC %s", plan->spec->name, mac);
}

/*
 * NUD_NOARP is a static entry; a permanent one would mean an address of the host's own. Without
 * NTF_STICKY (Linux 5.0) any other port takes the entry over with one frame.
 */
static struct nl_msg *build_fdb(const struct tap_plan *plan)
{
	struct nl_addr *mac = link_address(&plan->spec->guest_mac);
	struct rtnl_neigh *entry = rtnl_neigh_alloc();
	struct nl_msg *msg = NULL;

	if (mac && entry) {
		rtnl_neigh_set_family(entry, AF_BRIDGE);
		rtnl_neigh_set_ifindex(entry, (int)plan->ifindex);
		rtnl_neigh_set_lladdr(entry, mac);
		rtnl_neigh_set_state(entry, NUD_NOARP);
		rtnl_neigh_set_flags(entry, NTF_MASTER | NTF_STICKY);
		if (rtnl_neigh_build_add_request(entry, NLM_F_CREATE | NLM_F_EXCL, &msg) < 0)
			msg = NULL;
	}
	rtnl_neigh_put(entry);
	nl_addr_put(mac);
	return msg;
}

static void say_fdb(const struct tap_plan *plan, struct buf *out)
{
	char mac[MAC_TEXT_MAX];

	mac_format(&plan->spec->guest_mac, mac);
	buf_printf(out, "enter MAC %s for tap '%s' on bridge '%s' (static, sticky)", mac,
		   plan->spec->name, plan->bridge->name);
}

static int explain_fdb(const struct tap_plan *plan, int code, struct error *err)
{
	const char *bridge = plan->bridge->name;
	char mac[MAC_TEXT_MAX];

	if (code != EEXIST)
		return -code;
	mac_format(&plan->spec->guest_mac, mac);
	error_set(err, ERROR_CONFLICT, code, "MAC %s is in use by another port of the bridge '%s'",
		  mac, bridge);
	return error_hint(
		err,
		"'bridge fdb show br %s | grep %s' tells which; after a VM has moved away the "
		"bridge forgets its MAC in 5 minutes",
		bridge, mac);
}

/* A queue in front of the tap's own only delays; 256 of them, for multi-queue, cost 6 MB. */
static struct nl_msg *build_qdisc(const struct tap_plan *plan)
{
	struct rtnl_qdisc *qdisc = rtnl_qdisc_alloc();
	struct nl_msg *msg = NULL;

	if (qdisc) {
		rtnl_tc_set_ifindex(TC_CAST(qdisc), (int)plan->ifindex);
		rtnl_tc_set_parent(TC_CAST(qdisc), TC_H_ROOT);
		if (rtnl_tc_set_kind(TC_CAST(qdisc), "noqueue") < 0 ||
		    rtnl_qdisc_build_add_request(qdisc, NLM_F_CREATE | NLM_F_REPLACE, &msg) < 0)
			msg = NULL;
	}
	rtnl_qdisc_put(qdisc);
	return msg;
}

static void say_qdisc(const struct tap_plan *plan, struct buf *out)
{
	buf_printf(out, "set qdisc 'noqueue' on tap '%s'", plan->spec->name);
}

static struct nl_msg *build_read_back(const struct tap_plan *plan)
{
	return link_request(plan->ifindex, NULL);
}

static void say_read_back(const struct tap_plan *plan, struct buf *out)
{
	buf_printf(out, "read tap '%s' back", plan->spec->name);
}

static const struct tap_step {
	struct nl_msg *(*build)(const struct tap_plan *plan);
	void (*say)(const struct tap_plan *plan, struct buf *out);

	/* Word a known errno better; others are left as they are. May be NULL. */
	int (*explain)(const struct tap_plan *plan, int code, struct error *err);
	bool guard_only;
} steps[] = {
	{ build_attach, say_attach, explain_attach, false },
	{ build_lock, say_lock, NULL, true },
	/* VLANs: joined here, and the bridge's default one left */
	{ build_fdb, say_fdb, explain_fdb, true },
	{ build_qdisc, say_qdisc, NULL, false }, /* or tbf, for a rate */
	/* the filter on ingress: clsact and cls_bpf */
	{ build_read_back, say_read_back, NULL, false },
};

static bool wanted(const struct tap_plan *plan, const struct tap_step *step)
{
	return plan->spec->guard != TAP_GUARD_OFF || !step->guard_only;
}

void tap_say_config(const struct tap_plan *plan, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (!wanted(plan, &steps[i]))
			continue;
		steps[i].say(plan, out);
		buf_puts(out, "\n");
	}
}

int tap_configure(struct nl_sock *sock, const struct tap_plan *plan, struct error *err)
{
	const struct tap_step *sent[NETLINK_STEPS_MAX] = { NULL };
	AUTO_BATCH batch = { 0 };
	AUTO_BUF reply = BUF_INIT;
	struct link_info link;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		AUTO_BUF what = BUF_INIT;

		if (!wanted(plan, &steps[i]))
			continue;
		steps[i].say(plan, &what);
		sent[batch.n] = &steps[i];
		netlink_batch_add(&batch, steps[i].build(plan), buf_steal(&what));
	}
	r = netlink_batch_send(sock, &batch, &reply, err);
	if (r < 0) {
		const struct tap_step *step = batch.failed < batch.n ? sent[batch.failed] : NULL;

		return step && step->explain ? step->explain(plan, -r, err) : r;
	}
	r = link_parse(netlink_reply(&reply), &link);
	if (r < 0)
		return error_errno(err, -r, "read tap '%s' back", plan->spec->name);
	return tap_verify(plan, &link, err);
}

void tap_say_up(const struct tap_plan *plan, struct buf *out)
{
	buf_printf(out, "set tap '%s' up", plan->spec->name);
}

int tap_set_up(struct nl_sock *sock, const struct tap_plan *plan, struct error *err)
{
	struct rtnl_link *change = rtnl_link_alloc();
	struct nl_msg *msg = NULL;
	AUTO_BUF reply = BUF_INIT;
	AUTO_BUF what = BUF_INIT;

	if (change) {
		rtnl_link_set_flags(change, IFF_UP);
		msg = link_change(plan, change, NLM_F_ACK);
	}
	rtnl_link_put(change);
	tap_say_up(plan, &what);
	return netlink_request(sock, msg, buf_str(&what), &reply, err);
}
