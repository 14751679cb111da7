/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pulls of what is signed: whose signature counts, and where it is not looked at. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/images.h"
#include "pull_lab.h"

#define C_SUMS "https://c/SUMS"

#define SIGNED "signature = " SUMS ".sign\nkeyring = /etc/passwd\n"

static void expect_signature(const char *mirror_url, const char *signature)
{
	expect_bytes(mirror_url, 0, signature, strlen(signature), HTTP_DONE);
}

/* By whom it was signed is told by the image, too. */
static void assert_signature(const char *expected)
{
	struct image_config config;

	suite_assert_ok(images_config(&lab_store, pulled.name, &config, &lab_err), lab_err);
	ck_assert_pstr_eq(config.signature, expected);
	image_config_done(&config);
}

START_TEST(test_signed)
{
	add_keys(SIGNED);
	expect_sums();
	expect_signature(A SUMS ".sign", "good");
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
	assert_signature("/etc/passwd");
	ck_assert_uint_eq(notes, 0);
}
END_TEST

START_TEST(test_signed_inline)
{
	add_keys("signature = inline\nkeyring = /etc/passwd\n");
	expect_sums();
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
}
END_TEST

/* Another mirror's digests are taken with its own signature. */
START_TEST(test_badly_signed)
{
	add_keys(SIGNED);
	expect_sums();
	expect_signature(A SUMS ".sign", "bad");
	expect_bytes(B SUMS, 0, sums, strlen(sums), HTTP_DONE);
	expect_signature(B SUMS ".sign", "good");
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
}
END_TEST

START_TEST(test_badly_signed_everywhere)
{
	static const char *const signatures[] = { "bad", "other" };

	add_keys(SIGNED);
	expect_sums();
	expect_signature(A SUMS ".sign", signatures[_i]);
	expect_bytes(B SUMS, 0, sums, strlen(sums), HTTP_DONE);
	expect_signature(B SUMS ".sign", signatures[_i]);
	ck_assert_int_lt(pull(), 0);
	ck_assert_int_eq(lab_err.kind, ERROR_VERIFY);
	assert_folder("");
}
END_TEST

START_TEST(test_no_signature_file)
{
	add_keys(SIGNED);
	expect_sums();
	expect_failure(A SUMS ".sign", 0, HTTP_FAILED);
	expect_bytes(B SUMS, 0, sums, strlen(sums), HTTP_DONE);
	expect_failure(B SUMS ".sign", 0, HTTP_FAILED);
	suite_assert_error(pull(), lab_err, ECONNRESET, ERROR_FAILED);
	assert_folder("");
}
END_TEST

/* It is the host's fault: no other mirror is asked. */
START_TEST(test_no_gpgv)
{
	add_keys(SIGNED);
	expect_sums();
	expect_signature(A SUMS ".sign", "no gpgv");
	suite_assert_error(pull(), lab_err, ENOENT, ERROR_HOST);
}
END_TEST

#define UNCHECKED "signature = " SUMS ".sign\nkeyring = /absent\nkeyring_package = keys\n"

START_TEST(test_no_keyring)
{
	add_keys(UNCHECKED);
	expect_sums();
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	ck_assert_uint_eq(notes, 1);
	assert_pulled();
	assert_signature(NULL);
}
END_TEST

START_TEST(test_no_keyring_but_required)
{
	add_keys(UNCHECKED "signature_required = yes\n");
	suite_assert_error(pull(), lab_err, ENOKEY, ERROR_VERIFY);
	ck_assert_ptr_nonnull(strstr(lab_err.hint, "install keys"));
	assert_folder("");
}
END_TEST

/* It may be there: nothing is fetched, whether it is required or not. */
START_TEST(test_keyring_out_of_reach)
{
	AUTO_FREE char *loop = xasprintf("%s/loop", lab_dir.path);
	const char *const keyrings[] = { loop, "/etc/passwd/keyring" };
	static const int codes[] = { ELOOP, ENOTDIR };

	ck_assert_int_eq(symlink("loop", loop), 0);
	for (int i = 0; i < 4; i++) {
		AUTO_FREE char *keys = xasprintf("signature = inline\nkeyring = %s\n"
						 "signature_required = %s\n",
						 keyrings[i / 2], i % 2 ? "yes" : "no");

		add_keys(keys);
		suite_assert_error(pull(), lab_err, codes[i / 2], ERROR_HOST);
		ck_assert_ptr_nonnull(strstr(lab_err.message, keyrings[i / 2]));
	}
	ck_assert_int_eq(unlink(loop), 0);
	ck_assert_uint_eq(notes, 0);
	assert_folder("");
}
END_TEST

/* A signature that is below the mirrors, of a digest file that is not, is had from any of them. */
START_TEST(test_signature_of_another_mirror)
{
	add_entry("digest_file = " C_SUMS "\n" SIGNED);
	expect_bytes(C_SUMS, 0, sums, strlen(sums), HTTP_DONE);
	expect_failure(A SUMS ".sign", 0, HTTP_FAILED);
	expect_bytes(C_SUMS, 0, sums, strlen(sums), HTTP_DONE);
	expect_signature(B SUMS ".sign", "good");
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vm_pull_signature");
	TCase *tcase = pull_case("pull_signature");

	tcase_add_test(tcase, test_signed);
	tcase_add_test(tcase, test_signed_inline);
	tcase_add_test(tcase, test_badly_signed);
	tcase_add_loop_test(tcase, test_badly_signed_everywhere, 0, 2);
	tcase_add_test(tcase, test_no_signature_file);
	tcase_add_test(tcase, test_no_gpgv);
	tcase_add_test(tcase, test_no_keyring);
	tcase_add_test(tcase, test_no_keyring_but_required);
	tcase_add_test(tcase, test_keyring_out_of_reach);
	tcase_add_test(tcase, test_signature_of_another_mirror);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
