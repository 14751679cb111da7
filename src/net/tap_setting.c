/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of a bridge's port that make the guard and the isolation. */
#include "tap_setting.h"

#include <linux/rtnetlink.h>

#include "base/alloc.h"
#include "tap_plan.h"

/*
 * The lock (Linux 5.18) pins the port to MACs that have an entry in the bridge's table, which
 * nothing but us makes while learning is off. Unicast to other MACs is none of the guest's
 * business then. A BPDU shuts the port where the bridge does STP, and it never becomes the root
 * port; nor a multicast router's, to which all multicast goes, by a query of the guest's.
 */
const struct tap_setting tap_settings[] = {
	{ "lock", IFLA_BRPORT_LOCKED, offsetof(struct link_info, locked) },
	{ "learning", IFLA_BRPORT_LEARNING, offsetof(struct link_info, learning) },
	{ "flooding", IFLA_BRPORT_UNICAST_FLOOD, offsetof(struct link_info, unicast_flood) },
	{ "guard against BPDUs", IFLA_BRPORT_GUARD, offsetof(struct link_info, bpdu_guard) },
	{ "root block", IFLA_BRPORT_PROTECT, offsetof(struct link_info, root_block) },
	{ "multicast router", IFLA_BRPORT_MULTICAST_ROUTER,
	  offsetof(struct link_info, mcast_router) },
	{ "isolation", IFLA_BRPORT_ISOLATED, offsetof(struct link_info, isolated) },
};
const size_t n_tap_settings = ARRAY_SIZE(tap_settings);

/* What a new port has, and kernels without the setting do. */
static bool by_default(const struct tap_setting *setting)
{
	return setting->attribute == IFLA_BRPORT_LEARNING ||
	       setting->attribute == IFLA_BRPORT_UNICAST_FLOOD ||
	       setting->attribute == IFLA_BRPORT_MULTICAST_ROUTER;
}

bool tap_setting_value(const struct tap_setting *setting, const struct tap_spec *spec)
{
	bool value = by_default(setting);

	if (setting->attribute == IFLA_BRPORT_ISOLATED)
		return spec->isolated;
	return tap_is_guarded(spec) ? !value : value;
}

enum port_state tap_setting_state(const struct tap_setting *setting, const struct link_info *link)
{
	return *(const enum port_state *)((const char *)link + setting->field);
}

bool tap_setting_is_right(const struct tap_setting *setting, const struct tap_spec *spec,
			  const struct link_info *link)
{
	bool value = tap_setting_value(setting, spec);

	switch (tap_setting_state(setting, link)) {
	case PORT_ON:
		return value;
	case PORT_OFF:
		return !value;
	default:
		/* without multicast snooping in the kernel there are no such routers */
		return setting->attribute == IFLA_BRPORT_MULTICAST_ROUTER ||
		       value == by_default(setting);
	}
}
