/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose VMs may stand on a folder's images: state directories, by links in image_dir/.users. */
#include "store/tenants.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "images_files.h"

/* Whoever fills the folder keeps images from being removed, and no more. */
enum { TENANTS_MAX = 1024, ENTRIES_MAX = 100000, HASH_DIGITS = 16 };

char *tenants_path(const struct store *store)
{
	AUTO_FREE char *dir = image_folder(store);

	return xasprintf("%s/%s", dir, IMAGE_USERS_DIR);
}

void tenants_make(int images_fd, bool for_all)
{
	struct error ignored = ERROR_INIT;
	AUTO_CLOSE int fd = -1;

	dir_make(images_fd, IMAGE_USERS_DIR, for_all ? 01733 : 0700, &fd, &ignored);
}

/* FNV-1a: a name of its own for each directory. Who wants one that is taken gets another one. */
static uint64_t hash(const char *text)
{
	uint64_t value = 0xcbf29ce484222325;

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 0x100000001b3;
	return value;
}

/* The target of a link; NULL: it is none, or of no use. */
static char *read_target(int dir_fd, const char *name)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(dir_fd, name, target, sizeof(target));

	if (len <= 0 || (size_t)len >= sizeof(target) || target[0] != '/')
		return NULL;
	return xstrndup(target, (size_t)len);
}

static bool is_mine(int dir_fd, const char *name, const char *state_dir)
{
	AUTO_FREE char *target = read_target(dir_fd, name);
	struct stat st;

	return target && strcmp(target, state_dir) == 0 &&
	       !fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) && st.st_uid == geteuid();
}

/* Returns 0 or -errno. */
static int put_link(int dir_fd, const char *state_dir)
{
	AUTO_FREE char *name = xasprintf("%u-%016" PRIx64, geteuid(), hash(state_dir));
	AUTO_FREE char *other = NULL;
	uint64_t salt;

	if (is_mine(dir_fd, name, state_dir))
		return 0;
	if (symlinkat(state_dir, dir_fd, name) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	/* another command of ours was faster, or somebody keeps us from that name */
	if (is_mine(dir_fd, name, state_dir))
		return 0;
	if (getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
		return -errno;
	other = xasprintf("%s-%016" PRIx64, name, salt);
	return symlinkat(state_dir, dir_fd, other) < 0 ? -errno : 0;
}

static bool is_none(int code)
{
	return code == ENOENT || code == ENOTDIR || code == ELOOP;
}

/* Not for whoever else has made a folder of that name beside some file. */
static int open_beside(const char *image, char **ret_path, int *ret_fd, struct error *err)
{
	AUTO_FREE char *real = realpath(image, NULL);
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (!real)
		return error_errno(err, errno, "look at '%s'", image);
	*strrchr(real, '/') = '\0';
	path = xasprintf("%s/%s", real, IMAGE_USERS_DIR);
	fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return is_none(errno) ? TENANTS_NO_FOLDER
				      : error_errno(err, errno, "open folder '%s'", path);
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "look at folder '%s'", path);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return TENANTS_NO_FOLDER;
	*ret_path = ptr_steal(&path);
	*ret_fd = fd_steal(&fd);
	return 0;
}

int tenants_register(const struct store *store, const char *image, struct error *err)
{
	AUTO_FREE char *state_dir = realpath(store->config->state_dir, NULL);
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;
	int r;

	if (!state_dir)
		return error_errno(err, errno, "look at '%s'", store->config->state_dir);
	r = open_beside(image, &path, &fd, err);
	if (r)
		return r;
	r = put_link(fd, state_dir);
	if (!r)
		return 0;
	error_errno(err, -r, "put a link into '%s'", path);
	return r == -EACCES ? error_hint(err, "root runs: chmod 1733 '%s'", path) : r;
}

static bool is_hex(const char *text)
{
	return strspn(text, "0123456789abcdef") >= HASH_DIGITS &&
	       (!text[HASH_DIGITS] || text[HASH_DIGITS] == '-');
}

/* As put_link() calls it; in a command that is told nothing else is to be. */
static bool is_name(const char *name)
{
	size_t digits = strspn(name, "0123456789");
	const char *rest = name + digits;

	if (!digits || digits > 10 || *rest++ != '-' || !is_hex(rest))
		return false;
	rest += HASH_DIGITS;
	return !*rest || (is_hex(rest + 1) && !rest[1 + HASH_DIGITS]);
}

static bool is_own(const struct store *store, const struct tenant *tenant)
{
	struct stat theirs, ours;

	return tenant->uid == geteuid() && stat(tenant->state_dir, &theirs) == 0 &&
	       fstat(store->state_fd, &ours) == 0 && theirs.st_dev == ours.st_dev &&
	       theirs.st_ino == ours.st_ino;
}

static void add_tenant(const struct store *store, int dir_fd, const char *name, struct tenants *ret)
{
	struct tenant tenant = { .strange = false };
	struct stat st;

	if (!is_name(name) || fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	tenant.state_dir = S_ISLNK(st.st_mode) ? read_target(dir_fd, name) : NULL;
	if (!tenant.state_dir)
		return;
	tenant.uid = st.st_uid;
	tenant.strange = strtoul(name, NULL, 10) != st.st_uid;
	snprintf(tenant.link, sizeof(tenant.link), "%s", name);
	if (ret->n == TENANTS_MAX || is_own(store, &tenant)) {
		ret->more |= ret->n == TENANTS_MAX;
		free(tenant.state_dir);
		return;
	}
	ret->v = xreallocarray(ret->v, ret->n + 1, sizeof(*ret->v));
	ret->v[ret->n++] = tenant;
}

static int list(const struct store *store, DIR *dir, struct tenants *ret, struct error *err)
{
	struct dirent *entry;
	unsigned int n = 0;

	while (!ret->more && (errno = 0, entry = readdir(dir))) {
		ret->more = ++n > ENTRIES_MAX;
		add_tenant(store, dirfd(dir), entry->d_name, ret);
	}
	return !ret->more && errno ? error_errno(err, errno, "read folder '%s'", IMAGE_USERS_DIR)
				   : 0;
}

/* Where others may remove what is none of theirs, a VM is missed. */
static int check_folder(const struct store *store, int fd, struct error *err)
{
	AUTO_FREE char *path = tenants_path(store);
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "look at folder '%s'", path);
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		error_set(err, ERROR_PERMISSION, EPERM, "use folder '%s': belongs to user id %u",
			  path, st.st_uid);
		return error_hint(err, "chown %u '%s'", geteuid(), path);
	}
	if (!(st.st_mode & (S_IWGRP | S_IWOTH)) || st.st_mode & S_ISVTX)
		return 0;
	error_set(err, ERROR_PERMISSION, EPERM,
		  "use folder '%s': everybody may remove others' links from it", path);
	return error_hint(err, "chmod 1733 '%s'", path);
}

int tenants_list(const struct store *store, struct tenants *ret, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	DIR *dir;
	int r;

	if (store->images_fd < 0)
		return 0;
	fd = file_openat(store->images_fd, IMAGE_USERS_DIR, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return error_errno(err, -fd, "open folder '%s'", IMAGE_USERS_DIR);
	r = check_folder(store, fd, err);
	if (r)
		return r;
	dir = fdopendir(fd);
	if (!dir)
		return error_errno(err, errno, "read folder '%s'", IMAGE_USERS_DIR);
	(void)fd_steal(&fd); /* closedir() closes it */
	r = list(store, dir, ret, err);
	closedir(dir);
	return r;
}

void tenants_done(struct tenants *tenants)
{
	for (size_t i = 0; i < tenants->n; i++)
		free(tenants->v[i].state_dir);
	free(tenants->v);
	*tenants = (struct tenants){ .v = NULL };
}
