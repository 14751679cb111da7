/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is never short, and scope-bound release of what C lets leak. */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Memory exhaustion ends the process with exit code 1: every kernel object is
 * owned by a descriptor or recorded on disk before it exists, so nothing is
 * lost by it. The results are never NULL and are released with free().
 */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *ptr, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t max);
void *xmemdup(const void *data, size_t size); /* for tests and fuzzers, so far */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));

/* Replace *text (freed) by a copy of value; NULL is kept as NULL. */
void xreplace(char **text, const char *value);

/* Close *fd unless it is negative, keep errno, and set it to -1. */
void fd_close(int *fd);

/* Take a descriptor or a pointer out of its variable's care. */
int fd_steal(int *fd);
void *ptr_steal_(void *variable);
#define ptr_steal(variable) ((__typeof__(*(variable)))ptr_steal_(variable))

void auto_free_(void *variable);
void auto_fclose_(FILE **file);

#define AUTO(release) __attribute__((cleanup(release)))
#define AUTO_FREE AUTO(auto_free_)
#define AUTO_CLOSE AUTO(fd_close)
#define AUTO_FCLOSE AUTO(auto_fclose_) /* for tests and benches, so far */

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
