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
	TAP_QUEUES_MAX = 16, /* one descriptor each */
	TAP_NICS_MAX = 1000,
	TAP_ADDRESSES_MAX = 16,
	TAP_TRUNK_MAX = 32, /* ranges */
	TAP_VLAN_MAX = 4094,
	TAP_RATE_MBIT_MAX = 100000,
};

enum tap_guard {
	TAP_GUARD_OFF, /* any frame */
	TAP_GUARD_MAC, /* the guest's MAC only, no tags (unless trunk), no bridge protocols */
	TAP_GUARD_IP, /* and its addresses only: see net/guard.h */
};

struct tap_vlans {
	uint16_t first, last; /* 1 to TAP_VLAN_MAX, first <= last */
};

/* What is asked for. Pointers are borrowed for the call. */
struct tap_spec {
	const char *vm; /* full name, for the alias */
	unsigned int nic; /* index, for name and alias, below TAP_NICS_MAX */
	const char *name; /* at most 15 bytes, from tap_name() */
	struct mac guest_mac;
	enum tap_guard guard;
	const struct ip_addr *addresses; /* the guest's own, of both families; for TAP_GUARD_IP */
	unsigned int n_addresses; /* at most TAP_ADDRESSES_MAX */
	unsigned int queues; /* 1 to TAP_QUEUES_MAX; 0 is 1 */
	uint16_t vlan; /* untagged frames are in this VLAN; 0: the bridge's default_pvid */
	const struct tap_vlans *trunk; /* tagged ones; without vlan there are no untagged frames */
	unsigned int n_trunk; /* at most TAP_TRUNK_MAX */
	bool isolated; /* no frames from or to other isolated ports (Linux 4.18) */
	unsigned int rate_to_guest_mbit; /* 0: unlimited */
	unsigned int rate_from_guest_mbit;
};

struct tap {
	int fds[TAP_QUEUES_MAX]; /* the first n_fds; O_CLOEXEC|O_NONBLOCK; owned */
	unsigned int n_fds;
	unsigned int ifindex;
	char name[IF_NAMESIZE];
	unsigned int mtu;
};

#define TAP_INIT                                                                                   \
	{                                                                                          \
		.n_fds = 0                                                                         \
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
 * Create the tap (IFF_TAP|IFF_NO_PI|IFF_VNET_HDR|IFF_TUN_EXCL; IFF_MULTI_QUEUE for more than one
 * queue), give it to root, so that nobody else joins it by its name, configure it in one batch
 * while it is down, read the result back, set it up. The batch:
 *
 * - MAC, MTU of the bridge, alias, master, no IPv6;
 * - the port's settings: with a guard locked (Linux 5.18), no learning, no flooding of unknown
 *   unicast, no BPDUs, no multicast router; isolation;
 * - the VLANs asked for, and out of the bridge's default_pvid where that is not among them; a NIC
 *   that asks for none stays in it;
 * - with a guard the guest's MAC as a static, sticky entry of the bridge;
 * - qdisc noqueue, or tbf for a rate to the guest;
 * - with a guard its program (net/guard.h) on ingress, then, for a rate from the guest, act_police.
 *
 * Needs CAP_NET_ADMIN, for a guard CAP_BPF too, and /dev/net/tun. On failure nothing is left:
 * the tap dies with its descriptors, all else with the tap; unless another process was quick enough
 * to join it before it was root's, which is seen and refused. On success the caller owns ret and
 * releases it with tap_close().
 *
 * Takes 8 system calls and 2 round trips, however many links the host has; 4 more calls for a
 * guard's program, 2 for each further queue, and one more round trip for VLANs (read back by
 * RTM_GETVLAN, Linux 5.6).
 *
 * ERROR_USAGE: a value of spec is none. ERROR_CONFLICT: a tap of that name exists, another process
 * joined it, or another port owns the guest's MAC. ERROR_HOST: no /dev/net/tun, bridge full (1023
 * ports), VLANs on a bridge without vlan_filtering, or the kernel lacks something: it is named, and
 * so is the way round.
 * ERROR_PERMISSION: no CAP_NET_ADMIN.
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

/*
 * Put a tap that is there (by name and alias; QEMU holds its descriptors) back into the state that
 * tap_open() leaves it in. What is as it should be is left alone: a tap that lacks nothing is
 * not touched, TAP_REPAIR_INTACT. Else it is set down, what differs is configured anew in one batch
 * and read back, and it is set up: TAP_REPAIRED. Filters are renewed together, and counters of
 * dropped frames begin anew with them; a guard of other addresses than spec's differs as well.
 * VLANs that differ from what spec asks for are taken off; where it asks for none they are left
 * alone. The number of queues is not changed.
 *
 * ret_changes gets a line in words for each thing that differed: "lock off\n". check_only: look,
 * tell, change nothing; TAP_REPAIRED means that it would be.
 *
 * Once begun, a failure leaves the tap down: a guest is never connected without its guard.
 * ERROR_NOT_FOUND: no such tap. ERROR_CONFLICT: the link of that name is none of this VM's (alias),
 * or another port has the guest's MAC by now. Else as tap_open().
 */
enum tap_repair { TAP_REPAIR_INTACT, TAP_REPAIRED };
int tap_repair(struct nl_sock *sock, const struct bridge *bridge, const struct tap_spec *spec,
	       bool check_only, enum tap_repair *ret, struct buf *ret_changes, struct error *err);

/*
 * Let the guard of a tap pass the addresses of spec from now on, and touch nothing else: the
 * filter is replaced in one go, its counters begin anew. As it is already: nothing is done. Errors
 * as tap_repair(); the old filter stays then.
 */
int tap_renew_guard(struct nl_sock *sock, const struct bridge *bridge, const struct tap_spec *spec,
		    struct error *err);

/* The operations of tap_open() in words, one a line, for --dry-run. */
void tap_describe(const struct bridge *bridge, const struct tap_spec *spec, struct buf *out);

/* Does a link of this name exist? For status: a tap without QEMU, or the other way round. */
int tap_exists(struct nl_sock *sock, const char *name, bool *ret, struct error *err);

#endif
