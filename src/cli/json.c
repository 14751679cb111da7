/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of JSON objects. */
#include "json.h"

#include <jansson.h>

void object_set_text(json_t *object, const char *key, const char *value)
{
	json_t *text = value && *value ? json_string(value) : NULL;

	json_object_set_new(object, key, text ? text : json_null());
}

void object_set_number(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

void object_set_bool(json_t *object, const char *key, bool value)
{
	json_object_set_new(object, key, json_boolean(value));
}

void object_set_list(json_t *object, const char *key, const struct strv *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, json_string(list->v[i]));
	json_object_set_new(object, key, array);
}
