/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NAME.conf of an image: what is written is read back, and nothing else is taken. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/strv.h"
#include "config/catalogue.h"
#include "config/image_config.h"
#include "suite.h"

#define HEX16 "0123456789abcdef"
#define HEX64 HEX16 HEX16 HEX16 HEX16

static struct image_config config;

static void setup(void)
{
	image_config_init(&config);
}

static void teardown(void)
{
	image_config_done(&config);
}

static void take(const char *text)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(image_config_parse(&config, "x.conf", text, strlen(text), &err), err);
}

static void refuse(const char *text, const char *message)
{
	struct error err = ERROR_INIT;
	int r = image_config_parse(&config, "x.conf", text, strlen(text), &err);

	ck_assert_msg(r < 0, "accepted: %s", text);
	suite_assert_error(r, err, err.code == ERANGE ? ERANGE : EINVAL, ERROR_USAGE);
	ck_assert_msg(strncmp(err.message, message, strlen(message)) == 0, "'%s' for: %s",
		      err.message, text);
}

static const char all_lines[] = "os = debian-13\n"
				"url = https://a.example/x/debian-13.qcow2\n"
				"source_digest = sha512:" HEX64 HEX64 "\n"
				"signature = /usr/share/keyrings/x.gpg\n"
				"digest = sha256:" HEX64 "\n"
				"added = 1767222000123456789\n"
				"user = debian\n"
				"profile = alpine\n"
				"firmware = uefi\n"
				"min_disk = 10737418240\n"
				"cpu_level = 3\n";

START_TEST(all_is_read_and_written)
{
	struct error err = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;

	take(all_lines);
	ck_assert_str_eq(config.os, "debian-13");
	ck_assert_str_eq(config.url, "https://a.example/x/debian-13.qcow2");
	ck_assert_str_eq(config.source_digest, "sha512:" HEX64 HEX64);
	ck_assert_str_eq(config.signature, "/usr/share/keyrings/x.gpg");
	ck_assert_str_eq(config.digest, "sha256:" HEX64);
	ck_assert_int_eq(config.added_ns, 1767222000123456789);
	ck_assert_str_eq(config.guest.user, "debian");
	ck_assert_int_eq(config.guest.profile, PROFILE_ALPINE);
	ck_assert_int_eq(config.guest.firmware, FIRMWARE_UEFI);
	ck_assert_uint_eq(config.guest.min_disk_bytes, 10737418240);
	ck_assert_uint_eq(config.guest.cpu_level, 3);
	suite_assert_ok(image_config_format(&config, &text, &err), err);
	ck_assert_str_eq(buf_str(&text), all_lines);
}
END_TEST

START_TEST(defaults)
{
	struct error err = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;

	take("");
	ck_assert_ptr_null(config.os);
	ck_assert_ptr_null(config.url);
	ck_assert_ptr_null(config.digest);
	ck_assert_int_eq(config.added_ns, 0);
	ck_assert_uint_eq(config.guest.cpu_level, 1);
	suite_assert_ok(image_config_format(&config, &text, &err), err);
	ck_assert_str_eq(buf_str(&text), "profile = default\nfirmware = bios\ncpu_level = 1\n");
}
END_TEST

static const struct {
	const char *line, *why;
} bad_lines[] = {
	{ "os =", "parse os" },
	{ "os = -x", "parse os" },
	{ "os = a/b", "parse os" },
	{ "url =", "parse url" },
	{ "url = file:///etc/shadow", "parse url" },
	{ "url = https://a.example/", "parse url" },
	{ "url = https://user:word@a.example/x", "parse url" },
	{ "url = https://a.example/../x", "parse url" },
	{ "url = https://a.example/x?y", "parse url" },
	{ "source_digest = " HEX64, "parse source_digest" },
	{ "source_digest = sha256:" HEX16, "parse source_digest" },
	{ "digest = sha512:" HEX64, "parse digest" },
	{ "digest = md5:" HEX16 HEX16, "parse digest" },
	{ "digest = SHA256:" HEX64, "parse digest" },
	{ "signature = on", "parse signature" },
	{ "signature = /a/../b", "parse signature" },
	{ "added = soon", "parse added" },
	{ "added = 9223372036854775808", "parse added" },
	{ "user = root", "parse user" },
	{ "user =", "parse user" },
	{ "profile = netplan", "parse profile" },
	{ "firmware = efi", "parse firmware" },
	{ "min_disk = 1", "parse min_disk" },
	{ "cpu_level = 0", "parse cpu_level" },
	{ "cpu_level = 5", "parse cpu_level" },
	{ "[image]", "unknown section 'image'" },
	{ "keyring = /x", "unknown key 'keyring'" },
	{ "os", "not a line" },
};

START_TEST(bad_lines_are_refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_lines); i++) {
		AUTO_FREE char *text = xasprintf("#\n%s\n", bad_lines[i].line);
		AUTO_FREE char *message = xasprintf("x.conf:2: %s", bad_lines[i].why);

		refuse(text, message);
	}
}
END_TEST

START_TEST(every_key_only_once)
{
	AUTO_STRV lines = STRV_INIT;
	const char *const *keys = image_config_keys();

	strv_split(&lines, all_lines, '\n');
	for (size_t i = 0; i < lines.n; i++) {
		AUTO_FREE char *text = xasprintf("%s\n%s\n", lines.v[i], lines.v[i]);

		ck_assert_ptr_nonnull(keys[i]);
		ck_assert_int_eq(strncmp(lines.v[i], keys[i], strlen(keys[i])), 0);
		refuse(text, "x.conf:2: key '");
		image_config_done(&config);
		image_config_init(&config);
	}
	ck_assert_ptr_null(keys[lines.n]);
}
END_TEST

/* The longest that the catalogue takes fits into a line. */
START_TEST(the_longest_url)
{
	AUTO_BUF text = BUF_INIT;
	struct error err = ERROR_INIT;
	char path[162];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	config.url = xasprintf("https://a.example/%s", path);
	ck_assert_uint_eq(strlen(config.url), CATALOGUE_URL_MAX - 1);
	suite_assert_ok(image_config_format(&config, &text, &err), err);
	image_config_done(&config);
	image_config_init(&config);
	take(buf_str(&text));
	ck_assert_uint_eq(strlen(config.url), CATALOGUE_URL_MAX - 1);
}
END_TEST

START_TEST(what_no_reader_takes_is_not_written)
{
	struct error err = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;

	config.url = xstrdup("https://a.example/x\nos = y");
	suite_assert_error(image_config_format(&config, &text, &err), err, EINVAL, ERROR_USAGE);
	ck_assert_uint_eq(text.len, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config/image");
	TCase *tc = tcase_create("image");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_is_read_and_written);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, bad_lines_are_refused);
	tcase_add_test(tc, every_key_only_once);
	tcase_add_test(tc, the_longest_url);
	tcase_add_test(tc, what_no_reader_takes_is_not_written);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
