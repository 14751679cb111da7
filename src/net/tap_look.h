/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is there of a tap's entries, qdiscs and filters. Reads only, a request each. */
#ifndef NET_TAP_LOOK_H
#define NET_TAP_LOOK_H

#include "tap_plan.h"

/* A thing of the tap's, held against the plan. */
enum tap_look {
	TAP_LOOK_ABSENT,
	TAP_LOOK_OTHER, /* there, but not as planned */
	TAP_LOOK_RIGHT,
};

/*
 * The guest's MAC in the bridge's table, in that VLAN (0: in none), for this tap. One that was
 * learned is ABSENT: it goes when the tap is set down.
 */
int tap_look_entry(struct nl_sock *sock, const struct tap_plan *plan, unsigned int vid,
		   enum tap_look *ret, struct error *err);

/* The rate of the root's tbf. */
int tap_look_tbf(struct nl_sock *sock, const struct tap_plan *plan, enum tap_look *ret,
		 struct error *err);

/* A qdisc on ingress, of whatever kind: ABSENT or RIGHT. */
int tap_look_ingress(struct nl_sock *sock, const struct tap_plan *plan, enum tap_look *ret,
		     struct error *err);

/* The guard's filter (RIGHT: of the same program as the plan's, by its tag) and the policer. */
int tap_look_guard(struct nl_sock *sock, const struct tap_plan *plan, enum tap_look *ret,
		   struct error *err);
int tap_look_police(struct nl_sock *sock, const struct tap_plan *plan, enum tap_look *ret,
		    struct error *err);

#endif
