/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A byte buffer that grows. */
#include "base/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

void buf_done(struct buf *buf)
{
	if (!buf)
		return;
	free(buf->data);
	*buf = (struct buf)BUF_INIT;
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

/* One byte more than asked for, for the NUL. An impossible size is refused by malloc. */
static void grow(struct buf *buf, size_t more)
{
	size_t need, doubled;

	if (__builtin_add_overflow(buf->len, more, &need) || need > PTRDIFF_MAX - 1)
		need = SIZE_MAX - 1;
	need++;
	if (need <= buf->capacity)
		return;
	doubled = buf->capacity ? 2 * buf->capacity : FIRST_CAPACITY;
	buf->capacity = need > doubled ? need : doubled;
	buf->data = xreallocarray(buf->data, buf->capacity, 1);
}

char *buf_reserve(struct buf *buf, size_t more)
{
	grow(buf, more);
	memset(buf->data + buf->len, 0, more + 1);
	return buf->data + buf->len;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
	grow(buf, len);
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf_vprintf(buf, fmt, args);
	va_end(args);
}

void buf_vprintf(struct buf *buf, const char *fmt, va_list args)
{
	AUTO_FREE char *text = xvasprintf(fmt, args);

	buf_puts(buf, text);
}

const char *buf_str(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

char *buf_steal(struct buf *buf)
{
	char *text = buf->data ? buf->data : xstrdup("");

	*buf = (struct buf)BUF_INIT;
	return text;
}
