/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages that make a port of a bridge out of a new tap. */
#ifndef NET_TAP_CONFIG_H
#define NET_TAP_CONFIG_H

#include <stdbool.h>

#include "base/buf.h"
#include "net/bridge.h"
#include "net/tap.h"

/* What tap_open() is about to do; the first two are borrowed. */
struct tap_plan {
	const struct bridge *bridge;
	const struct tap_spec *spec;
	struct mac host_mac; /* the tap's own */
	unsigned int ifindex; /* once the tap exists */
	bool ipv6; /* the kernel has IPv6: keep the tap out of it */
};

/* How the steps read in words, for errors and for --dry-run; appended to out. */
void tap_say_config(const struct tap_plan *plan, struct buf *out); /* a line for each message */
void tap_say_up(const struct tap_plan *plan, struct buf *out);

/*
 * Configure the tap, which is down and stays so, in one batch, and hold what the kernel made of
 * it against the plan. -EAFNOSUPPORT: the kernel has no IPv6 here. After any failure the tap may
 * be configured in part: it is to be closed.
 */
int tap_configure(struct nl_sock *sock, const struct tap_plan *plan, struct error *err);

/* Set the configured tap up. */
int tap_set_up(struct nl_sock *sock, const struct tap_plan *plan, struct error *err);

struct link_info;

/* Is the link, read back from the kernel, what was asked for? (tap_verify.c) */
int tap_verify(const struct tap_plan *plan, const struct link_info *link, struct error *err);

#endif
