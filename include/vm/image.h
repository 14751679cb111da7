/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base images: bring in, list, remove. */
#ifndef VM_IMAGE_H
#define VM_IMAGE_H

#include <stdint.h>

#include "base/parse.h"
#include "base/strv.h"
#include "config/types.h"
#include "vm/host.h"

struct vm_image_info {
	char name[NAME_MAX_LEN + 1];
	char *path;
	enum disk_format format;
	uint64_t virtual_bytes;
	uint64_t file_bytes;
	char problem[256]; /* "" when the header is good */
};

struct vm_image_list {
	struct vm_image_info *v;
	size_t n;
};

/*
 * Copy path ("-": standard input) into the image folder under name, header checked, format by
 * header; read-only from then on. ERROR_VERIFY for an image we refuse. Nothing is left after a
 * failure.
 */
int vm_image_import(const struct vm_host *host, const char *path, const char *name,
		    struct error *err);

int vm_image_list(const struct vm_host *host, struct vm_image_list *ret, struct error *err);
void vm_image_list_done(struct vm_image_list *list);

/* ERROR_BUSY with the names of the VMs that stand on it. */
int vm_image_remove(const struct vm_host *host, const char *name, struct error *err);

#endif
