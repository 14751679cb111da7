/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image under inspection, for the parts of image_inspect(). */
#ifndef IMAGE_IMAGE_FILE_H
#define IMAGE_IMAGE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "image/inspect.h"

struct image_file {
	int fd;
	const char *name;
	uint64_t size;
	int64_t mtime_ns;
};

/* Read exactly len bytes at offset; a file that ends before is ERROR_VERIFY. */
int image_read(const struct image_file *file, uint64_t offset, void *dst, size_t len,
	       struct error *err);

/* Does magic stand at offset? false too where the file is too short. */
bool image_has(const struct image_file *file, uint64_t offset, const void *magic, size_t len);

/* ERROR_VERIFY with "check image 'name': " in front. */
int image_refuse(const struct image_file *file, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Refuse size as that of a guest's disk. */
int image_check_size(const struct image_file *file, uint64_t size, struct error *err);

/* Fill file->size of an open regular file or block device; anything else is ERROR_VERIFY. */
int image_measure(struct image_file *file, struct error *err);

/*
 * Where the first bytes of the guest's disk lie in a qcow2, and how many; false: not in this file
 * as they are (compressed, zero, not allocated, extended L2 entries), or the tables are broken.
 */
bool qcow2_first_cluster(const struct image_file *file, uint64_t *ret_offset, uint64_t *ret_len);

/* Is it a qcow2 of a version that we know? */
bool qcow2_probe(const struct image_file *file);

/* Check the header; fills virtual_size, has_backing and backing_file of ret. */
int qcow2_inspect(const struct image_file *file, enum image_role role, struct image_info *ret,
		  struct error *err);

/* Refuse what is neither qcow2 nor raw by its name, with the command that helps. */
int foreign_refuse(const struct image_file *file, struct error *err);

#endif
