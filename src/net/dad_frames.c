/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Build and read the frames of duplicate address detection. */
#include "dad_frames.h"

#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* Offsets in a frame without a VLAN tag: RFC 826, RFC 8200 and RFC 4861, 4.3 and 4.4. */
enum {
	ETHERNET_SOURCE = 6,
	ETHERNET_TYPE = 12,
	ETHERNET_LEN = 14,

	ARP_OPERATION = ETHERNET_LEN + 6,
	ARP_SENDER_MAC = ETHERNET_LEN + 8,
	ARP_SENDER_IP = ETHERNET_LEN + 14,
	ARP_TARGET_IP = ETHERNET_LEN + 24,
	ARP_END = ETHERNET_LEN + 28,

	IP6_LENGTH = ETHERNET_LEN + 4,
	IP6_NEXT_HEADER = ETHERNET_LEN + 6,
	IP6_HOP_LIMIT = ETHERNET_LEN + 7,
	IP6_SOURCE = ETHERNET_LEN + 8,
	IP6_TARGET = ETHERNET_LEN + 24,
	IP6_LEN = 40,
	IP6_ADDRESSES_LEN = 32,

	ND_TYPE = ETHERNET_LEN + IP6_LEN,
	ND_CODE = ND_TYPE + 1,
	ND_CHECKSUM = ND_TYPE + 2,
	ND_FLAGS = ND_TYPE + 4,
	ND_TARGET = ND_TYPE + 8,
	ND_LEN = 24,
	ND_OPTIONS = ND_TYPE + ND_LEN,
	ND_FLAG_SOLICITED = 0x40,
	ND_FLAG_OVERRIDE = 0x20,
	ND_HOP_LIMIT = 255, /* no router passes it on */
};

static const struct mac nobody;
static const struct mac everybody = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
static const uint8_t unspecified[16];
static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };

/* Ethernet and IPv4, addresses of 6 and 4 bytes */
static const uint8_t arp_kind[6] = { 0, ARPHRD_ETHER, ETHERTYPE_IP >> 8, 0, ETH_ALEN, 4 };

static void put(struct dad_frame *frame, const void *data, size_t len)
{
	memcpy(frame->byte + frame->len, data, len);
	frame->len += len;
}

static void put_16(struct dad_frame *frame, unsigned int value)
{
	const uint8_t byte[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	put(frame, byte, sizeof(byte));
}

static unsigned int get_16(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

static void put_ethernet(struct dad_frame *frame, const struct mac *to, const struct mac *from,
			 unsigned int type)
{
	put(frame, to->byte, ETH_ALEN);
	put(frame, from->byte, ETH_ALEN);
	put_16(frame, type);
}

static void put_arp(struct dad_frame *frame, unsigned int operation, const struct mac *sender_mac,
		    const uint8_t *sender_ip, const struct mac *target_mac,
		    const uint8_t *target_ip)
{
	put(frame, arp_kind, sizeof(arp_kind));
	put_16(frame, operation);
	put(frame, sender_mac->byte, ETH_ALEN);
	put(frame, sender_ip, 4);
	put(frame, target_mac->byte, ETH_ALEN);
	put(frame, target_ip, 4);
}

/* RFC 2464, 7 */
static struct mac multicast_mac(const uint8_t *group)
{
	return (struct mac){ { 0x33, 0x33, group[12], group[13], group[14], group[15] } };
}

/* RFC 4291, 2.7.1 */
static void solicited_node(const uint8_t *addr, uint8_t ret[16])
{
	static const uint8_t prefix[13] = { 0xff, 0x02, [11] = 1, [12] = 0xff };

	memcpy(ret, prefix, sizeof(prefix));
	memcpy(ret + 13, addr + 13, 3);
}

static uint32_t sum_16(uint32_t sum, const uint8_t *data, size_t len)
{
	for (; len >= 2; data += 2, len -= 2)
		sum += get_16(data);
	return len ? sum + get_16((const uint8_t[]){ data[0], 0 }) : sum;
}

/*
 * The Internet checksum of len bytes of ICMPv6 and their pseudo-header (RFC 8200, 8.1). 0 where the
 * checksum in them is right.
 */
static unsigned int icmp6_checksum(const uint8_t *frame, size_t len)
{
	uint32_t sum = sum_16((uint32_t)len + IPPROTO_ICMPV6, frame + IP6_SOURCE,
			      IP6_ADDRESSES_LEN);

	sum = sum_16(sum, frame + ND_TYPE, len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static void put_ip6(struct dad_frame *frame, const struct mac *from, const uint8_t *source,
		    const uint8_t *group, unsigned int len)
{
	const struct mac to = multicast_mac(group);
	const uint8_t version[4] = { 0x60 };
	const uint8_t next_and_hops[2] = { IPPROTO_ICMPV6, ND_HOP_LIMIT };

	put_ethernet(frame, &to, from, ETHERTYPE_IPV6);
	put(frame, version, sizeof(version));
	put_16(frame, len);
	put(frame, next_and_hops, sizeof(next_and_hops));
	put(frame, source, 16);
	put(frame, group, 16);
}

static void put_nd(struct dad_frame *frame, uint8_t type, uint8_t flags, const uint8_t *target)
{
	const uint8_t head[8] = { type, [ND_FLAGS - ND_TYPE] = flags };

	put(frame, head, sizeof(head));
	put(frame, target, 16);
}

static void finish_nd(struct dad_frame *frame)
{
	unsigned int checksum = icmp6_checksum(frame->byte, frame->len - ND_TYPE);

	frame->byte[ND_CHECKSUM] = (uint8_t)(checksum >> 8);
	frame->byte[ND_CHECKSUM + 1] = (uint8_t)checksum;
}

void dad_frame_probe(const struct ip_addr *addr, const struct mac *from, struct dad_frame *ret)
{
	uint8_t group[16];

	*ret = (struct dad_frame){ .len = 0 };
	if (addr->family == AF_INET) {
		put_ethernet(ret, &everybody, from, ETHERTYPE_ARP);
		put_arp(ret, ARPOP_REQUEST, from, unspecified, &nobody, addr->byte);
		return;
	}

	/* no option names the sender: there must be none with a source of :: (RFC 4861, 4.3) */
	solicited_node(addr->byte, group);
	put_ip6(ret, from, unspecified, group, ND_LEN);
	put_nd(ret, ND_NEIGHBOR_SOLICIT, 0, addr->byte);
	finish_nd(ret);
}

void dad_frame_announce(const struct ip_addr *addr, const struct mac *from, struct dad_frame *ret)
{
	const uint8_t option[2] = { ND_OPT_TARGET_LINKADDR, 1 };

	*ret = (struct dad_frame){ .len = 0 };
	if (addr->family == AF_INET) {
		put_ethernet(ret, &everybody, from, ETHERTYPE_ARP);
		put_arp(ret, ARPOP_REQUEST, from, addr->byte, &nobody, addr->byte);
		return;
	}
	put_ip6(ret, from, addr->byte, all_nodes, ND_LEN + sizeof(option) + ETH_ALEN);
	put_nd(ret, ND_NEIGHBOR_ADVERT, ND_FLAG_OVERRIDE, addr->byte);
	put(ret, option, sizeof(option));
	put(ret, from->byte, ETH_ALEN);
	finish_nd(ret);
}

void dad_frame_rarp(const struct mac *from, struct dad_frame *ret)
{
	*ret = (struct dad_frame){ .len = 0 };
	put_ethernet(ret, &everybody, from, ETHERTYPE_REVARP);
	put_arp(ret, ARPOP_RREQUEST, from, unspecified, from, unspecified);
}

static struct ip_addr ip_at(int family, const uint8_t *at)
{
	struct ip_addr addr = { .family = family };

	memcpy(addr.byte, at, family == AF_INET ? 4 : 16);
	return addr;
}

static struct mac mac_at(const uint8_t *at)
{
	struct mac mac;

	memcpy(mac.byte, at, sizeof(mac.byte));
	return mac;
}

static bool read_arp(const uint8_t *frame, size_t len, struct dad_claim *claim)
{
	unsigned int operation;

	if (len < ARP_END || memcmp(frame + ETHERNET_LEN, arp_kind, sizeof(arp_kind)) != 0)
		return false;
	operation = get_16(frame + ARP_OPERATION);
	if (operation != ARPOP_REQUEST && operation != ARPOP_REPLY)
		return false;

	claim->mac = mac_at(frame + ARP_SENDER_MAC);
	claim->address = ip_at(AF_INET, frame + ARP_SENDER_IP);
	claim->is_probe = memcmp(claim->address.byte, unspecified, 4) == 0;
	if (claim->is_probe)
		claim->address = ip_at(AF_INET, frame + ARP_TARGET_IP);
	return !claim->is_probe || operation == ARPOP_REQUEST;
}

/* One option of a kind that carries a MAC, or NULL; *ret_valid: all of them have a length. */
static const uint8_t *find_option(const uint8_t *frame, size_t end, uint8_t type, bool *ret_valid)
{
	const uint8_t *found = NULL;
	size_t at, len;

	*ret_valid = true;
	for (at = ND_OPTIONS; at < end; at += len) {
		len = end - at >= 2 ? (size_t)frame[at + 1] * 8 : 0;
		if (!len || len > end - at) {
			*ret_valid = false;
			return NULL;
		}
		if (frame[at] == type && !found)
			found = frame + at + 2;
	}
	return found;
}

/* RFC 4861, 7.1.1, where only those from :: are of interest */
static bool read_solicitation(const uint8_t *frame, size_t end, struct dad_claim *claim)
{
	uint8_t group[16];
	bool valid;

	solicited_node(frame + ND_TARGET, group);
	if (memcmp(frame + IP6_SOURCE, unspecified, 16) != 0 ||
	    memcmp(frame + IP6_TARGET, group, sizeof(group)) != 0)
		return false;
	if (find_option(frame, end, ND_OPT_SOURCE_LINKADDR, &valid) || !valid)
		return false;
	claim->mac = mac_at(frame + ETHERNET_SOURCE);
	claim->is_probe = true;
	return true;
}

/* RFC 4861, 7.1.2 */
static bool read_advertisement(const uint8_t *frame, size_t end, struct dad_claim *claim)
{
	const uint8_t *option;
	bool valid;

	if (frame[IP6_TARGET] == 0xff && frame[ND_FLAGS] & ND_FLAG_SOLICITED)
		return false;
	option = find_option(frame, end, ND_OPT_TARGET_LINKADDR, &valid);
	if (!valid)
		return false;
	claim->mac = mac_at(option ? option : frame + ETHERNET_SOURCE);
	claim->is_probe = false;
	return true;
}

static bool read_nd(const uint8_t *frame, size_t len, struct dad_claim *claim)
{
	size_t nd_len;

	if (len < ND_OPTIONS || frame[ETHERNET_LEN] >> 4 != 6 ||
	    frame[IP6_NEXT_HEADER] != IPPROTO_ICMPV6 || frame[IP6_HOP_LIMIT] != ND_HOP_LIMIT)
		return false;

	/* what is behind the packet is padding */
	nd_len = get_16(frame + IP6_LENGTH);
	if (nd_len < ND_LEN || nd_len > len - ND_TYPE || icmp6_checksum(frame, nd_len) != 0)
		return false;
	if (frame[ND_CODE] != 0 || frame[ND_TARGET] == 0xff)
		return false;

	claim->address = ip_at(AF_INET6, frame + ND_TARGET);
	switch (frame[ND_TYPE]) {
	case ND_NEIGHBOR_SOLICIT:
		return read_solicitation(frame, ND_TYPE + nd_len, claim);
	case ND_NEIGHBOR_ADVERT:
		return read_advertisement(frame, ND_TYPE + nd_len, claim);
	default:
		return false;
	}
}

bool dad_frame_read(const uint8_t *frame, size_t len, struct dad_claim *ret)
{
	struct dad_claim claim = { .is_probe = false };
	bool claims = false;

	if (len < ETHERNET_LEN)
		return false;
	if (get_16(frame + ETHERNET_TYPE) == ETHERTYPE_ARP)
		claims = read_arp(frame, len, &claim);
	else if (get_16(frame + ETHERNET_TYPE) == ETHERTYPE_IPV6)
		claims = read_nd(frame, len, &claim);
	if (claims)
		*ret = claim;
	return claims;
}
