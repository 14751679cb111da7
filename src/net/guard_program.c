/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard's program: its frame, and what its parts share.
 *
 * Theory of operation: the kernel runs it on each frame from the guest, at offset 0 its Ethernet
 * header (tc ingress, before the bridge). Each part looks at one layer, jumps to the
 * counter of the first thing that is wrong, and hands what is within to the next part. All that
 * is checked is read by bpf_skb_load_bytes(), which copes with frames in pieces; the usual TCP
 * segment costs two of those, and one look at its checksum (guard_checksum.c). No jump goes
 * back, so the verifier has no loop to follow.
 */
#include "guard_program.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"

uint16_t guard_bytes16(const uint8_t *bytes)
{
	uint16_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static uint32_t bytes32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static uint64_t bytes64(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

void guard_emit_try_copy(struct guard_build *build, int16_t stack, int length, unsigned int label)
{
	struct insn_list *list = build->list;

	insn_move(list, BPF_REG_1, GUARD_CTX);
	insn_move(list, BPF_REG_2, GUARD_AT);
	insn_move(list, BPF_REG_3, BPF_REG_10);
	insn_alu_const(list, BPF_ADD, BPF_REG_3, stack);
	insn_set(list, BPF_REG_4, length);
	insn_call(list, BPF_FUNC_skb_load_bytes);
	insn_jump_if_const(list, BPF_JNE, BPF_REG_0, 0, label);
}

void guard_emit_copy(struct guard_build *build, int16_t stack, int length)
{
	guard_emit_try_copy(build, stack, length, build->drop[GUARD_DROP_MALFORMED]);
}

void guard_emit_copy_within(struct guard_build *build, int16_t stack, int length)
{
	struct insn_list *list = build->list;

	insn_move(list, BPF_REG_1, GUARD_AT);
	insn_alu_const(list, BPF_ADD, BPF_REG_1, length);
	insn_jump_if(list, BPF_JGT, BPF_REG_1, GUARD_END, build->drop[GUARD_DROP_MALFORMED]);
	guard_emit_copy(build, stack, length);
}

void guard_emit_unless_mac(struct guard_build *build, int16_t stack, unsigned int label)
{
	const uint8_t *mac = build->spec->guest_mac.byte;
	struct insn_list *list = build->list;
	bool word_first = stack % 4 == 0;
	int16_t word = (int16_t)(word_first ? stack : stack + 2);
	int16_t half = (int16_t)(word_first ? stack + 4 : stack);

	insn_load(list, BPF_W, BPF_REG_1, BPF_REG_10, word);
	insn_jump32_if_const(list, BPF_JNE, BPF_REG_1, bytes32(mac + word - stack), label);
	insn_load(list, BPF_H, BPF_REG_1, BPF_REG_10, half);
	insn_jump32_if_const(list, BPF_JNE, BPF_REG_1, guard_bytes16(mac + half - stack), label);
}

void guard_emit_if_own_ipv4(struct guard_build *build, int address, unsigned int label)
{
	const struct tap_spec *spec = build->spec;

	for (unsigned int i = 0; i < spec->n_addresses; i++) {
		if (spec->addresses[i].family == AF_INET)
			insn_jump32_if_const(build->list, BPF_JEQ, address,
					     bytes32(spec->addresses[i].byte), label);
	}
}

static void emit_if_ipv6(struct insn_list *list, const uint8_t *address, unsigned int label)
{
	unsigned int next = insn_label(list);

	insn_set64(list, BPF_REG_3, bytes64(address));
	insn_jump_if(list, BPF_JNE, BPF_REG_1, BPF_REG_3, next);
	insn_set64(list, BPF_REG_3, bytes64(address + 8));
	insn_jump_if(list, BPF_JEQ, BPF_REG_2, BPF_REG_3, label);
	insn_bind(list, next);
}

/* fe80::/64 and the MAC's modified EUI-64 (RFC 4291, appendix A) */
static void make_link_local(const struct mac *mac, uint8_t out[16])
{
	const uint8_t *m = mac->byte;
	const uint8_t address[16] = {
		0xfe, 0x80, [8] = m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5],
	};

	memcpy(out, address, sizeof(address));
}

void guard_emit_if_own_ipv6(struct guard_build *build, int16_t stack, unsigned int label)
{
	const struct tap_spec *spec = build->spec;
	struct insn_list *list = build->list;
	uint8_t link_local[16];

	insn_load(list, BPF_DW, BPF_REG_1, BPF_REG_10, stack);
	insn_load(list, BPF_DW, BPF_REG_2, BPF_REG_10, (int16_t)(stack + 8));
	for (unsigned int i = 0; i < spec->n_addresses; i++) {
		if (spec->addresses[i].family == AF_INET6)
			emit_if_ipv6(list, spec->addresses[i].byte, label);
	}
	make_link_local(&spec->guest_mac, link_local);
	emit_if_ipv6(list, link_local, label);
}

static void emit_verdicts(struct guard_build *build, int map_fd)
{
	struct insn_list *list = build->list;
	unsigned int count = insn_label(list);

	insn_bind(list, build->pass);
	insn_set(list, BPF_REG_0, TC_ACT_UNSPEC);
	insn_exit(list);
	for (unsigned int i = 0; i < GUARD_DROPS; i++) {
		/* the verifier refuses what nothing leads to */
		if (!insn_is_wanted(list, build->drop[i]))
			continue;
		insn_bind(list, build->drop[i]);
		insn_map_value(list, BPF_REG_1, map_fd, i * (uint32_t)sizeof(uint64_t));
		insn_jump(list, count);
	}
	insn_bind(list, count);
	insn_set(list, BPF_REG_2, 1);
	insn_add_atomic(list, BPF_REG_1, 0, BPF_REG_2);
	insn_set(list, BPF_REG_0, TC_ACT_SHOT);
	insn_exit(list);
}

int guard_build(const struct tap_spec *spec, bool old_kernel, int map_fd, struct insn_list *ret)
{
	struct guard_build build = { .list = ret, .spec = spec, .old_kernel = old_kernel };
	unsigned int *const labels[] = {
		&build.pass, &build.pass_mac, &build.pass_upper, &build.pass_plain,
		&build.arp,  &build.ipv4,     &build.ipv6,	 &build.icmp6,
	};

	for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
		*labels[i] = insn_label(ret);
	for (size_t i = 0; i < GUARD_DROPS; i++)
		build.drop[i] = insn_label(ret);
	guard_emit_ethernet(&build);
	if (spec->guard == TAP_GUARD_IP) {
		guard_emit_arp(&build);
		guard_emit_ipv4(&build);
		guard_emit_ipv6(&build);
	}
	guard_emit_pass(&build);
	emit_verdicts(&build, map_fd);
	return insn_finish(ret);
}
