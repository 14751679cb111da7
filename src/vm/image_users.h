/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VMs stand on which images: one pass over all VMs. */
#ifndef VM_IMAGE_USERS_H
#define VM_IMAGE_USERS_H

#include <stdbool.h>
#include <time.h>

#include "base/strv.h"
#include "vm/host.h"

struct image_users {
	struct strv vms, paths; /* pairs: a VM, and a base image that it names */
	struct strv unknown; /* VMs that cannot be read: they may stand on any image */
	struct timespec changed; /* when a VM came or went last, as the folder of VMs had it */
	bool settled; /* so long ago that another one would have another time */
};

#define IMAGE_USERS_INIT                                                                           \
	{                                                                                          \
		.vms = STRV_INIT                                                                   \
	}
#define AUTO_IMAGE_USERS AUTO(image_users_done) struct image_users

/*
 * Whoever asks because of a removal holds the image first (images_hold()), or a create could end in
 * between. ret is begun with IMAGE_USERS_INIT.
 */
int image_users_read(const struct vm_host *host, struct image_users *ret, struct error *err);

/*
 * The same for users that were read before, and are as they were after a failure. As long as no VM has
 * come or gone it costs a look at the folder of VMs.
 */
int image_users_refresh(const struct vm_host *host, struct image_users *users, struct error *err);
void image_users_done(struct image_users *users);

/*
 * Replace ret by the VMs of the image at path, sorted, those that cannot be read among them. A VM may
 * have been made while another path led to the same folder.
 */
void image_users_of(const struct image_users *users, const char *path, struct strv *ret);

/* Say that there may be VMs of others on an image that is removed: root's, where others may read it. */
void image_users_note_others(const struct vm_host *host, const char *name);

#endif
