/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs of image share. */
#ifndef CLI_IMAGE_H
#define CLI_IMAGE_H

#include "vm/image.h"
#include "cli.h"

struct json_t;

extern const struct command image_list_verb;
extern const struct command image_pull_verb;
extern const struct command image_import_verb;
extern const struct command image_show_verb;
extern const struct command image_verify_verb;
extern const struct command image_prune_verb;
extern const struct command image_remove_verb;

/* A new reference each. catalogue is for titles and aliases. */
struct json_t *image_local_json(const struct vm_image_info *info,
				const struct catalogue *catalogue);
struct json_t *image_available_json(const struct catalogue_entry *entry);

/* "2026-11-23" (UTC, as in names), "-" for 0, into out. */
enum { IMAGE_DATE_MAX = 24 };
void image_date(int64_t added_ns, char out[IMAGE_DATE_MAX]);

/* ERROR_NOT_FOUND with the name that is near; where is what was looked through, "in ...". */
int image_find_entry(const struct catalogue *catalogue, const char *word, const char *where,
		     const struct catalogue_entry **ret, struct error *err);

/*
 * Call function for every name, and go on after a failure, whose error is printed under the verb's
 * name. The first exit code that is not 0.
 */
int image_each(const struct command *verb, const struct strv *names,
	       int (*function)(void *arg, const char *name, struct error *err), void *arg);

#endif
