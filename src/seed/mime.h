/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A MIME message of cloud-init parts (RFC 2046 multipart/mixed). */
#ifndef SEED_MIME_H
#define SEED_MIME_H

#include <stddef.h>

#include "base/buf.h"

/* One part; all borrowed. */
struct mime_part {
	const char *content_type; /* NULL: body is a MIME message and brings its headers along */
	const char *merge_type; /* cloud-init's header of that name; NULL: none */
	const char *body;
};

/*
 * Append the message. The boundary is one that occurs in no body. A body that is not pure ASCII
 * goes out in base64: cloud-init decodes the message before it parses it, and Python's email
 * package then spoils what is above U+00FF.
 */
void mime_build(const struct mime_part *parts, size_t n, struct buf *ret);

#endif
