/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folders of the catalogue: which files count, in which order, and whose they must be. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "config/catalogue.h"
#include "suite.h"

#define WHOLE                                                                                      \
	"mirrors = https://example.org/a/\n"                                                       \
	"file = x.qcow2\n"                                                                         \
	"digest_file = SUMS\n"

enum { USER = 4711 };

static struct suite_tmpdir dir;
static struct host_config host;
static struct catalogue catalogue;
static int usr_fd, etc_fd;

static int make_folder(const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir.path, name);
	int fd;

	ck_assert_int_eq(mkdirat(dir.fd, name, 0755), 0);
	strv_push(&host.catalogue, path);
	fd = openat(dir.fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void setup(void)
{
	suite_tmpdir_make(&dir);
	ck_assert_int_eq(fchmod(dir.fd, 0755), 0);
	ck_assert_int_eq(fchmodat(dir.fd, "..", 0711, 0), 0);
	host_config_init(&host);
	strv_clear(&host.catalogue);
	usr_fd = make_folder("usr");
	etc_fd = make_folder("etc");
	catalogue = (struct catalogue)CATALOGUE_INIT;
}

static void teardown(void)
{
	catalogue_done(&catalogue);
	host_config_done(&host);
	fd_close(&usr_fd);
	fd_close(&etc_fd);
	suite_tmpdir_remove(&dir);
}

static void take(void)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(catalogue_load(&catalogue, &host, &err), err);
	ck_assert_int_eq(err.kind, ERROR_NONE);
}

/* With a message that holds this, and the catalogue that was there untouched. */
static void refuse(int code, enum error_kind kind, const char *message)
{
	int fds = suite_count_fds();
	size_t n = catalogue.n;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(catalogue_load(&catalogue, &host, &err), -code);
	ck_assert_int_eq(err.code, code);
	ck_assert_msg(err.kind == kind, "kind %d: %s", err.kind, err.message);
	ck_assert_msg(strstr(err.message, message) != NULL, "%s", err.message);
	ck_assert_uint_eq(catalogue.n, n);
	ck_assert_int_eq(suite_count_fds(), fds);
}

static const char *title(const char *word)
{
	const struct catalogue_entry *entry = catalogue_find(&catalogue, word);

	return entry && entry->title ? entry->title : "";
}

START_TEST(no_folder_is_no_image)
{
	strv_clear(&host.catalogue);
	take();
	ck_assert_uint_eq(catalogue.n, 0);
	/* the defaults may all be missing */
	strv_pushf(&host.catalogue, "%s/nowhere/images.d", dir.path);
	strv_push(&host.catalogue, HOST_CATALOGUE_DIR);
	host.user_catalogue = xstrdup(host.catalogue.v[0]);
	strv_pushf(&host.catalogue, "%s/usr", dir.path);
	take();
	ck_assert_uint_eq(catalogue.n, 0);
}
END_TEST

START_TEST(a_folder_that_somebody_named_is_there)
{
	struct error err = ERROR_INIT;

	suite_put(usr_fd, "a.conf", "[a]\n" WHOLE);
	take();
	strv_pushf(&host.catalogue, "%s/nowhere/images.d", dir.path);
	refuse(ENOENT, ERROR_USAGE, "/nowhere/images.d'");
	ck_assert_int_lt(catalogue_load(&catalogue, &host, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.hint, host.path));
	ck_assert_ptr_nonnull(strstr(err.hint, "/nowhere/images.d'"));
}
END_TEST

START_TEST(the_file_to_correct_is_hinted_at)
{
	static const char *const bad[] = { "nonsense\n", "aliases = a\n" };
	AUTO_FREE char *hint = xasprintf("${EDITOR:-vi} '%s/etc/b.conf'", dir.path);

	suite_put(usr_fd, "a.conf", "[a]\n" WHOLE);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO_FREE char *text = xasprintf("[b]\n" WHOLE "%s", bad[i]);
		struct error err = ERROR_INIT;

		suite_put(etc_fd, "b.conf", text);
		ck_assert_int_lt(catalogue_load(&catalogue, &host, &err), 0);
		ck_assert_str_eq(err.hint, hint);
	}
}
END_TEST

START_TEST(later_folders_have_the_last_word)
{
	suite_put(usr_fd, "b.conf", "[b]\n" WHOLE "title = usr\naliases = word\n");
	suite_put(usr_fd, "a.conf", "[a]\n" WHOLE "title = usr\n[c]\n" WHOLE);
	suite_put(etc_fd, "b.conf", "[a]\n" WHOLE "title = etc\n");
	suite_put(etc_fd, "a.conf", "[d]\n" WHOLE "title = etc\naliases = word\n");
	take();
	ck_assert_uint_eq(catalogue.n, 4);
	ck_assert_str_eq(title("a"), "etc");
	ck_assert_str_eq(title("b"), "usr");
	ck_assert_str_eq(title("word"), "etc");
	ck_assert_ptr_nonnull(strstr(catalogue_find(&catalogue, "a")->origin, "/etc/b.conf:1"));
	/* again, over what is there */
	take();
	ck_assert_uint_eq(catalogue.n, 4);
}
END_TEST

START_TEST(files_of_other_names_are_none)
{
	static const char *const others[] = {
		"x.conf.dpkg-old", "x.CONF", ".x.conf", ".conf", "conf", "README", "x.conf~",
	};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		suite_put(usr_fd, others[i], "nonsense\n");
	suite_put(usr_fd, "x.conf", "[x]\n" WHOLE);
	take();
	ck_assert_uint_eq(catalogue.n, 1);
}
END_TEST

START_TEST(one_bad_file_is_told)
{
	take();
	suite_put(usr_fd, "a.conf", "[a]\n" WHOLE);
	take();
	suite_put(etc_fd, "b.conf", "[b]\n" WHOLE "nonsense\n");
	refuse(EINVAL, ERROR_USAGE, "/etc/b.conf:5: not a line");
	suite_put(etc_fd, "b.conf", "[b]\n" WHOLE "aliases = a\n");
	refuse(EINVAL, ERROR_USAGE, "/etc/b.conf:1: section [b]: alias 'a' is the name of");
	suite_put(etc_fd, "b.conf", "[b]\n" WHOLE);
	suite_put(etc_fd, "c.conf", "[b]\n" WHOLE);
	refuse(EINVAL, ERROR_USAGE, "/etc/c.conf:1: section [b] is at ");
	ck_assert_str_eq(catalogue.v[0]->name, "a");
}
END_TEST

START_TEST(who_may_write_a_file)
{
	static const mode_t modes[] = { 0620, 0602, 0666, 02664 };

	suite_put(usr_fd, "a.conf", "[a]\n" WHOLE);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		ck_assert_int_eq(fchmodat(usr_fd, "a.conf", modes[i], 0), 0);
		refuse(EPERM, ERROR_PERMISSION, "/usr/a.conf': others than its owner may write");
	}
	ck_assert_int_eq(fchmodat(usr_fd, "a.conf", 0644, 0), 0);
	ck_assert_int_eq(fchownat(usr_fd, "a.conf", USER, USER, 0), 0);
	refuse(EPERM, ERROR_PERMISSION, "/usr/a.conf': it belongs to uid 4711");
}
END_TEST

START_TEST(who_may_write_a_folder)
{
	suite_put(usr_fd, "a.conf", "[a]\n" WHOLE);
	ck_assert_int_eq(fchmod(usr_fd, 0775), 0);
	refuse(EPERM, ERROR_PERMISSION, "/usr': group or others may write");
	ck_assert_int_eq(fchmod(usr_fd, 01777), 0);
	refuse(EPERM, ERROR_PERMISSION, "/usr': group or others may write");
	ck_assert_int_eq(fchmod(usr_fd, 0755), 0);
	ck_assert_int_eq(fchown(usr_fd, USER, USER), 0);
	refuse(EPERM, ERROR_PERMISSION, "/usr': belongs to user id 4711");
}
END_TEST

/* As packages of some distributions have them in /etc; what counts is the file behind. */
START_TEST(links_are_followed)
{
	suite_put(dir.fd, "elsewhere", "[a]\n" WHOLE);
	ck_assert_int_eq(symlinkat("../elsewhere", usr_fd, "a.conf"), 0);
	take();
	ck_assert_uint_eq(catalogue.n, 1);
	ck_assert_int_eq(fchownat(dir.fd, "elsewhere", USER, USER, 0), 0);
	refuse(EPERM, ERROR_PERMISSION, "/usr/a.conf': it belongs to uid 4711");
	ck_assert_int_eq(unlinkat(dir.fd, "elsewhere", 0), 0);
	refuse(ENOENT, ERROR_FAILED, "open '");
	ck_assert_int_eq(symlinkat("b.conf", usr_fd, "b.conf"), 0);
	ck_assert_int_eq(unlinkat(usr_fd, "a.conf", 0), 0);
	refuse(ELOOP, ERROR_FAILED, "/usr/b.conf'");
}
END_TEST

START_TEST(what_is_no_file)
{
	ck_assert_int_eq(mkfifoat(usr_fd, "a.conf", 0600), 0);
	refuse(EINVAL, ERROR_USAGE, "/usr/a.conf': not a regular file");
	ck_assert_int_eq(unlinkat(usr_fd, "a.conf", 0), 0);
	ck_assert_int_eq(mkdirat(usr_fd, "a.conf", 0700), 0);
	refuse(EINVAL, ERROR_USAGE, "/usr/a.conf': not a regular file");
	ck_assert_int_eq(unlinkat(usr_fd, "a.conf", AT_REMOVEDIR), 0);
	ck_assert_int_eq(symlinkat("/dev/zero", usr_fd, "a.conf"), 0);
	refuse(EINVAL, ERROR_USAGE, "/usr/a.conf': not a regular file");
}
END_TEST

START_TEST(what_is_no_folder)
{
	strv_clear(&host.catalogue);
	strv_pushf(&host.catalogue, "%s/link", dir.path);
	ck_assert_int_eq(symlinkat("usr", dir.fd, "link"), 0);
	refuse(ELOOP, ERROR_FAILED, "/link': is a symbolic link");
	ck_assert_int_eq(unlinkat(dir.fd, "link", 0), 0);
	suite_put(dir.fd, "link", "");
	refuse(ENOTDIR, ERROR_FAILED, "/link'");
}
END_TEST

START_TEST(what_a_user_cannot_read)
{
	suite_put(usr_fd, "a.conf", "[a]\n" WHOLE);
	suite_put(etc_fd, "b.conf", "[b]\n" WHOLE);
	ck_assert_int_eq(fchmodat(usr_fd, "a.conf", 0644, 0), 0);
	ck_assert_int_eq(fchmodat(etc_fd, "b.conf", 0600, 0), 0);
	ck_assert_int_eq(seteuid(USER), 0);
	refuse(EACCES, ERROR_PERMISSION, "/etc/b.conf'");
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(fchmod(etc_fd, 0700), 0);
	ck_assert_int_eq(seteuid(USER), 0);
	refuse(EACCES, ERROR_PERMISSION, "/etc'");
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

/* Root's files and one's own, and nobody else's. */
START_TEST(a_user_has_files_of_ones_own)
{
	suite_put(usr_fd, "a.conf", "[a]\n" WHOLE);
	suite_put(etc_fd, "b.conf", "[b]\n" WHOLE);
	ck_assert_int_eq(fchmodat(usr_fd, "a.conf", 0644, 0), 0);
	ck_assert_int_eq(fchownat(etc_fd, "b.conf", USER, USER, 0), 0);
	ck_assert_int_eq(fchown(etc_fd, USER, USER), 0);
	ck_assert_int_eq(seteuid(USER), 0);
	take();
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_uint_eq(catalogue.n, 2);
	refuse(EPERM, ERROR_PERMISSION, "/etc': belongs to user id 4711");
}
END_TEST

START_TEST(files_that_are_too_large)
{
	AUTO_BUF text = BUF_INIT;

	while (text.len <= 1 << 20)
		buf_puts(&text, "# nothing\n");
	suite_put(usr_fd, "a.conf", buf_str(&text));
	refuse(EFBIG, ERROR_FAILED, "/usr/a.conf': larger than");
}
END_TEST

START_TEST(folders_that_are_too_large)
{
	for (unsigned int i = 0; i < 1025; i++) {
		AUTO_FREE char *name = xasprintf("%u.conf", i);

		suite_put(usr_fd, name, "");
		if (i == 1023)
			take();
	}
	refuse(E2BIG, ERROR_USAGE, "/usr': more than 1024 files");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config/catalogue_load");
	TCase *tc = tcase_create("load");

	if (geteuid() != 0)
		return suite_skip("needs root");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, no_folder_is_no_image);
	tcase_add_test(tc, a_folder_that_somebody_named_is_there);
	tcase_add_test(tc, the_file_to_correct_is_hinted_at);
	tcase_add_test(tc, later_folders_have_the_last_word);
	tcase_add_test(tc, files_of_other_names_are_none);
	tcase_add_test(tc, one_bad_file_is_told);
	tcase_add_test(tc, who_may_write_a_file);
	tcase_add_test(tc, who_may_write_a_folder);
	tcase_add_test(tc, links_are_followed);
	tcase_add_test(tc, what_is_no_file);
	tcase_add_test(tc, what_is_no_folder);
	tcase_add_test(tc, what_a_user_cannot_read);
	tcase_add_test(tc, a_user_has_files_of_ones_own);
	tcase_add_test(tc, files_that_are_too_large);
	tcase_add_test(tc, folders_that_are_too_large);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
