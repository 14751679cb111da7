/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that nobody will miss. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "image/inspect.h"
#include "store/images.h"
#include "vm/image.h"
#include "image_users.h"

struct candidate {
	char *name;
	char *os; /* NULL: nobody pulled it */
	int64_t added_ns;
	bool good; /* it can take the place of an older one */
};

struct prune {
	const struct vm_host *host;
	const struct vm_prune_options *options;
	struct candidate *v;
	size_t n;
	struct image_users users;
};

/* As strictly as when it was pulled. */
static bool has_good_header(const struct prune *prune, const char *name)
{
	struct error ignored = ERROR_INIT;
	enum disk_format format = DISK_QCOW2;
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;
	struct image_info info;

	return !images_open(&prune->host->store, name, &fd, &format, &path, &ignored) &&
	       !image_inspect(fd, name, IMAGE_BASE, false, &info, &ignored) &&
	       (info.format == IMAGE_RAW) == (format == DISK_RAW);
}

static void add(struct prune *prune, const char *name)
{
	struct candidate *candidate = &prune->v[prune->n++];
	struct error ignored = ERROR_INIT;
	struct image_config config;

	*candidate = (struct candidate){ .name = xstrdup(name) };
	if (images_config(&prune->host->store, name, &config, &ignored))
		return;
	candidate->os = ptr_steal(&config.os);
	candidate->added_ns = config.added_ns;
	candidate->good = candidate->os && has_good_header(prune, name);
	image_config_done(&config);
}

static int find(struct prune *prune, struct error *err)
{
	AUTO_STRV names = STRV_INIT;
	int r = images_list(&prune->host->store, &names, err);

	if (r)
		return r;
	prune->v = xcalloc(names.n + 1, sizeof(*prune->v));
	for (size_t i = 0; i < names.n; i++)
		add(prune, names.v[i]);
	return 0;
}

/* As images_newest() has it. */
static bool is_newer(const struct candidate *a, const struct candidate *b)
{
	if (!a->os || strcmp(a->os, b->os) != 0)
		return false;
	return a->added_ns != b->added_ns ? a->added_ns > b->added_ns
					  : strcmp(a->name, b->name) > 0;
}

/* Pulled, ours, and replaced or wanted no more. */
static bool may_go(const struct prune *prune, const struct candidate *candidate)
{
	if (!candidate->os || !images_is_own(&prune->host->store, candidate->name))
		return false;
	for (size_t i = 0; i < prune->n; i++)
		if (prune->v[i].good && is_newer(&prune->v[i], candidate))
			return true;
	return prune->options->all;
}

static bool is_used(const struct prune *prune, const char *path)
{
	AUTO_STRV vms = STRV_INIT;

	image_users_of(&prune->users, path, &vms);
	return vms.n > 0;
}

/*
 * Who makes a VM of it at this moment holds it, and who just has has made one that was not there when
 * we looked. Returns 0, -errno, or PRUNE_STAYS (positive).
 */
enum { PRUNE_STAYS = 1 };

static int remove_unused(struct prune *prune, const char *name, int fd, const char *path,
			 struct error *err)
{
	const struct store *store = &prune->host->store;
	AUTO_CLOSE int hold_fd = -1;
	struct error why = ERROR_INIT;
	int r = images_hold(store, fd, name, IMAGES_EXCLUSIVE_NOW, &hold_fd, &why);

	if (r && (why.kind == ERROR_BUSY || why.kind == ERROR_NOT_FOUND))
		return PRUNE_STAYS;
	if (!r)
		r = image_users_refresh(prune->host, &prune->users, &why);
	if (!r && is_used(prune, path))
		return PRUNE_STAYS;
	if (!r)
		r = images_remove(store, name, &why);
	if (r)
		*err = why;
	return r;
}

static void tell(const struct vm_prune_options *options, const char *name, bool leftover,
		 uint64_t bytes)
{
	if (options->each)
		options->each(options->arg, name, leftover, bytes);
}

static void tell_leftover(void *arg, const char *file, uint64_t bytes)
{
	const struct prune *prune = arg;

	tell(prune->options, file, true, bytes);
}

static int prune_one(struct prune *prune, const char *name, struct vm_pruned *pruned,
		     struct error *err)
{
	struct error ignored = ERROR_INIT;
	enum disk_format format;
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;
	struct stat st;
	uint64_t bytes;
	int r = 0;

	if (images_open(&prune->host->store, name, &fd, &format, &path, &ignored) ||
	    fstat(fd, &st) < 0 || is_used(prune, path))
		return 0;
	if (!prune->options->dry)
		r = remove_unused(prune, name, fd, path, err);
	if (r)
		return r == PRUNE_STAYS ? 0 : r;
	image_users_note_others(prune->host, name);
	strv_push(&pruned->removed, name);
	bytes = (uint64_t)st.st_blocks * 512; /* whatever the block size, stat(3type) */
	pruned->bytes += bytes;
	tell(prune->options, name, false, bytes);
	return 0;
}

static int prune_images(struct prune *prune, struct vm_pruned *pruned, struct error *err)
{
	const struct strv *unknown = &prune->users.unknown;
	int r = find(prune, err);

	if (!r)
		r = image_users_read(prune->host, &prune->users, err);
	for (size_t i = 0; i < unknown->n && !r; i++)
		vm_note(prune->host, "vm '%s' cannot be read: it may stand on any image",
			unknown->v[i]);
	for (size_t i = 0; i < prune->n && !r; i++)
		if (may_go(prune, &prune->v[i]))
			r = prune_one(prune, prune->v[i].name, pruned, err);
	return r;
}

static void prune_done(struct prune *prune)
{
	for (size_t i = 0; i < prune->n; i++) {
		free(prune->v[i].name);
		free(prune->v[i].os);
	}
	free(prune->v);
	image_users_done(&prune->users);
}

int vm_image_prune(const struct vm_host *host, const struct vm_prune_options *options,
		   struct vm_pruned *ret, struct error *err)
{
	struct prune prune = { .host = host, .options = options, .users = IMAGE_USERS_INIT };
	struct vm_pruned pruned = { .bytes = 0 };
	uint64_t bytes = 0;
	int r = prune_images(&prune, &pruned, err);

	if (!r)
		r = images_sweep_each(&host->store, options->dry, tell_leftover, &prune,
				      &pruned.leftovers, &bytes, err);
	prune_done(&prune);
	if (r) {
		strv_done(&pruned.removed);
		return r;
	}
	pruned.bytes += bytes;
	*ret = pruned;
	return 0;
}
