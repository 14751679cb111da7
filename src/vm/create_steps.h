/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A create in progress: what it has found out so far, and the steps that find it out. */
#ifndef VM_CREATE_STEPS_H
#define VM_CREATE_STEPS_H

#include "base/buf.h"
#include "config/catalogue.h"
#include "image/inspect.h"
#include "store/vm_dir.h"
#include "vm/create.h"

struct create {
	const struct vm_host *host;
	const char *name;
	struct vm_create_request *request;
	struct vm_config *vm; /* the request's */
	struct vm_dir dir;
	char *pubkey;
	struct buf user_data;
	struct buf network_config;

	struct catalogue catalogue;
	const struct catalogue_entry *wanted; /* to be pulled before all else; NULL: nothing is */
	struct image_info image;
	uint64_t min_disk_bytes; /* that its guest needs */
	int image_fd; /* -1: not yet found */
	int hold_fd; /* keeps the image from being removed meanwhile */
	bool dry; /* nothing is made, and nothing held for it */
	uint64_t disk_bytes;
	int tmp_fd; /* tmp/NAME */
};

/*
 * Find what `--os` or `--image` means, and take it: vm->image, and what the image decides of its
 * guest. An entry of the catalogue that is not here, and may be pulled, becomes create->wanted
 * instead.
 */
int create_find_image(struct create *create, struct error *err);

/*
 * All that can be wrong with what was asked for, before the first write. With create->wanted by
 * what the catalogue says of the image. Fills the network; may be called again.
 */
int create_check(struct create *create, struct error *err);

/* Pull create->wanted, and find it. */
int create_pull(struct create *create, struct error *err);

/* All files of the VM, into tmp/NAME. */
int create_build(struct create *create, struct error *err);

/* What a create would do, in words. */
void create_describe(const struct create *create, struct buf *out);

#endif
