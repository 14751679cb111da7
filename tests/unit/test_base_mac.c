/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ethernet addresses. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/mac.h"
#include "suite.h"

START_TEST(accepted_in_either_case)
{
	static const char *const good[][2] = {
		{ "52:54:00:12:34:56", "52:54:00:12:34:56" },
		{ "02:AB:cd:EF:01:fF", "02:ab:cd:ef:01:ff" },
		{ "00:00:00:00:00:01", "00:00:00:00:00:01" },
		{ "fe:ff:ff:ff:ff:ff", "fe:ff:ff:ff:ff:ff" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct error err = ERROR_INIT;
		char text[MAC_TEXT_MAX];
		struct mac mac;

		suite_assert_ok(mac_parse(good[i][0], &mac, &err), err);
		mac_format(&mac, text);
		ck_assert_str_eq(text, good[i][1]);
	}
}
END_TEST

START_TEST(refused)
{
	static const char *const bad[] = {
		"",
		"5",
		"52:54:00:12:34",
		"52:54:00:12:34:",
		"52:54:00:12:34:5",
		"52:54:00:12:34:567",
		"52:54:00:12:34:56:78",
		"52:54:00:12:34:56:",
		"52:54:00:12:34:56 ",
		" 52:54:00:12:34:56",
		"52:54:00:12:34:56\n",
		"52-54-00-12-34-56",
		"52:54:00:12:34-56",
		"5254.0012.3456",
		"525400123456",
		"52:54:0:12:34:56",
		"52:54:000:2:34:56",
		"52::54:00:12:34:5",
		"52:54:00:12:34:5g",
		"52:54:00:12:34:G6",
		"52:54:00:12:34:+6",
		"52:54:00:12:34: 6",
		"52:54:00:12:34:0x",
		":52:54:00:12:34:5",
		"zz:zz:zz:zz:zz:zz",
		"52:54:00:12:34:\xef\xbc\x91",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = ERROR_INIT;
		struct mac mac = { .byte = { 1, 2, 3 } };

		ck_assert_msg(mac_parse(bad[i], &mac, &err) == -EINVAL, "'%s' passed", bad[i]);
		ck_assert_int_eq(err.kind, ERROR_USAGE);
		ck_assert_ptr_nonnull(strstr(err.message, "not of the form"));
		ck_assert_int_eq(mac.byte[0], 1);
	}
}
END_TEST

START_TEST(refused_as_no_host_address)
{
	static const char *const bad[][2] = {
		{ "00:00:00:00:00:00", "all zeros" },	  { "ff:ff:ff:ff:ff:ff", "group address" },
		{ "01:00:5e:00:00:01", "group address" }, { "33:33:00:00:00:01", "group address" },
		{ "53:54:00:12:34:56", "group address" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = ERROR_INIT;
		struct mac mac;

		suite_assert_error(mac_parse(bad[i][0], &mac, &err), err, EINVAL, ERROR_USAGE);
		ck_assert_msg(strstr(err.message, bad[i][1]) != NULL, "%s", err.message);
	}
}
END_TEST

/* All 16 the same is for a broken source; two of them may well be. */
START_TEST(random_ones_differ_and_parse)
{
	struct error err = ERROR_INIT;
	struct mac first, mac;
	char text[MAC_TEXT_MAX];
	int same = 0;

	suite_assert_ok(mac_random(&first, &err), err);
	for (int i = 0; i < 16; i++) {
		suite_assert_ok(mac_random(&mac, &err), err);
		ck_assert_mem_eq(mac.byte, "\x52\x54\x00", 3);
		same += memcmp(&mac, &first, sizeof(mac)) == 0;
		mac_format(&mac, text);
		suite_assert_ok(mac_parse(text, &mac, &err), err);
	}
	ck_assert_int_lt(same, 16);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/mac");
	TCase *tc = tcase_create("mac");

	tcase_add_test(tc, accepted_in_either_case);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, refused_as_no_host_address);
	tcase_add_test(tc, random_ones_differ_and_parse);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
