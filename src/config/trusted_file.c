/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration that decides what is run and fetched: who may have written it. */
#include "trusted_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"

static int check_owner(int fd, const char *path, uid_t owner, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "stat '%s'", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERROR_USAGE, EINVAL, "read '%s': not a regular file", path);
	if (st.st_uid != 0 && st.st_uid != owner) {
		error_set(err, ERROR_PERMISSION, EPERM, "read '%s': it belongs to uid %u", path,
			  st.st_uid);
		return error_hint(err, "chown root '%s'", path);
	}
	if (st.st_mode & (S_IWGRP | S_IWOTH)) {
		error_set(err, ERROR_PERMISSION, EPERM,
			  "read '%s': others than its owner may write to it", path);
		return error_hint(err, "chmod go-w '%s'", path);
	}
	return 0;
}

static int refuse_open(int code, const char *path, struct error *err)
{
	error_errno(err, code, "open '%s'", path);
	/* it has a say even where it is left out, so that it cannot be */
	return code == EACCES ? error_hint(err, "chmod a+r '%s'", path) : -code;
}

int trusted_file_read(int dir_fd, const char *name, const char *path, size_t max, uid_t owner,
		      struct buf *ret, struct error *err)
{
	/* O_NONBLOCK: a FIFO without a writer must not hold us */
	AUTO_CLOSE int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int r;

	if (fd < 0)
		return errno == ENOENT ? TRUSTED_FILE_ABSENT : refuse_open(errno, path, err);
	r = check_owner(fd, path, owner, err);
	return r < 0 ? r : file_read_fd(fd, path, max, ret, err);
}
