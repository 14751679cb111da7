/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket filter of duplicate address detection. It keeps a busy LAN, and a station that
 * would drown the answers, from filling the socket's buffer.
 */
#include "dad_frames.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* Where the fields are in a frame without a VLAN tag. */
enum {
	AT_TYPE = 12,
	AT_ARP_SENDER_IP = 28,
	AT_ARP_TARGET_IP = 38,
	AT_NEXT_HEADER = 20,
	AT_ND_TYPE = 54,
	AT_ND_TARGET_END = 74, /* the last 32 bits */
	ND_SOLICITATION = 135,
	ND_ADVERTISEMENT = 136,
	VLAN_ID_MASK = 0xfff,
	PASS = 0x40000, /* bytes: the whole frame */
};

static void add(struct dad_filter *filter, unsigned int code, uint32_t operand, uint8_t if_true,
		uint8_t if_false)
{
	filter->code[filter->n++] = (struct sock_filter){
		.code = (uint16_t)code,
		.jt = if_true,
		.jf = if_false,
		.k = operand,
	};
}

static void load(struct dad_filter *filter, unsigned int size, uint32_t at)
{
	add(filter, BPF_LD | size | BPF_ABS, at, 0, 0);
}

static void end(struct dad_filter *filter, uint32_t verdict)
{
	add(filter, BPF_RET | BPF_K, verdict, 0, 0);
}

/* Go on where the value loaded is that one, else drop the frame. */
static void want(struct dad_filter *filter, uint32_t value)
{
	add(filter, BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
	end(filter, 0);
}

static uint32_t last_32_bits(const struct ip_addr *addr)
{
	const uint8_t *at = addr->byte + (addr->family == AF_INET ? 0 : 12);

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void pass_any(struct dad_filter *filter, const struct ip_addr *addresses, unsigned int n,
		     int family)
{
	for (unsigned int i = 0; i < n; i++) {
		if (addresses[i].family != family)
			continue;
		add(filter, BPF_JMP | BPF_JEQ | BPF_K, last_32_bits(&addresses[i]), 0, 1);
		end(filter, PASS);
	}
}

static void build_direction(struct dad_filter *filter, bool sent)
{
	load(filter, BPF_W, SKF_AD_OFF + SKF_AD_PKTTYPE);
	if (sent) {
		want(filter, PACKET_OUTGOING);
		return;
	}
	add(filter, BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 1);
	end(filter, 0);
}

/* The kernel takes a tag out of the frame; without this, another LAN's answers look like ours. */
static void build_vlan(struct dad_filter *filter)
{
	load(filter, BPF_W, SKF_AD_OFF + SKF_AD_VLAN_TAG);
	add(filter, BPF_ALU | BPF_AND | BPF_K, VLAN_ID_MASK, 0, 0);
	want(filter, 0);
}

/* By the sender's address, or where that is 0.0.0.0 by the target's. */
static void build_arp(struct dad_filter *filter, const struct ip_addr *addresses, unsigned int n)
{
	load(filter, BPF_W, AT_ARP_SENDER_IP);
	pass_any(filter, addresses, n, AF_INET);
	want(filter, 0);
	load(filter, BPF_W, AT_ARP_TARGET_IP);
	pass_any(filter, addresses, n, AF_INET);
	end(filter, 0);
}

static void build_nd(struct dad_filter *filter, const struct ip_addr *addresses, unsigned int n)
{
	load(filter, BPF_B, AT_NEXT_HEADER);
	want(filter, IPPROTO_ICMPV6);
	load(filter, BPF_B, AT_ND_TYPE);
	add(filter, BPF_JMP | BPF_JEQ | BPF_K, ND_SOLICITATION, 2, 0);
	want(filter, ND_ADVERTISEMENT);
	load(filter, BPF_W, AT_ND_TARGET_END);
	pass_any(filter, addresses, n, AF_INET6);
	end(filter, 0);
}

void dad_filter_build(const struct ip_addr *addresses, unsigned int n, bool sent,
		      struct dad_filter *ret)
{
	unsigned int fork;

	ret->n = 0;
	build_direction(ret, sent);
	build_vlan(ret);
	load(ret, BPF_H, AT_TYPE);
	fork = ret->n;
	add(ret, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 0, 0);
	build_arp(ret, addresses, n);
	ret->code[fork].jf = (uint8_t)(ret->n - fork - 1);
	want(ret, ETH_P_IPV6);
	build_nd(ret, addresses, n);
}
