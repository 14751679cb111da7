/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files below a folder that is held open: no symlinks, no races, no half writes. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"

enum {
	LINE_MAX_LEN = 4096,
	READ_CHUNK = 64 * 1024,
	COPY_CHUNK = 64 * 1024,
	COPY_BLOCK = 4096, /* a page */
	OPEN_ATTEMPTS = 16,
};

int file_openat(int dir_fd, const char *path, int flags, mode_t mode)
{
	bool creates = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
	struct open_how how = {
		/* O_PATH goes with no flag about the content, openat2(2) */
		.flags = (unsigned int)(flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY)),
		.mode = creates ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -EAGAIN;

	/* EAGAIN: a rename elsewhere while the kernel looked at a ".." */
	for (int i = 0; i < OPEN_ATTEMPTS && (fd == -EAGAIN || fd == -EINTR); i++) {
		fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
		if (fd < 0)
			fd = -errno;
	}
	return (int)fd;
}

static int word_open(const char *name, int code, struct error *err)
{
	/* "too many levels" would send the user the wrong way */
	if (code == ELOOP)
		return error_set(err, ERROR_FAILED, code, "open '%s': is a symbolic link", name);
	return error_errno(err, code, "open '%s'", name);
}

static int check_regular(int fd, const char *name, struct stat *ret, struct error *err)
{
	if (fstat(fd, ret) < 0)
		return error_errno(err, errno, "stat '%s'", name);
	if (S_ISDIR(ret->st_mode))
		return error_errno(err, EISDIR, "open '%s'", name);
	if (!S_ISREG(ret->st_mode))
		return error_set(err, ERROR_FAILED, EINVAL, "open '%s': not a regular file", name);
	return 0;
}

static int check_trusted(const struct stat *st, const char *name, struct error *err)
{
	/* none: file_write() has just put a newer one in its place */
	if (st->st_nlink > 1)
		return error_set(err, ERROR_FAILED, EMLINK, "open '%s': has another hard link",
				 name);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return error_set(err, ERROR_PERMISSION, EPERM, "open '%s': belongs to user id %u",
				 name, st->st_uid);
	return 0;
}

static int set_blocking(int fd, const char *name, struct error *err)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		return error_errno(err, errno, "set flags of '%s'", name);
	return 0;
}

int file_open_regular(int dir_fd, const char *name, int flags, int *ret_fd, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;
	int r;

	/* these change the file before it can be looked at */
	if (flags & (O_CREAT | O_TRUNC))
		return error_errno(err, EINVAL, "open '%s'", name);
	fd = file_openat(dir_fd, name, flags | O_NONBLOCK, 0);
	if (fd < 0)
		return word_open(name, -fd, err);
	r = check_regular(fd, name, &st, err);
	if (r == 0)
		r = check_trusted(&st, name, err);
	if (r == 0)
		r = set_blocking(fd, name, err);
	if (r == 0)
		*ret_fd = fd_steal(&fd);
	return r;
}

/* All of it and one byte for its end; what is no file, or of /proc, does not tell its size. */
static size_t size_to_read(int fd, size_t max)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return READ_CHUNK;
	return ((size_t)st.st_size < max ? (size_t)st.st_size : max) + 1;
}

int file_read_fd(int fd, const char *what, size_t max, struct buf *ret, struct error *err)
{
	size_t room = size_to_read(fd, max);
	AUTO_BUF buf = BUF_INIT;
	ssize_t n;

	do {
		char *space = buf_reserve(&buf, room);

		n = read(fd, space, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, errno, "read '%s'", what);
		buf.len += (size_t)n;
		room = (size_t)n < room ? room - (size_t)n : READ_CHUNK;
		if (buf.len > max)
			return error_set(err, ERROR_FAILED, EFBIG,
					 "read '%s': larger than %zu bytes", what, max);
	} while (n != 0);
	buf_done(ret);
	*ret = buf;
	buf = (struct buf)BUF_INIT;
	return 0;
}

int file_read(int dir_fd, const char *name, size_t max, struct buf *ret, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	int r = file_open_regular(dir_fd, name, O_RDONLY, &fd, err);

	return r < 0 ? r : file_read_fd(fd, name, max, ret, err);
}

int file_read_path(const char *path, size_t max, struct buf *ret, struct error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	int r;

	if (fd < 0)
		return error_errno(err, errno, "open '%s'", path);
	r = check_regular(fd, path, &st, err);
	if (r == 0)
		r = set_blocking(fd, path, err);
	return r < 0 ? r : file_read_fd(fd, path, max, ret, err);
}

int file_read_line(int dir_fd, const char *name, char **ret, struct error *err)
{
	struct error why = ERROR_INIT;
	AUTO_BUF buf = BUF_INIT;
	int r = file_read(dir_fd, name, LINE_MAX_LEN, &buf, &why);
	const char *line = buf_str(&buf);
	size_t length;

	if (r == -ENOENT)
		return FILE_ABSENT;
	if (r < 0) {
		*err = why;
		return r;
	}
	length = strcspn(line, "\n");
	if (length + 1 < buf.len || (length < buf.len && line[length] != '\n'))
		return error_set(err, ERROR_FAILED, EINVAL, "read '%s': not a single line", name);
	*ret = xstrndup(line, length);
	return 0;
}

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *next = data;

	while (len) {
		ssize_t n = write(fd, next, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		next += n;
		len -= (size_t)n;
	}
	return 0;
}

/* One component that is a name: what holds for its folder holds for it. */
static int check_component(const char *name, struct error *err)
{
	if (*name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		return 0;
	return error_set(err, ERROR_FAILED, EINVAL, "use '%s': not a plain file name", name);
}

/* What a file is to have: data, or where that is NULL what the file source has from its begin. */
struct content {
	const void *data;
	size_t len;
	int source;
};

static bool is_zero(const char *block, size_t len)
{
	return !block[0] && !memcmp(block, block + 1, len - 1);
}

static int write_blocks(int fd, const char *data, size_t len, off_t at)
{
	int r = 0;

	for (size_t done = 0, n; done < len && !r; done += n) {
		n = len - done < COPY_BLOCK ? len - done : COPY_BLOCK;
		if (is_zero(data + done, n))
			continue;
		if (lseek(fd, at + (off_t)done, SEEK_SET) < 0)
			return -errno;
		r = fd_write_all(fd, data + done, n);
	}
	return r;
}

/* Room is taken first, so that zeros need no writing and the file takes what it will ever take. */
static int write_copy(int fd, const struct content *content)
{
	char chunk[COPY_CHUNK];
	size_t done = 0;
	int r = 0;

	if (content->len && fallocate(fd, 0, 0, (off_t)content->len) < 0 && errno != EOPNOTSUPP)
		return -errno;
	if (ftruncate(fd, (off_t)content->len) < 0)
		return -errno;
	while (done < content->len && !r) {
		size_t rest = content->len - done;
		ssize_t n = pread(content->source, chunk, rest < COPY_CHUNK ? rest : COPY_CHUNK,
				  (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) /* it has become shorter */
			return n < 0 ? -errno : -EIO;
		r = write_blocks(fd, chunk, (size_t)n, (off_t)done);
		done += (size_t)n;
	}
	return r;
}

static int write_temp(int dir_fd, const char *temp, const struct content *content, mode_t mode,
		      bool durable)
{
	AUTO_CLOSE int fd = file_openat(dir_fd, temp, O_WRONLY | O_CREAT | O_EXCL, 0600);
	int r;

	if (fd < 0)
		return fd;
	if (fchmod(fd, mode) < 0)
		return -errno;
	r = content->data ? fd_write_all(fd, content->data, content->len) : write_copy(fd, content);
	if (r < 0)
		return r;
	return durable && fsync(fd) < 0 ? -errno : 0;
}

static int replace(int dir_fd, const char *name, const struct content *content, mode_t mode,
		   bool durable, struct error *err)
{
	AUTO_FREE char *temp = xasprintf(".tmp-%s", name);
	int r = check_component(name, err);

	if (r < 0)
		return r;
	if (unlinkat(dir_fd, temp, 0) < 0 && errno != ENOENT)
		return error_errno(err, errno, "remove '%s'", temp);
	r = write_temp(dir_fd, temp, content, mode, durable);
	if (r == 0 && renameat(dir_fd, temp, dir_fd, name) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(dir_fd, temp, 0);
		return error_errno(err, -r, "write '%s'", name);
	}
	if (durable && fsync(dir_fd) < 0)
		return error_errno(err, errno, "sync the folder of '%s'", name);
	return 0;
}

int file_write(int dir_fd, const char *name, const void *data, size_t len, mode_t mode,
	       struct error *err)
{
	const struct content content = { .data = data ? data : "", .len = len };

	return replace(dir_fd, name, &content, mode, true, err);
}

int file_write_volatile(int dir_fd, const char *name, const void *data, size_t len, mode_t mode,
			struct error *err)
{
	const struct content content = { .data = data ? data : "", .len = len };

	return replace(dir_fd, name, &content, mode, false, err);
}

int file_copy_volatile(int from_fd, const char *from, size_t max, int dir_fd, const char *name,
		       mode_t mode, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	struct content content;
	struct stat st;
	int r = file_open_regular(from_fd, from, O_RDONLY, &fd, err);

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "stat '%s'", from);
	if ((uintmax_t)st.st_size > max)
		return error_set(err, ERROR_FAILED, EFBIG, "read '%s': larger than %zu bytes", from,
				 max);
	content = (struct content){ .len = (size_t)st.st_size, .source = fd };
	return replace(dir_fd, name, &content, mode, false, err);
}

const char *file_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
