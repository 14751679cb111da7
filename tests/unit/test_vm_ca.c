/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates of authorities: whose file, where it is, and what passes for one. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "../../src/vm/ca.h"
#include "suite.h"

static const char pem[] = "# ours\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

static struct suite_tmpdir dir;
static struct buf found;
static struct error err;
static const struct error no_error = ERROR_INIT;

/* The distribution's files lie in the test's folder: "/etc/ssl/cert.pem" is "_etc_ssl_cert.pem". */
int __real_file_read_path(const char *path, size_t max, struct buf *ret, struct error *error);
int __wrap_file_read_path(const char *path, size_t max, struct buf *ret, struct error *error);
int __wrap_file_read_path(const char *path, size_t max, struct buf *ret, struct error *error)
{
	AUTO_FREE char *moved = xasprintf("%s/%s", dir.path, path);

	for (char *c = moved + strlen(dir.path) + 1; *c; c++)
		*c = *c == '/' ? '_' : *c;
	return __real_file_read_path(path[0] == '/' ? moved : path, max, ret, error);
}

static void setup(void)
{
	suite_tmpdir_make(&dir);
	buf_puts(&found, "before");
	err = no_error;
}

static void teardown(void)
{
	buf_done(&found);
	suite_tmpdir_remove(&dir);
}

static const char *const bundles[] = { "_etc_ssl_certs_ca-certificates.crt",
				       "_etc_pki_tls_certs_ca-bundle.crt", "_etc_ssl_ca-bundle.pem",
				       "_etc_ssl_cert.pem" };

START_TEST(the_distributions)
{
	suite_put(dir.fd, bundles[_i], pem);
	suite_assert_ok(ca_read(NULL, &found, &err), err);
	ck_assert_str_eq(buf_str(&found), pem);
}
END_TEST

START_TEST(the_first_of_the_distributions)
{
	for (size_t i = 1; i < ARRAY_SIZE(bundles); i++)
		suite_put(dir.fd, bundles[i], "no PEM, and not looked at");
	suite_put(dir.fd, bundles[0], pem);
	suite_assert_ok(ca_read(NULL, &found, &err), err);
}
END_TEST

START_TEST(none_of_the_distributions)
{
	suite_assert_error(ca_read(NULL, &found, &err), err, ENOENT, ERROR_HOST);
	ck_assert_ptr_nonnull(strstr(err.hint, "apt-get install ca-certificates"));
	ck_assert_str_eq(buf_str(&found), "before");
}
END_TEST

/* It is there: another one in its place would not be what the host's administrator chose. */
START_TEST(a_broken_one_of_the_distributions)
{
	suite_put(dir.fd, bundles[0], "");
	suite_put(dir.fd, bundles[1], pem);
	suite_assert_error(ca_read(NULL, &found, &err), err, EBADMSG, ERROR_HOST);
	ck_assert_ptr_nonnull(strstr(err.message, "/etc/ssl/certs/ca-certificates.crt"));
	ck_assert_str_eq(buf_str(&found), "before");
}
END_TEST

START_TEST(ones_own)
{
	suite_put(dir.fd, bundles[0], "the distribution's");
	suite_put(dir.fd, "_own.pem", pem);
	suite_assert_ok(ca_read("/own.pem", &found, &err), err);
	ck_assert_str_eq(buf_str(&found), pem);
}
END_TEST

START_TEST(ones_own_is_missing)
{
	suite_put(dir.fd, bundles[0], pem);
	suite_assert_error(ca_read("/own.pem", &found, &err), err, ENOENT, ERROR_HOST);
	ck_assert_ptr_nonnull(strstr(err.hint, "ca_file"));
	ck_assert_str_eq(buf_str(&found), "before");
}
END_TEST

START_TEST(ones_own_is_none)
{
	static const char *const texts[] = { "", "\n", "-----BEGIN PRIVATE KEY-----\nMIIB\n" };

	suite_put(dir.fd, "_own.pem", texts[_i]);
	suite_assert_error(ca_read("/own.pem", &found, &err), err, EBADMSG, ERROR_HOST);
	ck_assert_str_eq(buf_str(&found), "before");
}
END_TEST

START_TEST(ones_own_is_too_large)
{
	AUTO_BUF large = BUF_INIT;

	buf_puts(&large, pem);
	memset(buf_reserve(&large, CA_BYTES_MAX), '\n', CA_BYTES_MAX);
	large.len += CA_BYTES_MAX;
	suite_put(dir.fd, "_own.pem", buf_str(&large));
	suite_assert_error(ca_read("/own.pem", &found, &err), err, EFBIG, ERROR_HOST);
}
END_TEST

START_TEST(ones_own_is_no_file)
{
	ck_assert_int_eq(mkdirat(dir.fd, "_own.pem", 0700), 0);
	suite_assert_error(ca_read("/own.pem", &found, &err), err, EISDIR, ERROR_HOST);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vm/ca");
	TCase *tc = tcase_create("ca");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, the_distributions, 0, ARRAY_SIZE(bundles));
	tcase_add_test(tc, the_first_of_the_distributions);
	tcase_add_test(tc, none_of_the_distributions);
	tcase_add_test(tc, a_broken_one_of_the_distributions);
	tcase_add_test(tc, ones_own);
	tcase_add_test(tc, ones_own_is_missing);
	tcase_add_loop_test(tc, ones_own_is_none, 0, 3);
	tcase_add_test(tc, ones_own_is_too_large);
	tcase_add_test(tc, ones_own_is_no_file);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
