/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables and JSON on standard output. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

struct json_t;

/* Columns as wide as their widest cell, two blanks apart. cells has rows * columns texts. */
void output_table(const char *const *headings, size_t columns, const char *const *cells,
		  size_t rows);

/* Pretty-printed with a newline; takes the reference. */
void output_json(struct json_t *value);

/* "3d4h", "5h12m", "7m03s", "12s" into out. */
enum { UPTIME_TEXT_MAX = 24 };
void output_uptime(uint64_t seconds, char out[UPTIME_TEXT_MAX]);

/* A text for a terminal or a pipe: sanitised, in a static buffer for the next printf only. */
const char *output_clean(const char *text);

#endif
