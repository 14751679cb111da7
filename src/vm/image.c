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

int vm_image_show(const struct vm_host *host, const char *name, struct vm_image_info *ret,
		  struct strv *users, struct error *err)
{
	struct vm_image_info info = { .path = NULL };
	AUTO_IMAGE_USERS found = IMAGE_USERS_INIT;
	AUTO_STRV others = STRV_INIT;
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;
	enum disk_format format;
	int r = images_open(&host->store, name, &fd, &format, &path, err);

	if (!r)
		r = image_users_read(host, &found, err);
	if (r)
		return r;
	image_users_note_unseen(host, &found);
	image_users_of(&found, path, users, &others);
	for (size_t i = 0; i < others.n; i++)
		strv_push(users, others.v[i]);
	fill_info(host, name, &info);
	*ret = info;
	return 0;
}

static int in_use(const char *name, const struct strv *own, const struct strv *others,
		  struct error *err)
{
	AUTO_STRV users = STRV_INIT;
	AUTO_FREE char *list = NULL;

	strv_copy(&users, own);
	for (size_t i = 0; i < others->n; i++)
		strv_push(&users, others->v[i]);
	list = strv_join(&users, ", ");
	error_set(err, ERROR_BUSY, EBUSY, "image '%s' is the base of: %s", name, list);
	if (own->n)
		return error_hint(err, "delete those first, as in: mnmivm-se delete %s", own->v[0]);
	return error_hint(err,
			  "who has them deletes them; they are lost with: "
			  "mnmivm-se image remove --force %s",
			  name);
}

static int unseen(const char *name, const struct image_users *users, struct error *err)
{
	error_set(err, ERROR_BUSY, EBUSY, "image '%s' may be the base of VMs of others: %s", name,
		  users->unseen.v[0]);
	return error_hint(err,
			  "if that is gone for good: rm %s; whatever there is, is lost with: "
			  "mnmivm-se image remove --force %s",
			  users->links.v[0], name);
}

/* force is for others' VMs, which are not ours to delete. */
static int check_unused(const struct vm_host *host, const char *name, const char *path, bool force,
			struct strv *ret_lost, struct error *err)
{
	AUTO_IMAGE_USERS users = IMAGE_USERS_INIT;
	AUTO_STRV own = STRV_INIT;
	int r = image_users_read(host, &users, err);

	if (r)
		return r;
	image_users_of(&users, path, &own, ret_lost);
	if (own.n || (ret_lost->n && !force))
		return in_use(name, &own, ret_lost, err);
	return users.unseen.n && !force ? unseen(name, &users, err) : 0;
}

/* Whoever can read one of root's images can hold it. */
static int hint_holder(const char *path, struct error *err)
{
	return error_hint(err, "if it stays so, see who has it open: fuser -v '%s'", path);
}

int vm_image_remove(const struct vm_host *host, const char *name, bool force, struct error *err)
{
	AUTO_STRV lost = STRV_INIT;
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *list = NULL;
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int hold_fd = -1; /* closed first */
	enum disk_format format;
	int r = images_open(&host->store, name, &fd, &format, &path, err);

	if (r)
		return r;
	/* held before the VMs are looked at, or a create could end in between */
	r = images_hold(&host->store, fd, name, IMAGES_EXCLUSIVE, &hold_fd, err);
	if (r)
		return err->kind == ERROR_BUSY ? hint_holder(path, err) : r;
	r = check_unused(host, name, path, force, &lost, err);
	if (!r)
		r = images_remove(&host->store, name, err);
	if (r || !lost.n)
		return r;
	list = strv_join(&lost, ", ");
	vm_note(host, "%s: was the base of: %s", name, list);
	return 0;
}
