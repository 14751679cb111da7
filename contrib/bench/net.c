/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a start costs in the network, and how that grows with the taps on the bridge and the links
 * of the host; against qemu-bridge-helper, three `ip` commands and a bare loop of ioctls, in turns
 * in the same run. All of it happens in namespaces of its own, which end with the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/bridge.h"
#include "net/netlink.h"
#include "net/tap.h"
#include "bench.h"

enum { ROUNDS_MAX = 10000, PORTS_MAX = 1022 };

static const char usage[] = "Usage: net [ROUNDS [TAPS [LINKS]]]\n"
			    "Defaults: 100 rounds, 0 and 1000 taps, 0 and 4000 further links.\n";
static const char helper[] = "/usr/lib/qemu/qemu-bridge-helper";

extern char **environ;

static int make_tap(const char *name)
{
	struct ifreq request = bench_link(name);
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
		bench_die("create tap '%s': %s", name, strerror(errno));
	return fd;
}

static void add_to_bridge(const char *name)
{
	struct ifreq tap = bench_link(name), bridge = bench_link("br0");

	bench_ioctl(SIOCGIFINDEX, &tap, "SIOCGIFINDEX");
	bridge.ifr_ifindex = tap.ifr_ifindex;
	bench_ioctl(SIOCBRADDIF, &bridge, "SIOCBRADDIF");
}

/* The ways. Each makes a tap on br0 and returns; the tap goes in its close function. */
static struct tap tap = TAP_INIT;
static int held = -1;

static void open_ours(enum tap_guard guard, unsigned int queues)
{
	AUTO_NETLINK *sock = NULL;
	struct tap_spec spec = { .vm = "bench", .name = "mvm-bench" };
	struct error err = ERROR_INIT;
	struct bridge bridge;

	spec.guest_mac = (struct mac){ { 0x52, 0x54, 0, 1, 2, 3 } };
	spec.guard = guard;
	spec.queues = queues;
	if (netlink_open(&sock, &err) < 0 || bridge_get(sock, "br0", &bridge, &err) < 0 ||
	    tap_open(sock, &bridge, &spec, &tap, &err) < 0)
		bench_die("%s", err.message);
}

static void open_guarded(void)
{
	open_ours(TAP_GUARD_MAC, 1);
}

static void open_unguarded(void)
{
	open_ours(TAP_GUARD_OFF, 1);
}

static void open_queues(void)
{
	open_ours(TAP_GUARD_MAC, 8);
}

static void close_ours(void)
{
	tap_close(&tap);
}

static void open_bare(void)
{
	held = make_tap("mvm-bench");
	add_to_bridge("mvm-bench");
	bench_set_up("mvm-bench");
}

static void close_held(void)
{
	fd_close(&held);
}

static void run(const char *const *argv)
{
	pid_t pid;
	int status;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, (char **)(uintptr_t)argv, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid || status != 0)
		bench_die("%s %s fails", argv[0], argv[1]);
}

static void open_by_ip(void)
{
	static const char *const add[] = { "ip",   "tuntap", "add",	 "mvm-bench",
					   "mode", "tap",    "vnet_hdr", NULL };
	static const char *const master[] = { "ip",	"link", "set", "mvm-bench",
					      "master", "br0",	NULL };
	static const char *const up[] = { "ip", "link", "set", "mvm-bench", "up", NULL };

	run(add);
	run(master);
	run(up);
}

static void close_by_ip(void)
{
	static const char *const del[] = { "ip", "link", "del", "mvm-bench", NULL };

	run(del);
}

static int receive_fd(int from)
{
	char byte, control_data[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control_data,
		.msg_controllen = sizeof(control_data),
	};
	struct cmsghdr *rights;
	int fd = -1;

	if (recvmsg(from, &header, MSG_CMSG_CLOEXEC) != 1 || !(rights = CMSG_FIRSTHDR(&header)))
		bench_die("%s sends no descriptor", helper);
	memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
	return fd;
}

/* As QEMU runs it for -netdev bridge. */
static void open_by_helper(void)
{
	char fd_option[32];
	const char *const argv[] = { helper, "--use-vnet", fd_option, "--br=br0", NULL };
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		bench_die("socketpair: %s", strerror(errno));
	snprintf(fd_option, sizeof(fd_option), "--fd=%d", pair[1]);
	run(argv);
	close(pair[1]);
	held = receive_fd(pair[0]);
	close(pair[0]);
}

static const struct way {
	const char *name;
	void (*open)(void);
	void (*close)(void);
} ways[] = {
	{ "start, guard mac", open_guarded, close_ours },
	{ "start, guard off", open_unguarded, close_ours },
	{ "start, guard mac, 8 queues", open_queues, close_ours },
	{ "TUNSETIFF, SIOCBRADDIF, SIOCSIFFLAGS", open_bare, close_held },
	{ "qemu-bridge-helper", open_by_helper, close_held },
	{ "ip tuntap, ip link master, ip link up", open_by_ip, close_by_ip },
};

static bool have_helper;

static bool is_possible(const struct way *way)
{
	return way->open != open_by_helper || have_helper;
}

/* The helper asks /etc/qemu/bridge.conf: another /etc on top of this one, for us alone. */
static bool allow_helper(void)
{
	char dir[] = "/tmp/bench-net.XXXXXX", path[64], options[160];
	bool done = false;
	FILE *file;

	if (access(helper, X_OK) < 0 || !mkdtemp(dir))
		return false;
	snprintf(options, sizeof(options), "lowerdir=/etc,upperdir=%s/u,workdir=%s/w", dir, dir);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("none", dir, "tmpfs", 0, NULL) == 0) {
		snprintf(path, sizeof(path), "%s/u", dir);
		mkdir(path, 0755);
		snprintf(path, sizeof(path), "%s/w", dir);
		mkdir(path, 0755);
		done = mount("none", "/etc", "overlay", 0, options) == 0;
		umount2(dir, MNT_DETACH);
	}
	rmdir(dir);
	if (!done || (mkdir("/etc/qemu", 0755) < 0 && errno != EEXIST) ||
	    !(file = fopen("/etc/qemu/bridge.conf", "w")))
		return false;
	fputs("allow br0\n", file);
	return fclose(file) == 0;
}

static void make_namespaces(void)
{
	struct rlimit limit = { 65536, 65536 };

	setrlimit(RLIMIT_NOFILE, &limit);
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		bench_die("unshare: %s", strerror(errno));
	bench_make_bridge();
	have_helper = allow_helper();
}

/* Taps stay as long as their descriptors, which nobody closes. */
static void fill(const char *prefix, unsigned int n, bool on_bridge)
{
	for (unsigned int i = 0; i < n; i++) {
		char name[IF_NAMESIZE];

		snprintf(name, sizeof(name), "%s%u", prefix, i);
		make_tap(name);
		if (on_bridge)
			add_to_bridge(name);
		bench_set_up(name);
	}
}

static void print_row(const struct way *way, double *ms, unsigned int n)
{
	bench_sort(ms, n);
	printf("%-40s %8.3f %8.3f %8.3f\n", way->name, ms[n / 10], ms[n / 2], ms[n * 9 / 10]);
}

static void measure(unsigned int rounds, unsigned int taps, unsigned int links)
{
	double *ms[ARRAY_SIZE(ways)];

	for (size_t w = 0; w < ARRAY_SIZE(ways); w++)
		ms[w] = xcalloc(rounds, sizeof(double));
	for (unsigned int i = 0; i < rounds; i++) {
		for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
			double begin;

			if (!is_possible(&ways[w]))
				continue;
			begin = bench_clock_ms(CLOCK_MONOTONIC);
			ways[w].open();
			ms[w][i] = bench_clock_ms(CLOCK_MONOTONIC) - begin;
			ways[w].close();
		}
	}
	printf("%u taps on the bridge, %u further links; milliseconds of %u rounds\n", taps, links,
	       rounds);
	printf("%-40s %8s %8s %8s\n", "", "10 %", "median", "90 %");
	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		if (is_possible(&ways[w]))
			print_row(&ways[w], ms[w], rounds);
		else
			printf("%-40s (not here, or no overlayfs for its bridge.conf)\n",
			       ways[w].name);
		free(ms[w]);
	}
	fflush(stdout);
}

/* The port after the last: a bridge has 1023. */
static void show_full(unsigned int taps)
{
	struct tap_spec spec = { .vm = "bench", .name = "mvm-bench" };
	struct error err = ERROR_INIT;
	AUTO_NETLINK *sock = NULL;
	struct bridge bridge;

	fill("full", 1023 - taps, true);
	if (netlink_open(&sock, &err) < 0 || bridge_get(sock, "br0", &bridge, &err) < 0)
		bench_die("%s", err.message);
	if (tap_open(sock, &bridge, &spec, &tap, &err) == 0)
		bench_die("the bridge took a 1024th port");
	printf("the 1024th port: %s\n", err.message);
}

static unsigned int number(const char *text, unsigned int max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || end == text || value > max)
		bench_die("'%s' is no number up to %u\n%s", text, max, usage);
	return (unsigned int)value;
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? number(argv[1], ROUNDS_MAX) : 100;
	unsigned int taps = argc > 2 ? number(argv[2], PORTS_MAX) : 1000;
	unsigned int links = argc > 3 ? number(argv[3], 100000) : 4000;

	if (argc > 4 || !rounds)
		bench_die("%s", usage);
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	make_namespaces();
	measure(rounds, 0, 0);
	fill("port", taps, true);
	measure(rounds, taps, 0);
	fill("link", links, false);
	measure(rounds, taps, links);
	show_full(taps);
	return 0;
}
