/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who makes a VM from an image and who removes it stay out of each other's way. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/process.h"
#include "images_files.h"

enum { HOLD_WAIT_MS = 2000, HOLD_POLL_MS = 20 };

/*
 * Not the image itself, which everybody can read and so lock for ever: flock(2) asks for no more
 * than an open descriptor.
 */
static int open_lock(const struct store *store)
{
	const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK;

	return store->images_fd < 0 ? -ENOENT
				    : file_openat(store->images_fd, IMAGE_LOCK_FILE, flags, 0600);
}

/* Where others rule over the folder they may remove what they like, whatever we lock. */
static bool is_others(int code)
{
	return code == -ENOENT || code == -EACCES || code == -EPERM || code == -EROFS;
}

/* An image's byte is that of its inode number, which is no other one's while the image is open. */
static int lock_byte(int lock_fd, ino_t inode, bool exclusive)
{
	struct flock lock = {
		.l_type = exclusive ? F_WRLCK : F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)(inode & INT64_MAX),
		.l_len = 1,
	};

	return fcntl(lock_fd, F_OFD_SETLK, &lock) < 0 ? -errno : 0;
}

static int wait_for_byte(int lock_fd, ino_t inode, enum images_hold hold)
{
	const struct timespec pause = { .tv_nsec = HOLD_POLL_MS * 1000000L };
	int64_t deadline = clock_ms() + (hold == IMAGES_EXCLUSIVE_NOW ? 0 : HOLD_WAIT_MS);
	int r;

	while ((r = lock_byte(lock_fd, inode, hold != IMAGES_SHARED)) == -EAGAIN &&
	       clock_ms() < deadline)
		nanosleep(&pause, NULL);
	return r;
}

int images_hold(const struct store *store, int fd, const char *name, enum images_hold hold,
		int *ret_fd, struct error *err)
{
	AUTO_CLOSE int lock_fd = open_lock(store);
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "look at image '%s'", name);
	if (lock_fd < 0 && !(hold == IMAGES_SHARED && is_others(lock_fd)))
		return error_errno(err, -lock_fd, "lock image '%s'", name);
	r = lock_fd < 0 ? 0 : wait_for_byte(lock_fd, st.st_ino, hold);
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
