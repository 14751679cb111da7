/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mount calls that libcs lack or declare against the kernel's headers. */
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/* <sys/mount.h> of glibc 2.36 and <linux/mount.h> exclude each other; musl 1.2 has neither call. */
enum { DETACH = 2 }; /* MNT_DETACH, umount(2) */

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

static int result(long r)
{
	return r < 0 ? -errno : (int)r;
}

int mounts_copy(int dir_fd, const char *path, bool recursive)
{
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;

	return result(syscall(SYS_open_tree, dir_fd, path, flags | (recursive ? AT_RECURSIVE : 0)));
}

static uint64_t attributes(unsigned int attrs)
{
	return MOUNT_ATTR_NOSUID | (attrs & MOUNTS_NO_EXEC ? MOUNT_ATTR_NOEXEC : 0) |
	       (attrs & MOUNTS_NO_DEV ? MOUNT_ATTR_NODEV : 0) |
	       (attrs & MOUNTS_READ_ONLY ? MOUNT_ATTR_RDONLY : 0);
}

int mounts_restrict(int tree_fd, unsigned int attrs, int idmap_fd)
{
	unsigned int flags = AT_EMPTY_PATH | (attrs & MOUNTS_RECURSIVE ? AT_RECURSIVE : 0);
	struct mount_attr attr = { .attr_set = attributes(attrs) };

	if (idmap_fd >= 0) {
		attr.attr_set |= MOUNT_ATTR_IDMAP;
		attr.userns_fd = (uint64_t)idmap_fd;
	}
	return result(syscall(SYS_mount_setattr, tree_fd, "", flags, &attr, sizeof(attr)));
}

int mounts_place(int tree_fd, int at_fd)
{
	return result(syscall(SYS_move_mount, tree_fd, "", at_fd, "",
			      MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

static int tmpfs_set(int fs_fd, const char *key, const char *value)
{
	return result(syscall(SYS_fsconfig, fs_fd, FSCONFIG_SET_STRING, key, value, 0));
}

/* The least that the kernel's own arithmetic leaves: an inode a folder, and no content. */
int mounts_tmpfs(unsigned int attrs)
{
	int fs_fd = result(syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC));
	int r;

	if (fs_fd < 0)
		return fs_fd;
	r = tmpfs_set(fs_fd, "mode", "0755");
	if (r == 0)
		r = tmpfs_set(fs_fd, "size", "64k");
	if (r == 0)
		r = tmpfs_set(fs_fd, "nr_inodes", "512");
	if (r == 0)
		r = result(syscall(SYS_fsconfig, fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	if (r == 0)
		r = result(syscall(SYS_fsmount, fs_fd, FSMOUNT_CLOEXEC, attributes(attrs)));
	(void)close(fs_fd);
	return r;
}

int mounts_make_private(void)
{
	return result(syscall(SYS_mount, "none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

int mounts_cover_root(int root_fd)
{
	return result(syscall(SYS_move_mount, root_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH));
}

/*
 * pivot_root(2), NOTES: with "." twice the old root lies on the new one, and is what "." is
 * unmounted from.
 */
int mounts_become_root(int root_fd)
{
	int r = result(fchdir(root_fd));

	if (r == 0)
		r = result(syscall(SYS_pivot_root, ".", "."));
	if (r == 0)
		r = result(syscall(SYS_umount2, ".", DETACH));
	if (r == 0)
		r = result(chdir("/"));
	return r;
}
