/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files by path and by the name of a credential: what is taken for which, and what is refused. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/alloc.h"
#include "../../src/vm/user_file.h"
#include "suite.h"

enum { MAX = 64 };

static struct suite_tmpdir dir;
static struct buf text;
static struct error err;

static void setup(void)
{
	AUTO_FREE char *path = NULL;

	suite_tmpdir_make(&dir);
	ck_assert_int_eq(mkdirat(dir.fd, "credentials", 0700), 0);
	ck_assert_int_eq(mkdirat(dir.fd, "credentials/folder", 0700), 0);
	suite_put(dir.fd, "secret", "of another\n");
	suite_put(dir.fd, "credentials/user-data", "#cloud-config\n");
	suite_put(dir.fd, "credentials/..twice", "dots\n");
	suite_put(dir.fd, "credentials/folder/inner", "deeper\n");
	path = xasprintf("%s/credentials", dir.path);
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", path, 1), 0);
}

static void teardown(void)
{
	buf_done(&text);
	suite_tmpdir_remove(&dir);
}

static void refused(const char *name, int code, enum error_kind kind)
{
	int fds = suite_count_fds();

	suite_assert_error(user_file_read(name, MAX, &text, &err), err, code, kind);
	ck_assert_uint_eq(text.len, 0);
	ck_assert_int_eq(suite_count_fds(), fds);
}

START_TEST(a_credential_is_read)
{
	int fds = suite_count_fds();

	suite_assert_ok(user_file_read("credential:user-data", MAX, &text, &err), err);
	ck_assert_str_eq(buf_str(&text), "#cloud-config\n");
	suite_assert_ok(user_file_read("credential:..twice", MAX, &text, &err), err);
	ck_assert_str_eq(buf_str(&text), "dots\n");
	ck_assert_int_eq(suite_count_fds(), fds);
}
END_TEST

START_TEST(a_path_stays_a_path)
{
	AUTO_FREE char *path = xasprintf("%s/secret", dir.path);

	suite_put(dir.fd, "credential:user-data", "of the folder\n");
	ck_assert_int_eq(fchdir(dir.fd), 0);
	suite_assert_ok(user_file_read(path, MAX, &text, &err), err);
	ck_assert_str_eq(buf_str(&text), "of another\n");
	suite_assert_ok(user_file_read("./credential:user-data", MAX, &text, &err), err);
	ck_assert_str_eq(buf_str(&text), "of the folder\n");
	suite_assert_ok(user_file_read("credential:user-data", MAX, &text, &err), err);
	ck_assert_str_eq(buf_str(&text), "#cloud-config\n");
}
END_TEST

START_TEST(names_refused)
{
	static const char *const names[] = {
		"",
		"..",
		".",
		"../secret",
		"folder/inner",
		"/etc/passwd",
		"a b",
		"user-data ",
		"user-data\n",
		"user%2ddata",
		"\xc3\xa4",
		"*",
		"user-data/",
		"credential:user-data",
	};
	AUTO_FREE char *longer = xasprintf("credential:%0*d", NAME_MAX + 1, 0);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO_FREE char *name = xasprintf("credential:%s", names[i]);

		refused(name, EINVAL, ERROR_USAGE);
	}
	refused(longer, EINVAL, ERROR_USAGE);
}
END_TEST

START_TEST(what_is_no_plain_file_is_refused)
{
	ck_assert_int_eq(symlinkat("../secret", dir.fd, "credentials/out"), 0);
	ck_assert_int_eq(symlinkat("user-data", dir.fd, "credentials/in"), 0);
	ck_assert_int_eq(mkfifoat(dir.fd, "credentials/fifo", 0600), 0);
	ck_assert_int_eq(linkat(dir.fd, "secret", dir.fd, "credentials/hard", 0), 0);
	refused("credential:out", ELOOP, ERROR_FAILED);
	refused("credential:in", ELOOP, ERROR_FAILED);
	refused("credential:fifo", EINVAL, ERROR_FAILED);
	refused("credential:folder", EISDIR, ERROR_FAILED);
	refused("credential:hard", EMLINK, ERROR_FAILED);
}
END_TEST

START_TEST(a_credential_has_a_bound)
{
	char content[MAX + 2];

	memset(content, 'x', sizeof(content));
	content[MAX + 1] = '\0';
	suite_put(dir.fd, "credentials/large", content);
	refused("credential:large", EFBIG, ERROR_FAILED);
	ck_assert_ptr_null(strstr(err.message, "xx"));
}
END_TEST

START_TEST(one_that_is_not_there)
{
	refused("credential:none", ENOENT, ERROR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.hint, "LoadCredential=none:FILE"));
}
END_TEST

START_TEST(without_a_folder_the_hint_names_systemd)
{
	static const char *const values[] = { NULL, "", "credentials", "." };

	ck_assert_int_eq(fchdir(dir.fd), 0);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		if (values[i])
			ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", values[i], 1), 0);
		else
			ck_assert_int_eq(unsetenv("CREDENTIALS_DIRECTORY"), 0);
		refused("credential:user-data", ENOENT, ERROR_USAGE);
		ck_assert_ptr_nonnull(strstr(err.hint, "LoadCredential=user-data:FILE"));
	}
}
END_TEST

START_TEST(a_folder_that_is_none_is_refused)
{
	AUTO_FREE char *file = xasprintf("%s/secret", dir.path);
	AUTO_FREE char *none = xasprintf("%s/none", dir.path);

	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", file, 1), 0);
	refused("credential:user-data", ENOTDIR, ERROR_FAILED);
	ck_assert_ptr_nonnull(strstr(err.message, "/secret' of CREDENTIALS_DIRECTORY: "));
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", none, 1), 0);
	refused("credential:user-data", ENOENT, ERROR_FAILED);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vm_user_file");
	TCase *tc = tcase_create("user_file");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_credential_is_read);
	tcase_add_test(tc, a_path_stays_a_path);
	tcase_add_test(tc, names_refused);
	tcase_add_test(tc, what_is_no_plain_file_is_refused);
	tcase_add_test(tc, a_credential_has_a_bound);
	tcase_add_test(tc, one_that_is_not_there);
	tcase_add_test(tc, without_a_folder_the_hint_names_systemd);
	tcase_add_test(tc, a_folder_that_is_none_is_refused);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
