/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folder of base images. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "store/images.h"

/* In the order of enum disk_format. */
static const char *const suffixes[] = { ".qcow2", ".raw" };

static char *image_file(const char *name, enum disk_format format)
{
	return xasprintf("%s%s", name, suffixes[format]);
}

static char *image_dir(const struct store *store)
{
	if (store->config->image_dir)
		return xstrdup(store->config->image_dir);
	return xasprintf("%s/images", store->config->state_dir);
}

static int no_image(const char *name, struct error *err)
{
	error_set(err, ERROR_NOT_FOUND, ENOENT, "no image '%s'", name);
	return error_hint(err, "mnmivm-se image list; mnmivm-se image import FILE %s", name);
}

static bool image_exists(const struct store *store, const char *name, enum disk_format format)
{
	AUTO_FREE char *file = image_file(name, format);

	return !faccessat(store->images_fd, file, F_OK, AT_SYMLINK_NOFOLLOW);
}

/* In one folder, whose path is dir. Returns IMAGE_ABSENT (positive) where it is not there. */
enum { IMAGE_ABSENT = 1 };

static int open_in(int dir_fd, const char *dir, const char *name, int *ret_fd,
		   enum disk_format *ret_format, char **ret_path, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(suffixes) && dir_fd >= 0; i++) {
		AUTO_FREE char *file = image_file(name, (enum disk_format)i);
		int r;

		if (faccessat(dir_fd, file, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		r = file_open_regular(dir_fd, file, O_RDONLY, ret_fd, err);
		if (r)
			return error_prefix(err, "image '%s'", name);
		*ret_format = (enum disk_format)i;
		*ret_path = xasprintf("%s/%s", dir, file);
		return 0;
	}
	return IMAGE_ABSENT;
}

int images_open(const struct store *store, const char *name, int *ret_fd,
		enum disk_format *ret_format, char **ret_path, struct error *err)
{
	AUTO_FREE char *dir = image_dir(store);
	int r = parse_image_name(name, err);

	if (!r)
		r = open_in(store->images_fd, dir, name, ret_fd, ret_format, ret_path, err);
	if (r == IMAGE_ABSENT)
		r = open_in(store->shared_images_fd, store->config->shared_image_dir, name, ret_fd,
			    ret_format, ret_path, err);
	return r == IMAGE_ABSENT ? no_image(name, err) : r;
}

static void list_entry(const char *file, struct strv *ret)
{
	struct error ignored = ERROR_INIT;
	size_t len = strlen(file);

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t suffix_len = strlen(suffixes[i]);
		AUTO_FREE char *name = NULL;

		if (len <= suffix_len || strcmp(file + len - suffix_len, suffixes[i]))
			continue;
		name = xstrndup(file, len - suffix_len);
		if (!parse_image_name(name, &ignored))
			strv_push(ret, name);
	}
}

/* Appends; a folder that is not open is an empty one. */
static int list_folder(int dir_fd, struct strv *ret, struct error *err)
{
	struct dirent *entry;
	DIR *dir;
	int fd, r;

	if (dir_fd < 0)
		return 0;
	fd = file_openat(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return error_errno(err, -fd, "open the folder of images");
	dir = fdopendir(fd);
	if (!dir) {
		int code = errno;

		close(fd);
		return error_errno(err, code, "read the folder of images");
	}
	while (errno = 0, (entry = readdir(dir)))
		list_entry(entry->d_name, ret);
	r = errno ? error_errno(err, errno, "read the folder of images") : 0;
	closedir(dir);
	return r;
}

int images_list(const struct store *store, struct strv *ret, struct error *err)
{
	AUTO_STRV names = STRV_INIT;
	int r = list_folder(store->images_fd, &names, err);

	strv_clear(ret);
	if (!r)
		r = list_folder(store->shared_images_fd, &names, err);
	strv_sort(&names);
	for (size_t i = 0; i < names.n && !r; i++)
		if (!i || strcmp(names.v[i], names.v[i - 1]) != 0)
			strv_push(ret, names.v[i]);
	return r;
}

static char *draft_file(const char *name)
{
	return xasprintf(".tmp-%s", name);
}

static int already_there(const char *name, struct error *err)
{
	error_set(err, ERROR_CONFLICT, EEXIST, "image '%s' exists", name);
	return error_hint(err, "mnmivm-se image remove %s", name);
}

static int check_free(const struct store *store, const char *name, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (image_exists(store, name, (enum disk_format)i))
			return already_there(name, err);
	return 0;
}

/*
 * Whose draft this was may have committed it between our open and our lock: then what we hold is
 * an image, and nothing that may be truncated.
 */
static bool draft_is_ours(const struct store *store, const char *file, int fd)
{
	struct stat ours, named;

	return !flock(fd, LOCK_EX | LOCK_NB) && !fstat(fd, &ours) &&
	       !fstatat(store->images_fd, file, &named, AT_SYMLINK_NOFOLLOW) &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

int images_begin(const struct store *store, const char *name, struct image_draft *ret,
		 struct error *err)
{
	struct image_draft draft = { .fd = -1 };
	AUTO_FREE char *file = draft_file(name);
	AUTO_CLOSE int fd = -1;
	int r = parse_image_name(name, err);

	if (!r)
		r = check_free(store, name, err);
	if (r)
		return r;
	fd = file_openat(store->images_fd, file, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_errno(err, -fd, "create image '%s'", name);
	if (!draft_is_ours(store, file, fd))
		return error_set(err, ERROR_BUSY, EBUSY,
				 "image '%s' is being written by another command", name);
	r = check_free(store, name, err);
	if (r) {
		unlinkat(store->images_fd, file, 0);
		return r;
	}
	if (ftruncate(fd, 0) < 0)
		return error_errno(err, errno, "create image '%s'", name);
	memcpy(draft.name, name, strlen(name) + 1);
	draft.fd = fd_steal(&fd);
	*ret = draft;
	return 0;
}

int images_commit(const struct store *store, struct image_draft *draft, enum disk_format format,
		  const struct image_config *config, struct error *err)
{
	AUTO_FREE char *from = draft_file(draft->name);
	AUTO_FREE char *to = image_file(draft->name, format);
	int code = 0;

	(void)config;
	if (fchmod(draft->fd, 0444) < 0 || fsync(draft->fd) < 0)
		code = errno;
	if (!code)
		code = -file_rename_new(store->images_fd, from, store->images_fd, to);
	if (!code && fsync(store->images_fd) < 0) {
		code = errno;
		unlinkat(store->images_fd, to, 0);
	}
	if (code == EEXIST)
		already_there(draft->name, err);
	else if (code)
		error_errno(err, code, "store image '%s'", draft->name);
	if (code)
		images_abort(store, draft);
	fd_close(&draft->fd);
	return -code;
}

void images_abort(const struct store *store, struct image_draft *draft)
{
	AUTO_FREE char *file = draft_file(draft->name);

	if (draft->fd < 0)
		return;
	unlinkat(store->images_fd, file, 0);
	fd_close(&draft->fd);
}

int images_hold(int fd, const char *name, bool exclusive, struct error *err)
{
	struct stat st;

	if (flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0)
		return error_set(err, ERROR_BUSY, EBUSY, "image '%s' is in use by another command",
				 name);
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "look at image '%s'", name);
	return st.st_nlink ? 0 : no_image(name, err);
}

static int not_removed(const struct store *store, const char *name, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(suffixes) && store->shared_images_fd >= 0; i++) {
		AUTO_FREE char *file = image_file(name, (enum disk_format)i);

		if (!faccessat(store->shared_images_fd, file, F_OK, AT_SYMLINK_NOFOLLOW))
			return error_set(err, ERROR_PERMISSION, EACCES,
					 "image '%s' is the host's own: root removes it", name);
	}
	return no_image(name, err);
}

int images_remove(const struct store *store, const char *name, struct error *err)
{
	int r = parse_image_name(name, err);

	if (r)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes) && store->images_fd >= 0; i++) {
		AUTO_FREE char *file = image_file(name, (enum disk_format)i);

		if (!unlinkat(store->images_fd, file, 0))
			return fsync(store->images_fd) < 0
				       ? error_errno(err, errno, "remove image '%s'", name)
				       : 0;
		if (errno != ENOENT)
			return error_errno(err, errno, "remove image '%s'", name);
	}
	return not_removed(store, name, err);
}
