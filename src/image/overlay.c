/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New disks: what qemu-img is asked for, and what came of it. */
#include "image/overlay.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

int overlay_check(const struct overlay_spec *spec, const char *name, struct error *err)
{
	uint64_t size = spec->size;

	if (!size || size % 512 || size > IMAGE_BYTES_MAX)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "create '%s': %" PRIu64
				 " bytes are not 512 to 8T in sectors of 512",
				 name, size);
	return spec->backing ? check_backing(spec->backing, err) : 0;
}

/*
 * No preallocation: most guests never write most of their disk. No lazy refcounts: with them
 * a killed VM leaves a disk that is marked dirty. Cluster size and all else as qemu-img has it.
 */
void overlay_argv(const struct overlay_spec *spec, const char *qemu_img, const char *path,
		  struct strv *ret)
{
	strv_push(ret, qemu_img);
	strv_split(ret, "create -q -f qcow2 -o preallocation=off,lazy_refcounts=off", ' ');
	if (spec->backing) {
		strv_push(ret, "-u");
		strv_push(ret, "-b");
		strv_push(ret, spec->backing);
		strv_push(ret, "-F");
		strv_push(ret, spec->backing_format == IMAGE_RAW ? "raw" : "qcow2");
	}
	strv_push(ret, path);
	strv_pushf(ret, "%" PRIu64, spec->size);
}

/* What the program could have done to a file that was its own meanwhile. */
static int check_file(int fd, const char *name, struct error *err)
{
	const char *what = NULL;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "look at '%s'", name);
	if (st.st_mode != (S_IFREG | 0600))
		what = "is of another mode than it was made with";
	else if (st.st_uid != geteuid())
		what = "belongs to another user";
	else if (st.st_nlink != 1)
		what = "has not one link";
	else if ((uint64_t)st.st_size > OVERLAY_FILE_MAX)
		what = "is larger than an empty disk can be";
	if (!what)
		return 0;
	return error_set(err, ERROR_VERIFY, EINVAL, "check '%s': it %s", name, what);
}

int overlay_verify(const struct overlay_spec *spec, int fd, const char *name, struct error *err)
{
	struct image_info info;
	int r = check_file(fd, name, err);

	if (r == 0)
		r = image_inspect(fd, name, IMAGE_OVERLAY, false, &info, err);
	if (r)
		return r;
	if (info.virtual_size != spec->size ||
	    strcmp(info.backing_file, spec->backing ? spec->backing : "") != 0)
		return error_set(err, ERROR_VERIFY, EINVAL,
				 "check '%s': qemu-img made another disk than it was told", name);
	return 0;
}
