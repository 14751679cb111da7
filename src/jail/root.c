/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The root of the child: a read-only tmpfs with the system's libraries and little else. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "mounts.h"

enum {
	SYSTEM = MOUNTS_READ_ONLY | MOUNTS_NO_DEV | MOUNTS_RECURSIVE,
	KVM_MAJOR = 10, /* Documentation/admin-guide/devices.txt of the kernel */
	KVM_MINOR = 232,
};

/* As folders or symlinks, as the host has them; what it does not have is left out. */
static const char *const system_folders[] = { "/usr",	"/bin",	  "/sbin",   "/lib",
					      "/lib32", "/lib64", "/libx32", "/etc/alternatives" };

/* Where the dynamic linker finds what is not in its default folders: ld.so(8), musl's manual. */
static const char *const system_files[] = { "/etc/ld.so.cache", "/etc/ld-musl-x86_64.path",
					    "/etc/ld-musl-aarch64.path" };

/*
 * One component of a path, made where it is missing; never a symlink, which could lead out of the
 * new root. O_PATH, as what an exposed folder has in that place is not to be opened: a FIFO waits.
 */
static int step_down(int dir_fd, const char *name, bool folder)
{
	int fd, r = folder ? mkdirat(dir_fd, name, 0755) : mknodat(dir_fd, name, S_IFREG | 0644, 0);

	if (r < 0 && errno != EEXIST)
		return -errno;
	fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | (folder ? O_DIRECTORY : 0));
	return fd < 0 ? -errno : fd;
}

/* An empty file or folder in the new root, with all the folders above it. */
static int make_place(int root_fd, const char *path, bool folder)
{
	char name[NAME_MAX + 1];
	int dir_fd = openat(root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = dir_fd < 0 ? -errno : dir_fd;

	while (fd >= 0 && *(path += strspn(path, "/"))) {
		size_t len = strcspn(path, "/");
		bool last = !path[len + strspn(path + len, "/")];

		if (len > NAME_MAX) {
			(void)close(dir_fd);
			return -ENAMETOOLONG;
		}
		memcpy(name, path, len);
		name[len] = '\0';
		path += len;
		fd = step_down(dir_fd, name, !last || folder);
		(void)close(dir_fd);
		dir_fd = fd;
	}
	return fd;
}

/* Put a copy in its place and let go of it. */
static int place(int root_fd, int tree_fd, const char *path, bool folder)
{
	int at_fd = make_place(root_fd, path, folder);
	int r = at_fd < 0 ? at_fd : mounts_place(tree_fd, at_fd);

	if (at_fd >= 0)
		(void)close(at_fd);
	(void)close(tree_fd);
	return r;
}

/* A file or folder of the host, at its own path. */
static int show(struct child *child, int root_fd, const char *path, unsigned int attrs)
{
	int tree_fd, r;

	child->what = path;
	tree_fd = mounts_copy(AT_FDCWD, path, attrs & MOUNTS_RECURSIVE);
	if (tree_fd < 0)
		return tree_fd;
	r = mounts_restrict(tree_fd, attrs, -1);
	if (r < 0) {
		(void)close(tree_fd);
		return r;
	}
	return place(root_fd, tree_fd, path, attrs & MOUNTS_RECURSIVE);
}

static int copy_symlink(int root_fd, const char *path)
{
	char text[PATH_MAX];
	ssize_t len = readlink(path, text, sizeof(text) - 1);

	if (len < 0)
		return -errno;
	text[len] = '\0';
	return symlinkat(text, root_fd, path + 1) < 0 ? -errno : 0;
}

static int show_system_folder(struct child *child, int root_fd, const char *path)
{
	struct stat st;

	child->what = path;
	if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISLNK(st.st_mode))
		return copy_symlink(root_fd, path);
	return S_ISDIR(st.st_mode) ? show(child, root_fd, path, SYSTEM) : 0;
}

static int show_system(struct child *child, int root_fd)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(system_folders) && r == 0; i++)
		r = show_system_folder(child, root_fd, system_folders[i]);
	for (size_t i = 0; i < ARRAY_SIZE(system_files) && r == 0; i++) {
		r = show(child, root_fd, system_files[i],
			 MOUNTS_READ_ONLY | MOUNTS_NO_DEV | MOUNTS_NO_EXEC);
		if (r == -ENOENT)
			r = 0;
	}
	return r;
}

/* What lies below the system's folders is there already. */
static int show_folders(struct child *child, int root_fd)
{
	const struct strv *folders = child->plan->folders;
	int r = 0;

	for (size_t i = 0; folders && i < folders->n && r == 0; i++)
		if (!plan_is_system(folders->v[i]))
			r = show(child, root_fd, folders->v[i], SYSTEM);
	return r;
}

/* QEMU without /dev/null has no OFD locks, which it tries there, and locks no image. */
static int make_devices(struct child *child, int root_fd)
{
	int r = show(child, root_fd, "/dev/null", MOUNTS_NO_EXEC);

	if (r || !child->plan->kvm)
		return r;
	if (child->plan->mode == LAUNCH_AS_USER)
		return show(child, root_fd, "/dev/kvm", MOUNTS_NO_EXEC);
	child->what = "/dev/kvm";
	if (mknodat(root_fd, "dev/kvm", S_IFCHR | 0600, makedev(KVM_MAJOR, KVM_MINOR)) < 0 ||
	    fchownat(root_fd, "dev/kvm", child->uid, child->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

/*
 * In the mount namespace of a user namespace the descriptor's own mount is another namespace's,
 * and cannot be copied: the same file is looked for by its name.
 */
static int copy_by_name(int source)
{
	char link[] = "/proc/self/fd/-0000000000", path[PATH_MAX];
	struct stat ours, found;
	ssize_t len;
	int tree_fd;

	child_format_int(source, link + strlen("/proc/self/fd/"));
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return -errno;
	path[len] = '\0';
	tree_fd = mounts_copy(AT_FDCWD, path, true);
	if (tree_fd < 0)
		return tree_fd;
	if (fstat(source, &ours) == 0 && fstat(tree_fd, &found) == 0 &&
	    ours.st_dev == found.st_dev && ours.st_ino == found.st_ino)
		return tree_fd;
	(void)close(tree_fd);
	return -ESTALE;
}

static int copy_file(const struct child *child, size_t i)
{
	return child->user_ns ? copy_by_name(child->file[i])
			      : mounts_copy(child->file[i], "", true);
}

/*
 * As root before there is a mount namespace, as user in it. In place of each comes its copy; the
 * descriptor itself may be another thing's as well.
 */
static int copy_files(struct child *child)
{
	for (size_t i = 0; i < child->plan->n_files; i++) {
		int tree_fd;

		child->what = child->plan->files[i].target;
		tree_fd = copy_file(child, i);
		if (tree_fd < 0)
			return tree_fd;
		child->file[i] = tree_fd;
	}
	child->what = NULL;
	return 0;
}

static int place_file(struct child *child, int root_fd, size_t i)
{
	const struct launch_file *file = &child->plan->files[i];
	unsigned int attrs = MOUNTS_NO_DEV | MOUNTS_NO_EXEC | MOUNTS_RECURSIVE |
			     (file->writable ? 0 : MOUNTS_READ_ONLY);
	struct stat st;
	int r;

	child->what = file->target;
	r = mounts_restrict(child->file[i], attrs, child->idmap[i]);
	if (r == -EINVAL && child->idmap[i] >= 0)
		return LEFTOVER_UNMAPPED;
	if (r < 0)
		return r;
	if (fstat(child->file[i], &st) < 0)
		return -errno;
	r = place(root_fd, child->file[i], file->target, S_ISDIR(st.st_mode));
	child->file[i] = -1;
	return r;
}

static int fill(struct child *child, int root_fd)
{
	int r = show_system(child, root_fd);

	if (r == 0)
		r = show_folders(child, root_fd);
	for (size_t i = 0; i < child->plan->n_files && r == 0; i++)
		r = place_file(child, root_fd, i);
	if (r == 0)
		r = make_devices(child, root_fd);
	if (r == 0)
		child->what = NULL;
	return r;
}

static bool same_file(const struct stat *a, const char *path)
{
	struct stat b;

	return stat(path, &b) == 0 && a->st_dev == b.st_dev && a->st_ino == b.st_ino;
}

/*
 * ".." of the root is where an old root would show that was not unmounted: it lies on the new one.
 */
static int verify(const struct stat *root)
{
	struct statvfs top, usr;

	if (!same_file(root, "/") || !same_file(root, ".") || !same_file(root, "/.."))
		return LEFTOVER_ROOT;
	if (statvfs("/", &top) < 0 || statvfs("/usr", &usr) < 0)
		return -errno;
	return top.f_flag & usr.f_flag & ST_RDONLY ? 0 : LEFTOVER_WRITABLE;
}

/*
 * The new root lies over the old one while it is being filled: only what is part of a namespace
 * can be mounted on (before Linux 6.15), and paths lead below the old one until pivot_root(2). A
 * umask would narrow what is made in it, and the program's uid is not the owner.
 */
static int build(struct child *child)
{
	bool node = child->plan->kvm && child->plan->mode == LAUNCH_AS_ROOT;
	unsigned int attrs = MOUNTS_NO_EXEC | (node ? 0 : MOUNTS_NO_DEV);
	int root_fd = mounts_tmpfs(attrs);
	mode_t mask = umask(0);
	struct stat root;
	int r;

	if (root_fd < 0)
		return root_fd;
	r = mounts_cover_root(root_fd);
	if (r == 0)
		r = fill(child, root_fd);
	if (r == 0)
		r = mounts_become_root(root_fd);
	if (r == 0)
		r = mounts_restrict(root_fd, attrs | MOUNTS_READ_ONLY, -1);
	if (r == 0)
		r = fstat(root_fd, &root) < 0 ? -errno : verify(&root);
	(void)umask(mask);
	(void)close(root_fd);
	return r;
}

/* open_tree(2) asks for the same right as unshare(2), and is asked first. */
static int copy_files_outside(struct child *child)
{
	int r = copy_files(child);

	if (r != -EPERM)
		return r;
	child->what = NULL;
	return child_refused(child, LAYER_ROOT, EPERM);
}

int root_enter(struct child *child)
{
	int r;

	if (!child_wants(child, LAYER_ROOT))
		return 0;
	r = child->user_ns ? 0 : copy_files_outside(child);
	if (r == 0 && child_wants(child, LAYER_ROOT))
		r = namespaces_enter_mount(child);
	if (r || !child_wants(child, LAYER_ROOT))
		return r;
	if (child->user_ns)
		r = copy_files(child);
	if (r == 0)
		r = mounts_make_private();
	return r ? r : build(child);
}
