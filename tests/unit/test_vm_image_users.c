/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which image a word means, which VMs stand on it, and images that are removed and pruned. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "store/images.h"
#include "vm/image.h"
#include "vm/pull.h"
#include "store_lab.h"

static struct vm_host host;
static char boot_sector[512];
static size_t notes, notes_of_others;

static void note(void *context, const char *text)
{
	(void)context;
	ck_assert(text[0]);
	if (strstr(text, "VMs of other users"))
		notes_of_others++;
	else
		notes++;
}

static void setup(void)
{
	lab_setup();
	host = (struct vm_host){ .config = lab_config, .store = lab_store, .note = note };
	host.store.config = &host.config;
	notes = notes_of_others = 0;
	memcpy(boot_sector + 510, "\x55\xaa", 2);
}

static void count(const char *name, void *arg)
{
	if (strcmp(name, ".lock") != 0 && strcmp(name, ".users") != 0)
		++*(size_t *)arg;
}

static void assert_files(size_t expected)
{
	size_t n = 0;

	dir_for_each(lab_store.images_fd, count, &n);
	ck_assert_uint_eq(n, expected);
}

/* A pulled image of that age; NULL: an imported one. */
static void make_image(const char *name, const char *os, int64_t added_ns)
{
	AUTO(image_config_done) struct image_config config;
	struct image_draft draft = IMAGE_DRAFT_INIT;

	image_config_init(&config);
	config.os = os ? xstrdup(os) : NULL;
	config.added_ns = added_ns;
	suite_assert_ok(images_begin(&lab_store, name, &draft, &lab_err), lab_err);
	ck_assert_int_eq(fd_write_all(draft.fd, boot_sector, sizeof(boot_sector)), 0);
	suite_assert_ok(images_commit(&lab_store, &draft, DISK_RAW, &config, &lab_err), lab_err);
}

/* What is here does not need to be found in a catalogue, unless by another name. */
START_TEST(test_resolve_without_catalogue)
{
	AUTO_STRV folders = STRV_INIT;
	AUTO_FREE char *found = NULL;
	char *none = NULL;

	strv_pushf(&folders, "%s/nowhere", lab_dir.path);
	host.config.catalogue = folders;
	make_image("app-1", "app", 1);
	make_image("app-2", "app", 2);
	suite_assert_ok(vm_image_resolve(&host, "app", NULL, &found, &lab_err), lab_err);
	ck_assert_str_eq(found, "app-2");
	ck_assert_uint_eq(notes, 1);
	suite_assert_error(vm_image_resolve(&host, "alias", NULL, &none, &lab_err), lab_err, ENOENT,
			   ERROR_USAGE);
	ck_assert_ptr_null(none);
	ck_assert_ptr_nonnull(strstr(lab_err.message, "/nowhere'"));
}
END_TEST

START_TEST(test_resolve_in_empty_catalogue)
{
	char *none = NULL;

	host.config.catalogue = (struct strv)STRV_INIT;
	suite_assert_error(vm_image_resolve(&host, "app", NULL, &none, &lab_err), lab_err, ENOENT,
			   ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(lab_err.hint, "mnmivm-se doctor pull"));
}
END_TEST

static void make_vm(const char *name, const char *path)
{
	AUTO_FREE char *file = xasprintf("vms/%s/vm.conf", name);
	AUTO_FREE char *text = xasprintf("[image]\npath = %s\nformat = raw\n", path);

	AUTO_FREE char *mac = xasprintf("vms/%s/vm.mac", name);

	lab_make_vm(name);
	suite_put(lab_store.state_fd, file, text);
	suite_put(lab_store.state_fd, mac, "52:54:00:00:00:01\n");
}

static char *image_path(const char *name)
{
	return xasprintf("%s/images/%s.raw", lab_config.state_dir, name);
}

static void assert_users(const char *name, const char *expected)
{
	AUTO_STRV users = STRV_INIT;
	AUTO_FREE char *found = NULL;
	struct vm_image_info info;

	suite_assert_ok(vm_image_show(&host, name, &info, &users, &lab_err), lab_err);
	vm_image_info_done(&info);
	found = strv_join(&users, " ");
	ck_assert_str_eq(found, expected);
}

static int remove_image(const char *name)
{
	lab_err = (struct error)ERROR_INIT;
	return vm_image_remove(&host, name, &lab_err);
}

/* By whatever path the folder was reached when the VM was made. */
START_TEST(test_users)
{
	AUTO_FREE char *path = image_path("a");
	AUTO_FREE char *link = xasprintf("%s/link", lab_dir.path);
	AUTO_FREE char *through = xasprintf("%s/images/a.raw", link);
	AUTO_FREE char *elsewhere = xasprintf("%s/b.raw", lab_dir.path);

	make_image("a", NULL, 1);
	make_image("b", NULL, 1);
	ck_assert_int_eq(symlink(lab_config.state_dir, link), 0);
	make_vm("vm2", path);
	make_vm("vm1", through);
	make_vm("vm3", elsewhere);
	suite_put(lab_dir.fd, "b.raw", "x");
	assert_users("a", "vm1 vm2");
	assert_users("b", "");
	suite_assert_error(remove_image("a"), lab_err, EBUSY, ERROR_BUSY);
	ck_assert_ptr_nonnull(strstr(lab_err.message, "vm1, vm2"));
	suite_assert_ok(remove_image("b"), lab_err);
	assert_files(2);
}
END_TEST

/* It may stand on any of them. */
START_TEST(test_unreadable_vm)
{
	AUTO_FREE char *path = image_path("a");

	make_image("a", NULL, 1);
	make_vm("vm1", path);
	suite_put(lab_store.state_fd, "vms/vm1/vm.conf", "rubbish\n");
	assert_users("a", "vm1");
	suite_put(lab_store.state_fd, "vms/vm1/disk.qcow2", "rubbish");
	assert_users("a", "vm1");
	suite_assert_error(remove_image("a"), lab_err, EBUSY, ERROR_BUSY);
}
END_TEST

START_TEST(test_remove_held)
{
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int hold_fd = -1;

	make_image("a", NULL, 1);
	fd = openat(lab_store.images_fd, "a.raw", O_RDONLY | O_CLOEXEC);
	suite_assert_ok(images_hold(&lab_store, fd, "a", IMAGES_SHARED, &hold_fd, &lab_err),
			lab_err);
	suite_assert_error(remove_image("a"), lab_err, EBUSY, ERROR_BUSY);
	assert_files(2);
}
END_TEST

/* Everybody may read an image, and flock(2) asks for no more than that. */
START_TEST(test_remove_locked_by_a_reader)
{
	AUTO_CLOSE int fd = -1;

	make_image("a", NULL, 1);
	fd = openat(lab_store.images_fd, "a.raw", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	suite_assert_ok(remove_image("a"), lab_err);
	assert_files(0);
}
END_TEST

static void assert_pruned(bool all, bool dry, const char *expected, unsigned int leftovers)
{
	const struct vm_prune_options prune = { .all = all, .dry = dry };
	struct vm_pruned pruned = { .bytes = 0 };
	AUTO_FREE char *found = NULL;

	suite_assert_ok(vm_image_prune(&host, &prune, &pruned, &lab_err), lab_err);
	found = strv_join(&pruned.removed, " ");
	strv_done(&pruned.removed);
	ck_assert_str_eq(found, expected);
	ck_assert_uint_eq(pruned.leftovers, leftovers);
	ck_assert_int_eq(pruned.bytes > 0, expected[0] || leftovers);
}

static void make_prunable(void)
{
	AUTO_FREE char *path = image_path("debian-2");

	make_image("debian-1", "debian", 1);
	make_image("debian-2", "debian", 2); /* in use */
	make_image("debian-3", "debian", 3);
	make_image("debian-4", "debian", 4);
	make_image("alpine-1", "alpine", 1);
	make_image("debian-0", NULL, 0); /* imported */
	make_vm("vm1", path);
}

START_TEST(test_prune)
{
	static const char part[] =
		".part-sha256-"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

	make_prunable();
	suite_put(lab_store.images_fd, part, "half");
	assert_pruned(false, true, "debian-1 debian-3", 1);
	assert_files(6 * 2 + 1);
	assert_pruned(false, false, "debian-1 debian-3", 1);
	assert_files(4 * 2);
	assert_pruned(false, false, "", 0);
	assert_pruned(true, false, "alpine-1 debian-4", 0);
	assert_files(2 * 2);
	assert_pruned(true, false, "", 0);
}
END_TEST

static void damage(const char *file)
{
	AUTO_CLOSE int fd = -1;

	ck_assert_int_eq(fchmodat(lab_store.images_fd, file, 0644, 0), 0);
	fd = openat(lab_store.images_fd, file, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(pwrite(fd, "xx", 2, 510), 2);
}

START_TEST(test_others_are_told_of)
{
	make_prunable();
	suite_assert_error(remove_image("debian-2"), lab_err, EBUSY, ERROR_BUSY);
	ck_assert_uint_eq(notes_of_others, 0);
	suite_assert_ok(remove_image("debian-1"), lab_err);
	ck_assert_uint_eq(notes_of_others, 1);
	assert_pruned(false, true, "debian-3", 0);
	ck_assert_uint_eq(notes_of_others, 2);
	assert_pruned(false, false, "debian-3", 0);
	ck_assert_uint_eq(notes_of_others, 3);
	assert_pruned(false, false, "", 0);
	ck_assert_uint_eq(notes_of_others, 3);
}
END_TEST

/* A user's own, or root's that nobody else can read. */
START_TEST(test_others_have_none)
{
	host.config.restricted = _i == 0;
	if (_i)
		ck_assert_int_eq(fchmod(lab_store.images_fd, 0700), 0);
	make_prunable();
	suite_assert_ok(remove_image("debian-1"), lab_err);
	assert_pruned(true, false, "alpine-1 debian-3 debian-4", 0);
	ck_assert_uint_eq(notes_of_others, 0);
}
END_TEST

/* What cannot be booted replaces nothing. */
START_TEST(test_prune_newest_is_damaged)
{
	make_prunable();
	damage("debian-4.raw");
	assert_pruned(false, true, "debian-1", 0);
	assert_pruned(false, false, "debian-1", 0);
	assert_files(5 * 2);
	damage("debian-3.raw");
	damage("debian-2.raw");
	assert_pruned(false, false, "", 0);
	assert_pruned(true, false, "alpine-1 debian-3 debian-4", 0);
}
END_TEST

/* Before an image is held, and what the clock says then. */
static void (*before_hold)(void);
static unsigned int holds;
static time_t clock_ahead;

int __real_images_hold(const struct store *store, int fd, const char *name, enum images_hold hold,
		       int *ret_fd, struct error *err);
int __wrap_images_hold(const struct store *store, int fd, const char *name, enum images_hold hold,
		       int *ret_fd, struct error *err);
int __wrap_images_hold(const struct store *store, int fd, const char *name, enum images_hold hold,
		       int *ret_fd, struct error *err)
{
	void (*before)(void) = before_hold;

	holds++;
	before_hold = NULL;
	if (before)
		before();
	return __real_images_hold(store, fd, name, hold, ret_fd, err);
}

int __real_clock_gettime(clockid_t id, struct timespec *ret);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
	int r = __real_clock_gettime(id, ret);

	if (!r && id == CLOCK_REALTIME)
		ret->tv_sec += clock_ahead;
	return r;
}

static void make_vm_of_debian_3(void)
{
	AUTO_FREE char *path = image_path("debian-3");

	make_vm("vm9", path);
}

/* Whether the folder of VMs has changed a moment ago or long ago. */
START_TEST(test_prune_while_a_vm_is_made)
{
	make_prunable();
	clock_ahead = _i ? 3600 : 0;
	before_hold = make_vm_of_debian_3;
	assert_pruned(false, false, "debian-1", 0);
	ck_assert_ptr_null(before_hold);
	assert_files(5 * 2);
}
END_TEST

START_TEST(test_prune_held)
{
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int hold_fd = -1;

	make_prunable();
	assert_pruned(true, true, "alpine-1 debian-1 debian-3 debian-4", 0);
	ck_assert_uint_eq(holds, 0);
	ck_assert(!lab_exists(lab_store.images_fd, ".lock"));
	fd = openat(lab_store.images_fd, "debian-3.raw", O_RDONLY | O_CLOEXEC);
	suite_assert_ok(images_hold(&lab_store, fd, "x", IMAGES_SHARED, &hold_fd, &lab_err),
			lab_err);
	assert_pruned(true, false, "alpine-1 debian-1 debian-4", 0);
	assert_files(3 * 2);
}
END_TEST

START_TEST(test_prune_in_doubt)
{
	make_prunable();
	lab_make_vm("vm2");
	suite_put(lab_store.state_fd, "vms/vm2/vm.conf", "rubbish\n");
	suite_put(lab_store.state_fd, "vms/vm2/disk.qcow2", "rubbish");
	assert_pruned(true, false, "", 0);
	ck_assert_uint_eq(notes, 1);
	assert_files(6 * 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vm_image_users");
	TCase *tcase = tcase_create("users");

	tcase_add_checked_fixture(tcase, setup, lab_teardown);
	tcase_add_test(tcase, test_resolve_without_catalogue);
	tcase_add_test(tcase, test_resolve_in_empty_catalogue);
	tcase_add_test(tcase, test_users);
	tcase_add_test(tcase, test_unreadable_vm);
	tcase_add_test(tcase, test_remove_held);
	tcase_add_test(tcase, test_remove_locked_by_a_reader);
	tcase_add_test(tcase, test_prune);
	tcase_add_test(tcase, test_others_are_told_of);
	tcase_add_loop_test(tcase, test_others_have_none, 0, 2);
	tcase_add_test(tcase, test_prune_newest_is_damaged);
	tcase_add_loop_test(tcase, test_prune_while_a_vm_is_made, 0, 2);
	tcase_add_test(tcase, test_prune_held);
	tcase_add_test(tcase, test_prune_in_doubt);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
