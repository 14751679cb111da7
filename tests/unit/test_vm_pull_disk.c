/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pulls onto a disk that fails, and what is left there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "fetch/digest.h"
#include "pull_lab.h"

/* What the disk says when a file is written to it; 0: nothing. */
static int sync_code;

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	errno = sync_code;
	return sync_code ? -1 : __real_fsync(fd);
}

static bool unreadable; /* a part, from somewhere in its middle on */

int __real_digest_stream_file(struct digest_stream *stream, int fd, const char *what,
			      int (*tick)(void *arg, uint64_t done, struct error *err), void *arg,
			      struct error *err);
int __wrap_digest_stream_file(struct digest_stream *stream, int fd, const char *what,
			      int (*tick)(void *arg, uint64_t done, struct error *err), void *arg,
			      struct error *err);
int __wrap_digest_stream_file(struct digest_stream *stream, int fd, const char *what,
			      int (*tick)(void *arg, uint64_t done, struct error *err), void *arg,
			      struct error *err)
{
	int r;

	if (!unreadable)
		return __real_digest_stream_file(stream, fd, what, tick, arg, err);
	digest_stream_add(stream, image, HALF / 2);
	r = tick(arg, HALF / 2, err);
	return r ? r : error_errno(err, EIO, "read '%s'", what);
}

/* A bad sector: what cannot be read is fetched again, and no later pull stumbles over it. */
START_TEST(test_unreadable_part)
{
	host.config.pull_tries = 1;
	expect_sums();
	expect_bytes(A IMAGE, 0, image, HALF, HTTP_AGAIN);
	ck_assert_int_lt(pull(), 0);
	assert_folder("part");
	notes = 0;
	unreadable = true;
	expect_sums();
	expect_bytes(A IMAGE, 0, image, SIZE, HTTP_DONE);
	suite_assert_ok(pull(), lab_err);
	unreadable = false;
	assert_pulled();
	ck_assert_uint_eq(pulled.received, SIZE);
	ck_assert_uint_eq(notes, 1);
}
END_TEST

static const struct {
	int code;
	bool packed;
	const char *left;
} sync_failures[] = {
	{ EIO, false, "" },    { ENOSPC, false, "" }, { EDQUOT, false, "" },
	{ EIO, true, "part" }, { ENOSPC, true, "" },  { EDQUOT, true, "" },
};

/* image becomes a packed one, as published; returns its size. */
static size_t pack_image(void)
{
	AUTO_FREE char *path = xasprintf("%s/packed", lab_dir.path);
	AUTO_FREE char *command = xasprintf("gzip -1 >%s", path);
	FILE *input = popen(command, "w");
	AUTO_BUF packed = BUF_INIT;

	ck_assert_ptr_nonnull(input);
	ck_assert_uint_eq(fwrite(image, 1, SIZE, input), SIZE);
	ck_assert_int_eq(pclose(input), 0);
	suite_assert_ok(file_read_path(path, SIZE, &packed, &lab_err), lab_err);
	memcpy(image, packed.data, packed.len);
	unlink(path);
	free(image_digest);
	free(sums);
	image_digest = sha512(image, packed.len);
	sums = xasprintf("%s  disk.raw\n", image_digest);
	return packed.len;
}

/*
 * What the disk did not take is no part to go on with; of a packed image the part was not written
 * now.
 */
START_TEST(test_not_written_to_disk)
{
	size_t size = sync_failures[_i].packed ? pack_image() : SIZE;

	expect_sums();
	expect_bytes(A IMAGE, 0, image, size, HTTP_DONE);
	script[1].total = size;
	sync_code = sync_failures[_i].code;
	ck_assert_int_eq(pull(), -sync_code);
	sync_code = 0;
	assert_folder(sync_failures[_i].left);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vm_pull_disk");
	TCase *tcase = pull_case("disk");

	tcase_add_test(tcase, test_unreadable_part);
	tcase_add_loop_test(tcase, test_not_written_to_disk, 0, (int)ARRAY_SIZE(sync_failures));
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
