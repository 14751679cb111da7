/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Put a tap that is in use back into the state that tap_open() leaves it in.
 *
 * Theory of operation: first all is looked at, and what differs from the plan of a new tap leaves
 * its step in the plan; the others are dropped. Should nothing be left, nothing is sent. Else the
 * batch begins with setting the tap down, so that the guest is cut off until all is as asked
 * for and read back, and stays so when any of it is refused. A tap that is on no bridge, or on
 * another one, needs all that belongs to the port. Filters are renewed together: one that
 * somebody put in front of the guard's would let pass what that is there to stop.
 */
#include "net/tap.h"

#include <errno.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"
#include "netlink_batch.h"
#include "ports_read.h"
#include "tap_look.h"
#include "tap_plan.h"
#include "tap_setting.h"
#include "tap_tc.h"

struct repair {
	struct nl_sock *sock;
	struct tap_plan plan;
	unsigned int wanted; /* the steps of a new tap */
	struct link_info link;
	bool attached; /* to the bridge of the plan */
	struct buf changes;
};

static void repair_done(struct repair *repair)
{
	tap_plan_done(&repair->plan);
	buf_done(&repair->changes);
}

/* Something differs: take these steps, of those that a new tap needs. */
static void differs(struct repair *repair, unsigned int steps)
{
	repair->plan.steps |= steps & repair->wanted;
}

static int find(struct repair *repair, struct error *err)
{
	const char *name = repair->plan.spec->name;
	const char *alias = repair->plan.alias;
	struct link_info *link = &repair->link;
	int r = link_get(repair->sock, name, link, err);

	if (r == -ENODEV)
		return error_set(err, ERROR_NOT_FOUND, ENODEV, "tap '%s' does not exist", name);
	if (r < 0)
		return r;
	if (strcmp(link->name, name) != 0 || strcmp(link->kind, "tun") != 0 ||
	    strcmp(link->alias, alias) != 0) {
		error_set(err, ERROR_CONFLICT, EEXIST, "link '%s' is not the tap of '%s'", name,
			  alias);
		return error_hint(err, "'ip -d link show dev %s' tells whose it is", name);
	}
	repair->plan.ifindex = link->ifindex;
	repair->attached = link->master == repair->plan.bridge->ifindex;
	return 0;
}

static void compare_link(struct repair *repair)
{
	const struct tap_plan *plan = &repair->plan;
	const struct link_info *link = &repair->link;
	struct buf *out = &repair->changes;
	char mac[MAC_TEXT_MAX];

	if (!repair->attached) {
		buf_printf(out, "not on bridge '%s'\n", plan->bridge->name);
		differs(repair, TAP_DO(TAP_ATTACH) | TAP_DO(TAP_PORT) | TAP_DO(TAP_JOIN) |
					TAP_DO(TAP_LEAVE) | TAP_DO(TAP_ENTER));
	}
	if (link->mtu != plan->bridge->mtu) {
		buf_printf(out, "MTU %u in place of %u\n", link->mtu, plan->bridge->mtu);
		differs(repair, TAP_DO(TAP_ATTACH));
	}
	if (!mac_equal(&link->mac, &plan->host_mac)) {
		mac_format(&link->mac, mac);
		buf_printf(out, "MAC %s, which is not its own\n", mac);
		differs(repair, TAP_DO(TAP_ATTACH));
	}
	if (!(link->flags & IFF_UP)) {
		buf_puts(out, "down\n");
		repair->plan.steps |= TAP_DO(TAP_DOWN);
	}
}

static void compare_settings(struct repair *repair)
{
	for (size_t i = 0; repair->attached && i < n_tap_settings; i++) {
		const struct tap_setting *setting = &tap_settings[i];

		if (tap_setting_is_right(setting, repair->plan.spec, &repair->link))
			continue;
		buf_printf(&repair->changes, "%s %s\n", setting->name,
			   tap_setting_state(setting, &repair->link) == PORT_ON ? "on" : "off");
		differs(repair, TAP_DO(TAP_PORT));
	}
}

/* All but those asked for; that the port is in few of them is no mistake to the kernel. */
static void leave_all_others(struct tap_plan *plan)
{
	for (unsigned int vid = 1; vid <= TAP_VLAN_MAX; vid++) {
		if (!vlan_set_has(&plan->vlans, vid))
			vlan_set_add(&plan->leave, vid);
	}
}

/* Those of a NIC that asks for none are the bridge's affair, and its admin's. */
static void compare_vlans(struct repair *repair, const struct port *port)
{
	if (!(repair->wanted & TAP_DO(TAP_JOIN)) ||
	    !tap_vlans_differ(&repair->plan, port, &repair->changes))
		return;
	leave_all_others(&repair->plan);
	repair->plan.steps |= TAP_DO(TAP_JOIN) | TAP_DO(TAP_LEAVE);
}

/* The VLANs that the guest's MAC is to be entered in, besides none. */
static struct vlan_set entry_vlans(const struct repair *repair, const struct port *port)
{
	struct vlan_set vlans = repair->plan.vlans;

	for (size_t i = 0; i < port->n_vlans && !(repair->wanted & TAP_DO(TAP_JOIN)); i++)
		vlan_set_add(&vlans, port->vlans[i].vid);
	return vlans;
}

static int compare_entries(struct repair *repair, const struct port *port, struct error *err)
{
	bool guarded = tap_is_guarded(repair->plan.spec);
	struct vlan_set vlans = entry_vlans(repair, port);
	bool right = true, ours = false;
	char mac[MAC_TEXT_MAX];

	for (unsigned int vid = 0; vid <= TAP_VLAN_MAX; vid++) {
		enum tap_look look;
		int r;

		if (vid && !vlan_set_has(&vlans, vid))
			continue;
		r = tap_look_entry(repair->sock, &repair->plan, vid, &look, err);
		if (r < 0)
			return r;
		/* without a guard the bridge learns it: only a static one is a left-over */
		right &= guarded ? look == TAP_LOOK_RIGHT : look != TAP_LOOK_RIGHT;
		ours |= look != TAP_LOOK_ABSENT;
	}
	/* an entry outlives its port's leaving the VLAN, and is out of reach after that */
	if (right && !(repair->plan.steps & TAP_DO(TAP_LEAVE)))
		return 0;
	mac_format(&repair->plan.spec->guest_mac, mac);
	if (!right)
		buf_printf(&repair->changes, "MAC %s %s\n", mac,
			   guarded ? "not entered as static" : "entered as static");
	differs(repair, TAP_DO(TAP_ENTER));
	if (ours)
		repair->plan.steps |= TAP_DO(TAP_FORGET);
	return 0;
}

static int compare_port(struct repair *repair, struct error *err)
{
	AUTO(port_done) struct port port = { .ifindex = repair->plan.ifindex };
	int r = 0;

	if (!repair->attached)
		return 0;
	memcpy(port.name, repair->link.name, sizeof(port.name));
	if (repair->plan.bridge->vlan_filtering)
		r = port_read_vlans(repair->sock, &port, err);
	if (r < 0)
		return r;
	compare_vlans(repair, &port);
	return compare_entries(repair, &port, err);
}

static int compare_qdisc(struct repair *repair, struct error *err)
{
	const struct tap_plan *plan = &repair->plan;
	const char *kind = tap_qdisc_kind(plan->spec);
	enum tap_look look = TAP_LOOK_RIGHT;
	int r = 0;

	if (strcmp(repair->link.qdisc, kind) != 0) {
		buf_printf(&repair->changes, "qdisc '%s' in place of '%s'\n", repair->link.qdisc,
			   kind);
		differs(repair, TAP_DO(TAP_QDISC));
		return 0;
	}
	if (plan->spec->rate_to_guest_mbit)
		r = tap_look_tbf(repair->sock, plan, &look, err);
	if (r < 0 || look == TAP_LOOK_RIGHT)
		return r;
	buf_puts(&repair->changes, "rate to the guest not as asked\n");
	differs(repair, TAP_DO(TAP_QDISC));
	return 0;
}

/* One filter, which is wanted or not. Says whether it differs. */
static bool compare_filter(struct repair *repair, unsigned int step, enum tap_look look,
			   const char *what)
{
	static const char *const words[] = {
		[TAP_LOOK_ABSENT] = "missing",
		[TAP_LOOK_OTHER] = "not as asked",
		[TAP_LOOK_RIGHT] = "unasked",
	};
	bool wanted = repair->wanted & TAP_DO(step);

	if (look == (wanted ? TAP_LOOK_RIGHT : TAP_LOOK_ABSENT))
		return false;
	buf_printf(&repair->changes, "%s %s\n", what, words[wanted ? look : TAP_LOOK_RIGHT]);
	return true;
}

static int compare_filters(struct repair *repair, struct error *err)
{
	enum tap_look ingress = TAP_LOOK_ABSENT, guard = TAP_LOOK_ABSENT, police = TAP_LOOK_ABSENT;
	bool differ;
	int r;

	r = tap_look_ingress(repair->sock, &repair->plan, &ingress, err);
	if (r == 0)
		r = tap_look_guard(repair->sock, &repair->plan, &guard, err);
	if (r == 0)
		r = tap_look_police(repair->sock, &repair->plan, &police, err);
	if (r < 0)
		return r;
	differ = compare_filter(repair, TAP_GUARD, guard, "guard's filter");
	differ |= compare_filter(repair, TAP_POLICE, police, "policer");
	if (!differ)
		return 0;
	if (ingress != TAP_LOOK_ABSENT)
		repair->plan.steps |= TAP_DO(TAP_UNFILTER);
	differs(repair, TAP_DO(TAP_INGRESS) | TAP_DO(TAP_GUARD) | TAP_DO(TAP_POLICE));
	return 0;
}

static int compare(struct repair *repair, struct error *err)
{
	int r;

	repair->wanted = repair->plan.steps;
	repair->plan.steps = 0;
	compare_link(repair);
	compare_settings(repair);
	r = compare_port(repair, err);
	if (r == 0)
		r = compare_qdisc(repair, err);
	if (r == 0)
		r = compare_filters(repair, err);
	return r;
}

static int look_and_repair(struct repair *repair, bool check_only, struct error *err)
{
	struct tap_plan *plan = &repair->plan;
	int r = find(repair, err);

	if (r == 0)
		r = compare(repair, err);
	if (r < 0 || check_only || !plan->steps)
		return r;
	plan->steps |= TAP_DO(TAP_DOWN) | TAP_DO(TAP_READ_BACK);
	r = tap_configure(repair->sock, plan, err);
	return r < 0 ? r : tap_set_up(repair->sock, plan, err);
}

/* The kernel has no IPv6 (see tap_open()), and did what else the batch says: look once more. */
static int repair_without_ipv6(struct repair *repair, struct error *err)
{
	size_t said = repair->changes.len;
	int r;

	repair->plan.ipv6 = false;
	repair->plan.steps = repair->wanted;
	r = look_and_repair(repair, false, err);
	repair->changes.len = said;
	return r;
}

int tap_repair(struct nl_sock *sock, const struct bridge *bridge, const struct tap_spec *spec,
	       bool check_only, enum tap_repair *ret, struct buf *ret_changes, struct error *err)
{
	AUTO(repair_done) struct repair repair = { .sock = sock, .changes = BUF_INIT };
	struct error attempt = ERROR_INIT;
	int r = tap_plan_init(&repair.plan, bridge, spec, &attempt);

	if (r == 0)
		r = tap_plan_load_guard(&repair.plan, &attempt);
	if (r == 0)
		r = look_and_repair(&repair, check_only, &attempt);
	if (r == -EAFNOSUPPORT && repair.plan.ipv6 && repair.changes.len)
		r = repair_without_ipv6(&repair, &attempt);
	if (r < 0) {
		*err = attempt;
		return r;
	}
	*ret = repair.plan.steps ? TAP_REPAIRED : TAP_REPAIR_INTACT;
	buf_add(ret_changes, repair.changes.data, repair.changes.len);
	return 0;
}

static int replace_guard(struct repair *repair, struct error *err)
{
	const struct tap_step *step = &tap_step_guard;
	const struct tap_plan *plan = &repair->plan;
	struct nl_msg *msg = step->build(plan);
	AUTO_BUF reply = BUF_INIT;
	AUTO_BUF what = BUF_INIT;
	int r;

	if (msg)
		nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_ACK;
	step->say(plan, &what);
	r = netlink_request(repair->sock, msg, buf_str(&what), &reply, err);
	return r < 0 ? step->explain(plan, -r, err) : 0;
}

int tap_renew_guard(struct nl_sock *sock, const struct bridge *bridge, const struct tap_spec *spec,
		    struct error *err)
{
	AUTO(repair_done) struct repair repair = { .sock = sock, .changes = BUF_INIT };
	enum tap_look look = TAP_LOOK_RIGHT;
	int r = tap_plan_init(&repair.plan, bridge, spec, err);

	if (r == 0)
		r = tap_plan_load_guard(&repair.plan, err);
	if (r == 0)
		r = find(&repair, err);
	if (r == 0)
		r = tap_look_guard(sock, &repair.plan, &look, err);
	if (r < 0 || look == TAP_LOOK_RIGHT)
		return r;
	repair.plan.replace = true;
	return replace_guard(&repair, err);
}
