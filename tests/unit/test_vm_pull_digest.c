/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pulls of what is not what its digest says, or no image: from whom it was, and what is left. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "store/images.h"
#include "pull_lab.h"

START_TEST(test_wrong_part)
{
	AUTO_FREE char *digest = xasprintf("sha512:%s", image_digest);
	struct image_part part;

	suite_assert_ok(images_part_open(&lab_store, digest, NULL, NULL, &part, &lab_err), lab_err);
	ck_assert_int_eq(fd_write_all(part.fd, other, HALF), 0);
	images_part_close(&part);
	expect_sums();
	expect_bytes(A IMAGE, HALF, image, SIZE, HTTP_DONE);
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
}
END_TEST

START_TEST(test_wrong_digest)
{
	expect_sums();
	expect_bytes(A IMAGE, 0, other, SIZE, HTTP_DONE);
	expect_bytes(B IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
}
END_TEST

START_TEST(test_wrong_digest_everywhere)
{
	AUTO_FREE char *wanted = xstrndup(image_digest, 12);

	expect_sums();
	expect_bytes(A IMAGE, 0, other, SIZE, HTTP_DONE);
	expect_bytes(B IMAGE, 0, other, SIZE, HTTP_DONE);
	suite_assert_error(pull(), lab_err, EBADMSG, ERROR_VERIFY);
	ck_assert_ptr_nonnull(strstr(lab_err.message, wanted));
	ck_assert_ptr_nonnull(strstr(lab_err.message, "test-1"));
	assert_folder("");
}
END_TEST

/* One was wrong, the other is down: the former is what there is to tell. */
START_TEST(test_wrong_and_down)
{
	expect_sums();
	expect_bytes(A IMAGE, 0, other, SIZE, HTTP_DONE);
	expect_failure(B IMAGE, 0, HTTP_FAILED);
	suite_assert_error(pull(), lab_err, EBADMSG, ERROR_VERIFY);
	assert_folder("");
}
END_TEST

/* What the other one brought meanwhile is not what was wrong. */
START_TEST(test_wrong_and_cut_off)
{
	host.config.pull_tries = 2;
	expect_sums();
	expect_bytes(A IMAGE, 0, other, SIZE, HTTP_DONE);
	expect_bytes(B IMAGE, 0, image, 1000, HTTP_AGAIN);
	suite_assert_error(pull(), lab_err, EBADMSG, ERROR_VERIFY);
	assert_folder("part");
	expect_sums();
	expect_bytes(A IMAGE, 1000, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
}
END_TEST

/* Half of a wrong file from one does not make the other one wrong, who has the right rest of it. */
START_TEST(test_mixed)
{
	expect_sums();
	expect_bytes(A IMAGE, 0, other, HALF, HTTP_AGAIN);
	expect_bytes(B IMAGE, HALF, image, SIZE, HTTP_DONE);
	expect_bytes(B IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
}
END_TEST

/* The other way round: who has all of it wrong is closed, and the first is asked for all of it. */
START_TEST(test_mixed_by_the_second)
{
	expect_sums();
	expect_bytes(A IMAGE, 0, image, HALF, HTTP_AGAIN);
	expect_bytes(B IMAGE, HALF, other, SIZE, HTTP_DONE);
	expect_bytes(B IMAGE, 0, other, SIZE, HTTP_DONE);
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
}
END_TEST

/* Two that always break off at the half, and are both wrong. */
START_TEST(test_mixed_without_end)
{
	expect_sums();
	expect_bytes(A IMAGE, 0, other, HALF, HTTP_AGAIN);
	expect_bytes(B IMAGE, HALF, other, SIZE, HTTP_DONE);
	expect_bytes(B IMAGE, 0, other, HALF, HTTP_AGAIN);
	expect_bytes(A IMAGE, HALF, other, SIZE, HTTP_DONE);
	expect_bytes(A IMAGE, 0, other, HALF, HTTP_AGAIN);
	expect_bytes(B IMAGE, HALF, other, SIZE, HTTP_DONE);
	expect_bytes(A IMAGE, 0, other, HALF, HTTP_AGAIN);
	expect_bytes(A IMAGE, HALF, other, SIZE, HTTP_DONE);
	suite_assert_error(pull(), lab_err, EBADMSG, ERROR_VERIFY);
	assert_folder("");
}
END_TEST

START_TEST(test_sums_of_another_mirror)
{
	static const char nothing[] = "nothing of use\n";

	expect_bytes(A SUMS, 0, nothing, strlen(nothing), HTTP_DONE);
	expect_bytes(B SUMS, 0, sums, strlen(sums), HTTP_DONE);
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	assert_pulled();
}
END_TEST

START_TEST(test_no_sums)
{
	static const char nothing[] = "nothing of use\n";

	expect_bytes(A SUMS, 0, nothing, strlen(nothing), HTTP_DONE);
	expect_bytes(B SUMS, 0, nothing, strlen(nothing), HTTP_DONE);
	ck_assert_int_lt(pull(), 0);
	ck_assert_int_eq(lab_err.kind, ERROR_VERIFY);
	assert_folder("");
}
END_TEST

/* It is what it should be, and no image: a qcow2 with a backing file, say. */
START_TEST(test_refused_image)
{
	memcpy(image, "QFI\xfb\0\0\0\3\0\0\0\0\0\0\1\0\0\0\0\5/etc", 25);
	free(image_digest);
	free(sums);
	image_digest = sha512(image, SIZE);
	sums = xasprintf("%s  disk.raw\n", image_digest);
	expect_sums();
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	ck_assert_int_lt(pull(), 0);
	ck_assert_int_eq(lab_err.kind, ERROR_VERIFY);
	assert_folder("");
}
END_TEST

START_TEST(test_too_large)
{
	host.config.image_bytes_max = HALF;
	expect_sums();
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_error(pull(), lab_err, EFBIG, ERROR_VERIFY);
	assert_folder("");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vm_pull_digest");
	TCase *tcase = pull_case("pull_digest");

	tcase_add_test(tcase, test_wrong_part);
	tcase_add_test(tcase, test_wrong_digest);
	tcase_add_test(tcase, test_wrong_digest_everywhere);
	tcase_add_test(tcase, test_wrong_and_down);
	tcase_add_test(tcase, test_wrong_and_cut_off);
	tcase_add_test(tcase, test_mixed);
	tcase_add_test(tcase, test_mixed_by_the_second);
	tcase_add_test(tcase, test_mixed_without_end);
	tcase_add_test(tcase, test_sums_of_another_mirror);
	tcase_add_test(tcase, test_no_sums);
	tcase_add_test(tcase, test_refused_image);
	tcase_add_test(tcase, test_too_large);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
