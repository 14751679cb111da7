/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that are imported, used, removed and pruned. */
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
#include "store_lab.h"

enum { SIZE = 1 << 20 };

static struct vm_host host;
static struct vm_import_options options;
static char *image; /* what is imported: a boot sector and little else */
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

static void put_source(const char *name, const char *data, size_t len)
{
	AUTO_CLOSE int fd = openat(lab_dir.fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
				   0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_write_all(fd, data, len), 0);
}

static void setup(void)
{
	lab_setup();
	host = (struct vm_host){ .config = lab_config, .store = lab_store, .note = note };
	host.store.config = &host.config;
	options = (struct vm_import_options){ .digest = NULL };
	guest_traits_init(&options.guest);
	notes = notes_of_others = 0;
	image = xcalloc(1, SIZE);
	memcpy(image + 510, "\x55\xaa", 2);
	memcpy(image + SIZE / 2, "something", 9);
	put_source("source", image, SIZE);
}

static void teardown(void)
{
	guest_traits_done(&options.guest);
	free(image);
	lab_teardown();
}

static char *in_lab(const char *name)
{
	return xasprintf("%s/%s", lab_dir.path, name);
}

static int import(const char *source, const char *name)
{
	AUTO_FREE char *path = in_lab(source);

	lab_err = (struct error)ERROR_INIT;
	return vm_image_import(&host, path, name, &options, &lab_err);
}

/* The first field of what a program says of a file. */
static char *ask(const char *program, const char *name)
{
	AUTO_FREE char *command = xasprintf("%s %s/%s", program, lab_dir.path, name);
	FILE *output = popen(command, "r");
	char word[160] = "";

	ck_assert_ptr_nonnull(output);
	ck_assert_int_eq(fscanf(output, "%159s", word), 1);
	ck_assert_int_eq(pclose(output), 0);
	return xstrdup(word);
}

static void run(const char *program, const char *name)
{
	AUTO_FREE char *command = xasprintf("cd %s && %s %s", lab_dir.path, program, name);

	ck_assert_int_eq(system(command), 0);
}

static void assert_image(const char *file)
{
	AUTO_BUF content = BUF_INIT;
	struct stat st;

	suite_assert_ok(file_read(lab_store.images_fd, file, SIZE, &content, &lab_err), lab_err);
	ck_assert_uint_eq(content.len, SIZE);
	ck_assert_int_eq(memcmp(content.data, image, SIZE), 0);
	ck_assert_int_eq(fstatat(lab_store.images_fd, file, &st, 0), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0444);
	ck_assert_int_lt(st.st_blocks * 512, SIZE / 2); /* of zeros nothing is written */
}

static void count(const char *name, void *arg)
{
	if (strcmp(name, ".lock") != 0)
		++*(size_t *)arg;
}

static void assert_files(size_t expected)
{
	size_t n = 0;

	dir_for_each(lab_store.images_fd, count, &n);
	ck_assert_uint_eq(n, expected);
}

static void assert_digest(const char *name, const char *file)
{
	AUTO_FREE char *hex = ask("sha256sum", file);
	AUTO_FREE char *digest = xasprintf("sha256:%s", hex);
	struct image_config config;

	suite_assert_ok(images_config(&lab_store, name, &config, &lab_err), lab_err);
	ck_assert_str_eq(config.digest, digest);
	ck_assert_ptr_null(config.os);
	image_config_done(&config);
}

START_TEST(test_import)
{
	bool digest = false;

	options.guest.user = xstrdup("me");
	suite_assert_ok(import("source", "mine"), lab_err);
	assert_image("mine.raw");
	assert_digest("mine", "source");
	suite_assert_ok(vm_image_verify(&host, "mine", NULL, NULL, &digest, &lab_err), lab_err);
	ck_assert(digest);
	suite_assert_error(import("source", "mine"), lab_err, EEXIST, ERROR_CONFLICT);
	assert_files(2);
}
END_TEST

static const char *const packers[] = { "xz -k", "gzip -k", "zstd -q", "tar -cf source.tar" };
static const char *const packed[] = { "source.xz", "source.gz", "source.zst", "source.tar" };

START_TEST(test_import_packed)
{
	AUTO_FREE char *hex = NULL;

	run(packers[_i], "source");
	hex = ask("sha512sum", packed[_i]);
	options.digest = hex;
	suite_assert_ok(import(packed[_i], "mine"), lab_err);
	assert_image("mine.raw");
	assert_digest("mine", "source");
	assert_files(2);
}
END_TEST

/* A pipe cannot be looked into: what came through it is unpacked from a copy that has no name. */
START_TEST(test_import_pipe)
{
	int saved = dup(STDIN_FILENO);
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *command = NULL;
	FILE *pipe;

	run("xz -k", "source");
	path = in_lab(_i ? "source.xz" : "source");
	command = xasprintf("cat %s", path);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	ck_assert_int_eq(dup2(fileno(pipe), STDIN_FILENO), STDIN_FILENO);
	suite_assert_ok(vm_image_import(&host, "-", "mine", &options, &lab_err), lab_err);
	ck_assert_int_eq(pclose(pipe), 0);
	ck_assert_int_eq(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(saved);
	assert_image("mine.raw");
	assert_digest("mine", "source");
	assert_files(2);
}
END_TEST

/* The linker's --wrap puts this before the worker that unpacks is started. */
static void (*before_unpack)(void);

int __real_unpack_prepare(struct error *err);
int __wrap_unpack_prepare(struct error *err);
int __wrap_unpack_prepare(struct error *err)
{
	void (*before)(void) = before_unpack;

	before_unpack = NULL;
	if (before)
		before();
	return __real_unpack_prepare(err);
}

static void write_other(void)
{
	run("cp", "other.xz source.xz");
}

/* Its owner writes something else to it once it was found to have its digest. */
START_TEST(test_import_rewritten)
{
	AUTO_FREE char *hex = NULL;

	run("xz -k", "source");
	hex = ask("sha256sum", "source.xz");
	put_source("other", image, SIZE / 2);
	run("xz", "other");
	options.digest = hex;
	before_unpack = write_other;
	suite_assert_ok(import("source.xz", "mine"), lab_err);
	ck_assert_ptr_null(before_unpack);
	assert_image("mine.raw");
	assert_digest("mine", "source");
	assert_files(2);
}
END_TEST

START_TEST(test_import_with_digest)
{
	AUTO_FREE char *hex = ask("sha512sum", "source");
	AUTO_FREE char *digest = xasprintf("sha512:%s", hex);
	struct image_config config;

	options.digest = digest;
	suite_assert_ok(import("source", "mine"), lab_err);
	suite_assert_ok(images_config(&lab_store, "mine", &config, &lab_err), lab_err);
	ck_assert_str_eq(config.digest, digest);
	ck_assert_str_eq(config.source_digest, digest);
	image_config_done(&config);
}
END_TEST

static const char wrong[] =
	"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

START_TEST(test_import_refused)
{
	run("xz -k", "source");
	options.digest = wrong;
	suite_assert_error(import("source", "mine"), lab_err, EBADMSG, ERROR_VERIFY);
	suite_assert_error(import("source.xz", "mine"), lab_err, EBADMSG, ERROR_VERIFY);
	options.digest = "md5:0123456789abcdef0123456789abcdef";
	ck_assert_int_lt(import("source", "mine"), 0);
	ck_assert_int_eq(lab_err.kind, ERROR_USAGE);
	options.digest = NULL;
	run("truncate -s 100", "source.xz");
	ck_assert_int_lt(import("source.xz", "mine"), 0);
	ck_assert_int_eq(lab_err.kind, ERROR_VERIFY);
	put_source("source", "neither nor", 11);
	ck_assert_int_lt(import("source", "mine"), 0);
	ck_assert_int_eq(lab_err.kind, ERROR_VERIFY);
	suite_assert_error(import("absent", "mine"), lab_err, ENOENT, ERROR_NOT_FOUND);
	suite_assert_error(import("state", "mine"), lab_err, EISDIR, ERROR_USAGE);
	suite_assert_error(import("source", "../mine"), lab_err, EINVAL, ERROR_USAGE);
	put_source("disk-arm64.raw", image, SIZE);
	ck_assert_int_lt(import("disk-arm64.raw", "mine"), 0);
	ck_assert_int_eq(lab_err.kind, ERROR_VERIFY);
	assert_files(0);
}
END_TEST

START_TEST(test_import_bomb)
{
	run("xz -k", "source");
	host.config.image_bytes_max = SIZE - 1;
	ck_assert_int_lt(import("source.xz", "mine"), 0);
	ck_assert_int_eq(lab_err.kind, ERROR_VERIFY);
	assert_files(0);
}
END_TEST

START_TEST(test_verify_changed)
{
	bool digest = false;
	int fd;

	suite_assert_ok(import("source", "mine"), lab_err);
	ck_assert_int_eq(fchmodat(lab_store.images_fd, "mine.raw", 0644, 0), 0);
	fd = openat(lab_store.images_fd, "mine.raw", O_WRONLY);
	ck_assert_int_eq(pwrite(fd, "!", 1, 4096), 1);
	close(fd);
	suite_assert_error(vm_image_verify(&host, "mine", NULL, NULL, &digest, &lab_err), lab_err,
			   EBADMSG, ERROR_VERIFY);
	ck_assert_int_eq(unlinkat(lab_store.images_fd, "mine.conf", 0), 0);
	digest = true;
	suite_assert_ok(vm_image_verify(&host, "mine", NULL, NULL, &digest, &lab_err), lab_err);
	ck_assert(!digest);
	suite_assert_error(vm_image_verify(&host, "absent", NULL, NULL, &digest, &lab_err), lab_err,
			   ENOENT, ERROR_NOT_FOUND);
}
END_TEST

/* A pulled image of that age; NULL: an imported one. */
static void make_image(const char *name, const char *os, int64_t added_ns)
{
	AUTO(image_config_done) struct image_config config;
	struct image_draft draft = IMAGE_DRAFT_INIT;

	image_config_init(&config);
	config.os = os ? xstrdup(os) : NULL;
	config.added_ns = added_ns;
	suite_assert_ok(images_begin(&lab_store, name, &draft, &lab_err), lab_err);
	ck_assert_int_eq(fd_write_all(draft.fd, image, SIZE), 0);
	suite_assert_ok(images_commit(&lab_store, &draft, DISK_RAW, &config, &lab_err), lab_err);
}

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
	AUTO_FREE char *link = in_lab("link");
	AUTO_FREE char *through = xasprintf("%s/images/a.raw", link);
	AUTO_FREE char *elsewhere = xasprintf("%s/b.raw", lab_dir.path);

	make_image("a", NULL, 1);
	make_image("b", NULL, 1);
	ck_assert_int_eq(symlink(lab_config.state_dir, link), 0);
	make_vm("vm2", path);
	make_vm("vm1", through);
	make_vm("vm3", elsewhere);
	put_source("b.raw", image, SIZE);
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
	Suite *s = suite_create("vm_image");
	TCase *tcase = tcase_create("import");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_import);
	tcase_add_loop_test(tcase, test_import_packed, 0, (int)ARRAY_SIZE(packed));
	tcase_add_loop_test(tcase, test_import_pipe, 0, 2);
	tcase_add_test(tcase, test_import_rewritten);
	tcase_add_test(tcase, test_import_with_digest);
	tcase_add_test(tcase, test_import_refused);
	tcase_add_test(tcase, test_import_bomb);
	tcase_add_test(tcase, test_verify_changed);
	suite_add_tcase(s, tcase);
	tcase = tcase_create("users");
	tcase_add_checked_fixture(tcase, setup, teardown);
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
