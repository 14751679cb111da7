/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NAME.conf of an image: what is written is read back, and nothing else is taken. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
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

START_TEST(bad_values)
{
	refuse("os = -x\n", "x.conf:1: parse os");
	refuse("url = file:///etc/shadow\n", "x.conf:1: parse url");
	refuse("digest = sha512:" HEX64 "\n", "x.conf:1: parse digest");
	refuse("digest = " HEX64 "\n", "x.conf:1: parse digest");
	refuse("digest = md5:00\n", "x.conf:1: parse digest");
	refuse("user = root\n", "x.conf:1: parse user");
	refuse("cpu_level = 5\n", "x.conf:1: parse cpu_level");
	refuse("cpu_level = 0\n", "x.conf:1: parse cpu_level");
	refuse("profile = netplan\n", "x.conf:1: parse profile");
	refuse("added = soon\n", "x.conf:1: parse added");
	refuse("[image]\n", "x.conf:1: unknown section 'image'");
	refuse("cpu = 1\n", "x.conf:1: unknown key 'cpu'");
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

static Suite *make_suite(void)
{
	Suite *s = suite_create("config_image");
	TCase *tc = tcase_create("image");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_is_read_and_written);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, bad_values);
	tcase_add_test(tc, what_no_reader_takes_is_not_written);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return suite_run(make_suite());
}
