/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A MIME message of cloud-init parts (RFC 2046 multipart/mixed). */
#include "mime.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base64.h"

static bool is_ascii(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text >= 0x80)
			return false;
	}
	return true;
}

static bool occurs(const struct mime_part *parts, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		if (strstr(parts[i].body, text))
			return true;
	}
	return false;
}

/* The caller frees it. Bodies are finite, so some number is free. */
static char *boundary_choose(const struct mime_part *parts, size_t n)
{
	for (unsigned int i = 1;; i++) {
		char *boundary = xasprintf("==mnmivm-se-part-%u==", i);

		if (!occurs(parts, n, boundary))
			return boundary;
		auto_free_(&boundary);
	}
}

static void put_body(const struct mime_part *part, struct buf *ret)
{
	if (!part->content_type) {
		buf_puts(ret, part->body);
		return;
	}
	buf_printf(ret, "Content-Type: %s; charset=\"utf-8\"\n", part->content_type);
	buf_puts(ret, "MIME-Version: 1.0\n");
	if (part->merge_type)
		buf_printf(ret, "Merge-Type: %s\n", part->merge_type);
	if (is_ascii(part->body)) {
		buf_puts(ret, "Content-Transfer-Encoding: 7bit\n\n");
		buf_puts(ret, part->body);
	} else {
		buf_puts(ret, "Content-Transfer-Encoding: base64\n\n");
		base64_encode_lines(part->body, strlen(part->body), ret);
	}
}

void mime_build(const struct mime_part *parts, size_t n, struct buf *ret)
{
	AUTO_FREE char *boundary = boundary_choose(parts, n);

	buf_printf(ret, "Content-Type: multipart/mixed; boundary=\"%s\"\n", boundary);
	buf_puts(ret, "MIME-Version: 1.0\n");
	for (size_t i = 0; i < n; i++) {
		buf_printf(ret, "\n--%s\n", boundary);
		put_body(&parts[i], ret);
	}
	buf_printf(ret, "\n--%s--\n", boundary);
}
