/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user may have meant by a section or key that is unknown. */
#ifndef CONFIG_HINT_H
#define CONFIG_HINT_H

#include "base/error.h"
#include "keys.h"

/* Name the section or key nearest to name, if any is near, in err's hint. Returns -err->code. */
int hint_section(struct error *err, const struct config_schema *schema, const char *name);

/* The same key in another section comes before a similar one in this. */
int hint_key(struct error *err, const struct config_schema *schema,
	     const struct config_section *section, const char *name);

#endif
