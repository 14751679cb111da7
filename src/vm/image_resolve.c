/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a name given with --os means: an image, or an entry of the catalogue. */
#include <errno.h>

#include "base/alloc.h"
#include "store/images.h"
#include "vm/pull.h"

static int unknown(const struct catalogue *catalogue, const char *word, struct error *err)
{
	const char *near = catalogue_near(catalogue, word);

	error_set(err, ERROR_NOT_FOUND, ENOENT, "no image '%s', nor does the catalogue know it",
		  word);
	if (!catalogue->n)
		return error_hint(err, "the catalogue is empty: mnmivm-se doctor pull");
	if (near)
		return error_hint(err, "did you mean '%s'? See: mnmivm-se image list --available",
				  near);
	return error_hint(err, "mnmivm-se image list --available; mnmivm-se image import FILE %s",
			  word);
}

static int pull_entry(const struct vm_host *host, const struct catalogue_entry *entry,
		      const struct vm_pull_options *pull, char **ret_name, struct error *err)
{
	struct vm_pulled pulled;
	int r;

	if (!pull) {
		error_set(err, ERROR_NOT_FOUND, ENOENT, "no image of '%s' is here", entry->name);
		return error_hint(err, "mnmivm-se image pull %s", entry->name);
	}
	r = vm_pull(host, entry, pull, &pulled, err);
	if (!r)
		*ret_name = xstrdup(pulled.name);
	return r;
}

/* What was pulled by that name needs no catalogue; aliases do. */
static int resolve_without(const struct vm_host *host, const char *word, const struct error *why,
			   char **ret_name, struct error *err)
{
	struct error ignored = ERROR_INIT;

	if (images_newest(&host->store, word, NULL, ret_name, &ignored)) {
		*err = *why;
		return -why->code;
	}
	vm_note(host, "%s: taking the newest image that is here: %s", word, why->message);
	return 0;
}

static int resolve_entry(const struct vm_host *host, const char *word,
			 const struct vm_pull_options *pull, char **ret_name, struct error *err)
{
	AUTO(catalogue_done) struct catalogue catalogue = CATALOGUE_INIT;
	const struct catalogue_entry *entry;
	struct error why = ERROR_INIT;
	int r = catalogue_load(&catalogue, &host->config, &why);

	if (r)
		return resolve_without(host, word, &why, ret_name, err);
	entry = catalogue_find(&catalogue, word);
	if (!entry)
		return unknown(&catalogue, word, err);
	r = catalogue_check_arch(entry, err);
	if (!r)
		r = images_newest(&host->store, entry->name, NULL, ret_name, err);
	if (r == IMAGES_NONE)
		r = pull_entry(host, entry, pull, ret_name, err);
	return r;
}

int vm_image_resolve(const struct vm_host *host, const char *word,
		     const struct vm_pull_options *pull, char **ret_name, struct error *err)
{
	struct error why = ERROR_INIT;
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;
	enum disk_format format;
	int r = images_open(&host->store, word, &fd, &format, &path, &why);

	if (r == -ENOENT)
		return resolve_entry(host, word, pull, ret_name, err);
	if (r) {
		*err = why;
		return r;
	}
	*ret_name = xstrdup(word);
	return 0;
}
