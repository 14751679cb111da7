/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disk image headers, read by us: nothing else ever probes a format. */
#ifndef IMAGE_INSPECT_H
#define IMAGE_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* The largest virtual size, of qcow2 and raw. */
#define IMAGE_BYTES_MAX ((uint64_t)8 << 40)

/* The longest name of a backing file that QEMU takes (docs/interop/qcow2.rst). */
enum { IMAGE_BACKING_MAX = 1023 };

enum image_format { IMAGE_QCOW2, IMAGE_RAW };

struct image_info {
	enum image_format format;
	uint64_t virtual_size; /* bytes the guest sees */
	uint64_t file_size; /* bytes of the file */
	int64_t mtime_ns;
	bool has_backing;
	char backing_file[IMAGE_BACKING_MAX + 1]; /* as written in the header; "" when none */
};

enum image_role {
	/* Must stand alone: any backing file is refused, and a dirty bit. */
	IMAGE_BASE,
	/*
	 * A VM's own disk, which its guest writes: qcow2, where a plain absolute backing path is
	 * allowed but not followed, or with expect_raw anything at all.
	 */
	IMAGE_OVERLAY,
};

/*
 * Read the header of an open regular file or block device; the file offset stays. name is for
 * messages. All refusals are ERROR_VERIFY.
 *
 * qcow2 v2 and v3 are known by their magic. Refused: unknown incompatible features, an external
 * data file (bit 2 or the header extension, CVE-2024-4467), the corrupt bit, encryption, absurd
 * cluster or virtual sizes, a backing name that is not a plain absolute path ("json:", "nbd:"),
 * tables outside the file.
 *
 * What has another known magic (vmdk, vdi, vhdx, vhd, qed, qcow1, luks, archives and
 * compressed files) is refused by name. The rest is raw where its size is a multiple of 512 and
 * it begins with an MBR or a GPT, or expect_raw is set. With expect_raw qcow2 is refused as
 * well, except for IMAGE_OVERLAY, where every content is raw: it is the guest's to choose.
 */
int image_inspect(int fd, const char *name, enum image_role role, bool expect_raw,
		  struct image_info *ret, struct error *err);

#endif
