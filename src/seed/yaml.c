/* SPDX-License-Identifier: GPL-2.0-or-later */
/* YAML by libyaml's emitter, no more than the seed needs. */
#include "yaml.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "text.h"

static int append(void *out, unsigned char *data, size_t len)
{
	buf_add(out, data, len);
	return 1;
}

/* Hand an event over; the emitter owns it from here, whatever it says. */
static void put_event(struct yaml_put *put, yaml_event_t *event, int made)
{
	if (put->failed) {
		if (made)
			yaml_event_delete(event);
		return;
	}
	if (!made || !yaml_emitter_emit(&put->emitter, event))
		put->failed = true;
}

static void put_scalar(struct yaml_put *put, const char *text, yaml_scalar_style_t style)
{
	AUTO_FREE char *copy = xstrdup(text); /* libyaml takes no const */
	yaml_event_t event;
	int made;

	made = yaml_scalar_event_initialize(&event, NULL, NULL, (yaml_char_t *)copy,
					    (int)strlen(copy), 1, 1, style);
	put_event(put, &event, made);
}

void yaml_put_init(struct yaml_put *put, struct buf *out)
{
	yaml_event_t event;

	*put = (struct yaml_put){ .out = out };
	if (!yaml_emitter_initialize(&put->emitter)) {
		put->failed = true;
		return;
	}
	yaml_emitter_set_output(&put->emitter, append, out);
	yaml_emitter_set_width(&put->emitter, -1);
	put_event(put, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	put_event(put, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
}

int yaml_put_finish(struct yaml_put *put, struct error *err)
{
	yaml_event_t event;

	put_event(put, &event, yaml_document_end_event_initialize(&event, 1));
	put_event(put, &event, yaml_stream_end_event_initialize(&event));
	yaml_emitter_delete(&put->emitter);
	if (!put->failed)
		return 0;
	return error_set(err, ERROR_USAGE, EINVAL,
			 "write '%s' of the seed: control characters or no UTF-8 in it", put->key);
}

void yaml_put_map(struct yaml_put *put)
{
	yaml_event_t event;

	put_event(put, &event,
		  yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
						      YAML_BLOCK_MAPPING_STYLE));
}

void yaml_put_map_end(struct yaml_put *put)
{
	yaml_event_t event;

	put_event(put, &event, yaml_mapping_end_event_initialize(&event));
}

void yaml_put_list(struct yaml_put *put)
{
	yaml_event_t event;

	put_event(put, &event,
		  yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
						       YAML_BLOCK_SEQUENCE_STYLE));
}

void yaml_put_list_end(struct yaml_put *put)
{
	yaml_event_t event;

	put_event(put, &event, yaml_sequence_end_event_initialize(&event));
}

void yaml_put_key(struct yaml_put *put, const char *key)
{
	if (put->failed)
		return;
	snprintf(put->key, sizeof(put->key), "%s", key);
	put_scalar(put, key, YAML_PLAIN_SCALAR_STYLE);
}

void yaml_put_text(struct yaml_put *put, const char *text)
{
	if (!text_is_clean(text, strlen(text), ""))
		put->failed = true;
	put_scalar(put, text, YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

void yaml_put_key_text(struct yaml_put *put, const char *key, const char *text)
{
	yaml_put_key(put, key);
	yaml_put_text(put, text);
}

void yaml_put_key_lines(struct yaml_put *put, const char *key, const char *text)
{
	yaml_put_key(put, key);
	if (!text_is_clean(text, strlen(text), "\n"))
		put->failed = true;
	put_scalar(put, text, YAML_LITERAL_SCALAR_STYLE);
}

void yaml_put_key_word(struct yaml_put *put, const char *key, const char *word)
{
	yaml_put_key(put, key);
	put_scalar(put, word, YAML_PLAIN_SCALAR_STYLE);
}

void yaml_put_key_list(struct yaml_put *put, const char *key, const struct strv *texts)
{
	yaml_put_key(put, key);
	yaml_put_list(put);
	for (size_t i = 0; i < texts->n; i++)
		yaml_put_text(put, texts->v[i]);
	yaml_put_list_end(put);
}
