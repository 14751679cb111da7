/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The string vector. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strv.h"
#include "suite.h"

static void check_strv(const struct strv *strv, const char *joined)
{
	AUTO_FREE char *text = strv_join(strv, "|");

	ck_assert_str_eq(text, joined);
	if (strv->v)
		ck_assert_ptr_null(strv->v[strv->n]);
}

static void check_split(const char *text, char separator, const char *joined)
{
	AUTO_STRV strv = STRV_INIT;

	strv_split(&strv, text, separator);
	check_strv(&strv, joined);
}

START_TEST(empty_and_released)
{
	struct strv strv = STRV_INIT;

	strv_done(NULL);
	strv_done(&strv);
	strv_clear(&strv);
	strv_sort(&strv);
	check_strv(&strv, "");
	strv_push(&strv, "x");
	strv_done(&strv);
	strv_done(&strv);
	ck_assert_ptr_null(strv.v);
	ck_assert_uint_eq(strv.n + strv.capacity, 0);
}
END_TEST

START_TEST(ends_with_null_at_every_length)
{
	AUTO_STRV strv = STRV_INIT;

	for (int i = 0; i < 100; i++) {
		strv_pushf(&strv, "arg%d", i);
		ck_assert_uint_eq(strv.n, (size_t)i + 1);
		ck_assert_ptr_null(strv.v[strv.n]);
	}
	ck_assert_str_eq(strv.v[0], "arg0");
	ck_assert_str_eq(strv.v[99], "arg99");
	strv_clear(&strv);
	ck_assert_uint_eq(strv.n, 0);
	ck_assert_ptr_null(strv.v[0]);
}
END_TEST

START_TEST(push_copies_and_push_take_does_not)
{
	AUTO_STRV strv = STRV_INIT;
	char text[] = "one";
	char *taken = xstrdup("two");

	strv_push(&strv, text);
	text[0] = '-';
	strv_push_take(&strv, taken);
	strv_push(&strv, "");
	ck_assert_str_eq(strv.v[0], "one");
	ck_assert_ptr_eq(strv.v[1], taken);
	check_strv(&strv, "one|two|");
}
END_TEST

START_TEST(copy_replaces)
{
	AUTO_STRV a = STRV_INIT;
	AUTO_STRV b = STRV_INIT;

	strv_split(&a, "x y", ' ');
	strv_push(&b, "old");
	strv_copy(&b, &a);
	check_strv(&b, "x|y");
	ck_assert_ptr_ne(a.v[0], b.v[0]);
	strv_copy(&b, &b);
	check_strv(&b, "x|y");
	strv_clear(&a);
	strv_copy(&b, &a);
	check_strv(&b, "");
}
END_TEST

START_TEST(sort_is_by_byte)
{
	AUTO_STRV strv = STRV_INIT;

	strv_split(&strv, "b,a,\xc3\xbc,B,a1,a", ',');
	strv_sort(&strv);
	check_strv(&strv, "B|a|a|a1|b|\xc3\xbc");
}
END_TEST

START_TEST(has_whole_texts_only)
{
	AUTO_STRV strv = STRV_INIT;

	ck_assert(!strv_has(&strv, ""));
	strv_push(&strv, "alpine");
	strv_push(&strv, "debian");
	ck_assert(strv_has(&strv, "alpine"));
	ck_assert(strv_has(&strv, "debian"));
	ck_assert(!strv_has(&strv, "deb"));
	ck_assert(!strv_has(&strv, "debian-13"));
	ck_assert(!strv_has(&strv, ""));
}
END_TEST

START_TEST(split_trims_and_drops)
{
	check_split("", ',', "");
	check_split(" \t ", ',', "");
	check_split(",,", ',', "");
	check_split("a", ',', "a");
	check_split(" a , b\t,, c d ,\n", ',', "a|b|c d");
	check_split("a  b ", ' ', "a|b");
	check_split("one\r\ntwo\n", '\n', "one|two");
}
END_TEST

START_TEST(split_appends)
{
	AUTO_STRV strv = STRV_INIT;

	strv_push(&strv, "first");
	strv_split(&strv, "a,b", ',');
	check_strv(&strv, "first|a|b");
}
END_TEST

START_TEST(join_with_anything)
{
	AUTO_STRV strv = STRV_INIT;
	AUTO_FREE char *none = strv_join(&strv, ", ");
	AUTO_FREE char *some = NULL;

	ck_assert_str_eq(none, "");
	strv_split(&strv, "a,b,c", ',');
	some = strv_join(&strv, ", ");
	ck_assert_str_eq(some, "a, b, c");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/strv");
	TCase *tc = tcase_create("strv");

	tcase_add_test(tc, empty_and_released);
	tcase_add_test(tc, ends_with_null_at_every_length);
	tcase_add_test(tc, push_copies_and_push_take_does_not);
	tcase_add_test(tc, copy_replaces);
	tcase_add_test(tc, sort_is_by_byte);
	tcase_add_test(tc, has_whole_texts_only);
	tcase_add_test(tc, split_trims_and_drops);
	tcase_add_test(tc, split_appends);
	tcase_add_test(tc, join_with_anything);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
