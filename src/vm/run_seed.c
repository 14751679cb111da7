/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The copy of the seed that a running guest has. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "run_seed.h"
#include "seed_files.h"

#define SEED "seed.iso"

int run_seed_open(const struct vm_dir *dir, int *ret_fd, struct error *err)
{
	int r = file_copy_volatile(dir->fd, SEED, SEED_ISO_MAX, dir->run_fd, SEED, 0600, err);

	if (r == -ENOENT)
		error_hint(err, "mnmivm-se update-cloud %s makes a new one", dir->name);
	if (!r)
		r = file_open_regular(dir->run_fd, SEED, O_RDONLY, ret_fd, err);
	return r;
}

int run_seed_refresh(const struct vm_dir *dir, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	AUTO_BUF iso = BUF_INIT;
	struct stat st;
	int r = file_read(dir->fd, SEED, SEED_ISO_MAX, &iso, err);

	if (!r)
		r = file_open_regular(dir->run_fd, SEED, O_WRONLY, &fd, err);
	if (r)
		return r;
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "look at the seed of vm '%s'", dir->name);
	if ((size_t)st.st_size != iso.len)
		return RUN_SEED_GREW;
	r = fd_write_all(fd, iso.data, iso.len);
	return r ? error_errno(err, -r, "rewrite the seed of vm '%s'", dir->name) : 0;
}
