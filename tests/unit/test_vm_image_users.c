/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which image a word means, which VMs stand on it, and images that are removed and pruned. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "store/images.h"
#include "vm/image.h"
#include "vm/pull.h"
#include "../../src/vm/image_users.h"
#include "store_lab.h"

static struct vm_host host;
static char boot_sector[512];
static size_t notes;
static char last_note[1024];

static void note(void *context, const char *text)
{
	(void)context;
	ck_assert(text[0]);
	snprintf(last_note, sizeof(last_note), "%s", text);
	notes++;
}

static void setup(void)
{
	lab_setup();
	host = (struct vm_host){ .config = lab_config, .store = lab_store, .note = note };
	host.store.config = &host.config;
	notes = 0;
	memcpy(boot_sector + 510, "\x55\xaa", 2);
}

static void assert_files(size_t expected)
{
	AUTO_STRV names = STRV_INIT;

	lab_list_images(&names);
	ck_assert_uint_eq(names.n, expected);
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

static bool force;

static int remove_image(const char *name)
{
	lab_err = (struct error)ERROR_INIT;
	return vm_image_remove(&host, name, force, &lab_err);
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

/* Of the Go edition: no vm.conf names its image, and its disk's header cannot be read. */
START_TEST(test_disk_in_doubt)
{
	AUTO_FREE char *disk = xasprintf("%s/vms/vm1/disk.qcow2", lab_config.state_dir);

	make_image("a", NULL, 1);
	lab_make_vm("vm1");
	suite_put(lab_store.state_fd, "vms/vm1/vm.mac", "52:54:00:00:00:01\n");
	suite_put(lab_store.state_fd, "vms/vm1/disk.qcow2", "rubbish");
	assert_users("a", "vm1");
	ck_assert_int_eq(unlink(disk), 0);
	ck_assert_int_eq(symlink("/elsewhere/disk.qcow2", disk), 0);
	assert_users("a", "vm1");
	suite_assert_error(remove_image("a"), lab_err, EBUSY, ERROR_BUSY);
}
END_TEST

START_TEST(test_image_by_another_name)
{
	AUTO_FREE char *link = image_path("link");
	AUTO_FREE char *away = xasprintf("%s/away.raw", lab_dir.path);

	make_image("a", NULL, 1);
	make_image("b", NULL, 1);
	ck_assert_int_eq(symlink("a.raw", link), 0);
	ck_assert_int_eq(symlink(link, away), 0);
	make_vm("vm1", link);
	make_vm("vm2", away);
	assert_users("a", "vm1 vm2");
	assert_users("b", "");
	suite_assert_error(remove_image("a"), lab_err, EBUSY, ERROR_BUSY);
}
END_TEST

/* Nothing that list would show, and a VM all the same: it may stand on any image. */
START_TEST(test_foreign_folders)
{
	AUTO_FREE char *vms = xasprintf("%s/vms", lab_config.state_dir);
	AUTO_FREE char *link = xasprintf("%s/moved", vms);

	make_image("a", NULL, 1);
	ck_assert_int_eq(mkdirat(lab_store.vms_fd, "lost+found", 0700), 0);
	ck_assert_int_eq(mkdirat(lab_dir.fd, "volume", 0700), 0);
	ck_assert_int_eq(symlink("../../volume", link), 0);
	suite_put(lab_store.vms_fd, "README", "x");
	assert_users("a", "");
	suite_put(lab_dir.fd, "volume/disk.qcow2", "x");
	ck_assert_int_eq(mkdirat(lab_store.vms_fd, "My_VM", 0700), 0);
	suite_put(lab_store.vms_fd, "My_VM/disk.qcow2", "x");
	assert_users("a", "My_VM moved");
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

/* Before an image is held. */
static void (*before_hold)(void);
static unsigned int holds;

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

static void make_vm_of_debian_3(void)
{
	AUTO_FREE char *path = image_path("debian-3");

	make_vm("vm9", path);
}

START_TEST(test_prune_while_a_vm_is_made)
{
	make_prunable();
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
	/* that of those who wrote the images */
	ck_assert_int_eq(unlinkat(lab_store.images_fd, ".lock", 0), 0);
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

/* Another state directory, "b", of whoever has the link. */
static struct store b_store;
static struct host_config b_config;

static void others_setup(void)
{
	setup();
	force = false;
	b_config = host.config;
	b_config.state_dir = xasprintf("%s/b", lab_dir.path);
	suite_assert_ok(store_open(&b_store, &b_config, true, &lab_err), lab_err);
	make_prunable();
}

static void others_teardown(void)
{
	store_done(&b_store);
	free(b_config.state_dir);
	lab_teardown();
}

static void make_b_vm(const char *name, const char *image)
{
	AUTO_FREE char *path = image_path(image);
	AUTO_FREE char *dir = xasprintf("vms/%s", name);
	AUTO_FREE char *file = xasprintf("vms/%s/vm.conf", name);
	AUTO_FREE char *mac = xasprintf("vms/%s/vm.mac", name);
	AUTO_FREE char *text = xasprintf("[image]\npath = %s\nformat = raw\n", path);

	ck_assert_int_eq(mkdirat(b_store.state_fd, dir, 0700), 0);
	suite_put(b_store.state_fd, file, text);
	suite_put(b_store.state_fd, mac, "52:54:00:00:00:02\n");
}

static void tell(void)
{
	struct vm_host b = { .config = b_config, .store = b_store };
	AUTO_FREE char *path = image_path("debian-3");

	b.store.config = &b.config;
	suite_assert_ok(image_users_tell(&b, "x", path, &lab_err), lab_err);
}

static void put_link(const char *target)
{
	AUTO_FREE char *name = xasprintf("images/.users/%u-0123456789abcdef", geteuid());

	unlinkat(lab_store.state_fd, name, 0);
	ck_assert_int_eq(symlinkat(target, lab_store.state_fd, name), 0);
}

static void remove_b(const char *name)
{
	ck_assert_int_eq(unlinkat(b_store.state_fd, name, AT_REMOVEDIR), 0);
}

START_TEST(test_others_keep)
{
	AUTO_FREE char *user = xasprintf("vm1 below '%s'", b_config.state_dir);

	make_b_vm("vm1", "debian-3");
	make_b_vm("vm2", "alpine-1");
	tell();
	assert_users("debian-3", user);
	suite_assert_error(remove_image("debian-3"), lab_err, EBUSY, ERROR_BUSY);
	ck_assert_ptr_nonnull(strstr(lab_err.message, user));
	ck_assert_ptr_nonnull(strstr(lab_err.hint, "--force debian-3"));
	assert_pruned(false, true, "debian-1", 0);
	assert_pruned(true, false, "debian-1 debian-4", 0);
	/* whose image is in use here, too, has those told first */
	make_b_vm("vm3", "debian-2");
	assert_files(4 * 2);
	force = true;
	suite_assert_error(remove_image("debian-2"), lab_err, EBUSY, ERROR_BUSY);
	ck_assert_ptr_nonnull(strstr(lab_err.hint, "mnmivm-se delete vm1"));
	ck_assert_uint_eq(notes, 0);
	suite_assert_ok(remove_image("debian-3"), lab_err);
	ck_assert_uint_eq(notes, 1);
	ck_assert_ptr_nonnull(strstr(last_note, user));
	assert_files(3 * 2);
}
END_TEST

/* Folders that are no VMs of ours, with names as long as can be: the rest is seen all the same. */
START_TEST(test_others_foreign)
{
	AUTO_FREE char *users = xasprintf("? below '%s' vm1 below '%s'", b_config.state_dir,
					  b_config.state_dir);
	char folder[256], disk[300];

	memset(folder, 'X', 255);
	folder[255] = '\0';
	snprintf(disk, sizeof(disk), "%s/disk.qcow2", folder);
	make_b_vm("vm1", "debian-3");
	ck_assert_int_eq(mkdirat(b_store.vms_fd, folder, 0700), 0);
	suite_put(b_store.vms_fd, disk, "x");
	tell();
	assert_users("debian-3", users);
	suite_assert_error(remove_image("alpine-1"), lab_err, EBUSY, ERROR_BUSY);
	assert_files(6 * 2);
}
END_TEST

/* A VM whose files are rubbish, and one that is none. */
START_TEST(test_others_unreadable)
{
	ck_assert_int_eq(mkdirat(b_store.vms_fd, "vm1", 0700), 0);
	if (_i == 1)
		suite_put(b_store.state_fd, "vms/vm1/vm.conf", "rubbish\n");
	if (_i == 2)
		ck_assert_int_eq(mkfifoat(b_store.state_fd, "vms/vm1/vm.conf", 0600), 0);
	if (_i == 3)
		ck_assert_int_eq(symlinkat("/dev/zero", b_store.vms_fd, "vm1/vm.conf"), 0);
	if (_i == 4)
		ck_assert_int_eq(symlinkat("vm.conf", b_store.vms_fd, "vm1/vm.conf"), 0);
	tell();
	assert_pruned(true, false, "", 0);
	ck_assert_uint_eq(notes, 1);
	suite_assert_error(remove_image("debian-4"), lab_err, EBUSY, ERROR_BUSY);
	ck_assert_ptr_nonnull(strstr(lab_err.message, "vm1 below"));
	assert_files(6 * 2);
}
END_TEST

START_TEST(test_others_huge)
{
	AUTO_CLOSE int fd = -1;

	make_b_vm("vm1", "debian-3");
	fd = openat(b_store.vms_fd, "vm1/vm.conf", O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(ftruncate(fd, (off_t)1 << 40), 0);
	tell();
	assert_pruned(true, false, "", 0);
	assert_files(6 * 2);
}
END_TEST

/* Who has a directory that cannot be looked at may have VMs there. */
static void assert_unseen(const char *why)
{
	notes = 0;
	assert_pruned(true, false, "", 0);
	ck_assert_uint_eq(notes, 1);
	ck_assert_msg(strstr(last_note, why) != NULL, "'%s' lacks '%s'", last_note, why);
	ck_assert_ptr_nonnull(strstr(last_note, "if it is gone for good: rm /"));
	suite_assert_error(remove_image("debian-4"), lab_err, EBUSY, ERROR_BUSY);
	ck_assert_ptr_nonnull(strstr(lab_err.message, why));
	ck_assert_ptr_nonnull(strstr(lab_err.hint, "--force debian-4"));
	assert_files(6 * 2);
}

static const char *const no_directories[] = {
	"/nowhere", "/proc/self", "/proc/self/fd", "/dev/zero", "/dev/null", "/", "/etc/passwd",
};

START_TEST(test_others_unseen)
{
	put_link(no_directories[_i]);
	assert_unseen("look at state directory /");
	force = true;
	suite_assert_ok(remove_image("debian-4"), lab_err);
}
END_TEST

START_TEST(test_others_unmounted)
{
	tell();
	assert_pruned(false, true, "debian-1 debian-3", 0);
	remove_b("vms");
	assert_unseen("No such file or directory");
	ck_assert_int_eq(mkfifoat(b_store.state_fd, "vms", 0600), 0);
	assert_unseen("Not a directory");
	ck_assert_int_eq(unlinkat(b_store.state_fd, "vms", 0), 0);
	ck_assert_int_eq(symlinkat("vms", b_store.state_fd, "vms"), 0);
	assert_unseen("Too many levels");
}
END_TEST

START_TEST(test_others_too_many_vms)
{
	for (int i = 0; i < 5000; i++) {
		AUTO_FREE char *name = xasprintf("vm%d", i);

		ck_assert_int_eq(mkdirat(b_store.vms_fd, name, 0700), 0);
	}
	tell();
	assert_unseen("File too large");
}
END_TEST

START_TEST(test_others_too_many)
{
	for (int i = 0; i < 10000; i++) {
		AUTO_FREE char *name = xasprintf("images/.users/%u-%016x", geteuid(), i);

		ck_assert_int_eq(symlinkat("/nowhere", lab_store.state_fd, name), 0);
	}
	assert_pruned(true, false, "", 0);
	ck_assert_uint_lt(notes, 10);
	assert_files(6 * 2);
}
END_TEST

START_TEST(test_others_folder_is_open)
{
	ck_assert_int_eq(fchmodat(lab_store.images_fd, ".users", 0777, 0), 0);
	suite_assert_error(remove_image("debian-4"), lab_err, EPERM, ERROR_PERMISSION);
	assert_files(6 * 2);
}
END_TEST

/* By root only, who can be others. */
enum { CAROL = 4711, DAVE = 4712 };

static void give(uid_t uid, const char *path)
{
	ck_assert_int_eq(fchownat(lab_dir.fd, path, uid, uid, AT_SYMLINK_NOFOLLOW), 0);
}

static void give_b(uid_t uid)
{
	AUTO_FREE char *link = xasprintf("state/images/.users/%u-0123456789abcdef", uid);
	AUTO_FREE char *up = xstrdup(lab_dir.path);

	*strrchr(up, '/') = '\0';
	ck_assert_int_eq(chmod(up, 0711), 0);
	ck_assert_int_eq(chmod(lab_dir.path, 0711), 0);
	ck_assert_int_eq(fchmod(lab_store.state_fd, 0755), 0);
	make_b_vm("vm9", "debian-3");
	give(uid, "b");
	give(uid, "b/vms");
	give(uid, "b/vms/vm9");
	give(uid, "b/vms/vm9/vm.conf");
	give(uid, "b/vms/vm9/vm.mac");
	ck_assert_int_eq(symlinkat(b_config.state_dir, lab_dir.fd, link), 0);
	give(uid, link);
}

START_TEST(test_other_user)
{
	give_b(CAROL);
	assert_users("debian-3", "4711/vm9");
	suite_assert_error(remove_image("debian-3"), lab_err, EBUSY, ERROR_BUSY);
	ck_assert_ptr_nonnull(strstr(lab_err.message, "is the base of: 4711/vm9"));
	assert_pruned(true, false, "alpine-1 debian-1 debian-4", 0);
	ck_assert_uint_eq(notes, 0);
}
END_TEST

/* Neither root's rights nor another's are lent to who names their directory. */
START_TEST(test_other_user_names_anothers)
{
	AUTO_FREE char *link = xasprintf("state/images/.users/%u-0123456789abcdef", DAVE);

	give_b(CAROL);
	ck_assert_int_eq(symlinkat(b_config.state_dir, lab_dir.fd, link), 0);
	give(DAVE, link);
	ck_assert_int_eq(unlinkat(lab_dir.fd, "state/images/.users/4711-0123456789abcdef", 0), 0);
	assert_unseen("of 4712: Permission denied");
	assert_users("debian-3", "");
}
END_TEST

/* Whoever can chown a link to a name of another is not from here. */
START_TEST(test_other_user_by_anothers_name)
{
	give_b(CAROL);
	give(DAVE, "state/images/.users/4711-0123456789abcdef");
	assert_unseen("its link is of another uid, 4712");
}
END_TEST

static TCase *others_case(void)
{
	TCase *tcase = tcase_create("others");

	tcase_add_checked_fixture(tcase, others_setup, others_teardown);
	tcase_add_test(tcase, test_others_keep);
	tcase_add_test(tcase, test_others_foreign);
	tcase_add_loop_test(tcase, test_others_unreadable, 0, 5);
	tcase_add_test(tcase, test_others_huge);
	tcase_add_loop_test(tcase, test_others_unseen, 0, ARRAY_SIZE(no_directories));
	tcase_add_test(tcase, test_others_unmounted);
	tcase_add_test(tcase, test_others_too_many_vms);
	tcase_add_test(tcase, test_others_too_many);
	tcase_add_test(tcase, test_others_folder_is_open);
	if (geteuid() && suite_leave_out("tests with other users", "not root"))
		return tcase;
	tcase_add_test(tcase, test_other_user);
	tcase_add_test(tcase, test_other_user_names_anothers);
	tcase_add_test(tcase, test_other_user_by_anothers_name);
	return tcase;
}

int main(void)
{
	Suite *s = suite_create("vm_image_users");
	TCase *tcase = tcase_create("users");

	tcase_add_checked_fixture(tcase, setup, lab_teardown);
	tcase_add_test(tcase, test_resolve_without_catalogue);
	tcase_add_test(tcase, test_resolve_in_empty_catalogue);
	tcase_add_test(tcase, test_users);
	tcase_add_test(tcase, test_unreadable_vm);
	tcase_add_test(tcase, test_disk_in_doubt);
	tcase_add_test(tcase, test_image_by_another_name);
	tcase_add_test(tcase, test_foreign_folders);
	tcase_add_test(tcase, test_remove_held);
	tcase_add_test(tcase, test_remove_locked_by_a_reader);
	tcase_add_test(tcase, test_prune);
	tcase_add_test(tcase, test_prune_newest_is_damaged);
	tcase_add_test(tcase, test_prune_while_a_vm_is_made);
	tcase_add_test(tcase, test_prune_held);
	tcase_add_test(tcase, test_prune_in_doubt);
	suite_add_tcase(s, tcase);
	suite_add_tcase(s, others_case());
	return suite_run(s);
}
