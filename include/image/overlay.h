/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New disks: what qemu-img is asked for, and what came of it. Running it is the caller's. */
#ifndef IMAGE_OVERLAY_H
#define IMAGE_OVERLAY_H

#include <stdint.h>

#include "base/error.h"
#include "base/strv.h"
#include "image/inspect.h"

struct overlay_spec {
	uint64_t size; /* virtual, in bytes */
	const char *backing; /* absolute path, recorded in the header; NULL: an empty disk */
	enum image_format backing_format; /* likewise recorded, so that nothing probes it */
};

/*
 * What a new disk takes of its file at most: header and tables of IMAGE_BYTES_MAX, no data.
 * qemu-img 7.2 makes 0.4 MiB of it.
 */
#define OVERLAY_FILE_MAX ((uint64_t)16 << 20)

/* Refuse (ERROR_USAGE) what no disk can be, or what qemu-img would take for something else. */
int overlay_check(const struct overlay_spec *spec, const char *name, struct error *err);

/*
 * Append the words of a checked spec: qemu_img, "create", ..., path. The backing file is not
 * opened (-u); the file at path is emptied and written. path is absolute: neither an option nor
 * the name of a protocol.
 */
void overlay_argv(const struct overlay_spec *spec, const char *qemu_img, const char *path,
		  struct strv *ret);

/*
 * Hold what qemu-img made against the spec, as hostile as any image: a regular file of ours,
 * 0600, with one link, no larger than OVERLAY_FILE_MAX, and that header. ERROR_VERIFY.
 */
int overlay_verify(const struct overlay_spec *spec, int fd, const char *name, struct error *err);

#endif
