/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A gzip file (RFC 1952) as a stream of what is in it, each member held to its CRC-32 and length:
 * of both libarchive (3.6) reads past.
 */
#ifndef FETCH_GZIP_H
#define FETCH_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ZLIB_CONST /* what is read is not written to */
#include <zlib.h>

#include "base/error.h"

struct gzip {
	/* For more of the file, into a place of its own: bytes, 0 at its end, or -1. */
	ssize_t (*fill)(void *arg, const char **ret);
	void *arg;
	z_stream stream;
	bool open, between; /* between two members, or in front of the first */
	uint64_t consumed; /* bytes of the file */
	const char *broken; /* what is wrong with it; NULL: nothing */
};

/* Load zlib, for a worker that cannot. ERROR_HOST. */
int gzip_prepare(struct error *err);

/* fill and arg are set. False: no memory. */
bool gzip_open(struct gzip *gzip);
void gzip_close(struct gzip *gzip);

/*
 * Up to size bytes of what is in it; 0 behind the last member, whatever follows: consumed tells
 * whether something does. -1: broken says why, or fill has failed.
 */
ssize_t gzip_read(struct gzip *gzip, char *out, size_t size);

#endif
