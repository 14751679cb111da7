/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UEFI: the host's firmware, and the variables that each VM has of its own. */
#ifndef VM_UEFI_H
#define VM_UEFI_H

#include "config/host_config.h"

#define UEFI_VARS_FILE "uefi_vars.fd"

/* The host's firmware, O_RDONLY. ERROR_HOST: there is none. */
int uefi_open_code(const struct host_config *host, int *ret_fd, struct error *err);

/*
 * Put a copy of the host's template into the VM's folder, 0600, unless there is one. durable as in
 * vm_dir_save().
 */
int uefi_make_vars(const struct host_config *host, int dir_fd, bool durable, struct error *err);

/*
 * The VM's own, O_RDWR. The guest writes them, and what is in them is its own affair, but they
 * must be of the template's size (ERROR_VERIFY). UEFI_NO_VARS (positive): there are none yet.
 */
enum { UEFI_NO_VARS = 1 };
int uefi_open_vars(const struct host_config *host, int dir_fd, int *ret_fd, struct error *err);

#endif
