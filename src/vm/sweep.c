/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clears away what a killed create or delete left half done. */
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parse.h"
#include "store/vm_dir.h"
#include "limits.h"
#include "sweep.h"

static bool is_being_made(const struct store *store, const char *name)
{
	struct vm_dir dir = VM_DIR_INIT;
	bool locked;

	dir.run_fd = file_openat(store->run_fd, name, O_RDONLY | O_DIRECTORY, 0);
	locked = vm_dir_is_locked(&dir);
	vm_dir_done(&dir);
	return locked;
}

static void sweep_one(const char *name, void *arg)
{
	const struct vm_host *host = *(const struct vm_host **)arg;
	const struct store *store = &host->store;
	struct error ignored = ERROR_INIT;
	AUTO_VM_DIR dir = VM_DIR_INIT;

	if (parse_vm_name(name, &ignored) || is_being_made(store, name) ||
	    vm_dir_lock(store, name, "sweep", &dir, &ignored))
		return;
	dir_remove_tree(store->tmp_fd, name, &ignored);
	/* whoever removed a VM's folder by hand may still want to find its QEMU */
	if (dir.fd >= 0 || vm_dir_running_lock_held(&dir))
		return;
	if (limits_clear(host, &dir))
		vm_dir_remove_run(store, &dir);
}

/* A VM that is in place has a run folder by right. */
static void sweep_run(const char *name, void *arg)
{
	const struct vm_host *host = *(const struct vm_host **)arg;

	if (faccessat(host->store.vms_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		sweep_one(name, arg);
}

void sweep_unfinished(const struct vm_host *host)
{
	dir_for_each(host->store.tmp_fd, sweep_one, &host);
	dir_for_each(host->store.run_fd, sweep_run, &host);
}
