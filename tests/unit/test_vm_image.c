/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that are imported, and held to their digests. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
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
static size_t notes;

static void note(void *context, const char *text)
{
	(void)context;
	ck_assert(text[0]);
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
	notes = 0;
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

static void assert_files(size_t expected)
{
	AUTO_STRV names = STRV_INIT;

	lab_list_images(&names);
	ck_assert_uint_eq(names.n, expected);
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

static int import_input(const char *path, int flags, off_t offset)
{
	int saved = dup(STDIN_FILENO), fd = open(path, flags | O_CLOEXEC), r;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(lseek(fd, offset, SEEK_SET), offset);
	ck_assert_int_eq(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	close(fd);
	lab_err = (struct error)ERROR_INIT;
	r = vm_image_import(&host, "-", "mine", &options, &lab_err);
	ck_assert_int_eq(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(saved);
	return r;
}

/* What was read of it before is not ours, and that it could be written to is of no account. */
START_TEST(test_import_input_file)
{
	AUTO_FREE char *path = in_lab(_i & 1 ? "two.xz" : "two");
	struct stat st;

	put_source("two", image, SIZE / 2);
	run("xz -k", "two");
	ck_assert_int_eq(stat(path, &st), 0);
	run("xz -k", "source");
	run("cat source.xz >>", _i & 1 ? "two.xz" : "two");
	suite_assert_ok(import_input(path, _i & 2 ? O_RDWR : O_RDONLY, st.st_size), lab_err);
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

/* The tables that a qcow2 ends in, and what lies between, are not in its header. */
START_TEST(test_import_truncated)
{
	static char nowhere[] = "/nonexistent/qemu-img";

	run("qemu-img convert -f raw -O qcow2 source", "whole.qcow2");
	run("head -c 262144 whole.qcow2 >", "cut.qcow2");
	suite_assert_ok(import("whole.qcow2", "mine"), lab_err);
	ck_assert_uint_eq(notes, 0);
	suite_assert_error(import("cut.qcow2", "cut"), lab_err, EBADMSG, ERROR_VERIFY);
	assert_files(2);
	host.config.qemu_img = nowhere;
	suite_assert_ok(import("cut.qcow2", "cut"), lab_err);
	ck_assert_uint_eq(notes, 1);
	assert_files(4);
}
END_TEST

/* And nobody waits for a writer. */
START_TEST(test_import_no_file)
{
	AUTO_FREE char *path = in_lab("pipe");

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	suite_assert_error(import("pipe", "mine"), lab_err, EINVAL, ERROR_USAGE);
	ck_assert_ptr_nonnull(strstr(lab_err.hint, "image import - mine <"));
	suite_assert_error(vm_image_import(&host, "/dev/zero", "mine", &options, &lab_err), lab_err,
			   EINVAL, ERROR_USAGE);
	assert_files(0);
}
END_TEST

/* Who sits there is told; what is typed is no image. */
START_TEST(test_import_terminal)
{
	int saved = dup(STDIN_FILENO);
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	AUTO_CLOSE int slave = -1;

	ck_assert_int_eq(grantpt(master) | unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_eq(dup2(slave, STDIN_FILENO), STDIN_FILENO);
	ck_assert_int_eq(write(master, "\4", 1), 1); /* VEOF, termios(3) */
	ck_assert_int_lt(vm_image_import(&host, "-", "mine", &options, &lab_err), 0);
	ck_assert_int_eq(lab_err.kind, ERROR_VERIFY);
	ck_assert_uint_eq(notes, 1);
	ck_assert_int_eq(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(saved);
	close(master);
	assert_files(0);
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

/* Before a copy that may take minutes: the pipe is as full as it was. */
START_TEST(test_import_with_bad_guest)
{
	static const char *const users[] = { "root", "a b", "-x", "a\nb" };
	int pipe_fds[2], unread = 0, saved = dup(STDIN_FILENO);

	ck_assert_int_eq(pipe2(pipe_fds, O_CLOEXEC), 0);
	ck_assert_int_eq(write(pipe_fds[1], "x", 1), 1);
	close(pipe_fds[1]);
	ck_assert_int_eq(dup2(pipe_fds[0], STDIN_FILENO), STDIN_FILENO);
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		lab_err = (struct error)ERROR_INIT;
		xreplace(&options.guest.user, users[i]);
		ck_assert_int_lt(vm_image_import(&host, "-", "mine", &options, &lab_err), 0);
		ck_assert_msg(lab_err.kind == ERROR_USAGE, "'%s': %s", users[i], lab_err.message);
	}
	ck_assert_int_eq(ioctl(pipe_fds[0], FIONREAD, &unread), 0);
	ck_assert_int_eq(unread, 1);
	close(pipe_fds[0]);
	ck_assert_int_eq(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(saved);
	xreplace(&options.guest.user, NULL);
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

START_TEST(test_import_too_large)
{
	host.config.image_bytes_max = SIZE - 1;
	suite_assert_error(import("source", "mine"), lab_err, EFBIG, ERROR_VERIFY);
	ck_assert_ptr_nonnull(strstr(lab_err.hint, "'image_max' in "));
	suite_assert_error(import_input("/dev/zero", O_RDONLY, 0), lab_err, EFBIG, ERROR_VERIFY);
	assert_files(0);
	host.config.image_bytes_max = SIZE;
	suite_assert_ok(import("source", "mine"), lab_err);
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

/* As its owner could do: without a bound it would be read for as long as it grows. */
static void grow(void *arg, uint64_t done, uint64_t total)
{
	unsigned int *calls = arg;
	AUTO_CLOSE int fd = openat(lab_store.images_fd, "mine.raw", O_WRONLY | O_APPEND);

	ck_assert_uint_le(done, total);
	ck_assert_uint_lt((*calls)++, 1000);
	ck_assert_int_eq(write(fd, "more", 4), 4);
}

START_TEST(test_verify_growing)
{
	unsigned int calls = 0;
	bool digest = true;

	suite_assert_ok(import("source", "mine"), lab_err);
	ck_assert_int_eq(fchmodat(lab_store.images_fd, "mine.raw", 0644, 0), 0);
	suite_assert_error(vm_image_verify(&host, "mine", grow, &calls, &digest, &lab_err), lab_err,
			   EFBIG, ERROR_VERIFY);
	ck_assert_uint_gt(calls, 0);
	ck_assert(digest);
}
END_TEST

/* Wherever it is met: what is wrong is a line of a file, and not the image. */
START_TEST(test_bad_config)
{
	struct vm_image_list list = { .n = 0 };
	AUTO_FREE char *path = xasprintf("%s/images/mine.conf:1: ", lab_config.state_dir);
	AUTO_FREE char *fix = xasprintf("${EDITOR:-vi} '%s/images/mine.conf'",
					lab_config.state_dir);
	bool digest;

	suite_assert_ok(import("source", "mine"), lab_err);
	suite_put(lab_store.images_fd, "mine.conf", "rubbish\n");
	suite_assert_ok(vm_image_list(&host, &list, &lab_err), lab_err);
	ck_assert_uint_eq(list.n, 1);
	ck_assert_ptr_nonnull(strstr(list.v[0].problem, path));
	ck_assert_str_eq(list.v[0].hint, fix);
	vm_image_list_done(&list);
	suite_assert_error(vm_image_verify(&host, "mine", NULL, NULL, &digest, &lab_err), lab_err,
			   EINVAL, ERROR_USAGE);
	ck_assert_ptr_nonnull(strstr(lab_err.message, path));
	ck_assert_str_eq(lab_err.hint, fix);
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
	tcase_add_loop_test(tcase, test_import_input_file, 0, 4);
	tcase_add_test(tcase, test_import_rewritten);
	tcase_add_test(tcase, test_import_with_digest);
	tcase_add_test(tcase, test_import_truncated);
	tcase_add_test(tcase, test_import_no_file);
	tcase_add_test(tcase, test_import_terminal);
	tcase_add_test(tcase, test_import_refused);
	tcase_add_test(tcase, test_import_with_bad_guest);
	tcase_add_test(tcase, test_import_bomb);
	tcase_add_test(tcase, test_import_too_large);
	tcase_add_test(tcase, test_verify_changed);
	tcase_add_test(tcase, test_verify_growing);
	tcase_add_test(tcase, test_bad_config);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
