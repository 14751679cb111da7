/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of JSON objects. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strv.h"

struct json_t;

/* Null for NULL, "", and what is no UTF-8, which jansson refuses. */
void object_set_text(struct json_t *object, const char *key, const char *value);
void object_set_number(struct json_t *object, const char *key, uint64_t value);
void object_set_bool(struct json_t *object, const char *key, bool value);
void object_set_list(struct json_t *object, const char *key, const struct strv *list);

#endif
