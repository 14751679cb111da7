/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clears away what a killed create or delete left half done. */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parse.h"
#include "store/vm_dir.h"
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

static void sweep_one(const struct store *store, const char *name)
{
	struct error ignored = ERROR_INIT;
	AUTO_VM_DIR dir = VM_DIR_INIT;

	if (parse_vm_name(name, &ignored) || is_being_made(store, name) ||
	    vm_dir_lock(store, name, "sweep", &dir, &ignored))
		return;
	dir_remove_tree(store->tmp_fd, name, &ignored);
	/* whoever removed a VM's folder by hand may still want to find its QEMU */
	if (dir.fd < 0 && !vm_dir_running_lock_held(&dir))
		vm_dir_remove_run(store, &dir);
}

/*
 * Call sweep_one() for the names in a folder; those of VMs that are in place are passed over
 * where so asked.
 */
static void sweep_folder(const struct store *store, int folder_fd, bool pass_over_vms)
{
	int fd = file_openat(folder_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		if (!pass_over_vms ||
		    faccessat(store->vms_fd, entry->d_name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			sweep_one(store, entry->d_name);
	closedir(dir);
}

void sweep_unfinished(const struct store *store)
{
	sweep_folder(store, store->tmp_fd, false);
	sweep_folder(store, store->run_fd, true);
}
