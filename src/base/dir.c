/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders: made, checked for who may change them, opened and removed without following links. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"

/* Each level of dir_remove_tree() holds a descriptor and a frame. */
enum { TREE_DEPTH_MAX = 32 };

static int word_open(const char *name, int code, struct error *err)
{
	if (code == ELOOP)
		return error_set(err, ERROR_FAILED, code, "open folder '%s': is a symbolic link",
				 name);
	return error_errno(err, code, "open folder '%s'", name);
}

int dir_make(int parent_fd, const char *name, mode_t mode, int *ret_fd, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	bool made = mkdirat(parent_fd, name, mode) == 0;

	if (!made && errno != EEXIST)
		return error_errno(err, errno, "make folder '%s'", name);
	fd = file_openat(parent_fd, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return word_open(name, -fd, err);
	/* the umask had its say in mkdir */
	if (made && fchmod(fd, mode) < 0)
		return error_errno(err, errno, "set mode of folder '%s'", name);
	*ret_fd = fd_steal(&fd);
	return 0;
}

int dir_check_owner(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "stat folder '%s'", path);
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		error_set(err, ERROR_PERMISSION, EPERM, "use folder '%s': belongs to user id %u",
			  path, st.st_uid);
		return error_hint(err, "chown %u '%s'", geteuid(), path);
	}
	if (st.st_mode & (S_IWGRP | S_IWOTH)) {
		error_set(err, ERROR_PERMISSION, EPERM,
			  "use folder '%s': group or others may write to it", path);
		return error_hint(err, "chmod go-w '%s'", path);
	}
	return 0;
}

/* A folder on the way: an administrator may have put a link there, as in /var/lib. */
static int enter(int *fd, const char *name, bool create, mode_t mode)
{
	int next;

	if (create && mkdirat(*fd, name, mode) < 0 && errno != EEXIST)
		return -errno;
	next = openat(*fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (next < 0)
		return -errno;
	fd_close(fd);
	*fd = next;
	return 0;
}

static int open_last(int parent_fd, const char *name, const char *path, bool create, mode_t mode,
		     int *ret_fd, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	struct error why = ERROR_INIT;
	int r;

	if (create) {
		r = dir_make(parent_fd, name, mode, &fd, &why);
	} else {
		fd = file_openat(parent_fd, name, O_RDONLY | O_DIRECTORY, 0);
		r = fd < 0 ? fd : 0;
	}
	if (r < 0)
		return word_open(path, -r, err);
	r = dir_check_owner(fd, path, err);
	if (r == 0)
		*ret_fd = fd_steal(&fd);
	return r;
}

int dir_open_path(const char *path, bool create, mode_t mode, int *ret_fd, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *copy = xstrdup(path);
	char *state, *name, *next;
	int r;

	if (path[0] != '/')
		return error_set(err, ERROR_FAILED, EINVAL,
				 "open folder '%s': not an absolute path", path);
	fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "open folder '/'");
	name = strtok_r(copy, "/", &state);
	while (name && (next = strtok_r(NULL, "/", &state))) {
		r = enter(&fd, name, create, mode);
		if (r < 0)
			return error_errno(err, -r, "open folder '%s': reach '%s'", path, name);
		name = next;
	}
	return open_last(fd, name ? name : ".", path, create, mode, ret_fd, err);
}

static int remove_entry(int parent_fd, const char *name, unsigned int depth, struct error *err);

static int remove_children(int fd, const char *name, unsigned int depth, struct error *err)
{
	struct dirent *entry;
	DIR *dir = fdopendir(fd);
	int r = 0;

	if (!dir) {
		r = error_errno(err, errno, "list folder '%s'", name);
		fd_close(&fd);
		return r;
	}
	while (r == 0 && (errno = 0, entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = remove_entry(dirfd(dir), entry->d_name, depth + 1, err);
	}
	if (r == 0 && errno)
		r = error_errno(err, errno, "list folder '%s'", name);
	closedir(dir);
	return r;
}

/* Not across a mount: what was mounted there, a bind of /usr perhaps, is not ours to remove. */
static int open_same_mount(int parent_fd, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	long fd = syscall(SYS_openat2, parent_fd, name, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static int remove_folder(int parent_fd, const char *name, unsigned int depth, struct error *err)
{
	int fd, r;

	if (depth >= TREE_DEPTH_MAX)
		return error_set(err, ERROR_FAILED, ELOOP, "remove '%s': deeper than %d folders",
				 name, TREE_DEPTH_MAX);
	fd = open_same_mount(parent_fd, name);
	if (fd == -EXDEV)
		return error_set(err, ERROR_FAILED, EBUSY, "remove '%s': is a mount point", name);
	if (fd < 0)
		return word_open(name, -fd, err);
	r = remove_children(fd, name, depth, err);
	if (r == 0 && unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = error_errno(err, errno, "remove folder '%s'", name);
	return r;
}

static int remove_entry(int parent_fd, const char *name, unsigned int depth, struct error *err)
{
	if (unlinkat(parent_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return error_errno(err, errno, "remove '%s'", name);
	return remove_folder(parent_fd, name, depth, err);
}

int dir_remove_tree(int parent_fd, const char *name, struct error *err)
{
	/* unlinkat() follows a link in the middle of a path, so there is no middle */
	if (!*name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return error_set(err, ERROR_FAILED, EINVAL, "remove '%s': not a plain file name",
				 name);
	return remove_entry(parent_fd, name, 0, err);
}

static int sync_entry(int dir_fd, const char *name, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;

	/* d_type is DT_UNKNOWN on some file systems */
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, errno, "stat '%s'", name);
	if (!S_ISREG(st.st_mode))
		return 0;
	fd = file_openat(dir_fd, name, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return error_errno(err, -fd, "open '%s'", name);
	return fsync(fd) < 0 ? error_errno(err, errno, "write '%s' to disk", name) : 0;
}

void dir_for_each(int dir_fd, void (*each)(const char *name, void *arg), void *arg)
{
	int fd = dir_fd < 0 ? -1 : file_openat(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		fd_close(&fd);
		return;
	}
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			each(entry->d_name, arg);
	closedir(dir);
}

int dir_sync_files(int dir_fd, struct error *err)
{
	int fd = file_openat(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	struct dirent *entry;
	DIR *dir;
	int r = 0;

	if (fd < 0)
		return error_errno(err, -fd, "open a folder");
	dir = fdopendir(fd);
	if (!dir) {
		r = error_errno(err, errno, "read a folder");
		fd_close(&fd);
		return r;
	}
	while (r == 0 && (errno = 0, entry = readdir(dir)))
		r = sync_entry(fd, entry->d_name, err);
	if (r == 0 && errno)
		r = error_errno(err, errno, "read a folder");
	if (r == 0 && fsync(fd) < 0)
		r = error_errno(err, errno, "write a folder to disk");
	closedir(dir);
	return r;
}

bool file_has_name(int fd, int dir_fd, const char *name)
{
	struct stat ours, named;

	return !fstat(fd, &ours) && !fstatat(dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

int file_rename_new(int from_fd, const char *from, int to_fd, const char *to)
{
	struct stat st;

	/* musl 1.2.5 has no wrapper */
	if (syscall(SYS_renameat2, from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* a file system without the flag (NFS): all callers hold a lock on the new name */
	if (fstatat(to_fd, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	if (errno != ENOENT)
		return -errno;
	return renameat(from_fd, from, to_fd, to) < 0 ? -errno : 0;
}
