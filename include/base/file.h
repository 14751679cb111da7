/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files below a folder that is held open: no symlinks, no races, no half writes. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * openat2(2) with RESOLVE_BENEATH|NO_SYMLINKS|NO_MAGICLINKS and O_CLOEXEC|O_NOCTTY;
 * path is relative to dir_fd. Returns the descriptor or -errno; words no error.
 */
int file_openat(int dir_fd, const char *path, int flags, mode_t mode);

/*
 * The same for an existing regular file with one link, owned by root or by us; the owner
 * of a symlink, FIFO, device or hard link gets nothing. Opened O_NONBLOCK, checked, then
 * set blocking. *ret_fd is the caller's. -ENOENT is worded as well; O_CREAT and O_TRUNC
 * are -EINVAL.
 */
int file_open_regular(int dir_fd, const char *name, int flags, int *ret_fd, struct error *err);

/*
 * Read all of a regular file (checked as above), at most max bytes, else -EFBIG. These
 * three replace what ret holds.
 */
int file_read(int dir_fd, const char *name, size_t max, struct buf *ret, struct error *err);

/* Read from fd to its end, at most max bytes, else -EFBIG; what names it. */
int file_read_fd(int fd, const char *what, size_t max, struct buf *ret, struct error *err);

/* file_read() of a path given by the user (symlinks are followed, S_ISREG still holds). */
int file_read_path(const char *path, size_t max, struct buf *ret, struct error *err);

/*
 * Read a file of one line ("value\n") into ret without the newline, at most 4096 bytes.
 * A second line or a NUL byte is -EINVAL. Absent: returns FILE_ABSENT (positive).
 */
enum { FILE_ABSENT = 1 };
int file_read_line(int dir_fd, const char *name, char **ret, struct error *err);

/*
 * Replace name as a whole: a temporary file beside it, fsync, rename, fsync of
 * the folder. After a failure or a kill the old content stands; a left ".tmp-*"
 * is removed by the next write of the same name. So two writers of one name must
 * hold a lock; readers need none. The mode holds whatever the umask; name has no '/'.
 */
int file_write(int dir_fd, const char *name, const void *data, size_t len, mode_t mode,
	       struct error *err);

/* The same without the two fsyncs, for tmpfs or inside a folder that is not yet in place. */
int file_write_volatile(int dir_fd, const char *name, const void *data, size_t len, mode_t mode,
			struct error *err);

/*
 * The same with what a regular file (checked as above) has, at most max bytes, else -EFBIG. The
 * copy takes its room at once (where fallocate(2) is known) and is written where there are no
 * zeros.
 */
int file_copy_volatile(int from_fd, const char *from, size_t max, int dir_fd, const char *name,
		       mode_t mode, struct error *err);

/* write(2) all of it, EINTR and short writes handled. Returns 0 or -errno. */
int fd_write_all(int fd, const void *data, size_t len);

/*
 * Make a folder (an existing one is fine, and keeps its mode) and open it for reading. A
 * symlink is -ELOOP. The mode of a new one holds whatever the umask.
 */
int dir_make(int parent_fd, const char *name, mode_t mode, int *ret_fd, struct error *err);

/*
 * Refuse a folder that somebody else owns (neither root nor us) or that group or others may
 * write to. path is for the message, with the chown or chmod that helps.
 */
int dir_check_owner(int fd, const char *path, struct error *err);

/*
 * Open an absolute path of folders, made as needed (mode for new ones), each checked with
 * dir_check_owner() when last, symlinks refused in the last component only.
 */
int dir_open_path(const char *path, bool create, mode_t mode, int *ret_fd, struct error *err);

/*
 * Remove name below parent_fd, a file or a tree of at most 32 levels, never following a
 * link nor going below a mount point (-EBUSY). Absent is fine; a '/' in name is -EINVAL. A
 * failure leaves what is not yet removed.
 */
int dir_remove_tree(int parent_fd, const char *name, struct error *err);

/*
 * Call each() for every name in a folder but "." and "..", in no order. The descriptor stays the
 * caller's, -1 is an empty folder; so is one that cannot be read, for cleaners and lookers.
 */
void dir_for_each(int dir_fd, void (*each)(const char *name, void *arg), void *arg);

/* fsync(2) every regular file of a folder, not those in folders below, then the folder itself. */
int dir_sync_files(int dir_fd, struct error *err);

/*
 * Is what dir_fd has under this name, which may be a symlink, the file or folder that fd is of? For
 * what was locked after it was opened, and may have been removed in between.
 */
bool file_has_name(int fd, int dir_fd, const char *name);

/*
 * Rename without replacing: -EEXIST when the new name is taken (renameat2(2),
 * RENAME_NOREPLACE). Returns 0 or -errno; words no error.
 */
int file_rename_new(int from_fd, const char *from, int to_fd, const char *to);

/*
 * What stands behind the last '/' of path; all of it where there is none. (basename(3) is two
 * functions in glibc, and the one that leaves path alone is not declared by musl since 1.2.5.)
 */
const char *file_base_name(const char *path);

#endif
