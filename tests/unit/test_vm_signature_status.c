/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Status lines of gpgv, as it prints them, and as nobody should. */
#include <string.h>

#include "base/alloc.h"
#include "suite.h"
#include "../../src/vm/signature_status.h"

#define KEY "789FE31EC7B8CD87"

static struct signature_status status;

static void take(const char *text)
{
	memset(&status, 0x5a, sizeof(status));
	signature_status_read(text, &status);
}

static void check_counts(const char *text, unsigned int good, unsigned int others)
{
	take(text);
	ck_assert_msg(status.good == good, "%u good of %s", status.good, text);
	ck_assert_msg(status.bad + status.expired + status.revoked + status.unknown +
				      status.unchecked ==
			      others,
		      "%s", text);
}

START_TEST(each_is_counted_as_what_it_is)
{
	take("[GNUPG:] NEWSIG a@x\n"
	     "[GNUPG:] KEY_CONSIDERED EA04AB268018FD6544115ED5789FE31EC7B8CD87 0\n"
	     "[GNUPG:] GOODSIG 0000000000000000 a <a@x>\n"
	     "[GNUPG:] VALIDSIG EA04 2026-11-23 1795454127 0 4 0 22 8 01 EA04\n"
	     "[GNUPG:] BADSIG 1111111111111111 a <a@x>\n"
	     "[GNUPG:] EXPSIG 2222222222222222 a <a@x>\n"
	     "[GNUPG:] EXPKEYSIG 3333333333333333 a <a@x>\n"
	     "[GNUPG:] REVKEYSIG 4444444444444444 a <a@x>\n"
	     "[GNUPG:] ERRSIG 5555555555555555 22 8 01 1795454127 9 B0C0\n"
	     "[GNUPG:] NO_PUBKEY 5555555555555555\n"
	     "[GNUPG:] ERRSIG " KEY " 22 2 00 1795454260 5 EA04\n");
	ck_assert(status.any);
	ck_assert_uint_eq(status.good, 1);
	ck_assert_uint_eq(status.bad, 1);
	ck_assert_uint_eq(status.expired, 2);
	ck_assert_uint_eq(status.revoked, 1);
	ck_assert_uint_eq(status.unknown, 1);
	ck_assert_uint_eq(status.unchecked, 1);
	ck_assert_str_eq(status.key, KEY);
}
END_TEST

START_TEST(nothing_else_is_good)
{
	static const char *const texts[] = {
		"",
		"\n\n",
		"GOODSIG " KEY " a\n",
		" [GNUPG:] GOODSIG " KEY " a\n",
		"[GNUPG:]GOODSIG " KEY " a\n",
		"[GNUPG:]  GOODSIG " KEY " a\n",
		"[gnupg:] GOODSIG " KEY " a\n",
		"[GNUPG:] GOODSIGX " KEY " a\n",
		"[GNUPG:] GOOD " KEY " a\n",
		"[GNUPG:] goodsig " KEY " a\n",
		"[GNUPG:] VALIDSIG " KEY "\n",
		"[GNUPG:] TRUST_UNDEFINED 0 a [GNUPG:] GOODSIG " KEY " a\n",
		"gpgv: Good signature from \"a <a@x>\"\n",
		"[GNUPG:] NODATA 1\n[GNUPG:] NODATA 2",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		check_counts(texts[i], 0, 0);
	ck_assert(status.any);
	take("no status at all");
	ck_assert(!status.any);
}
END_TEST

START_TEST(lines_that_are_cut_off)
{
	check_counts("[GNUPG:] GOODSIG", 1, 0);
	check_counts("[GNUPG:] BADSIG", 0, 1);
	ck_assert_str_eq(status.key, "");
	check_counts("[GNUPG:] ERRSIG", 0, 1);
	ck_assert_uint_eq(status.unchecked, 1);
	check_counts("[GNUPG:] ERRSIG " KEY " 22 8 01 1795454127", 0, 1);
	ck_assert_uint_eq(status.unchecked, 1);
	check_counts("[GNUPG:] ERRSIG " KEY " 22 8 01 1795454127 99 x", 0, 1);
	ck_assert_uint_eq(status.unchecked, 1);
	/* a key is of hexadecimal digits, and no longer than a fingerprint */
	check_counts("[GNUPG:] BADSIG ABCDEF\033[2J a", 0, 1);
	ck_assert_str_eq(status.key, "ABCDEF");
	check_counts("[GNUPG:] BADSIG 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF", 0, 1);
	ck_assert_uint_eq(strlen(status.key), 40);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vm/signature_status");
	TCase *tc = tcase_create("signature_status");

	tcase_add_test(tc, each_is_counted_as_what_it_is);
	tcase_add_test(tc, nothing_else_is_good);
	tcase_add_test(tc, lines_that_are_cut_off);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
