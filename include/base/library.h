/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Libraries that are loaded where they are used and not at each start of the program. */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include <stddef.h>

#include "base/error.h"

/*
 * libarchive and libcurl bring some thirty libraries along: 2 to 10 ms of dynamic linking, more than all
 * else that a command like status does. So each is a struct of function pointers, whose members are
 * the functions' own names and types, filled from a list of them (an X macro; src/fetch/libcurl.h).
 */
struct library {
	const char *soname; /* "libcurl.so.4": the ABI that the headers are of */
	const char *title; /* "libcurl" */
	const char *packages; /* for the hint: "libcurl4 (Alpine: libcurl)" */
	const char *const *names; /* of functions, NULL at the end */
};

/*
 * Fill functions, one pointer for each name in order, and leave it untouched on failure. The
 * library stays loaded. ERROR_HOST with a hint: it is not there, or lacks a function.
 */
int library_load(const struct library *library, void *functions, struct error *err);

#endif
