/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which mirror is asked next, and after how long. */
#include "pull_retry.h"

enum { BACK_OFF_MS = 1000, BACK_OFF_DOUBLINGS = 3, RETRY_AFTER_MAX_S = 60 };

void retry_init(struct retry *retry, size_t n_mirrors, unsigned int tries_max)
{
	*retry = (struct retry){
		.n_mirrors = n_mirrors < CATALOGUE_MIRRORS_MAX ? n_mirrors : CATALOGUE_MIRRORS_MAX,
		.tries_max = tries_max,
	};
}

/*
 * A connection that breaks every few megabytes still gets there in the end. One that always breaks
 * at the same place does not count as getting on, nor does what a server sends once more.
 */
static void note_progress(struct retry *retry, uint64_t bytes)
{
	if (bytes < retry->most || bytes - retry->most < RETRY_PROGRESS)
		return;
	retry->most = bytes;
	retry->tries = 0;
	for (size_t i = 0; i < retry->n_mirrors; i++)
		retry->mirrors[i].failures = 0;
}

static void note_failure(struct retry *retry, enum retry_event event, unsigned int retry_after_s)
{
	struct retry_mirror *mirror = &retry->mirrors[retry->mirror];

	retry->tries++;
	retry->tries_all++;
	if (event != RETRY_NO_RANGE) /* it answers: there is nothing to wait for */
		mirror->failures++;
	mirror->retry_after_s = retry_after_s < RETRY_AFTER_MAX_S ? retry_after_s
								  : RETRY_AFTER_MAX_S;
	if (event == RETRY_REFUSED || event == RETRY_WRONG)
		mirror->state = MIRROR_CLOSED;
	if (event == RETRY_NO_RANGE)
		mirror->state = MIRROR_NO_RANGE;
	mirror->asked_anew |= event == RETRY_WRONG_RESUMED;
	if (event == RETRY_WRONG || event == RETRY_WRONG_RESUMED)
		retry->most = 0;
}

enum retry_event retry_wrong(const struct retry *retry, bool mixed)
{
	return mixed && !retry->mirrors[retry->mirror].asked_anew ? RETRY_WRONG_RESUMED
								  : RETRY_WRONG;
}

/* The first after the one that failed, itself the last. */
static bool pick(struct retry *retry, int state, bool unharmed)
{
	for (size_t i = 1; i <= retry->n_mirrors; i++) {
		size_t at = (retry->mirror + i) % retry->n_mirrors;

		if ((int)retry->mirrors[at].state != state ||
		    (unharmed && retry->mirrors[at].failures))
			continue;
		retry->mirror = at;
		return true;
	}
	return false;
}

/* What is there is dear, but not dearer than an end. */
static enum retry_step choose(struct retry *retry)
{
	if (pick(retry, MIRROR_OPEN, true))
		return RETRY_GO_ON;
	if (pick(retry, MIRROR_NO_RANGE, false)) {
		for (size_t i = 0; i < retry->n_mirrors; i++)
			if (retry->mirrors[i].state == MIRROR_NO_RANGE)
				retry->mirrors[i].state = MIRROR_OPEN;
		return RETRY_FROM_ZERO;
	}
	return pick(retry, MIRROR_OPEN, false) ? RETRY_GO_ON : RETRY_GIVE_UP;
}

static unsigned int delay(const struct retry_mirror *mirror, uint32_t jitter)
{
	unsigned int doublings = mirror->failures - 1;
	unsigned int ms;

	if (doublings > BACK_OFF_DOUBLINGS)
		doublings = BACK_OFF_DOUBLINGS;
	ms = (unsigned int)BACK_OFF_MS << doublings;
	ms += ms / 4 - jitter % (ms / 2 + 1); /* that they do not come all at once */
	if (ms < mirror->retry_after_s * 1000)
		ms = mirror->retry_after_s * 1000;
	return ms;
}

enum retry_step retry_failed(struct retry *retry, enum retry_event event, uint64_t bytes,
			     unsigned int retry_after_s, uint32_t jitter,
			     unsigned int *ret_delay_ms)
{
	size_t failed = retry->mirror;
	enum retry_step step = RETRY_FROM_ZERO;

	note_progress(retry, bytes);
	note_failure(retry, event, retry_after_s);
	*ret_delay_ms = 0;
	if (retry->tries >= retry->tries_max)
		return RETRY_GIVE_UP;
	if (event == RETRY_WRONG_RESUMED)
		return RETRY_FROM_ZERO;
	step = choose(retry);
	if (step == RETRY_GIVE_UP)
		return step;
	if (event == RETRY_WRONG)
		step = RETRY_FROM_ZERO;
	if (event == RETRY_NO_RANGE && retry->mirror == failed)
		return step;
	if (retry->mirrors[retry->mirror].failures)
		*ret_delay_ms = delay(&retry->mirrors[retry->mirror], jitter);
	return step;
}
