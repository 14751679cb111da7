/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who says that he may have VMs of a folder's images, and who only pretends to. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "store/tenants.h"
#include "store_lab.h"

enum { STRANGER = 65534, OTHER = 65533 };

#define HASH "0123456789abcdef"

static int users_fd;
static char *image, *theirs;
static struct tenants tenants;

static void setup(void)
{
	lab_setup();
	image = xasprintf("%s/state/images/a.raw", lab_dir.path);
	theirs = xasprintf("%s/theirs", lab_dir.path);
	suite_put(lab_store.images_fd, "a.raw", "x");
	users_fd = openat(lab_store.images_fd, ".users", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(users_fd, 0);
	ck_assert_int_eq(mkdirat(lab_dir.fd, "theirs", 0700), 0);
	tenants = (struct tenants){ .v = NULL };
}

static void teardown(void)
{
	tenants_done(&tenants);
	free(image);
	free(theirs);
	close(users_fd);
	lab_teardown();
}

static void list(void)
{
	tenants_done(&tenants);
	lab_err = (struct error)ERROR_INIT;
	suite_assert_ok(tenants_list(&lab_store, &tenants, &lab_err), lab_err);
}

/* As whoever has another state directory. */
static int tell(const char *state_dir)
{
	AUTO_FREE char *copy = xstrdup(state_dir);
	struct host_config config = { .state_dir = copy };
	struct store store = STORE_INIT;

	store.config = &config;
	lab_err = (struct error)ERROR_INIT;
	return tenants_register(&store, image, &lab_err);
}

static void count(const char *name, void *arg)
{
	(void)name;
	++*(size_t *)arg;
}

static size_t count_links(void)
{
	size_t n = 0;

	dir_for_each(users_fd, count, &n);
	return n;
}

static void put_link(unsigned int uid, const char *tail, const char *target)
{
	AUTO_FREE char *name = xasprintf("%u-%s", uid, tail);

	ck_assert_int_eq(symlinkat(target, users_fd, name), 0);
}

START_TEST(test_folder)
{
	struct stat st;

	ck_assert_int_eq(fstat(users_fd, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFDIR | 01733);
	ck_assert_uint_eq(st.st_uid, geteuid());
	list();
	ck_assert_uint_eq(tenants.n, 0);
}
END_TEST

/* Of a user's own images nobody else makes anything. */
START_TEST(test_folder_of_a_user)
{
	struct host_config config = lab_config;
	struct store store;
	struct stat st;

	ck_assert_int_eq(unlinkat(lab_store.images_fd, ".users", AT_REMOVEDIR), 0);
	config.restricted = true;
	suite_assert_ok(store_open(&store, &config, true, &lab_err), lab_err);
	store_done(&store);
	ck_assert_int_eq(fstatat(lab_store.images_fd, ".users", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode, S_IFDIR | 0700);
}
END_TEST

START_TEST(test_registered)
{
	for (int i = 0; i < 2; i++) { /* again changes nothing */
		suite_assert_ok(tell(theirs), lab_err);
		ck_assert_uint_eq(count_links(), 1);
	}
	list();
	ck_assert_uint_eq(tenants.n, 1);
	ck_assert_uint_eq(tenants.v[0].uid, geteuid());
	ck_assert_str_eq(tenants.v[0].state_dir, theirs);
	ck_assert(!tenants.v[0].strange);
	ck_assert(!tenants.more);
}
END_TEST

/* By whatever path it was reached, and the image, too. */
START_TEST(test_by_links)
{
	AUTO_FREE char *link = xasprintf("%s/link", lab_dir.path);

	ck_assert_int_eq(symlink(theirs, link), 0);
	suite_assert_ok(tell(link), lab_err);
	free(image);
	image = xasprintf("%s/image", lab_dir.path);
	ck_assert_int_eq(symlink("state/images/a.raw", image), 0);
	suite_assert_ok(tell(theirs), lab_err);
	ck_assert_uint_eq(count_links(), 1);
}
END_TEST

START_TEST(test_own_is_left_out)
{
	suite_assert_ok(tell(lab_config.state_dir), lab_err);
	ck_assert_uint_eq(count_links(), 1);
	list();
	ck_assert_uint_eq(tenants.n, 0);
}
END_TEST

START_TEST(test_no_folder)
{
	AUTO_FREE char *elsewhere = xasprintf("%s/b.raw", lab_dir.path);
	AUTO_FREE char *nowhere = xasprintf("%s/nowhere", lab_dir.path);

	suite_assert_error(tell(nowhere), lab_err, ENOENT, ERROR_FAILED);
	suite_put(lab_dir.fd, "b.raw", "x");
	free(image);
	image = ptr_steal(&elsewhere);
	ck_assert_int_eq(tell(theirs), TENANTS_NO_FOLDER);
	suite_put(lab_dir.fd, ".users", "a file");
	ck_assert_int_eq(tell(theirs), TENANTS_NO_FOLDER);
	ck_assert_int_eq(unlinkat(lab_dir.fd, ".users", 0), 0);
	ck_assert_int_eq(symlinkat("theirs", lab_dir.fd, ".users"), 0);
	ck_assert_int_eq(tell(theirs), TENANTS_NO_FOLDER);
	ck_assert_int_eq(unlinkat(lab_dir.fd, "b.raw", 0), 0);
	suite_assert_error(tell(theirs), lab_err, ENOENT, ERROR_FAILED);
}
END_TEST

START_TEST(test_absent)
{
	ck_assert_int_eq(unlinkat(lab_store.images_fd, ".users", AT_REMOVEDIR), 0);
	list();
	ck_assert_uint_eq(tenants.n, 0);
	ck_assert_int_eq(tell(theirs), TENANTS_NO_FOLDER);
}
END_TEST

static const char *const no_names[] = {
	"",
	"-",
	"x",
	"1",
	"1-",
	"1-0123456789abcde",
	"1-0123456789abcdef0",
	"1-0123456789ABCDEF",
	"1-" HASH "-",
	"1-" HASH "-0",
	"1-" HASH "-" HASH "0",
	"1-" HASH "-" HASH "-",
	"-" HASH,
	"+1-" HASH,
	" 1-" HASH,
	"12345678901-" HASH,
	"1-" HASH "'; rm -r x; '",
	"1-" HASH "\n",
};

START_TEST(test_no_names)
{
	if (!no_names[_i][0])
		return;
	ck_assert_int_eq(symlinkat(theirs, users_fd, no_names[_i]), 0);
	list();
	ck_assert_uint_eq(tenants.n, 0);
}
END_TEST

/* What has the name is a file, a folder, a FIFO, or leads nowhere that could be meant. */
START_TEST(test_no_links)
{
	AUTO_FREE char *name = xasprintf("%u-" HASH, geteuid());

	suite_put(users_fd, name, "x");
	list();
	ck_assert_uint_eq(tenants.n, 0);
	ck_assert_int_eq(unlinkat(users_fd, name, 0), 0);
	ck_assert_int_eq(mkdirat(users_fd, name, 0700), 0);
	list();
	ck_assert_uint_eq(tenants.n, 0);
	ck_assert_int_eq(unlinkat(users_fd, name, AT_REMOVEDIR), 0);
	ck_assert_int_eq(mkfifoat(users_fd, name, 0600), 0);
	list();
	ck_assert_uint_eq(tenants.n, 0);
	ck_assert_int_eq(unlinkat(users_fd, name, 0), 0);
	ck_assert_int_eq(symlinkat("not/absolute", users_fd, name), 0);
	list();
	ck_assert_uint_eq(tenants.n, 0);
}
END_TEST

/* Links of a loop and into /proc are no more than words here. */
START_TEST(test_names_of_others)
{
	put_link(geteuid() + 1, HASH, "/proc/self");
	put_link(geteuid(), HASH "-" HASH, "/proc/self/root");
	list();
	ck_assert_uint_eq(tenants.n, 2);
	for (int i = 0; i < 2; i++) {
		bool own = strstr(tenants.v[i].link, HASH "-" HASH) != NULL;

		ck_assert_int_eq(tenants.v[i].strange, !own);
		ck_assert_uint_eq(tenants.v[i].uid, geteuid());
	}
}
END_TEST

START_TEST(test_many)
{
	for (int i = 0; i < 10000; i++) {
		AUTO_FREE char *tail = xasprintf("%016x", i);

		put_link(geteuid(), tail, "/nowhere");
	}
	list();
	ck_assert(tenants.more);
	ck_assert_uint_eq(tenants.n, 1024);
}
END_TEST

START_TEST(test_not_sticky)
{
	ck_assert_int_eq(fchmod(users_fd, 0733), 0);
	suite_assert_error(tenants_list(&lab_store, &tenants, &lab_err), lab_err, EPERM,
			   ERROR_PERMISSION);
	ck_assert_ptr_nonnull(strstr(lab_err.hint, "chmod 1733"));
	ck_assert_int_eq(fchmod(users_fd, 0755), 0);
	list();
}
END_TEST

START_TEST(test_folder_is_a_link)
{
	ck_assert_int_eq(unlinkat(lab_store.images_fd, ".users", AT_REMOVEDIR), 0);
	ck_assert_int_eq(symlinkat("../../theirs", lab_store.images_fd, ".users"), 0);
	suite_assert_error(tenants_list(&lab_store, &tenants, &lab_err), lab_err, ELOOP,
			   ERROR_FAILED);
	ck_assert_int_eq(tell(theirs), TENANTS_NO_FOLDER);
}
END_TEST

/* The rest is about others, whom root alone can be. */

static bool be(uid_t uid)
{
	return !setgid(uid) && !setuid(uid);
}

static bool open_to_all(void)
{
	return !chmod(lab_dir.path, 0711) && !fchmod(lab_store.state_fd, 0755) &&
	       !fchown(lab_dir.fd, 0, 0) && !chown(theirs, STRANGER, STRANGER);
}

static bool tell_as_stranger(const char *state_dir)
{
	return be(STRANGER) && !tell(state_dir);
}

static void have_stranger_tell(void)
{
	struct lab_child child;

	lab_child_start(&child, tell_as_stranger, theirs);
	lab_child_release(&child);
}

static void have_others_reach(void)
{
	AUTO_FREE char *up = xstrdup(lab_dir.path);

	*strrchr(up, '/') = '\0';
	ck_assert_int_eq(chmod(up, 0711), 0);
	ck_assert(open_to_all());
}

START_TEST(test_of_others)
{
	have_others_reach();
	have_stranger_tell();
	have_stranger_tell();
	ck_assert_uint_eq(count_links(), 1);
	list();
	ck_assert_uint_eq(tenants.n, 1);
	ck_assert_uint_eq(tenants.v[0].uid, STRANGER);
	ck_assert_str_eq(tenants.v[0].state_dir, theirs);
	ck_assert(!tenants.v[0].strange);
}
END_TEST

/* The name of whoever comes is known before he comes. */
START_TEST(test_name_is_taken)
{
	AUTO_FREE char *name = NULL;

	have_others_reach();
	have_stranger_tell();
	list();
	name = xstrdup(tenants.v[0].link);
	ck_assert_int_eq(unlinkat(users_fd, name, 0), 0);
	ck_assert_int_eq(symlinkat(theirs, users_fd, name), 0);
	ck_assert_int_eq(fchownat(users_fd, name, OTHER, OTHER, AT_SYMLINK_NOFOLLOW), 0);
	have_stranger_tell();
	list();
	ck_assert_uint_eq(tenants.n, 2);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(tenants.v[i].strange, tenants.v[i].uid == OTHER);
}
END_TEST

static bool meddle(const char *name)
{
	return be(OTHER) && unlinkat(users_fd, name, 0) < 0 &&
	       renameat(users_fd, name, users_fd, "x") < 0 &&
	       faccessat(lab_store.images_fd, ".users", R_OK, 0) < 0;
}

START_TEST(test_others_cannot_remove_it)
{
	struct lab_child child;

	have_others_reach();
	have_stranger_tell();
	list();
	lab_child_start(&child, meddle, tenants.v[0].link);
	lab_child_release(&child);
	ck_assert_uint_eq(count_links(), 1);
}
END_TEST

static bool refused(const char *state_dir)
{
	return be(STRANGER) && tell(state_dir) == -EACCES && strstr(lab_err.hint, "chmod 1733");
}

START_TEST(test_refused)
{
	struct lab_child child;

	have_others_reach();
	ck_assert_int_eq(fchmod(users_fd, 0711), 0);
	lab_child_start(&child, refused, theirs);
	lab_child_release(&child);
	/* a folder that is nobody's to make has made somebody else */
	ck_assert_int_eq(fchown(users_fd, OTHER, OTHER), 0);
	ck_assert_int_eq(tell(theirs), TENANTS_NO_FOLDER);
	suite_assert_error(tenants_list(&lab_store, &tenants, &lab_err), lab_err, EPERM,
			   ERROR_PERMISSION);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("store_tenants");
	TCase *tcase = tcase_create("tenants");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_folder);
	tcase_add_test(tcase, test_folder_of_a_user);
	tcase_add_test(tcase, test_registered);
	tcase_add_test(tcase, test_by_links);
	tcase_add_test(tcase, test_own_is_left_out);
	tcase_add_test(tcase, test_no_folder);
	tcase_add_test(tcase, test_absent);
	tcase_add_loop_test(tcase, test_no_names, 0, ARRAY_SIZE(no_names));
	tcase_add_test(tcase, test_no_links);
	tcase_add_test(tcase, test_names_of_others);
	tcase_add_test(tcase, test_many);
	tcase_add_test(tcase, test_not_sticky);
	tcase_add_test(tcase, test_folder_is_a_link);
	if (geteuid() == 0 || !suite_leave_out("tests with other users", "not root")) {
		tcase_add_test(tcase, test_of_others);
		tcase_add_test(tcase, test_name_is_taken);
		tcase_add_test(tcase, test_others_cannot_remove_it);
		tcase_add_test(tcase, test_refused);
	}
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
