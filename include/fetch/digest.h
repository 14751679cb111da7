/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Message digests: as text, and of what streams by (libcrypto). */
#ifndef FETCH_DIGEST_H
#define FETCH_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum digest_algorithm { DIGEST_SHA256, DIGEST_SHA512 };
extern const char *const digest_words[]; /* "sha256", "sha512", NULL */

enum { DIGEST_BYTES_MAX = 64, DIGEST_TEXT_MAX = 7 + 2 * DIGEST_BYTES_MAX + 1 };

struct digest {
	enum digest_algorithm algorithm;
	uint8_t bytes[DIGEST_BYTES_MAX];
};

size_t digest_size(enum digest_algorithm algorithm); /* bytes */

/* "sha512:HEX", or HEX alone, whose length tells. ERROR_USAGE, md5 and sha1 named as too weak. */
int digest_parse(const char *what, const char *text, struct digest *ret, struct error *err);
/* HEX of len digits, in either case; false: it is none, or of no algorithm that we take. */
bool digest_from_hex(const char *hex, size_t len, struct digest *ret);

void digest_format(const struct digest *digest, char out[DIGEST_TEXT_MAX]); /* "sha512:hex" */
bool digest_is(const struct digest *a, const struct digest *b);

/* The first 12 hexadecimal digits, for names of files. */
enum { DIGEST_SHORT_MAX = 13 };
void digest_short(const struct digest *digest, char out[DIGEST_SHORT_MAX]);

/*
 * Opaque; ERROR_HOST where libcrypto cannot be loaded. Where it breaks down later, which is not
 * known to happen, the digest is one of zeros, and no file's.
 */
struct digest_stream;
int digest_stream_new(enum digest_algorithm algorithm, struct digest_stream **ret,
		      struct error *err);
void digest_stream_add(struct digest_stream *stream, const void *data, size_t len);
void digest_stream_peek(struct digest_stream *stream,
			struct digest *ret); /* so far; more may come */
void digest_stream_finish(struct digest_stream *stream, struct digest *ret); /* free it after */
void digest_stream_free(struct digest_stream *stream); /* NULL is fine */
void digest_stream_done(struct digest_stream **stream); /* the same, for AUTO() */

/*
 * Read fd from offset 0 to its end through stream; its own offset stays. what names it. tick, if it
 * is not NULL, is told the bytes that are done, as they are read; not 0 from it ends all with that.
 */
int digest_stream_file(struct digest_stream *stream, int fd, const char *what,
		       int (*tick)(void *arg, uint64_t done, struct error *err), void *arg,
		       struct error *err);

#endif
