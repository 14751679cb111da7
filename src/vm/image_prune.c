/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that nobody will miss. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "store/images.h"
#include "vm/image.h"
#include "image_users.h"

/* What is there; of those that may go, more. */
struct candidate {
	char *name;
	char *os; /* NULL: nobody pulled it */
	int64_t added_ns;
	char *path;
	int fd; /* held from before the VMs are looked at until the end; -1: it stays */
	int hold_fd;
	uint64_t bytes; /* on disk */
};

struct prune {
	const struct vm_host *host;
	const struct vm_prune_options *options;
	struct candidate *v;
	size_t n;
};

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
	image_config_done(&config);
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
		if (is_newer(&prune->v[i], candidate))
			return true;
	return prune->options->all;
}

/* One that somebody makes a VM of at this moment is in use. */
static void hold(const struct prune *prune, struct candidate *candidate)
{
	struct error ignored = ERROR_INIT;
	AUTO_CLOSE int fd = -1;
	enum disk_format format;
	struct stat st;

	if (images_open(&prune->host->store, candidate->name, &fd, &format, &candidate->path,
			&ignored) ||
	    fstat(fd, &st) < 0 ||
	    images_hold(&prune->host->store, fd, candidate->name, IMAGES_EXCLUSIVE,
			&candidate->hold_fd, &ignored))
		return;
	candidate->fd = fd_steal(&fd);
	candidate->bytes = (uint64_t)st.st_blocks * 512; /* whatever the block size, stat(3type) */
}

static int find(struct prune *prune, struct error *err)
{
	AUTO_STRV names = STRV_INIT;
	int r = images_list(&prune->host->store, &names, err);

	prune->v = xcalloc(names.n + 1, sizeof(*prune->v));
	for (size_t i = 0; i < names.n && !r; i++)
		add(prune, names.v[i]);
	for (size_t i = 0; i < prune->n; i++)
		if (may_go(prune, &prune->v[i]))
			hold(prune, &prune->v[i]);
	return r;
}

static int remove_unused(struct prune *prune, const struct image_users *users,
			 struct vm_pruned *pruned, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < prune->n && !r; i++) {
		const struct candidate *candidate = &prune->v[i];
		AUTO_STRV vms = STRV_INIT;

		if (candidate->fd < 0)
			continue;
		image_users_of(users, candidate->path, &vms);
		if (vms.n)
			continue;
		if (!prune->options->dry)
			r = images_remove(&prune->host->store, candidate->name, err);
		if (r)
			break;
		strv_push(&pruned->removed, candidate->name);
		pruned->bytes += candidate->bytes;
	}
	return r;
}

static int prune_images(struct prune *prune, struct vm_pruned *pruned, struct error *err)
{
	AUTO_IMAGE_USERS users = IMAGE_USERS_INIT;
	int r = find(prune, err);

	if (!r)
		r = image_users_read(prune->host, &users, err);
	for (size_t i = 0; i < users.unknown.n && !r; i++)
		vm_note(prune->host, "vm '%s' cannot be read: it may stand on any image",
			users.unknown.v[i]);
	return r ? r : remove_unused(prune, &users, pruned, err);
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
}

int vm_image_prune(const struct vm_host *host, const struct vm_prune_options *options,
		   struct vm_pruned *ret, struct error *err)
{
	struct prune prune = { .host = host, .options = options };
	struct vm_pruned pruned = { .bytes = 0 };
	uint64_t bytes = 0;
	int r = prune_images(&prune, &pruned, err);

	if (!r)
		r = images_sweep(&host->store, options->dry, &pruned.leftovers, &bytes, err);
	prune_done(&prune);
	if (r) {
		strv_done(&pruned.removed);
		return r;
	}
	pruned.bytes += bytes;
	*ret = pruned;
	return 0;
}
