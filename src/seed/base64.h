/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RFC 4648 base64, strict when it reads. */
#ifndef SEED_BASE64_H
#define SEED_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Append the decoded bytes to ret. False, with ret untouched, for anything but whole groups
 * of four with their padding, no blanks, and unused bits of zero.
 */
bool base64_decode(const char *text, size_t len, struct buf *ret);

/* Append data in lines of 76 characters, each with a newline (RFC 2045). */
void base64_encode_lines(const void *data, size_t len, struct buf *ret);

#endif
