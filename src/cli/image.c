/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image import, list, remove. */
#include <jansson.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "vm/image.h"
#include "commands.h"
#include "options.h"
#include "output.h"

enum { COLUMNS = 4 };

static void list_json(const struct vm_image_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++) {
		const struct vm_image_info *info = &list->v[i];
		json_t *object = json_object();

		json_object_set_new(object, "name", json_string(info->name));
		json_object_set_new(object, "format", json_string(disk_format_words[info->format]));
		json_object_set_new(object, "path", json_string(info->path ? info->path : ""));
		json_object_set_new(object, "virtual_bytes",
				    json_integer((json_int_t)info->virtual_bytes));
		json_object_set_new(object, "file_bytes",
				    json_integer((json_int_t)info->file_bytes));
		if (info->problem[0])
			json_object_set_new(object, "problem", json_string(info->problem));
		json_array_append_new(array, object);
	}
	output_json(array);
}

static void list_table(const struct vm_image_list *list)
{
	static const char *const headings[COLUMNS] = { "NAME", "FORMAT", "SIZE", "FILE" };
	AUTO_STRV cells = STRV_INIT;

	for (size_t i = 0; i < list->n; i++) {
		const struct vm_image_info *info = &list->v[i];
		char size[SIZE_TEXT_MAX];

		strv_push(&cells, info->name);
		strv_push(&cells, info->problem[0] ? "damaged" : disk_format_words[info->format]);
		size_format(info->virtual_bytes, size);
		strv_push(&cells, size);
		size_format(info->file_bytes, size);
		strv_push(&cells, size);
	}
	output_table(headings, COLUMNS, (const char *const *)cells.v, list->n);
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].problem[0])
			fprintf(stderr, "%s: %s\n", list->v[i].name,
				output_clean(list->v[i].problem));
}

static int image_list(struct cli *cli, const struct cli_args *args, struct error *err)
{
	AUTO(vm_image_list_done) struct vm_image_list list = { .n = 0 };
	int r = vm_image_list(&cli->host, &list, err);

	(void)args;
	if (r)
		return r;
	if (cli->json) {
		list_json(&list);
	} else if (cli->quiet) {
		for (size_t i = 0; i < list.n; i++)
			puts(list.v[i].name);
	} else {
		list_table(&list);
	}
	return 0;
}

static int image_import(struct cli *cli, const struct cli_args *args, struct error *err)
{
	const char *path = args->words.v[0], *name = args->words.v[1];
	int r = vm_image_import(&cli->host, path, name, NULL, err);

	if (!r)
		say(cli, "%s: imported", name);
	return r;
}

static int image_remove(struct cli *cli, const struct cli_args *args, struct error *err)
{
	const struct strv *words = &args->words;
	int r = 0;

	for (size_t i = 0; i < words->n && !r; i++) {
		r = vm_image_remove(&cli->host, words->v[i], err);
		if (!r)
			say(cli, "%s: removed", words->v[i]);
	}
	return r;
}

static const struct command image_list_verb = {
	.name = "image list",
	.words = "",
	.writes = true,
	.summary = "what is here",
	.run = image_list,
};

static const struct command image_import_verb = {
	.name = "image import",
	.words = "FILE|- NAME",
	.min_words = 2,
	.max_words = 2,
	.writes = true,
	.summary = "copy an image file in",
	.run = image_import,
};

static const struct command image_remove_verb = {
	.name = "image remove",
	.words = "NAME...",
	.min_words = 1,
	.max_words = (size_t)-1,
	.writes = true,
	.summary = "remove images that no VM stands on",
	.run = image_remove,
};

static const struct command *const image_verbs[] = {
	&image_list_verb,
	&image_import_verb,
	&image_remove_verb,
	NULL,
};

const struct command command_image = {
	.name = "image",
	.words = "VERB ...",
	.summary = "base images: bring in, list, remove",
	.verbs = image_verbs,
};
