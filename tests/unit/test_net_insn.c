/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BPF instructions and their labels, held against the encoding that the kernel documents. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/net/insn.h"
#include "base/alloc.h"
#include "suite.h"

static struct insn_list *list;

static void setup(void)
{
	list = xcalloc(1, sizeof(*list));
}

static void teardown(void)
{
	free(ptr_steal(&list));
}

/* code, registers (source << 4 | destination), offset, value: as bpftool and llvm-objdump say it */
static void check(unsigned int i, int code, int registers, int offset, int value)
{
	ck_assert_uint_lt(i, list->n);
	ck_assert_int_eq(list->insn[i].code, code);
	ck_assert_int_eq(list->insn[i].src_reg << 4 | list->insn[i].dst_reg, registers);
	ck_assert_int_eq(list->insn[i].off, offset);
	ck_assert_int_eq(list->insn[i].imm, value);
}

START_TEST(encodes_as_the_kernel_documents)
{
	insn_move(list, 6, 1);
	insn_set(list, 0, -1);
	insn_alu(list, BPF_OR, 1, 2);
	insn_alu_const(list, BPF_ADD, 7, 14);
	insn_alu32_const(list, BPF_AND, 1, 0xffffffd0);
	insn_from_be16(list, 8);
	insn_load(list, BPF_H, 1, 10, -12);
	insn_store_const(list, BPF_W, 10, -100, 1);
	insn_add_atomic(list, 1, 8, 2);
	insn_call(list, 26);
	insn_exit(list);
	ck_assert_int_eq(insn_finish(list), 0);
	ck_assert_uint_eq(list->n, 11);
	check(0, 0xbf, 0x16, 0, 0);
	check(1, 0xb7, 0x00, 0, -1);
	check(2, 0x4f, 0x21, 0, 0);
	check(3, 0x07, 0x07, 0, 14);
	check(4, 0x54, 0x01, 0, -48);
	check(5, 0xdc, 0x08, 0, 16);
	check(6, 0x69, 0xa1, -12, 0);
	check(7, 0x62, 0x0a, -100, 1);
	check(8, 0xdb, 0x21, 8, 0);
	check(9, 0x85, 0x00, 0, 26);
	check(10, 0x95, 0x00, 0, 0);
}
END_TEST

START_TEST(wide_values_take_two)
{
	insn_set64(list, 3, 0xfedcba9876543210);
	insn_map_value(list, 1, 7, 88);
	ck_assert_int_eq(insn_finish(list), 0);
	ck_assert_uint_eq(list->n, 4);
	check(0, 0x18, 0x03, 0, 0x76543210);
	check(1, 0, 0, 0, (int)0xfedcba98);
	check(2, 0x18, 0x21, 0, 7); /* BPF_PSEUDO_MAP_VALUE */
	check(3, 0, 0, 0, 88);
}
END_TEST

START_TEST(jumps_count_from_the_next_instruction)
{
	unsigned int near = insn_label(list);
	unsigned int far = insn_label(list);

	insn_jump(list, near);
	insn_bind(list, near);
	insn_jump_if(list, BPF_JGT, 1, 8, far);
	insn_jump_if_const(list, BPF_JNE, 0, -22, far);
	insn_jump32_if_const(list, BPF_JEQ, 1, 0xc0a85601, far);
	insn_set64(list, 1, 0); /* counts as two */
	insn_bind(list, far);
	insn_exit(list);
	ck_assert_int_eq(insn_finish(list), 0);
	check(0, 0x05, 0x00, 0, 0);
	check(1, 0x2d, 0x81, 4, 0);
	check(2, 0x55, 0x00, 3, -22);
	check(3, 0x16, 0x01, 2, (int)0xc0a85601);
}
END_TEST

START_TEST(tells_whether_a_label_is_wanted)
{
	unsigned int a = insn_label(list);
	unsigned int b = insn_label(list);

	ck_assert(!insn_is_wanted(list, a));
	insn_jump(list, b);
	ck_assert(!insn_is_wanted(list, a));
	ck_assert(insn_is_wanted(list, b));
	ck_assert(!insn_is_wanted(list, b + 1));
	ck_assert(!insn_is_wanted(list, 4294967295U));
}
END_TEST

START_TEST(a_label_not_bound_is_refused)
{
	insn_jump(list, insn_label(list));
	insn_exit(list);
	ck_assert_int_eq(insn_finish(list), -EINVAL);
}
END_TEST

START_TEST(a_label_that_nothing_wants_need_not_be_bound)
{
	insn_label(list);
	insn_exit(list);
	ck_assert_int_eq(insn_finish(list), 0);
}
END_TEST

START_TEST(a_label_bound_twice_is_refused)
{
	unsigned int label = insn_label(list);

	insn_jump(list, label);
	insn_bind(list, label);
	insn_exit(list);
	insn_bind(list, label);
	insn_exit(list);
	ck_assert_int_eq(insn_finish(list), -EINVAL);
}
END_TEST

START_TEST(no_jump_goes_back)
{
	unsigned int label = insn_label(list);

	insn_set(list, 0, 0);
	insn_bind(list, label);
	insn_set(list, 1, 0);
	insn_jump(list, label);
	insn_exit(list);
	ck_assert_int_eq(insn_finish(list), -EINVAL);
}
END_TEST

START_TEST(no_jump_goes_to_itself)
{
	unsigned int label = insn_label(list);

	insn_bind(list, label);
	insn_jump(list, label);
	insn_exit(list);
	ck_assert_int_eq(insn_finish(list), -EINVAL);
}
END_TEST

START_TEST(no_jump_goes_past_the_end)
{
	unsigned int label = insn_label(list);

	insn_jump(list, label);
	insn_bind(list, label);
	ck_assert_int_eq(insn_finish(list), -EINVAL);
}
END_TEST

START_TEST(unknown_labels_are_refused)
{
	static const unsigned int unknown[] = { 0,   2,	  INSN_LABELS_MAX, INSN_LABELS_MAX + 1,
						256, 257, 4294967295U };

	for (size_t i = 0; i < 2 * ARRAY_SIZE(unknown); i++) {
		memset(list, 0, sizeof(*list));
		insn_bind(list, insn_label(list));
		if (i % 2)
			insn_jump(list, unknown[i / 2]);
		else
			insn_bind(list, unknown[i / 2]);
		insn_exit(list);
		ck_assert_int_eq(insn_finish(list), -EINVAL);
	}
}
END_TEST

START_TEST(too_many_labels_are_refused)
{
	for (unsigned int i = 1; i <= INSN_LABELS_MAX; i++)
		ck_assert_uint_eq(insn_label(list), i);
	insn_exit(list);
	ck_assert_int_eq(insn_finish(list), 0);
	ck_assert_uint_eq(insn_label(list), 0);
	ck_assert_int_eq(insn_finish(list), -E2BIG);
}
END_TEST

START_TEST(the_last_instruction_fits)
{
	unsigned int end = insn_label(list);

	insn_jump(list, end);
	while (list->n < INSN_MAX - 1)
		insn_set(list, 0, 0);
	insn_bind(list, end);
	insn_exit(list);
	ck_assert_int_eq(insn_finish(list), 0);
	check(0, 0x05, 0, INSN_MAX - 2, 0);
	ck_assert_uint_eq(list->n, INSN_MAX);
}
END_TEST

/* Also a jump and the second half of a wide value; the sanitizers see what is written where. */
START_TEST(one_more_is_refused)
{
	unsigned int end = insn_label(list);

	for (int kind = 0; kind < 3; kind++) {
		while (list->n < INSN_MAX - (kind == 2))
			insn_exit(list);
		if (kind == 0)
			insn_exit(list);
		else if (kind == 1)
			insn_jump(list, end);
		else
			insn_set64(list, 1, 1);
		ck_assert_uint_eq(list->n, INSN_MAX);
		ck_assert_int_eq(insn_finish(list), -E2BIG);
		memset(list, 0, sizeof(*list));
		end = insn_label(list);
	}
}
END_TEST

START_TEST(the_first_error_is_kept)
{
	insn_jump(list, 0);
	while (insn_label(list))
		;
	insn_exit(list);
	ck_assert_int_eq(insn_finish(list), -EINVAL);
	ck_assert_int_eq(insn_finish(list), -EINVAL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/insn");
	TCase *c = tcase_create("insn");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, encodes_as_the_kernel_documents);
	tcase_add_test(c, wide_values_take_two);
	tcase_add_test(c, jumps_count_from_the_next_instruction);
	tcase_add_test(c, tells_whether_a_label_is_wanted);
	tcase_add_test(c, a_label_not_bound_is_refused);
	tcase_add_test(c, a_label_that_nothing_wants_need_not_be_bound);
	tcase_add_test(c, a_label_bound_twice_is_refused);
	tcase_add_test(c, no_jump_goes_back);
	tcase_add_test(c, no_jump_goes_to_itself);
	tcase_add_test(c, no_jump_goes_past_the_end);
	tcase_add_test(c, unknown_labels_are_refused);
	tcase_add_test(c, too_many_labels_are_refused);
	tcase_add_test(c, the_last_instruction_fits);
	tcase_add_test(c, one_more_is_refused);
	tcase_add_test(c, the_first_error_is_kept);
	suite_add_tcase(s, c);
	return suite_run(s);
}
