/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard's look at IPv6, along its extension headers. */
#include "guard_program.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <stddef.h>

#include "base/alloc.h"

enum {
	PORT_DHCP_CLIENT = 546,
	HEADERS_MAX = 6, /* as many as RFC 8200, 4.1 puts into one packet, but ESP */
	EXTENSION_MIN = 8,
	OFFSET_MASK = 0xfff8, /* RFC 8200, 4.5 */
};

/* What the walk goes past. */
static const uint8_t extensions[] = { IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS, IPPROTO_AH,
				      IPPROTO_FRAGMENT };

/* What could hide another header, and has no business on a LAN. */
static const uint8_t refused[] = { IPPROTO_MH, 139 /* HIP */, 140 /* Shim6 */ };

void guard_emit_if_unspecified(struct guard_build *build, int op, unsigned int label)
{
	enum { SOURCE = GUARD_HEADER + (int)offsetof(struct ipv6hdr, saddr) };
	struct insn_list *list = build->list;

	insn_load(list, BPF_DW, BPF_REG_1, BPF_REG_10, SOURCE);
	insn_load(list, BPF_DW, BPF_REG_2, BPF_REG_10, SOURCE + 8);
	insn_alu(list, BPF_OR, BPF_REG_1, BPF_REG_2);
	insn_jump_if_const(list, op, BPF_REG_1, 0, label);
}

/* Leaves GUARD_AT behind the header, GUARD_END behind the packet. No jumbograms (RFC 2675). */
static void emit_header(struct guard_build *build)
{
	struct insn_list *list = build->list;

	guard_emit_copy(build, GUARD_HEADER, sizeof(struct ipv6hdr));
	insn_load(list, BPF_B, BPF_REG_1, BPF_REG_10, GUARD_HEADER);
	insn_alu_const(list, BPF_RSH, BPF_REG_1, 4);
	insn_jump_if_const(list, BPF_JNE, BPF_REG_1, 6, build->drop[GUARD_DROP_MALFORMED]);
	insn_load(list, BPF_H, GUARD_END, BPF_REG_10,
		  GUARD_HEADER + (int)offsetof(struct ipv6hdr, payload_len));
	insn_from_be16(list, GUARD_END);
	insn_alu_const(list, BPF_ADD, GUARD_END, ETH_HLEN + sizeof(struct ipv6hdr));
	insn_load(list, BPF_B, GUARD_NEXT, BPF_REG_10,
		  GUARD_HEADER + (int)offsetof(struct ipv6hdr, nexthdr));
	insn_alu_const(list, BPF_ADD, GUARD_AT, sizeof(struct ipv6hdr));
	insn_store_const(list, BPF_W, BPF_REG_10, GUARD_FRAGMENT, 0);
}

static void emit_source(struct guard_build *build)
{
	struct insn_list *list = build->list;
	unsigned int good = insn_label(list);

	guard_emit_if_own_ipv6(build, GUARD_HEADER + (int)offsetof(struct ipv6hdr, saddr), good);
	guard_emit_if_unspecified(build, BPF_JNE, build->drop[GUARD_DROP_IPV6]);
	insn_bind(list, good);
}

/* A fragment without the beginning has nothing more to show; the one with it must show it all. */
static void emit_fragment(struct guard_build *build, unsigned int rest)
{
	struct insn_list *list = build->list;

	insn_load(list, BPF_W, BPF_REG_1, BPF_REG_10, GUARD_FRAGMENT);
	insn_jump_if_const(list, BPF_JNE, BPF_REG_1, 0, build->drop[GUARD_DROP_MALFORMED]);
	insn_store_const(list, BPF_W, BPF_REG_10, GUARD_FRAGMENT, 1);
	insn_load(list, BPF_B, GUARD_NEXT, BPF_REG_10, GUARD_OPTION);
	insn_alu_const(list, BPF_ADD, GUARD_AT, EXTENSION_MIN);
	insn_load(list, BPF_H, BPF_REG_1, BPF_REG_10, GUARD_OPTION + 2);
	insn_jump_if_const(list, BPF_JSET, BPF_REG_1, htons(OFFSET_MASK), rest);
}

/* Go past one extension header, or to upper. */
static void emit_step(struct guard_build *build, unsigned int upper, unsigned int rest)
{
	struct insn_list *list = build->list;
	unsigned int extension = insn_label(list);
	unsigned int options = insn_label(list);
	unsigned int authentication = insn_label(list);
	unsigned int skip = insn_label(list);
	unsigned int next = insn_label(list);

	for (size_t i = 0; i < ARRAY_SIZE(extensions); i++)
		insn_jump_if_const(list, BPF_JEQ, GUARD_NEXT, extensions[i], extension);
	insn_jump(list, upper);

	insn_bind(list, extension);
	guard_emit_copy_within(build, GUARD_OPTION, EXTENSION_MIN);
	insn_jump_if_const(list, BPF_JNE, GUARD_NEXT, IPPROTO_FRAGMENT, options);
	emit_fragment(build, rest);
	insn_jump(list, next);

	/*
	 * the length: by eight bytes, without the first; that of AH (RFC 4302) by four, without two
	 */
	insn_bind(list, options);
	insn_load(list, BPF_B, BPF_REG_1, BPF_REG_10, GUARD_OPTION + 1);
	insn_jump_if_const(list, BPF_JEQ, GUARD_NEXT, IPPROTO_AH, authentication);
	insn_alu_const(list, BPF_ADD, BPF_REG_1, 1);
	insn_alu_const(list, BPF_LSH, BPF_REG_1, 3);
	insn_jump(list, skip);
	insn_bind(list, authentication);
	insn_alu_const(list, BPF_ADD, BPF_REG_1, 2);
	insn_alu_const(list, BPF_LSH, BPF_REG_1, 2);
	insn_bind(list, skip);
	insn_alu(list, BPF_ADD, GUARD_AT, BPF_REG_1);
	insn_load(list, BPF_B, GUARD_NEXT, BPF_REG_10, GUARD_OPTION);
	insn_jump_if(list, BPF_JGT, GUARD_AT, GUARD_END, build->drop[GUARD_DROP_MALFORMED]);
	insn_bind(list, next);
}

/* As for IPv4, whatever port it comes from; see guard_ipv4.c. */
static void emit_udp(struct guard_build *build)
{
	struct insn_list *list = build->list;

	guard_emit_copy_within(build, GUARD_UPPER, sizeof(struct udphdr));
	insn_load(list, BPF_H, BPF_REG_1, BPF_REG_10, GUARD_UPPER + 2);
	insn_jump_if_const(list, BPF_JEQ, BPF_REG_1, htons(PORT_DHCP_CLIENT),
			   build->drop[GUARD_DROP_DHCP]);
}

void guard_emit_ipv6(struct guard_build *build)
{
	struct insn_list *list = build->list;
	unsigned int malformed = build->drop[GUARD_DROP_MALFORMED];
	unsigned int upper = insn_label(list);
	unsigned int rest = insn_label(list);

	insn_bind(list, build->ipv6);
	emit_header(build);
	emit_source(build);
	for (int i = 0; i < HEADERS_MAX; i++)
		emit_step(build, upper, rest);
	for (size_t i = 0; i < ARRAY_SIZE(extensions); i++)
		insn_jump_if_const(list, BPF_JEQ, GUARD_NEXT, extensions[i], malformed);

	insn_bind(list, upper);
	insn_jump_if_const(list, BPF_JEQ, GUARD_NEXT, IPPROTO_ICMPV6, build->icmp6);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		insn_jump_if_const(list, BPF_JEQ, GUARD_NEXT, refused[i], malformed);
	insn_jump_if_const(list, BPF_JNE, GUARD_NEXT, IPPROTO_UDP, rest);
	emit_udp(build);
	insn_bind(list, rest);
	guard_emit_if_unspecified(build, BPF_JEQ, build->drop[GUARD_DROP_IPV6]);
	insn_load(list, BPF_W, BPF_REG_1, BPF_REG_10, GUARD_FRAGMENT);
	insn_jump_if_const(list, BPF_JNE, BPF_REG_1, 0, build->pass_plain);
	insn_jump(list, build->pass_upper);
	guard_emit_icmp6(build);
}
