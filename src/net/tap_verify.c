/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hold a configured tap against what was asked for, and fail closed. */
#include "tap_config.h"

#include <errno.h>
#include <string.h>

#include "link.h"

static int differs(const struct tap_plan *plan, const char *what, struct error *err)
{
	error_set(err, ERROR_HOST, EPROTO, "verify tap '%s': the kernel did not set its %s",
		  plan->spec->name, what);
	return error_hint(err, "'ip -d link' and 'udevadm monitor' show who else changes links");
}

static int no_lock(const struct tap_plan *plan, struct error *err)
{
	error_set(
		err, ERROR_HOST, EOPNOTSUPP,
		"lock the port of tap '%s': this kernel has no locked bridge ports (Linux 5.18 or "
		"newer is needed)",
		plan->spec->name);
	return error_hint(err, "guard=off does without: the guest may then use any MAC address");
}

static int verify_port(const struct tap_plan *plan, const struct link_info *link, struct error *err)
{
	bool guard = plan->spec->guard != TAP_GUARD_OFF;

	if (guard && link->locked == PORT_UNKNOWN)
		return no_lock(plan, err);
	if ((link->locked == PORT_ON) != guard)
		return differs(plan, "port's lock", err);
	if ((link->learning == PORT_ON) == guard)
		return differs(plan, "port's learning", err);
	if (guard && link->unicast_flood != PORT_OFF)
		return differs(plan, "port's flooding", err);
	if (guard && (link->bpdu_guard != PORT_ON || link->root_block != PORT_ON))
		return differs(plan, "port's guard against BPDUs", err);
	return 0;
}

int tap_verify(const struct tap_plan *plan, const struct link_info *link, struct error *err)
{
	if (link->ifindex != plan->ifindex || strcmp(link->name, plan->spec->name) != 0)
		return differs(plan, "name", err);
	if (link->master != plan->bridge->ifindex)
		return differs(plan, "bridge", err);
	if (link->mtu != plan->bridge->mtu)
		return differs(plan, "MTU", err);
	if (memcmp(&link->mac, &plan->host_mac, sizeof(link->mac)) != 0)
		return differs(plan, "MAC", err);
	if (link->flags & IFF_UP)
		return differs(plan, "state (it is up already)", err);
	return verify_port(plan, link, err);
}
