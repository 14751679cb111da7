/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names, numbers and sizes: mostly what is refused. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "suite.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)

#define A16 "aaaaaaaaaaaaaaaa"
#define A63 A16 A16 A16 "aaaaaaaaaaaaaaa"

typedef int name_parser(const char *text, struct error *err);

static void accept_names(name_parser *parse, const char *const *names)
{
	for (; *names; names++) {
		struct error err = ERROR_INIT;

		suite_assert_ok(parse(*names, &err), err);
	}
}

static void refuse_names(name_parser *parse, const char *const *names)
{
	for (; *names; names++) {
		struct error err = ERROR_INIT;

		ck_assert_msg(parse(*names, &err) < 0, "'%s' passed", *names);
		ck_assert_int_eq(err.kind, ERROR_USAGE);
		ck_assert_int_eq(strncmp(err.message, "parse name '", 12), 0);
	}
}

START_TEST(vm_names)
{
	accept_names(parse_vm_name, (const char *const[]){ "a", "7", "web1", "a-b", "a--b", "0-9",
							   "xn--4ca", A63, NULL });
}
END_TEST

START_TEST(vm_names_refused)
{
	refuse_names(parse_vm_name,
		     (const char *const[]){
			     "",     "-",    "-a",     "a-",	   "A",	    "Web",   "a.b",   "a_b",
			     "a b",  " a",   "a ",     "a\n",	   "\ta",   "..",    ".",     "a/b",
			     "/",    "../x", "a:b",    "a@b",	   "a+b",   "a'b",   "a\"b",  "$a",
			     "a;b",  "a*",   "a%s",    "\xc3\xbc", "a\x01", "a\x7f", "a\xff", "%n",
			     "a\\b", "~",    "--help", A63 "a",	   A63 "-", A63 A63, NULL });
}
END_TEST

START_TEST(image_names)
{
	accept_names(parse_image_name,
		     (const char *const[]){ "a", "A", "9", "debian-12.qcow2", "Ubuntu_24.04",
					    "a..b", "a-", "c++", A63, NULL });
}
END_TEST

START_TEST(image_names_refused)
{
	refuse_names(parse_image_name,
		     (const char *const[]){ "",	    ".",     "..",    ".a",	  ".tmp-a", "-a",
					    "_a",   "+a",    "a/b",   "../a",	  "/a",	    "a b",
					    " a",   "a\n",   "a:b",   "a,b",	  "a=b",    "a'b",
					    "a~",   "a*",    "a\\b",  "\xc3\xbc", "a\x1b",  "a\x7f",
					    "a%20", A63 "a", A63 A63, NULL });
}
END_TEST

START_TEST(a_name_of_any_length_keeps_the_reason)
{
	struct error err = ERROR_INIT;
	char text[8000];

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_lt(parse_vm_name(text, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.message, "longer than 63"));
}
END_TEST

static void accept_u64(const char *text, uint64_t min, uint64_t max, uint64_t expected)
{
	struct error err = ERROR_INIT;
	uint64_t value = ~expected;

	suite_assert_ok(parse_u64("'--cpus'", text, min, max, &value, &err), err);
	ck_assert_uint_eq(value, expected);
}

static void refuse_u64(const char *text, uint64_t min, uint64_t max, int code)
{
	struct error err = ERROR_INIT;
	uint64_t value = 4711;

	ck_assert_msg(parse_u64("'--cpus'", text, min, max, &value, &err) < 0, "'%s' passed", text);
	ck_assert_int_eq(err.kind, ERROR_USAGE);
	ck_assert_int_eq(err.code, code);
	ck_assert_int_eq(strncmp(err.message, "parse '--cpus' '", 16), 0);
	ck_assert_uint_eq(value, 4711);
}

START_TEST(numbers)
{
	accept_u64("0", 0, 0, 0);
	accept_u64("1", 1, 64, 1);
	accept_u64("64", 1, 64, 64);
	accept_u64("010", 0, 64, 10);
	accept_u64("18446744073709551615", 0, UINT64_MAX, UINT64_MAX);
	accept_u64("000000000000000000000000000000007", 0, 9, 7);
}
END_TEST

START_TEST(numbers_refused)
{
	static const char *const bad[] = {
		"",	    "-",     "-1",  "+1",  " 1",
		"1 ",	    "1\n",   "\t1", "1.0", "1e3",
		"0x1",	    "1,0",   "1_0", "one", "1a",
		"a1",	    "--1",   "1-2", "1/2", "1M",
		"\xd9\xa1", "1\x01", "NaN", "inf", "99999999999999999999x",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		refuse_u64(bad[i], 0, UINT64_MAX, EINVAL);
}
END_TEST

START_TEST(numbers_out_of_range)
{
	refuse_u64("0", 1, 64, ERANGE);
	refuse_u64("65", 1, 64, ERANGE);
	refuse_u64("18446744073709551616", 0, UINT64_MAX, ERANGE);
	refuse_u64("18446744073709551625", 0, UINT64_MAX, ERANGE);
	refuse_u64("184467440737095516150", 0, UINT64_MAX, ERANGE);
	refuse_u64("99999999999999999999999999999999999999", 0, UINT64_MAX, ERANGE);
}
END_TEST

START_TEST(range_is_in_the_message)
{
	struct error err = ERROR_INIT;
	uint64_t value;

	parse_u64("cpus", "65", 1, 64, &value, &err);
	ck_assert_str_eq(err.message, "parse cpus '65': must be from 1 to 64");
	parse_size("memory", "1", MIB, 64 * MIB, TIB, &value, &err);
	ck_assert_str_eq(err.message, "parse memory '1': must be from 64M to 1T");
}
END_TEST

static void accept_size(const char *text, uint64_t bare_unit, uint64_t expected)
{
	struct error err = ERROR_INIT;
	uint64_t value = ~expected;

	suite_assert_ok(parse_size("disk", text, bare_unit, 0, UINT64_MAX, &value, &err), err);
	ck_assert_uint_eq(value, expected);
}

static void refuse_size(const char *text, uint64_t bare_unit, uint64_t min, uint64_t max, int code)
{
	struct error err = ERROR_INIT;
	uint64_t value = 4711;

	ck_assert_msg(parse_size("disk", text, bare_unit, min, max, &value, &err) < 0,
		      "'%s' passed", text);
	ck_assert_int_eq(err.kind, ERROR_USAGE);
	ck_assert_int_eq(err.code, code);
	ck_assert_uint_eq(value, 4711);
}

START_TEST(sizes)
{
	accept_size("0", 1, 0);
	accept_size("512", 1, 512);
	accept_size("512", MIB, 512 * MIB);
	accept_size("1K", MIB, 1024);
	accept_size("1k", MIB, 1024);
	accept_size("3M", 1, 3 * MIB);
	accept_size("3m", 1, 3 * MIB);
	accept_size("10G", 1, 10 * GIB);
	accept_size("10g", MIB, 10 * GIB);
	accept_size("2T", 1, 2 * TIB);
	accept_size("2t", 1, 2 * TIB);
	accept_size("16777215T", 1, 16777215 * TIB);
}
END_TEST

START_TEST(sizes_refused)
{
	static const char *const bad[] = {
		"",	"G",	"-1G",
		"+1G",	" 1G",	"1G ",
		"1 G",	"1GB",	"1GiB",
		"1Gi",	"1KK",	"1P",
		"1B",	"1b",	"1.5G",
		"1,5G", "0x1G", "1e3",
		"G1",	"1G\n", "1\n",
		"1-",	"1%",	"1\x01",
		"10 0", "1MG",	"99999999999999999999Q",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		refuse_size(bad[i], 1, 0, UINT64_MAX, EINVAL);
}
END_TEST

START_TEST(sizes_out_of_range)
{
	refuse_size("63M", MIB, 64 * MIB, GIB, ERANGE);
	refuse_size("63", MIB, 64 * MIB, GIB, ERANGE);
	refuse_size("1025M", 1, 64 * MIB, GIB, ERANGE);
	refuse_size("16777216T", 1, 0, UINT64_MAX, ERANGE);
	refuse_size("18446744073709551615", MIB, 0, UINT64_MAX, ERANGE);
	refuse_size("18446744073709551616", 1, 0, UINT64_MAX, ERANGE);
	refuse_size("18014398509481984K", 1, 0, UINT64_MAX, ERANGE);
}
END_TEST

START_TEST(booleans)
{
	static const char *const yes[] = { "on", "yes", "true", "1" };
	static const char *const no[] = { "off", "no", "false", "0" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		struct error err = ERROR_INIT;
		bool value = false;

		suite_assert_ok(parse_bool("uefi", yes[i], &value, &err), err);
		ck_assert(value);
		suite_assert_ok(parse_bool("uefi", no[i], &value, &err), err);
		ck_assert(!value);
	}
}
END_TEST

START_TEST(booleans_refused)
{
	static const char *const bad[] = { "",	   "On",  "TRUE", "y",	     "n",    "t",
					   "2",	   "-1",  "01",	  "on ",     " on",  "on\n",
					   "o",	   "onn", "yes!", "enabled", "null", "no,",
					   "offf", "tru", "00",	  "none" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = ERROR_INIT;
		bool value = i % 2;

		ck_assert_msg(parse_bool("uefi", bad[i], &value, &err) == -EINVAL, "'%s' passed",
			      bad[i]);
		ck_assert_int_eq(err.kind, ERROR_USAGE);
		ck_assert_int_eq(value, i % 2);
	}
}
END_TEST

static const char *const formats[] = { "qcow2", "raw", NULL };

START_TEST(choices)
{
	struct error err = ERROR_INIT;
	int index = -1;

	suite_assert_ok(parse_choice("format", "qcow2", formats, &index, &err), err);
	ck_assert_int_eq(index, 0);
	suite_assert_ok(parse_choice("format", "raw", formats, &index, &err), err);
	ck_assert_int_eq(index, 1);
}
END_TEST

START_TEST(choices_refused)
{
	static const char *const bad[] = {
		"", "ra", "raww", "RAW", " raw", "raw ", "qcow2,raw", "0"
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = ERROR_INIT;
		int index = 4711;

		ck_assert_msg(parse_choice("format", bad[i], formats, &index, &err) == -EINVAL,
			      "'%s' passed", bad[i]);
		ck_assert_int_eq(err.kind, ERROR_USAGE);
		ck_assert_int_eq(index, 4711);
		ck_assert_ptr_nonnull(strstr(err.message, "must be one of qcow2, raw"));
	}
}
END_TEST

START_TEST(sizes_as_text)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 1023, "1023" },
		{ 1024, "1K" },
		{ 1536, "1.5K" },
		{ 1075, "1K" },
		{ 1076, "1.1K" },
		{ 512 * MIB, "512M" },
		{ GIB + GIB / 2, "1.5G" },
		{ 10 * GIB, "10G" },
		{ MIB - 1, "1M" },
		{ MIB - 52, "1023.9K" },
		{ 1023 * MIB + MIB / 2, "1023.5M" },
		{ 2000 * TIB, "2000T" },
		{ UINT64_MAX, "16777216T" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char out[SIZE_TEXT_MAX];

		size_format(cases[i].bytes, out);
		ck_assert_str_eq(out, cases[i].text);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/parse");
	TCase *accept = tcase_create("accept");
	TCase *refuse = tcase_create("refuse");

	tcase_add_test(accept, vm_names);
	tcase_add_test(accept, image_names);
	tcase_add_test(accept, numbers);
	tcase_add_test(accept, sizes);
	tcase_add_test(accept, booleans);
	tcase_add_test(accept, choices);
	tcase_add_test(accept, sizes_as_text);
	suite_add_tcase(s, accept);
	tcase_add_test(refuse, vm_names_refused);
	tcase_add_test(refuse, image_names_refused);
	tcase_add_test(refuse, a_name_of_any_length_keeps_the_reason);
	tcase_add_test(refuse, numbers_refused);
	tcase_add_test(refuse, numbers_out_of_range);
	tcase_add_test(refuse, range_is_in_the_message);
	tcase_add_test(refuse, sizes_refused);
	tcase_add_test(refuse, sizes_out_of_range);
	tcase_add_test(refuse, booleans_refused);
	tcase_add_test(refuse, choices_refused);
	suite_add_tcase(s, refuse);
	return suite_run(s);
}
