/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New disks, made by qemu-img in a jail of its own. */
#include "make_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "jail/helper.h"
#include "program.h"

/* The one file that qemu-img finds, whatever its name is here. */
#define DISK_IN_JAIL "/work/disk.qcow2"

/*
 * HELPER_FILE_FD. Opened by its descriptor it needs no right to the folders above it, and nobody
 * can put another file in its place.
 */
#define DISK_WITHOUT_ROOT "/proc/self/fd/3"
_Static_assert(HELPER_FILE_FD == 3, "the name of the disk's descriptor");

/* Opening it there goes by its owner; as a user we share that with qemu-img. */
static int give(int fd, uid_t uid, const char *name, struct error *err)
{
	if (launch_mode() == LAUNCH_AS_ROOT && fchown(fd, uid, uid) < 0)
		return error_errno(err, errno, "give '%s' to user id %u", name, uid);
	return 0;
}

static int run_qemu_img(const struct host_config *host, const struct vm_config *vm, int fd,
			const char *name, const struct overlay_spec *spec, struct error *err)
{
	AUTO_STRV argv = STRV_INIT;
	AUTO_STRV rootless_argv = STRV_INIT;
	struct helper helper = {
		.argv = &argv,
		.rootless_argv = &rootless_argv,
		.uid = vm->uid,
		.files = { { .source = fd, .target = DISK_IN_JAIL, .writable = true } },
		.n_files = 1,
		.folders = &host->expose,
		.limits = { .file_size = OVERLAY_FILE_MAX },
		.may_miss = vm_config_allowed_missing(vm, host),
	};

	overlay_argv(spec, host->qemu_img, DISK_IN_JAIL, &argv);
	overlay_argv(spec, host->qemu_img, DISK_WITHOUT_ROOT, &rootless_argv);
	return helper_run(&helper, err) ? error_prefix(err, "make '%s'", name) : 0;
}

/* Ours again before it is looked at: from then on nobody else can change it. */
static int fill(const struct host_config *host, const struct vm_config *vm, int fd,
		const char *name, const struct overlay_spec *spec, struct error *err)
{
	int r = program_find_qemu_img(host, err);

	if (r == 0)
		r = give(fd, vm->uid, name, err);
	if (r == 0)
		r = run_qemu_img(host, vm, fd, name, spec, err);
	if (r == 0)
		r = give(fd, 0, name, err);
	if (r == 0)
		r = overlay_verify(spec, fd, name, err);
	if (r == 0 && fsync(fd) < 0)
		r = error_errno(err, errno, "sync '%s'", name);
	return r;
}

int make_disk(const struct host_config *host, const struct vm_config *vm, int dir_fd,
	      const char *name, const struct overlay_spec *spec, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	int r = overlay_check(spec, name, err);

	if (r < 0)
		return r;
	/* made here, so that it has its mode from the start and replaces nothing */
	fd = file_openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd == -EEXIST)
		return error_set(err, ERROR_CONFLICT, EEXIST, "create '%s': it exists", name);
	if (fd < 0)
		return error_errno(err, -fd, "create '%s'", name);
	r = fill(host, vm, fd, name, spec, err);
	if (r == 0 && fsync(dir_fd) < 0)
		r = error_errno(err, errno, "sync the folder of '%s'", name);
	if (r < 0)
		unlinkat(dir_fd, name, 0);
	return r;
}
