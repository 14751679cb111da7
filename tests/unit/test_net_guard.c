/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard's program as instructions: it fits for whatever a NIC may have. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../../src/net/guard_program.h"
#include "base/alloc.h"
#include "suite.h"

static const struct ip_addr v4 = { AF_INET, { 192, 168, 86, 10 } };
static const struct ip_addr v6 = { AF_INET6, { 0x20, 1, 0xd, 0xb8, [15] = 1 } };

/* The program's size for n addresses, the first n_v6 of them of IPv6. */
static unsigned int build(enum tap_guard guard, unsigned int n, unsigned int n_v6,
			  unsigned int n_trunk)
{
	static const struct tap_vlans trunk = { 1, TAP_VLAN_MAX };
	struct insn_list *list = xcalloc(1, sizeof(*list));
	struct ip_addr addresses[TAP_ADDRESSES_MAX];
	struct tap_spec spec = {
		.name = "mvm-a",
		.guest_mac = { { 0x52, 0x54, 0, 0x12, 0x34, 0x56 } },
		.guard = guard,
		.addresses = addresses,
		.n_addresses = n,
		.trunk = &trunk,
		.n_trunk = n_trunk,
	};
	unsigned int size;

	for (unsigned int i = 0; i < n; i++)
		addresses[i] = i < n_v6 ? v6 : v4;
	ck_assert_int_eq(guard_build(&spec, false, 3, list), 0);
	for (unsigned int i = 0; i < list->n; i++) {
		const struct bpf_insn *insn = &list->insn[i];

		if ((insn->code & 7) == BPF_JMP && insn->code != (BPF_JMP | BPF_CALL) &&
		    insn->code != (BPF_JMP | BPF_EXIT))
			ck_assert_int_ge(insn->off, 0);
	}
	size = list->n;
	free(list);
	return size;
}

START_TEST(every_number_of_addresses_fits)
{
	for (unsigned int n = 0; n <= TAP_ADDRESSES_MAX; n++) {
		for (unsigned int n_v6 = 0; n_v6 <= n; n_v6++)
			build(TAP_GUARD_IP, n, n_v6, 0);
	}
}
END_TEST

/* The default must stay cheap: it runs on each frame of each guest. */
START_TEST(without_addresses_it_is_short)
{
	unsigned int size = build(TAP_GUARD_MAC, 0, 0, 0);

	ck_assert_uint_lt(size, 64);
	ck_assert_uint_eq(build(TAP_GUARD_MAC, TAP_ADDRESSES_MAX, 8, 0), size);
}
END_TEST

START_TEST(ranges_of_a_trunk_do_not_count)
{
	ck_assert_uint_eq(build(TAP_GUARD_IP, 2, 1, 1), build(TAP_GUARD_IP, 2, 1, TAP_TRUNK_MAX));
}
END_TEST

START_TEST(each_reason_has_words_of_its_own)
{
	for (int i = 0; i < GUARD_DROPS; i++) {
		ck_assert_ptr_nonnull(guard_drop_text(i));
		ck_assert_uint_eq(
			strspn(guard_drop_word(i), "abcdefghijklmnopqrstuvwxyz0123456789"),
			strlen(guard_drop_word(i)));
		for (int j = 0; j < i; j++) {
			ck_assert_str_ne(guard_drop_text(i), guard_drop_text(j));
			ck_assert_str_ne(guard_drop_word(i), guard_drop_word(j));
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/guard");
	TCase *c = tcase_create("guard");

	tcase_add_test(c, every_number_of_addresses_fits);
	tcase_add_test(c, without_addresses_it_is_short);
	tcase_add_test(c, ranges_of_a_trunk_do_not_count);
	tcase_add_test(c, each_reason_has_words_of_its_own);
	suite_add_tcase(s, c);
	return suite_run(s);
}
