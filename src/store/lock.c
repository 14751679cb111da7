/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The locks of a VM. Open-file-description locks (F_OFD_SETLK, fcntl(2), Linux 3.15) go with
 * the descriptor and not with the process: "lock" serialises commands; "alive" is handed to QEMU
 * and so tells, without any pid, whether it lives. They are two files because QEMU could lock
 * any byte of a file that it holds, and so keep the administrator out of its VM. "lock" is
 * never removed while a VM exists, and who locks it makes sure that it still has its name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/process.h"
#include "store/vm_dir.h"
#include "lock.h"

enum { LOCK_WAIT_MS = 2000, LOCK_POLL_MS = 20 };

/* A FIFO in their place would keep a reader waiting for its writer. */
#define LOOK_FLAGS (O_NOFOLLOW | O_NONBLOCK)

#define COMMAND_LOCK "lock"
#define RUNNING_LOCK "alive"

static int lock_whole(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &lock) < 0 ? -errno : 0;
}

static bool is_locked(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;
}

static int lock_open(int run_fd, const char *file, int *ret_fd)
{
	int fd = file_openat(run_fd, file, O_RDWR | O_CREAT | LOOK_FLAGS, 0600);

	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

/*
 * Who holds it is for people only, so a torn or stale text does no harm. Cut off last: on a disk
 * it takes ten times as long to free the file's block first and to write a new one out
 * (auto_da_alloc, ext4(5)).
 */
static void lock_sign(int fd, const char *command)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "%d %s\n", getpid(), command);

	if (len > 0 && pwrite(fd, text, (size_t)len, 0) == len && ftruncate(fd, len) < 0)
		return;
}

static int lock_busy(int fd, const char *name, struct error *err)
{
	char text[64] = "";
	char command[32] = "?";
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
	int pid = 0;

	if (len > 0)
		text[len] = '\0';
	if (sscanf(text, "%d %31s", &pid, command) != 2)
		return error_set(err, ERROR_BUSY, EBUSY, "vm '%s' is locked by another command",
				 name);
	error_set(err, ERROR_BUSY, EBUSY, "vm '%s' is locked by another command ('%s', pid %d)",
		  name, command, pid);
	return error_hint(err, "try again when it has ended; see: ps -p %d", pid);
}

int lock_take(int run_fd, const char *name, const char *command, int *ret_fd, struct error *err)
{
	const struct timespec pause = { .tv_nsec = LOCK_POLL_MS * 1000000L };
	int64_t deadline = clock_ms() + LOCK_WAIT_MS;

	for (;;) {
		AUTO_CLOSE int fd = -1;
		int r = lock_open(run_fd, COMMAND_LOCK, &fd);

		if (r == -ENOENT) /* the folder has been removed */
			return -ESTALE;
		if (r)
			return error_errno(err, -r, "open the lock of vm '%s'", name);
		r = lock_whole(fd);
		/* delete may have unlinked it between our open and our lock */
		if (!r && !file_has_name(fd, run_fd, COMMAND_LOCK))
			return -ESTALE;
		if (!r) {
			lock_sign(fd, command);
			*ret_fd = fd_steal(&fd);
			return 0;
		}
		if (r != -EAGAIN && r != -EACCES)
			return error_errno(err, -r, "lock vm '%s'", name);
		if (clock_ms() >= deadline)
			return lock_busy(fd, name, err);
		nanosleep(&pause, NULL);
	}
}

bool lock_is_held(int run_fd)
{
	AUTO_CLOSE int fd = file_openat(run_fd, COMMAND_LOCK, O_RDONLY | LOOK_FLAGS, 0);

	return fd >= 0 && is_locked(fd);
}

int vm_dir_running_lock(const struct vm_dir *dir, int *ret_fd, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	int r = lock_open(dir->run_fd, RUNNING_LOCK, &fd);

	if (r)
		return error_errno(err, -r, "open the lock of vm '%s'", dir->name);
	r = lock_whole(fd);
	if (r == -EAGAIN || r == -EACCES)
		return error_set(err, ERROR_BUSY, EBUSY,
				 "a QEMU of vm '%s' is alive without a record", dir->name);
	if (r)
		return error_errno(err, -r, "lock vm '%s'", dir->name);
	*ret_fd = fd_steal(&fd);
	return 0;
}

bool vm_dir_running_lock_held(const struct vm_dir *dir)
{
	AUTO_CLOSE int fd = -1;

	if (dir->run_fd < 0)
		return false;
	fd = file_openat(dir->run_fd, RUNNING_LOCK, O_RDONLY | LOOK_FLAGS, 0);
	return fd >= 0 && is_locked(fd);
}

bool vm_dir_is_locked(const struct vm_dir *dir)
{
	return dir->run_fd >= 0 && lock_is_held(dir->run_fd);
}
