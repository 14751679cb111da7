/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What identifies a tap's qdisc and filters, for making them and for finding them. */
#ifndef NET_TAP_TC_H
#define NET_TAP_TC_H

#include <linux/rtnetlink.h>
#include <stdint.h>

#include "tap_plan.h"

enum {
	TAP_GUARD_PRIORITY = 1,
	TAP_POLICE_PRIORITY = 2,
	TAP_FILTER_HANDLE = 1,
};

uint64_t tap_rate_bytes(unsigned int mbit); /* a second */
uint32_t tap_tbf_limit(uint64_t rate); /* bytes that may wait */
const char *tap_qdisc_kind(const struct tap_spec *spec);
struct tcmsg tap_filter_header(const struct tap_plan *plan, unsigned int priority);

#endif
