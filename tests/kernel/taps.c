/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens a tap on a bridge again and again, and prints the MAC it has once udev is done. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/run.h"
#include "net/netlink.h"
#include "net/tap.h"

ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);

/* From the making of a tap to its configuration, which for udev are two events. */
static useconds_t delay_us;

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
	usleep(delay_us);
	return __real_sendmsg(fd, message, flags);
}

static int settle(struct error *err)
{
	static const struct run_options options = { .dir_fd = -1 };
	AUTO_STRV argv = STRV_INIT;

	strv_push(&argv, "/usr/bin/udevadm");
	strv_push(&argv, "settle");
	return run_program(&argv, &options, err);
}

/* tap_open() refuses a tap whose MAC was changed before it could be read back. */
static int open_and_look(struct nl_sock *sock, const struct bridge *bridge, struct error *err)
{
	static const struct tap_spec spec = {
		.vm = "race",
		.name = "mvm-race",
		.guest_mac = { { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 } },
		.guard = TAP_GUARD_MAC,
	};
	AUTO_BUF mac = BUF_INIT;
	struct tap tap = TAP_INIT;
	int r;

	r = tap_open(sock, bridge, &spec, &tap, err);
	if (r) {
		puts("refused");
		return 0;
	}
	r = settle(err);
	if (!r)
		r = file_read_path("/sys/class/net/mvm-race/address", 64, &mac, err);
	if (!r)
		fputs(buf_str(&mac), stdout);
	tap_close(&tap);
	return r;
}

int main(int argc, char **argv)
{
	enum { STEP_US = 200 };
	AUTO_NETLINK *sock = NULL;
	struct error err = ERROR_INIT;
	struct bridge bridge;
	int r;

	if (argc != 3) {
		fprintf(stderr, "usage: taps BRIDGE TIMES\n");
		return EXIT_FAILURE;
	}
	r = netlink_open(&sock, &err);
	if (!r)
		r = bridge_get(sock, argv[1], &bridge, &err);
	for (int i = 0; !r && i < atoi(argv[2]); i++) {
		delay_us = (useconds_t)i * STEP_US;
		r = open_and_look(sock, &bridge, &err);
	}
	if (r)
		fprintf(stderr, "taps: %s\n", err.message);
	return r ? EXIT_FAILURE : EXIT_SUCCESS;
}
