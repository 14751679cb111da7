/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which mirror is asked next, whether from the start, and after how long. */
#include "base/alloc.h"
#include "suite.h"
#include "../../src/vm/pull_retry.h"

static struct retry retry;
static unsigned int delay_ms;
static uint64_t bytes;
static unsigned int retry_after_s;
static uint32_t jitter;

static void setup(void)
{
	bytes = 0;
	retry_after_s = 0;
	jitter = 0;
}

static enum retry_step failed(enum retry_event event)
{
	return retry_failed(&retry, event, bytes, retry_after_s, jitter, &delay_ms);
}

#define assert_next(event, step_, mirror_, delay_)                                                 \
	do {                                                                                       \
		ck_assert_int_eq(failed(event), (step_));                                          \
		ck_assert_uint_eq(retry.mirror, (mirror_));                                        \
		ck_assert_uint_eq(delay_ms, (delay_));                                             \
	} while (0)

START_TEST(test_one_mirror)
{
	static const unsigned int delays[] = { 1250, 2500, 5000, 10000, 10000, 10000 };

	retry_init(&retry, 1, 7);
	for (size_t i = 0; i < ARRAY_SIZE(delays); i++)
		assert_next(RETRY_AGAIN, RETRY_GO_ON, 0, delays[i]);
	ck_assert_int_eq(failed(RETRY_AGAIN), RETRY_GIVE_UP);
	ck_assert_uint_eq(retry.tries_all, 7);
}
END_TEST

/* A quarter more or less, whatever the number. */
START_TEST(test_jitter)
{
	static const uint32_t jitters[] = { 0, 1, 250, 500, 501, 4711, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(jitters); i++) {
		jitter = jitters[i];
		retry_init(&retry, 1, 2);
		ck_assert_int_eq(failed(RETRY_AGAIN), RETRY_GO_ON);
		ck_assert_uint_ge(delay_ms, 750);
		ck_assert_uint_le(delay_ms, 1250);
	}
}
END_TEST

START_TEST(test_mirrors)
{
	retry_init(&retry, 3, 10);
	assert_next(RETRY_AGAIN, RETRY_GO_ON, 1, 0);
	assert_next(RETRY_AGAIN, RETRY_GO_ON, 2, 0);
	assert_next(RETRY_AGAIN, RETRY_GO_ON, 0, 1250);
	assert_next(RETRY_REFUSED, RETRY_GO_ON, 1, 1250);
	assert_next(RETRY_AGAIN, RETRY_GO_ON, 2, 1250);
	assert_next(RETRY_REFUSED, RETRY_GO_ON, 1, 2500);
	assert_next(RETRY_REFUSED, RETRY_GIVE_UP, 1, 0);
}
END_TEST

START_TEST(test_retry_after)
{
	retry_init(&retry, 2, 10);
	retry_after_s = 7;
	assert_next(RETRY_AGAIN, RETRY_GO_ON, 1, 0);
	retry_after_s = UINT32_MAX;
	assert_next(RETRY_AGAIN, RETRY_GO_ON, 0, 7000);
	retry_after_s = 1;
	assert_next(RETRY_AGAIN, RETRY_GO_ON, 1, 60000);
	assert_next(RETRY_AGAIN, RETRY_GO_ON, 0, 2500); /* less than our own */
}
END_TEST

/* What comes piece by piece comes in the end; what always stops at one place does not. */
START_TEST(test_progress)
{
	retry_init(&retry, 1, 3);
	for (int i = 0; i < 100; i++) {
		bytes += RETRY_PROGRESS;
		assert_next(RETRY_AGAIN, RETRY_GO_ON, 0, 1250);
	}
	assert_next(RETRY_AGAIN, RETRY_GO_ON, 0, 2500);
	bytes += RETRY_PROGRESS - 1;
	ck_assert_int_eq(failed(RETRY_AGAIN), RETRY_GIVE_UP);
}
END_TEST

/* All of it anew each time, and never to the end. */
START_TEST(test_no_progress_from_zero)
{
	unsigned int tries = 0;

	retry_init(&retry, 1, 6);
	do {
		bytes = 100 * (uint64_t)RETRY_PROGRESS;
		ck_assert_uint_lt(++tries, 100);
	} while (failed(tries % 2 ? RETRY_AGAIN : RETRY_NO_RANGE) != RETRY_GIVE_UP);
	ck_assert_uint_eq(tries, 6);
}
END_TEST

START_TEST(test_no_range)
{
	retry_init(&retry, 3, 10);
	assert_next(RETRY_NO_RANGE, RETRY_GO_ON, 1, 0);
	assert_next(RETRY_AGAIN, RETRY_GO_ON, 2, 0);
	assert_next(RETRY_NO_RANGE, RETRY_FROM_ZERO, 0, 0);
	/* at another place it may be another answer */
	assert_next(RETRY_AGAIN, RETRY_GO_ON, 2, 0);
	assert_next(RETRY_REFUSED, RETRY_GO_ON, 0, 1250);
	retry_init(&retry, 1, 10);
	assert_next(RETRY_NO_RANGE, RETRY_FROM_ZERO, 0, 0);
}
END_TEST

START_TEST(test_wrong)
{
	retry_init(&retry, 2, 10);
	bytes = 100 * (uint64_t)RETRY_PROGRESS;
	assert_next(RETRY_WRONG_RESUMED, RETRY_FROM_ZERO, 0, 0);
	assert_next(RETRY_WRONG, RETRY_FROM_ZERO, 1, 0);
	assert_next(RETRY_WRONG, RETRY_GIVE_UP, 1, 0);
}
END_TEST

/* Whoever has it for the second time is wrong himself, however much it was that came. */
START_TEST(test_mixtures_end)
{
	retry_init(&retry, 2, 10);
	bytes = 100 * (uint64_t)RETRY_PROGRESS;
	ck_assert_int_eq(retry_wrong(&retry, false), RETRY_WRONG);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(retry_wrong(&retry, true), RETRY_WRONG_RESUMED);
		assert_next(RETRY_WRONG_RESUMED, RETRY_FROM_ZERO, i, 0);
		ck_assert_int_eq(retry_wrong(&retry, true), RETRY_WRONG);
		if (i == 0)
			assert_next(RETRY_AGAIN, RETRY_GO_ON, 1, 0);
	}
	assert_next(RETRY_WRONG, RETRY_FROM_ZERO, 0, 0);
	ck_assert_int_eq(retry_wrong(&retry, true), RETRY_WRONG);
	ck_assert_int_eq(failed(RETRY_WRONG), RETRY_GIVE_UP);
}
END_TEST

/* The bytes of a wrong file are no measure for those of the right one. */
START_TEST(test_progress_after_wrong)
{
	retry_init(&retry, 2, 2);
	bytes = 100 * (uint64_t)RETRY_PROGRESS;
	assert_next(RETRY_WRONG, RETRY_FROM_ZERO, 1, 0);
	bytes = RETRY_PROGRESS;
	ck_assert_int_eq(failed(RETRY_AGAIN), RETRY_GO_ON);
	bytes = 2 * RETRY_PROGRESS;
	ck_assert_int_eq(failed(RETRY_AGAIN), RETRY_GO_ON);
}
END_TEST

START_TEST(test_one_try)
{
	retry_init(&retry, CATALOGUE_MIRRORS_MAX, 1);
	ck_assert_int_eq(failed(RETRY_AGAIN), RETRY_GIVE_UP);
	retry_init(&retry, 1000, 1000);
	for (int i = 0; i < CATALOGUE_MIRRORS_MAX - 1; i++)
		ck_assert_int_eq(failed(RETRY_REFUSED), RETRY_GO_ON);
	ck_assert_int_eq(failed(RETRY_REFUSED), RETRY_GIVE_UP);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vm_pull_retry");
	TCase *tcase = tcase_create("retry");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, test_one_mirror);
	tcase_add_test(tcase, test_jitter);
	tcase_add_test(tcase, test_mirrors);
	tcase_add_test(tcase, test_retry_after);
	tcase_add_test(tcase, test_progress);
	tcase_add_test(tcase, test_no_progress_from_zero);
	tcase_add_test(tcase, test_no_range);
	tcase_add_test(tcase, test_wrong);
	tcase_add_test(tcase, test_mixtures_end);
	tcase_add_test(tcase, test_progress_after_wrong);
	tcase_add_test(tcase, test_one_try);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
