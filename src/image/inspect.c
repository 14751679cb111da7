/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disk image headers: what a file is, and that it may be used as that. */
#include "image/inspect.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image_file.h"

int image_refuse(const struct image_file *file, struct error *err, const char *fmt, ...)
{
	char why[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	return error_set(err, ERROR_VERIFY, EINVAL, "check image '%s': %s", file->name, why);
}

int image_read(const struct image_file *file, uint64_t offset, void *dst, size_t len,
	       struct error *err)
{
	char *to = dst;

	while (len) {
		ssize_t n = pread(file->fd, to, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, errno, "read image '%s'", file->name);
		if (n == 0)
			return image_refuse(file, err, "it ends within its header");
		to += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

bool image_has(const struct image_file *file, uint64_t offset, const void *magic, size_t len)
{
	struct error ignored = ERROR_INIT;
	char found[64];

	if (len > sizeof(found) || offset > file->size || len > file->size - offset)
		return false;
	return image_read(file, offset, found, len, &ignored) == 0 &&
	       memcmp(found, magic, len) == 0;
}

int image_check_size(const struct image_file *file, uint64_t size, struct error *err)
{
	if (!size || size % 512 || size > IMAGE_BYTES_MAX)
		return image_refuse(
			file, err,
			"a disk of %llu bytes is none of 512 bytes to 8T in sectors of 512",
			(unsigned long long)size);
	return 0;
}

int image_measure(struct image_file *file, struct error *err)
{
	struct stat st;
	uint64_t size;

	if (fstat(file->fd, &st) < 0)
		return error_errno(err, errno, "stat image '%s'", file->name);
	if (S_ISBLK(st.st_mode)) {
		if (ioctl(file->fd, BLKGETSIZE64, &size) < 0)
			return error_errno(err, errno, "get the size of '%s'", file->name);
	} else if (S_ISREG(st.st_mode)) {
		size = (uint64_t)st.st_size;
	} else {
		return image_refuse(file, err, "neither a file nor a block device");
	}
	file->size = size;
	/* only ever compared, so that a year beyond 2262 may as well wrap around */
	file->mtime_ns =
		(int64_t)((uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec);
	return 0;
}

static bool has_boot_sector(const struct image_file *file)
{
	return image_has(file, 510, "\x55\xaa", 2) || image_has(file, 512, "EFI PART", 8);
}

static int inspect_raw(const struct image_file *file, enum image_role role, bool expect_raw,
		       struct image_info *ret, struct error *err)
{
	int r = 0;

	if (role == IMAGE_OVERLAY && !expect_raw)
		return image_refuse(file, err, "it is not qcow2");
	if (role == IMAGE_BASE)
		r = foreign_refuse(file, err);
	if (r < 0)
		return r;
	if (!expect_raw && image_has(file, 32769, "CD001", 5) && !has_boot_sector(file))
		return image_refuse(file, err, "it is an ISO 9660 image that no disk boots from");
	if (!expect_raw && !has_boot_sector(file))
		return image_refuse(file, err, "it is neither qcow2 nor a raw disk with an MBR");
	ret->format = IMAGE_RAW;
	ret->virtual_size = file->size;
	return image_check_size(file, file->size, err);
}

int image_inspect(int fd, const char *name, enum image_role role, bool expect_raw,
		  struct image_info *ret, struct error *err)
{
	struct image_info info = { .format = IMAGE_QCOW2 };
	struct image_file file = { .fd = fd, .name = name };
	bool any_content = role == IMAGE_OVERLAY && expect_raw;
	int r = image_measure(&file, err);

	if (r < 0)
		return r;
	info.file_size = file.size;
	info.mtime_ns = file.mtime_ns;
	if (any_content || !qcow2_probe(&file))
		r = inspect_raw(&file, role, expect_raw, &info, err);
	else if (expect_raw)
		r = image_refuse(&file, err, "it is qcow2, not raw");
	else
		r = qcow2_inspect(&file, role, &info, err);
	if (r < 0)
		return r;
	*ret = info;
	return 0;
}
