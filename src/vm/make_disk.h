/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New disks, made by qemu-img in a jail of its own. */
#ifndef VM_MAKE_DISK_H
#define VM_MAKE_DISK_H

#include "config/host_config.h"
#include "config/vm_config.h"
#include "image/overlay.h"

/*
 * Make the disk `name` in dir_fd, 0600, ours, and synced with its folder. qemu-img runs with the
 * VM's uid (as root), sees no other file of the host than its program and this one, and has no
 * network. ERROR_CONFLICT: name exists. After a failure there is no such file; after a kill
 * it is left, perhaps owned by the VM's uid.
 */
int make_disk(const struct host_config *host, const struct vm_config *vm, int dir_fd,
	      const char *name, const struct overlay_spec *spec, struct error *err);

#endif
