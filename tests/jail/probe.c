/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In QEMU's place: says on descriptor 3 what it is, has and can do, one fact a line. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { REPORT_FD = 3 };

extern char **environ;

static void say_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) == 0)
		dprintf(REPORT_FD, "capget %08x%08x %08x%08x %08x%08x\n", data[1].effective,
			data[0].effective, data[1].permitted, data[0].permitted,
			data[1].inheritable, data[0].inheritable);
	dprintf(REPORT_FD, "securebits 0x%x\n", prctl(PR_GET_SECUREBITS));
	dprintf(REPORT_FD, "no_new_privs %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	for (int cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_READ, cap) == 1)
			dprintf(REPORT_FD, "bounding %d\n", cap);
}

static void say_surroundings(int argc, char **argv)
{
	char cwd[512];
	mode_t mask = umask(0);

	umask(mask);
	dprintf(REPORT_FD, "umask %03o\n", (unsigned int)mask);
	dprintf(REPORT_FD, "cwd %s\n", getcwd(cwd, sizeof(cwd)) ? cwd : "?");
	dprintf(REPORT_FD, "leader %d\n", getsid(0) == getpid() && getpgrp() == getpid());
	for (int i = 0; i < argc; i++)
		dprintf(REPORT_FD, "arg %d %s\n", i, argv[i]);
	for (char **entry = environ; *entry; entry++)
		dprintf(REPORT_FD, "env %s\n", *entry);
}

static void say_try(const char *name, int result)
{
	int code = errno;

	dprintf(REPORT_FD, "try.%s %s\n", name, result >= 0 ? "done" : strerror(code));
}

static int try_tap(void)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -1 : ioctl(fd, TUNSETIFF, &ifr);
}

static int try_port(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(81) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd < 0 ? -1 : bind(fd, (struct sockaddr *)&addr, sizeof(addr));
}

static int try_capset(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .permitted = 1, .effective = 1 } };

	return (int)syscall(SYS_capset, &header, data);
}

static int try_core(void)
{
	struct rlimit limit = { 2, 2 };

	return setrlimit(RLIMIT_CORE, &limit);
}

/* folder is root's, 0755, and holds "secret", 0600. Nothing here outlives the process but there. */
static void say_tries(const char *folder)
{
	say_try("enter", chdir(folder));
	say_try("open", open("secret", O_RDONLY | O_CLOEXEC));
	say_try("create", open("new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	say_try("chown", chown("secret", 1, 1));
	say_try("chmod", chmod("secret", 0600));
	say_try("mknod", mknod("node", S_IFCHR | 0600, 0x103));
	say_try("mount", mount("none", folder, "tmpfs", 0, NULL));
	say_try("kill", kill(-1, 0));
	say_try("ptrace", (int)ptrace(PTRACE_SEIZE, getppid(), NULL, NULL));
	say_try("tap", try_tap());
	say_try("port", try_port());
	say_try("raw", socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
	say_try("core", try_core());
	say_try("securebits", prctl(PR_SET_SECUREBITS, 0));
	say_try("unshare", unshare(CLONE_NEWUTS));
	say_try("chroot", chroot("/"));
	say_try("setgroups", setgroups(0, NULL));
	say_try("setgid", setgid(0));
	say_try("setuid", setuid(0));
	say_try("capset", try_capset()); /* the last: it takes root's others away */
}

/* Write at the offset of a file where only the limit says no. */
static void say_write(int fd, off_t offset)
{
	dprintf(REPORT_FD, "write %s\n",
		pwrite(fd, "x", 1, offset) == 1 ? "done" : strerror(errno));
}

static int end_report(void)
{
	char byte;

	dprintf(REPORT_FD, "end\n");
	/*
	 * There is no /proc in the jail: the fixture looks at ours until it shuts the connection.
	 */
	return read(REPORT_FD, &byte, 1) != 0;
}

/* "read PATH CONTENT", "write PATH done", "list PATH NAME" and "exec PATH done", or why not. */
static void look_at(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	char content[64] = "";
	ssize_t n = fd < 0 || dir ? -1 : read(fd, content, sizeof(content) - 1);

	dprintf(REPORT_FD, "read %s %s\n", path, n < 0 ? strerror(errno) : content);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (entry->d_name[0] != '.')
			dprintf(REPORT_FD, "list %s %s\n", path, entry->d_name);
	if (dir)
		closedir(dir);
	else
		close(fd);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	dprintf(REPORT_FD, "write %s %s\n", path,
		fd < 0			   ? strerror(errno)
		: write(fd, "new", 3) == 3 ? "done"
					   : strerror(errno));
	close(fd);
	dprintf(REPORT_FD, "exec %s %s\n", path, access(path, X_OK) ? strerror(errno) : "done");
}

static int look(int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		look_at(argv[i]);
	return end_report();
}

static void say_names(void)
{
	struct utsname names;

	if (uname(&names) == 0)
		dprintf(REPORT_FD, "names %s %s\n", names.nodename, names.domainname);
	dprintf(REPORT_FD, "pid %d\n", (int)getpid());
	dprintf(REPORT_FD, "keyring %ld\n",
		syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0, 0, 0));
}

static int report(int argc, char **argv)
{
	say_capabilities();
	say_names();
	say_surroundings(argc, argv);
	if (argc > 2)
		say_tries(argv[2]);
	return end_report();
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (!strcmp(mode, "report"))
		_exit(report(argc, argv));
	if (!strcmp(mode, "look"))
		_exit(look(argc, argv));
	if (!strcmp(mode, "exit"))
		_exit(argc > 2 ? atoi(argv[2]) : 0);
	if (!strcmp(mode, "write")) {
		say_write(4, argc > 2 ? atoll(argv[2]) : 0);
		_exit(0);
	}
	if (!strcmp(mode, "print")) {
		char byte;

		printf("in %zd\n", read(0, &byte, 1));
		fflush(stdout);
		fprintf(stderr, "err\n");
		_exit(0);
	}
	if (!strcmp(mode, "sleep")) {
		dprintf(REPORT_FD, "end\n");
		for (;;)
			pause();
	}
	_exit(2);
}
