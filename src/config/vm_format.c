/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The writer of vm.conf: a line comes out only when the reader would give its value back. */
#include "config/vm_config.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "ini_reader.h"
#include "vm_keys.h"

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
	const struct vm_config *config;
	struct vm_config *scratch;
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
	for (const struct config_key *key = vm_schema.keys; r == 0 && key->word; key++) {
		if (config_key_in(key, section) && instance >= key->first)
			r = put_key(writer, key, config_offset(key, section, instance), err);
	}
	return r;
}

static unsigned int instances_of(const struct config_section *section,
				 const struct vm_config *config)
{
	const char *count = (const char *)config + section->count_offset;

	return section->instances ? *(const unsigned int *)(const void *)count : 1;
}

int vm_config_format(const struct vm_config *config, struct buf *ret, struct error *err)
{
	AUTO(vm_config_done) struct vm_config scratch = { 0 };
	AUTO_BUF text = BUF_INIT;
	struct writer writer = { config, &scratch, &text };
	const struct config_section *section = vm_schema.sections;
	int r = vm_config_check(config, err);

	for (; r == 0 && section->name; section++) {
		for (unsigned int i = 0; r == 0 && i < instances_of(section, config); i++)
			r = put_section(&writer, section, i, err);
	}
	if (r < 0)
		return error_prefix(err, "write vm.conf");
	buf_add(ret, buf_str(&text), text.len);
	return 0;
}

static bool same_value(const struct config_key *key, size_t offset, const struct vm_config *a,
		       const struct vm_config *b)
{
	AUTO_BUF left = BUF_INIT;
	AUTO_BUF right = BUF_INIT;

	key->type->format(key, (const char *)a + offset, &left);
	key->type->format(key, (const char *)b + offset, &right);
	return strcmp(buf_str(&left), buf_str(&right)) == 0;
}

static bool matters_to_qemu(const struct config_key *key)
{
	return strcmp(key->word, "protect") != 0 && strcmp(key->word, "stop_timeout") != 0;
}

static void diff_section(const struct config_section *section, unsigned int instance,
			 const struct vm_config *a, const struct vm_config *b, struct strv *ret)
{
	char heading[CONFIG_SECTION_TEXT_MAX];

	config_section_text(section, instance, heading);
	for (const struct config_key *key = vm_schema.keys; key->word; key++) {
		if (config_key_in(key, section) && matters_to_qemu(key) &&
		    !same_value(key, config_offset(key, section, instance), a, b))
			strv_pushf(ret, "%s%s%s", heading, *heading ? "." : "",
				   config_key_name(key));
	}
}

void vm_config_diff(const struct vm_config *a, const struct vm_config *b, struct strv *ret)
{
	const struct config_section *section = vm_schema.sections;

	for (; section->name; section++) {
		unsigned int n_a = instances_of(section, a), n_b = instances_of(section, b);

		for (unsigned int i = 0; i < n_a || i < n_b; i++) {
			if (i < n_a && i < n_b)
				diff_section(section, i, a, b, ret);
			else
				strv_pushf(ret, "%s.%u", section->name, i);
		}
	}
}
