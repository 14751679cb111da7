/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hold a configured tap against what was asked for, and fail closed. */
#include "tap_plan.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "link.h"
#include "tap_setting.h"

static int differs(const struct tap_plan *plan, const char *what, struct error *err)
{
	error_set(err, ERROR_HOST, EPROTO, "verify tap '%s': the kernel did not set its %s",
		  plan->spec->name, what);
	return error_hint(err, "'ip -d link' and 'udevadm monitor' show who else changes links");
}

static int no_lock(const struct tap_plan *plan, struct error *err)
{
	error_set(err, ERROR_HOST, EOPNOTSUPP,
		  "lock the port of tap '%s': this kernel has no locked bridge ports (Linux 5.18 "
		  "or newer is needed)",
		  plan->spec->name);
	return error_hint(err, "guard=off does without: the guest may then use any MAC address");
}

static int no_isolation(const struct tap_plan *plan, struct error *err)
{
	error_set(err, ERROR_HOST, EOPNOTSUPP,
		  "isolate tap '%s': this kernel has no isolated bridge ports (Linux 4.18 or newer "
		  "is needed)",
		  plan->spec->name);
	return error_hint(err, "isolated=off does without: VMs then see each other");
}

static int verify_setting(const struct tap_plan *plan, const struct tap_setting *setting,
			  const struct link_info *link, struct error *err)
{
	char what[64];

	if (tap_setting_is_right(setting, plan->spec, link))
		return 0;
	if (tap_setting_state(setting, link) == PORT_UNKNOWN) {
		if (setting->attribute == IFLA_BRPORT_LOCKED)
			return no_lock(plan, err);
		if (setting->attribute == IFLA_BRPORT_ISOLATED)
			return no_isolation(plan, err);
	}
	snprintf(what, sizeof(what), "port's %s", setting->name);
	return differs(plan, what, err);
}

/* Until the new tap was root's, anybody could join it, and make it outlive its descriptors. */
static int verify_alone(const struct tap_plan *plan, const struct link_info *link,
			struct error *err)
{
	if (!plan->queues || (link->queues == plan->queues && !link->persistent))
		return 0;
	error_set(err, ERROR_CONFLICT, EBUSY, "verify tap '%s': somebody else joined it",
		  plan->spec->name);
	return error_hint(err,
			  "'fuser -v /dev/net/tun' shows who uses taps; then: "
			  "ip link del '%s'",
			  plan->spec->name);
}

int tap_verify(const struct tap_plan *plan, const struct link_info *link, struct error *err)
{
	int r;

	if (link->ifindex != plan->ifindex || strcmp(link->name, plan->spec->name) != 0)
		return differs(plan, "name", err);
	if (link->master != plan->bridge->ifindex)
		return differs(plan, "bridge", err);
	if (link->mtu != plan->bridge->mtu)
		return differs(plan, "MTU", err);
	if (!mac_equal(&link->mac, &plan->host_mac))
		return differs(plan, "MAC", err);
	if (strcmp(link->alias, plan->alias) != 0)
		return differs(plan, "alias", err);
	if (link->flags & IFF_UP)
		return differs(plan, "state (it is up already)", err);
	r = verify_alone(plan, link, err);
	for (size_t i = 0; r == 0 && i < n_tap_settings; i++)
		r = verify_setting(plan, &tap_settings[i], link, err);
	return r;
}
