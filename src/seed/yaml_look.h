/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look at a few values of a YAML document, in bounded time and memory. */
#ifndef SEED_YAML_LOOK_H
#define SEED_YAML_LOOK_H

#include <stddef.h>

#include "base/error.h"

enum yaml_kind {
	YAML_ABSENT,
	YAML_PLAIN, /* a scalar without quotes, which may be a number */
	YAML_QUOTED,
	YAML_LIST,
	YAML_MAP,
	YAML_ALIAS, /* to anything */
};

struct yaml_look {
	const char *outer; /* the value is inside this map; NULL: at the top */
	const char *key;
	enum yaml_kind kind; /* out, of the last such key */
	char text[16]; /* out, YAML_PLAIN: its first 15 bytes */
};

/*
 * Read text, which must be one document that is a map, and fill looks. ERROR_USAGE with the line
 * of what is no YAML; what names the text. Documents are not loaded: libyaml's composer needs
 * quadratic time for deep nesting and for many anchors (0.2.5), so depth is limited and anchors
 * are not followed.
 */
int yaml_look(const char *what, const char *text, struct yaml_look *looks, size_t n,
	      struct error *err);

#endif
