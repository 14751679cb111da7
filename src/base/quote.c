/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words that can be pasted into a shell. */
#include "base/quote.h"

#include <string.h>

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "-_./,:=@%+";

void quote_word(struct buf *buf, const char *word)
{
	if (*word && strspn(word, plain) == strlen(word)) {
		buf_puts(buf, word);
		return;
	}
	buf_puts(buf, "'");
	for (; *word; word++) {
		if (*word == '\'')
			buf_puts(buf, "'\\''");
		else
			buf_add(buf, word, 1);
	}
	buf_puts(buf, "'");
}
