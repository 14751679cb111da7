/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file as a table of keys: read over inih into the struct that the table describes. */
#include "keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "hint.h"
#include "ini_reader.h"

static char *at(void *config, size_t offset)
{
	return (char *)config + offset;
}

static size_t section_length(const struct config_key *key)
{
	const char *dot = strrchr(key->word, '.');

	return dot ? (size_t)(dot - key->word) : 0;
}

const char *config_key_name(const struct config_key *key)
{
	size_t len = section_length(key);

	return key->word + (len ? len + 1 : 0);
}

bool config_key_in(const struct config_key *key, const struct config_section *section)
{
	size_t len = section_length(key);

	return strlen(section->name) == len && strncmp(section->name, key->word, len) == 0;
}

void config_section_text(const struct config_section *section, unsigned int instance,
			 char out[CONFIG_SECTION_TEXT_MAX])
{
	if (section->instances)
		snprintf(out, CONFIG_SECTION_TEXT_MAX, "%s.%u", section->name, instance);
	else
		snprintf(out, CONFIG_SECTION_TEXT_MAX, "%s", section->name);
}

size_t config_offset(const struct config_key *key, const struct config_section *section,
		     unsigned int instance)
{
	return key->offset + instance * section->stride;
}

/* Make the section called text the current one; false: there is none. */
static bool find_section(struct config_reader *reader, const char *text)
{
	const struct config_section *section = reader->schema->sections;
	char name[CONFIG_SECTION_TEXT_MAX];

	for (; section->name; section++) {
		for (unsigned int i = 0; i == 0 || i < section->instances; i++) {
			config_section_text(section, i, name);
			if (strcmp(name, text) == 0) {
				reader->section = section;
				reader->instance = i;
				return true;
			}
		}
	}
	return false;
}

static void count_instance(struct config_reader *reader)
{
	unsigned int *count;

	if (!reader->section->instances)
		return;
	count = (unsigned int *)(void *)at(reader->config, reader->section->count_offset);
	if (*count <= reader->instance)
		*count = reader->instance + 1;
}

static int enter_section(struct config_reader *reader, const char *section, struct error *err)
{
	if (!*section || !find_section(reader, section)) {
		error_set(err, ERROR_USAGE, EINVAL, "unknown section '%s'", section);
		return hint_section(err, reader->schema, section);
	}
	count_instance(reader);
	return 0;
}

static int read_heading(void *user, const char *section, unsigned int line, struct error *err)
{
	(void)line;
	return enter_section(user, section, err);
}

static int unknown_key(const struct config_reader *reader, const char *section, const char *name,
		       struct error *err)
{
	if (*section)
		error_set(err, ERROR_USAGE, EINVAL, "unknown key '%s' in section [%s]", name,
			  section);
	else
		error_set(err, ERROR_USAGE, EINVAL, "unknown key '%s'", name);
	return hint_key(err, reader->schema, reader->section, name);
}

static const struct config_key *find_key(const struct config_reader *reader, const char *name)
{
	for (const struct config_key *key = reader->schema->keys; key->word; key++) {
		if (config_key_in(key, reader->section) && strcmp(config_key_name(key), name) == 0)
			return key;
	}
	return NULL;
}

static void *field_of(const struct config_reader *reader, const struct config_key *key)
{
	return at(reader->config, config_offset(key, reader->section, reader->instance));
}

int config_read_key(struct config_reader *reader, const char *section, const char *name,
		    const char *value, struct error *err)
{
	const struct config_key *key = find_key(reader, name);
	uint32_t bit = UINT32_C(1) << reader->instance;
	uint32_t *seen;

	if (!key)
		return unknown_key(reader, section, name, err);
	if (reader->instance < key->first) {
		error_set(err, ERROR_USAGE, EINVAL,
			  "key '%s' of section [%s] has a file of its own", name, section);
		return error_hint(err, "the file is vm.%s", name);
	}
	seen = &reader->seen[key - reader->schema->keys];
	if (!(*seen & bit)) {
		*seen |= bit;
		return key->type->parse(key, value, field_of(reader, key), err);
	}
	if (!key->type->add)
		return error_set(err, ERROR_USAGE, EINVAL, "key '%s' is given twice", name);
	return key->type->add(key, value, field_of(reader, key), err);
}

/* The reader is in this section: inih tells its keys after the heading that we saw. */
static int read_key(void *user, const char *section, const char *name, const char *value,
		    struct error *err)
{
	return config_read_key(user, section, name, value, err);
}

int config_read(const struct config_schema *schema, const char *origin, const char *text,
		size_t len, void *config, struct error *err)
{
	static const struct ini_events events = { read_heading, read_key };
	struct config_reader reader = { .schema = schema,
					.config = config,
					.section = schema->sections };

	return ini_read(origin, text, len, &events, &reader, err);
}

int config_set(const struct config_schema *schema, const char *word, const char *value,
	       void *config, struct error *err)
{
	struct config_reader reader = { .schema = schema,
					.config = config,
					.section = schema->sections };
	const char *dot = strrchr(word, '.');
	const char *name = dot ? dot + 1 : word;
	AUTO_FREE char *section = xstrndup(word, dot ? (size_t)(dot - word) : 0);
	const struct config_key *key;
	int r = dot ? enter_section(&reader, section, err) : 0;

	if (r < 0)
		return r;
	key = find_key(&reader, name);
	if (!key)
		return unknown_key(&reader, section, name, err);
	if (key->optional && !*value) {
		key->type->clear(field_of(&reader, key));
		return 0;
	}
	return key->type->parse(key, value, field_of(&reader, key), err);
}

const char *const *config_words(const struct config_key *keys,
				const char *words[CONFIG_KEYS_MAX + 1])
{
	size_t n = 0;

	for (; keys[n].word; n++)
		words[n] = keys[n].word;
	words[n] = NULL;
	return words;
}
