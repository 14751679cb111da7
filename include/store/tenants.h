/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose VMs may stand on a folder's images: state directories, by links in image_dir/.users. */
#ifndef STORE_TENANTS_H
#define STORE_TENANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "store/store.h"

/*
 * store_open() makes .users, 01733 where others may read the images (nobody lists it but its owner,
 * and the sticky bit keeps everybody off others' links), else 0700. A link is called UID-HASH by
 * its maker and the path of his state directory, which is its target; where somebody else has that
 * name, UID-HASH-RANDOM. It stays: one of a directory without VMs costs a look.
 */
enum { TENANT_NAME_MAX = 64 };

/*
 * Have the state directory in the .users beside the image, to be called before a VM of it is in
 * place, while the image is held (images_hold()): who removes images sees the hold or the VM. Done
 * before, it costs a look. TENANTS_NO_FOLDER (positive): there is no .users, or one of somebody who
 * is neither root nor the caller.
 */
enum { TENANTS_NO_FOLDER = 1 };
int tenants_register(const struct store *store, const char *image, struct error *err);

/* All of it is its owner's word: he may name whatever directory he likes. */
struct tenant {
	char link[TENANT_NAME_MAX]; /* digits, letters a to f and '-' */
	uid_t uid; /* owner of the link, who is believed nothing that he cannot read himself */
	char *state_dir; /* absolute */
	bool strange; /* called by another uid: of another user namespace, or forged */
};
struct tenants {
	struct tenant *v;
	size_t n;
	bool more; /* too many to be read */
};

/*
 * What is in .users of the store's own image_dir, but for the store's own state directory; what is
 * no such link is left out. ERROR_PERMISSION, with a hint, where users could remove others' links.
 * None there: an empty list. ret is begun zeroed, and released with _done().
 */
int tenants_list(const struct store *store, struct tenants *ret, struct error *err);
void tenants_done(struct tenants *tenants);

/* image_dir/.users as a path, for messages; the caller frees it. */
char *tenants_path(const struct store *store);

#endif
