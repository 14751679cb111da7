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

/* Replace ret by the images of an entry, the newest first, which is the one that --os takes. */
void image_list_of(const struct vm_image_list *list, const char *entry, struct strv *ret);
bool image_list_has(const struct vm_image_list *list, const char *name);

/*
 * To an ERROR_NOT_FOUND of an image that must be here: which ones are, where name is of the
 * catalogue, or the one that is near. Returns -err->code, as the next one.
 */
int image_hint_missing(const struct cli *cli, const char *name, struct error *err);

/* To create's error: where the file is not there, but an image or an entry has its name. */
int image_hint_os(const struct cli *cli, const char *file, struct error *err);

/* Say that word is an image here and hides what the catalogue has of that name, if that is so. */
void image_note_hidden(const struct cli *cli, const char *word);

/*
 * Call function for every name, and go on after a failure, whose error is printed under the verb's
 * name. The first exit code that is not 0.
 */
int image_each(const struct command *verb, const struct strv *names,
	       int (*function)(void *arg, const char *name, struct error *err), void *arg);

#endif
