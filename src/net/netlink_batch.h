/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the kernel: many in one system call, one, or a dump. */
#ifndef NET_NETLINK_BATCH_H
#define NET_NETLINK_BATCH_H

#include <stddef.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "net/netlink.h"

struct nl_msg;
struct nlmsghdr;

struct netlink_step {
	struct nl_msg *msg; /* owned */
	char *what; /* owned; in errors: "set tap 'x' up" */
};

/*
 * Requests that the kernel gets in one sendmsg(2) and carries out in order. It goes on past one
 * that it refuses, so what follows such a one must be harmless without it. Start zeroed.
 */
enum { NETLINK_STEPS_MAX = 16 };
struct netlink_batch {
	struct netlink_step step[NETLINK_STEPS_MAX];
	unsigned int n;
	unsigned int failed; /* after a failed send: the first step refused, or n */
};

#define AUTO_BATCH AUTO(netlink_batch_done) struct netlink_batch
void netlink_batch_done(struct netlink_batch *batch);

/*
 * Append msg, which may be NULL where building it failed: sending then fails with -ENOMEM
 * before anything is sent. Takes both msg and what.
 */
void netlink_batch_add(struct netlink_batch *batch, struct nl_msg *msg, char *what);

/*
 * Send, and wait for the answer to the last step, which must ask for one: a GET request or
 * NLM_F_ACK. The others need no NLM_F_ACK: refusals are reported without. ret_reply is replaced by
 * the last answer, a whole message (netlink_reply()). The error is of the first step refused: its
 * words, its errno and the kernel's own explanation (extended ack).
 */
int netlink_batch_send(struct nl_sock *sock, struct netlink_batch *batch, struct buf *ret_reply,
		       struct error *err);
const struct nlmsghdr *netlink_reply(const struct buf *reply);

/* The same for a single request. Takes msg; what is borrowed. */
int netlink_request(struct nl_sock *sock, struct nl_msg *msg, const char *what,
		    struct buf *ret_reply, struct error *err);

/*
 * Send a request with NLM_F_DUMP and call each() for every entry, in the kernel's order. A dump
 * that the kernel marks as inconsistent is asked for again, so each() may see an entry twice.
 * Takes msg; what is borrowed.
 */
int netlink_dump(struct nl_sock *sock, struct nl_msg *msg, const char *what,
		 void (*each)(const struct nlmsghdr *entry, void *arg), void *arg,
		 struct error *err);

/* A request with room for its header of size bytes, copied from header; NULL: no memory. */
struct nl_msg *netlink_message(int type, int flags, const void *header, size_t size);

/* Release a message that a builder could not finish; returns NULL. */
struct nl_msg *netlink_discard(struct nl_msg *msg);

#endif
