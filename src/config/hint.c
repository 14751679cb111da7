/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user may have meant by a word that is unknown. */
#include "hint.h"

#include <string.h>

enum { WORD_MAX = HINT_FAR }; /* no key is longer, and no name of the catalogue */

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

void hint_consider(const char *candidate, const char *name, const char **best, size_t *best_far)
{
	size_t far = distance(name, candidate);

	if (far < *best_far && far <= (strlen(candidate) + 2) / 3) {
		*best = candidate;
		*best_far = far;
	}
}

int hint_section(struct error *err, const struct config_schema *schema, const char *name)
{
	const struct config_section *section = schema->sections;
	char text[CONFIG_SECTION_TEXT_MAX], best[CONFIG_SECTION_TEXT_MAX] = "";
	size_t best_far = HINT_FAR;

	for (; section->name; section++) {
		for (unsigned int i = 0; i == 0 || i < section->instances; i++) {
			const char *found = NULL;

			config_section_text(section, i, text);
			hint_consider(text, name, &found, &best_far);
			if (found)
				memcpy(best, text, sizeof(best));
		}
	}
	return *best ? error_hint(err, "the nearest section is [%s]", best) : -err->code;
}

static const struct config_section *section_of(const struct config_schema *schema,
					       const struct config_key *key)
{
	const struct config_section *section = schema->sections;

	while (!config_key_in(key, section))
		section++;
	return section;
}

static int hint_place(struct error *err, const struct config_section *section, const char *name)
{
	char text[CONFIG_SECTION_TEXT_MAX];

	if (!*section->name)
		return error_hint(err, "'%s' stands before the first section", name);
	config_section_text(section, 0, text);
	return error_hint(err, "'%s' stands in section [%s]", name, text);
}

int hint_key(struct error *err, const struct config_schema *schema,
	     const struct config_section *section, const char *name)
{
	const char *best = NULL;
	size_t best_far = HINT_FAR;

	for (const struct config_key *key = schema->keys; key->word; key++) {
		if (strcmp(config_key_name(key), name) == 0)
			return hint_place(err, section_of(schema, key), name);
		if (config_key_in(key, section))
			hint_consider(config_key_name(key), name, &best, &best_far);
	}
	return best ? error_hint(err, "the nearest key is '%s'", best) : -err->code;
}
