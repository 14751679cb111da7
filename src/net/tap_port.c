/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The link and its port: attached, locked to the guest's MAC, entered in the bridge's table. */
#include "tap_plan.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>
#include <sys/socket.h>

#include "link.h"
#include "netlink_batch.h"
#include "tap_setting.h"

static struct nl_addr *link_address(const struct mac *mac)
{
	return nl_addr_build(AF_LLC, mac->byte, sizeof(mac->byte));
}

static struct nl_msg *link_change(const struct tap_plan *plan, struct rtnl_link *change)
{
	struct rtnl_link *tap = rtnl_link_alloc();
	struct nl_msg *msg = NULL;

	if (tap) {
		rtnl_link_set_ifindex(tap, (int)plan->ifindex);
		if (rtnl_link_build_change_request(tap, change, 0, &msg) < 0)
			msg = NULL;
	}
	rtnl_link_put(tap);
	return msg;
}

static struct nl_msg *build_attach(const struct tap_plan *plan)
{
	struct nl_addr *mac = link_address(&plan->host_mac);
	struct rtnl_link *change = rtnl_link_alloc();
	struct nl_msg *msg = NULL;

	if (mac && change) {
		rtnl_link_set_addr(change, mac);
		rtnl_link_set_mtu(change, plan->bridge->mtu);
		rtnl_link_set_ifalias(change, plan->alias);
		rtnl_link_set_master(change, (int)plan->bridge->ifindex);

		/* else the tap gets an fe80:: address and tells the guest so */
		if (!plan->ipv6 ||
		    rtnl_link_inet6_set_addr_gen_mode(change, IN6_ADDR_GEN_MODE_NONE) == 0)
			msg = link_change(plan, change);
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

/* libnl 3.7 knows few of the settings. A kernel ignores those that it does not know. */
static struct nl_msg *build_port(const struct tap_plan *plan)
{
	struct ifinfomsg header = { .ifi_family = PF_BRIDGE, .ifi_index = (int)plan->ifindex };
	struct nl_msg *msg = netlink_message(RTM_SETLINK, 0, &header, sizeof(header));
	struct nlattr *port = msg ? nla_nest_start(msg, IFLA_PROTINFO | NLA_F_NESTED) : NULL;

	if (!port)
		return netlink_discard(msg);
	for (size_t i = 0; i < n_tap_settings; i++) {
		const struct tap_setting *setting = &tap_settings[i];

		if (nla_put_u8(msg, setting->attribute, tap_setting_value(setting, plan->spec)) < 0)
			return netlink_discard(msg);
	}
	nla_nest_end(msg, port);
	return msg;
}

static void say_port(const struct tap_plan *plan, struct buf *out)
{
	const struct tap_spec *spec = plan->spec;
	char mac[MAC_TEXT_MAX];

	mac_format(&spec->guest_mac, mac);
	if (tap_is_guarded(spec))
		buf_printf(out, "lock the port of tap '%s' to MAC %s", spec->name, mac);
	else
		buf_printf(out, "leave the port of tap '%s' without guard", spec->name);
	if (spec->isolated)
		buf_puts(out, ", isolated");
}

static struct nl_msg *entry_message(const struct tap_plan *plan, int type, int flags)
{
	struct ndmsg header = {
		.ndm_family = PF_BRIDGE,
		.ndm_ifindex = (int)plan->ifindex,
		.ndm_flags = NTF_MASTER,
	};
	const struct mac *mac = &plan->spec->guest_mac;
	struct nl_msg *msg;

	/*
	 * NUD_NOARP is a static entry; a permanent one would mean an address of the host's own.
	 * Without NTF_STICKY (Linux 5.0) any other port takes the entry over with one frame.
	 */
	if (type == RTM_NEWNEIGH) {
		header.ndm_state = NUD_NOARP;
		header.ndm_flags |= NTF_STICKY;
	}
	msg = netlink_message(type, flags, &header, sizeof(header));
	if (msg && nla_put(msg, NDA_LLADDR, sizeof(mac->byte), mac->byte) < 0)
		return netlink_discard(msg);
	return msg;
}

/*
 * The kernel forgets the entries of this port only, whatever their VLAN. So an entry that another
 * port has got meanwhile stands in the way of the new one, and is never taken from it.
 */
static struct nl_msg *build_forget(const struct tap_plan *plan)
{
	return entry_message(plan, RTM_DELNEIGH, 0);
}

static void say_forget(const struct tap_plan *plan, struct buf *out)
{
	char mac[MAC_TEXT_MAX];

	mac_format(&plan->spec->guest_mac, mac);
	buf_printf(out, "forget MAC %s of tap '%s' on bridge '%s'", mac, plan->spec->name,
		   plan->bridge->name);
}

/*
 * Without a VLAN the kernel makes the entry in each that the port has by now, and one for when the
 * bridge tells none apart.
 */
static struct nl_msg *build_enter(const struct tap_plan *plan)
{
	return entry_message(plan, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL);
}

static void say_enter(const struct tap_plan *plan, struct buf *out)
{
	char mac[MAC_TEXT_MAX];

	mac_format(&plan->spec->guest_mac, mac);
	buf_printf(out, "enter MAC %s for tap '%s' on bridge '%s' (static, sticky)", mac,
		   plan->spec->name, plan->bridge->name);
}

static int explain_enter(const struct tap_plan *plan, int code, struct error *err)
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

static struct nl_msg *build_read_back(const struct tap_plan *plan)
{
	return link_request(plan->ifindex, NULL);
}

static void say_read_back(const struct tap_plan *plan, struct buf *out)
{
	buf_printf(out, "read tap '%s' back", plan->spec->name);
}

static struct nl_msg *set_flags(const struct tap_plan *plan, unsigned int up, int flags)
{
	struct ifinfomsg header = {
		.ifi_index = (int)plan->ifindex,
		.ifi_flags = up,
		.ifi_change = IFF_UP,
	};

	return netlink_message(RTM_SETLINK, flags, &header, sizeof(header));
}

static struct nl_msg *build_down(const struct tap_plan *plan)
{
	return set_flags(plan, 0, 0);
}

static void say_down(const struct tap_plan *plan, struct buf *out)
{
	buf_printf(out, "set tap '%s' down", plan->spec->name);
}

struct nl_msg *tap_build_up(const struct tap_plan *plan)
{
	return set_flags(plan, IFF_UP, NLM_F_ACK);
}

const struct tap_step tap_step_down = { build_down, say_down, NULL };
const struct tap_step tap_step_attach = { build_attach, say_attach, explain_attach };
const struct tap_step tap_step_port = { build_port, say_port, NULL };
const struct tap_step tap_step_forget = { build_forget, say_forget, NULL };
const struct tap_step tap_step_enter = { build_enter, say_enter, explain_enter };
const struct tap_step tap_step_read_back = { build_read_back, say_read_back, NULL };
