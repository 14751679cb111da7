/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base images: bring in, list, show, verify, prune, remove. */
#ifndef VM_IMAGE_H
#define VM_IMAGE_H

#include <stdint.h>

#include "base/parse.h"
#include "base/strv.h"
#include "config/catalogue.h"
#include "config/image_config.h"
#include "config/types.h"
#include "vm/host.h"

struct vm_image_info {
	char name[NAME_MAX_LEN + 1];
	char *path;
	enum disk_format format;
	uint64_t virtual_bytes;
	uint64_t file_bytes;
	struct image_config config;
	char problem[256]; /* "" when the header and the .conf are good */
	char hint[512]; /* the command that puts the .conf right; "" where it is not that */
};

struct vm_image_list {
	struct vm_image_info *v;
	size_t n;
};

/*
 * What an import is told of the image; strings are borrowed, guest is as guest_traits_init() at
 * least.
 */
struct vm_import_options {
	struct guest_traits guest;
	/*
	 * "sha256:HEX" that the file must have as it is (ERROR_VERIFY); NULL: any. Whoever can
	 * write to the file meanwhile gets nothing in that has another one; a packed file takes
	 * room twice for that.
	 */
	const char *digest;
	/* Bytes of the image that are there; total 0: not known. NULL: silent. */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *arg;
};

/*
 * Copy path (a regular file or a block device; "-": standard input, whatever it is, from where it
 * is) into the image folder under name, unpacked where it is compressed, header checked, format by
 * header; read-only from then on, with its digest beside it. image_max bounds both what is read and
 * what is unpacked (ERROR_VERIFY). Wrong options are refused before the first byte is read
 * (ERROR_USAGE). ERROR_VERIFY is for an image we refuse, one whose name or partition table says
 * another architecture among them, and one whose tables contradict each other, by a confined
 * qemu-img. Where that cannot be run it is noted, and the header stands. (What is pulled has its
 * maker's digest, and needs none of that.) Nothing is left after a failure.
 */
int vm_image_import(const struct vm_host *host, const char *path, const char *name,
		    const struct vm_import_options *options, struct error *err);

int vm_image_list(const struct vm_host *host, struct vm_image_list *ret, struct error *err);
void vm_image_list_done(struct vm_image_list *list);

/* One image; users are the VMs that stand on it, sorted, the caller's own first. */
int vm_image_show(const struct vm_host *host, const char *name, struct vm_image_info *ret,
		  struct strv *users, struct error *err);
void vm_image_info_done(struct vm_image_info *info);

/*
 * Hold the image to its digest (none recorded: to its header alone, and *ret_digest false), then
 * let a confined qemu-img check its tables. ERROR_VERIFY. progress is called as in vm_pull().
 */
int vm_image_verify(const struct vm_host *host, const char *name,
		    void (*progress)(void *arg, uint64_t done, uint64_t total), void *arg,
		    bool *ret_digest, struct error *err);

/*
 * ERROR_BUSY with the names of the VMs that stand on it; those of others (store/tenants.h) as
 * USER/VM, or VM below 'DIR'. Where there may be some that cannot be seen, that is ERROR_BUSY, too.
 * With force the VMs of others do not count, and are noted. Somebody who can read an image can hold
 * it, and be found by the hint.
 */
int vm_image_remove(const struct vm_host *host, const char *name, bool force, struct error *err);

/*
 * Remove pulled images that no VM stands on: those that a newer one of their entry with a good
 * header replaces, with all every one; and what unfinished pulls left. Imported images are only
 * ever removed by name. One pass over the VMs, those of others among them, while all that may go is
 * held; none is removed whose VMs cannot be told, or which a VM is just made of: that is not waited
 * for. With dry nothing is removed, nor locked.
 * removed: the names.
 */
struct vm_prune_options {
	bool all, dry;
	/*
	 * What goes, as it goes: an image by its name, a leftover by its file's. NULL: nobody is
	 * told.
	 */
	void (*each)(void *arg, const char *name, bool leftover, uint64_t bytes);
	void *arg;
};
struct vm_pruned {
	struct strv removed;
	unsigned int leftovers; /* parts and drafts */
	uint64_t bytes; /* on disk, of all */
};
int vm_image_prune(const struct vm_host *host, const struct vm_prune_options *options,
		   struct vm_pruned *ret, struct error *err);

#endif
