/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image list: what is here, and what the catalogue offers. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "image.h"
#include "json.h"
#include "output.h"

enum { LOCAL_COLUMNS = 6, AVAILABLE_COLUMNS = 4 };

/* Of an entry's images, the caller's to free; NULL: none, or no entry. */
static char *newest_of(const struct vm_image_list *list, const char *entry)
{
	AUTO_STRV images = STRV_INIT;

	if (entry)
		image_list_of(list, entry, &images);
	return images.n ? xstrdup(images.v[0]) : NULL;
}

static void append_json(json_t *array, json_t *object, const struct vm_image_list *list,
			const char *entry)
{
	AUTO_FREE char *newest = newest_of(list, entry);

	object_set_text(object, "newest", newest);
	json_array_append_new(array, object);
}

static void list_json(const struct vm_image_list *list, const struct catalogue *catalogue,
		      bool local, bool available)
{
	json_t *array = json_array();

	for (size_t i = 0; local && i < list->n; i++)
		append_json(array, image_local_json(&list->v[i], catalogue), list,
			    list->v[i].config.os);
	for (size_t i = 0; available && i < catalogue->n; i++)
		append_json(array, image_available_json(catalogue->v[i]), list,
			    catalogue->v[i]->name);
	output_json(array);
}

static void list_names(const struct vm_image_list *list, const struct catalogue *entries)
{
	for (size_t i = 0; i < list->n; i++)
		puts(list->v[i].name);
	for (size_t i = 0; i < entries->n; i++)
		puts(entries->v[i]->name);
}

static void local_table(const struct vm_image_list *list)
{
	static const char *const headings[LOCAL_COLUMNS] = { "NAME", "ADDED", "FORMAT",
							     "SIZE", "FILE",  "OS" };
	AUTO_STRV cells = STRV_INIT;

	for (size_t i = 0; i < list->n; i++) {
		const struct vm_image_info *info = &list->v[i];
		AUTO_FREE char *newest = newest_of(list, info->config.os);
		char size[SIZE_TEXT_MAX], date[IMAGE_DATE_MAX];

		strv_push(&cells, info->name);
		image_date(info->config.added_ns, date);
		strv_push(&cells, date);
		strv_push(&cells, info->problem[0] ? "damaged" : disk_format_words[info->format]);
		size_format(info->virtual_bytes, size);
		strv_push(&cells, size);
		size_format(info->file_bytes, size);
		strv_push(&cells, size);
		strv_push(&cells, newest && !strcmp(newest, info->name) ? "*" : "-");
	}
	output_table(headings, LOCAL_COLUMNS, (const char *const *)cells.v, list->n);
}

/* What --os takes of it: an image that is here, one that only has its name, or what it pulls. */
static const char *here_word(const struct vm_image_list *list, const char *entry)
{
	AUTO_FREE char *newest = newest_of(list, entry);

	if (image_list_has(list, entry))
		return "own";
	return newest ? "yes" : "-";
}

static void push_title(struct strv *cells, const struct catalogue_entry *entry)
{
	bool foreign = catalogue_check_arch(entry, &(struct error)ERROR_INIT) != 0;

	strv_pushf(cells, "%s%s%s", entry->title ? entry->title : file_base_name(entry->file),
		   foreign ? ", for " : "", foreign ? entry->arch : "");
}

static void available_table(const struct vm_image_list *list, const struct catalogue *catalogue)
{
	static const char *const headings[AVAILABLE_COLUMNS] = { "AVAILABLE", "ALIASES", "HERE",
								 "TITLE" };
	AUTO_STRV cells = STRV_INIT;

	for (size_t i = 0; i < catalogue->n; i++) {
		const struct catalogue_entry *entry = catalogue->v[i];

		strv_push(&cells, entry->name);
		strv_push_take(&cells, strv_join(&entry->aliases, ", "));
		strv_push(&cells, here_word(list, entry->name));
		push_title(&cells, entry);
	}
	output_table(headings, AVAILABLE_COLUMNS, (const char *const *)cells.v, catalogue->n);
}

static void print_problems(const struct vm_image_list *list)
{
	fflush(stdout);
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].problem[0])
			fprintf(stderr, "%s: %s\n", list->v[i].name,
				output_clean(list->v[i].problem));
}

static void list_tables(const struct vm_image_list *list, const struct catalogue *catalogue,
			bool local, bool available)
{
	if (local && (list->n || !available))
		local_table(list);
	if (local && list->n && available && catalogue->n)
		printf("\n");
	if (available && (catalogue->n || !list->n || !local))
		available_table(list, catalogue);
	if (local)
		print_problems(list);
}

/* A catalogue that cannot be read does not keep the images from being listed. */
static int run_list(struct cli *cli, const struct cli_args *args, struct error *err)
{
	AUTO(vm_image_list_done) struct vm_image_list list = { .n = 0 };
	AUTO(catalogue_done) struct catalogue catalogue = CATALOGUE_INIT;
	static const struct vm_image_list no_images = { .n = 0 };
	static const struct catalogue no_entries = CATALOGUE_INIT;
	bool local = !cli_flag(args, "available"), available = !cli_flag(args, "local");
	int r = vm_image_list(&cli->host, &list, err);

	if (r)
		return r;
	if (!local && !available)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--local and --available exclude each other");
	if (available)
		r = catalogue_load(&catalogue, &cli->host.config, err);
	if (r)
		catalogue_done(&catalogue);
	if (cli->json)
		list_json(&list, &catalogue, local, available);
	else if (cli->quiet)
		list_names(local ? &list : &no_images, local ? &no_entries : &catalogue);
	else
		list_tables(&list, &catalogue, local, available);
	return r;
}

static const struct cli_option list_options[] = {
	{ .name = "local", .help = "those that are here" },
	{ .name = "available", .help = "those that the catalogue offers" },
	{ .name = NULL },
};

const struct command image_list_verb = {
	.name = "image list",
	.alias = "ls",
	.words = "",
	.writes_images = true,
	.summary = "what is here, and what can be pulled",
	.options = list_options,
	.run = run_list,
};
