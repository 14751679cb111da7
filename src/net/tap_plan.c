/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Check what is asked of a tap, and plan its steps. */
#include "tap_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/guard.h"

bool tap_is_guarded(const struct tap_spec *spec)
{
	return spec->guard != TAP_GUARD_OFF;
}

static int check_name(const char *name, struct error *err)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	size_t length = strlen(name);

	/* the kernel would expand a '%' */
	if (length && length < IF_NAMESIZE && strspn(name, allowed) == length)
		return 0;
	return error_set(err, ERROR_USAGE, EINVAL, "'%s' is no name for a tap", name);
}

static int check_limit(const struct tap_spec *spec, const char *what, unsigned int value,
		       unsigned int max, struct error *err)
{
	if (value <= max)
		return 0;
	return error_set(err, ERROR_USAGE, EINVAL, "tap '%s': %s: %u is above %u", spec->name, what,
			 value, max);
}

static int check_numbers(const struct tap_spec *spec, struct error *err)
{
	const struct {
		const char *what;
		unsigned int value, max;
	} numbers[] = {
		{ "NIC", spec->nic, TAP_NICS_MAX - 1 },
		{ "queues", spec->queues, TAP_QUEUES_MAX },
		{ "addresses", spec->n_addresses, TAP_ADDRESSES_MAX },
		{ "trunk ranges", spec->n_trunk, TAP_TRUNK_MAX },
		{ "rate to the guest", spec->rate_to_guest_mbit, TAP_RATE_MBIT_MAX },
		{ "rate from the guest", spec->rate_from_guest_mbit, TAP_RATE_MBIT_MAX },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(numbers); i++)
		r = check_limit(spec, numbers[i].what, numbers[i].value, numbers[i].max, err);
	return r;
}

static unsigned int steps_of(const struct tap_spec *spec)
{
	unsigned int steps = TAP_DO(TAP_ATTACH) | TAP_DO(TAP_PORT) | TAP_DO(TAP_QDISC) |
			     TAP_DO(TAP_READ_BACK);

	if (tap_is_guarded(spec))
		steps |= TAP_DO(TAP_ENTER) | TAP_DO(TAP_INGRESS) | TAP_DO(TAP_GUARD);
	if (spec->rate_from_guest_mbit)
		steps |= TAP_DO(TAP_INGRESS) | TAP_DO(TAP_POLICE);
	return steps;
}

int tap_plan_init(struct tap_plan *plan, const struct bridge *bridge, const struct tap_spec *spec,
		  struct error *err)
{
	int r;

	*plan = (struct tap_plan){ .bridge = bridge, .spec = spec, .ipv6 = true, .guard_fd = -1 };
	r = check_name(spec->name, err);
	if (r == 0)
		r = check_numbers(spec, err);
	if (r == 0)
		r = tap_vlans_plan(plan, err);
	if (r < 0)
		return r;
	plan->alias = xasprintf("mnmivm-se:%s/%u", spec->vm, spec->nic);
	tap_host_mac(&spec->guest_mac, &plan->host_mac);
	plan->steps |= steps_of(spec);
	return 0;
}

int tap_plan_load_guard(struct tap_plan *plan, struct error *err)
{
	if (!(plan->steps & TAP_DO(TAP_GUARD)))
		return 0;
	return guard_load(plan->spec, &plan->guard_fd, err);
}

void tap_plan_done(struct tap_plan *plan)
{
	free(plan->alias);
	fd_close(&plan->guard_fd);
	*plan = (struct tap_plan){ .guard_fd = -1 };
}
