/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last steps of an image into the folder, whoever brought it. */
#include "image_put.h"

#include <stdint.h>
#include <time.h>

#include "base/alloc.h"
#include "fetch/unpack.h"
#include "image/arch.h"
#include "store/images.h"

int image_look(int fd, const char *name, const char *file_name, struct image_info *ret,
	       struct error *err)
{
	int r = image_inspect(fd, name, IMAGE_BASE, false, ret, err);

	if (r && unpack_wants(fd))
		return error_hint(err, "it was packed twice: unpack it by hand, then: mnmivm-se "
				       "image import FILE NAME");
	return r ? r : image_check_arch(fd, name, file_name, ret->format, err);
}

enum disk_format image_disk_format(const struct image_info *info)
{
	return info->format == IMAGE_QCOW2 ? DISK_QCOW2 : DISK_RAW;
}

/* What cannot be read is not taken for the newest either. 0: there is none. */
static int64_t newest_ns(const struct vm_host *host, const char *os)
{
	AUTO(image_config_done) struct image_config config = { .os = NULL };
	struct error ignored = ERROR_INIT;
	AUTO_FREE char *name = NULL;

	if (!os || images_newest(&host->store, os, NULL, &name, &ignored) ||
	    images_config(&host->store, name, &config, &ignored))
		return 0;
	return config.added_ns;
}

void image_config_stamp(const struct vm_host *host, struct image_config *config, const char *digest)
{
	int64_t before_ns = newest_ns(host, config->os);
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	xreplace(&config->digest, digest);
	config->added_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
	if (config->added_ns <= before_ns && before_ns < INT64_MAX)
		config->added_ns = before_ns + 1;
}
