/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalogue of images: its entries, sorted by name, and how they are found. */
#include "config/catalogue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/near.h"
#include "catalogue_list.h"

#define OUR_ARCH "x86_64"

struct catalogue_entry *catalogue_entry_new(const char *name, char *origin)
{
	struct catalogue_entry *entry = xcalloc(1, sizeof(*entry));

	entry->name = xstrdup(name);
	entry->arch = xstrdup(OUR_ARCH);
	entry->origin = origin;
	guest_traits_init(&entry->guest);
	return entry;
}

void catalogue_entry_free(struct catalogue_entry *entry)
{
	free(entry->name);
	strv_done(&entry->aliases);
	free(entry->title);
	strv_done(&entry->mirrors);
	free(entry->file);
	free(entry->digest_file);
	free(entry->digest);
	free(entry->signature);
	free(entry->keyring);
	free(entry->keyring_package);
	free(entry->arch);
	guest_traits_done(&entry->guest);
	free(entry->origin);
	free(entry);
}

void catalogue_done(struct catalogue *catalogue)
{
	for (size_t i = 0; i < catalogue->n; i++)
		catalogue_entry_free(catalogue->v[i]);
	free(catalogue->v);
	free(catalogue->folder);
	*catalogue = (struct catalogue)CATALOGUE_INIT;
}

bool catalogue_place(const struct catalogue *catalogue, const char *name, size_t *ret)
{
	size_t low = 0, high = catalogue->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, catalogue->v[middle]->name);

		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret = low;
	return low < catalogue->n && strcmp(name, catalogue->v[low]->name) == 0;
}

void catalogue_put(struct catalogue *catalogue, struct catalogue_entry *entry)
{
	size_t at;

	if (catalogue_place(catalogue, entry->name, &at)) {
		catalogue_entry_free(catalogue->v[at]);
	} else {
		catalogue->v = xreallocarray(catalogue->v, catalogue->n + 1,
					     sizeof(struct catalogue_entry *));
		for (size_t i = catalogue->n++; i > at; i--)
			catalogue->v[i] = catalogue->v[i - 1];
	}
	catalogue->v[at] = entry;
}

const struct catalogue_entry *catalogue_find(const struct catalogue *catalogue, const char *word)
{
	size_t at;

	if (catalogue_place(catalogue, word, &at))
		return catalogue->v[at];
	for (size_t i = 0; i < catalogue->n; i++) {
		if (strv_has(&catalogue->v[i]->aliases, word))
			return catalogue->v[i];
	}
	return NULL;
}

const char *catalogue_near(const struct catalogue *catalogue, const char *word)
{
	const char *best = NULL;
	size_t best_far = NEAR_FAR;

	for (size_t i = 0; i < catalogue->n; i++) {
		const struct catalogue_entry *entry = catalogue->v[i];

		near_consider(entry->name, word, &best, &best_far);
		for (size_t j = 0; j < entry->aliases.n; j++)
			near_consider(entry->aliases.v[j], word, &best, &best_far);
	}
	return best;
}

char *catalogue_url(const struct catalogue_entry *entry, size_t mirror, const char *path)
{
	if (strstr(path, "://"))
		return xstrdup(path);
	return xasprintf("%s%s", entry->mirrors.v[mirror], path);
}

int catalogue_check_arch(const struct catalogue_entry *entry, struct error *err)
{
	if (strcmp(entry->arch, OUR_ARCH) == 0)
		return 0;
	error_set(err, ERROR_VERIFY, ENOTSUP,
		  "use image '%s': it is for %s machines, and VMs are %s ones", entry->name,
		  entry->arch, OUR_ARCH);
	return error_hint(err, "mnmivm-se image list");
}
