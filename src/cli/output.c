/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables and JSON on standard output. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "output.h"

/* Characters of UTF-8: all bytes but the later ones of each. */
static size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static void print_row(const char *const *cells, const size_t *widths, size_t columns)
{
	for (size_t i = 0; i + 1 < columns; i++)
		printf("%s%*s", cells[i], (int)(widths[i] - text_width(cells[i])) + 2, "");
	printf("%s\n", cells[columns - 1]);
}

void output_table(const char *const *headings, size_t columns, const char *const *cells,
		  size_t rows)
{
	AUTO_FREE size_t *widths = xcalloc(columns, sizeof(*widths));

	for (size_t i = 0; i < columns; i++) {
		widths[i] = text_width(headings[i]);
		for (size_t row = 0; row < rows; row++) {
			size_t width = text_width(cells[row * columns + i]);

			if (width > widths[i])
				widths[i] = width;
		}
	}
	print_row(headings, widths, columns);
	for (size_t row = 0; row < rows; row++)
		print_row(cells + row * columns, widths, columns);
}

void output_json(struct json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(value);
}

void output_uptime(uint64_t seconds, char out[UPTIME_TEXT_MAX])
{
	if (seconds >= 86400)
		snprintf(out, UPTIME_TEXT_MAX, "%" PRIu64 "d%" PRIu64 "h", seconds / 86400,
			 seconds / 3600 % 24);
	else if (seconds >= 3600)
		snprintf(out, UPTIME_TEXT_MAX, "%" PRIu64 "h%02" PRIu64 "m", seconds / 3600,
			 seconds / 60 % 60);
	else if (seconds >= 60)
		snprintf(out, UPTIME_TEXT_MAX, "%" PRIu64 "m%02" PRIu64 "s", seconds / 60,
			 seconds % 60);
	else
		snprintf(out, UPTIME_TEXT_MAX, "%" PRIu64 "s", seconds);
}

const char *output_clean(const char *text)
{
	static char clean[2048];

	error_sanitise(clean, sizeof(clean), text);
	return clean;
}
