/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user may have meant by a word that is unknown. */
#ifndef CONFIG_HINT_H
#define CONFIG_HINT_H

#include "base/error.h"
#include "keys.h"

/*
 * Take candidate for *best when it is nearer to name, and near at all. *best_far is the distance of
 * *best; it begins as HINT_FAR.
 */
enum { HINT_FAR = 40 };
void hint_consider(const char *candidate, const char *name, const char **best, size_t *best_far);

/* Name the section or key nearest to name, if any is near, in err's hint. Returns -err->code. */
int hint_section(struct error *err, const struct config_schema *schema, const char *name);

/* The same key in another section comes before a similar one in this. */
int hint_key(struct error *err, const struct config_schema *schema,
	     const struct config_section *section, const char *name);

#endif
