/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a transfer is: a line that is redrawn on a terminal, and one line at its end. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/parse.h"
#include "vm/pull.h"
#include "cli.h"

/* What the line tells. Pure; the rest of this header is about a terminal. */
struct progress_line {
	const char *name, *phase; /* phase: "" says nothing */
	uint64_t done, total; /* bytes; total 0: not known */
	uint64_t rate; /* bytes a second; 0: not known */
};

/*
 * Append the line, of at most width columns: as much as fits, the bar in what is left. A total less
 * than done is as one that is not known.
 */
void progress_format(const struct progress_line *line, size_t width, struct buf *out);

/* Append "412.5M in 12s (34.4M/s)"; without the rate where there is none to tell. */
void progress_format_sum(uint64_t bytes, int64_t ms, struct buf *out);

/* Bytes and when they were there, the latest seconds of them. All zero at the start. */
enum { PROGRESS_SAMPLES = 24 };
struct progress_rate {
	struct {
		int64_t ms;
		uint64_t bytes;
	} v[PROGRESS_SAMPLES];
	size_t n, next;
};

/* Add what is there by now, and what comes a second in the seconds before; 0: not known yet. */
uint64_t progress_rate_add(struct progress_rate *rate, int64_t now_ms, uint64_t bytes);

/*
 * From begin to end notes of the operation clear the line first, and a signal that ends the program
 * leaves the cursor below it, and of a pull how to go on. begin on zeroed memory; end is harmless
 * without it, and twice.
 */
struct progress {
	struct cli *cli;
	struct vm_pull_options options;
	bool draws; /* on a terminal, and not -q */
	bool shown; /* the line stands there */
	int64_t drawn_ms;
	void (*note)(void *context, const char *text); /* the cli's own, put back at the end */
	void *note_context;
	char name[NAME_MAX_LEN + 1]; /* of what the line tells of */
	int phase; /* vm_pull_phase; -1: none yet */
	uint64_t received; /* over the network */
	int64_t receive_ms; /* since when; 0: nothing came */
	int64_t received_ms; /* until when */
	bool told; /* of what was received */
	struct progress_rate rate;
};

void progress_begin(struct progress *progress, struct cli *cli);

/* For vm_pull() and all that may pull; valid until progress_end(). */
const struct vm_pull_options *progress_options(struct progress *progress);

/* For operations that only count bytes, as vm_image_verify(): first what they work on. */
void progress_name(struct progress *progress, const char *name);
void progress_bytes(void *arg, uint64_t done, uint64_t total);

/* The line that stays: "debian-13: pulled debian-13-20261123-0123456789ab, 412.5M in 12s (...)". */
void progress_pulled(struct progress *progress, const char *entry, const struct vm_pulled *pulled);

/* Clear the line. A download that came to its end and was not told of is told now. */
void progress_end(struct progress *progress);

#endif
