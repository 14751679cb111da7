/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New disks, made by qemu-img without letting it open or guess anything. */
#include "image/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/run.h"
#include "base/strv.h"

/*
 * -b takes its argument whole, commas and all, but "json:" or "nbd:" in front would make
 * something else of it than a file.
 */
static int check_backing(const char *backing, struct error *err)
{
	char sane[IMAGE_BACKING_MAX + 1];

	error_sanitise(sane, sizeof(sane), backing);
	if (strlen(backing) > IMAGE_BACKING_MAX)
		return error_set(err, ERROR_USAGE, ENAMETOOLONG,
				 "record backing file '%.80s...': a qcow2 header holds %d bytes",
				 backing, IMAGE_BACKING_MAX);
	if (backing[0] != '/' || strcmp(sane, backing) != 0)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "record backing file '%s': not a plain absolute path", backing);
	return 0;
}

/*
 * No preallocation: most guests never write most of their disk. No lazy refcounts: with them
 * a killed VM leaves a disk that is marked dirty. Cluster size and all else as qemu-img has it.
 */
static int run_create(const char *qemu_img, int dir_fd, const char *name, const char *backing,
		      enum image_format backing_format, uint64_t size, struct error *err)
{
	struct run_options options = { .dir_fd = dir_fd };
	AUTO_STRV argv = STRV_INIT;

	strv_push(&argv, qemu_img);
	strv_split(&argv, "create -q -f qcow2 -o preallocation=off,lazy_refcounts=off", ' ');
	if (backing) {
		strv_push(&argv, "-u");
		strv_push(&argv, "-b");
		strv_push(&argv, backing);
		strv_push(&argv, "-F");
		strv_push(&argv, backing_format == IMAGE_RAW ? "raw" : "qcow2");
	}
	/* "./" so that no name is an option or has a protocol */
	strv_pushf(&argv, "./%s", name);
	strv_pushf(&argv, "%" PRIu64, size);
	return run_program(&argv, &options, err);
}

/* What qemu-img made is held against what was asked for, then synced. */
static int finish(int fd, const char *name, const char *backing, uint64_t size, struct error *err)
{
	struct image_info info;
	int r = image_inspect(fd, name, IMAGE_OVERLAY, false, &info, err);

	if (r < 0)
		return r;
	if (info.virtual_size != size || strcmp(info.backing_file, backing ? backing : "") != 0)
		return error_set(err, ERROR_VERIFY, EINVAL,
				 "check '%s': qemu-img made another disk than it was told", name);
	if (fsync(fd) < 0)
		return error_errno(err, errno, "sync '%s'", name);
	return 0;
}

static int create(const char *qemu_img, int dir_fd, const char *name, const char *backing,
		  enum image_format backing_format, uint64_t size, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	int r;

	if (!size || size % 512 || size > IMAGE_BYTES_MAX)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "create '%s': %" PRIu64
				 " bytes are not 512 to 8T in sectors of 512",
				 name, size);
	/* made here, so that it has its mode from the start and replaces nothing */
	fd = file_openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd == -EEXIST)
		return error_set(err, ERROR_CONFLICT, EEXIST, "create '%s': it exists", name);
	if (fd < 0)
		return error_errno(err, -fd, "create '%s'", name);
	r = run_create(qemu_img, dir_fd, name, backing, backing_format, size, err);
	if (r == 0)
		r = finish(fd, name, backing, size, err);
	if (r == 0 && fsync(dir_fd) < 0)
		r = error_errno(err, errno, "sync the folder of '%s'", name);
	if (r < 0)
		unlinkat(dir_fd, name, 0);
	return r;
}

int overlay_create(const char *qemu_img, int dir_fd, const char *name, const char *backing,
		   enum image_format backing_format, uint64_t size, struct error *err)
{
	int r = check_backing(backing, err);

	return r < 0 ? r : create(qemu_img, dir_fd, name, backing, backing_format, size, err);
}

int disk_create(const char *qemu_img, int dir_fd, const char *name, uint64_t size,
		struct error *err)
{
	return create(qemu_img, dir_fd, name, NULL, IMAGE_QCOW2, size, err);
}
