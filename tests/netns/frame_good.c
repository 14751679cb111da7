/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest sends in good faith; and tagged frames, of both kinds. */
#include "base/alloc.h"
#include "frame_words.h"

/* TCP, from start on, in segments of size bytes */
#define SEGMENT(kind, start, size)                                                                 \
	.header = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,                                          \
		    .gso_type = VIRTIO_NET_HDR_GSO_##kind,                                         \
		    .hdr_len = (start) + 20,                                                       \
		    .gso_size = size,                                                              \
		    .csum_start = start,                                                           \
		    .csum_offset = 16 }

const struct frame_case frame_good[] = {
	GOOD("ARP request", ARP("0001", ME, MY_IP, PEER_IP)),
	GOOD("ARP reply", ARP("0002", ME, MY_IP_2, PEER_IP)),
	GOOD("ARP, padded", ARP("0001", ME, MY_IP, PEER_IP) "00*18"),
	GOOD("gratuitous ARP", ARP("0001", ME, MY_IP, MY_IP)),
	GOOD("ARP probe for the first", ARP("0001", ME, "0.0.0.0", MY_IP)),
	GOOD("ARP probe", ARP("0001", ME, "0.0.0.0", MY_IP_2)),
	GOOD("RARP announcement",
	     ETH(ALL, "8035") "0001 0800 0604 0003 " ME " 0.0.0.0 " ME " 0.0.0.0 00*18"),
	GOOD("RARP with the address", RARP("0003", ME, MY_IP)),
	GOOD("RARP with the second address", RARP("0003", ME, MY_IP_2)),
	GOOD("TCP", MY_IP4(TO_TCP) TCP),
	GOOD("TCP behind options",
	     ETH(PEER, "0800") "4f00 len4 0001 4000 4006 0000 " MY_IP " " PEER_IP " 01*40 " TCP),
	GOOD("TCP to port 68", MY_IP4(TO_TCP) "3039 0044 00000001 00000000 5002 2000 0000 0000"),
	GOOD("UDP", MY_IP4(TO_UDP) UDP("3039", "0035")),
	GOOD("UDP of the second address",
	     ETH(PEER, "0800") IP4(TO_UDP, MY_IP_2, PEER_IP) UDP("3039", "0035")),
	GOOD("UDP header and no more", MY_IP4(TO_UDP) "3039 0035 0008 0000"),
	GOOD("ping", MY_IP4("01") "0800 0000 00010001 00*32"),
	GOOD("GRE",
	     MY_IP4("2f") "0000 0800 4500 0028 0001 0000 4006 0000 " GATEWAY " " PEER_IP " " TCP),
	GOOD("first fragment",
	     ETH(PEER, "0800")
		     IP4_FRAGMENT(TO_UDP, "2000", MY_IP, PEER_IP) "3039 0801 0bb8 0000 00*1472"),
	GOOD("fragment in between",
	     ETH(PEER, "0800") IP4_FRAGMENT(TO_UDP, "20b9", MY_IP, PEER_IP) "00*1480"),
	GOOD("last fragment",
	     ETH(PEER, "0800") IP4_FRAGMENT(TO_UDP, "0172", MY_IP, PEER_IP) "0043 0044 00*4"),
	GOOD("DHCP discover",
	     ETH(ALL, "0800") IP4(TO_UDP, "0.0.0.0",
				  "255.255.255.255") "0044 0043 0108 0000 0101 0600 00*252"),
	GOOD("DHCP renewal", MY_IP4(TO_UDP) "0044 0043 0108 0000 0101 0600 00*252"),
	GOOD("IGMP report",
	     ETH("01:00:5e:00:00:16", "0800") "4600 len4 0001 0000 0102 0000 " MY_IP
					      " 224.0.0.22 94040000 2200 0000 00000001 "
					      "04000000 224.0.0.251"),
	GOOD("IGMP report from nobody",
	     ETH("01:00:5e:00:00:16", "0800") "4600 len4 0001 0000 0102 0000 0.0.0.0 224.0.0.22 "
					      "94040000 2200 0000 00000001 "
					      "04000000 224.0.0.251"),

	GOOD("IPv6 TCP", MY_IP6_TO(TO_TCP, PEER_IP6) TCP),
	GOOD("IPv6 TCP, padded",
	     ETH(PEER, "86dd") "60000000 0014 0640 " MY_IP6_2 " " PEER_IP6 " " TCP "00*6"),
	GOOD("IPv6 TCP to port 546",
	     MY_IP6_TO(TO_TCP, PEER_IP6) "3039 0222 00000001 00000000 5002 2000 0000 0000"),
	GOOD("IPv6 TCP to a group like a bridge's",
	     ETH("33:33:c2:00:00:01", "86dd") IP6(TO_TCP, MY_IP6, "ff02::c200:1") TCP),
	GOOD("IPv6 UDP", MY_IP6_TO(TO_UDP, PEER_IP6) UDP("3039", "0035")),
	GOOD("IPv6 ping", MY_LOCAL_TO(TO_ICMP, "ff02::1") ECHO),
	GOOD("no next header", MY_IP6_TO("3b", PEER_IP6)),
	GOOD("ESP", MY_IP6_TO("32", PEER_IP6) "00000001 00000001 00*32"),
	GOOD("first fragment of IPv6", MY_IP6_TO(TO_FRAGMENT, PEER_IP6) FRAGMENT(
					       TO_UDP, "0001") "3039 0801 0bb8 0000 00*1440"),
	GOOD("last fragment of IPv6",
	     MY_IP6_TO(TO_FRAGMENT, PEER_IP6) FRAGMENT(TO_UDP, "05a8") "0223 0222 00*4"),
	GOOD("fragment of a ping",
	     MY_IP6_TO(TO_FRAGMENT, PEER_IP6) FRAGMENT(TO_ICMP, "0001") ECHO "00*1440"),
	GOOD("six headers",
	     ETH(PEER, "86dd") IP6("00", MY_IP6, PEER_IP6) HOP_BY_HOP(TO_OPTIONS)
		     OPTIONS(TO_ROUTING) ROUTING(TO_FRAGMENT) FRAGMENT(TO_AH, "0001")
			     AUTHENTICATION(TO_OPTIONS) OPTIONS(TO_UDP) UDP("3039", "0035")),
	GOOD("detection of the own link-local",
	     NOBODY_TO(TO_ICMP, "ff02::1:ff12:3456") SOLICIT(MY_LOCAL)),
	GOOD("detection with a nonce",
	     NOBODY_TO(TO_ICMP, "ff02::1:ff00:10") SOLICIT(MY_IP6_2) NONCE),
	GOOD("solicitation", MY_IP6_TO(TO_ICMP, "ff02::1:ff00:20") SOLICIT(PEER_IP6) FROM_MAC(ME)),
	GOOD("solicitation of reachability", MY_LOCAL_TO(TO_ICMP, GATEWAY6) SOLICIT(GATEWAY6)),
	GOOD("advertisement", MY_IP6_TO(TO_ICMP, PEER_IP6) ADVERT(MY_IP6) TO_MAC(ME)),
	GOOD("advertisement without a MAC", MY_LOCAL_TO(TO_ICMP, PEER_IP6) ADVERT(MY_LOCAL)),
	GOOD("advertisement of the other address",
	     MY_LOCAL_TO(TO_ICMP, "ff02::1") ADVERT(MY_IP6_2) TO_MAC(ME) NONCE),
	GOOD("four options",
	     MY_LOCAL_TO(TO_ICMP, "ff02::1") ADVERT(MY_IP6_2) NONCE NONCE NONCE TO_MAC(ME)),
	GOOD("router solicitation", MY_LOCAL_TO(TO_ICMP, "ff02::2") ROUTER_SOLICIT FROM_MAC(ME)),
	GOOD("router solicitation from nobody", NOBODY_TO(TO_ICMP, "ff02::2") ROUTER_SOLICIT),
	GOOD("MLD report", MY_LOCAL_TO("00", "ff02::16") HOP_BY_HOP(TO_ICMP) MLD2_REPORT),
	GOOD("MLD report from nobody", NOBODY_TO("00", "ff02::16") HOP_BY_HOP(TO_ICMP) MLD2_REPORT),
	GOOD("MLD report of old from nobody",
	     NOBODY_TO("00", "ff02::fb") HOP_BY_HOP(TO_ICMP) MLD_REPORT),
	GOOD("MLD done from nobody",
	     NOBODY_TO("00", "ff02::2") HOP_BY_HOP(TO_ICMP) "8400 0000 00000000 ff02::fb"),
	GOOD("DHCPv6 solicit", MY_LOCAL_TO(TO_UDP, "ff02::1:2") UDP("0222", "0223")),

	/* offloads, as drivers ask for them */
	GOOD("TCP checksum", MY_IP4(TO_TCP) TCP, CHECKSUM(34, 16)),
	GOOD("UDP checksum", MY_IP4(TO_UDP) UDP("3039", "0035"), CHECKSUM(34, 6)),
	GOOD("DHCP with a checksum to fill in",
	     ETH(ALL, "0800") IP4(TO_UDP, "0.0.0.0",
				  "255.255.255.255") "0044 0043 0108 0000 0101 0600 00*252",
	     CHECKSUM(34, 6)),
	GOOD("checksum of a packet almost like DHCP",
	     MY_IP4(TO_UDP) "3039 0035 0108 0000 0201 0700 00*232 63825362 00*16", CHECKSUM(34, 6)),
	GOOD("checksum of a short packet like DHCP",
	     MY_IP4(TO_UDP) "3039 0035 0014 0000 0201 0000 00*8", CHECKSUM(34, 6)),
	GOOD("checksum of a question like DHCPv6",
	     MY_IP6_TO(TO_UDP, PEER_IP6) "3039 0035 0025 0000 02070100 00010000 00000000 "
					 "03 77 77 77 02 64 65 00 001c 0001 00",
	     CHECKSUM(54, 6)),
	GOOD("checksum of few bytes", MY_IP6_TO(TO_UDP, PEER_IP6) "3039 0035 000c 0000 02010203",
	     CHECKSUM(54, 6)),
	GOOD("IPv6 TCP checksum", MY_IP6_TO(TO_TCP, PEER_IP6) TCP, CHECKSUM(54, 16)),
	GOOD("IPv6 UDP checksum behind options",
	     MY_IP6_TO(TO_OPTIONS, PEER_IP6) OPTIONS(TO_UDP) UDP("3039", "0035"), CHECKSUM(62, 6)),
	GOOD("TCP to be segmented", MY_IP4(TO_TCP) TCP "5a*5840", SEGMENT(TCPV4, 34, 1460)),
	GOOD("IPv6 TCP to be segmented",
	     ETH(PEER, "86dd") IP6(TO_TCP, MY_IP6, PEER_IP6) TCP "5a*5760",
	     SEGMENT(TCPV6, 54, 1440)),
};

const size_t frame_n_good = ARRAY_SIZE(frame_good);

const struct frame_case frame_trunk[] = {
	GOOD("tagged TCP", ETH(PEER, "8100 0005 0800") IP4(TO_TCP, MY_IP, PEER_IP) TCP),
	GOOD("priority tag", ETH(PEER, "8100 e000 0800") IP4(TO_TCP, MY_IP, PEER_IP) TCP),
	GOOD("tagged ARP",
	     ETH(ALL, "8100 0fff 0806") "0001 0800 0604 " ARP_BODY("0001", ME, MY_IP, PEER_IP)),
	GOOD("tagged solicitation",
	     ETH(ALL6, "8100 0005 86dd") IP6(TO_ICMP, MY_IP6, "ff02::1:ff00:20") SOLICIT(PEER_IP6)
		     FROM_MAC(ME)),
	GOOD("untagged TCP", MY_IP4(TO_TCP) TCP),
	BY_MAC(TAG, "802.1ad", ETH(PEER, "88a8 0005 0800") IP4(TO_TCP, MY_IP, PEER_IP) TCP),
	BY_MAC(TAG, "two tags",
	       ETH(PEER, "8100 0005 8100 0006 0800") IP4(TO_TCP, MY_IP, PEER_IP) TCP),
	BY_MAC(TAG, "QinQ", ETH(PEER, "88a8 0005 8100 0006 0800") IP4(TO_TCP, MY_IP, PEER_IP) TCP),
	BY_MAC(TAG, "QinQ within",
	       ETH(PEER, "8100 0005 88a8 0006 0800") IP4(TO_TCP, MY_IP, PEER_IP) TCP),
	BY_MAC(MAC, "tagged and another's MAC", ALL " " OTHER " 8100 0005 88b5 00*46"),
	BY_MAC(CONTROL, "tagged STP", ETH("01:80:c2:00:00:00", "8100 0005 0026") "424203 00*35"),
	BY_IP(PROTOCOL, "tagged and unknown", ETH(PEER, "8100 0005 88b5") "00*46"),
	BY_IP(ARP, "tagged and forged ARP",
	      ETH(ALL, "8100 0005 0806") "0001 0800 0604 " ARP_BODY("0002", ME, GATEWAY, PEER_IP)),
	BY_IP(IPV4, "tagged and forged source",
	      ETH(PEER, "8100 0005 0800") IP4(TO_TCP, GATEWAY, PEER_IP) TCP),
	BY_IP(DHCP, "tagged DHCP offer",
	      ETH(ALL, "8100 0005 0800") IP4(TO_UDP, MY_IP, "255.255.255.255") UDP("0043", "0044")),
	BY_IP(RA, "tagged router advertisement",
	      ETH(ALL6, "8100 0005 86dd") IP6(TO_ICMP, MY_LOCAL, "ff02::1") ROUTER_ADVERT),
	BY_IP(MALFORMED, "tagged and cut short", ETH(PEER, "8100 0005 0800") "4500"),
};

const size_t frame_n_trunk = ARRAY_SIZE(frame_trunk);
