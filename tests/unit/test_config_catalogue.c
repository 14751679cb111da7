/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalogue of images: what an entry may say, which file has the last word, how one is found. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "config/catalogue.h"
#include "suite.h"

#define MIRROR "mirrors = https://example.org/a/\n"
#define FILE_KEY "file = b/x-1.qcow2\n"
#define DIGEST_KEY "digest_file = SHA512SUMS\n"
#define WHOLE MIRROR FILE_KEY DIGEST_KEY

static struct catalogue catalogue;

static void setup(void)
{
	catalogue = (struct catalogue)CATALOGUE_INIT;
}

static void teardown(void)
{
	catalogue_done(&catalogue);
}

static void take(const char *origin, const char *text)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(catalogue_parse(&catalogue, origin, text, strlen(text), &err), err);
}

/* Refused with this beginning of the message, and nothing of it is taken. */
static void refuse(const char *text, const char *message)
{
	struct error err = ERROR_INIT;
	size_t n = catalogue.n;
	int r = catalogue_parse(&catalogue, "d/x.conf", text, strlen(text), &err);

	ck_assert_msg(r < 0, "accepted: %s", text);
	suite_assert_error(r, err, err.code == ERANGE ? ERANGE : EINVAL, ERROR_USAGE);
	ck_assert_msg(strncmp(err.message, message, strlen(message)) == 0, "'%s' for: %s",
		      err.message, text);
	ck_assert_uint_eq(catalogue.n, n);
}

static void check_list(const struct strv *list, const char *expected)
{
	AUTO_FREE char *joined = strv_join(list, "|");

	ck_assert_str_eq(joined, expected);
}

START_TEST(an_entry_of_all_keys)
{
	const struct catalogue_entry *entry;

	take("d/x.conf", "# a comment\n[debian-13]\n"
			 "aliases = debian, trixie\n"
			 "title = Debian 13 (trixie)\n"
			 "mirrors = https://a.example/x/, http://[2001:db8::1]:8080/\n"
			 "mirrors = https://127.0.0.1:4433/y/z/\n"
			 "file = trixie/latest/debian-13.qcow2\n"
			 "digest_file = https://a.example/x/SHA512SUMS\n"
			 "digest_style = bsd\n"
			 "signature = SHA512SUMS.sign\n"
			 "keyring = /usr/share/keyrings/x.gpg\n"
			 "keyring_package = x-keyring\n"
			 "signature_required = on\n"
			 "arch = aarch64\n"
			 "user = debian\n"
			 "profile = alpine\n"
			 "firmware = uefi\n"
			 "min_disk = 10G\n"
			 "cpu_level = 3\n");
	ck_assert_uint_eq(catalogue.n, 1);
	entry = catalogue_find(&catalogue, "debian-13");
	ck_assert_ptr_nonnull(entry);
	ck_assert_str_eq(entry->name, "debian-13");
	check_list(&entry->aliases, "debian|trixie");
	ck_assert_str_eq(entry->title, "Debian 13 (trixie)");
	check_list(&entry->mirrors, "https://a.example/x/|http://[2001:db8::1]:8080/|"
				    "https://127.0.0.1:4433/y/z/");
	ck_assert_str_eq(entry->file, "trixie/latest/debian-13.qcow2");
	ck_assert_str_eq(entry->digest_file, "https://a.example/x/SHA512SUMS");
	ck_assert_ptr_null(entry->digest);
	ck_assert_int_eq(entry->digest_style, DIGEST_STYLE_BSD);
	ck_assert_str_eq(entry->signature, "SHA512SUMS.sign");
	ck_assert_str_eq(entry->keyring, "/usr/share/keyrings/x.gpg");
	ck_assert_str_eq(entry->keyring_package, "x-keyring");
	ck_assert(entry->signature_required);
	ck_assert_str_eq(entry->arch, "aarch64");
	ck_assert_str_eq(entry->guest.user, "debian");
	ck_assert_int_eq(entry->guest.profile, PROFILE_ALPINE);
	ck_assert_int_eq(entry->guest.firmware, FIRMWARE_UEFI);
	ck_assert_uint_eq(entry->guest.min_disk_bytes, 10737418240);
	ck_assert_uint_eq(entry->guest.cpu_level, 3);
	ck_assert_str_eq(entry->origin, "d/x.conf:2");
}
END_TEST

START_TEST(an_entry_of_few_keys)
{
	const struct catalogue_entry *entry;

	take("x.conf", "[x]\n" WHOLE);
	entry = catalogue_find(&catalogue, "x");
	ck_assert_ptr_nonnull(entry);
	ck_assert_uint_eq(entry->aliases.n, 0);
	ck_assert_ptr_null(entry->title);
	ck_assert_ptr_null(entry->signature);
	ck_assert_ptr_null(entry->keyring);
	ck_assert(!entry->signature_required);
	ck_assert_int_eq(entry->digest_style, DIGEST_STYLE_GNU);
	ck_assert_str_eq(entry->arch, "x86_64");
	ck_assert_ptr_null(entry->guest.user);
	ck_assert_int_eq(entry->guest.profile, PROFILE_DEFAULT);
	ck_assert_int_eq(entry->guest.firmware, FIRMWARE_BIOS);
	ck_assert_uint_eq(entry->guest.min_disk_bytes, 0);
	ck_assert_uint_eq(entry->guest.cpu_level, 1);
}
END_TEST

START_TEST(sections_that_lack_something)
{
	refuse("[x]\n", "d/x.conf:1: section [x]: lacks its 'mirrors'");
	refuse("\n[x]\nmirrors =\n" FILE_KEY DIGEST_KEY, "d/x.conf:2: section [x]: lacks its 'mi");
	refuse("[x]\n" MIRROR DIGEST_KEY, "d/x.conf:1: section [x]: lacks its 'file'");
	refuse("[x]\n" MIRROR FILE_KEY, "d/x.conf:1: section [x]: lacks its 'digest_file'");
	refuse("[y]\n" WHOLE "[x]\n", "d/x.conf:5: section [x]: lacks its 'mirrors'");
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("config_catalogue");
	TCase *tc = tcase_create("entry");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_entry_of_all_keys);
	tcase_add_test(tc, an_entry_of_few_keys);
	tcase_add_test(tc, sections_that_lack_something);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return suite_run(make_suite());
}
