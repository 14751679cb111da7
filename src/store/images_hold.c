/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who makes a VM from an image and who removes it stay out of each other's way. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/process.h"
#include "images_files.h"

enum { HOLD_WAIT_MS = 2000, HOLD_POLL_MS = 20 };

#define LOCK_BASE (UINT64_C(1) << 62)

static int open_lock_file(const struct store *store)
{
	const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK;

	return store->images_fd < 0 ? -ENOENT
				    : file_openat(store->images_fd, IMAGE_LOCK_FILE, flags, 0600);
}

/*
 * A lock for writing takes an open for writing (fcntl(2)), which of what is 0444 only root has. So
 * root locks its images themselves: others, who make VMs of them, can have no more than a lock for
 * reading, and that keeps nobody but root from something. A user's own images are locked by way of
 * a file beside them: where everybody may read them a lock for reading would be everybody's, too.
 */
static int open_lock(const struct store *store, int fd, bool exclusive)
{
	struct stat st;
	char path[32];
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (geteuid() != 0 && (exclusive || st.st_uid == geteuid()))
		return open_lock_file(store);
	/* a description of its own, whose locks go with it */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = open(path, (exclusive ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY);
	return r < 0 ? -errno : r;
}

/* Where others rule over the folder, or nothing can be locked, they may remove what they like. */
static bool is_others(int code)
{
	return code == -ENOENT || code == -EACCES || code == -EPERM || code == -EROFS ||
	       code == -ENOLCK || code == -EOPNOTSUPP;
}

/*
 * A file's byte is told by its inode number, which is no other one's while the file is open. An
 * image's is far from those that QEMU locks in images, from 100 on. Drafts and parts have others,
 * below it: once one is an image, others may hold it before its writer is done.
 */
static off_t draft_byte(ino_t inode)
{
	return (off_t)(inode & (LOCK_BASE - 1));
}

static off_t image_byte(ino_t inode)
{
	return (off_t)((inode & (LOCK_BASE - 1)) | LOCK_BASE);
}

static int lock_byte(int lock_fd, off_t byte, bool exclusive)
{
	struct flock lock = {
		.l_type = exclusive ? F_WRLCK : F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = byte,
		.l_len = 1,
	};

	return fcntl(lock_fd, F_OFD_SETLK, &lock) < 0 ? -errno : 0;
}

static int wait_for_byte(int lock_fd, off_t byte, enum images_hold hold)
{
	const struct timespec pause = { .tv_nsec = HOLD_POLL_MS * 1000000L };
	int64_t deadline = clock_ms() + (hold == IMAGES_EXCLUSIVE_NOW ? 0 : HOLD_WAIT_MS);
	int r;

	while ((r = lock_byte(lock_fd, byte, hold != IMAGES_SHARED)) == -EAGAIN &&
	       clock_ms() < deadline)
		nanosleep(&pause, NULL);
	return r;
}

int images_hold(const struct store *store, int fd, const char *name, enum images_hold hold,
		int *ret_fd, struct error *err)
{
	AUTO_CLOSE int lock_fd = open_lock(store, fd, hold != IMAGES_SHARED);
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "look at image '%s'", name);
	r = lock_fd < 0 ? lock_fd : wait_for_byte(lock_fd, image_byte(st.st_ino), hold);
	if (hold == IMAGES_SHARED && is_others(r)) {
		fd_close(&lock_fd);
		r = 0;
	}
	if (r == -EAGAIN)
		return error_set(err, ERROR_BUSY, EBUSY, "image '%s' is in use by another command",
				 name);
	if (r)
		return error_errno(err, -r, "lock image '%s'", name);
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "look at image '%s'", name);
	if (!st.st_nlink)
		return image_absent(name, err);
	*ret_fd = lock_fd < 0 ? -1 : fd_steal(&lock_fd);
	return 0;
}

/*
 * Not the file itself, root's neither: it is about to be an image, and 0444 while it is synced.
 * From then on whoever can open it can lock it, and keep a writer from it for ever.
 */
int image_lock_file(const struct store *store, const char *file, int fd, int *ret_lock_fd)
{
	AUTO_CLOSE int lock_fd = open_lock_file(store);
	struct stat st;
	int r;

	if (lock_fd < 0)
		return lock_fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	r = lock_byte(lock_fd, draft_byte(st.st_ino), true);
	if (r)
		return r;
	if (!file_has_name(fd, store->images_fd, file))
		return -ESTALE;
	*ret_lock_fd = fd_steal(&lock_fd);
	return 0;
}
