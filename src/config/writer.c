/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writer of a table of keys: a line comes out only when the reader would give its value back.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/strv.h"
#include "ini_reader.h"
#include "keys.h"

static int put_line(const char *name, const char *value, struct buf *ret, struct error *err)
{
	int r = ini_check_value(name, value, err);

	if (r < 0)
		return r;
	buf_printf(ret, "%s =%s%s\n", name, *value ? " " : "", value);
	return 0;
}

/* Where to cut text so that at most room bytes stand before the cut: at a blank of its own. */
static size_t find_cut(const char *text, size_t room)
{
	for (size_t cut = room; cut > 0; cut--) {
		if (text[cut] == ' ' && text[cut - 1] != ' ' && text[cut + 1] != ' ')
			return cut;
	}
	return room;
}

/* A value that may be longer than a line, in parts that the reader joins with a blank. */
static int put_parts(const char *name, const char *value, struct buf *ret, struct error *err)
{
	size_t room = INI_LINE_MAX - strlen(name) - strlen(" = ");
	int r;

	while (strlen(value) > room) {
		size_t cut = find_cut(value, room);
		AUTO_FREE char *part = xstrndup(value, cut);

		if (value[cut] != ' ')
			break;
		r = put_line(name, part, ret, err);
		if (r < 0)
			return r;
		value += cut + 1;
	}
	return put_line(name, value, ret, err);
}

/* The elements of a list one by one: "a,b" as one element would be read as two. */
static int check_elements(const struct config_key *key, const struct strv *list, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->n; i++)
		r = key->check(config_key_name(key), list->v[i], err);
	return r;
}

static int check_readable(const struct config_key *key, const char *text, const void *field,
			  void *scratch, struct error *err)
{
	int r = key->type->parse(key, text, scratch, err);

	if (r == 0 && (key->type == &value_list || key->type == &value_long_list))
		r = check_elements(key, field, err);
	return r;
}

/* The writer's place: scratch takes what the reader makes of each line. */
struct writer {
	const struct config_schema *schema;
	const void *config;
	void *scratch;
	struct buf *text;
};

static int put_key(const struct writer *writer, const struct config_key *key, size_t offset,
		   struct error *err)
{
	const void *field = (const char *)writer->config + offset;
	const char *name = config_key_name(key);
	AUTO_BUF value = BUF_INIT;
	int r;

	key->type->format(key, field, &value);
	if (!value.len && key->optional)
		return 0;
	r = check_readable(key, buf_str(&value), field, (char *)writer->scratch + offset, err);
	if (r < 0)
		return r;
	return key->type->add ? put_parts(name, buf_str(&value), writer->text, err)
			      : put_line(name, buf_str(&value), writer->text, err);
}

static int put_section(const struct writer *writer, const struct config_section *section,
		       unsigned int instance, struct error *err)
{
	char heading[CONFIG_SECTION_TEXT_MAX];
	int r = 0;

	config_section_text(section, instance, heading);
	if (*heading)
		buf_printf(writer->text, "\n[%s]\n", heading);
	for (const struct config_key *key = writer->schema->keys; r == 0 && key->word; key++) {
		if (config_key_in(key, section) && instance >= key->first)
			r = put_key(writer, key, config_offset(key, section, instance), err);
	}
	return r;
}

unsigned int config_instances(const struct config_section *section, const void *config)
{
	const char *count = (const char *)config + section->count_offset;

	return section->instances ? *(const unsigned int *)(const void *)count : 1;
}

int config_write(const struct config_schema *schema, const void *config, void *scratch,
		 struct buf *ret, struct error *err)
{
	AUTO_BUF text = BUF_INIT;
	const struct writer writer = { schema, config, scratch, &text };
	const struct config_section *section = schema->sections;
	int r = 0;

	for (; r == 0 && section->name; section++) {
		for (unsigned int i = 0; r == 0 && i < config_instances(section, config); i++)
			r = put_section(&writer, section, i, err);
	}
	if (r == 0)
		buf_add(ret, buf_str(&text), text.len);
	return r;
}
