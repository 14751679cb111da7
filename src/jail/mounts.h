/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mount calls that libcs lack or declare against the kernel's headers. */
#ifndef JAIL_MOUNTS_H
#define JAIL_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

enum mounts_attr {
	MOUNTS_NO_EXEC = 1,
	MOUNTS_NO_DEV = 2,
	MOUNTS_READ_ONLY = 4,
	MOUNTS_RECURSIVE = 8, /* of the mounts below, too */
};

/* All return 0 or a descriptor, or -errno, and neither allocate nor print. */

/* A copy of what is mounted at path, which no namespace has yet (open_tree(2), Linux 5.2). */
int mounts_copy(int dir_fd, const char *path, bool recursive);

/* Never setuid, and attrs besides; idmap_fd: a user namespace for idmapped ids, or -1. */
int mounts_restrict(int tree_fd, unsigned int attrs, int idmap_fd);

/* Put a copy onto the very file or folder that at_fd is. */
int mounts_place(int tree_fd, int at_fd);

/* A tmpfs of a few empty files, mounted nowhere yet. */
int mounts_tmpfs(unsigned int attrs);

/* From here on nothing that is mounted or unmounted reaches another namespace. */
int mounts_make_private(void);

/* Mount root_fd over "/", where it is in nobody's sight: paths still lead below the old root. */
int mounts_cover_root(int root_fd);

/* Make it the root and the working directory, and let the old one go. */
int mounts_become_root(int root_fd);

#endif
