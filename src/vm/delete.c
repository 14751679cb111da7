/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing a VM. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "vm/delete.h"
#include "lan.h"
#include "limits.h"
#include "live.h"
#include "vm_claims.h"

static int end_it(const struct vm_host *host, const struct vm_dir *dir, bool force,
		  struct error *err)
{
	struct live live;
	int r = live_get(host, dir, &live, err);

	if (r && !force)
		return r;
	if (!r && live_is_alive(&live)) {
		if (!force) {
			error_set(err, ERROR_BUSY, EBUSY, "vm '%s' is running", dir->name);
			return error_hint(err, "mnmivm-se stop %s, or delete --force", dir->name);
		}
		r = live_kill(host, dir, &live, err);
		if (r)
			return r;
	}
	/* an unreadable record is no proof that nothing runs */
	r = live_check_unrecorded(host, dir, err);
	if (!r && force)
		limits_kill(dir);
	return r ? r : limits_remove(host, dir, err);
}

/*
 * After the VM has gone: a VM that could not be removed keeps what it has. What is unreadable in a
 * damaged one needs no care, as a claim of nobody is stale.
 */
static void drop_claims(const struct vm_host *host, const struct vm_dir *dir)
{
	struct error ignored = ERROR_INIT;
	struct vm_config vm;

	if (vm_dir_load(dir, &host->config, lan_fallback(host), &vm, &ignored))
		return;
	vm_claims_drop(&host->store, dir->name, &vm);
	vm_config_done(&vm);
}

/* A damaged VM says nothing: it may go. */
static int check_protected(const struct vm_host *host, const struct vm_dir *dir, struct error *err)
{
	struct error ignored = ERROR_INIT;
	struct vm_config vm;
	bool protect;

	if (vm_dir_load(dir, &host->config, lan_fallback(host), &vm, &ignored))
		return 0;
	protect = vm.protect;
	vm_config_done(&vm);
	if (!protect)
		return 0;
	error_set(err, ERROR_BUSY, EPERM, "vm '%s' is protected", dir->name);
	return error_hint(err, "mnmivm-se set %s protect=off", dir->name);
}

int vm_delete(const struct vm_host *host, const char *name, bool force, struct error *err)
{
	const struct store *store = &host->store;
	AUTO_VM_DIR dir = VM_DIR_INIT;
	int r = vm_dir_lock_existing(store, name, "delete", &dir, err);

	if (!r)
		r = check_protected(host, &dir, err);
	if (!r)
		r = end_it(host, &dir, force, err);
	if (!r)
		r = dir_remove_tree(store->tmp_fd, name, err);
	if (r)
		return r;
	r = file_rename_new(store->vms_fd, name, store->tmp_fd, name);
	if (!r && fsync(store->vms_fd) < 0)
		r = -errno;
	if (r)
		return error_errno(err, -r, "remove the folder of vm '%s'", name);
	live_clear(host, &dir);
	drop_claims(host, &dir);
	r = dir_remove_tree(store->tmp_fd, name, err);
	vm_dir_remove_run(store, &dir);
	return r;
}
