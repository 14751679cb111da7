/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words that the tables of frames are written in. */
#ifndef TESTS_FRAME_WORDS_H
#define TESTS_FRAME_WORDS_H

#include "frames.h"

#define ME "52:54:00:12:34:56"
#define MY_IP "192.168.86.10"
#define MY_IP_2 "192.168.86.11"
#define MY_IP6 "2001:db8::10"
#define MY_IP6_2 "fd00::10"
#define MY_LOCAL "fe80::5054:ff:fe12:3456"

/* Whom it would like to be, and whom it talks to; the latter never speaks. */
#define OTHER "52:54:00:65:43:21"
#define GATEWAY "192.168.86.1"
#define GATEWAY6 "fe80::1"
#define PEER "02:00:00:00:00:bb"
#define PEER_IP "192.168.86.20"
#define PEER_IP6 "2001:db8::20"
#define ALL "ff:ff:ff:ff:ff:ff"
#define ALL6 "33:33:00:00:00:01"

#define ETH(to, type) to " " ME " " type " "
#define ARP_BODY(op, mac, ip, target) op " " mac " " ip " 00:00:00:00:00:00 " target " "
#define ARP(op, mac, ip, target) ETH(ALL, "0806") "0001 0800 0604 " ARP_BODY(op, mac, ip, target)
#define RARP(op, mac, ip) ETH(ALL, "8035") "0001 0800 0604 " ARP_BODY(op, mac, ip, "0.0.0.0")

/* protocol, flags and offset of a fragment, addresses */
#define IP4_FRAGMENT(protocol, fragment, from, to)                                                 \
	"4500 len4 0001 " fragment " 40" protocol " 0000 " from " " to " "
#define IP4(protocol, from, to) IP4_FRAGMENT(protocol, "0000", from, to)
#define MY_IP4(protocol) ETH(PEER, "0800") IP4(protocol, MY_IP, PEER_IP)
#define UDP(from, to) from " " to " 000c 0000 01020304 "
#define TCP "3039 0050 00000001 00000000 5002 2000 0000 0000 "

#define IP6(next, from, to) "60000000 len6 " next "ff " from " " to " "
#define MY_IP6_TO(next, to) ETH(ALL6, "86dd") IP6(next, MY_IP6, to)
#define MY_LOCAL_TO(next, to) ETH(ALL6, "86dd") IP6(next, MY_LOCAL, to)
#define NOBODY_TO(next, to) ETH(ALL6, "86dd") IP6(next, "::", to)
#define HOP_BY_HOP(next) next "00 0502 0000 0100 " /* router alert: MLD */
#define OPTIONS(next) next "00 0104 00000000 "
#define ROUTING(next) next "00 0000 00000000 "
#define AUTHENTICATION(next) next "04 0000 00000001 00000001 00*12 "
#define FRAGMENT(next, offset) next "00 " offset " 00000001 "
#define TO_TCP "06"
#define TO_UDP "11"
#define TO_ICMP "3a"
#define TO_FRAGMENT "2c"
#define TO_OPTIONS "3c"
#define TO_ROUTING "2b"
#define TO_AH "33"

#define ECHO "8000 0000 00010001 "
#define ROUTER_SOLICIT "8500 0000 00000000 "
#define ROUTER_ADVERT "8600 0000 40000708 00*8 "
#define SOLICIT(target) "8700 0000 00000000 " target " "
#define ADVERT(target) "8800 0000 60000000 " target " "
#define REDIRECT(target) "8900 0000 00000000 " target " " PEER_IP6 " "
#define FROM_MAC(mac) "0101 " mac " "
#define TO_MAC(mac) "0201 " mac " "
#define NONCE "0e01 010203040506 "
#define TWO_OPTIONS "0001 000a 00*10 0002 000a 00*10 " /* of DHCPv6: client and server */
#define MLD_QUERY "8200 0000 00000000 :: "
#define MLD_REPORT "8300 0000 00000000 ff02::fb "
#define MLD2_REPORT "8f00 0000 00000001 04000000 ff02::1:ff12:3456 "

/* Rows: a name, the frame, and what else there is to say. */
#define GOOD(name_, text_, ...)                                                                    \
	{                                                                                          \
		.name = name_, .text = text_, __VA_ARGS__                                          \
	}
#define ATTACK(level, reason, ...)                                                                 \
	GOOD(__VA_ARGS__, .stopped_by = TAP_GUARD_##level, .drop = GUARD_DROP_##reason)
#define BY_MAC(reason, ...) ATTACK(MAC, reason, __VA_ARGS__)
#define BY_IP(reason, ...) ATTACK(IP, reason, __VA_ARGS__)
#define KEPT .bridge_keeps = true

/* Ask the host to put the checksum of what begins at start to start + offset. */
#define CHECKSUM(start, offset)                                                                    \
	.header = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,                                          \
		    .csum_start = start,                                                           \
		    .csum_offset = offset }

#endif
