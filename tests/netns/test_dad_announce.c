/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses announced on a LAN, and what can be neither asked for nor announced. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "dad_lab.h"
#include "netns.h"

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
	Suite *s = suite_create("net/dad_announce");
	TCase *c = tcase_create("announce");

	tcase_add_loop_test(c, addresses_that_are_none, 0, WAYS);
	tcase_add_loop_test(c, without_cap_net_raw, 0, WAYS);
	tcase_add_loop_test(c, link_that_is_down_or_gone, 0, WAYS);
	tcase_add_test(c, bridge_that_goes_away_meanwhile);
	tcase_add_loop_test(c, announced_byte_by_byte, 0, 3);
	tcase_add_test(c, neighbours_learn_where_it_is_now);
	tcase_add_test(c, announcing_through_a_tap_that_is_down);
	return dad_main(s, c);
}
