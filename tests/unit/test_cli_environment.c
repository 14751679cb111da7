/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is left of the variables of a caller. */
#include <stdlib.h>
#include <string.h>

#include "../../src/cli/environment.h"
#include "base/alloc.h"
#include "base/strv.h"
#include "suite.h"

extern char **environ;

static void set_all(const char *const *names)
{
	for (; *names; names++)
		setenv(*names, *names, 1);
}

/* Each variable as set_all() left it. */
static bool has(const char *name)
{
	const char *value = getenv(name);

	return value && !strcmp(value, name);
}

static size_t count(void)
{
	size_t n = 0;

	while (environ[n])
		n++;
	return n;
}

START_TEST(what_the_program_asks_for)
{
	static const char *const names[] = {
		"HOME",	      "XDG_CONFIG_HOME", "TERM",	"CREDENTIALS_DIRECTORY",
		"http_proxy", "https_proxy",	 "HTTPS_PROXY", "all_proxy",
		"ALL_PROXY",  "no_proxy",	 "NO_PROXY",	NULL
	};

	clearenv();
	set_all(names);
	environment_secure();
	for (size_t i = 0; names[i]; i++)
		ck_assert_msg(has(names[i]), "%s is lost", names[i]);
	ck_assert_uint_eq(count(), ARRAY_SIZE(names) - 1 + 2);
}
END_TEST

START_TEST(nothing_else)
{
	static const char *const names[] = {
		"HTTP_PROXY",
		"SSLKEYLOGFILE",
		"SSL_CERT_FILE",
		"SSL_CERT_DIR",
		"CURL_CA_BUNDLE",
		"CURL_HOME",
		"CURL_SSL_BACKEND",
		"OPENSSL_CONF",
		"OPENSSL_MODULES",
		"OPENSSL_ia32cap",
		"RES_OPTIONS",
		"LOCALDOMAIN",
		"HOSTALIASES",
		"RESOLV_MULTI",
		"NETRC",
		"LD_PRELOAD",
		"PATH",
		"LANG",
		"LC_ALL",
		NULL,
	};

	clearenv();
	set_all(names);
	environment_secure();
	ck_assert_uint_eq(count(), 2);
	ck_assert_str_eq(getenv("PATH"), "/usr/sbin:/usr/bin:/sbin:/bin");
	ck_assert_str_eq(getenv("LANG"), "C");
}
END_TEST

START_TEST(an_empty_one_is_kept_as_it_is)
{
	clearenv();
	setenv("https_proxy", "", 1);
	environment_secure();
	ck_assert_str_eq(getenv("https_proxy"), "");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/environment");
	TCase *tc = tcase_create("environment");

	tcase_add_test(tc, what_the_program_asks_for);
	tcase_add_test(tc, nothing_else);
	tcase_add_test(tc, an_empty_one_is_kept_as_it_is);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
