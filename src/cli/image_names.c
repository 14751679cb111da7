/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that are of an image here, of the catalogue, or of both: notes and hints. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/near.h"
#include "vm/pull.h"
#include "image.h"
#include "options.h"

/* The order of images_newest(): what --os takes comes first. */
static int compare_newest(const void *a, const void *b)
{
	const struct vm_image_info *const *x = a, *const *y = b;

	if ((*x)->config.added_ns != (*y)->config.added_ns)
		return (*x)->config.added_ns < (*y)->config.added_ns ? 1 : -1;
	return strcmp((*y)->name, (*x)->name);
}

void image_list_of(const struct vm_image_list *list, const char *entry, struct strv *ret)
{
	AUTO_FREE const struct vm_image_info **found =
		xcalloc(list->n + 1, sizeof(const struct vm_image_info *));
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].config.os && !strcmp(list->v[i].config.os, entry))
			found[n++] = &list->v[i];
	qsort(found, n, sizeof(const struct vm_image_info *), compare_newest);
	strv_clear(ret);
	for (size_t i = 0; i < n; i++)
		strv_push(ret, found[i]->name);
}

bool image_list_has(const struct vm_image_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->v[i].name, name))
			return true;
	return false;
}

/* One that cannot be read is an empty one: it is for words that help. */
static void load_catalogue(const struct cli *cli, struct catalogue *ret)
{
	if (catalogue_load(ret, &cli->host.config, &(struct error)ERROR_INIT))
		catalogue_done(ret);
}

static int hint_near(const struct vm_image_list *list, const char *name, struct error *err)
{
	const char *best = NULL;
	size_t best_far = NEAR_FAR;

	for (size_t i = 0; i < list->n; i++)
		near_consider(list->v[i].name, name, &best, &best_far);
	return best ? error_hint(err, "did you mean '%s'?", best)
		    : error_hint(err, "mnmivm-se image list --local");
}

int image_hint_missing(const struct cli *cli, const char *name, struct error *err)
{
	AUTO(vm_image_list_done) struct vm_image_list list = { .n = 0 };
	AUTO(catalogue_done) struct catalogue catalogue = CATALOGUE_INIT;
	const struct catalogue_entry *entry;
	AUTO_FREE char *text = NULL;
	AUTO_STRV images = STRV_INIT;

	if (err->kind != ERROR_NOT_FOUND ||
	    vm_image_list(&cli->host, &list, &(struct error)ERROR_INIT))
		return -err->code;
	load_catalogue(cli, &catalogue);
	entry = catalogue_find(&catalogue, name);
	if (!entry)
		return hint_near(&list, name, err);
	image_list_of(&list, entry->name, &images);
	text = strv_join(&images, ", ");
	return images.n ? error_hint(err, "'%s' is of the catalogue; its images here: %s", name,
				     text)
			: error_hint(err, "'%s' is of the catalogue; no image of it is here", name);
}

static bool is_image(const struct cli *cli, const char *word)
{
	struct error ignored = ERROR_INIT;
	AUTO_FREE char *name = NULL;

	return !vm_image_resolve(&cli->host, word, NULL, &name, &ignored) && !strcmp(name, word);
}

void image_note_hidden(const struct cli *cli, const char *word)
{
	AUTO(catalogue_done) struct catalogue catalogue = CATALOGUE_INIT;

	if (cli->quiet)
		return;
	load_catalogue(cli, &catalogue);
	if (catalogue_find(&catalogue, word) && is_image(cli, word))
		say(cli, "'%s' is in the catalogue, too: --os %s is the image of that name here",
		    word, word);
}

int image_hint_os(const struct cli *cli, const char *file, struct error *err)
{
	AUTO(catalogue_done) struct catalogue catalogue = CATALOGUE_INIT;

	if (err->code != ENOENT || strchr(file, '/') || !access(file, F_OK))
		return -err->code;
	load_catalogue(cli, &catalogue);
	if (!catalogue_find(&catalogue, file) && !is_image(cli, file))
		return -err->code;
	return error_hint(err, "did you mean --os %s?", file);
}
