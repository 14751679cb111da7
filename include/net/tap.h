/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tap on a bridge, made in one go and gone with its last descriptor. */
#ifndef NET_TAP_H
#define NET_TAP_H

#include <net/if.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mac.h"
#include "net/bridge.h"

enum {
	TAP_QUEUES_MAX = 1, /* multi-queue: one descriptor for each, to come */
	TAP_NICS_MAX = 1000,
};

/* What is asked for. Pointers are borrowed for the call. */
struct tap_spec {
	const char *vm; /* full name, for the alias */
	unsigned int nic; /* index, for name and alias, below TAP_NICS_MAX */
	const char *name; /* at most 15 bytes, from tap_name() */
	struct mac guest_mac;
	bool guard; /* lock the port to guest_mac */
	/* to come: VLAN membership, isolated, rate, queues, what the filter lets through */
};

struct tap {
	int fds[TAP_QUEUES_MAX]; /* O_CLOEXEC|O_NONBLOCK; owned */
	unsigned int n_fds;
	unsigned int ifindex;
	char name[IF_NAMESIZE];
	unsigned int mtu;
};

#define TAP_INIT                                                                                   \
	{                                                                                          \
		.fds = { -1 }                                                                      \
	}

/*
 * "mvm-NAME" for NIC 0 and "mvmN-NAME" further on, when that fits 15 bytes; else the name's
 * beginning, '_' and seven digits of a hash of the whole, so that equal names give equal taps on
 * every host and different ones differ. Never truncated silently (CVE-2019-13164): should
 * two hashes meet, the second tap_open() is refused. Empty when nic is TAP_NICS_MAX or more.
 */
void tap_name(const char *vm, unsigned int nic, char out[IF_NAMESIZE]);

/*
 * fe: and the last five bytes of the guest's MAC (fa: when that begins with fe:), so that the
 * bridge, which takes its lowest port's MAC as its own, does not take this one as long as it has
 * another port (or a MAC that was set by hand).
 */
void tap_host_mac(const struct mac *guest, struct mac *ret);

/*
 * Create the tap (IFF_TAP|IFF_NO_PI|IFF_VNET_HDR|IFF_TUN_EXCL), configure it in one batch while
 * it is down (MAC, MTU, alias, master, no IPv6; with guard: port locked, learning off, sticky
 * static entry of the guest's MAC; noqueue), read the result back, set it up. Needs
 * CAP_NET_ADMIN and /dev/net/tun. On failure nothing is left: the tap dies with its descriptor.
 *
 * Takes 7 system calls and 2 round trips, however many links the host has. On success the
 * caller owns ret and releases it with tap_close().
 *
 * ERROR_USAGE: spec->name is no name for a tap. ERROR_CONFLICT: a tap of that name exists, or
 * another port owns the guest's MAC. ERROR_HOST: no /dev/net/tun, bridge full (1023 ports),
 * kernel too old for guard (< 5.18). ERROR_PERMISSION: no CAP_NET_ADMIN.
 */
int tap_open(struct nl_sock *sock, const struct bridge *bridge, const struct tap_spec *spec,
	     struct tap *ret, struct error *err);

/*
 * Close the descriptors, no more. With the last one, a child's included, the kernel removes the
 * tap before close(2) returns, which takes it some 15 to 20 ms. Takes TAP_INIT and closed taps.
 */
void tap_close(struct tap *tap);

/*
 * One descriptor of /dev/vhost-net for a queue. Returns 0 with *ret_fd, or TAP_NO_VHOST
 * (positive) where the node is absent or refused, with the reason in err->message.
 */
enum { TAP_NO_VHOST = 1 };
int tap_open_vhost(int *ret_fd, struct error *err);

/* The operations of tap_open() in words, one a line, for --dry-run. */
void tap_describe(const struct bridge *bridge, const struct tap_spec *spec, struct buf *out);

/* Does a link of this name exist? For status: a tap without QEMU, or the other way round. */
int tap_exists(struct nl_sock *sock, const char *name, bool *ret, struct error *err);

#endif
