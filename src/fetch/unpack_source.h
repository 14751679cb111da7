/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libarchive reads: a packed file, entry by entry and piece by piece, under bounds. */
#ifndef FETCH_UNPACK_SOURCE_H
#define FETCH_UNPACK_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "gzip.h"

struct archive;

/*
 * The caller sets the first three, and the rest to zero. It may be opened once more when it is
 * done.
 */
struct unpack_source {
	int fd; /* a regular file, read from its offset 0 */
	const char *name; /* for messages */
	uint64_t max; /* bytes that may be unpacked to be kept, and as many to be skipped */
	struct archive *archive;
	char *chunk;
	uint64_t read; /* bytes of fd */
	struct gzip gzip; /* between fd and libarchive, where it is that */
	char *plain; /* what came of it */
	int read_error; /* errno of the last read; 0: none */
	bool endless; /* more was unpacked than all of these */
};

/* In the archive's own words, which are hostile; valid until the next one. */
struct unpack_entry {
	const char *path; /* NULL: none that can be told */
	bool is_whole; /* it is no archive: what is compressed, without a name of its own */
	bool is_file; /* a hard link is one, where it has content */
	bool has_size;
	int64_t size;
};

/* Holes are between the pieces, and behind the last one. */
struct unpack_piece {
	const void *data;
	size_t len;
	int64_t offset;
};

/* Closed again on failure. */
int unpack_source_open(struct unpack_source *source, struct error *err);
void unpack_source_done(struct unpack_source *source);

/*
 * 1: there is another one; 0: that was the last. What is left of an entry is unpacked in one go
 * when the next is asked for.
 */
int unpack_source_next(struct unpack_source *source, struct unpack_entry *ret, struct error *err);
int unpack_source_piece(struct unpack_source *source, struct unpack_piece *ret, struct error *err);

/* After the last entry: is that the end of the file, too? */
int unpack_source_end(const struct unpack_source *source, struct error *err);

/* ERROR_VERIFY: "unpack 'NAME': ...", and that it holds more than max. */
int unpack_refuse(const struct unpack_source *source, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int unpack_refuse_size(const struct unpack_source *source, struct error *err);

#endif
