/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UEFI's flash: which images are taken for such, and whose variables are opened. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "../../src/vm/uefi.h"
#include "suite.h"

enum { CODE_SIZE = 16384, VARS_SIZE = 8192, SIGNATURE_AT = 40 };

static struct suite_tmpdir dir;
static struct host_config host;
static struct error err;
static int fd;

/* An image that has what is looked at, and nothing else. */
static void put_image(const char *name, size_t size, const char *signature)
{
	AUTO_FREE char *image = xmalloc(size);
	AUTO_CLOSE int file = -1;

	memset(image, 0xff, size);
	if (size >= SIGNATURE_AT + strlen(signature))
		memcpy(image + SIGNATURE_AT, signature, strlen(signature));
	unlinkat(dir.fd, name, 0);
	file = openat(dir.fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(write(file, image, size), (ssize_t)size);
}

static void setup(void)
{
	suite_tmpdir_make(&dir);
	host_config_init(&host);
	host.uefi_code = xasprintf("%s/code", dir.path);
	host.uefi_vars = xasprintf("%s/vars", dir.path);
	put_image("code", CODE_SIZE, "_FVH");
	put_image("vars", VARS_SIZE, "_FVH");
	err = (struct error)ERROR_INIT;
	fd = -1;
}

static void teardown(void)
{
	fd_close(&fd);
	host_config_done(&host);
	suite_tmpdir_remove(&dir);
}

static void assert_refused(int r, int code, enum error_kind kind)
{
	suite_assert_error(r, err, code, kind);
	ck_assert_int_eq(fd, -1);
}

START_TEST(firmware_is_opened_for_reading)
{
	suite_assert_ok(uefi_open_code(&host, &fd, &err), err);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
}
END_TEST

START_TEST(one_image_without_the_other_is_refused)
{
	char **fields[] = { &host.uefi_code, &host.uefi_vars };

	free(*fields[_i]);
	*fields[_i] = NULL;
	xreplace(&host.path, "/own.conf");
	assert_refused(uefi_open_code(&host, &fd, &err), EINVAL, ERROR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.message, " /own.conf "));
	ck_assert_int_eq(uefi_make_vars(&host, dir.fd, false, &err), -EINVAL);
	ck_assert_int_eq(uefi_open_vars(&host, dir.fd, &fd, &err), -EINVAL);
}
END_TEST

static const struct {
	size_t size;
	const char *signature;
} no_images[] = {
	{ 0, "" },	  { 44, "_FVH" }, { 4095, "_FVH" },    { 4097, "_FVH" },
	{ 4096, "_FVI" }, { 4096, "" },	  { 4096, "QFI\xfb" }, { (8 << 20) + 4096, "_FVH" },
};

START_TEST(what_is_no_firmware_is_refused)
{
	put_image("code", no_images[_i].size, no_images[_i].signature);
	assert_refused(uefi_open_code(&host, &fd, &err), EINVAL, ERROR_VERIFY);
}
END_TEST

START_TEST(what_is_no_template_is_not_copied)
{
	put_image("vars", no_images[_i].size, no_images[_i].signature);
	ck_assert_int_lt(uefi_make_vars(&host, dir.fd, false, &err), 0);
	ck_assert_int_lt(faccessat(dir.fd, UEFI_VARS_FILE, F_OK, 0), 0);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	unlinkat(dir.fd, "code", 0);
	assert_refused(uefi_open_code(&host, &fd, &err), ENOENT, ERROR_HOST);
	ck_assert_int_eq(mkfifoat(dir.fd, "code", 0644), 0);
	assert_refused(uefi_open_code(&host, &fd, &err), EINVAL, ERROR_VERIFY);
	unlinkat(dir.fd, "code", 0);
	ck_assert_int_eq(mkdirat(dir.fd, "code", 0755), 0);
	assert_refused(uefi_open_code(&host, &fd, &err), EINVAL, ERROR_VERIFY);
	unlinkat(dir.fd, "vars", 0);
	assert_refused(uefi_make_vars(&host, dir.fd, false, &err), ENOENT, ERROR_HOST);
}
END_TEST

START_TEST(variables_are_copied_once)
{
	struct stat st;

	ck_assert_int_eq(uefi_open_vars(&host, dir.fd, &fd, &err), UEFI_NO_VARS);
	suite_assert_ok(uefi_make_vars(&host, dir.fd, true, &err), err);
	ck_assert_int_eq(fstatat(dir.fd, UEFI_VARS_FILE, &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	suite_assert_ok(uefi_open_vars(&host, dir.fd, &fd, &err), err);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	/* the guest's own are left alone, whatever is in them */
	ck_assert_int_eq(pwrite(fd, "guest", 5, 0), 5);
	suite_assert_ok(uefi_make_vars(&host, dir.fd, true, &err), err);
	char text[5];
	ck_assert_int_eq(pread(fd, text, sizeof(text), 0), (ssize_t)sizeof(text));
	ck_assert_mem_eq(text, "guest", sizeof(text));
}
END_TEST

START_TEST(variables_of_another_size_are_refused)
{
	put_image(UEFI_VARS_FILE, _i ? VARS_SIZE * 2 : 0, "");
	assert_refused(uefi_open_vars(&host, dir.fd, &fd, &err), ESTALE, ERROR_VERIFY);
	ck_assert_str_ne(err.hint, "");
}
END_TEST

START_TEST(variables_that_lead_elsewhere_are_refused)
{
	ck_assert_int_eq(symlinkat("vars", dir.fd, UEFI_VARS_FILE), 0);
	assert_refused(uefi_open_vars(&host, dir.fd, &fd, &err), ELOOP, ERROR_FAILED);
	/* nor is the link taken for variables that are missing */
	suite_assert_ok(uefi_make_vars(&host, dir.fd, false, &err), err);
	assert_refused(uefi_open_vars(&host, dir.fd, &fd, &err), ELOOP, ERROR_FAILED);
	unlinkat(dir.fd, UEFI_VARS_FILE, 0);
	ck_assert_int_eq(linkat(dir.fd, "vars", dir.fd, UEFI_VARS_FILE, 0), 0);
	assert_refused(uefi_open_vars(&host, dir.fd, &fd, &err), EMLINK, ERROR_FAILED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("uefi");
	TCase *tcase = tcase_create("flash");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, firmware_is_opened_for_reading);
	tcase_add_loop_test(tcase, one_image_without_the_other_is_refused, 0, 2);
	tcase_add_loop_test(tcase, what_is_no_firmware_is_refused, 0, ARRAY_SIZE(no_images));
	tcase_add_loop_test(tcase, what_is_no_template_is_not_copied, 0, ARRAY_SIZE(no_images));
	tcase_add_test(tcase, what_is_no_file_is_refused);
	tcase_add_test(tcase, variables_are_copied_once);
	tcase_add_loop_test(tcase, variables_of_another_size_are_refused, 0, 2);
	tcase_add_test(tcase, variables_that_lead_elsewhere_are_refused);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
