/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What pulls, imports and removals leave when they are killed. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/parse.h"
#include "images_files.h"

struct sweep {
	const struct store *store;
	bool dry;
	void (*each)(void *arg, const char *file, uint64_t bytes); /* NULL: nobody is told */
	void *arg;
	unsigned int n;
	uint64_t bytes;
};

static void sweep_file(struct sweep *sweep, const char *file)
{
	struct stat st;
	uint64_t bytes;

	if (fstatat(sweep->store->images_fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (!sweep->dry && unlinkat(sweep->store->images_fd, file, 0) < 0)
		return;
	bytes = (uint64_t)st.st_blocks * 512; /* whatever the block size, stat(3type) */
	sweep->n++;
	sweep->bytes += bytes;
	if (sweep->each)
		sweep->each(sweep->arg, file, bytes);
}

/* What somebody is writing is locked, see images_draft.c; where he has just ended it is gone. */
static void sweep_unlocked(struct sweep *sweep, const char *file)
{
	AUTO_CLOSE int fd = file_openat(sweep->store->images_fd, file, O_RDONLY | O_NONBLOCK, 0);
	AUTO_CLOSE int lock_fd = -1;

	if (fd >= 0 && image_lock_file(sweep->store, file, fd, &lock_fd) == 0)
		sweep_file(sweep, file);
}

static bool is_ours(const struct sweep *sweep, const char *file)
{
	struct stat st;

	return !fstatat(sweep->store->images_fd, file, &st, AT_SYMLINK_NOFOLLOW) &&
	       S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid == geteuid();
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
	if (is_ours(sweep, left))
		sweep_unlocked(sweep, left);
	/* what is still there we would take over */
	if (!faccessat(sweep->store->images_fd, left, F_OK, AT_SYMLINK_NOFOLLOW) ||
	    images_begin(sweep->store, name, &draft, &ignored))
		return;
	sweep_file(sweep, file);
	images_abort(sweep->store, &draft);
}

/* Behind prefix; NULL: it begins otherwise. */
static const char *behind(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

static bool is_hex(const char *text, size_t len)
{
	return strspn(text, "0123456789abcdef") == len && !text[len];
}

/* As images_part_open() calls what has a digest of ours. */
static bool is_part(const char *file)
{
	const char *digest = behind(file, IMAGE_PART_PREFIX);
	const char *sha256 = digest ? behind(digest, "sha256-") : NULL;
	const char *sha512 = digest ? behind(digest, "sha512-") : NULL;

	return (sha256 && is_hex(sha256, 64)) || (sha512 && is_hex(sha512, 128));
}

static bool is_name(const char *text)
{
	struct error ignored = ERROR_INIT;

	return !parse_image_name(text, &ignored);
}

/* image_dir may be any folder, of files that are no business of ours. */
static void sweep_entry(const char *file, void *arg)
{
	struct sweep *sweep = arg;
	AUTO_FREE char *stem = image_strip(file, IMAGE_CONFIG_SUFFIX);
	const char *draft = behind(stem ? stem : file, IMAGE_DRAFT_PREFIX);

	if (!is_ours(sweep, file) || (draft && !is_name(draft)))
		return;
	if (is_part(file) || (draft && !stem))
		sweep_unlocked(sweep, file);
	else if (draft)
		sweep_config(sweep, draft, file);
	else if (stem && is_name(stem) && image_config_is_written(sweep->store, file))
		sweep_config(sweep, stem, file);
}

int images_sweep_each(const struct store *store, bool dry,
		      void (*each)(void *arg, const char *file, uint64_t bytes), void *arg,
		      unsigned int *ret_n, uint64_t *ret_bytes, struct error *err)
{
	struct sweep sweep = { .store = store, .dry = dry, .each = each, .arg = arg };

	dir_for_each(store->images_fd, sweep_entry, &sweep);
	if (sweep.n && !dry && fsync(store->images_fd) < 0)
		return error_errno(err, errno, "write the folder of images to disk");
	*ret_n = sweep.n;
	*ret_bytes = sweep.bytes;
	return 0;
}

int images_sweep(const struct store *store, bool dry, unsigned int *ret_n, uint64_t *ret_bytes,
		 struct error *err)
{
	return images_sweep_each(store, dry, NULL, NULL, ret_n, ret_bytes, err);
}

void image_config_drop(const struct store *store, const char *name)
{
	AUTO_FREE char *file = image_config_file(name);
	struct sweep sweep = { .store = store };

	sweep_config(&sweep, name, file);
}
