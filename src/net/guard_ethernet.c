/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard's look at Ethernet and ARP. */
#include "guard_program.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <net/if_arp.h>
#include <stddef.h>

#include "base/alloc.h"

enum {
	DESTINATION = GUARD_ETHERNET,
	SOURCE = GUARD_ETHERNET + 6,
	ETHERTYPE = GUARD_ETHERNET + 12,
};

/*
 * The core takes the outer 802.1Q or 802.1ad tag out of the frame before the program sees it
 * (skb_vlan_untag), so a tag in the frame is a second one, or one that only switches know.
 */
static void emit_tag(struct guard_build *build)
{
	static const uint16_t tags[] = { ETH_P_8021Q, ETH_P_8021AD, ETH_P_QINQ1, ETH_P_QINQ2,
					 ETH_P_QINQ3 };
	struct insn_list *list = build->list;
	unsigned int drop = build->drop[GUARD_DROP_TAG];
	unsigned int untagged = insn_label(list);

	insn_load(list, BPF_W, BPF_REG_1, GUARD_CTX, offsetof(struct __sk_buff, vlan_present));
	insn_jump_if_const(list, BPF_JEQ, BPF_REG_1, 0, untagged);
	if (build->spec->n_trunk) {
		insn_load(list, BPF_W, BPF_REG_1, GUARD_CTX,
			  offsetof(struct __sk_buff, vlan_proto));
		insn_jump_if_const(list, BPF_JNE, BPF_REG_1, htons(ETH_P_8021Q), drop);
	} else {
		insn_jump(list, drop);
	}
	insn_bind(list, untagged);
	insn_load(list, BPF_H, BPF_REG_1, BPF_REG_10, ETHERTYPE);
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
		insn_jump_if_const(list, BPF_JEQ, BPF_REG_1, htons(tags[i]), drop);
}

/*
 * 01:80:c2:00:00:00 to :0f is what bridges keep to themselves (IEEE 802.1Q, table 8-1; the kernel's
 * bridge passes STP on while its own is off), :20 to :2f GVRP and MVRP, by which a switch's port
 * joins VLANs. 01:00:0c:cc:cc:cc and :cd are Cisco's CDP, VTP and PVST+.
 */
static void emit_control(struct guard_build *build)
{
	static const struct {
		uint16_t first;
		uint32_t mask, rest;
	} groups[] = {
		{ 0x0180, 0xffffffd0, 0xc2000000 },
		{ 0x0100, 0xfffffffe, 0x0ccccccc },
	};
	struct insn_list *list = build->list;

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		unsigned int next = insn_label(list);

		insn_load(list, BPF_H, BPF_REG_1, BPF_REG_10, DESTINATION);
		insn_jump_if_const(list, BPF_JNE, BPF_REG_1, htons(groups[i].first), next);
		insn_load(list, BPF_W, BPF_REG_1, BPF_REG_10, DESTINATION + 2);
		insn_alu32_const(list, BPF_AND, BPF_REG_1, htonl(groups[i].mask));
		insn_jump32_if_const(list, BPF_JEQ, BPF_REG_1, htonl(groups[i].rest),
				     build->drop[GUARD_DROP_CONTROL]);
		insn_bind(list, next);
	}
}

static void emit_dispatch(struct guard_build *build)
{
	struct insn_list *list = build->list;

	insn_load(list, BPF_H, GUARD_NEXT, BPF_REG_10, ETHERTYPE);
	insn_set(list, GUARD_AT, ETH_HLEN);
	insn_jump_if_const(list, BPF_JEQ, GUARD_NEXT, htons(ETH_P_IP), build->ipv4);
	insn_jump_if_const(list, BPF_JEQ, GUARD_NEXT, htons(ETH_P_IPV6), build->ipv6);
	insn_jump_if_const(list, BPF_JEQ, GUARD_NEXT, htons(ETH_P_ARP), build->arp);
	insn_jump_if_const(list, BPF_JEQ, GUARD_NEXT, htons(ETH_P_RARP), build->arp);
	insn_jump(list, build->drop[GUARD_DROP_PROTOCOL]);
}

void guard_emit_ethernet(struct guard_build *build)
{
	struct insn_list *list = build->list;

	insn_move(list, GUARD_CTX, BPF_REG_1);
	insn_set(list, GUARD_AT, 0);
	guard_emit_copy(build, GUARD_ETHERNET, ETH_HLEN);
	guard_emit_unless_mac(build, SOURCE, build->drop[GUARD_DROP_MAC]);
	emit_tag(build);
	emit_control(build);
	if (build->spec->guard == TAP_GUARD_IP)
		emit_dispatch(build);
	else
		insn_jump(list, build->pass_mac);
}

/* Where the fields of RFC 826 are, from GUARD_AT on. */
enum {
	ARP_TYPES = 0, /* hardware and protocol */
	ARP_LENGTHS = 4,
	ARP_OPCODE = 6,
	ARP_SENDER_MAC = 8,
	ARP_SENDER_IP = 14,
	ARP_TARGET_IP = 24,
};

/* An address of the ARP packet to a register; not aligned where the packet is. */
static void emit_arp_address(struct guard_build *build, int field, int reg)
{
	struct insn_list *list = build->list;

	insn_set(list, GUARD_AT, ETH_HLEN + field);
	guard_emit_copy(build, GUARD_OPTION, sizeof(struct in_addr));
	insn_load(list, BPF_W, reg, BPF_REG_10, GUARD_OPTION);
}

/*
 * A probe, from 0.0.0.0, makes another host that probes for the same address at that moment give it
 * up (RFC 5227, 2.1.1), so it is for the guest's own addresses only. RARP is what QEMU announces
 * a guest with: a request, which says nothing of an address.
 */
void guard_emit_arp(struct guard_build *build)
{
	struct insn_list *list = build->list;
	unsigned int drop = build->drop[GUARD_DROP_ARP];
	unsigned int reverse = insn_label(list);

	insn_bind(list, build->arp);
	guard_emit_copy(build, GUARD_HEADER, ARP_SENDER_IP);
	insn_load(list, BPF_W, BPF_REG_1, BPF_REG_10, GUARD_HEADER + ARP_TYPES);
	insn_jump32_if_const(list, BPF_JNE, BPF_REG_1, htonl(ARPHRD_ETHER << 16 | ETH_P_IP), drop);
	insn_load(list, BPF_H, BPF_REG_1, BPF_REG_10, GUARD_HEADER + ARP_LENGTHS);
	insn_jump_if_const(list, BPF_JNE, BPF_REG_1, htons(ETH_ALEN << 8 | sizeof(struct in_addr)),
			   drop);
	guard_emit_unless_mac(build, GUARD_HEADER + ARP_SENDER_MAC, drop);

	emit_arp_address(build, ARP_TARGET_IP, GUARD_END);
	emit_arp_address(build, ARP_SENDER_IP, BPF_REG_1);
	insn_load(list, BPF_H, BPF_REG_2, BPF_REG_10, GUARD_HEADER + ARP_OPCODE);
	insn_jump_if_const(list, BPF_JEQ, GUARD_NEXT, htons(ETH_P_RARP), reverse);
	guard_emit_if_own_ipv4(build, BPF_REG_1, build->pass_plain);
	insn_jump_if_const(list, BPF_JNE, BPF_REG_1, INADDR_ANY, drop);
	insn_jump_if_const(list, BPF_JNE, BPF_REG_2, htons(ARPOP_REQUEST), drop);
	guard_emit_if_own_ipv4(build, GUARD_END, build->pass_plain);
	insn_jump(list, drop);

	insn_bind(list, reverse);
	insn_jump_if_const(list, BPF_JNE, BPF_REG_2, htons(ARPOP_RREQUEST), drop);
	guard_emit_if_own_ipv4(build, BPF_REG_1, build->pass_plain);
	insn_jump_if_const(list, BPF_JNE, BPF_REG_1, INADDR_ANY, drop);
	insn_jump(list, build->pass_plain);
}
