/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A byte buffer that grows. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "base/alloc.h"

/* data is NULL while empty, else NUL-terminated one byte past len. */
struct buf {
	char *data;
	size_t len;
	size_t capacity;
};

#define BUF_INIT                                                                                   \
	{                                                                                          \
		.data = NULL                                                                       \
	}
#define AUTO_BUF AUTO(buf_done) struct buf

void buf_done(struct buf *buf);
void buf_clear(struct buf *buf); /* forget the content, keep the memory */

/*
 * Make room for more bytes after len and return where they go; len stays. They are zeroed,
 * so that however few of them len then grows by, the content is NUL-terminated.
 */
char *buf_reserve(struct buf *buf, size_t more);

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_puts(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

/* The content as a string, "" when empty; owned by buf. */
const char *buf_str(const struct buf *buf);

/* The content as a heap string that the caller frees; buf is empty after. */
char *buf_steal(struct buf *buf);

#endif
