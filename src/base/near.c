/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What somebody may have meant by a word that is unknown. */
#include "base/near.h"

#include <string.h>

enum { WORD_MAX = NEAR_FAR }; /* no key, option or name of the catalogue is longer */

static size_t min_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, row by row; words that are too long are far from all. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1], length = strlen(b);

	if (strlen(a) > WORD_MAX || length > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t replaced = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = min_of(replaced, 1 + min_of(row[j], row[j - 1]));
		}
	}
	return row[length];
}

void near_consider(const char *candidate, const char *word, const char **best, size_t *best_far)
{
	size_t far = distance(word, candidate);

	if (far < *best_far && far <= (strlen(candidate) + 2) / 3) {
		*best = candidate;
		*best_far = far;
	}
}
