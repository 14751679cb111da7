/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Libraries that are loaded where they are used and not at each start of the program. */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include "base/error.h"

/*
 * libarchive and libcurl bring some thirty libraries along: 2 to 10 ms of dynamic linking, more
 * than all else that a command like status does. So what is used of each is a struct of function
 * pointers, whose members are the functions' own names and types, made from a list of them, an X
 * macro:
 *
 *	#define CURL_FUNCTIONS(X) X(curl_easy_init) X(curl_easy_perform)
 *	static struct { CURL_FUNCTIONS(LIBRARY_MEMBER) } curl;
 *	static const char *const names[] = { CURL_FUNCTIONS(LIBRARY_NAME) NULL };
 */
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator's name takes none */
#define LIBRARY_MEMBER(name) __typeof__(name) *name;
#define LIBRARY_NAME(name) #name,

struct library {
	const char *soname; /* "libcurl.so.4": the ABI that the headers are of */
	const char *title; /* "libcurl" */
	const char *packages; /* for the hint: "libcurl4 (Alpine: libcurl)" */
};

/* More than one layer uses it, each by a list of its own. */
extern const struct library library_libarchive;

/*
 * Fill functions, one pointer for each of names (NULL at the end) in order, and leave it untouched
 * on failure. The library stays loaded. ERROR_HOST with a hint: it is not there, or lacks a
 * function.
 */
int library_load(const struct library *library, const char *const *names, void *functions,
		 struct error *err);

#endif
