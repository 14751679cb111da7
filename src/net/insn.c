/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BPF instructions, one after the other, with labels for forward jumps. */
#include "insn.h"

#include <errno.h>

_Static_assert(INSN_MAX <= INT16_MAX, "a jump's distance fits");
_Static_assert(INSN_LABELS_MAX <= UINT8_MAX, "a label fits its byte");

static void fail(struct insn_list *list, int code)
{
	if (!list->error)
		list->error = code;
}

static void add(struct insn_list *list, struct bpf_insn insn)
{
	if (list->n < INSN_MAX)
		list->insn[list->n++] = insn;
	else
		fail(list, E2BIG);
}

static struct bpf_insn make(int code, int dst, int src, int16_t offset, int32_t value)
{
	return (struct bpf_insn){
		.code = (uint8_t)code,
		.dst_reg = (uint8_t)(dst & 0xf),
		.src_reg = (uint8_t)(src & 0xf),
		.off = offset,
		.imm = value,
	};
}

unsigned int insn_label(struct insn_list *list)
{
	if (list->n_labels < INSN_LABELS_MAX)
		return ++list->n_labels;
	fail(list, E2BIG);
	return 0;
}

void insn_bind(struct insn_list *list, unsigned int label)
{
	if (!label || label > list->n_labels || list->bound[label])
		fail(list, EINVAL);
	else
		list->bound[label] = (uint16_t)(list->n + 1);
}

bool insn_is_wanted(const struct insn_list *list, unsigned int label)
{
	return label <= list->n_labels && list->wanted[label];
}

static void add_jump(struct insn_list *list, struct bpf_insn insn, unsigned int label)
{
	if (!label || label > list->n_labels) {
		fail(list, EINVAL);
	} else if (list->n < INSN_MAX) {
		list->target[list->n] = (uint8_t)label;
		list->wanted[label] = true;
	}
	add(list, insn);
}

int insn_finish(struct insn_list *list)
{
	for (unsigned int i = 0; i < list->n && !list->error; i++) {
		unsigned int bound = list->bound[list->target[i]];

		if (!list->target[i])
			continue;
		/* bound is one more than where it goes, which is one more than i for distance 0 */
		if (bound >= i + 2 && bound <= list->n)
			list->insn[i].off = (int16_t)(bound - i - 2);
		else
			fail(list, EINVAL);
	}
	return -list->error;
}

void insn_move(struct insn_list *list, int dst, int src)
{
	add(list, make(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0));
}

void insn_set(struct insn_list *list, int dst, int32_t value)
{
	add(list, make(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value));
}

static void add_wide(struct insn_list *list, int dst, int src, uint32_t low, uint32_t high)
{
	/* NOLINTNEXTLINE(misc-redundant-expression): the parts of the code that are 0 have names */
	add(list, make(BPF_LD | BPF_DW | BPF_IMM, dst, src, 0, (int32_t)low));
	add(list, make(0, 0, 0, 0, (int32_t)high));
}

void insn_set64(struct insn_list *list, int dst, uint64_t value)
{
	add_wide(list, dst, 0, (uint32_t)value, (uint32_t)(value >> 32));
}

void insn_map_value(struct insn_list *list, int dst, int map_fd, uint32_t offset)
{
	add_wide(list, dst, BPF_PSEUDO_MAP_VALUE, (uint32_t)map_fd, offset);
}

void insn_alu(struct insn_list *list, int op, int dst, int src)
{
	add(list, make(BPF_ALU64 | op | BPF_X, dst, src, 0, 0));
}

void insn_alu_const(struct insn_list *list, int op, int dst, int32_t value)
{
	add(list, make(BPF_ALU64 | op | BPF_K, dst, 0, 0, value));
}

void insn_alu32_const(struct insn_list *list, int op, int dst, uint32_t value)
{
	add(list, make(BPF_ALU | op | BPF_K, dst, 0, 0, (int32_t)value));
}

void insn_from_be16(struct insn_list *list, int dst)
{
	add(list, make(BPF_ALU | BPF_END | BPF_TO_BE, dst, 0, 0, 16));
}

void insn_load(struct insn_list *list, int size, int dst, int base, int16_t offset)
{
	add(list, make(BPF_LDX | BPF_MEM | size, dst, base, offset, 0));
}

void insn_store_const(struct insn_list *list, int size, int base, int16_t offset, int32_t value)
{
	add(list, make(BPF_ST | BPF_MEM | size, base, 0, offset, value));
}

void insn_add_atomic(struct insn_list *list, int base, int16_t offset, int src)
{
	add(list, make(BPF_STX | BPF_ATOMIC | BPF_DW, base, src, offset, BPF_ADD));
}

void insn_jump(struct insn_list *list, unsigned int label)
{
	add_jump(list, make(BPF_JMP | BPF_JA, 0, 0, 0, 0), label);
}

void insn_jump_if(struct insn_list *list, int op, int a, int b, unsigned int label)
{
	add_jump(list, make(BPF_JMP | op | BPF_X, a, b, 0, 0), label);
}

void insn_jump_if_const(struct insn_list *list, int op, int a, int32_t value, unsigned int label)
{
	add_jump(list, make(BPF_JMP | op | BPF_K, a, 0, 0, value), label);
}

void insn_jump32_if_const(struct insn_list *list, int op, int a, uint32_t value, unsigned int label)
{
	add_jump(list, make(BPF_JMP32 | op | BPF_K, a, 0, 0, (int32_t)value), label);
}

void insn_call(struct insn_list *list, int helper)
{
	add(list, make(BPF_JMP | BPF_CALL, 0, 0, 0, helper));
}

void insn_exit(struct insn_list *list)
{
	add(list, make(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}
