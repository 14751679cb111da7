/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What making a cgroup would come to, told by reading alone. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cgroup_dir.h"

/* Those that a cgroup may hand on to what is below it; all where it does not say. */
static unsigned int available(const char *folder)
{
	AUTO_CLOSE int fd = cgroup_dir_open(folder);
	struct error ignored = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;
	unsigned int mask = 0;

	if (fd < 0 || cgroup_get(fd, "cgroup.controllers", &text, &ignored))
		return (1U << CONTROLLERS) - 1;
	for (unsigned int i = 0; i < CONTROLLERS; i++) {
		if (cgroup_has_word(buf_str(&text), controller_words[i]))
			mask |= 1U << i;
	}
	return mask;
}

int cgroup_check(const char *where, const char *name, struct cgroup_limits *limits, char **ret_path,
		 struct error *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *parent = NULL;
	const char *source;
	int r = cgroup_place(where, name, &path, err);

	if (r)
		return r;
	parent = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	/* ours is made where it is not there yet, and gets what the top has */
	source = cgroup_is_ours(parent) ? cgroup_top() : parent;
	if (access(access(parent, F_OK) < 0 ? source : parent, W_OK | X_OK) < 0) {
		error_set(err, ERROR_HOST, errno, "make cgroup '%s': %s", path, strerror(errno));
		return CGROUP_NONE;
	}
	r = cgroup_limits_reduce(limits, available(source), path, err);
	*ret_path = ptr_steal(&path);
	return r;
}
