/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of an image, checked by a confined qemu-img. */
#ifndef VM_CHECK_IMAGE_H
#define VM_CHECK_IMAGE_H

#include "config/host_config.h"
#include "config/types.h"
#include "image/check.h"

/*
 * fd is an image whose header is good, and only read. A raw one has no tables: 0. Else as
 * check_word() says. ERROR_HOST: there is no qemu-img. ERROR_PERMISSION: the file is not
 * everybody's to read, and so not the helper's.
 */
int check_image(const struct host_config *host, int fd, enum disk_format format, const char *name,
		struct error *err);

#endif
