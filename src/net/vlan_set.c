/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set of VLAN ids. */
#include "vlan_set.h"

bool vlan_set_has(const struct vlan_set *set, unsigned int vid)
{
	return vid < VLAN_IDS && set->word[vid / 64] >> vid % 64 & 1;
}

void vlan_set_add(struct vlan_set *set, unsigned int vid)
{
	if (vid >= 1 && vid <= TAP_VLAN_MAX)
		set->word[vid / 64] |= (uint64_t)1 << vid % 64;
}

void vlan_set_remove(struct vlan_set *set, unsigned int vid)
{
	if (vid < VLAN_IDS)
		set->word[vid / 64] &= ~((uint64_t)1 << vid % 64);
}

bool vlan_set_next(const struct vlan_set *set, unsigned int from, struct tap_vlans *ret)
{
	unsigned int first = from, last;

	while (first <= TAP_VLAN_MAX && !vlan_set_has(set, first))
		first++;
	if (first > TAP_VLAN_MAX)
		return false;
	for (last = first; vlan_set_has(set, last + 1); last++)
		;
	*ret = (struct tap_vlans){ (uint16_t)first, (uint16_t)last };
	return true;
}

bool vlan_set_is_empty(const struct vlan_set *set)
{
	struct tap_vlans ignored;

	return !vlan_set_next(set, 0, &ignored);
}

void vlan_set_format(const struct vlan_set *set, struct buf *out)
{
	struct tap_vlans range = { 0, 0 };
	const char *separator = "";

	while (vlan_set_next(set, range.last + 1U, &range)) {
		buf_printf(out, "%s%u", separator, range.first);
		if (range.last > range.first)
			buf_printf(out, "-%u", range.last);
		separator = ", ";
	}
}
