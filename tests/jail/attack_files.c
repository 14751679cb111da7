/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks on files, programs and mounts. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"

static const char *path_of(const char *folder, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int read_from(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY);

	return fd < 0 || read(fd, &byte, 1) < 0 ? -1 : 0;
}

int attack_read(void)
{
	return read_from(path_of(prey.folder, "secret"));
}

int attack_list(void)
{
	return open("/", O_RDONLY | O_DIRECTORY);
}

/* Landlock asks when a file is opened, not when it is looked at. */
int attack_find(void)
{
	return access(path_of(prey.folder, "secret"), F_OK);
}

static int create_in(const char *folder)
{
	const char *path = path_of(folder, "open/new");
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	return fd < 0 ? -1 : unlink(path);
}

int attack_create(void)
{
	return create_in(prey.folder);
}

int attack_create_shown(void)
{
	return create_in(prey.shown);
}

static int make_node(const char *folder, mode_t type)
{
	const char *path = path_of(folder, "open/node");

	return mknod(path, type | 0600, makedev(1, 3)) < 0 ? -1 : unlink(path);
}

int attack_fifo(void)
{
	return make_node(prey.folder, S_IFIFO);
}

int attack_device(void)
{
	return make_node(prey.folder, S_IFCHR);
}

int attack_tun(void)
{
	return open("/dev/net/tun", O_RDWR);
}

int attack_proc(void)
{
	return read_from("/proc/self/status");
}

/* The cgroup's place on the host, where a line of version 2 has one (cgroups(7)). */
int attack_proc_cgroup(void)
{
	char line[512];
	FILE *file = fopen("/proc/self/cgroup", "re");
	int r = -1;

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "0::/", 4) && line[4] != '\n')
			r = 0;
	fclose(file);
	errno = ENOENT;
	return r;
}

/* A copy of this program tells its effective uid. */
int attack_run(const char *folder, const char *name)
{
	const char *path = path_of(folder, name);
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execl(path, path, "uid", NULL);
		_exit(errno);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return errno;
}

int attack_execute(void)
{
	int got = attack_run(prey.folder, "program");

	return got == ATTACK_IS_ROOT || got == ATTACK_IS_NOT_ROOT ? 0 : -1;
}

int attack_suid(void)
{
	return attack_run(prey.shown, "probe-suid") == ATTACK_IS_ROOT ? 0 : -1;
}

int attack_root_secret(void)
{
	return read_from(path_of(prey.shown, "secret"));
}

int attack_group_secret(void)
{
	return read_from(path_of(prey.shown, "group-secret"));
}

/* On "/": nobody who is there already sees it. */
int attack_mount(void)
{
	return mount("none", "/", "tmpfs", 0, NULL);
}

int attack_mount_in_user(void)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ? -1 : attack_mount();
}

int attack_open_tree(void)
{
	return (int)syscall(SYS_open_tree, AT_FDCWD, "/usr", O_CLOEXEC);
}

int attack_fsopen(void)
{
	return (int)syscall(SYS_fsopen, "tmpfs", 0);
}

int attack_chroot(void)
{
	return chroot("/usr");
}

static struct {
	struct file_handle handle;
	unsigned char space[MAX_HANDLE_SZ];
} usr;

int attack_handle(void)
{
	int mount_id;

	usr.handle.handle_bytes = sizeof(usr.space);
	return name_to_handle_at(AT_FDCWD, "/usr", &usr.handle, &mount_id, 0);
}

int attack_open_handle(void)
{
	int fd = open("/usr", O_RDONLY | O_DIRECTORY);

	return attack_handle() < 0 || fd < 0 ? -1 : open_by_handle_at(fd, &usr.handle, O_PATH);
}

/* Without privilege since Linux 5.13. */
int attack_fanotify(void)
{
	return fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY);
}
