/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ethernet addresses. */
#ifndef BASE_MAC_H
#define BASE_MAC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct mac {
	uint8_t byte[6];
};

enum { MAC_TEXT_MAX = 18 };

/*
 * Six pairs of hexadecimal digits with colons, either case. Refuses all zeros
 * and group addresses (lowest bit of the first byte set). ERROR_USAGE.
 */
int mac_parse(const char *text, struct mac *ret, struct error *err);

/* All zeros stands for one that is not yet assigned. */
bool mac_is_set(const struct mac *mac);
bool mac_equal(const struct mac *a, const struct mac *b);

void mac_format(const struct mac *mac, char out[MAC_TEXT_MAX]); /* lower case */

/* 52:54:00 (QEMU's own prefix) and three random bytes, from getrandom(2). */
int mac_random(struct mac *ret, struct error *err);

#endif
