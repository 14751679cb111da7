/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disk files of a VM, opened and checked before QEMU sees them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "jail/launch.h"
#include "disks.h"
#include "uefi.h"

void disks_init(struct disks *disks)
{
	*disks = (struct disks){
		.disk = -1, .base = -1, .kernel = -1, .initrd = -1, .uefi_code = -1, .uefi_vars = -1
	};
	for (int i = 0; i < VM_DISKS_MAX; i++)
		disks->extra[i] = -1;
}

void disks_done(struct disks *disks)
{
	fd_close(&disks->disk);
	fd_close(&disks->base);
	fd_close(&disks->kernel);
	fd_close(&disks->initrd);
	fd_close(&disks->uefi_code);
	fd_close(&disks->uefi_vars);
	for (int i = 0; i < VM_DISKS_MAX; i++)
		fd_close(&disks->extra[i]);
}

/* O_NONBLOCK until we know that it is no FIFO. */
int disks_open_plain(const char *path, int *ret_fd, struct stat *ret_st, struct error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0) {
		error_errno(err, errno, "open '%s'", path);
		return err->code == ENOENT ? error_kind(err, ERROR_NOT_FOUND) : -err->code;
	}
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "look at '%s'", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERROR_VERIFY, EINVAL, "'%s' is no regular file", path);
	if (fcntl(fd, F_SETFL, 0) < 0)
		return error_errno(err, errno, "open '%s'", path);
	*ret_st = st;
	*ret_fd = fd_steal(&fd);
	return 0;
}

int disks_open_base(const char *path, bool expect_raw, int *ret_fd, struct image_info *ret,
		    struct error *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;
	int r = disks_open_plain(path, &fd, &st, err);

	if (!r)
		r = image_inspect(fd, path, IMAGE_BASE, expect_raw, ret, err);
	if (!r)
		*ret_fd = fd_steal(&fd);
	return r;
}

static int check_unchanged(const struct vm_image *image, const struct image_info *info,
			   struct error *err)
{
	if (!image->size || (image->size == info->file_size && image->mtime_ns == info->mtime_ns))
		return 0;
	error_set(err, ERROR_VERIFY, ESTALE,
		  "base image '%s' was changed after the VM was made from it", image->path);
	return error_hint(err, "bring the old file back; only if it is the same data, remove "
			       "'size' and 'mtime' below [image] in vm.conf");
}

/*
 * The name in an overlay's header is believed once, for a VM that has none in its vm.conf (Go
 * edition), and pinned there: QEMU may write that header. It must be root's or ours, for nobody
 * else to write, and no disk of a VM.
 */
static int check_believable(const struct store *store, const char *path, int fd, struct error *err)
{
	AUTO_FREE char *real = realpath(path, NULL);
	AUTO_FREE char *vms = xasprintf("%s/vms", store->config->state_dir);
	AUTO_FREE char *real_vms = realpath(vms, NULL);
	struct stat st;

	if (!real || !real_vms || fstat(fd, &st) < 0)
		return error_errno(err, errno, "look at '%s'", path);
	if (!strncmp(real, real_vms, strlen(real_vms)) && real[strlen(real_vms)] == '/')
		return error_set(err, ERROR_VERIFY, EPERM,
				 "backing file '%s' is a file of a VM, no base image", path);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH))) {
		error_set(err, ERROR_VERIFY, EPERM,
			  "backing file '%s' may be written by others than root", path);
		return error_hint(err, "chown root '%s' && chmod go-w '%s'", path, path);
	}
	return 0;
}

static void pin_base(struct vm_image *image, const char *path, const struct image_info *info)
{
	image->path = xstrdup(path);
	image->format = info->format == IMAGE_QCOW2 ? DISK_QCOW2 : DISK_RAW;
	image->size = info->file_size;
	image->mtime_ns = info->mtime_ns;
}

static int open_unpinned_base(const struct store *store, struct vm_config *vm,
			      const struct image_info *overlay, struct disks *disks,
			      struct error *err)
{
	const char *path = overlay->backing_file;
	struct image_info info;
	int r;

	if (path[0] != '/') {
		error_set(err, ERROR_VERIFY, EINVAL, "backing file '%s' is no absolute path", path);
		return error_hint(err, "name it as 'path' below [image] in vm.conf");
	}
	r = disks_open_base(path, false, &disks->base, &info, err);
	if (!r)
		r = check_believable(store, path, disks->base, err);
	if (!r)
		pin_base(&vm->image, path, &info);
	return r;
}

static int open_pinned_base(const struct vm_config *vm, struct disks *disks, struct error *err)
{
	const struct vm_image *image = &vm->image;
	struct image_info info;
	int r = disks_open_base(image->path, image->format == DISK_RAW, &disks->base, &info, err);

	if (r)
		return r;
	if ((info.format == IMAGE_QCOW2) != (image->format == DISK_QCOW2))
		return error_set(err, ERROR_VERIFY, ESTALE, "base image '%s' is not %s any more",
				 image->path, disk_format_words[image->format]);
	return check_unchanged(image, &info, err);
}

static int open_base(const struct store *store, struct vm_config *vm,
		     const struct image_info *overlay, struct disks *disks, struct error *err)
{
	int r = 0;

	if (vm->image.path)
		r = open_pinned_base(vm, disks, err);
	else if (overlay->has_backing)
		r = open_unpinned_base(store, vm, overlay, disks, err);
	disks->base_format = vm->image.format;
	return r ? error_prefix(err, "open the base image") : 0;
}

static int open_system(const struct store *store, const struct vm_dir *dir, struct vm_config *vm,
		       struct disks *disks, struct error *err)
{
	struct image_info info;
	int r = file_open_regular(dir->fd, SYSTEM_DISK, O_RDWR, &disks->disk, err);

	if (!r)
		r = image_inspect(disks->disk, SYSTEM_DISK, IMAGE_OVERLAY, false, &info, err);
	if (!r)
		r = open_base(store, vm, &info, disks, err);
	return r;
}

/* A raw disk is the guest's to write from its first byte on: there is no header to believe. */
static int check_extra(const struct vm_disk *disk, int fd, struct error *err)
{
	struct image_info info;
	int r;

	if (disk->format == DISK_RAW)
		return 0;
	r = image_inspect(fd, disk->file, IMAGE_BASE, false, &info, err);
	if (!r && info.format != IMAGE_QCOW2)
		r = error_set(err, ERROR_VERIFY, EINVAL, "disk '%s' is not qcow2", disk->file);
	return r;
}

static int open_extra(const struct vm_dir *dir, const struct vm_config *vm, struct disks *disks,
		      struct error *err)
{
	for (unsigned int i = 0; i < vm->n_disks; i++) {
		const struct vm_disk *disk = &vm->disks[i];
		int r = file_open_regular(dir->fd, disk->file, O_RDWR, &disks->extra[i], err);

		if (!r)
			r = check_extra(disk, disks->extra[i], err);
		if (r)
			return r;
	}
	return 0;
}

/* Whoever may read it here: the launcher shows it to QEMU's uid. */
static int open_boot_file(const char *path, int *ret_fd, struct error *err)
{
	struct stat st;

	return path ? disks_open_plain(path, ret_fd, &st, err) : 0;
}

static int open_flash(const struct host_config *host, const struct vm_dir *dir,
		      const struct vm_config *vm, struct disks *disks, struct error *err)
{
	int r;

	if (vm->firmware != FIRMWARE_UEFI)
		return 0;
	r = uefi_open_code(host, &disks->uefi_code, err);
	if (!r && dir->lock_fd >= 0) /* a description changes nothing */
		r = uefi_make_vars(host, dir->fd, true, err);
	if (!r)
		r = uefi_open_vars(host, dir->fd, &disks->uefi_vars, err);
	return r == UEFI_NO_VARS ? 0 : r;
}

int disks_open(const struct store *store, const struct vm_dir *dir, struct vm_config *vm,
	       struct disks *ret, struct error *err)
{
	struct disks disks;
	int r;

	disks_init(&disks);
	r = open_system(store, dir, vm, &disks, err);
	if (!r)
		r = open_extra(dir, vm, &disks, err);
	if (!r)
		r = open_boot_file(vm->kernel, &disks.kernel, err);
	if (!r)
		r = open_boot_file(vm->initrd, &disks.initrd, err);
	if (!r)
		r = open_flash(store->config, dir, vm, &disks, err);
	if (r) {
		disks_done(&disks);
		return r;
	}
	*ret = disks;
	return 0;
}

int disks_inspect_system(const struct vm_dir *dir, struct image_info *ret, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	int r = file_open_regular(dir->fd, SYSTEM_DISK, O_RDONLY, &fd, err);

	return r ? r : image_inspect(fd, SYSTEM_DISK, IMAGE_OVERLAY, false, ret, err);
}
