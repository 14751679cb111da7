/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an image's maker decided of the guest in it: the catalogue, an image and vm.conf each tell
 * it.
 */
#ifndef CONFIG_GUEST_H
#define CONFIG_GUEST_H

#include <stdint.h>

#include "config/types.h"

enum { GUEST_CPU_LEVEL_MAX = 4 };

struct guest_traits {
	char *user; /* who logs in with the key, where --user says nothing; NULL: not known */
	enum guest_profile profile; /* how it takes its network settings */
	enum firmware firmware;
	uint64_t min_disk_bytes; /* 0: the image's own size */
	unsigned int cpu_level; /* x86-64-vN that it needs, 1 to 4 (x86-64 psABI, 3.1.1) */
};

void guest_traits_init(struct guest_traits *traits); /* bios, default, level 1 */
void guest_traits_done(struct guest_traits *traits);
void guest_traits_copy(struct guest_traits *dst, const struct guest_traits *src); /* replaces dst */

#endif
