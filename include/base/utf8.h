/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { UTF8_MAX = 4 };

/* Bytes of the sequence that a byte begins; 0 when it begins none. */
size_t utf8_length(unsigned char lead);

/*
 * Decode the character at text, of which at most len bytes are read, and none behind one that is no
 * part of it, such as a NUL. Returns its length; 0: it is none, or is cut off.
 */
size_t utf8_decode(const char *text, size_t len, uint32_t *ret);

#endif
