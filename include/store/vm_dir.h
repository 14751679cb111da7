/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One VM's two folders and its lock. */
#ifndef STORE_VM_DIR_H
#define STORE_VM_DIR_H

#include <stdbool.h>

#include "base/error.h"
#include "base/parse.h"
#include "config/vm_config.h"
#include "store/store.h"

struct vm_dir {
	char name[NAME_MAX_LEN + 1];
	int fd; /* vms/NAME; -1: there is none */
	int run_fd; /* run_dir/NAME; -1: there is none */
	int lock_fd; /* held lock; -1: not locked */
};

#define VM_DIR_INIT                                                                                \
	{                                                                                          \
		.fd = -1, .run_fd = -1, .lock_fd = -1                                              \
	}
#define AUTO_VM_DIR AUTO(vm_dir_done) struct vm_dir

/*
 * Open an existing VM without a lock. ERROR_USAGE for an impossible name, ERROR_NOT_FOUND, or
 * ERROR_PERMISSION for a folder of somebody else's.
 */
int vm_dir_open(const struct store *store, const char *name, struct vm_dir *ret, struct error *err);

/*
 * Take the VM's lock and open what exists; run_dir/NAME is made. The VM need not exist
 * (create): ret->fd is then -1. The lock is on run_dir/NAME/lock, an
 * open-file-description lock (fcntl(2)), which the kernel drops with the process, however it
 * ends. ERROR_BUSY, with the holder's pid and command, when it is not free within about two
 * seconds.
 */
int vm_dir_lock(const struct store *store, const char *name, const char *command,
		struct vm_dir *ret, struct error *err);

/* Like vm_dir_lock(), but ERROR_NOT_FOUND when there is no such VM. */
int vm_dir_lock_existing(const struct store *store, const char *name, const char *command,
			 struct vm_dir *ret, struct error *err);

void vm_dir_done(struct vm_dir *dir); /* unlocks */

/* Remove run_dir/NAME as a whole, the lock included, of a VM that is locked by us and gone. */
void vm_dir_remove_run(const struct store *store, struct vm_dir *dir);

/*
 * run_dir/NAME/alive belongs to the running VM: the locked descriptor is handed to QEMU, which
 * releases it by dying. ERROR_BUSY when a living process has it.
 */
int vm_dir_running_lock(const struct vm_dir *dir, int *ret_fd, struct error *err);
bool vm_dir_running_lock_held(const struct vm_dir *dir);

/* Is somebody's command at work on the VM now? */
bool vm_dir_is_locked(const struct vm_dir *dir);

/*
 * Read all of a VM's files into a new config over the host's defaults (vm_config_init()). What a
 * folder of the Go edition lacks keeps its default. fallback is the LAN's prefix for a bare
 * address, may be unset. Bad content is ERROR_FAILED.
 */
int vm_dir_load(const struct vm_dir *dir, const struct host_config *host,
		const struct ip_prefix *fallback, struct vm_config *ret, struct error *err);

/*
 * Write vm.conf and the one-value files, all of them or none, also when it is killed. durable
 * false: inside a folder that is not yet in place, each as it comes. ERROR_USAGE, and nothing is
 * written: what vm_dir_load() would call damaged.
 */
int vm_dir_save(int dir_fd, const struct vm_config *config, bool durable, struct error *err);

/* The files that vm_dir_save() writes, and NULL. */
extern const char *const vm_dir_settings[];

/*
 * The same in the run folder: the settings that the running VM was started with, until
 * record_clear(). VM_DIR_NO_RUN (positive) where there are none, of a VM of the Go edition too.
 */
enum { VM_DIR_NO_RUN = 1 };
int vm_dir_save_run(const struct vm_dir *dir, const struct vm_config *config, struct error *err);
int vm_dir_load_run(const struct vm_dir *dir, const struct host_config *host, struct vm_config *ret,
		    struct error *err);

#endif
