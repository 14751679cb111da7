/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state directory and the run directory, held open; and the names in them. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/error.h"
#include "base/strv.h"
#include "config/host_config.h"

/*
 * Folders are made on the first write, the caller's and 0700 (root's images 0755). In a store
 * opened for reading those that do not exist are -1 and count as empty.
 */
struct store {
	const struct host_config *config; /* borrowed */
	int state_fd; /* state_dir */
	int vms_fd; /* state_dir/vms: one folder a VM, named as it */
	int tmp_fd; /* state_dir/tmp: VMs being made or removed */
	int claims_fd; /* state_dir/claims: who has which address, MAC, uid, port */
	int images_fd; /* image_dir */
	int shared_images_fd; /* root's, for another to read; -1: none that may be read */
	int run_fd; /* run_dir: one folder a VM, gone with the boot */
};

#define STORE_INIT                                                                                 \
	{                                                                                          \
		.state_fd = -1, .vms_fd = -1, .tmp_fd = -1, .claims_fd = -1, .images_fd = -1,      \
		.shared_images_fd = -1, .run_fd = -1                                               \
	}

/*
 * write: make what is missing. ERROR_PERMISSION when the caller may not, or when a folder
 * belongs to somebody else or others may write to it.
 */
int store_open(struct store *store, const struct host_config *config, bool write,
	       struct error *err);

/*
 * For work on images alone: the folders of images are made, those of VMs and run_dir opened as far
 * as they are there, so that who may not make a run_dir has images all the same.
 */
int store_open_images(struct store *store, const struct host_config *config, struct error *err);

/* run_dir, made where it is missing; the caller closes it. */
int store_make_run(const struct store *store, int *ret_fd, struct error *err);
void store_done(struct store *store);

/* The names of all VMs, sorted. Folders whose name no VM can have are left out. */
int store_list(const struct store *store, struct strv *ret, struct error *err);

/*
 * The same, and in ret_foreign (NULL: not looked for) what may be a VM to somebody else: folders
 * with a disk whose names are none of ours, or that a symbolic link has moved elsewhere.
 */
int store_list_all(const struct store *store, struct strv *ret, struct strv *ret_foreign,
		   struct error *err);

/* state_dir/vms/NAME as a path, for messages and for qemu-img; the caller frees it. */
char *store_vm_path(const struct store *store, const char *name);

#endif
