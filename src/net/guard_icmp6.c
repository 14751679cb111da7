/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard's look at ICMPv6: neighbour discovery and MLD. */
#include "guard_program.h"

#include <netinet/icmp6.h>
#include <stddef.h>

#include "base/alloc.h"

enum {
	ICMP_MIN = 8,
	TARGET = 8, /* in neighbour solicitations and advertisements (RFC 4861, 4.3, 4.4) */
	OPTIONS_MAX = 4, /* an address and a nonce (RFC 3971) are two */
	OPTION_MIN = 8,
	/* RFC 3122, RFC 3810 */
	INVERSE_SOLICIT = 141,
	INVERSE_ADVERT = 142,
	MLD2_REPORT = 143,
};

/*
 * One option: a link-layer address must be the guest's, or neighbours would send to another's. One
 * of length 0 is met again and again, so that the packet's end is not.
 */
static void emit_option(struct guard_build *build)
{
	struct insn_list *list = build->list;
	unsigned int drop = build->drop[GUARD_DROP_ND];
	unsigned int address = insn_label(list);
	unsigned int next = insn_label(list);

	insn_jump_if(list, BPF_JEQ, GUARD_AT, GUARD_END, build->pass_plain);
	guard_emit_copy_within(build, GUARD_OPTION, OPTION_MIN);
	insn_load(list, BPF_B, BPF_REG_2, BPF_REG_10, GUARD_OPTION + 1);
	insn_load(list, BPF_B, BPF_REG_1, BPF_REG_10, GUARD_OPTION);
	insn_jump_if_const(list, BPF_JEQ, BPF_REG_1, ND_OPT_SOURCE_LINKADDR, address);
	insn_jump_if_const(list, BPF_JNE, BPF_REG_1, ND_OPT_TARGET_LINKADDR, next);
	insn_bind(list, address);
	insn_jump_if_const(list, BPF_JNE, BPF_REG_2, 1, drop);
	guard_emit_unless_mac(build, GUARD_OPTION + 2, drop);
	insn_bind(list, next);
	insn_alu_const(list, BPF_LSH, BPF_REG_2, 3);
	insn_alu(list, BPF_ADD, GUARD_AT, BPF_REG_2);
}

/*
 * A solicitation from :: (duplicate address detection) makes another host that tries the same
 * address at that moment give it up (RFC 4862, 5.4.3), so it is for the guest's own only; one
 * from an address asks for whom it likes. An advertisement is for the guest's own, and from one.
 */
static void emit_target(struct guard_build *build, unsigned int options)
{
	struct insn_list *list = build->list;
	unsigned int advert = insn_label(list);
	unsigned int own = insn_label(list);

	guard_emit_copy_within(build, GUARD_UPPER, sizeof(struct nd_neighbor_solicit));
	insn_alu_const(list, BPF_ADD, GUARD_AT, sizeof(struct nd_neighbor_solicit));
	insn_jump_if_const(list, BPF_JEQ, GUARD_NEXT, ND_NEIGHBOR_ADVERT, advert);
	guard_emit_if_unspecified(build, BPF_JNE, options);
	insn_jump(list, own);
	insn_bind(list, advert);
	guard_emit_if_unspecified(build, BPF_JEQ, build->drop[GUARD_DROP_IPV6]);
	insn_bind(list, own);
	guard_emit_if_own_ipv6(build, GUARD_UPPER + TARGET, options);
	insn_jump(list, build->drop[GUARD_DROP_ND]);
}

static void emit_discovery(struct guard_build *build)
{
	struct insn_list *list = build->list;
	unsigned int target = insn_label(list);
	unsigned int options = insn_label(list);

	/* RFC 6980: never in fragments, an atomic one included */
	insn_load(list, BPF_W, BPF_REG_1, BPF_REG_10, GUARD_FRAGMENT);
	insn_jump_if_const(list, BPF_JNE, BPF_REG_1, 0, build->drop[GUARD_DROP_MALFORMED]);
	insn_jump_if_const(list, BPF_JNE, GUARD_NEXT, ND_ROUTER_SOLICIT, target);
	insn_alu_const(list, BPF_ADD, GUARD_AT, sizeof(struct nd_router_solicit));
	insn_jump(list, options);

	insn_bind(list, target);
	emit_target(build, options);
	insn_bind(list, options);
	for (int i = 0; i < OPTIONS_MAX; i++)
		emit_option(build);
	insn_jump_if(list, BPF_JEQ, GUARD_AT, GUARD_END, build->pass_plain);
	insn_jump(list, build->drop[GUARD_DROP_MALFORMED]);
}

void guard_emit_icmp6(struct guard_build *build)
{
	static const uint8_t never[] = { ND_REDIRECT, INVERSE_SOLICIT, INVERSE_ADVERT };
	static const uint8_t discovery[] = { ND_ROUTER_SOLICIT, ND_NEIGHBOR_SOLICIT,
					     ND_NEIGHBOR_ADVERT };
	static const uint8_t reports[] = { MLD_LISTENER_REPORT, MLD_LISTENER_REDUCTION,
					   MLD2_REPORT }; /* RFC 3590 */
	struct insn_list *list = build->list;
	unsigned int checked = insn_label(list);

	insn_bind(list, build->icmp6);
	guard_emit_copy_within(build, GUARD_UPPER, ICMP_MIN);
	insn_load(list, BPF_B, GUARD_NEXT, BPF_REG_10, GUARD_UPPER);
	insn_jump_if_const(list, BPF_JEQ, GUARD_NEXT, ND_ROUTER_ADVERT, build->drop[GUARD_DROP_RA]);
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		insn_jump_if_const(list, BPF_JEQ, GUARD_NEXT, never[i], build->drop[GUARD_DROP_ND]);
	for (size_t i = 0; i < ARRAY_SIZE(discovery); i++)
		insn_jump_if_const(list, BPF_JEQ, GUARD_NEXT, discovery[i], checked);
	guard_emit_if_unspecified(build, BPF_JNE, build->pass_plain);
	for (size_t i = 0; i < ARRAY_SIZE(reports); i++)
		insn_jump_if_const(list, BPF_JEQ, GUARD_NEXT, reports[i], build->pass_plain);
	insn_jump(list, build->drop[GUARD_DROP_IPV6]);

	insn_bind(list, checked);
	emit_discovery(build);
}
