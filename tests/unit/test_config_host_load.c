/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mnmivm-se.conf as a file: whose it may be, and who may write it. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "config/host_config.h"
#include "suite.h"

static struct host_config config;

static void setup(void)
{
	host_config_init(&config);
}

static void teardown(void)
{
	host_config_done(&config);
}

static int load(const struct suite_tmpdir *dir, const char *name, bool required, struct error *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir->path, name);

	return host_config_load(&config, path, required, err);
}

START_TEST(load_reads_a_file)
{
	struct error err = ERROR_INIT;
	struct suite_tmpdir dir;
	int fds = suite_count_fds();

	suite_tmpdir_make(&dir);
	suite_put(dir.fd, "x.conf", "cpus = 7\n");
	ck_assert_int_eq(symlinkat("x.conf", dir.fd, "link.conf"), 0);
	suite_assert_ok(load(&dir, "link.conf", true, &err), err);
	ck_assert_uint_eq(config.cpus, 7);
	suite_put(dir.fd, "empty.conf", "");
	suite_assert_ok(load(&dir, "empty.conf", true, &err), err);
	suite_put(dir.fd, "bad.conf", "cpus = 7\ncpus = 8\n");
	suite_assert_error(load(&dir, "bad.conf", true, &err), err, EINVAL, ERROR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.message, "/bad.conf:2: "));
	suite_tmpdir_remove(&dir);
	ck_assert_int_eq(suite_count_fds(), fds);
}
END_TEST

START_TEST(load_without_a_file)
{
	struct error err = ERROR_INIT;
	struct suite_tmpdir dir;

	suite_tmpdir_make(&dir);
	suite_assert_ok(load(&dir, "none.conf", false, &err), err);
	ck_assert_str_eq(config.bridge, "br0");
	suite_assert_error(load(&dir, "none.conf", true, &err), err, ENOENT, ERROR_FAILED);
	suite_put(dir.fd, "file", "");
	ck_assert_int_eq(load(&dir, "file/none.conf", false, &err), -ENOTDIR);
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(load_refuses_what_is_no_file)
{
	struct error err = ERROR_INIT;
	struct suite_tmpdir dir;

	suite_tmpdir_make(&dir);
	ck_assert_int_eq(mkfifoat(dir.fd, "fifo", 0600), 0);
	suite_assert_error(load(&dir, "fifo", false, &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(load(&dir, ".", false, &err), err, EINVAL, ERROR_USAGE);
	ck_assert_int_lt(host_config_load(&config, "/dev/null", false, &err), 0);
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(load_refuses_what_others_may_write)
{
	static const mode_t modes[] = { 0620, 0602, 0666, 02660 };
	struct error err = ERROR_INIT;
	struct suite_tmpdir dir;

	suite_tmpdir_make(&dir);
	suite_put(dir.fd, "x.conf", "");
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		ck_assert_int_eq(fchmodat(dir.fd, "x.conf", modes[i], 0), 0);
		suite_assert_error(load(&dir, "x.conf", false, &err), err, EPERM, ERROR_PERMISSION);
		ck_assert_ptr_nonnull(strstr(err.hint, "chmod go-w "));
	}
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(load_refuses_another_owner)
{
	struct error err = ERROR_INIT;
	struct suite_tmpdir dir;

	if (geteuid() != 0 && suite_leave_out("load_refuses_another_owner", "needs root"))
		return;
	suite_tmpdir_make(&dir);
	suite_put(dir.fd, "x.conf", "");
	ck_assert_int_eq(fchownat(dir.fd, "x.conf", 12345, 12345, 0), 0);
	suite_assert_error(load(&dir, "x.conf", false, &err), err, EPERM, ERROR_PERMISSION);
	ck_assert_ptr_nonnull(strstr(err.hint, "chown root "));
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(load_refuses_a_huge_file)
{
	struct error err = ERROR_INIT;
	struct suite_tmpdir dir;
	AUTO_BUF text = BUF_INIT;

	while (text.len <= 64 << 10)
		buf_puts(&text, "# nothing\n");
	suite_tmpdir_make(&dir);
	suite_put(dir.fd, "x.conf", buf_str(&text));
	ck_assert_int_eq(load(&dir, "x.conf", false, &err), -EFBIG);
	suite_tmpdir_remove(&dir);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config/host_load");
	TCase *tc = tcase_create("load");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, load_reads_a_file);
	tcase_add_test(tc, load_without_a_file);
	tcase_add_test(tc, load_refuses_what_is_no_file);
	tcase_add_test(tc, load_refuses_what_others_may_write);
	tcase_add_test(tc, load_refuses_another_owner);
	tcase_add_test(tc, load_refuses_a_huge_file);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
