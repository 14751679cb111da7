/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressed and tar-wrapped images: which entry is the image, and its way out. */
#include "fetch/unpack.h"

#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "unpack_source.h"

enum { ENTRIES_MAX = 1024 };

struct unpacking {
	struct unpack_source source;
	int out;
	uint64_t done; /* bytes of out: at most source.max */
	uint64_t skipped; /* bytes of entries that are not the image: likewise */
};

static int put(struct unpacking *u, const void *data, size_t len, struct error *err)
{
	int r;

	if (len > u->source.max - u->done)
		return unpack_refuse_size(&u->source, err);
	r = fd_write_all(u->out, data, len);
	if (r)
		return error_errno(err, -r, "write what is in '%s'", u->source.name);
	u->done += len;
	return 0;
}

/* A hole is written out: the other end of a pipe knows of none. */
static int put_zeros_to(struct unpacking *u, int64_t offset, struct error *err)
{
	static const char zeros[1 << 16];

	if (offset < 0 || (uint64_t)offset < u->done)
		return unpack_refuse(&u->source, err, "its pieces are out of order");
	if ((uint64_t)offset > u->source.max)
		return unpack_refuse_size(&u->source, err);
	while (u->done < (uint64_t)offset) {
		uint64_t rest = (uint64_t)offset - u->done;
		int r = put(u, zeros, rest < sizeof(zeros) ? (size_t)rest : sizeof(zeros), err);

		if (r)
			return r;
	}
	return 0;
}

static int put_entry(struct unpacking *u, const struct unpack_entry *entry, struct error *err)
{
	struct unpack_piece piece;
	int r;

	while ((r = unpack_source_piece(&u->source, &piece, err)) > 0) {
		r = put_zeros_to(u, piece.offset, err);
		if (!r && piece.len)
			r = put(u, piece.data, piece.len, err);
		if (r)
			return r;
	}
	/* the hole at the end of a sparse file, whose length is all that is told of it */
	return r || !entry->has_size ? r : put_zeros_to(u, entry->size, err);
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

enum entry_kind { ENTRY_OTHER, ENTRY_FILE, ENTRY_IMAGE };

static enum entry_kind entry_kind(const struct unpack_entry *entry)
{
	const char *path = entry->path;

	if (entry->is_whole)
		return ENTRY_IMAGE;
	if (!entry->is_file)
		return ENTRY_OTHER;
	if (path && (ends_in(path, ".qcow2") || ends_in(path, ".img") || ends_in(path, ".raw")))
		return ENTRY_IMAGE;
	return ENTRY_FILE;
}

/* libarchive unpacks it in one go as it looks for the next header. */
static int skip_entry(struct unpacking *u, const struct unpack_entry *entry, struct error *err)
{
	if (entry->size < 0 || (uint64_t)entry->size > u->source.max - u->skipped)
		return unpack_refuse_size(&u->source, err);
	u->skipped += (uint64_t)entry->size;
	return 0;
}

struct counts {
	unsigned int files, images;
};

/* Write the entries of that kind or better; two of them are one too many. */
static int put_entries(struct unpacking *u, enum entry_kind least, struct counts *ret,
		       struct error *err)
{
	struct unpack_entry entry;

	for (unsigned int n = 0;; n++) {
		enum entry_kind kind;
		int r = unpack_source_next(&u->source, &entry, err);

		if (r <= 0)
			return r;
		if (n == ENTRIES_MAX)
			return unpack_refuse(&u->source, err, "it has more than %d entries",
					     ENTRIES_MAX);
		kind = entry_kind(&entry);
		ret->files += kind >= ENTRY_FILE;
		ret->images += kind == ENTRY_IMAGE;
		if (kind >= least && (least == ENTRY_IMAGE ? ret->images : ret->files) > 1)
			return unpack_refuse(&u->source, err, "it has more than one image in it");
		r = kind < least ? skip_entry(u, &entry, err) : put_entry(u, &entry, err);
		if (r)
			return r;
	}
}

static int run(struct unpacking *u, enum entry_kind least, struct counts *ret, struct error *err)
{
	int r = unpack_source_open(&u->source, err);

	if (r)
		return r;
	u->skipped = 0;
	r = put_entries(u, least, ret, err);
	if (!r)
		r = unpack_source_end(&u->source, err);
	unpack_source_done(&u->source);
	return r;
}

int unpack(int from, int out, uint64_t max, const char *name, struct error *err)
{
	struct unpacking u = { .source = { .fd = from, .name = name, .max = max }, .out = out };
	struct counts counts = { 0 };
	int r = run(&u, ENTRY_IMAGE, &counts, err);

	if (r || counts.images)
		return r;
	if (!counts.files)
		return unpack_refuse(&u.source, err, "there is no file in it");
	if (counts.files > 1)
		return unpack_refuse(&u.source, err,
				     "none of its %u files is called .qcow2, .img or .raw",
				     counts.files);
	/* a single file, whose name said nothing: known only now */
	return run(&u, ENTRY_FILE, &(struct counts){ 0 }, err);
}
