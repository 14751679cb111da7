/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a tap is called, and its MAC. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "net/tap.h"
#include "suite.h"

START_TEST(short_names_are_kept_whole)
{
	static const struct {
		const char *vm;
		unsigned int nic;
		const char *tap;
	} cases[] = {
		{ "a", 0, "mvm-a" },
		{ "web1", 0, "mvm-web1" },
		{ "web1", 1, "mvm1-web1" },
		{ "web1", 12, "mvm12-web1" },
		{ "0", 999, "mvm999-0" },
		{ "elevenbytes", 0, "mvm-elevenbytes" },
		{ "tenbytes-x", 1, "mvm1-tenbytes-x" },
		{ "8bytes-x", 999, "mvm999-8bytes-x" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char name[IF_NAMESIZE];

		memset(name, 0x5a, sizeof(name));
		tap_name(cases[i].vm, cases[i].nic, name);
		ck_assert_str_eq(name, cases[i].tap);
	}
}
END_TEST

/* These must never change: a tap's name has to be the same on every host and in every version. */
START_TEST(long_names_are_hashed_the_same_everywhere)
{
	static const struct {
		const char *vm;
		unsigned int nic;
		const char *tap;
	} cases[] = {
		{ "twelve-bytes", 0, "mvm-twe_2cy14ea" },
		{ "eleven-byte", 1, "mvm1-el_p06rypv" },
		{ "9-bytes-x", 999, "mvm999-_cxek5pm" },
		{ "abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijklmnopqrstuvwxy", 0,
		  "mvm-abc_a71df9g" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char name[IF_NAMESIZE];

		tap_name(cases[i].vm, cases[i].nic, name);
		ck_assert_str_eq(name, cases[i].tap);
	}
}
END_TEST

/* By the rules of the kernel's dev_valid_name(), and narrower: nothing the shell would quote. */
static void check_valid(const char name[IF_NAMESIZE])
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";

	ck_assert_uint_lt(strnlen(name, IF_NAMESIZE), IF_NAMESIZE);
	ck_assert_int_eq(strncmp(name, "mvm", 3), 0);
	ck_assert_uint_eq(strspn(name, allowed), strlen(name));
}

START_TEST(every_length_fits)
{
	char vm[64];

	for (size_t length = 1; length <= 63; length++) {
		memset(vm, 'x', sizeof(vm));
		vm[length] = '\0';
		for (unsigned int nic = 0; nic < TAP_NICS_MAX; nic++) {
			char name[IF_NAMESIZE];
			char expected[96];

			tap_name(vm, nic, name);
			check_valid(name);
			snprintf(expected, sizeof(expected), nic ? "mvm%2$u-%1$s" : "mvm-%1$s", vm,
				 nic);
			ck_assert_int_eq(strcmp(name, expected) == 0,
					 strlen(expected) < IF_NAMESIZE);
		}
	}
}
END_TEST

START_TEST(too_many_nics_have_no_name)
{
	static const unsigned int nics[] = { TAP_NICS_MAX, TAP_NICS_MAX + 1, 4294967295U };

	for (size_t i = 0; i < ARRAY_SIZE(nics); i++) {
		char name[IF_NAMESIZE] = "before";

		tap_name("web1", nics[i], name);
		ck_assert_str_eq(name, "");
	}
}
END_TEST

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

START_TEST(different_vms_differ)
{
	enum { VMS = 20000, SPREAD = 3 };
	char(*names)[IF_NAMESIZE] = calloc(VMS * SPREAD, sizeof(*names));

	ck_assert_ptr_nonnull(names);
	for (unsigned int i = 0; i < VMS; i++) {
		char vm[64];

		/* differing at the end, at the beginning, and in one bit of a long name */
		snprintf(vm, sizeof(vm), "production-webserver-%u", i);
		tap_name(vm, 0, names[SPREAD * i]);
		snprintf(vm, sizeof(vm), "%u-production-webserver", i);
		tap_name(vm, 0, names[SPREAD * i + 1]);
		snprintf(vm, sizeof(vm), "%049u-production-x", i);
		tap_name(vm, 0, names[SPREAD * i + 2]);
	}
	qsort(names, VMS * SPREAD, sizeof(*names), compare);
	for (size_t i = 1; i < VMS * SPREAD; i++)
		ck_assert_str_ne(names[i - 1], names[i]);
	free(names);
}
END_TEST

START_TEST(nics_of_a_vm_differ)
{
	static const char *const vms[] = { "a", "web1", "a-rather-long-name-of-a-vm" };

	for (size_t v = 0; v < ARRAY_SIZE(vms); v++) {
		char names[TAP_NICS_MAX][IF_NAMESIZE];

		for (unsigned int nic = 0; nic < TAP_NICS_MAX; nic++)
			tap_name(vms[v], nic, names[nic]);
		qsort(names, TAP_NICS_MAX, sizeof(*names), compare);
		for (size_t i = 1; i < TAP_NICS_MAX; i++)
			ck_assert_str_ne(names[i - 1], names[i]);
	}
}
END_TEST

/* A VM whose whole name reads like the shortened one of another. */
START_TEST(a_hashed_name_is_no_other_vms_whole_one)
{
	char name[IF_NAMESIZE];

	tap_name("twelve-bytes", 0, name);
	ck_assert_ptr_nonnull(strchr(name, '_')); /* which parse_vm_name() refuses */
}
END_TEST

START_TEST(host_mac_is_high_and_never_the_guests)
{
	static const struct {
		struct mac guest, host;
	} cases[] = {
		{ { { 0x52, 0x54, 0, 0x12, 0x34, 0x56 } },
		  { { 0xfe, 0x54, 0, 0x12, 0x34, 0x56 } } },
		{ { { 0, 0, 0, 0, 0, 1 } }, { { 0xfe, 0, 0, 0, 0, 1 } } },
		{ { { 0xfa, 1, 2, 3, 4, 5 } }, { { 0xfe, 1, 2, 3, 4, 5 } } },
		{ { { 0xfe, 1, 2, 3, 4, 5 } }, { { 0xfa, 1, 2, 3, 4, 5 } } },
		{ { { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff } },
		  { { 0xfa, 0xff, 0xff, 0xff, 0xff, 0xff } } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mac mac;

		tap_host_mac(&cases[i].guest, &mac);
		ck_assert_mem_eq(&mac, &cases[i].host, sizeof(mac));
		mac = cases[i].guest;
		tap_host_mac(&mac, &mac); /* in place */
		ck_assert_mem_eq(&mac, &cases[i].host, sizeof(mac));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/name");
	TCase *c = tcase_create("name");

	tcase_add_test(c, short_names_are_kept_whole);
	tcase_add_test(c, long_names_are_hashed_the_same_everywhere);
	tcase_add_test(c, every_length_fits);
	tcase_add_test(c, too_many_nics_have_no_name);
	tcase_add_test(c, different_vms_differ);
	tcase_add_test(c, nics_of_a_vm_differ);
	tcase_add_test(c, a_hashed_name_is_no_other_vms_whole_one);
	tcase_add_test(c, host_mac_is_high_and_never_the_guests);
	suite_add_tcase(s, c);
	return suite_run(s);
}
