/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the child shares with nobody: its session keyring and its namespaces. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"

struct space {
	enum layer layer;
	int flag;
};

static const struct space spaces[] = {
	{ LAYER_NET, CLONE_NEWNET },
	{ LAYER_IPC, CLONE_NEWIPC },
	{ LAYER_UTS, CLONE_NEWUTS },
	{ LAYER_CGROUP_NS, CLONE_NEWCGROUP },
};

static const struct space mount_space = { LAYER_ROOT, CLONE_NEWNS };

/* The caller's, which the program would otherwise possess, holds what root has in it. */
int keyring_join(struct child *child)
{
	if (!child_wants(child, LAYER_KEYRING))
		return 0;
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0) < 0)
		return child_refused(child, LAYER_KEYRING, errno);
	return 0;
}

static int not_to_be_had(struct child *child, const struct space *space, int code)
{
	child->what = NULL;
	return child_refused(child, space->layer, code);
}

/*
 * What follows an unshare(2) that did nothing would be done to the host: its name, its mounts.
 * Hence the look. A kernel without that kind of namespace has no link to look at (namespaces(7)).
 */
static int space_enter(struct child *child, const struct space *space)
{
	const char *link = layer_source(space->layer)->link;
	struct stat before, after;

	if (!child_wants(child, space->layer))
		return 0;
	child->what = link;
	if (stat(link, &before) < 0)
		return errno == ENOENT ? not_to_be_had(child, space, ENOSYS) : -errno;
	if (unshare(space->flag) < 0)
		return not_to_be_had(child, space, errno);
	if (stat(link, &after) < 0)
		return -errno;
	if (before.st_ino == after.st_ino)
		return LEFTOVER_NAMESPACE;
	child->what = NULL;
	return 0;
}

static int put(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len)
		r = -errno;
	(void)close(fd);
	return r;
}

/*
 * One id of each kind, itself, which needs no privilege, and setgroups(2) never again
 * (user_namespaces(7)).
 */
static int user_map(struct child *child)
{
	static const char setgroups_file[] = "/proc/self/setgroups";
	int r;

	child->what = setgroups_file;
	r = put(setgroups_file, "deny");
	if (r == 0) {
		child->what = "/proc/self/gid_map";
		r = put(child->what, child->gid_map);
	}
	if (r == 0) {
		child->what = "/proc/self/uid_map";
		r = put(child->what, child->uid_map);
	}
	if (r == 0)
		child->what = NULL;
	/* what the kernel allows its owner always, another module has forbidden */
	return r == -EACCES || r == -EPERM ? LEFTOVER_POWERLESS : r;
}

/* The host's name is nobody's business, and every VM's is the same. */
static int name_host(const struct child *child)
{
	static const char name[] = "vm", domain[] = "(none)";

	if (!child_wants(child, LAYER_UTS))
		return 0;
	if (sethostname(name, strlen(name)) < 0 || setdomainname(domain, strlen(domain)) < 0)
		return -errno;
	return 0;
}

/*
 * All but the mount namespace, which root_enter() needs to enter at its own time, and the pid
 * and user namespaces, which the child was born into. Nothing is done in them yet.
 */
int namespaces_enter(struct child *child)
{
	int r = child->user_ns ? user_map(child) : 0;

	for (size_t i = 0; i < ARRAY_SIZE(spaces) && r == 0; i++)
		r = space_enter(child, &spaces[i]);
	return r ? r : name_host(child);
}

int namespaces_enter_mount(struct child *child)
{
	return space_enter(child, &mount_space);
}

/* The others were looked at on the way in. */
int namespaces_verify(const struct child *child)
{
	return child_wants(child, LAYER_PID) && syscall(SYS_getpid) != 1 ? LEFTOVER_PID : 0;
}
