/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user may have meant by a section or key that is unknown. */
#include "hint.h"

#include <string.h>

#include "base/near.h"

int hint_section(struct error *err, const struct config_schema *schema, const char *name)
{
	const struct config_section *section = schema->sections;
	char text[CONFIG_SECTION_TEXT_MAX], best[CONFIG_SECTION_TEXT_MAX] = "";
	size_t best_far = NEAR_FAR;

	for (; section->name; section++) {
		for (unsigned int i = 0; i == 0 || i < section->instances; i++) {
			const char *found = NULL;

			config_section_text(section, i, text);
			near_consider(text, name, &found, &best_far);
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
	size_t best_far = NEAR_FAR;

	for (const struct config_key *key = schema->keys; key->word; key++) {
		if (strcmp(config_key_name(key), name) == 0)
			return hint_place(err, section_of(schema, key), name);
		if (config_key_in(key, section))
			near_consider(config_key_name(key), name, &best, &best_far);
	}
	return best ? error_hint(err, "the nearest key is '%s'", best) : -err->code;
}
