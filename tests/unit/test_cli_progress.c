/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line of a transfer, its sum and its rate. */
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "../../src/cli/progress.h"
#include "suite.h"

static const uint64_t mib = (uint64_t)1 << 20;

static void assert_line(const struct progress_line *line, size_t width, const char *expected)
{
	AUTO_BUF text = BUF_INIT;

	progress_format(line, width, &text);
	ck_assert_str_eq(buf_str(&text), expected);
	ck_assert_uint_le(text.len, width);
}

static void assert_sum(uint64_t bytes, int64_t ms, const char *expected)
{
	AUTO_BUF text = BUF_INIT;

	progress_format_sum(bytes, ms, &text);
	ck_assert_str_eq(buf_str(&text), expected);
}

static struct progress_line half(void)
{
	return (struct progress_line){ .name = "debian-13",
				       .phase = "downloading",
				       .done = 200 * mib,
				       .total = 400 * mib,
				       .rate = 20 * mib };
}

START_TEST(test_whole_line)
{
	struct progress_line line = half();

	assert_line(
		&line, 79,
		"debian-13 downloading [=========>        ]  50%    200M/400M     20M/s     0:10");
	line.done = line.total;
	assert_line(
		&line, 79,
		"debian-13 downloading [==================] 100%    400M/400M     20M/s     0:00");
}
END_TEST

START_TEST(test_nothing_yet)
{
	struct progress_line line = half();

	line.done = line.rate = 0;
	assert_line(
		&line, 79,
		"debian-13 downloading [>                           ]   0%       0/400M     -:--");
}
END_TEST

/* No share of it can be told, so neither bar nor time. */
START_TEST(test_unknown_total)
{
	struct progress_line line = half();

	line.total = 0;
	assert_line(&line, 79, "debian-13 downloading    200M     20M/s");
	line.total = line.done - 1;
	assert_line(&line, 79, "debian-13 downloading    200M     20M/s");
	line.done = line.rate = line.total = 0;
	assert_line(&line, 79, "debian-13 downloading");
}
END_TEST

START_TEST(test_rate_zero)
{
	struct progress_line line = half();

	line.rate = 0;
	assert_line(&line, 62, "debian-13 downloading [=====>     ]  50%    200M/400M     -:--");
}
END_TEST

START_TEST(test_time_left)
{
	struct progress_line line = half();

	line.phase = "";
	line.rate = 1;
	assert_line(&line, 50, "debian-13  50%    200M/400M       1/s     -:--");
	line.rate = 50 * 1024;
	assert_line(&line, 50, "debian-13  50%    200M/400M     50K/s  1:08:16");
}
END_TEST

START_TEST(test_huge)
{
	struct progress_line line = { .name = "x",
				      .phase = "",
				      .done = UINT64_MAX - 1,
				      .total = UINT64_MAX,
				      .rate = UINT64_MAX };

	assert_line(&line, 49, "x 100% 16777216T/16777216T 16777216T/s     0:00");
	line.total = 1;
	assert_line(&line, 49, "x 16777216T 16777216T/s");
}
END_TEST

START_TEST(test_narrow)
{
	struct progress_line line = half();

	assert_line(&line, 20, "debian-13  50%");
	assert_line(&line, 14, "debian-13  50%");
	assert_line(&line, 13, "debian-1  50%");
	assert_line(&line, 5, " 50%");
	assert_line(&line, 4, " 50%");
	assert_line(&line, 3, "deb");
	assert_line(&line, 0, "");
	line.name = "a-name-that-is-as-long-as-any-that-the-catalogue-takes";
	assert_line(&line, 20, "a-name-that-is-  50%");
}
END_TEST

START_TEST(test_wide)
{
	struct progress_line line = half();
	AUTO_BUF text = BUF_INIT;

	progress_format(&line, 300, &text);
	ck_assert_uint_lt(text.len, 150);
	ck_assert_ptr_nonnull(strstr(text.data, "]  50%"));
}
END_TEST

/* Whatever the width, it fits, and a name of nothing breaks nothing. */
START_TEST(test_every_width)
{
	static const struct progress_line lines[] = {
		{ .name = "debian-13", .phase = "downloading", .done = 1, .total = 3, .rate = 1 },
		{ .name = "", .phase = "", .done = 0, .total = 0, .rate = 0 },
		{ .name = "n", .phase = "p", .done = UINT64_MAX, .total = UINT64_MAX, .rate = 7 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		for (size_t width = 0; width < 320; width++) {
			AUTO_BUF text = BUF_INIT;

			progress_format(&lines[i], width, &text);
			ck_assert_uint_le(text.len, width);
		}
	}
}
END_TEST

START_TEST(test_sum)
{
	assert_sum(412 * mib, 12000, "412M in 12s (34.3M/s)");
	assert_sum(0, 12000, "0 in 12s");
	assert_sum(1000, 0, "1000 in 0s");
	assert_sum(1000, -5, "1000 in 0s");
	assert_sum(UINT64_MAX, 3600000, "16777216T in 1h00m (4660.3T/s)");
}
END_TEST

START_TEST(test_rate)
{
	struct progress_rate rate = { .n = 0 };

	ck_assert_uint_eq(progress_rate_add(&rate, 1000, 0), 0);
	ck_assert_uint_eq(progress_rate_add(&rate, 1400, 400), 0);
	ck_assert_uint_eq(progress_rate_add(&rate, 2000, 1000), 1000);
	ck_assert_uint_eq(progress_rate_add(&rate, 2000, 1000), 1000);
}
END_TEST

/* Of the latest seconds only: what was quick an hour ago says nothing of now. */
START_TEST(test_rate_forgets)
{
	struct progress_rate rate = { .n = 0 };
	uint64_t bytes = 0, last = 0;

	for (int64_t ms = 0; ms < 10000; ms += 100)
		last = progress_rate_add(&rate, ms, bytes += 1000000);
	ck_assert_uint_eq(last, 10000000);
	for (int64_t ms = 10000; ms < 20000; ms += 100)
		last = progress_rate_add(&rate, ms, bytes += 100);
	ck_assert_uint_eq(last, 1000);
	for (int64_t ms = 20000; ms < 30000; ms += 100)
		last = progress_rate_add(&rate, ms, bytes);
	ck_assert_uint_eq(last, 0);
}
END_TEST

/* Another mirror that does not go on where the first ended. */
START_TEST(test_rate_from_the_beginning)
{
	struct progress_rate rate = { .n = 0 };

	progress_rate_add(&rate, 0, 5000);
	progress_rate_add(&rate, 1000, 9000);
	ck_assert_uint_eq(progress_rate_add(&rate, 2000, 0), 0);
	ck_assert_uint_eq(progress_rate_add(&rate, 3000, 100), 100);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli_progress");
	TCase *line = tcase_create("line"), *rate = tcase_create("rate");

	tcase_add_test(line, test_whole_line);
	tcase_add_test(line, test_nothing_yet);
	tcase_add_test(line, test_unknown_total);
	tcase_add_test(line, test_rate_zero);
	tcase_add_test(line, test_time_left);
	tcase_add_test(line, test_huge);
	tcase_add_test(line, test_narrow);
	tcase_add_test(line, test_wide);
	tcase_add_test(line, test_every_width);
	tcase_add_test(line, test_sum);
	tcase_add_test(rate, test_rate);
	tcase_add_test(rate, test_rate_forgets);
	tcase_add_test(rate, test_rate_from_the_beginning);
	suite_add_tcase(s, line);
	suite_add_tcase(s, rate);
	return suite_run(s);
}
