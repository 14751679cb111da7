/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VMs stand on which images: one pass over all VMs. */
#ifndef VM_IMAGE_USERS_H
#define VM_IMAGE_USERS_H

#include "base/strv.h"
#include "vm/host.h"

struct image_users {
	struct strv vms, paths; /* pairs: a VM, and a base image that it names */
	struct strv unknown; /* VMs that cannot be read: they may stand on any image */
};

#define IMAGE_USERS_INIT                                                                           \
	{                                                                                          \
		.vms = STRV_INIT                                                                   \
	}
#define AUTO_IMAGE_USERS AUTO(image_users_done) struct image_users

/*
 * Hold the images that are asked for first (images_hold()), or a create could end in between. ret is
 * begun with IMAGE_USERS_INIT.
 */
int image_users_read(const struct vm_host *host, struct image_users *ret, struct error *err);
void image_users_done(struct image_users *users);

/*
 * Replace ret by the VMs of the image at path, sorted, those that cannot be read among them. A VM may
 * have been made while another path led to the same folder.
 */
void image_users_of(const struct image_users *users, const char *path, struct strv *ret);

#endif
