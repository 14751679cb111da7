/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables, times and JSON as they come out. */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "../../src/cli/output.h"
#include "suite.h"

static struct suite_tmpdir dir;
static int saved = -1;

/* Standard output into a file, and what has come by then. */
static void capture_begin(void)
{
	int fd;

	suite_tmpdir_make(&dir);
	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	fd = openat(dir.fd, "out", O_WRONLY | O_CREAT, 0600);
	ck_assert_int_eq(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	close(fd);
}

static char *capture_end(void)
{
	char *text;

	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	text = suite_get(dir.fd, "out");
	suite_tmpdir_remove(&dir);
	return text;
}

static void assert_table(const char *const *headings, size_t columns, const char *const *cells,
			 size_t rows, const char *expected)
{
	AUTO_FREE char *text = NULL;

	capture_begin();
	output_table(headings, columns, cells, rows);
	text = capture_end();
	ck_assert_str_eq(text, expected);
}

START_TEST(test_no_rows)
{
	static const char *const headings[] = { "NAME", "STATE" };

	assert_table(headings, 2, NULL, 0, "NAME  STATE\n");
}
END_TEST

START_TEST(test_widths)
{
	static const char *const headings[] = { "NAME", "S", "LAST" };
	static const char *const cells[] = { "a",	    "running", "x",
					     "a-long-name", "-",       "a long last cell" };

	assert_table(headings, 3, cells, 2,
		     "NAME         S        LAST\n"
		     "a            running  x\n"
		     "a-long-name  -        a long last cell\n");
}
END_TEST

START_TEST(test_one_column)
{
	static const char *const headings[] = { "NAME" };
	static const char *const cells[] = { "a", "bbbbbbbb", "" };

	assert_table(headings, 1, cells, 3, "NAME\na\nbbbbbbbb\n\n");
}
END_TEST

START_TEST(test_empty_and_odd_cells)
{
	static const char *const headings[] = { "A", "B" };
	static const char *const cells[] = { "", "x", "%s%n", "%d" };

	assert_table(headings, 2, cells, 2, "A     B\n      x\n%s%n  %d\n");
}
END_TEST

/* As wide as it is read, not as it is stored. */
START_TEST(test_utf8)
{
	static const char *const headings[] = { "OS", "UPTIME" };
	static const char *const cells[] = { "J\xc3\xb6rg", "1s",     "\xe2\x82\xac\xe2\x82\xac",
					     "2s",	    "abcdef", "3s" };

	assert_table(headings, 2, cells, 3,
		     "OS      UPTIME\n"
		     "J\xc3\xb6rg    1s\n"
		     "\xe2\x82\xac\xe2\x82\xac      2s\n"
		     "abcdef  3s\n");
}
END_TEST

START_TEST(test_uptime)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {
		{ 0, "0s" },
		{ 1, "1s" },
		{ 59, "59s" },
		{ 60, "1m00s" },
		{ 61, "1m01s" },
		{ 423, "7m03s" },
		{ 3599, "59m59s" },
		{ 3600, "1h00m" },
		{ 3661, "1h01m" },
		{ 18720, "5h12m" },
		{ 86399, "23h59m" },
		{ 86400, "1d0h" },
		{ 273600, "3d4h" },
		{ 86400 * 400, "400d0h" },
		{ UINT64_MAX, "213503982334601d7h" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[UPTIME_TEXT_MAX];

		output_uptime(cases[i].seconds, text);
		ck_assert_str_eq(text, cases[i].text);
	}
}
END_TEST

START_TEST(test_json)
{
	json_t *object = json_object();
	AUTO_FREE char *text = NULL;
	json_t *again;

	json_object_set_new(object, "name", json_string("a\"b\n"));
	capture_begin();
	output_json(json_incref(object));
	text = capture_end();
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
	again = json_loads(text, 0, NULL);
	ck_assert(json_equal(again, object));
	json_decref(again);
	ck_assert_uint_eq(object->refcount, 1); /* the other one was taken */
	json_decref(object);
}
END_TEST

START_TEST(test_clean)
{
	ck_assert_str_eq(output_clean("plain"), "plain");
	ck_assert_str_eq(output_clean("\x1b[31mred\n"), "?[31mred?");
	ck_assert_str_eq(output_clean("\xc2\23331m"), "?31m");
	ck_assert_str_eq(output_clean(""), "");
	AUTO_FREE char *text = xmalloc(10000);
	memset(text, 'x', 9999);
	text[9999] = '\0';
	ck_assert_uint_lt(strlen(output_clean(text)), 9999);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli_output");
	TCase *tcase = tcase_create("table");

	tcase_add_test(tcase, test_no_rows);
	tcase_add_test(tcase, test_widths);
	tcase_add_test(tcase, test_one_column);
	tcase_add_test(tcase, test_empty_and_odd_cells);
	tcase_add_test(tcase, test_utf8);
	suite_add_tcase(s, tcase);
	tcase = tcase_create("texts");
	tcase_add_test(tcase, test_uptime);
	tcase_add_test(tcase, test_json);
	tcase_add_test(tcase, test_clean);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
