/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking for addresses on a LAN with real and with hand-made neighbours, and announcing them. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <netpacket/packet.h>
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
#include <unistd.h>

#include "base/alloc.h"
#include "net/dad.h"
#include "net/netlink.h"
#include "netns.h"
#include "suite.h"

static const char guest[] = "52:54:00:12:34:56";
static const char station[] = "02:00:00:00:00:99";

enum { SHORT_MS = 300, LONG_MS = 10000, ETH_TYPE_AT = 12 };

/* The two ways to ask; a test that loops is run for both. */
enum { ON_BRIDGE, THROUGH_TAP, WAYS };

static struct nl_sock *sock;
static struct bridge bridge;
static struct tap tap;
static struct tap_spec spec;
static int lan = -1; /* the LAN's end: hears all, says what it likes */
static pid_t neighbour = -1; /* holds a namespace */

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

/* A station whose kernel does all by itself: "eth0" in a namespace of its own, a port of br0. */
static void make_neighbour(void)
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
static void neighbour_has(const char *address)
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

static struct ip_addr ip(const char *text)
{
	struct error err = ERROR_INIT;
	struct ip_addr addr = { .family = AF_UNSPEC };

	suite_assert_ok(ip_parse("address", text, &addr, &err), err);
	return addr;
}

static struct tap_spec asked(int way)
{
	struct tap_spec copy = spec;

	if (way == THROUGH_TAP)
		copy.vlan = 10;
	return copy;
}

static struct dad *ask(int way, const char *first, const char *second)
{
	const struct ip_addr addresses[2] = { ip(first), ip(second ? second : first) };
	const struct tap_spec want = asked(way);
	struct error err = ERROR_INIT;
	struct dad *dad = NULL;

	suite_assert_ok(dad_open(&bridge, &tap, &want, addresses, second ? 2 : 1, &dad, &err), err);
	return dad;
}

static void check_conflict(struct dad *dad, const char *address, const char *mac)
{
	const struct ip_addr expected = ip(address);
	struct error err = ERROR_INIT;
	struct ip_addr addr;
	struct mac found;
	char text[MAC_TEXT_MAX];

	ck_assert_int_eq(dad_check(dad, LONG_MS, &addr, &found, &err), DAD_CONFLICT);
	mac_format(&found, text);
	ck_assert_str_eq(text, mac);
	ck_assert(ip_equal(&addr, &expected));
	ck_assert_int_eq(err.kind, ERROR_NONE);
}

static void check_free(struct dad *dad, int timeout_ms)
{
	struct error err = ERROR_INIT;
	struct ip_addr addr, untouched_addr;
	struct mac mac, untouched_mac;

	memset(&untouched_addr, 0x5a, sizeof(addr));
	memset(&untouched_mac, 0x5a, sizeof(mac));
	addr = untouched_addr;
	mac = untouched_mac;
	ck_assert_int_eq(dad_check(dad, timeout_ms, &addr, &mac, &err), DAD_FREE);
	ck_assert_mem_eq(&addr, &untouched_addr, sizeof(addr));
	ck_assert_mem_eq(&mac, &untouched_mac, sizeof(mac));
	ck_assert_int_eq(err.kind, ERROR_NONE);
}

struct frame {
	unsigned char byte[256];
	size_t len;
};

static struct frame hex(const char *text)
{
	struct frame frame = { .len = 0 };
	unsigned int byte;
	int used;

	for (; sscanf(text, " %2x%n", &byte, &used) == 1; text += used)
		frame.byte[frame.len++] = (unsigned char)byte;
	return frame;
}

static void lan_says(const char *text)
{
	struct frame frame = hex(text);

	ck_assert_int_eq(send(lan, frame.byte, frame.len, 0), (ssize_t)frame.len);
}

/* The next frame of that type that the LAN's end hears, of whatever length. */
static void lan_hears(const char *text)
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

/* 10.0.0.5 and 2001:db8::5 are at 02:00:00:00:00:99, said to all */
static const char arp_claim[] =
	"ffffffffffff 020000000099 0806 0001 0800 06 04 0002 020000000099 0a000005 ffffffffffff "
	"0a000005";
static const char nd_claim[] =
	"333300000001 020000000099 86dd 60000000 0020 3a ff 20010db8000000000000000000000005 "
	"ff020000000000000000000000000001 8800 f88a 20000000 20010db8000000000000000000000005 "
	"0201 020000000099";

START_TEST(asks_byte_by_byte)
{
	struct error err = ERROR_INIT;
	struct dad *dad = ask(_i, "10.0.0.5", "2001:db8::5");

	for (int times = 0; times < 2; times++) {
		lan_hears(_i == ON_BRIDGE ? "ffffffffffff 525400000002 0806 0001 0800 06 04 0001 "
					    "525400000002 "
					    "00000000 000000000000 0a000005"
					  : "ffffffffffff 525400123456 0806 0001 0800 06 04 0001 "
					    "525400123456 "
					    "00000000 000000000000 0a000005");
		lan_hears(_i == ON_BRIDGE ? "3333ff000005 525400000002 86dd 60000000 0018 3a ff "
					    "00000000000000000000000000000000 "
					    "ff0200000000000000000001ff000005 "
					    "8700 4ce5 00000000 20010db8000000000000000000000005"
					  : "3333ff000005 525400123456 86dd 60000000 0018 3a ff "
					    "00000000000000000000000000000000 "
					    "ff0200000000000000000001ff000005 "
					    "8700 4ce5 00000000 20010db8000000000000000000000005");
		if (times == 0)
			suite_assert_ok(dad_ask_again(dad, &err), err);
	}
	dad_close(dad);
}
END_TEST

START_TEST(nobody_has_it)
{
	struct dad *dad;

	make_neighbour();
	neighbour_has("10.0.0.6/24");
	neighbour_has("2001:db8::6/64");
	dad = ask(_i, "10.0.0.5", "2001:db8::5");
	check_free(dad, SHORT_MS);
	check_free(dad, 0);
	check_free(dad, -1);
	dad_close(dad);
}
END_TEST

START_TEST(a_neighbour_has_it)
{
	static const char *const addresses[][2] = { { "10.0.0.5/24", "10.0.0.5" },
						    { "2001:db8::5/64", "2001:db8::5" } };
	struct error err = ERROR_INIT;

	make_neighbour();
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct dad *dad;

		neighbour_has(addresses[i][0]);
		dad = ask(_i, addresses[i][1], NULL);
		check_conflict(dad, addresses[i][1], station);
		suite_assert_ok(dad_ask_again(dad, &err), err);
		check_conflict(dad, addresses[i][1], station);
		dad_close(dad);
	}
}
END_TEST

START_TEST(one_of_two_is_taken)
{
	struct dad *dad;

	make_neighbour();
	neighbour_has("2001:db8::5/64");
	dad = ask(_i, "10.0.0.5", "2001:db8::5");
	check_conflict(dad, "2001:db8::5", station);
	check_free(dad, SHORT_MS);
	dad_close(dad);
}
END_TEST

/* Its kernel takes the address while we ask, so it is tentative, and asks itself. */
START_TEST(a_neighbour_is_about_to_take_it)
{
	struct dad *dad = NULL;

	make_neighbour();
	dad = ask(_i, "2001:db8::5", NULL);
	netns_run("nsenter -t %d -n ip addr add 2001:db8::5/64 dev eth0", neighbour);
	check_conflict(dad, "2001:db8::5", station);
	dad_close(dad);
}
END_TEST

START_TEST(anothers_arp_probe)
{
	struct dad *dad = ask(_i, "10.0.0.5", NULL);

	lan_says("ffffffffffff 020000000077 0806 0001 0800 06 04 0001 020000000077 00000000 "
		 "000000000000 0a000005");
	check_conflict(dad, "10.0.0.5", "02:00:00:00:00:77");
	dad_close(dad);
}
END_TEST

/* A copy of the guest runs elsewhere on the LAN. */
START_TEST(answer_of_the_guests_own_mac)
{
	struct dad *dad = ask(_i, "10.0.0.5", "2001:db8::5");

	lan_says(_i == ON_BRIDGE ? "525400000002 525400123456 0806 0001 0800 06 04 0002 "
				   "525400123456 0a000005 "
				   "525400000002 00000000"
				 : "525400123456 525400123456 0806 0001 0800 06 04 0002 "
				   "525400123456 0a000005 "
				   "525400123456 00000000");
	check_conflict(dad, "10.0.0.5", guest);
	lan_says("333300000001 525400123456 86dd 60000000 0020 3a ff "
		 "20010db8000000000000000000000005 ff020000000000000000000000000001 8800 7467 "
		 "20000000 20010db8000000000000000000000005 0201 525400123456");
	check_conflict(dad, "2001:db8::5", guest);
	dad_close(dad);
}
END_TEST

/* An access point or a loop sends back what it hears. */
START_TEST(own_questions_that_come_back)
{
	struct dad *dad = ask(_i, "10.0.0.5", "2001:db8::5");

	lan_says(_i == ON_BRIDGE ? "ffffffffffff 525400000002 0806 0001 0800 06 04 0001 "
				   "525400000002 00000000 "
				   "000000000000 0a000005"
				 : "ffffffffffff 525400123456 0806 0001 0800 06 04 0001 "
				   "525400123456 00000000 "
				   "000000000000 0a000005");
	lan_says(_i == ON_BRIDGE ? "3333ff000005 525400000002 86dd 60000000 0018 3a ff "
				   "00000000000000000000000000000000 "
				   "ff0200000000000000000001ff000005 8700 4ce5 "
				   "00000000 20010db8000000000000000000000005"
				 : "3333ff000005 525400123456 86dd 60000000 0018 3a ff "
				   "00000000000000000000000000000000 "
				   "ff0200000000000000000001ff000005 8700 4ce5 "
				   "00000000 20010db8000000000000000000000005");
	lan_says(arp_claim);
	check_conflict(dad, "10.0.0.5", station);
	dad_close(dad);
}
END_TEST

/* Frames of 02:..:77 that claim nothing; the claim of :99 behind them is the first that counts. */
static const char *const no_claims[] = {
	/* another address, as sender, as a probe's target, and by a search for ours */
	"ffffffffffff 020000000077 0806 0001 0800 06 04 0002 020000000077 0a000006 525400000002 "
	"00000000",
	"ffffffffffff 020000000077 0806 0001 0800 06 04 0001 020000000077 00000000 000000000000 "
	"0a000006",
	"ffffffffffff 020000000077 0806 0001 0800 06 04 0001 020000000077 0a000006 000000000000 "
	"0a000005",
	/* a reply from 0.0.0.0, RARP, hardware and protocol of another kind, cut short */
	"ffffffffffff 020000000077 0806 0001 0800 06 04 0002 020000000077 00000000 000000000000 "
	"0a000005",
	"ffffffffffff 020000000077 8035 0001 0800 06 04 0003 020000000077 0a000005 020000000077 "
	"0a000005",
	"ffffffffffff 020000000077 0806 0006 0800 06 04 0002 020000000077 0a000005 525400000002 "
	"00000000",
	"ffffffffffff 020000000077 0806 0001 86dd 06 10 0002 020000000077 0a000005 525400000002 "
	"00000000",
	"ffffffffffff 020000000077 0806 0001 0800 06 04 0002 020000000077 0a000005 525400000002 "
	"0000",
	"ffffffffffff 020000000077 0806 0001 0800 06 04 0002 020000000077 0a000005",
	"ffffffffffff 020000000077 0806",
	/* an answer in VLAN 5 */
	"ffffffffffff 020000000077 8100 0005 0806 0001 0800 06 04 0002 020000000077 0a000005 "
	"ffffffffffff 0a000005",
	/* advertisements: wrong checksum, hop limit 254, cut short, another target's, no ICMPv6 */
	"333300000001 020000000077 86dd 60000000 0020 3a ff 20010db8000000000000000000000005 "
	"ff020000000000000000000000000001 8800 0000 20000000 20010db8000000000000000000000005 "
	"0201 020000000099",
	"333300000001 020000000077 86dd 60000000 0020 3a fe 20010db8000000000000000000000005 "
	"ff020000000000000000000000000001 8800 f88a 20000000 20010db8000000000000000000000005 "
	"0201 020000000099",
	"333300000001 020000000077 86dd 60000000 0020 3a ff 20010db8000000000000000000000005 "
	"ff020000000000000000000000000001 8800 f88a 20000000 20010db8000000000000000000000005",
	"333300000001 020000000077 86dd 60000000 0020 3a ff 20010db8000000000000000000000005 "
	"ff020000000000000000000000000001 8800 f889 20000000 20010db8000000000000000000000006 "
	"0201 020000000099",
	"333300000001 020000000077 86dd 60000000 0020 11 ff 20010db8000000000000000000000005 "
	"ff020000000000000000000000000001 8800 f88a 20000000 20010db8000000000000000000000005 "
	"0201 020000000099",
	"333300000001 020000000077 86dd",
};

START_TEST(what_claims_nothing)
{
	int way = _i % WAYS;
	struct dad *dad = ask(way, "10.0.0.5", "2001:db8::5");

	lan_says(no_claims[_i / WAYS]);
	lan_says(nd_claim);
	check_conflict(dad, "2001:db8::5", station);
	lan_says(no_claims[_i / WAYS]);
	lan_says(arp_claim);
	check_conflict(dad, "10.0.0.5", station);
	check_free(dad, 0);
	dad_close(dad);
}
END_TEST

/* IEEE 802.1Q, 9.6: a tag of VLAN 0 has a priority and is of no VLAN. */
START_TEST(priority_tag_is_no_vlan)
{
	struct dad *dad = ask(_i, "10.0.0.5", NULL);

	lan_says("ffffffffffff 020000000077 8100 e000 0806 0001 0800 06 04 0002 020000000077 "
		 "0a000005 ffffffffffff 0a000005");
	check_conflict(dad, "10.0.0.5", "02:00:00:00:00:77");
	dad_close(dad);
}
END_TEST

/* Far more frames than a socket's buffer holds; the one that counts is not lost. */
START_TEST(answer_behind_a_flood)
{
	struct frame flood = hex(arp_claim);
	struct dad *dad = ask(_i, "10.0.0.5", NULL);

	flood.byte[31] = 6; /* 10.0.0.6 */
	for (int i = 0; i < 20000; i++) {
		/* a slow machine has no room for more for a while */
		while (send(lan, flood.byte, flood.len, 0) < 0) {
			ck_assert(errno == ENOBUFS || errno == EAGAIN);
			sched_yield();
		}
	}
	lan_says(arp_claim);
	check_conflict(dad, "10.0.0.5", station);
	dad_close(dad);
}
END_TEST

/* The guest's kernel would take them for another's claim to its addresses. */
START_TEST(the_guest_does_not_find_the_questions)
{
	struct dad *dad = ask(_i, "10.0.0.5", "2001:db8::5");
	struct pollfd poll_fd = { .fd = tap.fds[0], .events = POLLIN };
	struct error err = ERROR_INIT;
	unsigned char frame[256];

	suite_assert_ok(dad_ask_again(dad, &err), err);
	ck_assert_int_eq(read(tap.fds[0], frame, sizeof(frame)), -1);
	ck_assert_int_eq(errno, EAGAIN);
	dad_close(dad);

	/* and the LAN's broadcasts it finds */
	lan_says("ffffffffffff 020000000077 88b5 2a");
	ck_assert_int_eq(poll(&poll_fd, 1, LONG_MS), 1);
	ck_assert_int_eq(read(tap.fds[0], frame, sizeof(frame)), 10 + 15);
	ck_assert_int_eq(frame[10 + 14], 0x2a);
}
END_TEST

/* The tap is held back for the forward delay; the bridge is not. */
START_TEST(spanning_tree)
{
	struct error err = ERROR_INIT;
	struct dad *dad;
	json_t *link;

	make_neighbour();
	neighbour_has("10.0.0.5/24");
	tap_close(&tap);
	netns_run("ip link set br0 type bridge stp_state 1 forward_delay 3000");
	suite_assert_ok(tap_open(sock, &bridge, &spec, &tap, &err), err);
	link = netns_link("mvm-web1");
	ck_assert_str_eq(netns_str(link, "linkinfo.info_slave_data.state"), "listening");
	json_decref(link);
	dad = ask(ON_BRIDGE, "10.0.0.5", NULL);
	check_conflict(dad, "10.0.0.5", station);
	dad_close(dad);
}
END_TEST

/* Without untagged frames, the bridge's own LAN is not the guest's. */
START_TEST(a_trunk_is_asked_through_its_tap)
{
	const struct tap_vlans trunk = { 10, 20 };
	const struct ip_addr addr = ip("10.0.0.5");
	struct tap_spec want = spec;
	struct error err = ERROR_INIT;
	struct dad *dad = NULL;

	want.trunk = &trunk;
	want.n_trunk = 1;
	suite_assert_ok(dad_open(&bridge, &tap, &want, &addr, 1, &dad, &err), err);
	lan_hears("ffffffffffff 525400123456 0806 0001 0800 06 04 0001 525400123456 00000000 "
		  "000000000000 0a000005");
	dad_close(dad);
}
END_TEST

START_TEST(nothing_to_ask)
{
	const struct tap_spec want = asked(_i);
	struct error err = ERROR_INIT;
	struct dad *dad = NULL;

	suite_assert_ok(dad_open(&bridge, &tap, &want, NULL, 0, &dad, &err), err);
	lan_says(arp_claim);
	lan_says(nd_claim);
	check_free(dad, SHORT_MS);
	dad_close(dad);
	dad_close(NULL);
}
END_TEST

static void announce(const char *first, const char *second)
{
	struct ip_addr addresses[2];
	struct error err = ERROR_INIT;
	unsigned int n = 0;

	if (first)
		addresses[n++] = ip(first);
	if (second)
		addresses[n++] = ip(second);
	suite_assert_ok(dad_announce(&tap, &spec, addresses, n, &err), err);
}

static void check_refused(const struct bridge *on, int way, const struct ip_addr *addresses,
			  unsigned int n, int code, enum error_kind kind)
{
	const struct tap_spec want = asked(way);
	struct error err = ERROR_INIT;
	struct dad *dad = (void *)&spec;
	int fds = suite_count_fds();

	suite_assert_error(dad_open(on, &tap, &want, addresses, n, &dad, &err), err, code, kind);
	ck_assert_ptr_eq(dad, (void *)&spec);
	ck_assert_int_eq(suite_count_fds(), fds);
}

START_TEST(addresses_that_are_none)
{
	struct pollfd poll_fd = { .fd = lan, .events = POLLIN };
	struct ip_addr addresses[TAP_ADDRESSES_MAX + 1];
	struct error err = ERROR_INIT;
	unsigned char frame[42];

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		addresses[i] = ip("10.0.0.5");
	check_refused(&bridge, _i, addresses, ARRAY_SIZE(addresses), EINVAL, ERROR_USAGE);
	suite_assert_error(dad_announce(&tap, &spec, addresses, ARRAY_SIZE(addresses), &err), err,
			   EINVAL, ERROR_USAGE);
	addresses[1].family = AF_UNSPEC;
	check_refused(&bridge, _i, addresses, 2, EINVAL, ERROR_USAGE);
	suite_assert_error(dad_announce(&tap, &spec, addresses, 2, &err), err, EINVAL, ERROR_USAGE);

	/* nothing has been sent before this */
	announce(NULL, NULL);
	ck_assert_int_eq(poll(&poll_fd, 1, LONG_MS), 1);
	ck_assert_int_eq(recv(lan, frame, sizeof(frame), 0), sizeof(frame));
	ck_assert_uint_eq(frame[ETH_TYPE_AT], 0x80);
}
END_TEST

START_TEST(without_cap_net_raw)
{
	const struct ip_addr addr = ip("10.0.0.5");

	netns_use_capability(CAP_NET_RAW, false);
	check_refused(&bridge, _i, &addr, 1, EPERM, ERROR_PERMISSION);
	netns_use_capability(CAP_NET_RAW, true);
}
END_TEST

START_TEST(link_that_is_down_or_gone)
{
	const struct ip_addr addr = ip("10.0.0.5");
	struct bridge gone = bridge;

	netns_run("ip link set %s down", _i == ON_BRIDGE ? "br0" : "mvm-web1");
	check_refused(&bridge, _i, &addr, 1, _i == ON_BRIDGE ? ENETDOWN : EIO, ERROR_FAILED);
	if (_i == ON_BRIDGE) {
		gone.ifindex = 999999;
		check_refused(&gone, _i, &addr, 1, ENODEV, ERROR_FAILED);
	}
}
END_TEST

START_TEST(bridge_that_goes_away_meanwhile)
{
	struct dad *dad = ask(ON_BRIDGE, "10.0.0.5", NULL);
	struct error err = ERROR_INIT;
	struct ip_addr addr;
	struct mac mac;

	netns_run("ip link del br0");
	suite_assert_error(dad_check(dad, LONG_MS, &addr, &mac, &err), err, ENETDOWN, ERROR_FAILED);
	ck_assert_ptr_nonnull(strstr(err.message, "'br0'"));
	ck_assert_int_lt(dad_ask_again(dad, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.message, "'br0'"));
	dad_close(dad);
}
END_TEST

START_TEST(announced_byte_by_byte)
{
	static const int sizes[] = { 10, 12, 20 }; /* of the header, as QEMU may set it */
	int size = sizes[_i];

	ck_assert_int_eq(ioctl(tap.fds[0], TUNSETVNETHDRSZ, &size), 0);
	announce("10.0.0.5", "2001:db8::5");
	lan_hears("ffffffffffff 525400123456 0806 0001 0800 06 04 0001 525400123456 0a000005 "
		  "000000000000 0a000005");
	lan_hears("333300000001 525400123456 86dd 60000000 0020 3a ff "
		  "20010db8000000000000000000000005 ff020000000000000000000000000001 8800 7467 "
		  "20000000 20010db8000000000000000000000005 0201 525400123456");
	announce(NULL, NULL);
	lan_hears("ffffffffffff 525400123456 8035 0001 0800 06 04 0003 525400123456 00000000 "
		  "525400123456 00000000");
}
END_TEST

static void wait_for_neighbour_entry(const char *address, const char *mac)
{
	for (;;) {
		json_t *entries = netns_json("nsenter -t %d -n ip -j neigh show to %s dev eth0",
					     neighbour, address);
		bool found = strcmp(netns_str(json_array_get(entries, 0), "lladdr"), mac) == 0;

		json_decref(entries);
		if (found)
			return;
		usleep(10000);
	}
}

/* The test's own timeout is the judge. */
START_TEST(neighbours_learn_where_it_is_now)
{
	static const char *const addresses[] = { "10.0.0.5", "2001:db8::5" };

	make_neighbour();
	neighbour_has("10.0.0.6/24");
	neighbour_has("2001:db8::6/64");
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		netns_run("nsenter -t %d -n ip neigh replace %s lladdr 02:00:00:00:00:11 "
			  "dev eth0 nud reachable",
			  neighbour, addresses[i]);
		wait_for_neighbour_entry(addresses[i], "02:00:00:00:00:11");
		announce(addresses[i], NULL);
		wait_for_neighbour_entry(addresses[i], guest);
	}
}
END_TEST

START_TEST(announcing_through_a_tap_that_is_down)
{
	const struct ip_addr addr = ip("10.0.0.5");
	struct error err = ERROR_INIT;

	netns_run("ip link set mvm-web1 down");
	suite_assert_error(dad_announce(&tap, &spec, &addr, 1, &err), err, EIO, ERROR_FAILED);
	ck_assert_ptr_nonnull(strstr(err.message, "'mvm-web1'"));
	suite_assert_error(dad_announce(&tap, &spec, NULL, 0, &err), err, EIO, ERROR_FAILED);
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("net/dad");
	TCase *c = tcase_create("dad");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, asks_byte_by_byte, 0, WAYS);
	tcase_add_loop_test(c, nobody_has_it, 0, WAYS);
	tcase_add_loop_test(c, a_neighbour_has_it, 0, WAYS);
	tcase_add_loop_test(c, one_of_two_is_taken, 0, WAYS);
	tcase_add_loop_test(c, a_neighbour_is_about_to_take_it, 0, WAYS);
	tcase_add_loop_test(c, anothers_arp_probe, 0, WAYS);
	tcase_add_loop_test(c, answer_of_the_guests_own_mac, 0, WAYS);
	tcase_add_loop_test(c, own_questions_that_come_back, 0, WAYS);
	tcase_add_loop_test(c, what_claims_nothing, 0, ARRAY_SIZE(no_claims) * WAYS);
	tcase_add_loop_test(c, priority_tag_is_no_vlan, 0, WAYS);
	tcase_add_loop_test(c, answer_behind_a_flood, 0, WAYS);
	tcase_add_loop_test(c, the_guest_does_not_find_the_questions, 0, WAYS);
	tcase_add_test(c, spanning_tree);
	tcase_add_test(c, a_trunk_is_asked_through_its_tap);
	tcase_add_loop_test(c, nothing_to_ask, 0, WAYS);
	tcase_add_loop_test(c, addresses_that_are_none, 0, WAYS);
	tcase_add_loop_test(c, without_cap_net_raw, 0, WAYS);
	tcase_add_loop_test(c, link_that_is_down_or_gone, 0, WAYS);
	tcase_add_test(c, bridge_that_goes_away_meanwhile);
	tcase_add_loop_test(c, announced_byte_by_byte, 0, 3);
	tcase_add_test(c, neighbours_learn_where_it_is_now);
	tcase_add_test(c, announcing_through_a_tap_that_is_down);
	suite_add_tcase(s, c);
	return suite_run(s);
}
