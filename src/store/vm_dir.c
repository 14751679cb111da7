/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens and locks one VM's folders. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "store/vm_dir.h"
#include "lock.h"

enum { LOCK_TRIES = 100 };

/* A folder that is not there leaves *ret_fd alone. */
static int open_folder(int parent_fd, const char *name, int *ret_fd, struct error *err)
{
	int fd;

	if (parent_fd < 0)
		return 0;
	fd = file_openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd == -ENOENT)
		return 0;
	if (fd == -ELOOP || fd == -ENOTDIR)
		return error_set(err, ERROR_FAILED, -fd, "vm '%s' is not a folder of its own",
				 name);
	if (fd < 0)
		return error_errno(err, -fd, "open the folder of vm '%s'", name);
	*ret_fd = fd;
	return 0;
}

static int open_checked(const struct store *store, struct vm_dir *dir, struct error *err)
{
	AUTO_FREE char *path = store_vm_path(store, dir->name);
	int r = open_folder(store->vms_fd, dir->name, &dir->fd, err);

	if (r || dir->fd < 0)
		return r;
	return dir_check_owner(dir->fd, path, err);
}

static int not_found(const char *name, struct error *err)
{
	error_set(err, ERROR_NOT_FOUND, ENOENT, "no vm '%s'", name);
	return error_hint(err, "mnmivm-se list shows the ones there are");
}

/*
 * Two state directories may share one run_dir by mistake (--state-dir with the default run_dir),
 * and a VM of one name may be in both. The first that locks run_dir/NAME signs it with its own
 * vms/ folder; to the other it is somebody else's.
 */
static int run_folder_owner(const struct store *store, const struct vm_dir *dir, char **ret_theirs,
			    struct error *err)
{
	AUTO_FREE char *ours = NULL;
	AUTO_FREE char *text = NULL;
	struct stat st;
	bool same_path;
	int r;

	*ret_theirs = NULL;
	if (dir->run_fd < 0)
		return 0;
	if (fstat(store->vms_fd, &st) < 0)
		return error_errno(err, errno, "look at the folder of VMs");
	ours = xasprintf("%ju:%ju %s", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
			 store->config->state_dir);
	r = file_read_line(dir->run_fd, "state-dir", &text, err);
	if (r == FILE_ABSENT && dir->lock_fd >= 0) {
		AUTO_FREE char *line = xasprintf("%s\n", ours);

		return file_write_volatile(dir->run_fd, "state-dir", line, strlen(line), 0600, err);
	}
	if (r)
		return r < 0 ? r : 0;
	/* a remount may change the numbers, another spelling the path: one of the two is enough */
	same_path = strchr(text, ' ') && !strcmp(strchr(text, ' ') + 1, store->config->state_dir);
	if (!same_path && strncmp(text, ours, strcspn(ours, " ") + 1) != 0)
		*ret_theirs = ptr_steal(&text);
	return 0;
}

static int check_run_folder(const struct store *store, const struct vm_dir *dir, struct error *err)
{
	AUTO_FREE char *theirs = NULL;
	const char *path;
	int r = run_folder_owner(store, dir, &theirs, err);

	if (r || !theirs)
		return r;
	path = strchr(theirs, ' ');
	error_set(err, ERROR_CONFLICT, EEXIST,
		  "run folder '%s/%s' belongs to the vm '%s' below '%s'", store->config->run_dir,
		  dir->name, dir->name, path ? path + 1 : "?");
	return error_hint(err,
			  "give each state directory a run_dir of its own in its configuration");
}

/* For a reader somebody else's run folder is none. */
static int open_run_folder(const struct store *store, struct vm_dir *dir, struct error *err)
{
	AUTO_FREE char *theirs = NULL;
	int r = open_folder(store->run_fd, dir->name, &dir->run_fd, err);

	if (!r)
		r = run_folder_owner(store, dir, &theirs, err);
	if (!r && theirs)
		fd_close(&dir->run_fd);
	return r;
}

int vm_dir_open(const struct store *store, const char *name, struct vm_dir *ret, struct error *err)
{
	struct vm_dir dir = VM_DIR_INIT;
	int r = parse_vm_name(name, err);

	if (r)
		return r;
	memcpy(dir.name, name, strlen(name) + 1);
	r = open_checked(store, &dir, err);
	if (!r && dir.fd < 0)
		r = not_found(name, err);
	if (!r)
		r = open_run_folder(store, &dir, err);
	if (r) {
		vm_dir_done(&dir);
		return r;
	}
	*ret = dir;
	return 0;
}

static int lock_once(const struct store *store, struct vm_dir *dir, const char *command,
		     struct error *err)
{
	int r;

	r = dir_make(store->run_fd, dir->name, 0700, &dir->run_fd, err);
	if (r)
		return r;
	r = lock_take(dir->run_fd, dir->name, command, &dir->lock_fd, err);
	if (r == -ESTALE)
		fd_close(&dir->run_fd);
	return r;
}

int vm_dir_lock(const struct store *store, const char *name, const char *command,
		struct vm_dir *ret, struct error *err)
{
	struct vm_dir dir = VM_DIR_INIT;
	int r = parse_vm_name(name, err);

	if (r)
		return r;
	memcpy(dir.name, name, strlen(name) + 1);
	r = -ESTALE;
	for (int i = 0; i < LOCK_TRIES && (r == -ESTALE || r == -ENOENT); i++)
		r = lock_once(store, &dir, command, err);
	if (r == -ESTALE)
		error_set(err, ERROR_BUSY, ESTALE, "vm '%s' is being deleted again and again",
			  name);
	if (!r)
		r = check_run_folder(store, &dir, err);
	if (!r)
		r = open_checked(store, &dir, err);
	if (r) {
		vm_dir_done(&dir);
		return r;
	}
	*ret = dir;
	return 0;
}

int vm_dir_lock_existing(const struct store *store, const char *name, const char *command,
			 struct vm_dir *ret, struct error *err)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;
	int r = vm_dir_open(store, name, &dir, err);

	if (r)
		return r;
	vm_dir_done(&dir);
	r = vm_dir_lock(store, name, command, &dir, err);
	if (r)
		return r;
	if (dir.fd < 0) {
		vm_dir_remove_run(store, &dir);
		return not_found(name, err);
	}
	*ret = dir;
	dir = (struct vm_dir)VM_DIR_INIT;
	return 0;
}

void vm_dir_done(struct vm_dir *dir)
{
	fd_close(&dir->fd);
	fd_close(&dir->run_fd);
	fd_close(&dir->lock_fd);
}

static void remove_unless_lock(const char *name, void *run_fd)
{
	struct error ignored = ERROR_INIT;

	if (strcmp(name, "lock") != 0)
		dir_remove_tree(*(const int *)run_fd, name, &ignored);
}

/*
 * Once our lock file has no name, another command may make and lock a new one in this folder.
 * Nothing is removed by name from then on, and rmdir(2) spares a folder that has become theirs.
 */
void vm_dir_remove_run(const struct store *store, struct vm_dir *dir)
{
	if (vm_dir_running_lock_held(dir))
		return;
	dir_for_each(dir->run_fd, remove_unless_lock, &dir->run_fd);
	unlinkat(dir->run_fd, "lock", 0);
	unlinkat(store->run_fd, dir->name, AT_REMOVEDIR);
	fd_close(&dir->run_fd);
}
