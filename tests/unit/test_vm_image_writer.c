/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that are copied and unpacked, by workers that come to an end and by one that does not. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "fetch/unpack.h"
#include "jail/worker.h"
#include "store_lab.h"
#include "../../src/vm/image_writer.h"

enum { TEN_MINUTES_MS = 600 * 1000 };

/* Written by the worker, and told by it: a process of its own. */
static const char content[] = "what was packed";
static bool hangs;
static unsigned int waits;
static struct vm_host host;
static int packed_fd, image_fd;
static struct digest digest;

/* In the worker. */
int __wrap_unpack(int from, int to, uint64_t max, const char *name, struct error *err);
int __wrap_unpack(int from, int to, uint64_t max, const char *name, struct error *err)
{
	(void)from;
	(void)max;
	(void)name;
	if (fd_write_all(to, content, strlen(content)))
		return error_set(err, ERROR_FAILED, EPIPE, "write");
	return hangs ? poll(NULL, 0, -1) : 0;
}

/* Nobody waits here: after its first word one that hangs has been silent for as long as it may. */
int __real_worker_wait(const struct worker_process *process, int64_t silence_ms,
		       void (*tick)(void *arg), void *arg);
int __wrap_worker_wait(const struct worker_process *process, int64_t silence_ms,
		       void (*tick)(void *arg), void *arg);
int __wrap_worker_wait(const struct worker_process *process, int64_t silence_ms,
		       void (*tick)(void *arg), void *arg)
{
	ck_assert_int_eq(silence_ms, TEN_MINUTES_MS);
	if (waits++ && hangs)
		return -ETIMEDOUT;
	return __real_worker_wait(process, silence_ms, tick, arg);
}

static int open_in_lab(const char *name)
{
	int fd = openat(lab_dir.fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Who pipes something in does so once he is waited for; -1: nobody does. */
static int late_fd = -1;

int __real_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	if (late_fd >= 0) {
		ck_assert_int_eq(fd_write_all(late_fd, content, strlen(content)), 0);
		fd_close(&late_fd);
	}
	return __real_poll(fds, n, timeout_ms);
}

static void setup(void)
{
	lab_setup();
	host = (struct vm_host){ .config = lab_config, .store = lab_store };
	host.store.config = &host.config;
	suite_put(lab_dir.fd, "packed", "packed");
	packed_fd = openat(lab_dir.fd, "packed", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(packed_fd, 0);
	image_fd = open_in_lab("image");
	digest = (struct digest){ .algorithm = DIGEST_SHA512 };
	waits = 0;
	hangs = false;
}

static void teardown(void)
{
	close(packed_fd);
	close(image_fd);
	lab_teardown();
}

static int run(void)
{
	return image_unpack(&host, packed_fd, image_fd, "packed.xz", DIGEST_SHA256, NULL, &digest,
			    &lab_err);
}

START_TEST(test_unpack)
{
	AUTO_BUF image = BUF_INIT;

	suite_assert_ok(run(), lab_err);
	ck_assert_int_eq(digest.algorithm, DIGEST_SHA256);
	suite_assert_ok(file_read(lab_dir.fd, "image", 1 << 20, &image, &lab_err), lab_err);
	ck_assert_str_eq(buf_str(&image), content);
	ck_assert_uint_ge(waits, 2);
}
END_TEST

START_TEST(test_silent_worker)
{
	hangs = true;
	suite_assert_error(run(), lab_err, ETIMEDOUT, ERROR_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(lab_err.message, "'packed.xz'"));
	ck_assert_int_eq(digest.algorithm, DIGEST_SHA512);
	ck_assert(!suite_has_children());
}
END_TEST

/* Who pipes an image in may take as long as he likes. */
START_TEST(test_copy_waits_for_nobody)
{
	int pair[2];

	ck_assert_int_eq(pipe2(pair, O_CLOEXEC), 0);
	ck_assert_int_eq(fd_write_all(pair[1], content, strlen(content)), 0);
	close(pair[1]);
	suite_assert_ok(image_copy(&host, pair[0], image_fd, 1 << 20, "-", DIGEST_SHA256, NULL,
				   &digest, &lab_err),
			lab_err);
	close(pair[0]);
	ck_assert_uint_eq(waits, 0);
}
END_TEST

/* O_NONBLOCK is of the pipe, so another of its readers can have set it. */
START_TEST(test_copy_of_a_pipe_that_does_not_wait)
{
	AUTO_BUF image = BUF_INIT;
	int pair[2];

	ck_assert_int_eq(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
	late_fd = pair[1];
	suite_assert_ok(image_copy(&host, pair[0], image_fd, 1 << 20, "-", DIGEST_SHA256, NULL,
				   &digest, &lab_err),
			lab_err);
	close(pair[0]);
	ck_assert_int_eq(late_fd, -1);
	suite_assert_ok(file_read(lab_dir.fd, "image", 1 << 20, &image, &lab_err), lab_err);
	ck_assert_str_eq(buf_str(&image), content);
}
END_TEST

START_TEST(test_cpu_time)
{
	ck_assert_uint_eq(image_cpu_s(0), 3600);
	ck_assert_uint_eq(image_cpu_s(UINT64_C(64) << 30), 3600 + 65536);
	ck_assert_uint_eq(image_cpu_s(VM_DISK_BYTES_MAX), 3600 + (8 << 20));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vm_image_writer");
	TCase *tcase = tcase_create("writer");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_unpack);
	tcase_add_test(tcase, test_silent_worker);
	tcase_add_test(tcase, test_copy_waits_for_nobody);
	tcase_add_test(tcase, test_copy_of_a_pipe_that_does_not_wait);
	tcase_add_test(tcase, test_cpu_time);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
