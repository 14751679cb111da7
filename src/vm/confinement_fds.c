/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a QEMU holds: its descriptors, by kind, and those that it should not have. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "confinement.h"

enum { FOLDERS = 2 };

struct look {
	const struct confined *of;
	struct vm_confinement *ret;
	int fd; /* the folder /proc/PID/fd */
	bool hidden; /* what it holds is not for this reader */
	char folders[FOLDERS][PATH_MAX]; /* that hold files which are QEMU's to write; "" none */
};

/* Character devices by number, Documentation/admin-guide/devices.txt; names can be anything. */
static unsigned int *device_counter(struct vm_descriptors *count, dev_t device)
{
	if (device == makedev(1, 3))
		return &count->null;
	if (device == makedev(10, 200))
		return &count->taps;
	if (device == makedev(10, 232))
		return &count->kvm;
	return device == makedev(10, 238) ? &count->vhost : &count->other;
}

static bool begins_with(const char *text, const char *head)
{
	return !strncmp(text, head, strlen(head));
}

/* sockfs tells the protocol's name as an extended attribute: "UNIX-STREAM", "TCP". */
static void look_at_socket(struct look *look, const char *number)
{
	char path[64], protocol[32];
	ssize_t len;

	look->ret->descriptors.sockets++;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", look->fd, number);
	len = getxattr(path, "system.sockprotoname", protocol, sizeof(protocol) - 1);
	if (len < 0)
		return;
	protocol[len] = '\0';
	if (begins_with(protocol, "UNIX") ||
	    (begins_with(protocol, "TCP") && vm_config_screen(look->of->vm) == SCREEN_TCP))
		return;
	strv_pushf(&look->ret->findings, "has a socket of protocol %s (descriptor %s)", protocol,
		   number);
}

/* The access mode of /proc/PID/fdinfo/N, "flags:\t0100002" in octal; proc_pid_fdinfo(5). */
static bool may_write(const struct look *look, const char *number)
{
	char name[32];
	AUTO_BUF text = BUF_INIT;
	const char *flags;

	snprintf(name, sizeof(name), "fdinfo/%s", number);
	if (proc_read(look->of->proc_fd, name, &text) < 0)
		return false;
	flags = strstr(buf_str(&text), "flags:\t");
	return flags && (strtoul(flags + strlen("flags:\t"), NULL, 8) & O_ACCMODE) != O_RDONLY;
}

static bool is_below(const char *path, const char *folder)
{
	return folder[0] && begins_with(path, folder) && path[strlen(folder)] == '/';
}

static void look_at_file(struct look *look, const char *number, const char *path)
{
	if (begins_with(path, "/memfd:")) {
		look->ret->descriptors.memory++;
		return;
	}
	look->ret->descriptors.files++;
	for (int i = 0; i < FOLDERS; i++)
		if (is_below(path, look->folders[i]))
			return;
	if (may_write(look, number))
		strv_pushf(&look->ret->findings, "may write '%s'", path);
}

static void look_at_node(struct look *look, const char *number, const char *path,
			 const struct stat *st)
{
	struct vm_descriptors *count = &look->ret->descriptors;
	unsigned int *counter = &count->other;

	if (S_ISREG(st->st_mode)) {
		look_at_file(look, number, path);
		return;
	}
	if (S_ISCHR(st->st_mode))
		counter = device_counter(count, st->st_rdev);
	++*counter;
	if (counter != &count->other)
		return;
	strv_pushf(&look->ret->findings, "holds %s '%s'",
		   S_ISDIR(st->st_mode) ? "the folder" : "the device", path);
}

/* One that is closed meanwhile counts for nothing. */
static void look_at_descriptor(const char *number, void *arg)
{
	struct look *look = arg;
	char path[PATH_MAX];
	struct stat st;
	ssize_t len = readlinkat(look->fd, number, path, sizeof(path) - 1);

	if (len < 0) {
		look->hidden |= errno != ENOENT;
		return;
	}
	path[len] = '\0';
	if (begins_with(path, "socket:"))
		look_at_socket(look, number);
	else if (begins_with(path, "pipe:"))
		look->ret->descriptors.pipes++;
	else if (begins_with(path, "anon_inode:"))
		look->ret->descriptors.other++;
	else if (!fstatat(look->fd, number, &st, 0))
		look_at_node(look, number, path, &st);
}

/* As the kernel names it, for comparison with what it names others. */
static void folder_path(int fd, char ret[PATH_MAX])
{
	char link[32];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = fd < 0 ? -1 : readlink(link, ret, PATH_MAX - 1);
	ret[len < 0 ? 0 : len] = '\0';
}

void confinement_descriptors(const struct confined *of, struct vm_confinement *ret)
{
	struct look look = { .of = of, .ret = ret };
	AUTO_CLOSE int fd = openat(of->proc_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	look.fd = fd;
	folder_path(of->dir->fd, look.folders[0]);
	folder_path(of->dir->run_fd, look.folders[1]);
	dir_for_each(fd, look_at_descriptor, &look);
	ret->has_descriptors = !look.hidden;
}
