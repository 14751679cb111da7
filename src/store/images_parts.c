/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Downloads that are not done yet, named by the digest that they must have. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "images_files.h"

enum { WAIT_POLL_MS = 200, DIGEST_LEN_MAX = 160 };

/* "sha512:HEX" as ".part-sha512-HEX": nothing that a shell or rsync(1) takes for something else. */
static char *part_file(const char *digest)
{
	char *file = xasprintf("%s%s", IMAGE_PART_PREFIX, digest);

	for (char *c = file; *c; c++)
		if (*c == ':')
			*c = '-';
	return file;
}

static int check_digest(const char *digest, struct error *err)
{
	size_t len = strspn(digest, "0123456789abcdefghijklmnopqrstuvwxyz:");

	if (len && len <= DIGEST_LEN_MAX && !digest[len])
		return 0;
	return error_set(err, ERROR_USAGE, EINVAL, "'%s' is no digest", digest);
}

/* The file may become another one, or an image, at any time: a look at it is all that this is. */
static uint64_t bytes_there(const struct store *store, const char *file)
{
	struct stat st;

	if (fstatat(store->images_fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_size < 0)
		return 0;
	return (uint64_t)st.st_size;
}

/* Each time by name: once who had it is done, the name is free, or another waiter's new file. */
static int lock_part(const struct store *store, const char *file,
		     void (*tick)(void *arg, uint64_t bytes), void *arg, int *ret_fd,
		     int *ret_lock_fd)
{
	const struct timespec pause = { .tv_nsec = WAIT_POLL_MS * 1000000L };

	for (;;) {
		int r = image_open_locked(store, file, ret_fd, ret_lock_fd);

		if (r != -EWOULDBLOCK && r != -ESTALE)
			return r;
		if (tick)
			tick(arg, bytes_there(store, file));
		if (r == -EWOULDBLOCK)
			nanosleep(&pause, NULL);
	}
}

int images_part_open(const struct store *store, const char *digest,
		     void (*tick)(void *arg, uint64_t bytes), void *arg, struct image_part *ret,
		     struct error *err)
{
	AUTO_FREE char *file = NULL;
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int lock_fd = -1;
	struct stat st;
	int r = check_digest(digest, err);

	if (r)
		return r;
	file = part_file(digest);
	r = lock_part(store, file, tick, arg, &fd, &lock_fd);
	if (r)
		return error_errno(err, -r, "open download '%s'", file);
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "look at download '%s'", file);
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return error_set(err, ERROR_FAILED, EINVAL,
				 "open download '%s': no regular file with one link", file);
	*ret = (struct image_part){
		.file = ptr_steal(&file),
		.fd = fd_steal(&fd),
		.lock_fd = fd_steal(&lock_fd),
		.size = (uint64_t)st.st_size,
	};
	return 0;
}

void images_part_close(struct image_part *part)
{
	fd_close(&part->lock_fd);
	fd_close(&part->fd);
	free(part->file);
	part->file = NULL;
}

void images_part_remove(const struct store *store, struct image_part *part)
{
	if (part->fd >= 0)
		unlinkat(store->images_fd, part->file, 0);
	images_part_close(part);
}
