/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A strict reader of INI text over inih: what inih forgives or drops is an error with a line. */
#ifndef CONFIG_INI_READER_H
#define CONFIG_INI_READER_H

#include <stddef.h>

#include "base/error.h"

/*
 * inih's buffer holds 200 bytes unless it was built otherwise, less "\r\n" and the NUL.
 * The limit is ours, so that a file means the same with every build of it.
 */
enum { INI_LINE_MAX = 197 };

/* Each returns 0 or -errno with err filled; the reader puts "origin:line: " in front and stops. */
struct ini_events {
	/* A heading, before its keys and even without any. */
	int (*section)(void *user, const char *section, unsigned int line, struct error *err);
	/* The strings are the reader's and live for the call. section is "" before any heading. */
	int (*key)(void *user, const char *section, const char *name, const char *value,
		   struct error *err);
};

/*
 * `name = value` or `name: value`; [section]; comments are lines that begin with ';' or '#'
 * and what follows " ;" in a line. Lines may be indented and end in CR LF; a tab is a blank.
 * No line goes on in the next. ERROR_USAGE for control characters, NUL bytes, what is no
 * UTF-8, over-long lines and lines that are none of these.
 */
int ini_read(const char *origin, const char *text, size_t len, const struct ini_events *events,
	     void *user, struct error *err);

/* Would ini_read() give this value back unchanged from a line `name = value`? ERROR_USAGE. */
int ini_check_value(const char *name, const char *value, struct error *err);

#endif
