/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guard lets a guest do: frames written into the tap, as QEMU would. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/netlink.h"
#include "net/tap.h"
#include "netns.h"
#include "suite.h"

static const char guest[] = "52:54:00:12:34:56";
static const char other_guest[] = "52:54:00:65:43:21";
static const char station[] = "02:00:00:00:00:aa"; /* on the LAN */
static const char broadcast[] = "ff:ff:ff:ff:ff:ff";

enum {
	VNET_HEADER = 10, /* struct virtio_net_hdr, the tap's default */
	ETH_HEADER = 14,
	FRAME = 64,
	ETHERTYPE_TEST = 0x88b5, /* IEEE 802, for local experiments */
};

static struct nl_sock *sock;
static struct bridge bridge;
static int lan; /* the LAN's end: hears all, says what it likes */

/* Hear and speak on a link, all of it. */
static int open_link(const char *name)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETHERTYPE_TEST),
	};
	json_t *link = netns_link(name);
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ck_assert_int_ge(fd, 0);
	address.sll_ifindex = netns_int(link, "ifindex");
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	json_decref(link);
	return fd;
}

static void setup(void)
{
	struct error err = ERROR_INIT;

	netns_enter();
	netns_make_lan();
	suite_assert_ok(netlink_open(&sock, &err), err);
	suite_assert_ok(bridge_get(sock, "br0", &bridge, &err), err);
	netns_run("ip link set lan1 promisc on");
	lan = open_link("lan1");
}

static void teardown(void)
{
	fd_close(&lan);
	netlink_close(&sock);
	netns_leave();
}

static struct tap open_tap(const char *name, const char *mac, bool guard)
{
	struct tap_spec spec = { .vm = name, .name = name, .guard = guard };
	struct error err = ERROR_INIT;
	struct tap tap = TAP_INIT;

	spec.guest_mac = netns_mac(mac);
	suite_assert_ok(tap_open(sock, &bridge, &spec, &tap, &err), err);
	return tap;
}

static void put_mac(unsigned char *out, const char *text)
{
	unsigned int byte[6];

	ck_assert_int_eq(sscanf(text, "%x:%x:%x:%x:%x:%x", &byte[0], &byte[1], &byte[2], &byte[3],
				&byte[4], &byte[5]),
			 6);
	for (size_t i = 0; i < 6; i++)
		out[i] = (unsigned char)byte[i];
}

/* Send a frame with a number in it; from a tap it goes out with the header that QEMU puts first. */
static void send_frame(int fd, size_t header, const char *from, const char *to, char number)
{
	unsigned char frame[VNET_HEADER + FRAME] = { 0 };
	unsigned char *eth = frame + header;

	put_mac(eth, to);
	put_mac(eth + 6, from);
	eth[12] = ETHERTYPE_TEST >> 8;
	eth[13] = ETHERTYPE_TEST & 0xff;
	eth[ETH_HEADER] = (unsigned char)number;
	ck_assert_int_eq(write(fd, frame, header + FRAME), (ssize_t)(header + FRAME));
}

static void guest_sends(const struct tap *tap, const char *from, const char *to, char number)
{
	send_frame(tap->fds[0], VNET_HEADER, from, to, number);
}

static void lan_sends(const char *from, const char *to, char number)
{
	send_frame(lan, 0, from, to, number);
}

/* The numbers of the frames heard up to '.', which is always sent last and always arrives. */
static const char *hear(int fd, size_t header)
{
	static char heard[32];
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	size_t n = 0;

	memset(heard, 0, sizeof(heard));
	while (n < sizeof(heard) - 1) {
		unsigned char frame[2048] = { 0 };
		unsigned char *eth = frame + header;

		ck_assert_msg(poll(&poll_fd, 1, 60000) == 1, "no end after '%s'", heard);
		ck_assert_int_gt(read(fd, frame, sizeof(frame)), 0);
		if (eth[12] != ETHERTYPE_TEST >> 8 || eth[13] != (ETHERTYPE_TEST & 0xff))
			continue;
		if (eth[ETH_HEADER] == '.')
			break;
		heard[n++] = (char)eth[ETH_HEADER];
	}
	return heard;
}

static const char *lan_hears(void)
{
	return hear(lan, 0);
}

static const char *guest_hears(const struct tap *tap)
{
	return hear(tap->fds[0], VNET_HEADER);
}

/* The ports that have an entry of that MAC, as "mvm-a ". */
static const char *ports_of(const char *mac)
{
	static char ports[256];
	json_t *entries = netns_fdb("br0", mac);
	json_t *entry;
	size_t i;

	ports[0] = '\0';
	json_array_foreach(entries, i, entry)
	{
		strcat(ports, netns_str(entry, "ifname"));
		strcat(ports, " ");
	}
	json_decref(entries);
	return ports;
}

START_TEST(own_mac_passes)
{
	struct tap tap = open_tap("mvm-a", guest, true);

	guest_sends(&tap, guest, broadcast, '1');
	guest_sends(&tap, guest, "33:33:00:00:00:01", '2');
	guest_sends(&tap, guest, station, '3'); /* unknown, so flooded */
	lan_sends(station, broadcast, '4'); /* learned */
	guest_sends(&tap, guest, station, '5');
	guest_sends(&tap, guest, broadcast, '.');
	ck_assert_str_eq(lan_hears(), "1235");
	tap_close(&tap);
}
END_TEST

static const char *const forged[] = {
	"52:54:00:12:34:57", "00:00:00:00:00:01", "fe:54:00:12:34:56", /* the tap's own */
	"52:54:00:00:00:02", /* the bridge's */
	"02:00:00:00:00:aa", /* the station's */
	"52:54:00:65:43:21", /* another guest's */
	"ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00",
};

START_TEST(forged_mac_does_not_pass)
{
	struct tap tap = open_tap("mvm-a", guest, true);
	struct tap other = open_tap("mvm-b", other_guest, true);

	lan_sends(station, broadcast, '0');
	for (size_t i = 0; i < ARRAY_SIZE(forged); i++) {
		char *owners = xstrdup(ports_of(forged[i]));

		guest_sends(&tap, forged[i], broadcast, '1');
		guest_sends(&tap, forged[i], station, '2');
		guest_sends(&tap, forged[i], other_guest, '3');
		guest_sends(&tap, guest, broadcast, '.');
		ck_assert_msg(!*lan_hears(), "from %s", forged[i]);
		ck_assert_msg(!strpbrk(guest_hears(&other), "123"), "from %s", forged[i]);
		ck_assert_str_eq(ports_of(forged[i]), owners);
		free(owners);
	}
	ck_assert_str_eq(ports_of("52:54:00:12:34:57"), "");
	ck_assert_str_eq(ports_of(station), "lan0 ");
	ck_assert_str_eq(ports_of(other_guest), "mvm-b ");
	ck_assert_str_eq(ports_of(guest), "mvm-a ");
	tap_close(&other);
	tap_close(&tap);
}
END_TEST

START_TEST(mac_is_not_stolen)
{
	struct tap tap = open_tap("mvm-a", guest, true);
	struct tap thief = open_tap("mvm-b", other_guest, true);

	guest_sends(&thief, guest, broadcast, '1');
	lan_sends(guest, broadcast, '2'); /* nor by the LAN */
	ck_assert_str_eq(ports_of(guest), "mvm-a ");
	lan_sends(station, guest, '3');
	lan_sends(station, broadcast, '.');
	ck_assert_str_eq(guest_hears(&tap), "23");
	ck_assert_str_eq(guest_hears(&thief), "2");
	tap_close(&thief);
	tap_close(&tap);
}
END_TEST

START_TEST(guest_without_guard_steals_nothing)
{
	struct tap tap = open_tap("mvm-a", guest, true);
	struct tap thief = open_tap("mvm-b", other_guest, false);

	guest_sends(&thief, guest, broadcast, '1');
	ck_assert_str_eq(ports_of(guest), "mvm-a ");
	lan_sends(station, guest, '2');
	lan_sends(station, broadcast, '.');
	ck_assert_str_eq(guest_hears(&tap), "12");
	ck_assert_str_eq(guest_hears(&thief), "");
	tap_close(&thief);
	tap_close(&tap);
}
END_TEST

START_TEST(guest_hears_what_is_for_it)
{
	struct tap tap = open_tap("mvm-a", guest, true);

	lan_sends(station, guest, '1');
	lan_sends(station, broadcast, '2');
	lan_sends(station, "01:00:5e:00:00:fb", '3');
	lan_sends(station, "02:00:00:00:00:bb", 'x'); /* unknown: not flooded to it */
	lan_sends(station, other_guest, 'y');
	lan_sends(station, broadcast, '.');
	ck_assert_str_eq(guest_hears(&tap), "123");
	tap_close(&tap);
}
END_TEST

/* A permanent entry would have made the guest an address of the host's own. */
START_TEST(host_and_guest_reach_each_other)
{
	struct tap tap = open_tap("mvm-a", guest, true);
	int host = open_link("br0");

	send_frame(host, 0, netns_bridge_mac, guest, '1');
	send_frame(host, 0, netns_bridge_mac, broadcast, '.');
	ck_assert_str_eq(guest_hears(&tap), "1");
	guest_sends(&tap, guest, netns_bridge_mac, '2');
	guest_sends(&tap, "52:54:00:12:34:57", netns_bridge_mac, 'x');
	guest_sends(&tap, guest, broadcast, '.');
	ck_assert_str_eq(hear(host, 0), "2");
	fd_close(&host);
	tap_close(&tap);
}
END_TEST

START_TEST(guard_off_lets_pass_and_learns)
{
	struct tap tap = open_tap("mvm-a", guest, false);

	ck_assert_str_eq(ports_of(guest), "");
	guest_sends(&tap, guest, broadcast, '1');
	guest_sends(&tap, "52:54:00:12:34:57", broadcast, '2');
	guest_sends(&tap, guest, broadcast, '.');
	ck_assert_str_eq(lan_hears(), "12");
	ck_assert_str_eq(ports_of(guest), "mvm-a ");
	ck_assert_str_eq(ports_of("52:54:00:12:34:57"), "mvm-a ");
	lan_sends(station, "02:00:00:00:00:bb", '3');
	lan_sends(station, broadcast, '.');
	ck_assert_str_eq(guest_hears(&tap), "3");
	tap_close(&tap);
	ck_assert_str_eq(ports_of(guest), "");
}
END_TEST

START_TEST(guests_reach_each_other)
{
	struct tap a = open_tap("mvm-a", guest, true);
	struct tap b = open_tap("mvm-b", other_guest, true);

	guest_sends(&a, guest, other_guest, '1');
	guest_sends(&a, guest, broadcast, '.');
	ck_assert_str_eq(guest_hears(&b), "1");
	guest_sends(&b, other_guest, guest, '2');
	guest_sends(&b, other_guest, broadcast, '.');
	ck_assert_str_eq(guest_hears(&a), "2");
	tap_close(&a);
	lan_sends(station, broadcast, '3'); /* b still works */
	lan_sends(station, broadcast, '.');
	ck_assert_str_eq(guest_hears(&b), "3");
	tap_close(&b);
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("net/tap-guard");
	TCase *c = tcase_create("guard");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, own_mac_passes);
	tcase_add_test(c, forged_mac_does_not_pass);
	tcase_add_test(c, mac_is_not_stolen);
	tcase_add_test(c, guest_without_guard_steals_nothing);
	tcase_add_test(c, guest_hears_what_is_for_it);
	tcase_add_test(c, host_and_guest_reach_each_other);
	tcase_add_test(c, guard_off_lets_pass_and_learns);
	tcase_add_test(c, guests_reach_each_other);
	suite_add_tcase(s, c);
	return suite_run(s);
}
