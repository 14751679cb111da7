/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which machine an image is for, as far as it tells before it boots. */
#ifndef IMAGE_ARCH_H
#define IMAGE_ARCH_H

#include "base/error.h"
#include "image/inspect.h"

/*
 * The other architecture that a file's name or URL has as a whole word of its last part, "arm64" or
 * "aarch64" or "s390x"; NULL: none, or x86-64 (or amd64) as well. 32-bit x86 runs here.
 */
const char *image_name_arch(const char *name);

/*
 * The one that the partition table tells by the type of a root or /usr partition (UAPI.2,
 * Discoverable Partitions), NULL: it does not, or one of x86 is there, too. Hostile. The table
 * of a qcow2 is seen where its first cluster is stored as it is; a compressed one is not unpacked.
 * fd has been through image_inspect().
 */
const char *image_table_arch(int fd, enum image_format format);

/*
 * ERROR_VERIFY where one of them tells another architecture. file_name NULL: the table alone, as
 * for an image whose name somebody chose for it. name is for the message.
 */
int image_check_arch(int fd, const char *name, const char *file_name, enum image_format format,
		     struct error *err);

#endif
