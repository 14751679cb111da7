/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What pulls, imports and removals leave when they are killed. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "images_files.h"

struct sweep {
	const struct store *store;
	bool dry;
	unsigned int n;
	uint64_t bytes;
};

static void sweep_file(struct sweep *sweep, const char *file)
{
	struct stat st;

	if (fstatat(sweep->store->images_fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (!sweep->dry && unlinkat(sweep->store->images_fd, file, 0) < 0)
		return;
	sweep->n++;
	sweep->bytes += (uint64_t)st.st_blocks * 512; /* whatever the block size, stat(3type) */
}

/* What somebody is writing is locked, see images_draft.c; where he has just ended it is gone. */
static void sweep_unlocked(struct sweep *sweep, const char *file)
{
	AUTO_CLOSE int fd = file_openat(sweep->store->images_fd, file, O_RDONLY | O_NONBLOCK, 0);
	struct stat ours, named;

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	if (!fstat(fd, &ours) &&
	    !fstatat(sweep->store->images_fd, file, &named, AT_SYMLINK_NOFOLLOW) &&
	    ours.st_dev == named.st_dev && ours.st_ino == named.st_ino)
		sweep_file(sweep, file);
}

/* While nobody can begin an image of that name, nor is in the middle of it. */
static void sweep_config(struct sweep *sweep, const char *name, const char *file)
{
	struct image_draft draft = IMAGE_DRAFT_INIT;
	AUTO_FREE char *left = image_draft_file(name);
	struct error ignored = ERROR_INIT;

	if (image_exists(sweep->store->images_fd, name))
		return;
	if (sweep->dry) {
		sweep_file(sweep, file);
		return;
	}
	sweep_unlocked(sweep, left); /* before we take it over */
	if (images_begin(sweep->store, name, &draft, &ignored))
		return;
	sweep_file(sweep, file);
	images_abort(sweep->store, &draft);
}

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void sweep_entry(const char *file, void *arg)
{
	struct sweep *sweep = arg;
	AUTO_FREE char *stem = image_strip(file, IMAGE_CONFIG_SUFFIX);

	if (begins_with(file, IMAGE_PART_PREFIX))
		sweep_unlocked(sweep, file);
	else if (stem && begins_with(stem, IMAGE_DRAFT_PREFIX))
		sweep_config(sweep, stem + strlen(IMAGE_DRAFT_PREFIX), file);
	else if (begins_with(file, IMAGE_DRAFT_PREFIX))
		sweep_unlocked(sweep, file);
	else if (stem)
		sweep_config(sweep, stem, file);
}

int images_sweep(const struct store *store, bool dry, unsigned int *ret_n, uint64_t *ret_bytes,
		 struct error *err)
{
	struct sweep sweep = { .store = store, .dry = dry };

	dir_for_each(store->images_fd, sweep_entry, &sweep);
	if (sweep.n && !dry && fsync(store->images_fd) < 0)
		return error_errno(err, errno, "write the folder of images to disk");
	*ret_n = sweep.n;
	*ret_bytes = sweep.bytes;
	return 0;
}

void image_config_drop(const struct store *store, const char *name)
{
	AUTO_FREE char *file = image_config_file(name);
	struct sweep sweep = { .store = store };

	sweep_config(&sweep, name, file);
}
