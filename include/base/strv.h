/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vector of strings: argv, environment, lists in files. */
#ifndef BASE_STRV_H
#define BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"

/* v is NULL while empty, else has n strings and a NULL after the last. */
struct strv {
	char **v;
	size_t n;
	size_t capacity;
};

#define STRV_INIT                                                                                  \
	{                                                                                          \
		.v = NULL                                                                          \
	}
#define AUTO_STRV AUTO(strv_done) struct strv

void strv_done(struct strv *strv);
void strv_clear(struct strv *strv);
void strv_push(struct strv *strv, const char *text);
void strv_pushf(struct strv *strv, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strv_push_take(struct strv *strv, char *text); /* takes ownership */
void strv_copy(struct strv *dst, const struct strv *src); /* replaces dst */
void strv_sort(struct strv *strv); /* bytewise */
bool strv_has(const struct strv *strv, const char *text);

/* Append the parts of text between separators, blanks trimmed, empty ones left out. */
void strv_split(struct strv *strv, const char *text, char separator);

/* The parts with separator between them; the caller frees it. */
char *strv_join(const struct strv *strv, const char *separator);

#endif
