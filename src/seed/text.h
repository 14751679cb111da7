/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which bytes may stand in a document. */
#ifndef SEED_TEXT_H
#define SEED_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Valid UTF-8 (RFC 3629: no overlong forms, no surrogates) without control characters, C1 and
 * NUL included. allowed names control characters that may stand all the same, "\n" say, or is "".
 */
bool text_is_clean(const char *text, size_t len, const char *allowed);

#endif
