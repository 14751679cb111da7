/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8: every character, and what is none. */
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "suite.h"

static void check(const char *text, size_t len, uint32_t expected)
{
	uint32_t code = 0;

	ck_assert_uint_eq(utf8_decode(text, len, &code), len);
	ck_assert_uint_eq(code, expected);
	/* more may follow, and less is no character */
	if (len < UTF8_MAX)
		ck_assert_uint_eq(utf8_decode(text, UTF8_MAX, &code), len);
	for (size_t cut = 0; cut < len; cut++)
		ck_assert_uint_eq(utf8_decode(text, cut, &code), 0);
}

START_TEST(test_characters)
{
	check("\0\0\0", 1, 0);
	check("A\0\0", 1, 'A');
	check("\x7f\0\0", 1, 0x7f);
	check("\xc2\x80\0", 2, 0x80);
	check("\xdf\xbf\0", 2, 0x7ff);
	check("\xe0\xa0\x80", 3, 0x800);
	check("\xed\x9f\xbf", 3, 0xd7ff);
	check("\xee\x80\x80", 3, 0xe000);
	check("\xef\xbf\xbf", 3, 0xffff);
	check("\xf0\x90\x80\x80", 4, 0x10000);
	check("\xf4\x8f\xbf\xbf", 4, 0x10ffff);
}
END_TEST

/* Surrogates are no characters, and have no encoding. */
START_TEST(test_every_code)
{
	char text[UTF8_MAX + 1] = "";

	for (uint32_t code = 1; code <= 0x10ffff; code++) {
		uint32_t found = 0;
		size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
		bool surrogate = code >= 0xd800 && code <= 0xdfff;

		for (size_t i = n; i-- > 1;)
			text[i] = (char)(0x80 | (code >> 6 * (n - 1 - i) & 0x3f));
		text[0] = (char)(n == 1 ? code : (0xf00U >> n & 0xff) | code >> 6 * (n - 1));
		ck_assert_uint_eq(utf8_decode(text, n, &found), surrogate ? 0 : n);
		ck_assert_uint_eq(found, surrogate ? 0 : code);
	}
}
END_TEST

START_TEST(test_refused)
{
	static const char *const bad[] = {
		"\x80",
		"\xbf", /* no beginning */
		"\xc0\x80",
		"\xc1\xbf",
		"\xe0\x9f\xbf",
		"\xf0\x8f\xbf\xbf", /* overlong */
		"\xed\xa0\x80",
		"\xed\xbf\xbf", /* surrogates */
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xf8\x88\x80\x80\x80", /* too large */
		"\xfe",
		"\xff",
		"\xc2",
		"\xc2"
		"A",
		"\xe2\x82",
		"\xe2\x82"
		"A",
		"\xe2"
		"AA",
		"\xf0\x9f\x98",
		"\xf0\x9f"
		"AA",
		"\xc2\xc2",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint32_t code = 0x5a5a;

		/* the NUL at its end is as far as it may be read */
		ck_assert_msg(!utf8_decode(bad[i], UTF8_MAX, &code), "%zu", i);
		ck_assert_msg(!utf8_decode(bad[i], strlen(bad[i]), &code), "%zu", i);
		ck_assert_uint_eq(code, 0x5a5a);
	}
}
END_TEST

START_TEST(test_length)
{
	for (unsigned int lead = 0; lead < 256; lead++) {
		size_t expected = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : 3;

		if (lead >= 0xf0)
			expected = lead <= 0xf4 ? 4 : 0;
		ck_assert_uint_eq(utf8_length((unsigned char)lead), expected);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/utf8");
	TCase *tc = tcase_create("utf8");

	tcase_add_test(tc, test_characters);
	tcase_add_test(tc, test_every_code);
	tcase_add_test(tc, test_refused);
	tcase_add_test(tc, test_length);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
