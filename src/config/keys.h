/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file as a table of keys: read over inih into the struct that the table describes. */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "values.h"

enum { CONFIG_KEYS_MAX = 80 };

struct config_section {
	const char *name; /* "" for the lines before any heading */
	unsigned int instances; /* 0: [name]; else [name.0] up to [name.instances-1] */
	size_t stride; /* bytes from a field of one instance to that of the next */
	size_t count_offset; /* of the unsigned int that counts the instances */
};

/* Both tables end with an entry of NULL. */
struct config_schema {
	const struct config_section *sections;
	const struct config_key *keys;
};

/* The part of key->word after the section. */
const char *config_key_name(const struct config_key *key);

/* Is key one of this section's? */
bool config_key_in(const struct config_key *key, const struct config_section *section);

/* "name" or "name.N" */
enum { CONFIG_SECTION_TEXT_MAX = 32 };
void config_section_text(const struct config_section *section, unsigned int instance,
			 char out[CONFIG_SECTION_TEXT_MAX]);

/* Where in the struct the key's field is for one instance of its section. */
size_t config_offset(const struct config_key *key, const struct config_section *section,
		     unsigned int instance);

/* How many of a section there are in config; 1 where it is not numbered. */
unsigned int config_instances(const struct config_section *section, const void *config);

/* Read text over config, as host_config_parse() and vm_config_parse() promise. */
int config_read(const struct config_schema *schema, const char *origin, const char *text,
		size_t len, void *config, struct error *err);

/*
 * A reader of one struct, key by key, for files whose sections have names of their own. It begins
 * as { .schema, .config, .section = schema->sections }.
 */
struct config_reader {
	const struct config_schema *schema;
	void *config;
	const struct config_section *section; /* of the heading read last */
	unsigned int instance;
	uint32_t seen[CONFIG_KEYS_MAX]; /* a bit for each instance that had the key */
};

/* section is the heading, for messages. */
int config_read_key(struct config_reader *reader, const char *section, const char *name,
		    const char *value, struct error *err);

/*
 * Append to ret the text that config_read() makes the same struct of, or nothing on failure.
 * scratch is a struct of that kind, all zeros, for the caller to release: each line is read into it
 * before it counts as written.
 */
int config_write(const struct config_schema *schema, const void *config, void *scratch,
		 struct buf *ret, struct error *err);

/* As vm_config_set() promises. */
int config_set(const struct config_schema *schema, const char *word, const char *value,
	       void *config, struct error *err);

/* Fill words with the words of all keys and a NULL at the end, and return it. */
const char *const *config_words(const struct config_key *keys,
				const char *words[CONFIG_KEYS_MAX + 1]);

#endif
