/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frames that ask for an address and announce it, and what frames of others claim. Pure. */
#ifndef NET_DAD_FRAMES_H
#define NET_DAD_FRAMES_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/mac.h"
#include "net/tap.h"

/* The longest is a neighbour advertisement: Ethernet 14, IPv6 40, ICMPv6 24, an option 8. */
enum { DAD_FRAME_MAX = 86 };

struct dad_frame {
	uint8_t byte[DAD_FRAME_MAX];
	size_t len;
};

/*
 * ARP probe (RFC 5227, 1.1) or neighbour solicitation from :: (RFC 4862, 5.4.2); addr is of one of
 * the two families.
 */
void dad_frame_probe(const struct ip_addr *addr, const struct mac *from, struct dad_frame *ret);

/* ARP announcement (RFC 5227, 1.1) or unsolicited neighbour advertisement (RFC 4861, 7.2.6). */
void dad_frame_announce(const struct ip_addr *addr, const struct mac *from, struct dad_frame *ret);

/* RARP request for from itself (RFC 903), as QEMU sends after a migration: switches learn by it. */
void dad_frame_rarp(const struct mac *from, struct dad_frame *ret);

/* That somebody has an address, or is about to take it. */
struct dad_claim {
	struct ip_addr address;
	struct mac mac; /* as the message names it: ARP's sender, the link-layer option */
	bool is_probe; /* the claimant is still asking itself */
};

/*
 * Does the frame claim an address? ARP by its sender, or as a probe (RFC 5227, 2.1.1); a
 * neighbour advertisement; a neighbour solicitation from :: . Those of IPv6 only where they are
 * valid by RFC 4861, 7.1.1 and 7.1.2. Reads no byte beyond len.
 */
bool dad_frame_read(const uint8_t *frame, size_t len, struct dad_claim *ret);

/*
 * A socket filter for one link: frames of other stations that may claim one of the addresses (of
 * IPv6 addresses it looks at 32 bits), in no VLAN. With sent it takes those that leave by the link,
 * as the frames for the guest do on its tap; else those that come in.
 */
enum { DAD_FILTER_MAX = 28 + 4 * TAP_ADDRESSES_MAX };

struct dad_filter {
	struct sock_filter code[DAD_FILTER_MAX];
	unsigned short n;
};

void dad_filter_build(const struct ip_addr *addresses, unsigned int n, bool sent,
		      struct dad_filter *ret);

#endif
