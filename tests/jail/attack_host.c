/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host to be attacked: namespaces of the test's own, a folder, another VM's process. */
#include "attack_host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"
#include "base/alloc.h"
#include "fixture.h"

struct attack_host host;

static bool refuses(long result, int code)
{
	if (result > 2)
		close((int)result);
	return result < 0 && errno == code;
}

bool lacks_vsock(void)
{
	return refuses(socket(AF_VSOCK, SOCK_STREAM, 0), EAFNOSUPPORT);
}

/* ENOSYS, or switched off for all by kernel.io_uring_disabled. */
bool lacks_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL) < 0 && errno != EFAULT;
}

bool lacks_fanotify(void)
{
	return refuses(syscall(SYS_fanotify_init, 0, O_RDONLY), ENOSYS);
}

bool lacks_open_tun(void)
{
	struct stat st;

	return stat("/dev/net/tun", &st) < 0 || (st.st_mode & 0006) != 0006;
}

bool lacks_typing(void)
{
	FILE *file = fopen("/proc/sys/dev/tty/legacy_tiocsti", "re");
	int value = file ? fgetc(file) : '1'; /* Linux 6.2 */

	if (file)
		fclose(file);
	return value == '0';
}

bool lacks_cgroup(void)
{
	return !host.cgroup[0];
}

bool lacks_pids_max(void)
{
	return !host.has_pids_max;
}

bool lacks_32_bit(void)
{
#ifdef __x86_64__
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		long result = 20;

		__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
		_exit(result < 0);
	}
	return pid < 0 || waitpid(pid, &status, 0) != pid || status != 0;
#else
	return true;
#endif
}

static bool put(const char *folder, const char *name, const char *text)
{
	char path[128];
	FILE *file;
	bool done;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "we");
	if (!file)
		return false;
	done = fputs(text, file) >= 0;
	return fclose(file) == 0 && done;
}

/*
 * Two leaves of cgroup v2, wherever that is mounted, the second with a limit where there is a
 * controller for it. They outlive a test that fails, not this program.
 */
void host_cgroups_make(void)
{
	static const char *const tops[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct statfs fs;

	for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
		if (statfs(tops[i], &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
			continue;
		snprintf(host.cgroup, sizeof(host.cgroup), "%s/mnmivm-attack-%d", tops[i],
			 (int)getpid());
		snprintf(host.limited, sizeof(host.limited), "%s-limited", host.cgroup);
		if (mkdir(host.cgroup, 0755) == 0 && mkdir(host.limited, 0755) == 0) {
			host.has_pids_max = put(host.limited, "pids.max", ATTACK_PROCESSES_MAX);
			return;
		}
	}
	host.cgroup[0] = '\0';
}

void host_cgroups_remove(void)
{
	if (host.cgroup[0]) {
		rmdir(host.cgroup);
		rmdir(host.limited);
	}
}

/* So that it has a path to read. */
void host_join_cgroup(pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d\n", (int)pid);
	ck_assert(!host.cgroup[0] || put(host.cgroup, "cgroup.procs", text));
}

static void make_open_folder(int dir_fd)
{
	ck_assert_int_eq(mkdirat(dir_fd, "open", 0777), 0);
	ck_assert_int_eq(fchmodat(dir_fd, "open", 0777, 0), 0);
}

void host_folder_make(void)
{
	int fd;

	jail_folder_make();
	fd = open_in_folder("group-secret", O_WRONLY);
	ck_assert_int_eq(fchown(fd, 0, 4), 0);
	ck_assert_int_eq(fchmod(fd, 0640), 0);
	close(fd);
	fd = open(jail_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	make_open_folder(fd);
	close(fd);
}

static void serve(int family, int type, const void *address, size_t len)
{
	int fd = socket(family, type, 0);
	int one = 1;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	ck_assert_int_eq(bind(fd, address, (socklen_t)len), 0);
	if (type == SOCK_STREAM)
		ck_assert_int_eq(listen(fd, 100), 0);
}

static void serve_unix(int type, const char *abstract, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path + 1, abstract, strlen(abstract));
	serve(AF_UNIX, type, &address,
	      offsetof(struct sockaddr_un, sun_path) + 1 + strlen(abstract));
	ck_assert_int_lt(snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s",
				  host.folder.path, path),
			 (int)sizeof(address.sun_path));
	serve(AF_UNIX, type, &address, sizeof(address));
	ck_assert_int_eq(chmod(address.sun_path, 0777), 0);
}

static void make_sockets(void)
{
	struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(ATTACK_PORT) };
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
	close(fd);
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	serve(AF_INET, SOCK_STREAM, &server, sizeof(server));
	serve(AF_INET, SOCK_DGRAM, &server, sizeof(server));
	serve_unix(SOCK_STREAM, ATTACK_ABSTRACT_STREAM, "stream");
	serve_unix(SOCK_DGRAM, ATTACK_ABSTRACT_DATAGRAM, "datagram");
}

static int make_listener(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

static int make_tap(void)
{
	struct ifreq ifr = { .ifr_name = ATTACK_TAP_NAME,
			     .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ioctl(fd, TUNSETIFF, &ifr), 0);
	return fd;
}

static int make_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int fd;

	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	fd = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void make_key(void)
{
	ck_assert_int_ge(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0), 0);
	host.key = (int)syscall(SYS_add_key, "user", "mnmivm-attack", "secret", 6,
				KEY_SPEC_SESSION_KEYRING);
	ck_assert_int_gt(host.key, 0);
}

static void make_shm(void)
{
	ck_assert_int_ge(shmget(ATTACK_SHM_KEY, 4096, IPC_CREAT | 0666), 0);
}

/* Another VM's, were they to share a uid. It tells an address of its memory. */
static void make_prey(void)
{
	ssize_t n;
	int out[2];

	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	host.prey = fork();
	if (host.prey == 0) {
		if (dup2(out[1], 1) < 0 || setresgid(ATTACK_GID, ATTACK_GID, ATTACK_GID) < 0 ||
		    setresuid(ATTACK_UID, ATTACK_UID, ATTACK_UID) < 0 ||
		    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
			_exit(1);
		execl(host.program, "attack", "prey", NULL);
		_exit(1);
	}
	close(out[1]);
	n = read(out[0], host.prey_address, sizeof(host.prey_address) - 1);
	ck_assert_int_gt(n, 0);
	host.prey_address[n - 1] = '\0';
	close(out[0]);
}

static void make_files(void)
{
	char target[256];

	suite_tmpdir_make(&host.folder);
	snprintf(host.program, sizeof(host.program), "%s/probe", jail_folder);
	ck_assert_int_eq(fchmod(host.folder.fd, 0755), 0);
	suite_put(host.folder.fd, "secret", "secret");
	ck_assert_int_eq(fchmodat(host.folder.fd, "secret", 0644, 0), 0);
	snprintf(target, sizeof(target), "%s/program", host.folder.path);
	ck_assert_int_eq(link(host.program, target), 0);
	make_open_folder(host.folder.fd);
}

/* The descriptors that stay open and the namespaces end with the test's process. */
void host_make(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS), 0);
	ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(sethostname(ATTACK_HOST_NAME, strlen(ATTACK_HOST_NAME)), 0);
	make_files();
	make_sockets();
	make_key();
	make_shm();
	make_prey();
	host.tap = make_tap();
	host.terminal = make_terminal();
	host.listener = make_listener();
	host.listener_too = make_listener();
	host.cgroup_fd = host.cgroup[0] ? open(host.cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	host.limited_fd = host.cgroup[0] ? open(host.limited, O_PATH | O_DIRECTORY | O_CLOEXEC)
					 : -1;
	jail_setup();
	plan.uid = ATTACK_UID;
	plan.gid = ATTACK_GID;
}

void host_end(void)
{
	ck_assert_int_eq(kill(host.prey, SIGKILL), 0);
	ck_assert_int_eq(waitpid(host.prey, NULL, 0), host.prey);
	jail_teardown();
	suite_tmpdir_remove(&host.folder);
}
