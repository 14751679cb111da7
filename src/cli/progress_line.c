/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line of a transfer in words, and its rate. No terminal here. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "output.h"
#include "progress.h"

enum {
	BAR_MIN = 10, /* columns between the brackets; a shorter one tells nothing */
	BAR_MAX = 60,
	LEFT_MAX_S = 99 * 3600, /* more is no forecast */
	SAMPLE_MS = 250,
	RATE_FROM_MS = 500,
};

/* In the order of the line. */
enum field {
	FIELD_NAME,
	FIELD_PHASE,
	FIELD_BAR,
	FIELD_PERCENT,
	FIELD_BYTES,
	FIELD_RATE,
	FIELD_LEFT
};
enum { FIELDS = FIELD_LEFT + 1, FIELD_TEXT_MAX = 80 };

/* What a narrow terminal keeps longest. */
static const enum field by_weight[] = { FIELD_PERCENT, FIELD_NAME, FIELD_BYTES,
					FIELD_RATE,    FIELD_LEFT, FIELD_PHASE };

static void format_left(const struct progress_line *line, char out[FIELD_TEXT_MAX])
{
	uint64_t seconds = line->rate ? (line->total - line->done) / line->rate : UINT64_MAX;

	if (seconds > LEFT_MAX_S)
		snprintf(out, FIELD_TEXT_MAX, "%8s", "-:--");
	else if (seconds >= 3600)
		snprintf(out, FIELD_TEXT_MAX, "%2" PRIu64 ":%02" PRIu64 ":%02" PRIu64,
			 seconds / 3600, seconds / 60 % 60, seconds % 60);
	else
		snprintf(out, FIELD_TEXT_MAX, "%5" PRIu64 ":%02" PRIu64, seconds / 60,
			 seconds % 60);
}

/* In columns of one width, so that nothing but the figures moves. */
static void format_fields(const struct progress_line *line, char texts[FIELDS][FIELD_TEXT_MAX])
{
	char done[SIZE_TEXT_MAX], total[SIZE_TEXT_MAX], rate[SIZE_TEXT_MAX];

	snprintf(texts[FIELD_NAME], FIELD_TEXT_MAX, "%s", line->name);
	snprintf(texts[FIELD_PHASE], FIELD_TEXT_MAX, "%s", line->phase);
	size_format(line->done, done);
	size_format(line->total, total);
	size_format(line->rate, rate);
	if (line->rate)
		snprintf(texts[FIELD_RATE], FIELD_TEXT_MAX, "%7s/s", rate);
	if (!line->total) {
		if (line->done)
			snprintf(texts[FIELD_BYTES], FIELD_TEXT_MAX, "%7s", done);
		return;
	}
	snprintf(texts[FIELD_PERCENT], FIELD_TEXT_MAX, "%3u%%",
		 (unsigned int)((double)line->done * 100 / (double)line->total));
	snprintf(texts[FIELD_BYTES], FIELD_TEXT_MAX, "%7s/%s", done, total);
	format_left(line, texts[FIELD_LEFT]);
}

static void add_bar(const struct progress_line *line, size_t width, struct buf *out)
{
	size_t full;

	if (width > BAR_MAX)
		width = BAR_MAX;
	full = (size_t)((double)line->done * (double)width / (double)line->total);
	buf_puts(out, "[");
	for (size_t i = 0; i < width; i++)
		buf_puts(out, i < full ? "=" : i == full ? ">" : " ");
	buf_puts(out, "]");
}

/* Empty what does not fit, the lightest first. Returns the room left, for a blank and a field. */
static size_t choose_fields(char texts[FIELDS][FIELD_TEXT_MAX], size_t width)
{
	size_t room = width + 1; /* no blank stands in front of the first field */

	for (size_t i = 0; i < ARRAY_SIZE(by_weight); i++) {
		char *text = texts[by_weight[i]];
		size_t len = strlen(text);

		if (by_weight[i] == FIELD_NAME && len >= room && room > 0) {
			len = room - 1;
			text[len] = '\0';
		}
		if (len >= room)
			text[0] = '\0';
		else if (len)
			room -= len + 1;
	}
	return room;
}

void progress_format(const struct progress_line *line, size_t width, struct buf *out)
{
	struct progress_line known = *line;
	char texts[FIELDS][FIELD_TEXT_MAX] = { "" };
	size_t room, start = out->len;

	if (known.total < known.done)
		known.total = 0;
	format_fields(&known, texts);
	room = choose_fields(texts, width);
	for (size_t i = 0; i < FIELDS; i++) {
		const char *blank = out->len > start ? " " : "";

		if (i == FIELD_BAR && known.total && room > BAR_MIN + 3) {
			buf_puts(out, blank);
			add_bar(&known, room - 3, out);
		} else if (texts[i][0]) {
			buf_printf(out, "%s%s", blank, texts[i]);
		}
	}
}

void progress_format_sum(uint64_t bytes, int64_t ms, struct buf *out)
{
	char size[SIZE_TEXT_MAX], seconds[UPTIME_TEXT_MAX];

	size_format(bytes, size);
	output_uptime((uint64_t)(ms < 0 ? 0 : ms) / 1000, seconds);
	buf_printf(out, "%s in %s", size, seconds);
	if (ms < RATE_FROM_MS || !bytes)
		return;
	size_format((uint64_t)((double)bytes * 1000 / (double)ms), size);
	buf_printf(out, " (%s/s)", size);
}

uint64_t progress_rate_add(struct progress_rate *rate, int64_t now_ms, uint64_t bytes)
{
	size_t newest = (rate->next + PROGRESS_SAMPLES - 1) % PROGRESS_SAMPLES, oldest;
	int64_t ms;

	/* from another mirror, or from the beginning */
	if (rate->n && bytes < rate->v[newest].bytes)
		rate->n = rate->next = 0;
	if (!rate->n || now_ms - rate->v[newest].ms >= SAMPLE_MS) {
		rate->v[rate->next].ms = now_ms;
		rate->v[rate->next].bytes = bytes;
		rate->next = (rate->next + 1) % PROGRESS_SAMPLES;
		if (rate->n < PROGRESS_SAMPLES)
			rate->n++;
	}
	oldest = (rate->next + PROGRESS_SAMPLES - rate->n) % PROGRESS_SAMPLES;
	ms = now_ms - rate->v[oldest].ms;
	if (ms < RATE_FROM_MS)
		return 0;
	return (uint64_t)((double)(bytes - rate->v[oldest].bytes) * 1000 / (double)ms);
}
