/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which bytes may stand in a document. */
#include "text.h"

#include <stdint.h>
#include <string.h>

static bool control_ok(uint32_t c, const char *allowed)
{
	if (c >= 0x20 && (c < 0x7f || c > 0x9f))
		return true;
	return c && c < 0x7f && strchr(allowed, (int)c);
}

/* The bytes of the sequence that begins with lead; 0 for a byte that begins none. */
static size_t sequence_length(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* Decode the sequence of n bytes at p; 0 is also what a bad one gives. */
static uint32_t sequence_decode(const uint8_t *p, size_t n)
{
	static const uint8_t lead_mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = p[0] & lead_mask[n];

	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return c;
}

bool text_is_clean(const char *text, size_t len, const char *allowed)
{
	const uint8_t *p = (const uint8_t *)text;

	while (len) {
		size_t n = sequence_length(*p);

		if (!n || n > len || !control_ok(sequence_decode(p, n), allowed))
			return false;
		p += n;
		len -= n;
	}
	return true;
}
