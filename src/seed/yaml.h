/* SPDX-License-Identifier: GPL-2.0-or-later */
/* YAML by libyaml's emitter, no more than the seed needs. */
#ifndef SEED_YAML_H
#define SEED_YAML_H

#include <stdbool.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/strv.h"

/*
 * One document in block style. Every text is double-quoted and pure ASCII, so that no value is
 * taken for a number, a date or a key: libyaml quotes only what breaks the syntax, and
 * 52:54:00:12:34:56 is an integer in YAML 1.1. Failures stick and come out of
 * yaml_put_finish(); text of invalid UTF-8 or with control characters is one.
 */
struct yaml_put {
	yaml_emitter_t emitter;
	struct buf *out;
	char key[32]; /* the last one, for the message */
	bool failed;
};

/* Begin a document, which is appended to out. Must be followed by yaml_put_finish(). */
void yaml_put_init(struct yaml_put *put, struct buf *out);

/* End the document and release what put holds. ERROR_USAGE names the key of the bad text. */
int yaml_put_finish(struct yaml_put *put, struct error *err);

void yaml_put_map(struct yaml_put *put);
void yaml_put_map_end(struct yaml_put *put);
void yaml_put_list(struct yaml_put *put);
void yaml_put_list_end(struct yaml_put *put);
void yaml_put_key(struct yaml_put *put, const char *key); /* a literal of ours, plain style */
void yaml_put_text(struct yaml_put *put, const char *text);

/* A key with its value, inside a map. */
void yaml_put_key_text(struct yaml_put *put, const char *key, const char *text);
void yaml_put_key_lines(struct yaml_put *put, const char *key, const char *text); /* block style */
void yaml_put_key_word(struct yaml_put *put, const char *key, const char *word); /* true, 2 */
void yaml_put_key_list(struct yaml_put *put, const char *key, const struct strv *texts);

#endif
