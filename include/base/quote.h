/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words that can be pasted into a shell. */
#ifndef BASE_QUOTE_H
#define BASE_QUOTE_H

#include "base/buf.h"

/* Append word as POSIX sh reads it back: as it is where that is plain, else in single quotes. */
void quote_word(struct buf *buf, const char *word);

#endif
