/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set of VLAN ids. */
#ifndef NET_VLAN_SET_H
#define NET_VLAN_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/tap.h"

enum { VLAN_IDS = 4096 }; /* IEEE 802.1Q: 0 and 4095 are none, and never in a set */

/* Start zeroed, which is empty. */
struct vlan_set {
	uint64_t word[VLAN_IDS / 64];
};

bool vlan_set_has(const struct vlan_set *set, unsigned int vid);
void vlan_set_add(struct vlan_set *set, unsigned int vid);
void vlan_set_remove(struct vlan_set *set, unsigned int vid);
bool vlan_set_is_empty(const struct vlan_set *set);

/* The first run of ids, none below from, into *ret. False when there is none. */
bool vlan_set_next(const struct vlan_set *set, unsigned int from, struct tap_vlans *ret);

/* "20, 30-40", appended to out. */
void vlan_set_format(const struct vlan_set *set, struct buf *out);

#endif
