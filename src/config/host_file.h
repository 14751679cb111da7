/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One file of the host's configuration. */
#ifndef CONFIG_HOST_FILE_H
#define CONFIG_HOST_FILE_H

#include <sys/types.h>
#include <unistd.h>

#include "config/host_config.h"

/* As host_config_load() promises; the file is root's or owner's. */
int host_file_load(struct host_config *config, const char *path, bool required, uid_t owner,
		   struct error *err);

#endif
