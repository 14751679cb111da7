/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BPF instructions, one after the other, with labels for forward jumps. */
#ifndef NET_INSN_H
#define NET_INSN_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	INSN_MAX = 1024,
	INSN_LABELS_MAX = 128,
};

/*
 * Start zeroed. What goes wrong (too many instructions or labels, a label bound twice) is kept
 * until insn_finish() tells, so that a sequence reads without a check behind each line.
 */
struct insn_list {
	struct bpf_insn insn[INSN_MAX];
	uint8_t target[INSN_MAX]; /* the label that a jump goes to; 0: no jump */
	unsigned int n;
	bool wanted[INSN_LABELS_MAX + 1];
	uint16_t bound[INSN_LABELS_MAX + 1]; /* by label: the index it stands for, plus one */
	unsigned int n_labels;
	int error; /* the first, a positive errno */
};

/* A new label, 1 and up. To be bound once; jumps to it come before it. */
unsigned int insn_label(struct insn_list *list);
void insn_bind(struct insn_list *list, unsigned int label);
bool insn_is_wanted(const struct insn_list *list, unsigned int label); /* jumped to so far */

/*
 * Write the distances into the jumps. -E2BIG: more instructions or labels than fit. -EINVAL: a
 * label that is bound twice, unknown, or jumped to and not bound further on.
 */
int insn_finish(struct insn_list *list);

/* op is BPF_ADD, BPF_AND, ...; 32 works on the lower half and clears the upper one */
void insn_move(struct insn_list *list, int dst, int src);
void insn_set(struct insn_list *list, int dst, int32_t value); /* sign-extended */
void insn_set64(struct insn_list *list, int dst, uint64_t value);
void insn_alu(struct insn_list *list, int op, int dst, int src);
void insn_alu_const(struct insn_list *list, int op, int dst, int32_t value);
void insn_alu32_const(struct insn_list *list, int op, int dst, uint32_t value);
void insn_from_be16(struct insn_list *list, int dst);

/*
 * size is BPF_B, BPF_H, BPF_W or BPF_DW; the verifier wants the stack's aligned (kernel: bpf.rst)
 */
void insn_load(struct insn_list *list, int size, int dst, int base, int16_t offset);
void insn_store_const(struct insn_list *list, int size, int base, int16_t offset, int32_t value);
void insn_add_atomic(struct insn_list *list, int base, int16_t offset, int src); /* 64 bits */

/* The address of a byte in the only element of an array map (Linux 5.2) */
void insn_map_value(struct insn_list *list, int dst, int map_fd, uint32_t offset);

/* op is BPF_JEQ, BPF_JGT, ... */
void insn_jump(struct insn_list *list, unsigned int label);
void insn_jump_if(struct insn_list *list, int op, int a, int b, unsigned int label);
void insn_jump_if_const(struct insn_list *list, int op, int a, int32_t value, unsigned int label);
void insn_jump32_if_const(struct insn_list *list, int op, int a, uint32_t value,
			  unsigned int label);

void insn_call(struct insn_list *list, int helper); /* BPF_FUNC_... */
void insn_exit(struct insn_list *list);

#endif
