/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tap on a LAN with a real neighbour, and an end of that LAN which says and hears frames. */
#include "dad_lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "net/netlink.h"
#include "netns.h"

const char guest[] = "52:54:00:12:34:56";

const char station[] = "02:00:00:00:00:99";

struct nl_sock *sock;
struct bridge bridge;
struct tap tap;
struct tap_spec spec;
int lan = -1;
pid_t neighbour = -1;

static int open_link(const char *name)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET, .sll_protocol = htons(0x0003), /* ETH_P_ALL */
	};
	json_t *link = netns_link(name);
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int more = 1 << 24;

	ck_assert_int_ge(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &more, sizeof(more));
	address.sll_ifindex = netns_int(link, "ifindex");
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	json_decref(link);
	return fd;
}

/* Until a link's carrier is noticed, frames for it are dropped without a word. */
static void wait_for_carrier(const char *prefix, const char *name, const char *port_state)
{
	for (;;) {
		json_t *links = netns_json("%s ip -j -d link show dev %s", prefix, name);
		json_t *link = json_array_get(links, 0);
		bool up = strcmp(netns_str(link, "operstate"), "UP") == 0 &&
			  strcmp(netns_str(link, "linkinfo.info_slave_data.state"), port_state) ==
				  0;

		json_decref(links);
		if (up)
			return;
		usleep(10000);
	}
}

static void setup(void)
{
	struct error err = ERROR_INIT;

	netns_enter();
	netns_make_lan();
	wait_for_carrier("", "lan1", "");
	netns_run("ip link set lan1 promisc on");
	suite_assert_ok(netlink_open(&sock, &err), err);
	suite_assert_ok(bridge_get(sock, "br0", &bridge, &err), err);
	spec = (struct tap_spec){
		.vm = "web1",
		.name = "mvm-web1",
		.guest_mac = netns_mac(guest),
		.guard = TAP_GUARD_MAC,
	};
	suite_assert_ok(tap_open(sock, &bridge, &spec, &tap, &err), err);
	lan = open_link("lan1");
}

static void teardown(void)
{
	if (neighbour > 0) {
		kill(neighbour, SIGKILL);
		waitpid(neighbour, NULL, 0);
		neighbour = -1;
	}
	fd_close(&lan);
	tap_close(&tap);
	netlink_close(&sock);
	netns_leave();
}

void make_neighbour(void)
{
	char prefix[64];
	int ready[2];
	char c;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	neighbour = fork();
	ck_assert_int_ge(neighbour, 0);
	if (neighbour == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		tap_close(&tap); /* or it would live on with this copy */
		if (unshare(CLONE_NEWNET) == 0 && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	close(ready[0]);
	netns_run("ip link add lan2 address fe:00:00:00:00:99 type veth "
		  "peer name eth0 address %s netns %d",
		  station, neighbour);
	netns_run("nsenter -t %d -n sh -c 'echo 0 >/proc/sys/net/ipv6/conf/all/disable_ipv6'",
		  neighbour);
	netns_run("nsenter -t %d -n ip link set eth0 up", neighbour);
	netns_run("ip link set lan2 master br0 up");
	snprintf(prefix, sizeof(prefix), "nsenter -t %d -n", neighbour);
	wait_for_carrier("", "lan2", "forwarding");
	wait_for_carrier(prefix, "eth0", "");
}

/* The kernel joins the group that an IPv6 address is asked for in a little later. */
void neighbour_has(const char *address)
{
	bool ready = !strchr(address, ':');
	char group[] = "ff02::1:ff00:?";

	group[sizeof(group) - 2] = strchr(address, '/')[-1];
	netns_run("nsenter -t %d -n ip addr add %s dev eth0%s", neighbour, address,
		  ready ? "" : " nodad");
	while (!ready) {
		char *text = netns_text("nsenter -t %d -n ip maddr show dev eth0", neighbour);

		ready = strstr(text, group) != NULL;
		free(text);
	}
}

struct ip_addr ip(const char *text)
{
	struct error err = ERROR_INIT;
	struct ip_addr addr = { .family = AF_UNSPEC };

	suite_assert_ok(ip_parse("address", text, &addr, &err), err);
	return addr;
}

struct tap_spec asked(int way)
{
	struct tap_spec copy = spec;

	if (way == THROUGH_TAP)
		copy.vlan = 10;
	return copy;
}

struct dad *ask(int way, const char *first, const char *second)
{
	const struct ip_addr addresses[2] = { ip(first), ip(second ? second : first) };
	const struct tap_spec want = asked(way);
	struct error err = ERROR_INIT;
	struct dad *dad = NULL;

	suite_assert_ok(dad_open(&bridge, &tap, &want, addresses, second ? 2 : 1, &dad, &err), err);
	return dad;
}

struct frame hex(const char *text)
{
	struct frame frame = { .len = 0 };
	unsigned int byte;
	int used;

	for (; sscanf(text, " %2x%n", &byte, &used) == 1; text += used)
		frame.byte[frame.len++] = (unsigned char)byte;
	return frame;
}

void lan_says(const char *text)
{
	struct frame frame = hex(text);

	ck_assert_int_eq(send(lan, frame.byte, frame.len, 0), (ssize_t)frame.len);
}

void lan_hears(const char *text)
{
	struct frame expected = hex(text);
	struct pollfd poll_fd = { .fd = lan, .events = POLLIN };

	for (;;) {
		struct sockaddr_ll from = { .sll_family = AF_PACKET };
		socklen_t size = sizeof(from);
		struct frame frame = { .len = 0 };
		ssize_t len;

		ck_assert_msg(poll(&poll_fd, 1, LONG_MS) == 1, "nothing like %s", text);
		len = recvfrom(lan, frame.byte, sizeof(frame.byte), 0, (struct sockaddr *)&from,
			       &size);
		ck_assert_int_gt(len, ETH_TYPE_AT + 2);
		if (from.sll_pkttype == PACKET_OUTGOING ||
		    memcmp(frame.byte + ETH_TYPE_AT, expected.byte + ETH_TYPE_AT, 2) != 0)
			continue;
		ck_assert_int_eq(len, (ssize_t)expected.len);
		ck_assert_mem_eq(frame.byte, expected.byte, expected.len);
		return;
	}
}

int dad_main(Suite *s, TCase *tcase)
{
	const char *missing = netns_missing();

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(tcase, setup, teardown);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
