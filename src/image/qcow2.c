/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header of a qcow2 image, as in QEMU's docs/interop/qcow2.rst.
 *
 * All of it is hostile. QEMU checks it again; what is refused here is what QEMU would follow
 * out of the file (backing file, data file) or spend itself on, and what no VM should run on.
 */
#include <endian.h>
#include <string.h>

#include "image_file.h"

static const char magic[4] = { 'Q', 'F', 'I', '\xfb' };

enum {
	V2_LENGTH = 72,
	V3_LENGTH = 104,
	COMPRESSION_OFFSET = 104,
	CLUSTER_BITS_MIN = 9,
	CLUSTER_BITS_MAX = 21, /* QEMU's own limit, 2 MiB */
	EXTENDED_L2_CLUSTER_BITS_MIN = 14,
	REFCOUNT_ORDER_MAX = 6,
	L1_BYTES_MAX = 32 << 20, /* QCOW_MAX_L1_SIZE of QEMU's block/qcow2.h, the next two too */
	REFCOUNT_TABLE_BYTES_MAX = 8 << 20,
	SNAPSHOTS_MAX = 65536,
	SNAPSHOT_BYTES_MIN = 40, /* an entry without its strings */
	BACKING_FORMAT_MAX = 15, /* of QEMU, too */
	EXTENSIONS_MAX = 64, /* QEMU writes up to five */
};

enum incompatible_feature {
	FEATURE_DIRTY = 1 << 0,
	FEATURE_CORRUPT = 1 << 1,
	FEATURE_DATA_FILE = 1 << 2,
	FEATURE_COMPRESSION = 1 << 3,
	FEATURE_EXTENDED_L2 = 1 << 4,
	FEATURES_KNOWN = (1 << 5) - 1,
};

#define EXTENSION_END 0U
#define EXTENSION_BACKING_FORMAT 0xe2792acaU
#define EXTENSION_DATA_FILE 0x44415441U
#define EXTENSION_ENCRYPTION 0x0537be77U

struct header {
	uint32_t version;
	uint64_t backing_offset;
	uint32_t backing_length;
	uint32_t cluster_bits;
	uint64_t size;
	uint32_t crypt_method;
	uint32_t l1_entries;
	uint64_t l1_offset;
	uint64_t refcount_table_offset;
	uint32_t refcount_table_clusters;
	uint32_t snapshots;
	uint64_t snapshots_offset;
	/* of version 3; in version 2 they have these meanings by definition */
	uint64_t incompatible;
	uint32_t refcount_order;
	uint32_t length;
	uint8_t compression;
};

static uint32_t get32(const uint8_t *raw, size_t offset)
{
	uint32_t value;

	memcpy(&value, raw + offset, sizeof(value));
	return be32toh(value);
}

static uint64_t get64(const uint8_t *raw, size_t offset)
{
	uint64_t value;

	memcpy(&value, raw + offset, sizeof(value));
	return be64toh(value);
}

static uint64_t cluster_size(const struct header *header)
{
	return UINT64_C(1) << header->cluster_bits;
}

bool qcow2_probe(const struct image_file *file)
{
	return image_has(file, 0, magic, sizeof(magic)) &&
	       !image_has(file, 0, "QFI\xfb\0\0\0\1", 8);
}

static int read_v3(const struct image_file *file, struct header *header, struct error *err)
{
	uint8_t raw[V3_LENGTH];
	int r = image_read(file, 0, raw, sizeof(raw), err);

	if (r < 0)
		return r;
	header->incompatible = get64(raw, 72);
	header->refcount_order = get32(raw, 96);
	header->length = get32(raw, 100);
	if (header->length <= COMPRESSION_OFFSET)
		return 0;
	return image_read(file, COMPRESSION_OFFSET, &header->compression, 1, err);
}

static int read_header(const struct image_file *file, struct header *ret, struct error *err)
{
	uint8_t raw[V2_LENGTH];
	int r = image_read(file, 0, raw, sizeof(raw), err);

	if (r < 0)
		return r;
	*ret = (struct header){
		.version = get32(raw, 4),
		.backing_offset = get64(raw, 8),
		.backing_length = get32(raw, 16),
		.cluster_bits = get32(raw, 20),
		.size = get64(raw, 24),
		.crypt_method = get32(raw, 32),
		.l1_entries = get32(raw, 36),
		.l1_offset = get64(raw, 40),
		.refcount_table_offset = get64(raw, 48),
		.refcount_table_clusters = get32(raw, 56),
		.snapshots = get32(raw, 60),
		.snapshots_offset = get64(raw, 64),
		.refcount_order = 4,
		.length = V2_LENGTH,
	};
	if (ret->version != 2 && ret->version != 3)
		return image_refuse(file, err, "qcow2 version %u is unknown", ret->version);
	return ret->version == 2 ? 0 : read_v3(file, ret, err);
}

static int check_layout(const struct image_file *file, const struct header *header,
			struct error *err)
{
	if (header->cluster_bits < CLUSTER_BITS_MIN || header->cluster_bits > CLUSTER_BITS_MAX)
		return image_refuse(file, err, "clusters of 2^%u bytes are not supported",
				    header->cluster_bits);
	if (header->version == 3 && (header->length < V3_LENGTH || header->length % 8))
		return image_refuse(file, err, "its header has a length of %u", header->length);
	if (header->length > cluster_size(header) || cluster_size(header) > file->size)
		return image_refuse(file, err, "its header is cut off");
	if (header->refcount_order > REFCOUNT_ORDER_MAX)
		return image_refuse(file, err, "reference counts of 2^%u bits are not supported",
				    header->refcount_order);
	return image_check_size(file, header->size, err);
}

static int check_features(const struct image_file *file, const struct header *header,
			  struct error *err)
{
	uint64_t bits = header->incompatible;

	if (bits & ~(uint64_t)FEATURES_KNOWN)
		return image_refuse(file, err, "it needs features that are unknown (%#llx)",
				    (unsigned long long)(bits & ~(uint64_t)FEATURES_KNOWN));
	if (bits & FEATURE_DATA_FILE)
		return image_refuse(file, err, "its data is in another file (CVE-2024-4467)");
	if (header->crypt_method)
		return image_refuse(file, err, "it is encrypted");
	if (bits & FEATURE_EXTENDED_L2 && header->cluster_bits < EXTENDED_L2_CLUSTER_BITS_MIN)
		return image_refuse(file, err,
				    "its clusters are too small for extended L2 entries");
	/* 1 is zstd; QEMU wants the bit exactly where it is not zlib */
	if (header->compression > 1 || !(bits & FEATURE_COMPRESSION) != !header->compression)
		return image_refuse(file, err, "its compression type is unknown");
	return 0;
}

/* Last of all, because the hint lets qemu-img follow what the other checks refuse. */
static int check_marks(const struct image_file *file, const struct header *header,
		       enum image_role role, struct error *err)
{
	bool corrupt = header->incompatible & FEATURE_CORRUPT;
	bool dirty = header->incompatible & FEATURE_DIRTY;

	/* an overlay is repaired by QEMU when it opens it, a base is never written */
	if (!corrupt && !(dirty && role == IMAGE_BASE))
		return 0;
	image_refuse(file, err, "it is marked as %s", corrupt ? "corrupt" : "not cleanly closed");
	return error_hint(err, "qemu-img check -f qcow2 -r all '%s'", file->name);
}

/* A table of bytes (less than 2^32 * 40) that starts a cluster, after the first, in the file. */
static int check_table(const struct image_file *file, const struct header *header, const char *what,
		       uint64_t offset, uint64_t bytes, struct error *err)
{
	if (!offset || offset % cluster_size(header))
		return image_refuse(file, err, "its %s begins at byte %llu", what,
				    (unsigned long long)offset);
	if (offset > file->size || bytes > file->size - offset)
		return image_refuse(file, err, "its %s is cut off", what);
	return 0;
}

/* The L1 entries that a disk of this size takes. */
static uint64_t l1_needed(const struct header *header)
{
	unsigned int entry_bits = header->incompatible & FEATURE_EXTENDED_L2 ? 4 : 3;
	unsigned int shift = 2 * header->cluster_bits - entry_bits;

	return (header->size >> shift) + !!(header->size & ((UINT64_C(1) << shift) - 1));
}

static int check_tables(const struct image_file *file, const struct header *header,
			struct error *err)
{
	uint64_t l1_bytes = (uint64_t)header->l1_entries * 8;
	uint64_t refcount_bytes = header->refcount_table_clusters * cluster_size(header);
	int r;

	if (l1_bytes > L1_BYTES_MAX || header->l1_entries < l1_needed(header))
		return image_refuse(file, err, "its L1 table has %u entries", header->l1_entries);
	if (!refcount_bytes || refcount_bytes > REFCOUNT_TABLE_BYTES_MAX)
		return image_refuse(file, err, "its refcount table has %u clusters",
				    header->refcount_table_clusters);
	if (header->snapshots > SNAPSHOTS_MAX)
		return image_refuse(file, err, "it has %u snapshots", header->snapshots);
	r = check_table(file, header, "L1 table", header->l1_offset, l1_bytes, err);
	if (r == 0)
		r = check_table(file, header, "refcount table", header->refcount_table_offset,
				refcount_bytes, err);
	if (r == 0 && (header->snapshots || header->snapshots_offset))
		r = check_table(file, header, "snapshot table", header->snapshots_offset,
				(uint64_t)header->snapshots * SNAPSHOT_BYTES_MIN, err);
	return r;
}

/* One header extension at *offset, which moves behind it; 1 at the last one. */
static int check_extension(const struct image_file *file, uint64_t *offset, uint64_t end,
			   struct error *err)
{
	uint8_t raw[8];
	uint64_t length;
	int r = image_read(file, *offset, raw, sizeof(raw), err);

	if (r < 0)
		return r;
	*offset += sizeof(raw);
	length = get32(raw, 4);
	if (*offset > end || length > end - *offset)
		return image_refuse(file, err, "a header extension is too long");
	switch (get32(raw, 0)) {
	case EXTENSION_END:
		return 1;
	case EXTENSION_BACKING_FORMAT:
		/* not trusted, so not read, but QEMU wants it short */
		if (length > BACKING_FORMAT_MAX)
			return image_refuse(file, err,
					    "the format of its backing file is too long");
		break;
	case EXTENSION_DATA_FILE:
		return image_refuse(file, err, "it names a data file (CVE-2024-4467)");
	case EXTENSION_ENCRYPTION:
		return image_refuse(file, err, "it is encrypted");
	}
	*offset += (length + 7) & ~UINT64_C(7);
	return 0;
}

/* They end with one of type 0, or where the backing file's name or the next cluster begins. */
static int check_extensions(const struct image_file *file, const struct header *header,
			    struct error *err)
{
	uint64_t end = header->backing_offset ? header->backing_offset : cluster_size(header);
	uint64_t offset = header->length;
	int r = 0;

	for (int i = 0; r == 0 && offset < end; i++) {
		if (i == EXTENSIONS_MAX)
			return image_refuse(file, err, "it has too many header extensions");
		r = check_extension(file, &offset, end, err);
	}
	return r < 0 ? r : 0;
}

/* A name that QEMU takes for a path: of those, only absolute ones mean the same everywhere. */
static int check_backing_name(const struct image_file *file, const char *name, size_t length,
			      struct error *err)
{
	char sane[IMAGE_BACKING_MAX + 1];

	error_sanitise(sane, sizeof(sane), name);
	if (strlen(name) != length || strcmp(sane, name) != 0)
		return image_refuse(file, err, "the name of its backing file is not plain text");
	if (name[0] != '/')
		return image_refuse(file, err, "its backing file '%s' is not an absolute path",
				    name);
	return 0;
}

static int read_backing(const struct image_file *file, const struct header *header,
			enum image_role role, struct image_info *ret, struct error *err)
{
	uint64_t offset = header->backing_offset, end = cluster_size(header);
	uint32_t length = header->backing_length;
	char name[IMAGE_BACKING_MAX + 1] = "";
	int r;

	if (!offset)
		return 0;
	if (role == IMAGE_BASE)
		return image_refuse(file, err, "it needs a backing file, so it is no base image");
	if (offset < header->length || offset > end || !length || length > IMAGE_BACKING_MAX ||
	    length > end - offset)
		return image_refuse(file, err, "the name of its backing file is misplaced");
	r = image_read(file, offset, name, length, err);
	if (r == 0)
		r = check_backing_name(file, name, length, err);
	if (r < 0)
		return r;
	ret->has_backing = true;
	memcpy(ret->backing_file, name, sizeof(name));
	return 0;
}

int qcow2_inspect(const struct image_file *file, enum image_role role, struct image_info *ret,
		  struct error *err)
{
	struct header header;
	int r = read_header(file, &header, err);

	if (r == 0)
		r = check_layout(file, &header, err);
	if (r == 0)
		r = check_features(file, &header, err);
	if (r == 0)
		r = check_tables(file, &header, err);
	if (r == 0)
		r = read_backing(file, &header, role, ret, err);
	if (r == 0)
		r = check_extensions(file, &header, err);
	if (r == 0)
		r = check_marks(file, &header, role, err);
	if (r == 0)
		ret->virtual_size = header.size;
	return r;
}
