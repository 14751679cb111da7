/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the guest's first cluster lies in a qcow2 file: header, first entry of the L1 table, first
 * entry of its L2 table (docs/interop/qcow2.rst of QEMU). Three short reads, whatever they say.
 */
#include <endian.h>
#include <string.h>

#include "image_file.h"

enum {
	CLUSTER_BITS_MIN = 9,
	CLUSTER_BITS_MAX = 21,
	EXTENDED_L2 = 1 << 4,
	L2_ZERO = 1 << 0,
};
#define L2_COMPRESSED (UINT64_C(1) << 62)
#define OFFSET_MASK UINT64_C(0x00fffffffffffe00)

static bool read_be64(const struct image_file *file, uint64_t offset, uint64_t *ret)
{
	uint64_t value;

	if (offset > file->size || sizeof(value) > file->size - offset ||
	    image_read(file, offset, &value, sizeof(value), &(struct error)ERROR_INIT))
		return false;
	*ret = be64toh(value);
	return true;
}

bool qcow2_first_cluster(const struct image_file *file, uint64_t *ret_offset, uint64_t *ret_len)
{
	uint64_t version_word, bits_word, features = 0, l1, l2, cluster;
	unsigned int bits;

	if (!read_be64(file, 0, &version_word) || !read_be64(file, 16, &bits_word) ||
	    !read_be64(file, 40, &l1))
		return false;
	bits = (unsigned int)(bits_word & UINT32_MAX);
	if ((version_word & UINT32_MAX) >= 3 && !read_be64(file, 72, &features))
		return false;
	if (bits < CLUSTER_BITS_MIN || bits > CLUSTER_BITS_MAX || features & EXTENDED_L2)
		return false;
	if (!read_be64(file, l1, &l2) || !(l2 & OFFSET_MASK) ||
	    !read_be64(file, l2 & OFFSET_MASK, &cluster))
		return false;
	if (cluster & (L2_COMPRESSED | L2_ZERO) || !(cluster & OFFSET_MASK))
		return false;
	*ret_offset = cluster & OFFSET_MASK;
	*ret_len = UINT64_C(1) << bits;
	return true;
}
