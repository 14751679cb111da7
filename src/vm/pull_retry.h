/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which mirror is asked next, and after how long. Pure. */
#ifndef VM_PULL_RETRY_H
#define VM_PULL_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/catalogue.h"

/* What went wrong with a try. */
enum retry_event {
	RETRY_AGAIN, /* it may go better later */
	RETRY_REFUSED, /* not at this mirror */
	RETRY_NO_RANGE, /* this mirror sends all or nothing */
	RETRY_WRONG, /* all of it came, and has another digest */
	RETRY_WRONG_RESUMED, /* likewise, but not all of it is of this transfer */
};

enum retry_step {
	RETRY_GO_ON, /* ask retry->mirror for the rest */
	RETRY_FROM_ZERO, /* ask it for all: forget what is there */
	RETRY_GIVE_UP,
};

struct retry {
	size_t n_mirrors;
	size_t mirror; /* to ask now */
	unsigned int tries_max;
	unsigned int tries; /* in vain, since the file last grew */
	unsigned int tries_all;
	uint64_t most; /* bytes of the file that have been there */
	struct retry_mirror {
		enum { MIRROR_OPEN, MIRROR_NO_RANGE, MIRROR_CLOSED } state;
		unsigned int failures; /* since the file last grew */
		unsigned int retry_after_s;
		bool asked_anew; /* after RETRY_WRONG_RESUMED, which it is granted once */
	} mirrors[CATALOGUE_MIRRORS_MAX];
};

/* A try that brought less than that is one in vain. */
enum { RETRY_PROGRESS = 1 << 20 };

void retry_init(struct retry *retry, size_t n_mirrors, unsigned int tries_max);

/*
 * The event of a file with another digest, some of which was there before the transfer (mixed) or
 * not: whose fault that is, is found out by asking the mirror for all of it, but only once. Or two
 * that break off by turns would be asked for ever.
 */
enum retry_event retry_wrong(const struct retry *retry, bool mixed);

/*
 * A try has failed, with that many bytes of the file there now. retry_after_s is the server's wish,
 * of which a minute is granted; jitter any random number. *ret_delay_ms is for before the next try:
 * none at a mirror that has not failed yet, else 1, 2, 4 and then 8 s, a quarter more or less.
 */
enum retry_step retry_failed(struct retry *retry, enum retry_event event, uint64_t bytes,
			     unsigned int retry_after_s, uint32_t jitter,
			     unsigned int *ret_delay_ms);

#endif
