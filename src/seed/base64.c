/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RFC 4648 base64, strict when it reads. */
#include "base64.h"

#include <stdint.h>
#include <string.h>

enum { LINE_BYTES = 57 }; /* 76 characters */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Decode one group into out and return its number of bytes; 0 when it is none. */
static size_t decode_group(const char *text, bool last, char out[3])
{
	size_t chars = 4;
	uint32_t bits = 0;

	if (last && text[3] == '=')
		chars = text[2] == '=' ? 2 : 3;
	for (size_t i = 0; i < 4; i++) {
		const char *at = i < chars ? strchr(alphabet, text[i]) : alphabet;

		if (!at || (i < chars && !text[i]))
			return 0;
		bits = bits << 6 | (uint32_t)(at - alphabet);
	}
	out[0] = (char)(bits >> 16 & 0xff);
	out[1] = (char)(bits >> 8 & 0xff);
	out[2] = (char)(bits & 0xff);
	for (size_t i = chars - 1; i < 3; i++) {
		if (out[i])
			return 0;
	}
	return chars - 1;
}

bool base64_decode(const char *text, size_t len, struct buf *ret)
{
	AUTO_BUF bytes = BUF_INIT;

	if (len % 4)
		return false;
	for (size_t i = 0; i < len; i += 4) {
		char out[3];
		size_t n = decode_group(text + i, i + 4 == len, out);

		if (!n)
			return false;
		buf_add(&bytes, out, n);
	}
	buf_add(ret, bytes.data, bytes.len);
	return true;
}

static void encode_group(const uint8_t *data, size_t len, struct buf *ret)
{
	uint32_t bits = (uint32_t)data[0] << 16;
	char out[4];

	if (len > 1)
		bits |= (uint32_t)data[1] << 8;
	if (len > 2)
		bits |= data[2];
	for (size_t i = 0; i < 4; i++)
		out[i] = i <= len ? alphabet[bits >> (18 - 6 * i) & 63] : '=';
	buf_add(ret, out, sizeof(out));
}

void base64_encode_lines(const void *data, size_t len, struct buf *ret)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i += 3) {
		encode_group(bytes + i, len - i < 3 ? len - i : 3, ret);
		if (i % LINE_BYTES == LINE_BYTES - 3 || len - i <= 3)
			buf_puts(ret, "\n");
	}
}
