/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base images: bring in, list, remove. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "image/inspect.h"
#include "store/images.h"
#include "store/vm_dir.h"
#include "vm/image.h"
#include "disks.h"
#include "lan.h"

enum { COPY_CHUNK = 1 << 20 };

static int open_source(const char *path, int *ret_fd, struct error *err)
{
	struct stat st;
	AUTO_CLOSE int fd = -1;

	if (!strcmp(path, "-"))
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		error_errno(err, errno, "open '%s'", path);
		return err->code == ENOENT ? error_kind(err, ERROR_NOT_FOUND) : -err->code;
	}
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "look at '%s'", path);
	if (S_ISDIR(st.st_mode))
		return error_set(err, ERROR_USAGE, EISDIR, "'%s' is a folder", path);
	*ret_fd = fd_steal(&fd);
	return 0;
}

/*
 * copy_file_range(2) shares the blocks where the file system can; the rest falls back on read
 * and write.
 */
static int copy_all(int from, int to, const char *path, struct error *err)
{
	AUTO_FREE char *chunk = NULL;
	ssize_t len;

	do
		len = copy_file_range(from, NULL, to, NULL, (size_t)1 << 30, 0);
	while (len > 0);
	if (len == 0)
		return 0;
	if (errno == ENOSPC || errno == EDQUOT)
		return error_errno(err, errno, "copy '%s'", path);
	chunk = xmalloc(COPY_CHUNK);
	for (;;) {
		int r;

		len = read(from, chunk, COPY_CHUNK);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return error_errno(err, errno, "read '%s'", path);
		if (len == 0)
			return 0;
		r = fd_write_all(to, chunk, (size_t)len);
		if (r)
			return error_errno(err, -r, "copy '%s'", path);
	}
}

int vm_image_import(const struct vm_host *host, const char *path, const char *name,
		    const struct vm_import_options *options, struct error *err)
{
	struct image_draft draft = { .fd = -1 };
	AUTO_CLOSE int fd = -1;
	struct image_info info;
	int r = open_source(path, &fd, err);

	(void)options;
	if (!r)
		r = images_begin(&host->store, name, &draft, err);
	if (!r)
		r = copy_all(fd, draft.fd, path, err);
	if (!r)
		r = image_inspect(draft.fd, path, IMAGE_BASE, false, &info, err);
	if (r) {
		images_abort(&host->store, &draft);
		return r;
	}
	return images_commit(&host->store, &draft,
			     info.format == IMAGE_QCOW2 ? DISK_QCOW2 : DISK_RAW, NULL, err);
}

static void fill_info(const struct vm_host *host, const char *name, struct vm_image_info *info)
{
	struct error err = ERROR_INIT;
	struct image_info image;
	AUTO_CLOSE int fd = -1;

	snprintf(info->name, sizeof(info->name), "%s", name);
	if (!images_open(&host->store, name, &fd, &info->format, &info->path, &err) &&
	    !image_inspect(fd, name, IMAGE_BASE, info->format == DISK_RAW, &image, &err)) {
		info->virtual_bytes = image.virtual_size;
		info->file_bytes = image.file_size;
		return;
	}
	snprintf(info->problem, sizeof(info->problem), "%.*s", (int)sizeof(info->problem) - 1,
		 err.message);
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

void vm_image_list_done(struct vm_image_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].path);
	free(list->v);
	*list = (struct vm_image_list){ .n = 0 };
}

/* The disk's own header tells it even of a VM without a vm.conf. */
static bool vm_uses(const struct vm_host *host, const char *name, const char *path)
{
	struct error ignored = ERROR_INIT;
	AUTO_VM_DIR dir = VM_DIR_INIT;
	struct image_info info;
	struct vm_config vm;
	bool uses;

	/* in doubt it does: a folder that cannot be looked at may hold a VM of this image */
	if (vm_dir_open(&host->store, name, &dir, &ignored))
		return ignored.kind != ERROR_NOT_FOUND;
	if (!vm_dir_load(&dir, &host->config, lan_fallback(host), &vm, &ignored)) {
		uses = vm.image.path && !strcmp(vm.image.path, path);
		vm_config_done(&vm);
		if (uses)
			return true;
	}
	return !disks_inspect_system(&dir, &info, &ignored) && info.has_backing &&
	       !strcmp(info.backing_file, path);
}

int vm_image_remove(const struct vm_host *host, const char *name, struct error *err)
{
	AUTO_STRV names = STRV_INIT;
	AUTO_STRV users = STRV_INIT;
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *list = NULL;
	AUTO_CLOSE int fd = -1;
	enum disk_format format;
	int r = images_open(&host->store, name, &fd, &format, &path, err);

	/* held before the VMs are looked at, or a create could end in between */
	if (!r)
		r = images_hold(fd, name, true, err);
	if (!r)
		r = store_list(&host->store, &names, err);
	if (r)
		return r;
	for (size_t i = 0; i < names.n; i++)
		if (vm_uses(host, names.v[i], path))
			strv_push(&users, names.v[i]);
	if (!users.n)
		return images_remove(&host->store, name, err);
	list = strv_join(&users, ", ");
	error_set(err, ERROR_BUSY, EBUSY, "image '%s' is the base of: %s", name, list);
	return error_hint(err, "delete those first, as in: mnmivm-se delete %s", users.v[0]);
}
