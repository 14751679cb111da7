/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disk files of a VM, opened and checked before QEMU sees them. */
#ifndef VM_DISKS_H
#define VM_DISKS_H

#include <sys/stat.h>

#include "image/inspect.h"
#include "store/vm_dir.h"

#define SYSTEM_DISK "disk.qcow2"

struct disks {
	int disk; /* overlay, O_RDWR */
	int base; /* O_RDONLY; -1: the disk stands alone */
	enum disk_format base_format;
	int extra[VM_DISKS_MAX]; /* O_RDWR */
	int kernel, initrd; /* O_RDONLY; -1: none */
	int uefi_code, uefi_vars; /* O_RDONLY and O_RDWR; -1: BIOS */
};

void disks_init(struct disks *disks); /* all -1 */
void disks_done(struct disks *disks);

/*
 * Open them all. A VM without a recorded base image gets the one in its overlay's header into
 * vm->image: the caller saves it. The base image must be the file that create saw (size and
 * mtime): a changed one would make rubbish of the overlay (ERROR_VERIFY). Headers are read by
 * us, so that a data file or a backing name that leads elsewhere never reaches QEMU. A VM that is
 * to boot with UEFI and has no variables yet gets them, if dir is locked; else uefi_vars stays -1.
 */
int disks_open(const struct store *store, const struct vm_dir *dir, struct vm_config *vm,
	       struct disks *ret, struct error *err);

/* Inspect the system disk of a VM, read-only. */
int disks_inspect_system(const struct vm_dir *dir, struct image_info *ret, struct error *err);

/* A regular file by path, O_RDONLY, symlinks followed, and what fstat(2) says of it. */
int disks_open_plain(const char *path, int *ret_fd, struct stat *ret_st, struct error *err);

/*
 * Open a base image by path and check its header. Anybody may own it: with --image it is often the
 * user's own file, and whoever writes to it harms the VMs above it alone.
 */
int disks_open_base(const char *path, bool expect_raw, int *ret_fd, struct image_info *ret,
		    struct error *err);

#endif
