/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What making a cgroup would come to, told by reading alone. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cgroup_dir.h"

int cgroup_word_busy(const char *path, struct error *err)
{
	error_set(err, ERROR_BUSY, EBUSY,
		  "make cgroup '%s': there is one, and processes live in it", path);
	return error_hint(err,
			  "see cat %s/cgroup.procs; two state directories need each a 'cgroup' of "
			  "their own in their configuration",
			  path);
}

int cgroup_check_free(const char *path, struct error *err)
{
	AUTO_CLOSE int fd = cgroup_dir_open(path);

	return fd >= 0 && cgroup_is_populated(fd) ? cgroup_word_busy(path, err) : 0;
}

int cgroup_check(const char *where, const char *name, struct cgroup_limits *limits, char **ret_path,
		 struct error *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *parent = NULL;
	AUTO_CLOSE int fd = -1;
	const char *source;
	int r = cgroup_place(where, name, &path, err);

	if (r)
		return r;
	parent = cgroup_parent(path);
	/* ours is made where it is not there yet, and gets what the top has */
	source = cgroup_is_ours(parent) ? cgroup_top() : parent;
	if (access(access(parent, F_OK) < 0 ? source : parent, W_OK | X_OK) < 0) {
		error_set(err, ERROR_HOST, errno, "make cgroup '%s': %s", path, strerror(errno));
		return CGROUP_NONE;
	}
	fd = cgroup_dir_open(source);
	r = cgroup_limits_reduce(limits, cgroup_controllers(fd), path, err);
	*ret_path = ptr_steal(&path);
	return r;
}
