/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which bytes may stand in a document. */
#include "text.h"

#include <string.h>

#include "base/utf8.h"

static bool control_ok(uint32_t c, const char *allowed)
{
	if (c >= 0x20 && (c < 0x7f || c > 0x9f))
		return true;
	return c && c < 0x7f && strchr(allowed, (int)c);
}

bool text_is_clean(const char *text, size_t len, const char *allowed)
{
	while (len) {
		uint32_t c;
		size_t n = utf8_decode(text, len, &c);

		if (!n || !control_ok(c, allowed))
			return false;
		text += n;
		len -= n;
	}
	return true;
}
