/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vector of strings: argv, environment, lists in files. */
#include "base/strv.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { FIRST_CAPACITY = 8 };

static const char blanks[] = " \t\r\n";

void strv_done(struct strv *strv)
{
	if (!strv)
		return;
	strv_clear(strv);
	free(strv->v);
	*strv = (struct strv)STRV_INIT;
}

void strv_clear(struct strv *strv)
{
	for (size_t i = 0; i < strv->n; i++)
		free(strv->v[i]);
	strv->n = 0;
	if (strv->v)
		strv->v[0] = NULL;
}

void strv_push(struct strv *strv, const char *text)
{
	strv_push_take(strv, xstrdup(text));
}

void strv_pushf(struct strv *strv, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	strv_push_take(strv, xvasprintf(fmt, args));
	va_end(args);
}

void strv_push_take(struct strv *strv, char *text)
{
	/* one slot more than strings, for the NULL at the end */
	if (strv->n + 1 >= strv->capacity) {
		strv->capacity = strv->capacity ? 2 * strv->capacity : FIRST_CAPACITY;
		strv->v = xreallocarray(strv->v, strv->capacity, sizeof(*strv->v));
	}
	strv->v[strv->n++] = text;
	strv->v[strv->n] = NULL;
}

void strv_copy(struct strv *dst, const struct strv *src)
{
	struct strv copy = STRV_INIT;

	for (size_t i = 0; i < src->n; i++)
		strv_push(&copy, src->v[i]);
	strv_done(dst);
	*dst = copy;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(struct strv *strv)
{
	if (strv->n > 1)
		qsort(strv->v, strv->n, sizeof(*strv->v), compare);
}

bool strv_has(const struct strv *strv, const char *text)
{
	for (size_t i = 0; i < strv->n; i++)
		if (!strcmp(strv->v[i], text))
			return true;
	return false;
}

static void push_trimmed(struct strv *strv, const char *part, size_t len)
{
	while (len && strchr(blanks, part[len - 1]))
		len--;
	while (len && strchr(blanks, *part)) {
		part++;
		len--;
	}
	if (len)
		strv_push_take(strv, xstrndup(part, len));
}

void strv_split(struct strv *strv, const char *text, char separator)
{
	const char *end;

	while ((end = strchr(text, separator))) {
		push_trimmed(strv, text, (size_t)(end - text));
		text = end + 1;
	}
	push_trimmed(strv, text, strlen(text));
}

char *strv_join(const struct strv *strv, const char *separator)
{
	AUTO_BUF text = BUF_INIT;

	for (size_t i = 0; i < strv->n; i++) {
		if (i)
			buf_puts(&text, separator);
		buf_puts(&text, strv->v[i]);
	}
	return buf_steal(&text);
}
