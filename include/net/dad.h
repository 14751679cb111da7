/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Duplicate address detection on behalf of a guest that does not run yet, and announcing it. Never
 * waits longer than asked; nothing of it is needed for a guest to run.
 */
#ifndef NET_DAD_H
#define NET_DAD_H

#include <stdbool.h>

#include "base/error.h"
#include "base/ip.h"
#include "base/mac.h"
#include "net/bridge.h"
#include "net/tap.h"

/*
 * A probe in progress. On a NIC without VLANs of its own the question is asked on the bridge (its
 * MAC, so that answers come to the host, also while STP holds the tap back); with one, or a trunk,
 * as the guest itself through its tap. The guest does not find the questions in its queue. What the
 * host itself has is not asked for on the bridge: bridge_address_is_local() tells.
 */
struct dad;

/*
 * Ask for each address: an ARP probe (RFC 5227, sender 0.0.0.0) or a neighbour solicitation
 * from :: (RFC 4862, 5.4). tap is borrowed and must hold its descriptors for this call and
 * dad_ask_again(); a QEMU may hold them too, as long as its guest is paused. addresses are
 * copied, at most TAP_ADDRESSES_MAX; none are no question. Needs CAP_NET_RAW (else
 * ERROR_PERMISSION). -ENETDOWN: the bridge is down. Release with dad_close().
 */
int dad_open(const struct bridge *bridge, const struct tap *tap, const struct tap_spec *spec,
	     const struct ip_addr *addresses, unsigned int n, struct dad **ret, struct error *err);
int dad_ask_again(struct dad *dad, struct error *err);

/*
 * Read the answers that have come, waiting timeout_ms (0: not at all) for the first. An answer, an
 * announcement or another's probe for one of the addresses is DAD_CONFLICT (positive), with
 * the address and the MAC that the message names (a copy of the guest elsewhere has the guest's
 * own); DAD_FREE else. Call again to go on listening.
 */
enum dad_result { DAD_FREE, DAD_CONFLICT };
int dad_check(struct dad *dad, int timeout_ms, struct ip_addr *ret_address, struct mac *ret_mac,
	      struct error *err);
void dad_close(struct dad *dad); /* takes NULL */
void dad_closep(struct dad **dad);

/*
 * Announce the guest's addresses from its MAC, through its tap, as if it had sent it itself: a
 * gratuitous ARP request (RFC 5227, 3) for each IPv4 address, an unsolicited neighbour
 * advertisement (RFC 4861, 7.2.6) for each IPv6 address, and RARP where there is none (as QEMU
 * does), so that switches and neighbours learn where it is now. Call while no guest reads from
 * the tap or writes to it: the size of the tap's virtio-net header is asked for
 * (TUNGETVNETHDRSZ) and must not change meanwhile. A port that STP holds back drops them. -EIO: the
 * tap is down.
 */
int dad_announce(const struct tap *tap, const struct tap_spec *spec,
		 const struct ip_addr *addresses, unsigned int n, struct error *err);

#endif
