/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words that qemu-img gets for a check, and its exit status in ours. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "image/check.h"
#include "suite.h"

START_TEST(arguments)
{
	AUTO_STRV argv = STRV_INIT;
	AUTO_FREE char *text = NULL;

	check_argv("/q", "/work/x", &argv);
	text = strv_join(&argv, "|");
	ck_assert_str_eq(text, "/q|check|-q|-U|-f|qcow2|/work/x");
}
END_TEST

START_TEST(exit_status)
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(check_word(0, "i", &err), 0);
	ck_assert_int_eq(check_word(3, "i", &err), CHECK_LEAKS);
	ck_assert_int_eq(err.kind, ERROR_NONE);
	/* 63: the format has no checks, which qcow2 has */
	for (int status = 1; status < 256; status++) {
		if (status == 3)
			continue;
		suite_assert_error(check_word(status, "i", &err), err, EBADMSG, ERROR_VERIFY);
		ck_assert_ptr_nonnull(strstr(err.message, "check image 'i': "));
		ck_assert((strstr(err.message, "contradict") != NULL) == (status == 2));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("image/check");
	TCase *tc = tcase_create("check");

	tcase_add_test(tc, arguments);
	tcase_add_test(tc, exit_status);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
