/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last steps of an image into the folder, whoever brought it. */
#include "image_put.h"

#include <time.h>

#include "base/alloc.h"
#include "image/arch.h"

int image_look(int fd, const char *name, const char *file_name, struct image_info *ret,
	       struct error *err)
{
	int r = image_inspect(fd, name, IMAGE_BASE, false, ret, err);

	return r ? r : image_check_arch(fd, name, file_name, ret->format, err);
}

enum disk_format image_disk_format(const struct image_info *info)
{
	return info->format == IMAGE_QCOW2 ? DISK_QCOW2 : DISK_RAW;
}

void image_config_stamp(struct image_config *config, const char *digest)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	xreplace(&config->digest, digest);
	config->added_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}
