/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of a tap's rate TCP gets. The guest is a second network namespace with a tap of its own;
 * a cable copies frames between the two, large ones with their virtio-net headers as QEMU does.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/bridge.h"
#include "net/netlink.h"
#include "net/tap.h"
#include "bench.h"

enum { PORT = 5001, CHUNK = 1 << 17, WARM_UP_MS = 1000, FRAME_MAX = 1 << 17 };

static const char usage[] = "Usage: rate SECONDS MBIT...\n";
static const char host_ip[] = "192.0.2.1", guest_ip[] = "192.0.2.2";
static const struct mac guest_mac = { { 0x52, 0x54, 0, 1, 2, 3 } };

static int host_ns, guest_ns;

static void check(int result, const char *what)
{
	if (result < 0)
		bench_die("rate: %s: %s", what, strerror(errno));
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int make_namespace(void)
{
	int fd;

	check(unshare(CLONE_NEWNET), "unshare");
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	check(fd, "/proc/self/ns/net");
	return fd;
}

static void configure(const char *name, const char *ip)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_flags = 0 };
	struct sockaddr_in address = { .sin_family = AF_INET };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	inet_pton(AF_INET, ip, &address.sin_addr);
	memcpy(&request.ifr_addr, &address, sizeof(address));
	check(ioctl(fd, SIOCSIFADDR, &request), "SIOCSIFADDR");
	inet_pton(AF_INET, "255.255.255.0", &address.sin_addr);
	memcpy(&request.ifr_netmask, &address, sizeof(address));
	check(ioctl(fd, SIOCSIFNETMASK, &request), "SIOCSIFNETMASK");
	request.ifr_flags = IFF_UP;
	check(ioctl(fd, SIOCSIFFLAGS, &request), "SIOCSIFFLAGS");
	close(fd);
}

/* The guest's end: its NIC, with the guest's MAC. */
static int make_guest(void)
{
	struct ifreq request = { .ifr_name = "eth0" };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	check(fd, "/dev/net/tun");
	request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	check(ioctl(fd, TUNSETIFF, &request), "TUNSETIFF");
	request.ifr_hwaddr.sa_family = 1; /* ARPHRD_ETHER */
	memcpy(request.ifr_hwaddr.sa_data, guest_mac.byte, sizeof(guest_mac.byte));
	check(ioctl(fd, SIOCSIFHWADDR, &request), "SIOCSIFHWADDR");
	configure("eth0", guest_ip);
	return fd;
}

static void make_bridge(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	check(ioctl(fd, SIOCBRADDBR, "br0"), "SIOCBRADDBR");
	close(fd);
	configure("br0", host_ip);
}

static struct tap open_tap(unsigned int to_guest, unsigned int from_guest)
{
	struct tap_spec spec = {
		.vm = "bench",
		.name = "mvm-bench",
		.guard = TAP_GUARD_MAC,
		.guest_mac = guest_mac,
		.rate_to_guest_mbit = to_guest,
		.rate_from_guest_mbit = from_guest,
	};
	struct error err = ERROR_INIT;
	AUTO_NETLINK *sock = NULL;
	struct tap tap = TAP_INIT;
	struct bridge bridge;

	if (netlink_open(&sock, &err) < 0 || bridge_get(sock, "br0", &bridge, &err) < 0)
		bench_die("rate: open the tap: %s", err.message);
	if (tap_open(sock, &bridge, &spec, &tap, &err) < 0)
		printf("%s\n", err.message);
	return tap;
}

/* A child that dies with this process; 0 in the child. */
static pid_t fork_child(void)
{
	pid_t pid = fork();

	check(pid, "fork");
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void copy_frames(int from, int to)
{
	static char frame[FRAME_MAX];

	for (;;) {
		ssize_t n = read(from, frame, sizeof(frame));

		if (n <= 0 || (write(to, frame, (size_t)n) < 0 && errno != EAGAIN))
			return;
	}
}

static pid_t plug_cable(int host, int guest)
{
	const unsigned long offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
	struct pollfd fds[] = { { .fd = host, .events = POLLIN },
				{ .fd = guest, .events = POLLIN } };
	pid_t pid;

	check(ioctl(host, TUNSETOFFLOAD, offloads), "TUNSETOFFLOAD");
	check(ioctl(guest, TUNSETOFFLOAD, offloads), "TUNSETOFFLOAD");
	pid = fork_child();
	if (pid)
		return pid;
	while (poll(fds, 2, -1) > 0) {
		copy_frames(host, guest);
		copy_frames(guest, host);
	}
	_exit(1);
}

static struct sockaddr_in address_of(const char *ip)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	inet_pton(AF_INET, ip, &address.sin_addr);
	return address;
}

static pid_t start_sender(int ns, const char *to)
{
	static char chunk[CHUNK];
	struct sockaddr_in address = address_of(to);
	pid_t pid = fork_child();
	int fd;

	if (pid)
		return pid;
	check(setns(ns, CLONE_NEWNET), "setns");
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	check(connect(fd, (struct sockaddr *)&address, sizeof(address)), "connect");
	while (write(fd, chunk, sizeof(chunk)) > 0)
		;
	_exit(0);
}

static int listen_on(const char *ip)
{
	struct sockaddr_in address = address_of(ip);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	check(bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind");
	check(listen(fd, 1), "listen");
	return fd;
}

/* Mbit/s of payload, after the first second, in which TCP finds its pace. */
static double receive(int listener, int seconds)
{
	static char chunk[CHUNK];
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	int64_t begin = now_ms() + WARM_UP_MS, end = begin + seconds * 1000, now;
	uint64_t bytes = 0;

	check(fd, "accept");
	do {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		check(n > 0 ? 0 : -1, "read");
		now = now_ms();
		if (now >= begin)
			bytes += (uint64_t)n;
	} while (now < end);
	close(fd);
	return (double)bytes * 8 / 1e3 / (double)(now - begin);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void measure(unsigned int mbit, bool to_guest, int guest, int seconds)
{
	struct tap tap;
	pid_t cable, sender;
	double got;
	int listener;

	check(setns(host_ns, CLONE_NEWNET), "setns");
	tap = open_tap(to_guest ? mbit : 0, to_guest ? 0 : mbit);
	if (!tap.n_fds)
		return;
	cable = plug_cable(tap.fds[0], guest);
	check(setns(to_guest ? guest_ns : host_ns, CLONE_NEWNET), "setns");
	listener = listen_on(to_guest ? guest_ip : host_ip);
	sender = start_sender(to_guest ? host_ns : guest_ns, to_guest ? guest_ip : host_ip);
	got = receive(listener, seconds);
	printf("%-11s %6u Mbit/s: TCP %8.1f Mbit/s, %5.1f %%\n",
	       to_guest ? "to guest" : "from guest", mbit, got, mbit ? got * 100 / mbit : 0.0);
	fflush(stdout);
	end(sender);
	end(cable);
	close(listener);
	tap_close(&tap);
}

int main(int argc, char **argv)
{
	int seconds = argc > 2 ? atoi(argv[1]) : 0;
	int guest;

	if (seconds < 1) {
		fputs(usage, stderr);
		return 2;
	}
	guest_ns = make_namespace();
	guest = make_guest();
	host_ns = make_namespace();
	make_bridge();
	for (int i = 2; i < argc; i++) {
		measure((unsigned int)atoi(argv[i]), true, guest, seconds);
		measure((unsigned int)atoi(argv[i]), false, guest, seconds);
	}
	return 0;
}
