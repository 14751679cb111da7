/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Space for disks, base images, and the VMs that stand on them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "check.h"
#include "vm/image.h"
#include "vm/status.h"

/* Below that a guest's first hours fill the disk, and all guests there stop on ENOSPC. */
#define SPACE_MIN ((uint64_t)1 << 30)
#define RUN_SPACE_MIN ((uint64_t)16 << 20) /* logs and seeds of some VMs */

/* The space where path is, or will be made: of the nearest folder above it that exists. */
static int space_of(const char *path, struct statvfs *ret)
{
	AUTO_FREE char *copy = xstrdup(path);

	while (statvfs(copy, ret) < 0) {
		char *slash = strrchr(copy, '/');

		if (errno != ENOENT || !slash)
			return -errno;
		if (slash == copy && !copy[1])
			return -ENOENT;
		slash[slash == copy] = '\0';
	}
	return 0;
}

/* key names the folder in the configuration; what is what stops there. */
static void check_space(struct check *check, const char *key, const char *path, uint64_t least,
			uint64_t good, const char *what)
{
	char free_text[SIZE_TEXT_MAX], good_text[SIZE_TEXT_MAX];
	struct statvfs fs;
	uint64_t available;
	int r = space_of(path, &fs);

	if (r) {
		check_warn(check, path, "cannot be looked at: %s", strerror(-r));
		return;
	}
	available = (uint64_t)fs.f_bavail * fs.f_frsize;
	size_format(available, free_text);
	size_format(good, good_text);
	if (fs.f_flag & ST_RDONLY)
		check_fail(check, path, "is read-only");
	else if (fs.f_files && !fs.f_favail)
		check_fail(check, path, "has no inode left, so that no file can be made");
	else if (available < least)
		check_fail(check, path, "has %s left: %s will stop soon", free_text, what);
	else if (available < good)
		check_warn(check, path, "has %s left, less than the %s of one more disk", free_text,
			   good_text);
	else
		check_pass(check, path, "has %s left", free_text);
	if (available < least || available < good)
		check_keep(check, "'%s' in %s can name a larger disk", key,
			   check->host->config_path);
}

/* What nobody needs there is easier to find than a larger disk. */
static void check_image_space(struct check *check)
{
	check_space(check, "image_dir", check->config->image_dir, 0, SPACE_MIN, "imports");
	if (check->report->v[check->report->n - 1].keep)
		check_fix(check, "mnmivm-se image prune");
}

void check_disk_space(struct check *check)
{
	const struct host_config *config = check->config;

	check_space(check, "state_dir", config->state_dir, SPACE_MIN, config->disk_bytes, "guests");
	if (config->image_dir)
		check_image_space(check);
	check_space(check, "run_dir", config->run_dir, RUN_SPACE_MIN, RUN_SPACE_MIN, "starts");
}

/* Is the store one that can be looked at? Says so where it is not. */
static bool has_store(struct check *check, const char *object)
{
	if (!check->host->store_error->kind)
		return true;
	check_warn(check, object, "not looked at: %s", check->host->store_error->message);
	return false;
}

/* What can be put right is not removed: of an import there may be no other copy. */
static void check_one_image(struct check *check, const struct vm_image_info *image)
{
	if (!image->problem[0]) {
		check_pass(check, image->name, "has a good header");
		return;
	}
	check_fail(check, image->name, "%s", image->problem);
	if (image->hint[0])
		check_fix(check, "%s", image->hint);
	else
		check_fix(check, "mnmivm-se image remove %s", image->name);
}

void check_images(struct check *check)
{
	struct vm_image_list list = { .n = 0 };
	struct error err = ERROR_INIT;

	if (!has_store(check, "images"))
		return;
	if (vm_image_list(check->host->vm, &list, &err)) {
		check_error(check, "images", &err);
		return;
	}
	for (size_t i = 0; i < list.n; i++)
		check_one_image(check, &list.v[i]);
	if (!list.n)
		check_pass(check, "images", "there are none yet");
	vm_image_list_done(&list);
}

/* As disks_open() has it: start refuses a base image that has changed. */
static void check_base(struct check *check, const struct vm_info *vm)
{
	const struct vm_image *image = &vm->config.image;
	struct stat st;

	if (!image->path)
		return;
	if (stat(image->path, &st) < 0) {
		check_fail(check, vm->name, "its base image '%s' cannot be read: %s", image->path,
			   strerror(errno));
		return;
	}
	if (image->size && ((uint64_t)st.st_size != image->size ||
			    st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec != image->mtime_ns))
		check_fail(check, vm->name,
			   "its base image '%s' is not the file it was: start refuses it",
			   image->path);
}

static void check_vm(struct check *check, const struct vm_info *vm)
{
	size_t before = check->report->n;

	if (vm->state == VM_STATE_DAMAGED)
		check_fail(check, vm->name, "is damaged: %s", vm->problem);
	else
		check_base(check, vm);
	if (vm->state == VM_STATE_PAUSED && vm->problem[0]) {
		check_fail(check, vm->name, "%s", vm->problem);
		check_fix(check, "mnmivm-se resume %s", vm->name);
	}
	if (vm->state == VM_STATE_DEAD) {
		check_warn(check, vm->name, "its QEMU is gone without having been stopped");
		check_fix(check, "mnmivm-se stop %s", vm->name);
	}
	if (check->report->n == before)
		check_pass(check, vm->name, "is %s", vm_state_word(vm->state));
}

void check_vms(struct check *check)
{
	struct vm_list list = { .n = 0 };
	struct error err = ERROR_INIT;

	if (!has_store(check, "VMs"))
		return;
	if (vm_list_get(check->host->vm, &list, &err)) {
		check_error(check, "VMs", &err);
		return;
	}
	for (size_t i = 0; i < list.n; i++)
		check_vm(check, &list.v[i]);
	if (!list.n)
		check_pass(check, "VMs", "there are none yet");
	vm_list_done(&list);
}
