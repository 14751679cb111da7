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
	if (dir.fd < 0)
		vm_dir_remove_run(store, &dir);
}

void sweep_unfinished(const struct store *store)
{
	struct dirent *entry;
	DIR *dir;
	int fd = file_openat(store->tmp_fd, ".", O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		sweep_one(store, entry->d_name);
	closedir(dir);
}
