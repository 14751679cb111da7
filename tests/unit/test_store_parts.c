/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies beside images: what is told of them, downloads, and what a kill leaves. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "image_lab.h"

enum { STRANGER = 65534 };

#define HEX16 "0123456789abcdef"
#define HEX HEX16 HEX16 HEX16 HEX16
#define DIGEST "sha256:" HEX
#define PART ".part-sha256-" HEX
#define PART512 ".part-sha512-" HEX HEX
#define WRITTEN "os = gone\ndigest = " DIGEST "\nadded = 1\n"

static void set_config(struct image_config *config, const char *os, const char *digest,
		       int64_t added_ns)
{
	image_config_init(config);
	config->os = os ? xstrdup(os) : NULL;
	config->source_digest = digest ? xstrdup(digest) : NULL;
	config->added_ns = added_ns;
}

static void make_pulled(const char *name, const char *os, const char *digest, int64_t added_ns)
{
	AUTO(image_config_done) struct image_config config;

	set_config(&config, os, digest, added_ns);
	suite_assert_ok(begin(name), lab_err);
	suite_assert_ok(images_commit(&lab_store, &draft, DISK_QCOW2, &config, &lab_err), lab_err);
}

static char *read_os(const char *name)
{
	struct image_config config;
	char *os;

	suite_assert_ok(images_config(&lab_store, name, &config, &lab_err), lab_err);
	os = xstrdup(config.os ? config.os : "none");
	image_config_done(&config);
	return os;
}

static void assert_os(const char *name, const char *expected)
{
	AUTO_FREE char *os = read_os(name);

	ck_assert_str_eq(os, expected);
}

START_TEST(test_config)
{
	struct image_config config;
	struct stat st;

	make_pulled("debian-1", "debian", NULL, 1);
	assert_os("debian-1", "debian");
	ck_assert_int_eq(fstatat(lab_store.images_fd, "debian-1.conf", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0644);
	make_image("bare", "x");
	assert_os("bare", "none");
	suite_put(lab_store.images_fd, "bare.conf", "os = \n[what]\n");
	ck_assert_int_lt(images_config(&lab_store, "bare", &config, &lab_err), 0);
	ck_assert_ptr_nonnull(strstr(lab_err.message, "'bare'"));
	suite_assert_ok(images_remove(&lab_store, "debian-1", &lab_err), lab_err);
	ck_assert(!lab_exists(lab_store.images_fd, "debian-1.conf"));
}
END_TEST

/* What a removal left that was killed between its two files is no other image's. */
START_TEST(test_config_of_an_earlier_image)
{
	suite_put(lab_store.images_fd, "debian.conf", "os = debian\n");
	make_image("debian", "x");
	assert_os("debian", "none");
	ck_assert(!lab_exists(lab_store.images_fd, "debian.conf"));
}
END_TEST

START_TEST(test_config_after_a_failed_commit)
{
	AUTO(image_config_done) struct image_config config;

	set_config(&config, "debian", NULL, 1);
	suite_assert_ok(begin("debian"), lab_err);
	suite_put(lab_store.images_fd, "debian.qcow2", "first");
	suite_assert_error(images_commit(&lab_store, &draft, DISK_QCOW2, &config, &lab_err),
			   lab_err, EEXIST, ERROR_CONFLICT);
	/* it would tell of an image that it does not belong to */
	assert_os("debian", "none");
}
END_TEST

START_TEST(test_name_of_a_config)
{
	suite_assert_error(begin("debian.conf"), lab_err, EINVAL, ERROR_USAGE);
	ck_assert(!lab_exists(lab_store.images_fd, ".tmp-debian.conf"));
}
END_TEST

static void assert_newest(const char *os, const char *digest, const char *expected)
{
	AUTO_FREE char *name = NULL;
	int r = images_newest(&lab_store, os, digest, &name, &lab_err);

	ck_assert_int_eq(r, expected ? 0 : IMAGES_NONE);
	if (expected)
		ck_assert_str_eq(name, expected);
	else
		ck_assert_ptr_null(name);
}

START_TEST(test_newest)
{
	assert_newest("debian", NULL, NULL);
	make_pulled("debian-3", "debian", DIGEST, 10);
	make_pulled("debian-1", "debian", "sha512:" HEX HEX, 30);
	make_pulled("debian-2", "debian", DIGEST, 20);
	make_pulled("debian-x-9", "debian-x", DIGEST, 99);
	make_pulled("other", "debian", DIGEST, 99);
	make_image("debian-9", "imported");
	suite_put(lab_store.images_fd, "debian-8.raw", "x");
	suite_put(lab_store.images_fd, "debian-8.conf", "rubbish\n");
	suite_put(lab_store.images_fd, "debian-7.conf", "os = debian\nadded = 99\n");
	assert_newest("debian", NULL, "debian-1");
	assert_newest("debian", DIGEST, "debian-2");
	assert_newest("debian", "sha256:cc", NULL);
	assert_newest("debian-x", NULL, "debian-x-9");
	assert_newest("deb", NULL, NULL);
	make_pulled("debian-4", "debian", NULL, 30); /* as new as another one */
	assert_newest("debian", NULL, "debian-4");
}
END_TEST

static struct image_part part;
static unsigned int ticks;
static uint64_t ticked;

static void tick(void *arg, uint64_t bytes)
{
	(void)arg;
	ticks++;
	ticked = bytes;
}

static int open_part(void)
{
	part = (struct image_part)IMAGE_PART_INIT;
	return images_part_open(&lab_store, DIGEST, tick, NULL, &part, &lab_err);
}

static void write_part(const char *content)
{
	suite_assert_ok(open_part(), lab_err);
	ck_assert_int_eq(pwrite(part.fd, content, strlen(content), (off_t)part.size),
			 (ssize_t)strlen(content));
}

static int adopt(const char *name)
{
	draft = (struct image_draft)IMAGE_DRAFT_INIT;
	return images_part_adopt(&lab_store, &part, name, &draft, &lab_err);
}

START_TEST(test_part)
{
	write_part("half");
	ck_assert_uint_eq(part.size, 0);
	images_part_close(&part);
	images_part_close(&part);
	assert_content(PART, "half");
	write_part(" and half");
	ck_assert_uint_eq(part.size, 4);
	images_part_close(&part);
	assert_content(PART, "half and half");
	suite_assert_ok(open_part(), lab_err);
	images_part_remove(&lab_store, &part);
	images_part_remove(&lab_store, &part);
	ck_assert(!lab_exists(lab_store.images_fd, PART));
	ck_assert_uint_eq(ticks, 0);
}
END_TEST

static const char *const bad_digests[] = { "", "sha256:../x", "SHA256:aa", "sha256:a/b", "a b" };

START_TEST(test_bad_digests)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_digests); i++)
		suite_assert_error(
			images_part_open(&lab_store, bad_digests[i], NULL, NULL, &part, &lab_err),
			lab_err, EINVAL, ERROR_USAGE);
	lab_assert_no_images();
}
END_TEST

START_TEST(test_part_is_something_else)
{
	suite_put(lab_dir.fd, "victim", "precious");
	ck_assert_int_eq(symlinkat("../../victim", lab_store.images_fd, PART), 0);
	ck_assert_int_eq(open_part(), -ELOOP);
	ck_assert_int_eq(unlinkat(lab_store.images_fd, PART, 0), 0);
	ck_assert_int_eq(linkat(lab_dir.fd, "victim", lab_store.images_fd, PART, 0), 0);
	ck_assert_int_lt(open_part(), 0);
	ck_assert_int_eq(unlinkat(lab_store.images_fd, PART, 0), 0);
	ck_assert_int_eq(mkfifoat(lab_store.images_fd, PART, 0600), 0);
	ck_assert_int_lt(open_part(), 0);
	AUTO_FREE char *victim = suite_get(lab_dir.fd, "victim");
	ck_assert_str_eq(victim, "precious");
}
END_TEST

START_TEST(test_adopt)
{
	struct stat before, after;

	write_part("image");
	ck_assert_int_eq(fstat(part.fd, &before), 0);
	suite_assert_ok(adopt("debian"), lab_err);
	ck_assert_int_eq(part.fd, -1);
	/* who waits for it still does */
	ck_assert(lab_exists(lab_store.images_fd, PART));
	suite_assert_ok(images_commit(&lab_store, &draft, DISK_RAW, NULL, &lab_err), lab_err);
	assert_content("debian.raw", "image");
	ck_assert_int_eq(fstatat(lab_store.images_fd, "debian.raw", &after, 0), 0);
	ck_assert_uint_eq(after.st_ino, before.st_ino);
	ck_assert_uint_eq(after.st_mode, S_IFREG | 0444);
	ck_assert(!lab_exists(lab_store.images_fd, PART));
	ck_assert(!lab_exists(lab_store.images_fd, ".tmp-debian"));
}
END_TEST

/* Neither an existing image nor a failure costs the download. */
START_TEST(test_adopt_and_fail)
{
	make_image("taken", "first");
	write_part("image");
	suite_assert_error(adopt("taken"), lab_err, EEXIST, ERROR_CONFLICT);
	ck_assert_int_ge(part.fd, 0);
	suite_assert_ok(adopt("debian"), lab_err);
	images_abort(&lab_store, &draft);
	assert_content(PART, "image");
	suite_assert_ok(open_part(), lab_err);
	suite_assert_ok(adopt("debian"), lab_err);
	suite_put(lab_store.images_fd, "debian.raw", "theirs");
	suite_assert_error(images_commit(&lab_store, &draft, DISK_RAW, NULL, &lab_err), lab_err,
			   EEXIST, ERROR_CONFLICT);
	assert_content(PART, "image");
	assert_content("debian.raw", "theirs");
	ck_assert(!lab_exists(lab_store.images_fd, ".tmp-debian"));
	suite_assert_ok(open_part(), lab_err);
	ck_assert_uint_eq(part.size, 5);
	images_part_remove(&lab_store, &part);
}
END_TEST

/* Put between the store and the C library: what the disk says to the file that fd_to_fail is of. */
static int fd_to_fail = -1, code_to_fail;
static void (*before_folder_sync)(void);

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	struct stat st;

	if (fd >= 0 && fd == fd_to_fail) {
		errno = code_to_fail;
		return -1;
	}
	if (before_folder_sync && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		void (*before)(void) = before_folder_sync;

		before_folder_sync = NULL;
		before();
	}
	return __real_fsync(fd);
}

static const int sync_codes[] = { EIO, ENOSPC, EDQUOT };

/* The next pull would hash what only memory has, and sync it without an error. */
START_TEST(test_adopt_and_fail_to_sync)
{
	write_part("image");
	suite_assert_ok(adopt("debian"), lab_err);
	fd_to_fail = draft.fd;
	code_to_fail = sync_codes[_i];
	ck_assert_int_eq(images_commit(&lab_store, &draft, DISK_RAW, NULL, &lab_err),
			 -sync_codes[_i]);
	fd_to_fail = -1;
	ck_assert_int_eq(strstr(lab_err.hint, "image prune") != NULL, sync_codes[_i] != EIO);
	ck_assert(!lab_exists(lab_store.images_fd, PART));
	ck_assert(!lab_exists(lab_store.images_fd, ".tmp-debian"));
	ck_assert(!lab_exists(lab_store.images_fd, "debian.raw"));
	suite_assert_ok(open_part(), lab_err);
	ck_assert_uint_eq(part.size, 0);
	images_part_remove(&lab_store, &part);
}
END_TEST

START_TEST(test_draft_fails_to_sync)
{
	suite_assert_ok(begin("debian"), lab_err);
	write_draft("image");
	fd_to_fail = draft.fd;
	code_to_fail = sync_codes[_i];
	ck_assert_int_eq(images_commit(&lab_store, &draft, DISK_RAW, NULL, &lab_err),
			 -sync_codes[_i]);
	fd_to_fail = -1;
	ck_assert(!lab_exists(lab_store.images_fd, ".tmp-debian"));
	ck_assert(!lab_exists(lab_store.images_fd, "debian.raw"));
}
END_TEST

static bool adopt_part(const char *name)
{
	if (open_part() || write(part.fd, "image", 5) != 5)
		return false;
	return adopt(name) == 0;
}

START_TEST(test_adopted_and_killed)
{
	struct lab_child child;

	lab_child_start(&child, adopt_part, "debian");
	suite_assert_error(begin("debian"), lab_err, EBUSY, ERROR_BUSY);
	lab_child_kill(&child);
	suite_assert_ok(open_part(), lab_err);
	ck_assert_uint_eq(part.size, 5);
	suite_assert_ok(adopt("debian"), lab_err);
	suite_assert_ok(images_commit(&lab_store, &draft, DISK_RAW, NULL, &lab_err), lab_err);
	assert_content("debian.raw", "image");
}
END_TEST

static void become_user(void)
{
	if (geteuid())
		return;
	ck_assert_int_eq(fchown(lab_store.images_fd, STRANGER, STRANGER), 0);
	ck_assert_int_eq(seteuid(STRANGER), 0);
}

static void become_root(void)
{
	if (!getuid())
		ck_assert_int_eq(seteuid(0), 0);
}

/* Killed when all that was missing was the name. A user cannot write to what is read-only. */
START_TEST(test_read_only_part)
{
	become_user();
	write_part("image");
	ck_assert_int_eq(fchmod(part.fd, 0444), 0);
	images_part_close(&part);
	suite_assert_ok(open_part(), lab_err);
	ck_assert_uint_eq(part.size, 5);
	ck_assert_int_eq(fcntl(part.fd, F_GETFL) & O_ACCMODE, O_RDWR);
	images_part_close(&part);
	become_root();
}
END_TEST

/* About to be renamed: its mode is that of the image, whoever waits for it meanwhile. */
static bool hold_read_only(const char *content)
{
	return !open_part() &&
	       write(part.fd, content, strlen(content)) == (ssize_t)strlen(content) &&
	       !fchmod(part.fd, 0444);
}

static struct lab_child holder;

static void tick_and_look(void *arg, uint64_t bytes)
{
	struct stat st;

	ck_assert_int_eq(fstatat(lab_store.images_fd, PART, &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0444);
	if (!ticks)
		lab_child_kill(&holder);
	tick(arg, bytes);
}

START_TEST(test_wait_for_read_only_part)
{
	become_user();
	lab_child_start(&holder, hold_read_only, "image");
	suite_assert_ok(images_part_open(&lab_store, DIGEST, tick_and_look, NULL, &part, &lab_err),
			lab_err);
	ck_assert_uint_ge(ticks, 1);
	ck_assert_uint_eq(part.size, 5);
	images_part_close(&part);
	become_root();
}
END_TEST

/* Whoever may read a file can lock it, in both ways. */
static bool lock_as_stranger(const char *file)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int fd;

	if (setuid(STRANGER))
		return false;
	fd = openat(lab_store.images_fd, file, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB) && !fcntl(fd, F_OFD_SETLK, &lock) &&
	       openat(lab_store.images_fd, ".lock", O_RDONLY | O_CLOEXEC) < 0;
}

static void assert_sweep(bool dry, unsigned int expected);

/*
 * A kill left it as readable as the image would have been: neither pull nor prune is kept from it.
 */
START_TEST(test_stranger_locks_part)
{
	struct lab_child stranger;

	write_part("image");
	ck_assert_int_eq(fchmod(part.fd, 0444), 0);
	images_part_close(&part);
	lab_child_start(&stranger, lock_as_stranger, PART);
	suite_assert_ok(open_part(), lab_err);
	ck_assert_uint_eq(ticks, 0);
	images_part_close(&part);
	assert_sweep(false, 1);
	ck_assert(!lab_exists(lab_store.images_fd, PART));
	lab_child_kill(&stranger);
}
END_TEST

START_TEST(test_stranger_locks_draft)
{
	struct lab_child stranger;

	suite_put(lab_store.images_fd, ".tmp-debian", "half");
	ck_assert_int_eq(fchmodat(lab_store.images_fd, ".tmp-debian", 0444, 0), 0);
	suite_assert_ok(begin("first"), lab_err); /* .lock is there */
	images_abort(&lab_store, &draft);
	lab_child_start(&stranger, lock_as_stranger, ".tmp-debian");
	suite_assert_ok(begin("debian"), lab_err);
	write_draft("image");
	suite_assert_ok(images_commit(&lab_store, &draft, DISK_RAW, NULL, &lab_err), lab_err);
	assert_content("debian.raw", "image");
	lab_child_kill(&stranger);
}
END_TEST

static void hold_debian(void)
{
	AUTO_CLOSE int fd = openat(lab_store.images_fd, "debian.raw", O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int hold_fd = -1;

	ck_assert_int_ge(fd, 0);
	suite_assert_ok(
		images_hold(&lab_store, fd, "debian", IMAGES_EXCLUSIVE_NOW, &hold_fd, &lab_err),
		lab_err);
}

/* It has its name, and its writer still waits for the disk. A user's are locked in one file. */
START_TEST(test_image_is_held_at_once)
{
	become_user();
	write_part("image");
	suite_assert_ok(adopt("debian"), lab_err);
	before_folder_sync = hold_debian;
	suite_assert_ok(images_commit(&lab_store, &draft, DISK_RAW, NULL, &lab_err), lab_err);
	ck_assert_ptr_null(before_folder_sync);
	become_root();
}
END_TEST

/* The second one has the other's whole file, or the image: never a part of its own beside it. */
static bool pull_one(int number)
{
	AUTO_FREE char *name = NULL;
	struct image_config config;
	bool ok;

	(void)number;
	if (open_part())
		return false;
	if (!images_newest(&lab_store, "debian", DIGEST, &name, &lab_err)) {
		images_part_remove(&lab_store, &part);
		return part.size == 0;
	}
	usleep(20000);
	if (write(part.fd, "image", 5) != 5 || adopt("debian-1"))
		return false;
	usleep(20000);
	set_config(&config, "debian", DIGEST, 1);
	ok = images_commit(&lab_store, &draft, DISK_RAW, &config, &lab_err) == 0;
	image_config_done(&config);
	return ok;
}

START_TEST(test_pulls_at_once)
{
	lab_race(5, pull_one);
	assert_content("debian-1.raw", "image");
	ck_assert(!lab_exists(lab_store.images_fd, PART));
}
END_TEST

static bool hold_part(const char *content)
{
	return !open_part() && write(part.fd, content, strlen(content)) == (ssize_t)strlen(content);
}

/* Once it was seen that we wait. */
static void tick_and_release(void *arg, uint64_t bytes)
{
	if (!ticks)
		lab_child_kill(&holder);
	tick(arg, bytes);
}

START_TEST(test_wait_for_part)
{
	lab_child_start(&holder, hold_part, "half");
	suite_assert_ok(
		images_part_open(&lab_store, DIGEST, tick_and_release, NULL, &part, &lab_err),
		lab_err);
	ck_assert_uint_ge(ticks, 1);
	ck_assert_uint_eq(ticked, 4);
	ck_assert_uint_eq(part.size, 4);
	images_part_close(&part);
}
END_TEST

static void assert_sweep(bool dry, unsigned int expected)
{
	unsigned int n = 99;
	uint64_t bytes = 0;

	suite_assert_ok(images_sweep(&lab_store, dry, &n, &bytes, &lab_err), lab_err);
	ck_assert_uint_eq(n, expected);
	ck_assert_int_eq(bytes > 0, expected > 0);
}

static bool import_and_pull(const char *name)
{
	return write_half(name) && hold_part("half");
}

START_TEST(test_sweep)
{
	struct lab_child child;

	make_pulled("debian-1", "debian", NULL, 1);
	make_image("bare", "x");
	assert_sweep(false, 0);
	suite_put(lab_store.images_fd, PART512, "half");
	suite_put(lab_store.images_fd, ".tmp-alpine", "half");
	suite_put(lab_store.images_fd, ".tmp-alpine.conf", "os = ");
	suite_put(lab_store.images_fd, "gone.conf", WRITTEN);
	lab_child_start(&child, import_and_pull, "fedora");
	suite_put(lab_store.images_fd, "fedora.conf", WRITTEN);
	assert_sweep(true, 5); /* dry, the one that is being written cannot be told */
	ck_assert(lab_exists(lab_store.images_fd, "gone.conf"));
	assert_sweep(false, 4);
	ck_assert(lab_exists(lab_store.images_fd, "debian-1.conf"));
	ck_assert(lab_exists(lab_store.images_fd, "debian-1.qcow2"));
	ck_assert(lab_exists(lab_store.images_fd, "bare.qcow2"));
	ck_assert(lab_exists(lab_store.images_fd, "fedora.conf"));
	assert_content(".tmp-fedora", "a long half of an image");
	assert_content(PART, "half");
	ck_assert(!lab_exists(lab_store.images_fd, "gone.conf"));
	lab_child_kill(&child);
	assert_sweep(false, 3);
	assert_sweep(false, 0);
}
END_TEST

static const char *const not_ours[] = {
	"nginx.conf",
	"empty.conf",
	".conf",
	".hidden.conf",
	"a b.conf",
	"half-1.conf",
	"half-2.conf",
	".part-sha256-00",
	".part-sha256-" HEX "0",
	".part-sha512-" HEX,
	".part-md5-" HEX,
	".part-sha256-" HEX16 HEX16 HEX16 "0123456789ABCDEF",
	".part-",
	".part-x",
	".tmp-",
	".tmp-a b",
	".tmp-.x",
	".tmp-.conf",
	".tmp-a b.conf",
	"notes",
	".lock",
};

static void put_others(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(not_ours); i++)
		suite_put(lab_store.images_fd, not_ours[i], "worker_processes = 4\n");
	suite_put(lab_store.images_fd, "empty.conf", "");
	suite_put(lab_store.images_fd, "half-1.conf", "os = x\nadded = 1\n");
	suite_put(lab_store.images_fd, "half-2.conf", "digest = " DIGEST "\n");
}

/* A file whose contents lie elsewhere as well, and names of ours that are no files. */
static void put_other_types(void)
{
	suite_put(lab_dir.fd, "victim", WRITTEN);
	ck_assert_int_eq(linkat(lab_dir.fd, "victim", lab_store.images_fd, "hard.conf", 0), 0);
	ck_assert_int_eq(linkat(lab_dir.fd, "victim", lab_store.images_fd, PART, 0), 0);
	ck_assert_int_eq(symlinkat("../../victim", lab_store.images_fd, "soft.conf"), 0);
	/* beside what is ours */
	suite_put(lab_store.images_fd, "gone.conf", WRITTEN);
	ck_assert_int_eq(linkat(lab_dir.fd, "victim", lab_store.images_fd, ".tmp-gone", 0), 0);
	ck_assert_int_eq(mkfifoat(lab_store.images_fd, ".tmp-fifo", 0600), 0);
	ck_assert_int_eq(mkdirat(lab_store.images_fd, ".tmp-folder", 0700), 0);
}

/* image_dir may be any folder. */
START_TEST(test_sweep_of_others)
{
	put_others();
	assert_sweep(true, 0);
	put_other_types();
	assert_sweep(false, 0);
	for (size_t i = 0; i < ARRAY_SIZE(not_ours); i++)
		ck_assert_msg(lab_exists(lab_store.images_fd, not_ours[i]), "%s", not_ours[i]);
	ck_assert(lab_exists(lab_store.images_fd, "hard.conf"));
	ck_assert(lab_exists(lab_store.images_fd, "soft.conf"));
	ck_assert(lab_exists(lab_store.images_fd, PART));
	ck_assert(lab_exists(lab_store.images_fd, ".tmp-fifo"));
	ck_assert(lab_exists(lab_store.images_fd, ".tmp-folder"));
	assert_content(".tmp-gone", WRITTEN);
}
END_TEST

START_TEST(test_sweep_of_another_owner)
{
	static const char *const names[] = { "gone.conf", PART, ".tmp-gone", ".tmp-x.conf" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		suite_put(lab_store.images_fd, names[i], WRITTEN);
		ck_assert_int_eq(fchownat(lab_store.images_fd, names[i], 65534, 65534, 0), 0);
	}
	assert_sweep(false, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("store_parts");
	TCase *tcase = lab_case("configs");

	tcase_add_test(tcase, test_config);
	tcase_add_test(tcase, test_config_of_an_earlier_image);
	tcase_add_test(tcase, test_config_after_a_failed_commit);
	tcase_add_test(tcase, test_name_of_a_config);
	tcase_add_test(tcase, test_newest);
	suite_add_tcase(s, tcase);
	tcase = lab_case("parts");
	tcase_add_test(tcase, test_part);
	tcase_add_test(tcase, test_bad_digests);
	tcase_add_test(tcase, test_part_is_something_else);
	tcase_add_test(tcase, test_adopt);
	tcase_add_test(tcase, test_adopt_and_fail);
	tcase_add_loop_test(tcase, test_adopt_and_fail_to_sync, 0, (int)ARRAY_SIZE(sync_codes));
	tcase_add_loop_test(tcase, test_draft_fails_to_sync, 0, (int)ARRAY_SIZE(sync_codes));
	tcase_add_test(tcase, test_adopted_and_killed);
	tcase_add_test(tcase, test_read_only_part);
	tcase_add_test(tcase, test_wait_for_read_only_part);
	tcase_add_test(tcase, test_image_is_held_at_once);
	tcase_add_test(tcase, test_pulls_at_once);
	tcase_add_test(tcase, test_wait_for_part);
	tcase_add_test(tcase, test_sweep);
	tcase_add_test(tcase, test_sweep_of_others);
	if (geteuid() == 0 || !suite_leave_out("test_sweep_of_another_owner", "not root"))
		tcase_add_test(tcase, test_sweep_of_another_owner);
	if (geteuid() == 0 || !suite_leave_out("test_stranger_locks_part", "not root"))
		tcase_add_test(tcase, test_stranger_locks_part);
	if (geteuid() == 0 || !suite_leave_out("test_stranger_locks_draft", "not root"))
		tcase_add_test(tcase, test_stranger_locks_draft);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
