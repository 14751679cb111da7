/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New disks, made by qemu-img without letting it open or guess anything. */
#ifndef IMAGE_OVERLAY_H
#define IMAGE_OVERLAY_H

#include <stdint.h>

#include "base/error.h"
#include "image/inspect.h"

/*
 * Make the qcow2 overlay `name` in dir_fd over backing (an absolute path, recorded in its
 * header with its format, not opened: qemu-img create -u) with a virtual size of size bytes.
 * qemu_img is the program's absolute path. The file is 0600 and synced. After a failure it is gone.
 */
int overlay_create(const char *qemu_img, int dir_fd, const char *name, const char *backing,
		   enum image_format backing_format, uint64_t size, struct error *err);

/* An empty qcow2 disk. */
int disk_create(const char *qemu_img, int dir_fd, const char *name, uint64_t size,
		struct error *err);

#endif
