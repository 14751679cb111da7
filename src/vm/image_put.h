/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last steps of an image into the folder, whoever brought it. */
#ifndef VM_IMAGE_PUT_H
#define VM_IMAGE_PUT_H

#include "config/image_config.h"
#include "image/inspect.h"
#include "vm/host.h"

/*
 * Is it an image that we take: its header, and no other architecture by its partition table, or by
 * the name that its maker gave the file (NULL: not known)? ERROR_VERIFY. name is for messages. fd
 * is of what was unpacked, where it was packed.
 */
int image_look(int fd, const char *name, const char *file_name, struct image_info *ret,
	       struct error *err);

/* In the words of the store. */
enum disk_format image_disk_format(const struct image_info *info);

/*
 * Set what is told of a digest, and when: now, or just after the newest that is here of the same
 * os, where the clock once ran ahead: what comes last is the newest.
 */
void image_config_stamp(const struct vm_host *host, struct image_config *config,
			const char *digest);

#endif
