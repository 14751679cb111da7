/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base images: list, show, remove. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "image/inspect.h"
#include "store/images.h"
#include "vm/image.h"
#include "image_users.h"

_Static_assert(sizeof(((struct vm_image_info *)0)->hint) == sizeof(((struct error *)0)->hint),
	       "a hint is told as a whole");

static int read_header(const struct vm_host *host, const char *name, struct vm_image_info *info,
		       struct error *err)
{
	struct image_info image = { .virtual_size = 0 };
	AUTO_CLOSE int fd = -1;
	int r = images_open(&host->store, name, &fd, &info->format, &info->path, err);

	if (!r)
		r = image_inspect(fd, name, IMAGE_BASE, info->format == DISK_RAW, &image, err);
	if (r)
		return r;
	info->virtual_bytes = image.virtual_size;
	info->file_bytes = image.file_size;
	return 0;
}

/* What is wrong with one is told of it, and does not keep the others from being listed. */
static void fill_info(const struct vm_host *host, const char *name, struct vm_image_info *info)
{
	struct error err = ERROR_INIT;
	int r;

	image_config_init(&info->config);
	snprintf(info->name, sizeof(info->name), "%s", name);
	r = read_header(host, name, info, &err);
	if (!r) {
		r = images_config(&host->store, name, &info->config, &err);
		memcpy(info->hint, err.hint, sizeof(info->hint));
	}
	if (r)
		snprintf(info->problem, sizeof(info->problem), "%.*s",
			 (int)sizeof(info->problem) - 1, err.message);
}

int vm_image_list(const struct vm_host *host, struct vm_image_list *ret, struct error *err)
{
	struct vm_image_list list = { .n = 0 };
	AUTO_STRV names = STRV_INIT;
	int r = images_list(&host->store, &names, err);

	if (r)
		return r;
	list.v = xcalloc(names.n ? names.n : 1, sizeof(*list.v));
	for (; list.n < names.n; list.n++)
		fill_info(host, names.v[list.n], &list.v[list.n]);
	*ret = list;
	return 0;
}

void vm_image_info_done(struct vm_image_info *info)
{
	free(info->path);
	info->path = NULL;
	image_config_done(&info->config);
}

void vm_image_list_done(struct vm_image_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		vm_image_info_done(&list->v[i]);
	free(list->v);
	*list = (struct vm_image_list){ .n = 0 };
}

static int read_users(const struct vm_host *host, const char *path, struct strv *ret,
		      struct error *err)
{
	AUTO_IMAGE_USERS users = IMAGE_USERS_INIT;
	int r = image_users_read(host, &users, err);

	if (!r)
		image_users_of(&users, path, ret);
	return r;
}

int vm_image_show(const struct vm_host *host, const char *name, struct vm_image_info *ret,
		  struct strv *users, struct error *err)
{
	struct vm_image_info info = { .path = NULL };
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;
	enum disk_format format;
	int r = images_open(&host->store, name, &fd, &format, &path, err);

	if (!r)
		r = read_users(host, path, users, err);
	if (r)
		return r;
	fill_info(host, name, &info);
	*ret = info;
	return 0;
}

static int in_use(const char *name, const struct strv *users, struct error *err)
{
	AUTO_FREE char *list = strv_join(users, ", ");

	error_set(err, ERROR_BUSY, EBUSY, "image '%s' is the base of: %s", name, list);
	return error_hint(err, "delete those first, as in: mnmivm-se delete %s", users->v[0]);
}

int vm_image_remove(const struct vm_host *host, const char *name, struct error *err)
{
	AUTO_STRV users = STRV_INIT;
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int hold_fd = -1; /* closed first */
	enum disk_format format;
	int r = images_open(&host->store, name, &fd, &format, &path, err);

	/* held before the VMs are looked at, or a create could end in between */
	if (!r)
		r = images_hold(&host->store, fd, name, IMAGES_EXCLUSIVE, &hold_fd, err);
	if (!r)
		r = read_users(host, path, &users, err);
	if (!r && users.n)
		return in_use(name, &users, err);
	if (!r)
		r = images_remove(&host->store, name, err);
	if (!r)
		image_users_note_others(host, name);
	return r;
}
