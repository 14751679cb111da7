/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links with their addresses and routes, taps of ours, and setting a link up, held against `ip`. */
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "net/links.h"
#include "net/netlink.h"
#include "netns.h"
#include "suite.h"

static struct nl_sock *sock;

static void setup(void)
{
	struct error err = ERROR_INIT;

	netns_enter();
	netns_run("ip link add lan0 address 52:54:00:00:00:07 mtu 1400 type veth peer name lan1");
	suite_assert_ok(netlink_open(&sock, &err), err);
}

static void teardown(void)
{
	netlink_close(&sock);
	netns_leave();
}

static struct link get(const char *name)
{
	struct error err = ERROR_INIT;
	struct link link;

	suite_assert_ok(link_read(sock, name, &link, &err), err);
	return link;
}

static const char *address(const struct link *link, size_t i)
{
	static char text[IP_TEXT_MAX];

	ck_assert_uint_lt(i, link->n_addresses);
	ip_prefix_format(&link->addresses[i].prefix, text);
	return text;
}

START_TEST(a_link_is_as_ip_has_it)
{
	struct link link = get("lan0");
	json_t *wanted = netns_link("lan0");
	char mac[MAC_TEXT_MAX];

	mac_format(&link.mac, mac);
	ck_assert_str_eq(link.name, "lan0");
	ck_assert_str_eq(link.kind, "veth");
	ck_assert_str_eq(mac, netns_str(wanted, "address"));
	ck_assert_int_eq(link.ifindex, netns_int(wanted, "ifindex"));
	ck_assert_uint_eq(link.mtu, 1400);
	ck_assert_uint_eq(link.master, 0);
	ck_assert(link.ethernet);
	ck_assert_uint_eq(link.n_addresses, 0);
	ck_assert_uint_eq(link.n_routes, 0);
	json_decref(wanted);
	ck_assert(!get("lo").ethernet);
	netns_run("ip link add br0 type bridge && ip link set lan0 master br0");
	ck_assert_uint_eq(get("lan0").master, get("br0").ifindex);
}
END_TEST

START_TEST(addresses_are_those_that_are_seen_outside)
{
	struct link link;

	netns_run("ip link set lan0 up && ip link set lan1 up");
	netns_run("ip address add 192.168.86.2/24 dev lan0");
	netns_run("ip address add 192.168.86.3/24 dev lan0 valid_lft 600 preferred_lft 600");
	netns_run("ip address add 169.254.1.1/16 scope link dev lan0");
	netns_run("ip address add 192.168.86.4/24 dev lan1");
	netns_run("ip -6 address add 2001:db8::2/64 dev lan0 nodad");
	netns_sysctl("ipv6/conf/lan0/use_tempaddr", "2");
	netns_run("ip -6 address add 2001:db8:1::2/64 dev lan0 nodad mngtmpaddr valid_lft 600 "
		  "preferred_lft 600");
	netns_run("ip -6 address show dev lan0 | grep -q temporary");
	link = get("lan0"); /* which has fe80:: as well */
	ck_assert_uint_eq(link.n_addresses, 4);
	ck_assert_str_eq(address(&link, 0), "192.168.86.2/24");
	ck_assert(!link.addresses[0].dynamic);
	ck_assert_str_eq(address(&link, 1), "192.168.86.3/24");
	ck_assert(link.addresses[1].dynamic);
	for (size_t i = 2; i < 4; i++) {
		bool is_lasting = strcmp(address(&link, i), "2001:db8::2/64") == 0;

		ck_assert(is_lasting || strcmp(address(&link, i), "2001:db8:1::2/64") == 0);
		ck_assert(link.addresses[i].dynamic == !is_lasting);
	}
}
END_TEST

START_TEST(routes_are_those_that_somebody_set)
{
	char text[IP_TEXT_MAX];
	struct link link;

	netns_run("ip link set lan0 up && ip link set lan1 up");
	netns_run("ip address add 192.168.86.2/24 dev lan0");
	netns_run("ip address add 10.0.0.2/24 dev lan1");
	netns_run("ip -6 address add 2001:db8::2/64 dev lan0 nodad");
	netns_run("ip route add default via 192.168.86.1 metric 50");
	netns_run("ip route add 10.9.0.0/16 dev lan0 proto dhcp");
	netns_run("ip route add 10.8.0.0/16 via 10.0.0.1");
	netns_run("ip route add 10.7.0.0/16 dev lan0 table 7");
	netns_run("ip route add blackhole 10.6.0.0/16");
	netns_run("ip route add multicast 239.1.0.0/16 dev lan0");
	netns_run("ip -6 route add default via 2001:db8::1");
	link = get("lan0");
	ck_assert_uint_eq(link.n_routes, 3);
	ck_assert_uint_eq(link.routes[0].to.length, 0);
	ck_assert_uint_eq(link.routes[0].metric, 50);
	ip_format(&link.routes[0].gateway, text);
	ck_assert_str_eq(text, "192.168.86.1");
	ck_assert(!link.routes[0].dynamic);
	ip_prefix_format(&link.routes[1].to, text);
	ck_assert_str_eq(text, "10.9.0.0/16");
	ck_assert(link.routes[1].dynamic);
	ck_assert_int_eq(link.routes[1].gateway.family, AF_UNSPEC);
	ck_assert_int_eq(link.routes[2].to.addr.family, AF_INET6);
	ip_format(&link.routes[2].gateway, text);
	ck_assert_str_eq(text, "2001:db8::1");
}
END_TEST

START_TEST(too_many_are_left_out)
{
	struct link link;

	netns_run("for i in $(seq 100); do echo address add 10.0.$i.1/32 dev lan0; done | "
		  "ip -batch -");
	link = get("lan0");
	ck_assert_uint_eq(link.n_addresses, LINK_ADDRESSES_MAX);
}
END_TEST

START_TEST(a_link_that_is_none_is_refused)
{
	struct error err = ERROR_INIT;
	struct link link = { .mtu = 7 };

	suite_assert_error(link_read(sock, "nowhere", &link, &err), err, ENODEV, ERROR_HOST);
	suite_assert_error(link_read(sock, "", &link, &err), err, EINVAL, ERROR_USAGE);
	ck_assert_uint_eq(link.mtu, 7);
	suite_assert_error(link_set_up(sock, "nowhere", &err), err, ENODEV, ERROR_HOST);
}
END_TEST

static size_t count_taps(struct tap_link **ret)
{
	struct error err = ERROR_INIT;
	size_t n = 7;

	suite_assert_ok(taps_list(sock, ret, &n, &err), err);
	return n;
}

START_TEST(taps_are_ours_by_their_alias)
{
	struct tap_link *taps = NULL;

	ck_assert_uint_eq(count_taps(&taps), 0);
	free(taps);
	netns_run("ip link add br0 type bridge");
	netns_run("ip tuntap add mvm-one mode tap && ip tuntap add mvm-two mode tap");
	netns_run("ip tuntap add other mode tap && ip tuntap add none mode tap");
	netns_run("ip link set mvm-one master br0 alias mnmivm-se:one/0 up");
	netns_run("ip link set mvm-two alias mnmivm-se:two/1");
	netns_run("ip link set other alias somebody:one/0");
	netns_run("ip link set lan0 alias mnmivm-se:three/0"); /* no tap */
	ck_assert_uint_eq(count_taps(&taps), 2);
	ck_assert_str_eq(taps[0].name, "mvm-one");
	ck_assert_str_eq(taps[0].alias, "mnmivm-se:one/0");
	ck_assert_uint_eq(taps[0].master, get("br0").ifindex);
	ck_assert(taps[0].up);
	ck_assert_str_eq(taps[1].name, "mvm-two");
	ck_assert_uint_eq(taps[1].master, 0);
	ck_assert(!taps[1].up);
	free(taps);
}
END_TEST

START_TEST(a_link_is_set_up)
{
	struct error err = ERROR_INIT;
	json_t *link;

	netns_use_capability(CAP_NET_ADMIN, false);
	suite_assert_error(link_set_up(sock, "lan0", &err), err, EPERM, ERROR_PERMISSION);
	netns_use_capability(CAP_NET_ADMIN, true);
	netns_run("! ip link show lan0 | grep -q '[<,]UP[,>]'");
	suite_assert_ok(link_set_up(sock, "lan0", &err), err);
	suite_assert_ok(link_set_up(sock, "lan0", &err), err);
	netns_run("ip link show lan0 | grep -q '[<,]UP[,>]'");
	link = netns_link("lan0");
	ck_assert_int_eq(netns_int(link, "mtu"), 1400);
	json_decref(link);
}
END_TEST

static Suite *links_suite(void)
{
	Suite *s = suite_create("links");
	TCase *tc = tcase_create("links");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_link_is_as_ip_has_it);
	tcase_add_test(tc, addresses_are_those_that_are_seen_outside);
	tcase_add_test(tc, routes_are_those_that_somebody_set);
	tcase_add_test(tc, too_many_are_left_out);
	tcase_add_test(tc, a_link_that_is_none_is_refused);
	tcase_add_test(tc, taps_are_ours_by_their_alias);
	tcase_add_test(tc, a_link_is_set_up);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	const char *missing = netns_missing();

	return missing ? suite_skip(missing) : suite_run(links_suite());
}
