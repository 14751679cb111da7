/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Libraries that are loaded where they are used, by libarchive, whose headers stay out of base. */
#include <errno.h>
#include <string.h>

#include "base/library.h"
#include "suite.h"

int archive_version_number(void);
const char *archive_version_string(void);

#define FUNCTIONS(X) X(archive_version_string) X(archive_version_number)

struct functions {
	FUNCTIONS(LIBRARY_MEMBER)
};

static const char *const names[] = { FUNCTIONS(LIBRARY_NAME) NULL };

START_TEST(test_loaded)
{
	struct functions functions = { .archive_version_string = NULL };
	struct error err = ERROR_INIT;

	suite_assert_ok(library_load(&library_libarchive, names, &functions, &err), err);
	ck_assert_int_eq(functions.archive_version_number() / 1000000, 3);
	ck_assert_int_eq(strncmp(functions.archive_version_string(), "libarchive 3.", 13), 0);
	/* once more, into another struct: it is there already */
	memset(&functions, 0, sizeof(functions));
	suite_assert_ok(library_load(&library_libarchive, names, &functions, &err), err);
	ck_assert_int_eq(functions.archive_version_number() / 1000000, 3);
}
END_TEST

static void assert_refused(const struct library *library, const char *const *wanted)
{
	struct functions functions, untouched;
	struct error err = ERROR_INIT;

	memset(&untouched, 0x5a, sizeof(untouched));
	functions = untouched;
	suite_assert_error(library_load(library, wanted, &functions, &err), err, ELIBACC,
			   ERROR_HOST);
	ck_assert_int_eq(memcmp(&functions, &untouched, sizeof(functions)), 0);
	ck_assert_ptr_nonnull(strstr(err.message, library->title));
	ck_assert_ptr_nonnull(strstr(err.hint, library->packages));
}

START_TEST(test_not_there)
{
	const struct library absent = { "libnone.so.0", "libnone", "libnone0 (Alpine: none)" };

	assert_refused(&absent, names);
}
END_TEST

START_TEST(test_without_function)
{
	static const char *const last[] = { "archive_version_number", "archive_teleport", NULL };
	static const char *const first[] = { "archive_teleport", "archive_version_number", NULL };

	assert_refused(&library_libarchive, last);
	assert_refused(&library_libarchive, first);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/library");
	TCase *tc = tcase_create("library");

	tcase_add_test(tc, test_loaded);
	tcase_add_test(tc, test_not_there);
	tcase_add_test(tc, test_without_function);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
