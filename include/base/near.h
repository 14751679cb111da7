/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What somebody may have meant by a word that is unknown. */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H

#include <stddef.h>

/*
 * Take candidate for *best when it is nearer to word, and near at all. *best_far is the distance of
 * *best; it begins as NEAR_FAR. Words of more than NEAR_FAR bytes are near to none.
 */
enum { NEAR_FAR = 40 };
void near_consider(const char *candidate, const char *word, const char **best, size_t *best_far);

#endif
