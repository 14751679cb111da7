/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a VM: all of it, or nothing. */
#ifndef VM_CREATE_H
#define VM_CREATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/vm_config.h"
#include "vm/host.h"
#include "vm/nic_request.h"
#include "vm/pull.h"

/*
 * config was begun with vm_config_init() and has what the user asked for; what is left unset
 * is filled by create: address length, gateway, DNS, MAC, uid, instance id. Owned by the caller.
 */
struct vm_create_request {
	struct vm_config config;
	bool config_ready; /* vm_config_init() was called */
	const char *os; /* name of an image or of the catalogue, or */
	const char *image_file; /* a qcow2 or raw file, used where it lies */
	const char *pubkey_path; /* "-" is standard input */
	struct vm_nic_request nics[VM_NICS_MAX]; /* as many as config has */
	uint64_t disk_bytes; /* 0: the host's default, or the image's size if that is larger */
	uint64_t extra_disks[VM_DISKS_MAX]; /* bytes */
	const char *user_data_path;
	const char *network_config_path;
	const struct vm_pull_options
		*pull; /* for an os that is not here; NULL: do not (--no-pull) */
	bool firmware_given; /* config.firmware is the user's word, and not the image's to choose */
};

void vm_create_request_done(struct vm_create_request *request);

/*
 * Needs no running QEMU and changes nothing outside state_dir and run_dir. All else is checked
 * before an image is pulled, and again after: files of the request but the public key are read
 * twice then, and are in this process's memory only when the pull is done. ERROR_CONFLICT: the
 * name, address or MAC is taken. ERROR_HOST: no such bridge. After a failure nothing is left;
 * after a kill the next create or delete sweeps up.
 */
int vm_create(const struct vm_host *host, const char *name, struct vm_create_request *request,
	      struct error *err);

/* The checks of vm_create() and, in words, what it would write. Changes nothing. */
int vm_create_describe(const struct vm_host *host, const char *name,
		       struct vm_create_request *request, struct buf *out, struct error *err);

#endif
