/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors: wording, kinds, truncation, and what may reach a terminal. */
#include <errno.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "base/alloc.h"
#include "suite.h"

static char long_text[4096];

static void fill_long_text(void)
{
	memset(long_text, 'x', sizeof(long_text) - 1);
}

START_TEST(set_fills_everything)
{
	struct error err = { .kind = ERROR_BUSY, .code = 1, .hint = "old" };

	ck_assert_int_eq(error_set(&err, ERROR_CONFLICT, EEXIST, "create '%s'", "web1"), -EEXIST);
	ck_assert_int_eq(err.kind, ERROR_CONFLICT);
	ck_assert_int_eq(err.code, EEXIST);
	ck_assert_str_eq(err.message, "create 'web1'");
	ck_assert_str_eq(err.hint, "");
}
END_TEST

START_TEST(code_zero_is_still_a_failure)
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(error_set(&err, ERROR_USAGE, 0, "x"), -EINVAL);
	ck_assert_int_eq(error_errno(&err, 0, "x"), -EINVAL);
	ck_assert_str_eq(err.message, "x: Invalid argument");
}
END_TEST

START_TEST(errno_gives_kind_and_text)
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(error_errno(&err, ENOENT, "open '%s'", "/x"), -ENOENT);
	ck_assert_int_eq(err.kind, ERROR_FAILED);
	ck_assert_str_eq(err.message, "open '/x': No such file or directory");
	error_errno(&err, EACCES, "a");
	ck_assert_int_eq(err.kind, ERROR_PERMISSION);
	error_errno(&err, EPERM, "a");
	ck_assert_int_eq(err.kind, ERROR_PERMISSION);
}
END_TEST

START_TEST(context_goes_in_front)
{
	struct error err = ERROR_INIT;

	error_errno(&err, EPERM, "attach tap '%s'", "t0");
	error_hint(&err, "run as %s", "root");
	ck_assert_int_eq(error_prefix(&err, "%s", "web1"), -EPERM);
	ck_assert_int_eq(error_prefix(&err, "start"), -EPERM);
	ck_assert_str_eq(err.message, "start: web1: attach tap 't0': Operation not permitted");
	ck_assert_str_eq(err.hint, "run as root");
	ck_assert_int_eq(err.kind, ERROR_PERMISSION);
}
END_TEST

START_TEST(kind_and_hint_change_nothing_else)
{
	struct error err = ERROR_INIT;

	error_set(&err, ERROR_FAILED, ENOENT, "open");
	ck_assert_int_eq(error_kind(&err, ERROR_HOST), -ENOENT);
	ck_assert_int_eq(error_hint(&err, "one"), -ENOENT);
	ck_assert_int_eq(error_hint(&err, "two"), -ENOENT);
	ck_assert_int_eq(err.kind, ERROR_HOST);
	ck_assert_str_eq(err.message, "open");
	ck_assert_str_eq(err.hint, "two");
}
END_TEST

START_TEST(long_context_keeps_the_reason)
{
	struct error err = ERROR_INIT;
	const char *end;

	error_errno(&err, ENOSPC, "write '%s'", long_text);
	ck_assert_uint_lt(strlen(err.message), sizeof(err.message));
	end = err.message + strlen(err.message) - strlen(": No space left on device");
	ck_assert_str_eq(end, ": No space left on device");
}
END_TEST

START_TEST(long_texts_are_cut)
{
	struct error err = ERROR_INIT;

	error_set(&err, ERROR_FAILED, EIO, "%s", long_text);
	ck_assert_uint_eq(strlen(err.message), sizeof(err.message) - 1);
	error_prefix(&err, "%s", long_text);
	ck_assert_uint_eq(strlen(err.message), sizeof(err.message) - 1);
	error_hint(&err, "%s", long_text);
	ck_assert_uint_eq(strlen(err.hint), sizeof(err.hint) - 1);
}
END_TEST

START_TEST(arguments_may_be_the_error_itself)
{
	struct error err = ERROR_INIT;

	error_set(&err, ERROR_FAILED, EIO, "one");
	error_set(&err, ERROR_FAILED, EIO, "%s two", err.message);
	error_prefix(&err, "(%s)", err.message);
	error_hint(&err, "see %s", err.message);
	error_hint(&err, "%s!", err.hint);
	ck_assert_str_eq(err.message, "(one two): one two");
	ck_assert_str_eq(err.hint, "see (one two): one two!");
}
END_TEST

static void check_sanitised(const char *text, const char *expected)
{
	char out[64];

	error_sanitise(out, sizeof(out), text);
	ck_assert_str_eq(out, expected);
}

START_TEST(sanitise_keeps_text)
{
	check_sanitised("", "");
	check_sanitised("start 'web1': ~100%", "start 'web1': ~100%");
	check_sanitised("Gr\xc3\xbc\xc3\x9f"
			"e \xe2\x82\xac \xf0\x9f\x90\xa7",
			"Gr\xc3\xbc\xc3\x9f"
			"e \xe2\x82\xac \xf0\x9f\x90\xa7");
	check_sanitised("\xc2\xa0\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf",
			"\xc2\xa0\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf");
}
END_TEST

START_TEST(sanitise_replaces_controls)
{
	check_sanitised("\x1b[31mred", "?[31mred");
	check_sanitised("a\nb\tc\rd\x7f", "a?b?c?d?");
	/* U+0085 next line, U+009B control sequence introducer */
	check_sanitised("a\xc2\x85\xc2\x9b", "a??");
	/* line and paragraph separator, right-to-left override, isolates */
	check_sanitised("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae\xe2\x81\xa6", "????");
	check_sanitised("\xef\xbf\xb9\xef\xbf\xbb\xef\xbf\xbd", "??\xef\xbf\xbd");
	/* neighbours that are harmless */
	check_sanitised("\xe2\x80\xa7\xe2\x80\xaf", "\xe2\x80\xa7\xe2\x80\xaf");
}
END_TEST

START_TEST(sanitise_replaces_what_is_not_utf8)
{
	static const char *const bad[][2] = {
		{ "\x80", "?" },
		{ "\xbf.", "?." },
		{ "\xc3", "?" },
		{ "\xc3(", "?(" },
		{ "\xe2\x82", "??" },
		{ "\xe2\x82.", "??." },
		{ "\xf0\x9f\x90", "???" },
		{ "\xc0\x80", "??" }, /* overlong NUL */
		{ "\xc0\xaf", "??" },
		{ "\xc1\xbf", "??" },
		{ "\xe0\x80\xaf", "???" },
		{ "\xe0\x9f\xbf", "???" },
		{ "\xf0\x80\x80\xaf", "????" },
		{ "\xf0\x8f\xbf\xbf", "????" },
		{ "\xed\xa0\x80", "???" },
		{ "\xed\xbf\xbf", "???" }, /* surrogates */
		{ "\xf4\x90\x80\x80", "????" },
		{ "\xf5\x80\x80\x80", "????" },
		{ "\xf8\x88\x80\x80", "????" },
		{ "\xfe\xff", "??" },
		{ "\xc3\xc3\xbc", "?\xc3\xbc" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		check_sanitised(bad[i][0], bad[i][1]);
}
END_TEST

START_TEST(sanitise_cuts_between_characters)
{
	char out[8];

	memset(out, 'z', sizeof(out));
	error_sanitise(out, 0, "abc");
	ck_assert_int_eq(out[0], 'z');
	error_sanitise(out, 1, "abc");
	ck_assert_str_eq(out, "");
	error_sanitise(out, 3, "abc");
	ck_assert_str_eq(out, "ab");
	error_sanitise(out, 4, "ab\xc3\xbc");
	ck_assert_str_eq(out, "ab");
	error_sanitise(out, 5, "ab\xc3\xbc");
	ck_assert_str_eq(out, "ab\xc3\xbc");
	ck_assert_int_eq(out[5], 'z');
}
END_TEST

/* Lead and continuation bytes are made likely. */
static void fill_with_noise(char *text, size_t len)
{
	static const unsigned char lead[] = { 0xc2, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf4, 0x1b };

	for (size_t i = 0; i < len; i++) {
		long byte = 0x80 + random() % 64;

		if (random() % 4 == 0)
			byte = lead[random() % 8];
		if (random() % 4 == 0)
			byte = random() % 256;
		text[i] = (char)(unsigned char)byte;
	}
}

/* libc's decoder is the judge. */
static bool is_clean(const char *text)
{
	wchar_t wide[64];
	size_t n = mbstowcs(wide, text, ARRAY_SIZE(wide));

	if (n == (size_t)-1)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (iswcntrl((wint_t)wide[i]))
			return false;
	}
	return true;
}

START_TEST(sanitise_of_noise_is_clean_text)
{
	char in[33] = "", out[33];
	int dirty = 0;

	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
	srandom(1);
	for (int round = 0; round < 20000; round++) {
		fill_with_noise(in, sizeof(in) - 1);
		error_sanitise(out, sizeof(out), in);
		dirty += !is_clean(out);
	}
	ck_assert_int_eq(dirty, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/error");
	TCase *words = tcase_create("words");
	TCase *sanitise = tcase_create("sanitise");

	tcase_add_checked_fixture(words, fill_long_text, NULL);
	tcase_add_test(words, set_fills_everything);
	tcase_add_test(words, code_zero_is_still_a_failure);
	tcase_add_test(words, errno_gives_kind_and_text);
	tcase_add_test(words, context_goes_in_front);
	tcase_add_test(words, kind_and_hint_change_nothing_else);
	tcase_add_test(words, long_context_keeps_the_reason);
	tcase_add_test(words, long_texts_are_cut);
	tcase_add_test(words, arguments_may_be_the_error_itself);
	suite_add_tcase(s, words);
	tcase_add_test(sanitise, sanitise_keeps_text);
	tcase_add_test(sanitise, sanitise_replaces_controls);
	tcase_add_test(sanitise, sanitise_replaces_what_is_not_utf8);
	tcase_add_test(sanitise, sanitise_cuts_between_characters);
	tcase_add_test(sanitise, sanitise_of_noise_is_clean_text);
	suite_add_tcase(s, sanitise);
	return suite_run(s);
}
