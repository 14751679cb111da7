/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VMs stand on which images. */
#include "image_users.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "image/inspect.h"
#include "store/tenants.h"
#include "store/vm_dir.h"
#include "disks.h"
#include "lan.h"

struct image_user *image_users_add(struct image_users *users, const char *vm, const char *path)
{
	struct image_user *user;

	users->v = xreallocarray(users->v, users->n + 1, sizeof(*users->v));
	user = &users->v[users->n++];
	*user = (struct image_user){ .vm = xstrdup(vm), .path = path ? xstrdup(path) : NULL };
	return user;
}

/* What vm.conf says. False: nothing of an image. */
static bool add_configured(const struct vm_host *host, const struct vm_dir *dir,
			   struct image_users *users)
{
	struct error ignored = ERROR_INIT;
	struct vm_config vm;
	bool told;

	if (vm_dir_load(dir, &host->config, lan_fallback(host), &vm, &ignored))
		return false;
	told = vm.image.path != NULL;
	if (told)
		image_users_add(users, dir->name, vm.image.path)->trusted = true;
	vm_config_done(&vm);
	return told;
}

/* What the disk's own header says, which tells it of a VM without a vm.conf as well. */
static bool add_recorded(const struct vm_dir *dir, struct image_users *users)
{
	struct error ignored = ERROR_INIT;
	struct image_info info;

	if (disks_inspect_system(dir, &info, &ignored))
		return false;
	if (info.has_backing)
		image_users_add(users, dir->name, info.backing_file);
	return true;
}

static void read_vm(const struct vm_host *host, const char *name, struct image_users *users)
{
	struct error why = ERROR_INIT;
	AUTO_VM_DIR dir = VM_DIR_INIT;
	bool configured, recorded;

	if (vm_dir_open(&host->store, name, &dir, &why)) {
		if (why.kind != ERROR_NOT_FOUND)
			image_users_add(users, name, NULL);
		return;
	}
	configured = add_configured(host, &dir, users);
	recorded = add_recorded(&dir, users);
	if (!configured && !recorded)
		image_users_add(users, name, NULL);
}

int image_users_read_store(const struct vm_host *host, size_t max, struct image_users *ret,
			   struct error *err)
{
	AUTO_STRV names = STRV_INIT, foreign = STRV_INIT;
	int r = store_list_all(&host->store, &names, &foreign, err);

	if (!r && names.n + foreign.n > max)
		return error_set(err, ERROR_FAILED, EFBIG, "more than %zu VMs", max);
	for (size_t i = 0; i < names.n && !r; i++)
		read_vm(host, names.v[i], ret);
	for (size_t i = 0; i < foreign.n && !r; i++)
		image_users_add(ret, foreign.v[i], NULL);
	return r;
}

int image_users_read(const struct vm_host *host, struct image_users *ret, struct error *err)
{
	int r = image_users_read_store(host, (size_t)-1, ret, err);

	return r ? r : image_users_read_others(host, ret, err);
}

void image_users_done(struct image_users *users)
{
	for (size_t i = 0; i < users->n; i++) {
		free(users->v[i].vm);
		free(users->v[i].path);
	}
	free(users->v);
	strv_done(&users->unseen);
	strv_done(&users->links);
	*users = (struct image_users)IMAGE_USERS_INIT;
}

/*
 * A guest's QEMU can write any path to its disk: only what has the image's name, or is in its
 * folder, is worth a look. Others' paths are none that we follow: they have looked themselves.
 */
static bool is_followed(const struct image_user *user, const char *path)
{
	const char *name = file_base_name(path);
	size_t folder = (size_t)(name - path);

	if (user->other)
		return false;
	return user->trusted || strcmp(file_base_name(user->path), name) == 0 ||
	       (strncmp(user->path, path, folder) == 0 && !strchr(user->path + folder, '/'));
}

static bool stands_on(const struct image_user *user, const char *path, const struct stat *image)
{
	struct stat st = { .st_dev = user->dev, .st_ino = user->ino };

	if (!user->path || strcmp(user->path, path) == 0)
		return true;
	if (!image->st_ino || (is_followed(user, path) && stat(user->path, &st) < 0))
		return false;
	return st.st_dev == image->st_dev && st.st_ino == image->st_ino;
}

void image_users_of(const struct image_users *users, const char *path, struct strv *own,
		    struct strv *others)
{
	struct stat image;

	strv_clear(own);
	strv_clear(others);
	if (stat(path, &image) < 0)
		image.st_ino = 0;
	for (size_t i = 0; i < users->n; i++) {
		const struct image_user *user = &users->v[i];
		struct strv *ret = user->other ? others : own;

		if (stands_on(user, path, &image) && !strv_has(ret, user->vm))
			strv_push(ret, user->vm);
	}
	strv_sort(own);
	strv_sort(others);
}

/* Notes are for people: of many that say the same a few will do. */
enum { UNSEEN_NOTES = 4 };

void image_users_note_unseen(const struct vm_host *host, const struct image_users *users)
{
	size_t n = users->unseen.n < UNSEEN_NOTES ? users->unseen.n : UNSEEN_NOTES;

	for (size_t i = 0; i < n; i++)
		vm_note(host, "%s: it may have VMs on any image; if it is gone for good: rm %s",
			users->unseen.v[i], users->links.v[i]);
	if (users->unseen.n > n)
		vm_note(host, "and %zu more that cannot be looked at", users->unseen.n - n);
}

/*
 * Below root's image_dir, by what the image is called: an --image of some other folder is in
 * nobody's care.
 */
static bool is_shared(const struct vm_host *host, const char *image)
{
	const char *dir = host->config.shared_image_dir;
	size_t len = dir ? strlen(dir) : 0;

	return len && strncmp(image, dir, len) == 0 && image[len] == '/';
}

int image_users_tell(const struct vm_host *host, const char *vm, const char *image,
		     struct error *err)
{
	int r = tenants_register(&host->store, image, err);

	if (r == TENANTS_NO_FOLDER && is_shared(host, image))
		vm_note(host, "%s: its image may be removed: root does not look for VMs of others",
			vm);
	return r < 0 ? r : 0;
}
