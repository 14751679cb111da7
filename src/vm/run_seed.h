/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The copy of the seed that a running guest has. */
#ifndef VM_RUN_SEED_H
#define VM_RUN_SEED_H

#include "store/vm_dir.h"

/*
 * QEMU gets run_dir/NAME/seed.iso, not the VM's own seed.iso: the latter is replaced atomically
 * by rename, which an open descriptor never sees; the copy is rewritten in place, so that a
 * guest finds the new one at its next boot. Read-only descriptor of a fresh copy.
 */
int run_seed_open(const struct vm_dir *dir, int *ret_fd, struct error *err);

/*
 * Bring the copy of a running VM up to date. Returns RUN_SEED_GREW (positive) when the new seed
 * has another size than the disk that the guest sees: then it takes a stop and a start.
 */
enum { RUN_SEED_GREW = 1 };
int run_seed_refresh(const struct vm_dir *dir, struct error *err);

#endif
