/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folder of base images. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "images_files.h"

/* In the order of enum disk_format. */
static const char *const suffixes[] = { ".qcow2", ".raw" };

char *image_file(const char *name, enum disk_format format)
{
	return xasprintf("%s%s", name, suffixes[format]);
}

char *image_config_file(const char *name)
{
	return xasprintf("%s%s", name, IMAGE_CONFIG_SUFFIX);
}

char *image_draft_file(const char *name)
{
	return xasprintf("%s%s", IMAGE_DRAFT_PREFIX, name);
}

char *image_strip(const char *text, const char *suffix)
{
	size_t len = strlen(text);
	size_t suffix_len = strlen(suffix);

	if (len <= suffix_len || strcmp(text + len - suffix_len, suffix) != 0)
		return NULL;
	return xstrndup(text, len - suffix_len);
}

char *image_folder(const struct store *store)
{
	if (store->config->image_dir)
		return xstrdup(store->config->image_dir);
	return xasprintf("%s/images", store->config->state_dir);
}

int image_absent(const char *name, struct error *err)
{
	error_set(err, ERROR_NOT_FOUND, ENOENT, "no image '%s'", name);
	return error_hint(err, "mnmivm-se image list; mnmivm-se image import FILE %s", name);
}

bool image_exists(int dir_fd, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(suffixes) && dir_fd >= 0; i++) {
		AUTO_FREE char *file = image_file(name, (enum disk_format)i);

		if (!faccessat(dir_fd, file, F_OK, AT_SYMLINK_NOFOLLOW))
			return true;
	}
	return false;
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
	AUTO_FREE char *dir = image_folder(store);
	int r = parse_image_name(name, err);

	if (!r)
		r = open_in(store->images_fd, dir, name, ret_fd, ret_format, ret_path, err);
	if (r == IMAGE_ABSENT)
		r = open_in(store->shared_images_fd, store->config->shared_image_dir, name, ret_fd,
			    ret_format, ret_path, err);
	return r == IMAGE_ABSENT ? image_absent(name, err) : r;
}

bool images_is_own(const struct store *store, const char *name)
{
	return image_exists(store->images_fd, name);
}

static void list_entry(const char *file, struct strv *ret)
{
	struct error ignored = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		AUTO_FREE char *name = image_strip(file, suffixes[i]);

		if (name && !parse_image_name(name, &ignored))
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

static int not_removed(const struct store *store, const char *name, struct error *err)
{
	if (!image_exists(store->shared_images_fd, name))
		return image_absent(name, err);
	return error_set(err, ERROR_PERMISSION, EACCES,
			 "image '%s' is the host's own: root removes it", name);
}

static int remove_file(const struct store *store, const char *name, const char *file,
		       struct error *err)
{
	if (unlinkat(store->images_fd, file, 0) < 0)
		return errno == ENOENT ? IMAGE_ABSENT
				       : error_errno(err, errno, "remove image '%s'", name);
	image_config_drop(store, name);
	return fsync(store->images_fd) < 0 ? error_errno(err, errno, "remove image '%s'", name) : 0;
}

int images_remove(const struct store *store, const char *name, struct error *err)
{
	int r = parse_image_name(name, err);

	if (r)
		return r;
	r = IMAGE_ABSENT;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes) && store->images_fd >= 0; i++) {
		AUTO_FREE char *file = image_file(name, (enum disk_format)i);

		if (r == IMAGE_ABSENT)
			r = remove_file(store, name, file, err);
	}
	return r == IMAGE_ABSENT ? not_removed(store, name, err) : r;
}
