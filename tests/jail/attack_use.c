/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No attacks: what QEMU and qemu-img live on, and what borders on it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/userfaultfd.h>
#include <net/if.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attack.h"

static int open_and_close(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	return fd < 0 ? -1 : close(fd);
}

int use_null(void)
{
	return open_and_close("/dev/null", O_RDWR);
}

int use_libraries(void)
{
	return open_and_close("/usr", O_RDONLY | O_DIRECTORY);
}

int use_kvm(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -1 : ioctl(fd, KVM_GET_API_VERSION, 0);
}

int use_program(void)
{
	return attack_run(prey.shown, "probe") == ATTACK_IS_NOT_ROOT ? 0 : -1;
}

int use_given_to_read(void)
{
	return open_and_close(ATTACK_GIVEN "/read", O_RDONLY);
}

int use_given_to_write(void)
{
	return open_and_close(ATTACK_GIVEN "/write", O_RDWR | O_TRUNC);
}

/* As qemu-img does with what it makes. */
int use_given_folder(void)
{
	return open_and_close(ATTACK_GIVEN "/folder/new", O_RDWR | O_CREAT | O_EXCL) < 0
		       ? -1
		       : unlink(ATTACK_GIVEN "/folder/new");
}

int write_given_to_read(void)
{
	return open_and_close(ATTACK_GIVEN "/read", O_WRONLY);
}

int execute_given(void)
{
	execl(ATTACK_GIVEN "/read", "read", NULL);
	return -1;
}

int pipe_in_given(void)
{
	return mknod(ATTACK_GIVEN "/folder/fifo", S_IFIFO | 0600, 0);
}

int link_in_given(void)
{
	return symlink("/", ATTACK_GIVEN "/folder/link");
}

static void *nothing(void *arg)
{
	return arg;
}

int use_threads(void)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, nothing, NULL);
	return errno || pthread_join(thread, NULL) ? -1 : 0;
}

/* The guest's memory where it is of huge pages, shared with nobody. */
int use_memory_file(void)
{
	int fd = memfd_create("memory", MFD_CLOEXEC);
	void *memory;

	if (fd < 0 || ftruncate(fd, 1 << 20) < 0)
		return -1;
	memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return memory == MAP_FAILED ? -1 : munmap(memory, 1 << 20);
}

/* Of a migration that fetches pages when they are needed; without privilege since Linux 5.11. */
int use_page_faults(void)
{
	return (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
}

int use_sockets(void)
{
	int pair[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ||
	    send(pair[0], "x", 1, MSG_NOSIGNAL) != 1)
		return -1;
	return recv(pair[1], &byte, 1, 0) == 1 && eventfd(0, EFD_CLOEXEC) >= 0 ? 0 : -1;
}

/* The screen's: nobody knocks. */
int use_listener(void)
{
	if (listen(ATTACK_LISTENER, 1) < 0 || fcntl(ATTACK_LISTENER, F_SETFL, O_NONBLOCK) < 0)
		return -1;
	return accept4(ATTACK_LISTENER, NULL, NULL, SOCK_CLOEXEC) < 0 && errno != EAGAIN ? -1 : 0;
}

/* net/tap-linux.c of QEMU 7.2 and 10.0 */
int use_tap(void)
{
	struct ifreq ifr;
	int size = 12, buffer = INT_MAX, none = -1, one = 1;

	return ioctl(ATTACK_TAP, TUNGETIFF, &ifr) < 0 || ioctl(ATTACK_TAP, TUNSETOFFLOAD, 0) < 0 ||
			       ioctl(ATTACK_TAP, TUNSETVNETHDRSZ, &size) < 0 ||
			       ioctl(ATTACK_TAP, TUNGETVNETHDRSZ, &size) < 0 ||
			       ioctl(ATTACK_TAP, TUNSETSNDBUF, &buffer) < 0 ||
			       ioctl(ATTACK_TAP, TUNSETVNETLE, &one) < 0 ||
			       ioctl(ATTACK_TAP, TUNSETSTEERINGEBPF, &none) < 0
		       ? -1
		       : 0;
}
