/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders of cgroup v2, and the controllers for what is below them. */
#include "cgroup_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/process.h"
#include "base/strv.h"

enum { FILE_MAX = 64 * 1024, DYING_WAIT_MS = 1000, DYING_POLL_MS = 5 };

const char *const controller_words[CONTROLLERS] = {
	[CONTROLLER_MEMORY] = "memory",
	[CONTROLLER_CPU] = "cpu",
	[CONTROLLER_PIDS] = "pids",
	[CONTROLLER_IO] = "io",
};

/* The first is that of all, the second that of a host which has its controllers in cgroup v1. */
static const char *const tops[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

int cgroup_dir_open(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	/* f_type is signed on some architectures */
	if ((uint32_t)fs.f_type != CGROUP2_SUPER_MAGIC)
		return -EINVAL;
	return fd_steal(&fd);
}

const char *cgroup_top(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
		AUTO_CLOSE int fd = cgroup_dir_open(tops[i]);

		if (fd >= 0)
			return tops[i];
	}
	return NULL;
}

bool cgroup_is_ours(const char *parent)
{
	for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
		size_t len = strlen(tops[i]);

		if (!strncmp(parent, tops[i], len) && !strcmp(parent + len, "/" CGROUP_OURS))
			return true;
	}
	return false;
}

char *cgroup_parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	return xstrndup(path, slash ? (size_t)(slash - path) : 0);
}

int cgroup_parent_open(const char *path, int *ret_fd, const char **ret_name, struct error *err)
{
	AUTO_FREE char *parent = cgroup_parent(path);
	int fd = *parent ? cgroup_dir_open(parent) : -EINVAL;

	if (fd == -EINVAL)
		return error_set(err, ERROR_FAILED, EINVAL, "'%s' is no cgroup v2", path);
	if (fd < 0)
		return error_errno(err, -fd, "open cgroup '%s'", parent);
	*ret_fd = fd;
	*ret_name = path + strlen(parent) + 1;
	return 0;
}

int cgroup_put(int dir_fd, const char *file, const char *text)
{
	AUTO_CLOSE int fd = file_openat(dir_fd, file, O_WRONLY, 0);

	return fd < 0 ? fd : fd_write_all(fd, text, strlen(text));
}

int cgroup_get(int dir_fd, const char *file, struct buf *ret, struct error *err)
{
	return file_read(dir_fd, file, FILE_MAX, ret, err);
}

bool cgroup_is_populated(int dir_fd)
{
	struct error ignored = ERROR_INIT;
	AUTO_BUF events = BUF_INIT;

	return !cgroup_get(dir_fd, "cgroup.events", &events, &ignored) &&
	       strstr(buf_str(&events), "populated 1");
}

bool cgroup_wait_empty(int dir_fd)
{
	const struct timespec pause = { .tv_nsec = DYING_POLL_MS * 1000000L };
	int64_t deadline = clock_ms() + DYING_WAIT_MS;

	while (cgroup_is_populated(dir_fd)) {
		if (clock_ms() >= deadline)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

bool cgroup_has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += len) {
		if ((at == text || at[-1] == ' ') && strchr(" \n", at[len]))
			return true;
	}
	return false;
}

/*
 * One by one, so that a controller that cannot be had takes no other with it. What is on is not
 * written again: at the top of a host with systemd that file is systemd's, which would ask for
 * less only where no cgroup below has more (cgroup-v2.rst, "Top-down Constraint").
 */
void cgroup_enable(int dir_fd, unsigned int mask, struct controllers *ret)
{
	struct error ignored = ERROR_INIT;
	AUTO_BUF on = BUF_INIT;

	(void)cgroup_get(dir_fd, "cgroup.subtree_control", &on, &ignored);
	for (unsigned int i = 0; i < CONTROLLERS; i++) {
		char word[16];

		if (!(mask & 1U << i) || cgroup_has_word(buf_str(&on), controller_words[i]))
			continue;
		snprintf(word, sizeof(word), "+%s", controller_words[i]);
		ret->why[i] = -cgroup_put(dir_fd, "cgroup.subtree_control", word);
	}
}

unsigned int cgroup_controllers(int dir_fd)
{
	struct error ignored = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;
	unsigned int mask = 0;

	if (dir_fd < 0 || cgroup_get(dir_fd, "cgroup.controllers", &text, &ignored))
		return (1U << CONTROLLERS) - 1;
	for (unsigned int i = 0; i < CONTROLLERS; i++) {
		if (cgroup_has_word(buf_str(&text), controller_words[i]))
			mask |= 1U << i;
	}
	return mask;
}
