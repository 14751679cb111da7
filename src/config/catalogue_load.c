/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of the catalogue: which of them count, in which order, and whose word is the last. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "catalogue_list.h"
#include "paths.h"
#include "trusted_file.h"

enum { FILE_BYTES_MAX = 1 << 20, FILES_MAX = CATALOGUE_ENTRIES_MAX };

/* A name or an alias. */
struct word {
	const char *text;
	struct catalogue_entry *entry;
	bool alias;
};

/* Of one text the name first, then the aliases by folder, the last one first. */
static int compare_words(const void *a, const void *b)
{
	const struct word *left = a, *right = b;
	int order = strcmp(left->text, right->text);

	if (order)
		return order;
	if (left->alias != right->alias)
		return left->alias ? 1 : -1;
	return (left->entry->folder < right->entry->folder) -
	       (left->entry->folder > right->entry->folder);
}

static struct word *sort_words(const struct catalogue *catalogue, size_t *ret_n)
{
	struct word *words;
	size_t n = catalogue->n;

	for (size_t i = 0; i < catalogue->n; i++)
		n += catalogue->v[i]->aliases.n;
	words = xcalloc(n + 1, sizeof(*words));
	n = 0;
	for (size_t i = 0; i < catalogue->n; i++) {
		struct catalogue_entry *entry = catalogue->v[i];

		words[n++] = (struct word){ entry->name, entry, false };
		for (size_t j = 0; j < entry->aliases.n; j++)
			words[n++] = (struct word){ entry->aliases.v[j], entry, true };
	}
	qsort(words, n, sizeof(*words), compare_words);
	*ret_n = n;
	return words;
}

static int refuse_alias(const struct word *word, const struct word *other, struct error *err)
{
	const struct catalogue_entry *entry = word->entry;

	error_set(err, ERROR_USAGE, EINVAL,
		  "%s: section [%s]: alias '%s' is %s of section [%s] at %s, too", entry->origin,
		  entry->name, word->text, other->alias ? "one" : "the name", other->entry->name,
		  other->entry->origin);
	/* without the line */
	return error_hint(err, "${EDITOR:-vi} '%.*s'",
			  (int)(strrchr(entry->origin, ':') - entry->origin), entry->origin);
}

/* The words keep pointing to the text: it goes to dropped. */
static void drop_alias(const struct word *word, struct strv *dropped)
{
	struct strv *aliases = &word->entry->aliases;
	size_t i = 0;

	while (aliases->v[i] != word->text)
		i++;
	strv_push_take(dropped, aliases->v[i]);
	memmove(aliases->v + i, aliases->v + i + 1, (aliases->n - i) * sizeof(*aliases->v));
	aliases->n--;
}

int catalogue_check_aliases(struct catalogue *catalogue, struct error *err)
{
	size_t n, first = 0;
	AUTO_FREE struct word *words = sort_words(catalogue, &n);
	AUTO_STRV dropped = STRV_INIT;

	for (size_t i = 1; i < n; i++) {
		if (strcmp(words[i].text, words[first].text) != 0)
			first = i;
		else if (words[i].entry->folder < words[first].entry->folder)
			drop_alias(&words[i], &dropped);
		else
			return refuse_alias(&words[i], &words[first], err);
	}
	return 0;
}

static void list_file(const char *name, void *arg)
{
	struct strv *files = arg;
	size_t len = strlen(name);

	if (name[0] != '.' && len > strlen(".conf") &&
	    !strcmp(name + len - strlen(".conf"), ".conf"))
		strv_push(files, name);
}

static int load_file(struct catalogue *catalogue, int dir_fd, const char *folder, const char *name,
		     struct error *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", folder, name);
	AUTO_BUF text = BUF_INIT;
	int r = trusted_file_read(dir_fd, name, path, FILE_BYTES_MAX, geteuid(), &text, err);

	/* a link that leads nowhere */
	if (r == TRUSTED_FILE_ABSENT) {
		error_errno(err, ENOENT, "open '%s'", path);
		return error_hint(err, "rm '%s'", path);
	}
	if (r < 0)
		return r;
	r = catalogue_parse(catalogue, path, buf_str(&text), text.len, err);
	if (r < 0 && !err->hint[0])
		error_hint(err, "${EDITOR:-vi} '%s'", path);
	return r;
}

/* The program and its package look into their own; another one somebody has named. */
static int refuse_absent(const struct host_config *host, const char *folder, struct error *err)
{
	static const char *const defaults[] = { MNMIVM_CATALOGUE_DIR, HOST_CATALOGUE_DIR };

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		if (!strcmp(folder, defaults[i]))
			return 0;
	if (host->user_catalogue && !strcmp(folder, host->user_catalogue))
		return 0;
	error_set(err, ERROR_USAGE, ENOENT, "'catalogue' names a folder that is not there: '%s'",
		  folder);
	return error_hint(err, "correct 'catalogue' in %s, or: mkdir -p '%s'", host->path, folder);
}

static int load_folder(struct catalogue *catalogue, const struct host_config *host,
		       const char *folder, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	AUTO_STRV files = STRV_INIT;
	struct error why = ERROR_INIT;
	int r = dir_open_path(folder, false, 0, &fd, &why);

	if (r == -ENOENT)
		return refuse_absent(host, folder, err);
	if (r < 0) {
		*err = why;
		return r;
	}
	dir_for_each(fd, list_file, &files);
	if (files.n > FILES_MAX)
		return error_set(err, ERROR_USAGE, E2BIG, "read '%s': more than %d files", folder,
				 FILES_MAX);
	strv_sort(&files);
	for (size_t i = 0; r == 0 && i < files.n; i++)
		r = load_file(catalogue, fd, folder, files.v[i], err);
	return r;
}

int catalogue_load(struct catalogue *catalogue, const struct host_config *host, struct error *err)
{
	AUTO(catalogue_done) struct catalogue draft = CATALOGUE_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->catalogue.n; i++)
		r = load_folder(&draft, host, host->catalogue.v[i], err);
	if (r == 0)
		r = catalogue_check_aliases(&draft, err);
	if (r < 0)
		return error_prefix(err, "read the catalogue of images");
	catalogue_done(catalogue);
	*catalogue = draft;
	draft = (struct catalogue)CATALOGUE_INIT;
	return 0;
}
