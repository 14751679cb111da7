/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images being written: a draft has a name of its own until it is whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/process.h"
#include "images_files.h"

enum { LOCK_WAIT_MS = 500, LOCK_POLL_MS = 10 };

static int already_there(const char *name, struct error *err)
{
	error_set(err, ERROR_CONFLICT, EEXIST, "image '%s' exists", name);
	return error_hint(err, "mnmivm-se image remove %s", name);
}

static int check_free(const struct store *store, const char *name, struct error *err)
{
	return image_exists(store->images_fd, name) ? already_there(name, err) : 0;
}

/*
 * "x" has its settings in "x.conf", whose next version would be written where the draft of "x.conf"
 * is.
 */
static int check_name(const char *name, struct error *err)
{
	AUTO_FREE char *stem = image_strip(name, IMAGE_CONFIG_SUFFIX);
	int r = parse_image_name(name, err);

	if (!r && stem)
		r = error_set(err, ERROR_USAGE, EINVAL, "an image's name cannot end in '%s': '%s'",
			      IMAGE_CONFIG_SUFFIX, name);
	return r;
}

enum { DRAFT_FLAGS = O_RDWR | O_NOFOLLOW | O_NONBLOCK };

/* *fd, which can only read a file that we have locked, becomes one that can write to it. */
static int reopen_to_write(const struct store *store, const char *file, int *fd)
{
	int new_fd;

	if (fchmod(*fd, 0600) < 0)
		return -errno;
	new_fd = file_openat(store->images_fd, file, DRAFT_FLAGS, 0);
	if (new_fd < 0)
		return new_fd;
	fd_close(fd);
	*fd = new_fd;
	return 0;
}

/*
 * A user cannot write to what is read-only: of a killed writer, or of one who is about to give it
 * its name. Only the lock tells which, and the mode is not touched before.
 */
int image_open_locked(const struct store *store, const char *file, int *ret_fd, int *ret_lock_fd)
{
	AUTO_CLOSE int fd = file_openat(store->images_fd, file, DRAFT_FLAGS | O_CREAT, 0600);
	const bool read_only = fd == -EACCES;
	AUTO_CLOSE int lock_fd = -1;
	int r;

	if (read_only)
		fd = file_openat(store->images_fd, file, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return read_only && fd == -ENOENT ? -ESTALE : fd;
	r = image_lock_file(store, file, fd, &lock_fd);
	if (!r && read_only)
		r = reopen_to_write(store, file, &fd);
	if (r)
		return r;
	*ret_fd = fd_steal(&fd);
	*ret_lock_fd = fd_steal(&lock_fd);
	return 0;
}

static bool is_taken(int r)
{
	return r == -EWOULDBLOCK || r == -ESTALE;
}

/* A sweep has it for a moment only, and so has a look at whether the name is free. */
static int wait_for_draft(const struct store *store, const char *file, int *ret_fd,
			  int *ret_lock_fd)
{
	const struct timespec pause = { .tv_nsec = LOCK_POLL_MS * 1000000L };
	int64_t deadline = clock_ms() + LOCK_WAIT_MS;
	int r;

	while (is_taken(r = image_open_locked(store, file, ret_fd, ret_lock_fd)) &&
	       clock_ms() < deadline)
		nanosleep(&pause, NULL);
	return r;
}

/* Whoever has the lock on .tmp-NAME is the only one who makes NAME and NAME.conf. */
static int lock_name(const struct store *store, const char *name, int *ret_fd, int *ret_lock_fd,
		     struct error *err)
{
	AUTO_FREE char *file = image_draft_file(name);
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int lock_fd = -1;
	int r = check_name(name, err);

	if (!r)
		r = check_free(store, name, err);
	if (r)
		return r;
	r = wait_for_draft(store, file, &fd, &lock_fd);
	if (is_taken(r))
		return error_set(err, ERROR_BUSY, EBUSY,
				 "image '%s' is being written by another command", name);
	if (r)
		return error_errno(err, -r, "create image '%s'", name);
	r = check_free(store, name, err);
	if (r) {
		unlinkat(store->images_fd, file, 0);
		return r;
	}
	*ret_fd = fd_steal(&fd);
	*ret_lock_fd = fd_steal(&lock_fd);
	return 0;
}

static struct image_draft new_draft(const char *name)
{
	struct image_draft draft = IMAGE_DRAFT_INIT;

	memcpy(draft.name, name, strlen(name) + 1);
	return draft;
}

int images_begin(const struct store *store, const char *name, struct image_draft *ret,
		 struct error *err)
{
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int lock_fd = -1;
	int r = lock_name(store, name, &fd, &lock_fd, err);

	if (r)
		return r;
	if (ftruncate(fd, 0) < 0)
		return error_errno(err, errno, "create image '%s'", name);
	*ret = new_draft(name);
	ret->file = image_draft_file(name);
	ret->fd = fd_steal(&fd);
	ret->lock_fd = fd_steal(&lock_fd);
	return 0;
}

int images_part_adopt(const struct store *store, struct image_part *part, const char *name,
		      struct image_draft *ret, struct error *err)
{
	AUTO_CLOSE int fd = -1; /* as long as the lock is ours nobody else takes its name away */
	AUTO_CLOSE int lock_fd = -1;
	int r = lock_name(store, name, &fd, &lock_fd, err);

	if (r)
		return r;
	*ret = new_draft(name);
	ret->lock_fd = fd_steal(&lock_fd);
	ret->part_lock_fd = fd_steal(&part->lock_fd);
	ret->file = ptr_steal(&part->file);
	ret->fd = fd_steal(&part->fd);
	return 0;
}

static int drop_config(const struct store *store, const char *name)
{
	AUTO_FREE char *file = image_config_file(name);

	return unlinkat(store->images_fd, file, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int images_record(const struct store *store, const char *name, const struct image_config *config,
		  struct error *err)
{
	AUTO_FREE char *file = image_config_file(name);
	AUTO_BUF text = BUF_INIT;
	int r = image_config_format(config, &text, err);

	return r ? r : file_write(store->images_fd, file, buf_str(&text), text.len, 0644, err);
}

static int put_config(const struct store *store, const char *name,
		      const struct image_config *config, struct error *err)
{
	int r;

	if (config)
		return images_record(store, name, config, err);
	/* that of an earlier image, whose removal a kill cut short */
	r = drop_config(store, name);
	return r ? error_errno(err, -r, "remove the settings of image '%s'", name) : 0;
}

static int put_image(const struct store *store, const struct image_draft *draft,
		     enum disk_format format, struct error *err)
{
	AUTO_FREE char *to = image_file(draft->name, format);
	int code = -file_rename_new(store->images_fd, draft->file, store->images_fd, to);

	if (!code && fsync(store->images_fd) < 0) {
		code = errno;
		unlinkat(store->images_fd, to, 0);
	}
	if (code == EEXIST)
		return already_there(draft->name, err);
	return code ? error_errno(err, code, "store image '%s'", draft->name) : 0;
}

static bool is_adopted(const struct image_draft *draft)
{
	return draft->part_lock_fd >= 0;
}

/* What stood for the name is of no use to anybody, unless the draft is in it. */
static void release(const struct store *store, struct image_draft *draft)
{
	AUTO_FREE char *file = image_draft_file(draft->name);

	if (is_adopted(draft))
		unlinkat(store->images_fd, file, 0);
	fd_close(&draft->lock_fd);
	fd_close(&draft->part_lock_fd);
	fd_close(&draft->fd);
	free(draft->file);
	draft->file = NULL;
}

/*
 * What fsync(2) could not write counts as clean from then on: the next one reports nothing, and
 * whoever reads the file, to hash it, may find in memory what the disk does not have. So no part
 * outlives that.
 */
static int put_bytes(const struct store *store, const struct image_draft *draft, struct error *err)
{
	int code;

	if (fchmod(draft->fd, 0444) < 0)
		return error_errno(err, errno, "store image '%s'", draft->name);
	if (fsync(draft->fd) == 0)
		return 0;
	code = errno;
	if (is_adopted(draft))
		unlinkat(store->images_fd, draft->file, 0);
	error_errno(err, code, "write image '%s' to disk", draft->name);
	if (code != ENOSPC && code != EDQUOT)
		return -code;
	return error_hint(err, "make room, perhaps with: mnmivm-se image prune");
}

int images_commit(const struct store *store, struct image_draft *draft, enum disk_format format,
		  const struct image_config *config, struct error *err)
{
	int r = put_bytes(store, draft, err);

	if (!r)
		r = put_config(store, draft->name, config, err);
	if (!r)
		r = put_image(store, draft, format, err);
	if (r) {
		drop_config(store, draft->name);
		images_abort(store, draft);
	} else {
		release(store, draft);
	}
	return r;
}

void images_abort(const struct store *store, struct image_draft *draft)
{
	if (draft->fd < 0)
		return;
	/* an adopted part stays one: it is whole, and dear */
	if (is_adopted(draft))
		fchmod(draft->fd, 0600);
	else
		unlinkat(store->images_fd, draft->file, 0);
	release(store, draft);
}
