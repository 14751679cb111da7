/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VMs stand on which images: one pass over all VMs, and over those of others. */
#ifndef VM_IMAGE_USERS_H
#define VM_IMAGE_USERS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/strv.h"
#include "vm/host.h"

/* A VM, and a base image that it names. */
struct image_user {
	char *vm; /* as people are told: "web1", "carol/web1", "web1 below '/srv/b'" */
	char *path; /* NULL: it cannot be read, and may stand on any image */
	bool trusted; /* vm.conf says so, not a disk's header, which its guest's QEMU can write */
	dev_t dev; /* of others: where the path led them; else 0 */
	ino_t ino;
	bool other; /* not of this state directory */
};

struct image_users {
	struct image_user *v;
	size_t n;
	/*
	 * State directories that may have VMs and cannot be looked at: why, and the link that says
	 * so.
	 */
	struct strv unseen, links;
};

#define IMAGE_USERS_INIT                                                                           \
	{                                                                                          \
		.v = NULL                                                                          \
	}
#define AUTO_IMAGE_USERS AUTO(image_users_done) struct image_users

/*
 * Whoever asks because of a removal holds the image first (images_hold()), or a create could end in
 * between. ret is begun with IMAGE_USERS_INIT. Those of others are looked at with their rights, for
 * a bounded time: what they make us see can keep an image, and nothing else.
 */
int image_users_read(const struct vm_host *host, struct image_users *ret, struct error *err);
void image_users_done(struct image_users *users);

/*
 * Replace own and others by the VMs of the image at path, sorted, those that cannot be read among
 * them. A VM may have been made while another path led to the same folder.
 */
void image_users_of(const struct image_users *users, const char *path, struct strv *own,
		    struct strv *others);

/*
 * Have the owner of the image's folder, and whoever else has images there, know of our VMs
 * (tenants_register()). Where he has no place for that it is noted, of an image of root's.
 */
int image_users_tell(const struct vm_host *host, const char *vm, const char *image,
		     struct error *err);

/* Note what cannot be looked at, and the command for what is no more. */
void image_users_note_unseen(const struct vm_host *host, const struct image_users *users);

/*
 * Between the files of this module: the VMs of one state directory, and of those that are told of.
 */
int image_users_read_store(const struct vm_host *host, size_t max, struct image_users *ret,
			   struct error *err);
int image_users_read_others(const struct vm_host *host, struct image_users *ret, struct error *err);
struct image_user *image_users_add(struct image_users *users, const char *vm, const char *path);

#endif
