/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images being written: a draft has a name of its own until it is whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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

/* "x" has its settings in "x.conf", whose next version would be written where the draft of "x.conf" is. */
static int check_name(const char *name, struct error *err)
{
	AUTO_FREE char *stem = image_strip(name, IMAGE_CONFIG_SUFFIX);
	int r = parse_image_name(name, err);

	if (!r && stem)
		r = error_set(err, ERROR_USAGE, EINVAL, "an image's name cannot end in '%s': '%s'",
			      IMAGE_CONFIG_SUFFIX, name);
	return r;
}

static int lock(const struct store *store, const char *file, int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return file_has_name(fd, store->images_fd, file) ? 0 : -ESTALE;
}

int image_open_locked(const struct store *store, const char *file)
{
	const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
	AUTO_CLOSE int fd = file_openat(store->images_fd, file, flags, 0600);
	int r;

	if (fd == -EACCES) { /* read-only already when its writer was killed */
		AUTO_CLOSE int old = file_openat(store->images_fd, file, O_RDONLY | O_NONBLOCK, 0);

		if (old < 0 || fchmod(old, 0600) < 0)
			return -EACCES;
		fd = file_openat(store->images_fd, file, flags, 0600);
	}
	if (fd < 0)
		return fd;
	r = lock(store, file, fd);
	return r ? r : fd_steal(&fd);
}

static bool is_taken(int r)
{
	return r == -EWOULDBLOCK || r == -ESTALE;
}

/* A sweep has it for a moment only, and so has a look at whether the name is free. */
static int open_lock(const struct store *store, const char *name)
{
	const struct timespec pause = { .tv_nsec = LOCK_POLL_MS * 1000000L };
	AUTO_FREE char *file = image_draft_file(name);
	int64_t deadline = clock_ms() + LOCK_WAIT_MS;
	int fd;

	while (is_taken(fd = image_open_locked(store, file)) && clock_ms() < deadline)
		nanosleep(&pause, NULL);
	return fd;
}

/* Whoever has the lock on .tmp-NAME is the only one who makes NAME and NAME.conf. */
static int lock_name(const struct store *store, const char *name, int *ret_fd, struct error *err)
{
	AUTO_FREE char *file = image_draft_file(name);
	AUTO_CLOSE int fd = -1;
	int r = check_name(name, err);

	if (!r)
		r = check_free(store, name, err);
	if (r)
		return r;
	fd = open_lock(store, name);
	if (is_taken(fd))
		return error_set(err, ERROR_BUSY, EBUSY,
				 "image '%s' is being written by another command", name);
	if (fd < 0)
		return error_errno(err, -fd, "create image '%s'", name);
	r = check_free(store, name, err);
	if (r) {
		unlinkat(store->images_fd, file, 0);
		return r;
	}
	*ret_fd = fd_steal(&fd);
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
	int r = lock_name(store, name, &fd, err);

	if (r)
		return r;
	if (ftruncate(fd, 0) < 0)
		return error_errno(err, errno, "create image '%s'", name);
	*ret = new_draft(name);
	ret->file = image_draft_file(name);
	ret->fd = fd_steal(&fd);
	return 0;
}

int images_part_adopt(const struct store *store, struct image_part *part, const char *name,
		      struct image_draft *ret, struct error *err)
{
	AUTO_CLOSE int lock_fd = -1;
	int r = lock_name(store, name, &lock_fd, err);

	if (r)
		return r;
	*ret = new_draft(name);
	ret->lock_fd = fd_steal(&lock_fd);
	ret->file = ptr_steal(&part->file);
	ret->fd = fd_steal(&part->fd);
	return 0;
}

static int drop_config(const struct store *store, const char *name)
{
	AUTO_FREE char *file = image_config_file(name);

	return unlinkat(store->images_fd, file, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int put_config(const struct store *store, const char *name,
		      const struct image_config *config, struct error *err)
{
	AUTO_FREE char *file = image_config_file(name);
	AUTO_BUF text = BUF_INIT;
	int r;

	if (!config) {
		/* that of an earlier image, whose removal a kill cut short */
		r = drop_config(store, name);
		return r ? error_errno(err, -r, "remove '%s'", file) : 0;
	}
	r = image_config_format(config, &text, err);
	if (!r)
		r = file_write(store->images_fd, file, buf_str(&text), text.len, 0644, err);
	return r;
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

/* The lock's own file is of no use to anybody, unless the draft is in it. */
static void release(const struct store *store, struct image_draft *draft)
{
	AUTO_FREE char *lock = image_draft_file(draft->name);

	if (draft->lock_fd >= 0)
		unlinkat(store->images_fd, lock, 0);
	fd_close(&draft->lock_fd);
	fd_close(&draft->fd);
	free(draft->file);
	draft->file = NULL;
}

int images_commit(const struct store *store, struct image_draft *draft, enum disk_format format,
		  const struct image_config *config, struct error *err)
{
	int r = 0;

	if (fchmod(draft->fd, 0444) < 0 || fsync(draft->fd) < 0)
		r = error_errno(err, errno, "store image '%s'", draft->name);
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
	if (draft->lock_fd < 0)
		unlinkat(store->images_fd, draft->file, 0);
	else
		fchmod(draft->fd, 0600);
	release(store, draft);
}
