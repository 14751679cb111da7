/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guard does about checksums that the host is to fill in.
 *
 * A frame may ask for that (VIRTIO_NET_HDR_F_NEEDS_CSUM). From where on to sum up and where to
 * write is the guest's choice, and the host writes when the frame goes out, behind the filter. So
 * a guest could have anything that was checked replaced by two bytes of its choice, if it adds
 * what makes the sum come out right: an Ethernet type by that of a tag, a sender's address, a port.
 *
 * A program is not shown the place, but two helpers depend on it. bpf_l4_csum_replace() changes
 * a checksum only in frames that do not ask for one; it is tried on the source MAC, which is
 * known and put back. bpf_skb_change_tail() refuses to shorten a frame to less than where the sum
 * begins (the transport header; Linux 6.1.192) or is written (6.18). An attempt that succeeds
 * tells that this is too far ahead; the frame, cut short by it, is dropped. No place is before the
 * beginning, so what is ahead of that is safe; but for the last two bytes of the header before, in
 * kernels that tell by the place: its destination, or padding.
 *
 * Behind it, only the port of a UDP packet matters. A packet that gets its port like this is known
 * by what it carries: the place for two bytes is used up.
 */
#include "guard_program.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <stddef.h>

#include "base/alloc.h"

enum {
	SOURCE_MAC = ETH_ALEN,
	DHCP_SEEN = 12, /* bytes of a message that are looked at first */
	BOOTREPLY = 2, /* RFC 951 */
	BOOTP_COOKIE = 236, /* offset; RFC 2131, 3 */
	DHCP6_HEADER = 4, /* RFC 8415, 8 */
	DHCP6_OPTION = 4,
	DHCP6_OPTIONS_MAX = 4, /* as many in a row are no coincidence */
};

/* Goes on where a checksum is asked for; else jumps to pass. */
static void emit_unless_asked_for(struct guard_build *build)
{
	uint16_t mac = guard_bytes16(build->spec->guest_mac.byte);
	struct insn_list *list = build->list;
	unsigned int asked_for = insn_label(list);

	insn_move(list, BPF_REG_1, GUARD_CTX);
	insn_set(list, BPF_REG_2, SOURCE_MAC);
	insn_set(list, BPF_REG_3, 0);
	insn_set(list, BPF_REG_4, 1);
	insn_set(list, BPF_REG_5, sizeof(mac));
	insn_call(list, BPF_FUNC_l4_csum_replace);

	/* what the helper has just had in hand is in one piece */
	insn_load(list, BPF_W, BPF_REG_1, GUARD_CTX, offsetof(struct __sk_buff, data));
	insn_load(list, BPF_W, BPF_REG_2, GUARD_CTX, offsetof(struct __sk_buff, data_end));
	insn_move(list, BPF_REG_3, BPF_REG_1);
	insn_alu_const(list, BPF_ADD, BPF_REG_3, SOURCE_MAC + sizeof(mac));
	insn_jump_if(list, BPF_JGT, BPF_REG_3, BPF_REG_2, build->drop[GUARD_DROP_MALFORMED]);
	insn_load(list, BPF_H, BPF_REG_2, BPF_REG_1, SOURCE_MAC);
	insn_jump32_if_const(list, BPF_JEQ, BPF_REG_2, mac, asked_for);
	insn_store_const(list, BPF_H, BPF_REG_1, SOURCE_MAC, mac);
	insn_jump(list, build->pass);
	insn_bind(list, asked_for);
}

/* Drops a frame whose sum begins at the offset in register 2, or before. */
static void emit_unless_behind(struct guard_build *build)
{
	struct insn_list *list = build->list;

	insn_move(list, BPF_REG_1, GUARD_CTX);
	insn_set(list, BPF_REG_3, 0);
	insn_call(list, BPF_FUNC_skb_change_tail);
	insn_jump_if_const(list, BPF_JNE, BPF_REG_0, -EINVAL, build->drop[GUARD_DROP_MALFORMED]);
}

/* A reply's first fields are fixed; a client that ignores them wants the cookie. */
static void emit_dhcp4(struct guard_build *build)
{
	static const uint8_t reply[] = { BOOTREPLY, 1, ETH_ALEN };
	struct insn_list *list = build->list;
	unsigned int drop = build->drop[GUARD_DROP_DHCP];
	unsigned int other = insn_label(list);

	for (int16_t i = 0; i < (int16_t)sizeof(reply); i++) {
		insn_load(list, BPF_B, BPF_REG_1, BPF_REG_10, GUARD_UPPER + 8 + i);
		insn_jump_if_const(list, BPF_JNE, BPF_REG_1, reply[i], i ? other : build->pass);
	}
	insn_jump(list, drop);
	insn_bind(list, other);
	insn_alu_const(list, BPF_ADD, GUARD_AT, sizeof(struct udphdr) + BOOTP_COOKIE);
	guard_emit_try_copy(build, GUARD_OPTION, sizeof(uint32_t), build->pass);
	insn_load(list, BPF_W, BPF_REG_1, BPF_REG_10, GUARD_OPTION);
	insn_jump32_if_const(list, BPF_JEQ, BPF_REG_1, htonl(0x63825363), drop);
	insn_jump(list, build->pass);
}

/* Nothing in a reply is fixed but its type; what follows has to be options up to the end. */
static void emit_dhcp6(struct guard_build *build)
{
	static const uint8_t replies[] = { 2, 7, 10 }; /* advertise, reply, reconfigure */
	struct insn_list *list = build->list;
	unsigned int is_reply = insn_label(list);
	unsigned int drop = build->drop[GUARD_DROP_DHCP];

	insn_load(list, BPF_B, BPF_REG_1, BPF_REG_10, GUARD_UPPER + 8);
	for (size_t i = 0; i < ARRAY_SIZE(replies); i++)
		insn_jump_if_const(list, BPF_JEQ, BPF_REG_1, replies[i], is_reply);
	insn_jump(list, build->pass);

	insn_bind(list, is_reply);
	insn_load(list, BPF_H, GUARD_END, BPF_REG_10, GUARD_UPPER + 4);
	insn_from_be16(list, GUARD_END);
	insn_alu(list, BPF_ADD, GUARD_END, GUARD_AT);
	insn_alu_const(list, BPF_ADD, GUARD_AT, sizeof(struct udphdr) + DHCP6_HEADER);
	for (int i = 0; i < DHCP6_OPTIONS_MAX; i++) {
		insn_jump_if(list, BPF_JEQ, GUARD_AT, GUARD_END, drop);
		guard_emit_try_copy(build, GUARD_OPTION, DHCP6_OPTION, build->pass);
		insn_load(list, BPF_H, BPF_REG_1, BPF_REG_10, GUARD_OPTION + 2);
		insn_from_be16(list, BPF_REG_1);
		insn_alu_const(list, BPF_ADD, BPF_REG_1, DHCP6_OPTION);
		insn_alu(list, BPF_ADD, GUARD_AT, BPF_REG_1);
		insn_jump_if(list, BPF_JGT, GUARD_AT, GUARD_END, build->pass);
	}
	insn_jump(list, drop);
}

static void emit_upper(struct guard_build *build)
{
	struct insn_list *list = build->list;
	unsigned int ipv6 = insn_label(list);

	insn_bind(list, build->pass_upper);
	emit_unless_asked_for(build);
	insn_move(list, BPF_REG_2, GUARD_AT);
	insn_alu_const(list, BPF_SUB, BPF_REG_2, 1);
	emit_unless_behind(build);
	insn_jump_if_const(list, BPF_JNE, GUARD_NEXT, IPPROTO_UDP, build->pass);
	guard_emit_try_copy(build, GUARD_UPPER, sizeof(struct udphdr) + DHCP_SEEN, build->pass);
	insn_load(list, BPF_H, BPF_REG_1, BPF_REG_10, GUARD_ETHERNET + 12);
	insn_jump_if_const(list, BPF_JEQ, BPF_REG_1, htons(ETH_P_IPV6), ipv6);
	emit_dhcp4(build);
	insn_bind(list, ipv6);
	emit_dhcp6(build);
}

void guard_emit_pass(struct guard_build *build)
{
	struct insn_list *list = build->list;

	if (insn_is_wanted(list, build->pass_plain)) {
		insn_bind(list, build->pass_plain);
		emit_unless_asked_for(build);
		insn_jump(list, build->drop[GUARD_DROP_MALFORMED]);
	}
	if (insn_is_wanted(list, build->pass_upper))
		emit_upper(build);
	if (!insn_is_wanted(list, build->pass_mac))
		return;

	/*
	 * Later kernels let no sum begin in the first 20 bytes ("net: test for not too small
	 * csum_start in virtio_net_hdr_to_skb()"); earlier ones keep it out of the MAC addresses
	 * only, and leave the Ethernet type.
	 */
	insn_bind(list, build->pass_mac);
	if (build->old_kernel) {
		emit_unless_asked_for(build);
		insn_set(list, BPF_REG_2, sizeof(struct iphdr) - 1);
		emit_unless_behind(build);
	}
	insn_jump(list, build->pass);
}
