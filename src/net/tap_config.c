/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Make a port of a bridge out of a tap.
 *
 * Theory of operation: all messages go to the kernel in one system call, in the order of the
 * table below, while the tap is down, so that neither side sees a frame before the port is
 * locked. The kernel goes on past a message that it refuses; nothing here does harm then, since
 * the tap is still down and dies with its descriptor. For the same reason IFF_UP is no part of the
 * batch: it would be carried out although the lock was refused. The last message asks for
 * the tap as it is now, which is both the mark that the batch is through and what tap_verify()
 * compares: kernels ignore port attributes that they do not know. VLANs are read after that; of
 * qdiscs and filters the kernel refuses what it does not know.
 *
 * The order matters: the MAC before the master (the bridge takes its lowest port's MAC for its
 * own), the MTU too (a bridge takes its smallest port's), VLANs before the entry of the guest's
 * MAC (which the kernel makes in every VLAN that the port has by then), the guard's filter before
 * the policer. A repair forgets old entries between joining VLANs and leaving others: an entry
 * stays when its port leaves the VLAN, and is out of reach until the port is back in it.
 */
#include "tap_plan.h"

#include <netlink/msg.h>

#include "link.h"
#include "netlink_batch.h"

/* clang-format off */
static const struct tap_step *const steps[TAP_STEPS] = {
	[TAP_DOWN] = &tap_step_down,
	[TAP_ATTACH] = &tap_step_attach,
	[TAP_PORT] = &tap_step_port,
	[TAP_JOIN] = &tap_step_join,
	[TAP_FORGET] = &tap_step_forget,
	[TAP_LEAVE] = &tap_step_leave,
	[TAP_ENTER] = &tap_step_enter,
	[TAP_QDISC] = &tap_step_qdisc,
	[TAP_UNFILTER] = &tap_step_unfilter,
	[TAP_INGRESS] = &tap_step_ingress,
	[TAP_GUARD] = &tap_step_guard,
	[TAP_POLICE] = &tap_step_police,
	[TAP_READ_BACK] = &tap_step_read_back,
};
/* clang-format on */

_Static_assert((int)TAP_STEPS <= (int)NETLINK_STEPS_MAX, "the steps go in one batch");

static bool is_planned(const struct tap_plan *plan, unsigned int step)
{
	return plan->steps & TAP_DO(step);
}

void tap_say_config(const struct tap_plan *plan, struct buf *out)
{
	for (unsigned int i = 0; i < TAP_STEPS; i++) {
		if (!is_planned(plan, i))
			continue;
		steps[i]->say(plan, out);
		buf_puts(out, "\n");
	}
}

static int send_steps(struct nl_sock *sock, const struct tap_plan *plan, struct buf *reply,
		      struct error *err)
{
	const struct tap_step *sent[TAP_STEPS] = { NULL };
	AUTO_BATCH batch = { 0 };
	int r;

	for (unsigned int i = 0; i < TAP_STEPS; i++) {
		AUTO_BUF what = BUF_INIT;

		if (!is_planned(plan, i))
			continue;
		steps[i]->say(plan, &what);
		sent[batch.n] = steps[i];
		netlink_batch_add(&batch, steps[i]->build(plan), buf_steal(&what));
	}
	r = netlink_batch_send(sock, &batch, reply, err);
	if (r < 0 && batch.failed < batch.n && sent[batch.failed]->explain)
		return sent[batch.failed]->explain(plan, -r, err);
	return r;
}

int tap_configure(struct nl_sock *sock, const struct tap_plan *plan, struct error *err)
{
	AUTO_BUF reply = BUF_INIT;
	struct link_info link;
	int r;

	r = send_steps(sock, plan, &reply, err);
	if (r < 0)
		return r;
	r = link_parse(netlink_reply(&reply), &link);
	if (r < 0)
		return error_errno(err, -r, "read tap '%s' back", plan->spec->name);
	r = tap_verify(plan, &link, err);
	if (r == 0 && is_planned(plan, TAP_JOIN))
		r = tap_vlans_verify(sock, plan, err);
	return r;
}

void tap_say_up(const struct tap_plan *plan, struct buf *out)
{
	buf_printf(out, "set tap '%s' up", plan->spec->name);
}

int tap_set_up(struct nl_sock *sock, const struct tap_plan *plan, struct error *err)
{
	AUTO_BUF reply = BUF_INIT;
	AUTO_BUF what = BUF_INIT;

	tap_say_up(plan, &what);
	return netlink_request(sock, tap_build_up(plan), buf_str(&what), &reply, err);
}
