/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VLANs of a tap's port.
 *
 * A new port is in the bridge's default_pvid, untagged. A NIC that asks for VLANs is in those
 * and in no other: the access VLAN (or none) takes what is untagged, the trunk's are tagged.
 */
#include "tap_plan.h"

#include <errno.h>
#include <netinet/in.h> /* before linux/in6.h, which makes way for it on musl */
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink_batch.h"
#include "ports_read.h"

static const uint16_t access_flags = BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED;

static int no_vlan(const struct tap_spec *spec, const char *why, unsigned int vid,
		   struct error *err)
{
	return error_set(err, ERROR_USAGE, EINVAL, "tap '%s': VLAN %u %s", spec->name, vid, why);
}

static int add_range(struct tap_plan *plan, const struct tap_vlans *range, struct error *err)
{
	static const char none[] = "is none: they are 1 to 4094";

	if (range->first < 1 || range->first > TAP_VLAN_MAX)
		return no_vlan(plan->spec, none, range->first, err);
	if (range->last > TAP_VLAN_MAX)
		return no_vlan(plan->spec, none, range->last, err);
	if (range->last < range->first)
		return no_vlan(plan->spec, "begins a range that ends below it", range->first, err);
	for (unsigned int vid = range->first; vid <= range->last; vid++) {
		if (vlan_set_has(&plan->vlans, vid))
			return no_vlan(plan->spec, "is asked for twice", vid, err);
		vlan_set_add(&plan->vlans, vid);
	}
	return 0;
}

int tap_vlans_plan(struct tap_plan *plan, struct error *err)
{
	const struct tap_spec *spec = plan->spec;
	const struct tap_vlans untagged = { spec->vlan, spec->vlan };
	const struct bridge *bridge = plan->bridge;
	int r = 0;

	if (!spec->vlan && !spec->n_trunk)
		return 0;
	if (spec->n_trunk > TAP_TRUNK_MAX)
		return error_set(err, ERROR_USAGE, EINVAL, "tap '%s': more than %d trunk ranges",
				 spec->name, TAP_TRUNK_MAX);
	if (spec->vlan)
		r = add_range(plan, &untagged, err);
	for (unsigned int i = 0; r == 0 && i < spec->n_trunk; i++)
		r = add_range(plan, &spec->trunk[i], err);
	if (r == 0)
		r = bridge_check_vlans(bridge, err);
	if (r < 0)
		return r;

	plan->steps |= TAP_DO(TAP_JOIN);
	if (bridge->default_pvid && !vlan_set_has(&plan->vlans, bridge->default_pvid)) {
		vlan_set_add(&plan->leave, bridge->default_pvid);
		plan->steps |= TAP_DO(TAP_LEAVE);
	}
	return 0;
}

/* The kernel takes a range of one for a mistake. */
static int put_range(struct nl_msg *msg, const struct tap_vlans *range, uint16_t flags)
{
	struct bridge_vlan_info info = { .vid = range->first, .flags = flags };
	int r;

	if (range->first == range->last)
		return nla_put(msg, IFLA_BRIDGE_VLAN_INFO, sizeof(info), &info);
	info.flags = flags | BRIDGE_VLAN_INFO_RANGE_BEGIN;
	r = nla_put(msg, IFLA_BRIDGE_VLAN_INFO, sizeof(info), &info);
	info.flags = flags | BRIDGE_VLAN_INFO_RANGE_END;
	info.vid = range->last;
	return r < 0 ? r : nla_put(msg, IFLA_BRIDGE_VLAN_INFO, sizeof(info), &info);
}

/* Of a VLAN that the port is in already, the flags are replaced. */
static struct nl_msg *build_join(const struct tap_plan *plan)
{
	struct ifinfomsg header = { .ifi_family = PF_BRIDGE, .ifi_index = (int)plan->ifindex };
	struct nl_msg *msg = netlink_message(RTM_SETLINK, 0, &header, sizeof(header));
	const struct tap_spec *spec = plan->spec;
	const struct tap_vlans untagged = { spec->vlan, spec->vlan };
	struct nlattr *vlans = msg ? nla_nest_start(msg, IFLA_AF_SPEC | NLA_F_NESTED) : NULL;

	if (!vlans || (spec->vlan && put_range(msg, &untagged, access_flags) < 0))
		return netlink_discard(msg);
	for (unsigned int i = 0; i < spec->n_trunk; i++) {
		if (put_range(msg, &spec->trunk[i], 0) < 0)
			return netlink_discard(msg);
	}
	nla_nest_end(msg, vlans);
	return msg;
}

static struct vlan_set trunk_set(const struct tap_plan *plan)
{
	struct vlan_set trunk = plan->vlans;

	vlan_set_remove(&trunk, plan->spec->vlan);
	return trunk;
}

static void say_join(const struct tap_plan *plan, struct buf *out)
{
	struct vlan_set trunk = trunk_set(plan);

	buf_printf(out, "put tap '%s' into VLAN ", plan->spec->name);
	if (plan->spec->vlan)
		buf_printf(out, "%u (untagged)", plan->spec->vlan);
	if (vlan_set_is_empty(&trunk))
		return;
	if (plan->spec->vlan)
		buf_puts(out, " and ");
	vlan_set_format(&trunk, out);
	buf_puts(out, " (tagged)");
}

static struct nl_msg *build_leave(const struct tap_plan *plan)
{
	struct ifinfomsg header = { .ifi_family = PF_BRIDGE, .ifi_index = (int)plan->ifindex };
	struct nl_msg *msg = netlink_message(RTM_DELLINK, 0, &header, sizeof(header));
	struct nlattr *vlans = msg ? nla_nest_start(msg, IFLA_AF_SPEC | NLA_F_NESTED) : NULL;
	struct tap_vlans range = { 0, 0 };

	if (!vlans)
		return netlink_discard(msg);
	while (vlan_set_next(&plan->leave, range.last + 1U, &range)) {
		if (put_range(msg, &range, 0) < 0)
			return netlink_discard(msg);
	}
	nla_nest_end(msg, vlans);
	return msg;
}

static void say_leave(const struct tap_plan *plan, struct buf *out)
{
	buf_printf(out, "take tap '%s' out of VLAN ", plan->spec->name);
	vlan_set_format(&plan->leave, out);
}

const struct tap_step tap_step_join = { build_join, say_join, NULL };
const struct tap_step tap_step_leave = { build_leave, say_leave, NULL };

static bool is_right(const struct tap_plan *plan, const struct port_vlan *vlan)
{
	bool is_access = vlan->vid == plan->spec->vlan;

	return vlan->pvid == is_access && vlan->untagged == is_access;
}

bool tap_vlans_differ(const struct tap_plan *plan, const struct port *port, struct buf *out)
{
	struct vlan_set missing = plan->vlans;
	struct vlan_set extra = { { 0 } };

	for (size_t i = 0; i < port->n_vlans; i++) {
		const struct port_vlan *vlan = &port->vlans[i];

		if (!vlan_set_has(&plan->vlans, vlan->vid))
			vlan_set_add(&extra, vlan->vid);
		else if (is_right(plan, vlan))
			vlan_set_remove(&missing, vlan->vid);
	}
	if (!vlan_set_is_empty(&missing)) {
		buf_puts(out, "not in VLAN ");
		vlan_set_format(&missing, out);
		buf_puts(out, " as asked\n");
	}
	if (!vlan_set_is_empty(&extra)) {
		buf_puts(out, "in VLAN ");
		vlan_set_format(&extra, out);
		buf_puts(out, " unasked\n");
	}
	return !vlan_set_is_empty(&missing) || !vlan_set_is_empty(&extra);
}

int tap_vlans_verify(struct nl_sock *sock, const struct tap_plan *plan, struct error *err)
{
	AUTO(port_done) struct port port = { .ifindex = plan->ifindex };
	AUTO_BUF words = BUF_INIT;
	int r;

	memcpy(port.name, plan->spec->name, strlen(plan->spec->name));
	r = port_read_vlans(sock, &port, err);
	if (r < 0)
		return r;
	if (!tap_vlans_differ(plan, &port, &words))
		return 0;
	for (size_t i = 0; i + 1 < words.len; i++) {
		if (words.data[i] == '\n')
			words.data[i] = ';';
	}
	return error_set(err, ERROR_HOST, EPROTO, "verify tap '%s': it is %.*s", plan->spec->name,
			 (int)words.len - 1, buf_str(&words));
}
