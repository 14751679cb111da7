/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that are run confined: are they there at all? */
#ifndef VM_PROGRAM_H
#define VM_PROGRAM_H

#include "config/host_config.h"

/*
 * The child finds that out as well, but cannot tell it from a library that it is not shown.
 * ERROR_HOST with the package and the key.
 */
int program_find_qemu_img(const struct host_config *host, struct error *err);
int program_find_gpgv(const struct host_config *host, struct error *err);

#endif
