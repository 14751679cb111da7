/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard's look at IPv4. */
#include "guard_program.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/igmp.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <stddef.h>

enum {
	PORT_DHCP_SERVER = 67,
	PORT_DHCP_CLIENT = 68,
	IHL_MIN = 5,
	OFFSET_MASK = 0x1fff, /* RFC 791: of frag_off */
	MORE_FRAGMENTS = 0x2000,
};

static void load_field(struct insn_list *list, int size, int dst, size_t offset)
{
	insn_load(list, size, dst, BPF_REG_10, (int16_t)(GUARD_HEADER + (int)offset));
}

/* Leaves GUARD_AT behind the header and its options, GUARD_END behind the packet. */
static void emit_header(struct guard_build *build)
{
	struct insn_list *list = build->list;
	unsigned int malformed = build->drop[GUARD_DROP_MALFORMED];

	guard_emit_copy(build, GUARD_HEADER, sizeof(struct iphdr));
	load_field(list, BPF_H, GUARD_END, offsetof(struct iphdr, tot_len));
	insn_from_be16(list, GUARD_END);
	insn_alu_const(list, BPF_ADD, GUARD_END, ETH_HLEN);

	load_field(list, BPF_B, BPF_REG_1, 0);
	insn_move(list, BPF_REG_2, BPF_REG_1);
	insn_alu_const(list, BPF_RSH, BPF_REG_2, 4);
	insn_jump_if_const(list, BPF_JNE, BPF_REG_2, 4, malformed);
	insn_alu_const(list, BPF_AND, BPF_REG_1, 0xf);
	insn_jump_if_const(list, BPF_JLT, BPF_REG_1, IHL_MIN, malformed);
	insn_alu_const(list, BPF_LSH, BPF_REG_1, 2);
	insn_alu(list, BPF_ADD, GUARD_AT, BPF_REG_1);
	insn_jump_if(list, BPF_JGT, GUARD_AT, GUARD_END, malformed);
	load_field(list, BPF_B, GUARD_NEXT, offsetof(struct iphdr, protocol));
	load_field(list, BPF_H, BPF_REG_3, offsetof(struct iphdr, frag_off));
}

/*
 * Clients take an offer from any port, and some from any address (they read raw frames), so it is
 * the port that it goes to which counts. Only the first fragment has it; no other can write
 * over it, since offsets count by eight bytes, the length of the whole UDP header.
 */
static void emit_own(struct guard_build *build)
{
	struct insn_list *list = build->list;
	unsigned int checked = insn_label(list);

	insn_jump_if_const(list, BPF_JSET, BPF_REG_3, htons(OFFSET_MASK), build->pass_plain);
	insn_jump_if_const(list, BPF_JNE, GUARD_NEXT, IPPROTO_UDP, checked);
	guard_emit_copy_within(build, GUARD_UPPER, sizeof(struct udphdr));
	insn_load(list, BPF_H, BPF_REG_1, BPF_REG_10, GUARD_UPPER + 2);
	insn_jump_if_const(list, BPF_JEQ, BPF_REG_1, htons(PORT_DHCP_CLIENT),
			   build->drop[GUARD_DROP_DHCP]);
	insn_bind(list, checked);
	load_field(list, BPF_H, BPF_REG_1, offsetof(struct iphdr, frag_off));
	insn_jump_if_const(list, BPF_JSET, BPF_REG_1, htons(MORE_FRAGMENTS), build->pass_plain);
	insn_jump(list, build->pass_upper);
}

/* A host without an address: DHCP (RFC 2131, 4.1) and IGMP reports (RFC 3376, 4.2.13). */
static void emit_unspecified(struct guard_build *build)
{
	struct insn_list *list = build->list;
	unsigned int drop = build->drop[GUARD_DROP_IPV4];
	unsigned int dhcp = insn_label(list);

	insn_jump_if_const(list, BPF_JSET, BPF_REG_3, htons(OFFSET_MASK | MORE_FRAGMENTS), drop);
	insn_jump_if_const(list, BPF_JEQ, GUARD_NEXT, IPPROTO_UDP, dhcp);
	insn_jump_if_const(list, BPF_JNE, GUARD_NEXT, IPPROTO_IGMP, drop);
	guard_emit_copy_within(build, GUARD_UPPER, sizeof(struct igmphdr));
	insn_load(list, BPF_B, BPF_REG_1, BPF_REG_10, GUARD_UPPER);
	insn_jump_if_const(list, BPF_JEQ, BPF_REG_1, IGMP_HOST_MEMBERSHIP_QUERY, drop);
	insn_jump(list, build->pass_plain);

	insn_bind(list, dhcp);
	load_field(list, BPF_W, BPF_REG_1, offsetof(struct iphdr, daddr));
	insn_jump32_if_const(list, BPF_JNE, BPF_REG_1, INADDR_BROADCAST, drop);
	guard_emit_copy_within(build, GUARD_UPPER, sizeof(struct udphdr));
	insn_load(list, BPF_W, BPF_REG_1, BPF_REG_10, GUARD_UPPER);
	insn_jump32_if_const(list, BPF_JNE, BPF_REG_1,
			     htonl(PORT_DHCP_CLIENT << 16 | PORT_DHCP_SERVER), drop);
	insn_jump(list, build->pass_upper);
}

void guard_emit_ipv4(struct guard_build *build)
{
	struct insn_list *list = build->list;
	unsigned int own = insn_label(list);

	insn_bind(list, build->ipv4);
	emit_header(build);
	load_field(list, BPF_W, BPF_REG_1, offsetof(struct iphdr, saddr));
	guard_emit_if_own_ipv4(build, BPF_REG_1, own);
	insn_jump_if_const(list, BPF_JNE, BPF_REG_1, INADDR_ANY, build->drop[GUARD_DROP_IPV4]);
	emit_unspecified(build);
	if (insn_is_wanted(list, own)) {
		insn_bind(list, own);
		emit_own(build);
	}
}
