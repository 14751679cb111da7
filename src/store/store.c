/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens the state and run directories and lists what is in them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/parse.h"
#include "store/store.h"
#include "images_files.h"

static int hint_root(struct error *err)
{
	return error_hint(err, "run it as root: sudo mnmivm-se ...");
}

/* logind makes /run/user/UID for those who log in. */
static int hint_run(const struct host_config *config, struct error *err)
{
	if (!config->restricted)
		return hint_root(err);
	return error_hint(err,
			  "loginctl enable-linger %u; or name a folder of yours by XDG_RUNTIME_DIR "
			  "or 'run_dir'",
			  geteuid());
}

/* Everybody may read root's images; what a user has is the user's alone. */
static mode_t image_mode(const struct host_config *config)
{
	return config->restricted ? 0700 : 0755;
}

/* An absent folder is no error for a reader: *ret_fd stays -1. */
static int open_top(const char *path, bool write, mode_t mode, int *ret_fd, struct error *err)
{
	struct error local = ERROR_INIT;
	int r = dir_open_path(path, write, mode, ret_fd, &local);

	if (!r || (r == -ENOENT && !write))
		return 0;
	*err = local;
	return r == -EACCES ? hint_root(err) : r;
}

/* A name alone does not tell whose state it is. */
static int refuse_below(const struct store *store, struct error *err)
{
	bool denied = err->code == EACCES;

	error_prefix(err, "use '%s'", store->config->state_dir);
	return denied ? hint_root(err) : -err->code;
}

static int open_below(const struct store *store, const char *name, bool write, mode_t mode,
		      int *ret_fd, struct error *err)
{
	int fd;

	if (store->state_fd < 0)
		return 0;
	if (write)
		return dir_make(store->state_fd, name, mode, ret_fd, err) ? refuse_below(store, err)
									  : 0;
	fd = file_openat(store->state_fd, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0) {
		error_errno(err, -fd, "open folder '%s'", name);
		return refuse_below(store, err);
	}
	*ret_fd = fd;
	return 0;
}

static int open_images(struct store *store, bool write, struct error *err)
{
	const struct host_config *config = store->config;
	int r;

	if (config->image_dir)
		r = open_top(config->image_dir, write, image_mode(config), &store->images_fd, err);
	else
		r = open_below(store, "images", write, image_mode(config), &store->images_fd, err);
	if (!r && write)
		tenants_make(store->images_fd, !config->restricted);
	return r;
}

/* What cannot be opened has no images for us. */
static void open_shared_images(struct store *store)
{
	struct error ignored = ERROR_INIT;

	if (store->config->shared_image_dir)
		dir_open_path(store->config->shared_image_dir, false, 0, &store->shared_images_fd,
			      &ignored);
}

static int open_run(const struct store *store, bool write, int *ret_fd, struct error *err)
{
	int r = open_top(store->config->run_dir, write, 0700, ret_fd, err);

	return r == -EACCES ? hint_run(store->config, err) : r;
}

int store_make_run(const struct store *store, int *ret_fd, struct error *err)
{
	return open_run(store, true, ret_fd, err);
}

static int open_all(struct store *store, const struct host_config *config, bool write_images,
		    bool write, struct error *err)
{
	int r;

	*store = (struct store)STORE_INIT;
	store->config = config;
	r = open_top(config->state_dir, write_images, image_mode(config), &store->state_fd, err);
	if (!r)
		r = open_below(store, "vms", write, 0700, &store->vms_fd, err);
	if (!r)
		r = open_below(store, "tmp", write, 0700, &store->tmp_fd, err);
	if (!r)
		r = open_below(store, "claims", write, 0700, &store->claims_fd, err);
	if (!r)
		r = open_images(store, write_images, err);
	if (!r)
		r = open_run(store, write, &store->run_fd, err);
	if (r)
		store_done(store);
	else
		open_shared_images(store);
	return r;
}

int store_open(struct store *store, const struct host_config *config, bool write, struct error *err)
{
	return open_all(store, config, write, write, err);
}

int store_open_images(struct store *store, const struct host_config *config, struct error *err)
{
	return open_all(store, config, true, false, err);
}

void store_done(struct store *store)
{
	fd_close(&store->state_fd);
	fd_close(&store->vms_fd);
	fd_close(&store->tmp_fd);
	fd_close(&store->claims_fd);
	fd_close(&store->images_fd);
	fd_close(&store->shared_images_fd);
	fd_close(&store->run_fd);
}

static bool is_vm(const struct dirent *entry)
{
	struct error ignored = ERROR_INIT;

	return (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) &&
	       !parse_vm_name(entry->d_name, &ignored);
}

/* Moved elsewhere by a symbolic link, or named as no VM can be, and with a disk. */
static bool is_foreign(int vms_fd, const char *name)
{
	AUTO_FREE char *disk = NULL;
	struct stat st;

	if (name[0] == '.')
		return false;
	disk = xasprintf("%s/disk.qcow2", name);
	return fstatat(vms_fd, disk, &st, 0) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static int list_names(DIR *dir, struct strv *ret, struct strv *ret_foreign, struct error *err)
{
	struct dirent *entry;

	while (errno = 0, (entry = readdir(dir))) {
		if (is_vm(entry))
			strv_push(ret, entry->d_name);
		else if (ret_foreign && is_foreign(dirfd(dir), entry->d_name))
			strv_push(ret_foreign, entry->d_name);
	}
	if (errno)
		return error_errno(err, errno, "read the folder of VMs");
	strv_sort(ret);
	if (ret_foreign)
		strv_sort(ret_foreign);
	return 0;
}

int store_list_all(const struct store *store, struct strv *ret, struct strv *ret_foreign,
		   struct error *err)
{
	DIR *dir;
	int fd;
	int r;

	strv_clear(ret);
	if (ret_foreign)
		strv_clear(ret_foreign);
	if (store->vms_fd < 0)
		return 0;
	fd = file_openat(store->vms_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return error_errno(err, -fd, "open the folder of VMs");
	dir = fdopendir(fd);
	if (!dir) {
		r = error_errno(err, errno, "read the folder of VMs");
		close(fd);
		return r;
	}
	r = list_names(dir, ret, ret_foreign, err);
	closedir(dir);
	return r;
}

int store_list(const struct store *store, struct strv *ret, struct error *err)
{
	return store_list_all(store, ret, NULL, err);
}

char *store_vm_path(const struct store *store, const char *name)
{
	return xasprintf("%s/vms/%s", store->config->state_dir, name);
}
