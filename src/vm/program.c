/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that are run confined: are they there at all? */
#include "program.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int find(const char *what, const char *path, struct error *err)
{
	if (access(path, X_OK) == 0)
		return 0;
	return error_set(err, ERROR_HOST, errno, "look for %s at '%s': %s", what, path,
			 strerror(errno));
}

int program_find_qemu_img(const struct host_config *host, struct error *err)
{
	if (find("qemu-img", host->qemu_img, err) == 0)
		return 0;
	return error_hint(err,
			  "apt-get install qemu-utils (Alpine: apk add qemu-img), or set "
			  "'qemu_img' in %s",
			  host->path);
}

int program_find_gpgv(const struct host_config *host, struct error *err)
{
	if (find("gpgv", host->gpgv, err) == 0)
		return 0;
	return error_hint(err, "apt-get install gpgv (Alpine: apk add gnupg), or set 'gpgv' in %s",
			  host->path);
}
