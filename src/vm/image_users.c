/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VMs stand on which images. */
#include "image_users.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "image/inspect.h"
#include "store/vm_dir.h"
#include "disks.h"
#include "lan.h"

static void add(struct image_users *users, const char *vm, const char *path)
{
	strv_push(&users->vms, vm);
	strv_push(&users->paths, path);
}

/* What vm.conf says. False: nothing that could be read. */
static bool add_configured(const struct vm_host *host, const struct vm_dir *dir,
			   struct image_users *users)
{
	struct error ignored = ERROR_INIT;
	struct vm_config vm;

	if (vm_dir_load(dir, &host->config, lan_fallback(host), &vm, &ignored))
		return false;
	if (vm.image.path)
		add(users, dir->name, vm.image.path);
	vm_config_done(&vm);
	return true;
}

/* What the disk's own header says, which tells it of a VM without a vm.conf as well. */
static bool add_recorded(const struct vm_dir *dir, struct image_users *users)
{
	struct error ignored = ERROR_INIT;
	struct image_info info;

	if (disks_inspect_system(dir, &info, &ignored))
		return false;
	if (info.has_backing)
		add(users, dir->name, info.backing_file);
	return true;
}

static void read_vm(const struct vm_host *host, const char *name, struct image_users *users)
{
	struct error why = ERROR_INIT;
	AUTO_VM_DIR dir = VM_DIR_INIT;
	bool configured, recorded;

	if (vm_dir_open(&host->store, name, &dir, &why)) {
		if (why.kind != ERROR_NOT_FOUND)
			strv_push(&users->unknown, name);
		return;
	}
	configured = add_configured(host, &dir, users);
	recorded = add_recorded(&dir, users);
	if (!configured && !recorded)
		strv_push(&users->unknown, name);
}

/*
 * VMs come and go by a rename, which the folder's time tells. It is that of the kernel's tick, or of the
 * second where the file system has no more: what has changed just now may change again in the same one.
 */
enum { SETTLED_S = 2 };

static void read_time(const struct vm_host *host, struct image_users *users)
{
	struct timespec now;
	struct stat st;

	users->settled = false;
	if (fstat(host->store.vms_fd, &st) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0)
		return;
	users->changed = st.st_ctim;
	users->settled = st.st_ctim.tv_sec + SETTLED_S < now.tv_sec;
}

int image_users_read(const struct vm_host *host, struct image_users *ret, struct error *err)
{
	AUTO_STRV names = STRV_INIT;
	int r;

	read_time(host, ret);
	r = store_list(&host->store, &names, err);
	for (size_t i = 0; i < names.n && !r; i++)
		read_vm(host, names.v[i], ret);
	return r;
}

static bool is_fresh(const struct vm_host *host, const struct image_users *users)
{
	struct stat st;

	return users->settled && !fstat(host->store.vms_fd, &st) &&
	       st.st_ctim.tv_sec == users->changed.tv_sec &&
	       st.st_ctim.tv_nsec == users->changed.tv_nsec;
}

int image_users_refresh(const struct vm_host *host, struct image_users *users, struct error *err)
{
	AUTO_IMAGE_USERS fresh = IMAGE_USERS_INIT;
	struct image_users old = *users;
	int r;

	if (is_fresh(host, users))
		return 0;
	r = image_users_read(host, &fresh, err);
	if (r)
		return r;
	*users = fresh;
	fresh = old;
	return 0;
}

void image_users_done(struct image_users *users)
{
	strv_done(&users->vms);
	strv_done(&users->paths);
	strv_done(&users->unknown);
}

/* Only what has the image's file name is looked at: a guest's QEMU can write any path to its disk. */
static bool is_same(const char *a, const char *b)
{
	struct stat st_a, st_b;

	if (strcmp(a, b) == 0)
		return true;
	return strcmp(file_base_name(a), file_base_name(b)) == 0 && stat(a, &st_a) == 0 &&
	       stat(b, &st_b) == 0 && st_a.st_dev == st_b.st_dev && st_a.st_ino == st_b.st_ino;
}

void image_users_of(const struct image_users *users, const char *path, struct strv *ret)
{
	strv_clear(ret);
	for (size_t i = 0; i < users->vms.n; i++)
		if (is_same(users->paths.v[i], path) && !strv_has(ret, users->vms.v[i]))
			strv_push(ret, users->vms.v[i]);
	for (size_t i = 0; i < users->unknown.n; i++)
		strv_push(ret, users->unknown.v[i]);
	strv_sort(ret);
}

void image_users_note_others(const struct vm_host *host, const char *name)
{
	struct stat st;

	if (host->config.restricted || fstat(host->store.images_fd, &st) < 0 ||
	    !(st.st_mode & S_IROTH))
		return;
	vm_note(host, "%s: VMs of other users are not looked at, and may stand on it", name);
}
