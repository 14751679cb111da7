/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log files that a guest cannot fill the host with. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "log.h"

static const char *const log_names[] = { [VM_LOG_QEMU] = "log", [VM_LOG_CONSOLE] = "console.log" };

int log_create(const struct vm_dir *dir, enum vm_log which, int *ret_fd, struct error *err)
{
	const char *name = log_names[which];
	AUTO_FREE char *old = xasprintf("%s.1", name);
	AUTO_CLOSE int fd = -1;

	if (renameat(dir->run_fd, name, dir->run_fd, old) < 0 && errno != ENOENT)
		return error_errno(err, errno, "rename '%s' of vm '%s'", name, dir->name);
	fd = file_openat(dir->run_fd, name, O_WRONLY | O_APPEND | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return error_errno(err, -fd, "create '%s' of vm '%s'", name, dir->name);
	if (ftruncate(fd, (off_t)LOG_OFFSET) < 0) {
		error_errno(err, errno, "create '%s' of vm '%s'", name, dir->name);
		return error_hint(err, "run_dir belongs on a tmpfs, as /run is");
	}
	*ret_fd = fd_steal(&fd);
	return 0;
}

/* Open for reading at the first byte, or -errno. */
static int log_open(const struct vm_dir *dir, enum vm_log which)
{
	int fd;

	if (dir->run_fd < 0)
		return -ENOENT;
	fd = file_openat(dir->run_fd, log_names[which], O_RDONLY | O_NONBLOCK, 0);
	if (fd >= 0 && lseek(fd, (off_t)LOG_OFFSET, SEEK_SET) < 0) {
		int code = errno;

		close(fd);
		return -code;
	}
	return fd;
}

static int log_read(const struct vm_dir *dir, enum vm_log which, struct buf *ret)
{
	struct error ignored = ERROR_INIT;
	AUTO_CLOSE int fd = log_open(dir, which);

	if (fd < 0)
		return fd;
	return file_read_fd(fd, log_names[which], LOG_BYTES, ret, &ignored);
}

void log_last_line(const struct vm_dir *dir, char **ret)
{
	AUTO_BUF text = BUF_INIT;
	char *save = NULL;

	*ret = NULL;
	if (log_read(dir, VM_LOG_QEMU, &text) || !text.len)
		return;
	for (char *line = strtok_r(text.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		xreplace(ret, line);
}

bool log_console_has(const struct vm_dir *dir, const char *text)
{
	AUTO_BUF log = BUF_INIT;

	return !log_read(dir, VM_LOG_CONSOLE, &log) && log.len &&
	       memmem(log.data, log.len, text, strlen(text));
}

int vm_log_open(const struct vm_host *host, const char *name, enum vm_log which, int *ret_fd,
		struct error *err)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;
	int r = vm_dir_open(&host->store, name, &dir, err);
	int fd;

	if (r)
		return r;
	fd = log_open(&dir, which);
	if (fd == -ENOENT)
		return VM_LOG_NONE;
	if (fd < 0)
		return error_errno(err, -fd, "open '%s' of vm '%s'", log_names[which], name);
	*ret_fd = fd;
	return 0;
}
