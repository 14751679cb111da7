/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is checked before a VM is made, and before an image is pulled for it. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/parse.h"
#include "image/arch.h"
#include "net/netlink.h"
#include "store/images.h"
#include "cpu_level.h"
#include "create_steps.h"
#include "disks.h"
#include "lan.h"
#include "limits.h"
#include "seed_files.h"
#include "uefi.h"
#include "vm_claims.h"

enum { MIB = 1 << 20 };

/* A kernel of the user's own boots without firmware. */
static void take_guest(struct create *create, const struct guest_traits *guest)
{
	struct vm_config *vm = create->vm;

	vm->image.profile = guest->profile;
	vm->image.cpu_level = guest->cpu_level > 1 ? guest->cpu_level : 0;
	xreplace(&vm->image.user, guest->user);
	if (!create->request->firmware_given && !vm->kernel)
		vm->firmware = guest->firmware;
	create->min_disk_bytes = guest->min_disk_bytes;
}

/* file_name: as its maker called it, NULL where that is not known. */
static int take_image(struct create *create, const char *path, bool raw, const char *file_name,
		      struct error *err)
{
	struct vm_image *image = &create->vm->image;
	AUTO_CLOSE int fd = -1;
	int r = disks_open_base(path, raw, &fd, &create->image, err);

	if (!r)
		r = image_check_arch(fd, path, file_name, create->image.format, err);
	if (!r && !create->dry)
		r = images_hold(&create->host->store, fd, path, IMAGES_SHARED, &create->hold_fd,
				err);
	if (r)
		return r;
	create->image_fd = fd_steal(&fd);
	xreplace(&image->path, path);
	image->format = create->image.format == IMAGE_QCOW2 ? DISK_QCOW2 : DISK_RAW;
	image->size = create->image.file_size;
	image->mtime_ns = create->image.mtime_ns;
	return 0;
}

static int take_file(struct create *create, struct error *err)
{
	const char *file = create->request->image_file;
	AUTO_FREE char *path = realpath(file, NULL);

	if (!path) {
		error_errno(err, errno, "open image '%s'", file);
		return err->code == ENOENT ? error_kind(err, ERROR_NOT_FOUND) : -err->code;
	}
	return take_image(create, path, false, file, err);
}

/*
 * An image of the store, by its own name: what it is called was somebody's choice, or was checked.
 */
static int take_stored(struct create *create, const char *name, struct error *err)
{
	const struct store *store = &create->host->store;
	AUTO(image_config_done) struct image_config config = { 0 };
	enum disk_format format = DISK_QCOW2;
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;
	int r = images_config(store, name, &config, err);

	if (!r)
		r = images_open(store, name, &fd, &format, &path, err);
	if (!r)
		r = take_image(create, path, format == DISK_RAW, NULL, err);
	if (r)
		return r;
	take_guest(create, &config.guest);
	if (config.os)
		xreplace(&create->vm->os, config.os);
	return 0;
}

static int want_pull(struct create *create, struct error *err)
{
	struct error not_here = *err;
	int r = catalogue_load(&create->catalogue, &create->host->config, err);

	if (!r)
		create->wanted = catalogue_find(&create->catalogue, create->request->os);
	if (r || create->wanted)
		return r;
	*err = not_here;
	return -err->code;
}

int create_find_image(struct create *create, struct error *err)
{
	const struct vm_create_request *request = create->request;
	AUTO_FREE char *name = NULL;
	int r;

	if (create->image_fd >= 0 || create->wanted)
		return 0;
	if (!request->os)
		return take_file(create, err);
	r = vm_image_resolve(create->host, request->os, NULL, &name, err);
	if (!r)
		return take_stored(create, name, err);
	if (err->kind == ERROR_NOT_FOUND && request->pull)
		return want_pull(create, err);
	return r;
}

int create_pull(struct create *create, struct error *err)
{
	const struct vm_create_request *request = create->request;
	AUTO_FREE char *name = NULL;
	int r = vm_image_resolve(create->host, request->os, request->pull, &name, err);

	if (!r)
		r = take_stored(create, name, err);
	if (!r)
		create->wanted = NULL;
	return r;
}

static int too_small(const struct create *create, uint64_t wanted, uint64_t minimum,
		     struct error *err)
{
	char least[SIZE_TEXT_MAX], asked[SIZE_TEXT_MAX];

	size_format(minimum, least);
	size_format(wanted, asked);
	if (minimum == create->image.virtual_size)
		error_set(err, ERROR_USAGE, EINVAL, "a disk of %s is smaller than its image (%s)",
			  asked, least);
	else
		error_set(err, ERROR_USAGE, EINVAL,
			  "a disk of %s is smaller than what '%s' needs (%s)", asked,
			  create->wanted ? create->wanted->name : create->vm->os, least);
	return error_hint(err, "give --disk %" PRIu64 "M or more", (minimum + MIB - 1) / MIB);
}

static int choose_disk_size(struct create *create, struct error *err)
{
	uint64_t minimum = create->image.virtual_size;
	uint64_t wanted = create->request->disk_bytes;

	if (minimum < create->min_disk_bytes)
		minimum = create->min_disk_bytes;
	if (wanted && wanted < minimum)
		return too_small(create, wanted, minimum, err);
	if (!wanted)
		wanted = create->host->config.disk_bytes;
	create->disk_bytes = wanted < minimum ? minimum : wanted;
	return 0;
}

static int complete_network(struct create *create, struct error *err)
{
	AUTO(netlink_close) struct nl_sock *sock = NULL;
	int r = netlink_open(&sock, err);

	for (unsigned int i = 0; i < create->vm->n_nics && !r; i++)
		r = lan_apply(create->host, sock, &create->request->nics[i], &create->vm->nics[i],
			      err);
	return r;
}

/* The writer of vm.conf refuses what its reader would not read back. */
static int check_settings(struct create *create, struct error *err)
{
	AUTO_BUF text = BUF_INIT;
	int r;

	r = vm_config_check_machine(create->vm, err);
	if (!r)
		r = limits_check(create->vm, err);
	return r ? r : vm_config_format(create->vm, &text, err);
}

static int check_flash(struct create *create, struct error *err)
{
	AUTO_CLOSE int fd = -1;

	if (create->vm->firmware != FIRMWARE_UEFI)
		return 0;
	return uefi_open_code(&create->host->config, &fd, err);
}

/* What the image asks of the host and of the disk. */
static int check_needs(struct create *create, struct error *err)
{
	int r = 0;

	if (create->wanted) {
		take_guest(create, &create->wanted->guest);
		r = catalogue_check_arch(create->wanted, err);
	}
	if (!r) /* which its profile may not be able to take */
		r = seed_files_check(create->name, create->vm, create->pubkey, &create->user_data,
				     &create->network_config, err);
	if (!r)
		r = choose_disk_size(create, err);
	if (!r)
		r = cpu_level_check(create->host, create->vm, create->dir.lock_fd >= 0, err);
	if (r == CPU_LEVEL_NAMED) {
		vm_note(create->host,
			"the image needs an x86-64-v%u processor: see that '%s' is one",
			create->vm->image.cpu_level, create->vm->cpu_model);
		r = 0;
	}
	return r;
}

int create_check(struct create *create, struct error *err)
{
	int r = check_settings(create, err);

	if (!r)
		r = create_find_image(create, err);
	if (!r)
		r = check_needs(create, err);
	if (!r)
		r = complete_network(create, err);
	if (!r)
		r = check_flash(create, err);
	/* with the addresses, which may be those of two NICs */
	return r ? r : check_settings(create, err);
}
