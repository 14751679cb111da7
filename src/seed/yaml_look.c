/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look at a few values of a YAML document, in bounded time and memory. */
#include "yaml_look.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

enum { DEPTH_MAX = 64 };

/* A list or map that is open. */
struct frame {
	bool is_map;
	bool has_key; /* the next node is this key's value */
	char key[32];
};

struct walk {
	struct yaml_look *looks;
	size_t n_looks;
	struct frame frames[DEPTH_MAX];
	size_t depth;
	unsigned int documents;
	bool root_is_map;
};

static enum yaml_kind event_kind(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? YAML_PLAIN
									   : YAML_QUOTED;
	case YAML_SEQUENCE_START_EVENT:
		return YAML_LIST;
	case YAML_MAPPING_START_EVENT:
		return YAML_MAP;
	case YAML_ALIAS_EVENT:
		return YAML_ALIAS;
	default:
		return YAML_ABSENT;
	}
}

/* Cut where it is too long; a key that is cut matches none of ours. */
static void copy_scalar(char *out, size_t size, const yaml_event_t *event)
{
	out[0] = '\0';
	if (event->type == YAML_SCALAR_EVENT)
		snprintf(out, size, "%s", (const char *)event->data.scalar.value);
}

static bool is_wanted(const struct walk *walk, const struct yaml_look *look)
{
	const struct frame *top = &walk->frames[walk->depth - 1];

	if (strcmp(top->key, look->key))
		return false;
	if (!look->outer)
		return walk->depth == 1;
	return walk->depth == 2 && walk->frames[0].is_map &&
	       !strcmp(walk->frames[0].key, look->outer);
}

static void take_value(struct walk *walk, const yaml_event_t *event)
{
	for (size_t i = 0; i < walk->n_looks; i++) {
		struct yaml_look *look = &walk->looks[i];

		if (!is_wanted(walk, look))
			continue;
		look->kind = event_kind(event);
		copy_scalar(look->text, sizeof(look->text), event);
	}
}

/* A node begins: a key, a value, an item or the root. */
static void take_node(struct walk *walk, const yaml_event_t *event)
{
	struct frame *top;

	if (!walk->depth) {
		walk->root_is_map = event->type == YAML_MAPPING_START_EVENT;
		return;
	}
	top = &walk->frames[walk->depth - 1];
	if (!top->is_map)
		return;
	if (top->has_key)
		take_value(walk, event);
	else
		copy_scalar(top->key, sizeof(top->key), event);
	top->has_key = !top->has_key;
}

/* What is wrong with the document, or NULL. */
static const char *take_event(struct walk *walk, const yaml_event_t *event)
{
	if (event->type == YAML_DOCUMENT_START_EVENT && ++walk->documents > 1)
		return "more than one YAML document";
	if (event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT)
		walk->depth--;
	if (event_kind(event) == YAML_ABSENT)
		return NULL;
	take_node(walk, event);
	if (event->type != YAML_SEQUENCE_START_EVENT && event->type != YAML_MAPPING_START_EVENT)
		return NULL;
	if (walk->depth == DEPTH_MAX)
		return "nested too deeply";
	walk->frames[walk->depth++] = (struct frame){
		.is_map = event->type == YAML_MAPPING_START_EVENT,
	};
	return NULL;
}

static int walk_events(const char *what, yaml_parser_t *parser, struct walk *walk,
		       struct error *err)
{
	const char *fault = NULL;
	bool end = false;

	while (!end && !fault) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event))
			return error_set(err, ERROR_USAGE, EINVAL, "read %s: line %zu: %s", what,
					 parser->problem_mark.line + 1,
					 parser->problem ? parser->problem : "no YAML");
		end = event.type == YAML_STREAM_END_EVENT;
		fault = take_event(walk, &event);
		yaml_event_delete(&event);
	}
	if (!fault && !walk->root_is_map)
		fault = "no mapping of keys to values";
	return fault ? error_set(err, ERROR_USAGE, EINVAL, "read %s: %s", what, fault) : 0;
}

int yaml_look(const char *what, const char *text, struct yaml_look *looks, size_t n,
	      struct error *err)
{
	struct walk walk = { .looks = looks, .n_looks = n };
	yaml_parser_t parser;
	int r;

	if (!yaml_parser_initialize(&parser))
		return error_set(err, ERROR_FAILED, ENOMEM, "read %s: no memory", what);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
	r = walk_events(what, &parser, &walk, err);
	yaml_parser_delete(&parser);
	return r;
}
