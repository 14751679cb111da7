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
	char *path; /* of one that may go and is there */
	int fd, hold_fd; /* the latter closed first */
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

	*candidate = (struct candidate){ .name = xstrdup(name), .fd = -1, .hold_fd = -1 };
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

/*
 * Take what may go, so that no VM comes onto it while we look at those that there are. Who makes
 * one of it at this moment holds it, and keeps it.
 */
static int take(struct prune *prune, struct candidate *candidate, struct error *err)
{
	const struct store *store = &prune->host->store;
	enum disk_format format = DISK_QCOW2;
	struct error why = ERROR_INIT;
	AUTO_FREE char *path = NULL;
	int r = 0;

	if (images_open(store, candidate->name, &candidate->fd, &format, &path, &why))
		return 0;
	if (!prune->options->dry)
		r = images_hold(store, candidate->fd, candidate->name, IMAGES_EXCLUSIVE_NOW,
				&candidate->hold_fd, &why);
	if (r && (why.kind == ERROR_BUSY || why.kind == ERROR_NOT_FOUND))
		return 0;
	if (r)
		*err = why;
	else
		candidate->path = ptr_steal(&path);
	return r;
}

static int take_all(struct prune *prune, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < prune->n && !r; i++)
		if (may_go(prune, &prune->v[i]))
			r = take(prune, &prune->v[i], err);
	return r;
}

static bool is_used(const struct prune *prune, const char *path)
{
	AUTO_STRV own = STRV_INIT;
	AUTO_STRV others = STRV_INIT;

	image_users_of(&prune->users, path, &own, &others);
	return own.n || others.n || prune->users.unseen.n;
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

static int prune_one(struct prune *prune, const struct candidate *candidate,
		     struct vm_pruned *pruned, struct error *err)
{
	struct stat st;
	uint64_t bytes;
	int r = 0;

	if (!candidate->path || fstat(candidate->fd, &st) < 0 || is_used(prune, candidate->path))
		return 0;
	if (!prune->options->dry)
		r = images_remove(&prune->host->store, candidate->name, err);
	if (r)
		return r;
	strv_push(&pruned->removed, candidate->name);
	bytes = (uint64_t)st.st_blocks * 512; /* whatever the block size, stat(3type) */
	pruned->bytes += bytes;
	tell(prune->options, candidate->name, false, bytes);
	return 0;
}

static void note_doubts(const struct prune *prune)
{
	const struct image_users *users = &prune->users;
	const char *other = NULL;
	size_t n = 0;

	for (size_t i = 0; i < users->n; i++) {
		if (users->v[i].path)
			continue;
		if (users->v[i].other && n++ == 0)
			other = users->v[i].vm;
		if (!users->v[i].other)
			vm_note(prune->host, "vm '%s' cannot be read: it may stand on any image",
				users->v[i].vm);
	}
	if (n)
		vm_note(prune->host,
			"VMs of others cannot be read, and may stand on any image: %zu, as %s", n,
			other);
	image_users_note_unseen(prune->host, users);
}

static int prune_images(struct prune *prune, struct vm_pruned *pruned, struct error *err)
{
	int r = find(prune, err);

	if (!r)
		r = take_all(prune, err);
	if (!r)
		r = image_users_read(prune->host, &prune->users, err);
	if (r)
		return r;
	note_doubts(prune);
	for (size_t i = 0; i < prune->n && !r; i++)
		r = prune_one(prune, &prune->v[i], pruned, err);
	return r;
}

static void prune_done(struct prune *prune)
{
	for (size_t i = 0; i < prune->n; i++) {
		free(prune->v[i].name);
		free(prune->v[i].os);
		free(prune->v[i].path);
		fd_close(&prune->v[i].hold_fd);
		fd_close(&prune->v[i].fd);
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
