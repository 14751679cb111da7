/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be done to a tap, and the steps that it is made of. */
#ifndef NET_TAP_PLAN_H
#define NET_TAP_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "net/bridge.h"
#include "net/tap.h"
#include "vlan_set.h"

struct link_info;
struct nl_msg;
struct nl_sock;
struct port;

/* The messages that a tap is configured with, in their order. * are for repair only. */
enum tap_step_id {
	TAP_DOWN, /* * */
	TAP_ATTACH,
	TAP_PORT,
	TAP_JOIN,
	TAP_FORGET, /* * the entries of the guest's MAC */
	TAP_LEAVE,
	TAP_ENTER,
	TAP_QDISC,
	TAP_UNFILTER, /* * all filters */
	TAP_INGRESS,
	TAP_GUARD,
	TAP_POLICE,
	TAP_READ_BACK,
	TAP_STEPS,
};
#define TAP_DO(step) (1U << (step))

struct tap_plan {
	const struct bridge *bridge; /* borrowed, as is */
	const struct tap_spec *spec;
	char *alias; /* "mnmivm-se:VM/NIC" */
	struct mac host_mac; /* the tap's own */
	unsigned int ifindex; /* once the tap exists */
	bool ipv6; /* the kernel has IPv6: keep the tap out of it */
	bool replace; /* the filter that is there, in one go */
	int guard_fd; /* the guard's program; -1 until it is loaded */
	unsigned int queues; /* of a new tap; 0: not looked at */
	unsigned int steps; /* TAP_DO() of each */
	struct vlan_set vlans; /* all that are asked for, tagged or not */
	struct vlan_set leave; /* those that TAP_LEAVE takes the tap out of */
};

/*
 * Check what is asked for, and plan the steps of a new tap. ERROR_USAGE: a value that is none.
 * ERROR_HOST: VLANs on a bridge without.
 */
int tap_plan_init(struct tap_plan *plan, const struct bridge *bridge, const struct tap_spec *spec,
		  struct error *err);
void tap_plan_done(struct tap_plan *plan); /* takes a zeroed one */
#define AUTO_PLAN AUTO(tap_plan_done) struct tap_plan

/* Load the guard's program, where there is to be one. */
int tap_plan_load_guard(struct tap_plan *plan, struct error *err);

bool tap_is_guarded(const struct tap_spec *spec);

struct tap_step {
	struct nl_msg *(*build)(const struct tap_plan *plan); /* NULL: no memory */
	void (*say)(const struct tap_plan *plan, struct buf *out);

	/* Word a known errno better; others are left as they are. May be NULL. */
	int (*explain)(const struct tap_plan *plan, int code, struct error *err);
};

/* tap_port.c */
extern const struct tap_step tap_step_down, tap_step_attach, tap_step_port, tap_step_forget,
	tap_step_enter, tap_step_read_back;
struct nl_msg *tap_build_up(const struct tap_plan *plan);

/* tap_vlan.c */
extern const struct tap_step tap_step_join, tap_step_leave;
int tap_vlans_plan(struct tap_plan *plan, struct error *err);

/* Is the port, read with its VLANs, in others than asked for? Tells in words, a line each. */
bool tap_vlans_differ(const struct tap_plan *plan, const struct port *port, struct buf *out);
int tap_vlans_verify(struct nl_sock *sock, const struct tap_plan *plan, struct error *err);

/* tap_tc.c */
extern const struct tap_step tap_step_qdisc, tap_step_unfilter, tap_step_ingress, tap_step_guard,
	tap_step_police;

/* tap_verify.c */
int tap_verify(const struct tap_plan *plan, const struct link_info *link, struct error *err);

/* How the steps read in words, a line each, for errors and for --dry-run; appended to out. */
void tap_say_config(const struct tap_plan *plan, struct buf *out);
void tap_say_up(const struct tap_plan *plan, struct buf *out);

/*
 * Take the planned steps in one batch, and hold what the kernel made of them against the plan. The
 * tap is down and stays so. -EAFNOSUPPORT: the kernel has no IPv6 here. After any failure the
 * tap may be configured in part.
 */
int tap_configure(struct nl_sock *sock, const struct tap_plan *plan, struct error *err);

/* Set the configured tap up. */
int tap_set_up(struct nl_sock *sock, const struct tap_plan *plan, struct error *err);

#endif
