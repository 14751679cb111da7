/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bridges and the LAN behind them, as this host sees them. */
#include <errno.h>
#include <fcntl.h>
#include <netlink/socket.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "bridge_lab.h"
#include "net/netlink.h"
#include "netns.h"
#include "suite.h"

static struct ip_addr address(const char *text)
{
	struct error err = ERROR_INIT;
	struct ip_addr addr;

	suite_assert_ok(ip_parse("address", text, &addr, &err), err);
	return addr;
}

START_TEST(socket_is_not_inherited_and_closes)
{
	struct error err = ERROR_INIT;
	struct nl_sock *other;
	int before = suite_count_fds();

	ck_assert_int_eq(fcntl(nl_socket_get_fd(sock), F_GETFD), FD_CLOEXEC);
	suite_assert_ok(netlink_open(&other, &err), err);
	netlink_close(&other);
	ck_assert_ptr_null(other);
	netlink_close(&other);
	ck_assert_int_eq(suite_count_fds(), before);
}
END_TEST

/* Hold bridge_get() against `ip`. */
static void check_facts(const char *name)
{
	struct bridge bridge = get(name);
	json_t *link = netns_link(name);
	int default_pvid = netns_int(link, "linkinfo.info_data.vlan_default_pvid");
	char mac[MAC_TEXT_MAX];

	ck_assert_ptr_nonnull(link);
	mac_format(&bridge.mac, mac);
	ck_assert_str_eq(bridge.name, name);
	ck_assert_str_eq(mac, netns_str(link, "address"));
	ck_assert_int_eq(bridge.ifindex, netns_int(link, "ifindex"));
	ck_assert_int_eq(bridge.mtu, netns_int(link, "mtu"));
	ck_assert_int_eq(bridge.stp, netns_int(link, "linkinfo.info_data.stp_state"));
	ck_assert_int_eq(bridge.vlan_filtering,
			 netns_int(link, "linkinfo.info_data.vlan_filtering"));
	ck_assert_int_eq(bridge.default_pvid, default_pvid < 0 ? 0 : default_pvid);
	json_decref(link);
}

START_TEST(facts_are_those_of_ip)
{
	netns_run("ip link add br0 type bridge");
	check_facts("br0");
	ck_assert(!get("br0").up);
	ck_assert(!get("br0").stp);
	netns_run("ip link set br0 up mtu 9000 address 02:00:00:00:00:07");
	check_facts("br0");
	ck_assert(get("br0").up);
	netns_run("ip link add br1 mtu 1280 type bridge stp_state 1");
	check_facts("br1");
	ck_assert(get("br1").stp);
}
END_TEST

START_TEST(vlans_are_those_of_ip)
{
	netns_run("ip link add br0 type bridge");
	netns_run("ip link set br0 type bridge vlan_filtering 1");
	check_facts("br0");
	ck_assert(get("br0").vlan_filtering);
	ck_assert_uint_eq(get("br0").default_pvid, 1);
	netns_run("ip link set br0 type bridge vlan_default_pvid 42");
	check_facts("br0");
	ck_assert_uint_eq(get("br0").default_pvid, 42);
	netns_run("ip link set br0 type bridge vlan_filtering 0 vlan_default_pvid 0");
	check_facts("br0");
	ck_assert(!get("br0").vlan_filtering);
}
END_TEST

START_TEST(other_name_resolves_to_the_canonical_one)
{
	static const char *const names[] = { "short", "exactly-15-byte", "exactly-16-bytes",
					     "a-name-longer-than-any-interface-may-have" };

	netns_run("ip link add br0 type bridge");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		netns_run("ip link property add dev br0 altname %s", names[i]);
		ck_assert_str_eq(get(names[i]).name, "br0");
		ck_assert_uint_eq(get(names[i]).ifindex, get("br0").ifindex);
	}
}
END_TEST

START_TEST(absent_is_an_error_of_the_host)
{
	static const char *const names[] = { "br0",
					     "br",
					     "br00",
					     "BR0",
					     "br0 ",
					     "br%d",
					     "../br0",
					     "exactly-15-byte",
					     "longer-than-an-interface" };
	struct bridge untouched, bridge;

	memset(&untouched, 0x5a, sizeof(untouched));
	bridge = untouched;
	netns_run("ip link add br0x type bridge");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct error err = ERROR_INIT;

		suite_assert_error(bridge_get(sock, names[i], &bridge, &err), err, ENODEV,
				   ERROR_HOST);
		ck_assert_ptr_nonnull(strstr(err.message, names[i]));
		ck_assert_ptr_nonnull(strstr(err.message, "does not exist"));
		ck_assert_ptr_nonnull(strstr(err.hint, "ip link add"));
	}
	ck_assert_mem_eq(&bridge, &untouched, sizeof(bridge));
}
END_TEST

START_TEST(no_name_is_refused_before_the_kernel_sees_it)
{
	char longest[129];

	for (size_t size = 0; size <= 128; size += 128) {
		struct error err = ERROR_INIT;
		struct bridge bridge;

		memset(longest, 'x', sizeof(longest));
		longest[size] = '\0';
		suite_assert_error(bridge_get(sock, longest, &bridge, &err), err, EINVAL,
				   ERROR_USAGE);
	}
}
END_TEST

START_TEST(another_kind_of_link_is_named)
{
	static const char *const links[][2] = { { "lo", "link 'lo' is no bridge" },
						{ "v0", "it is a 'veth'" },
						{ "alt", "link 'v0' is no bridge" },
						{ "t0", "it is a 'tun'" } };

	netns_run("ip link add v0 type veth peer name v1");
	netns_run("ip link property add dev v0 altname alt");
	netns_run("ip tuntap add t0 mode tap");
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		struct error err = ERROR_INIT;
		struct bridge bridge;

		suite_assert_error(bridge_get(sock, links[i][0], &bridge, &err), err, ENOTSUP,
				   ERROR_HOST);
		ck_assert_msg(strstr(err.message, links[i][1]) != NULL, "%s", err.message);
		ck_assert_str_ne(err.hint, "");
	}
}
END_TEST

/* Hold what bridge_get_lan() says of br0 against "ADDR/N" and "GATEWAY", each "" for none. */
static void check_lan(const char *prefix, const char *gateway)
{
	struct bridge bridge = get("br0");
	struct error err = ERROR_INIT;
	char text[IP_TEXT_MAX] = "";
	struct bridge_lan lan;

	memset(&lan, 0x5a, sizeof(lan));
	suite_assert_ok(bridge_get_lan(sock, &bridge, &lan, &err), err);
	ck_assert_int_eq(lan.prefix.addr.family, *prefix ? AF_INET : AF_UNSPEC);
	if (*prefix)
		ip_prefix_format(&lan.prefix, text);
	ck_assert_str_eq(text, prefix);
	ck_assert_int_eq(lan.gateway.family, *gateway ? AF_INET : AF_UNSPEC);
	text[0] = '\0';
	if (*gateway)
		ip_format(&lan.gateway, text);
	ck_assert_str_eq(text, gateway);
}

START_TEST(lan_of_a_bridge)
{
	netns_run("ip link add br0 type bridge");
	check_lan("", "");
	netns_run("ip link set br0 up");
	check_lan("", "");
	netns_run("ip addr add 169.254.3.4/16 scope link dev br0");
	netns_run("ip addr add 2001:db8::1/64 nodad dev br0");
	check_lan("", "");
	netns_run("ip addr add 10.9.8.7/20 dev br0");
	netns_run("ip addr add 192.0.2.1/24 dev br0");
	check_lan("10.9.8.7/20", "");
	netns_run("ip route add 198.51.100.0/24 via 10.9.8.3");
	check_lan("10.9.8.7/20", "");
	netns_run("ip route add default via 10.9.8.2 metric 100");
	check_lan("10.9.8.7/20", "10.9.8.2");
	netns_run("ip route add default via 10.9.8.1 metric 50");
	netns_run("ip route add default via 10.9.8.4 metric 200");
	check_lan("10.9.8.7/20", "10.9.8.1");
}
END_TEST

START_TEST(lan_of_another_link_is_not_ours)
{
	netns_run("ip link add br0 type bridge");
	netns_run("ip link add br1 type bridge");
	netns_run("ip link set br0 up");
	netns_run("ip link set br1 up");
	netns_run("ip addr add 10.1.0.1/24 dev br1");
	netns_run("ip route add default via 10.1.0.254");
	check_lan("", "");
	netns_run("ip addr add 10.0.0.1/24 dev br0");
	check_lan("10.0.0.1/24", "");

	/* in another table, or without a gateway, or over IPv6 */
	netns_run("ip route add default via 10.0.0.3 table 77");
	netns_run("ip route add default dev br0 metric 7");
	netns_run("ip route add default via inet6 fe80::1 dev br0 metric 8");
	check_lan("10.0.0.1/24", "");

	netns_run("ip route add default metric 9 nexthop via 10.1.0.9 nexthop via 10.0.0.9");
	check_lan("10.0.0.1/24", "10.0.0.9");
	netns_run("ip route del default metric 9");
	netns_run("ip route add default metric 9 nexthop via 10.0.0.9 nexthop via 10.1.0.9");
	check_lan("10.0.0.1/24", "10.0.0.9");
}
END_TEST

START_TEST(lan_in_a_namespace_without_routing_tables)
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	netlink_close(&sock);
	suite_assert_ok(netlink_open(&sock, &err), err);
	netns_run("ip link add br0 type bridge");
	check_lan("", "");
}
END_TEST

START_TEST(lan_of_a_bridge_that_went_away)
{
	struct bridge_lan untouched, lan;
	struct error err = ERROR_INIT;
	struct bridge bridge;

	memset(&untouched, 0x5a, sizeof(untouched));
	lan = untouched;
	netns_run("ip link add br0 type bridge");
	bridge = get("br0");
	netns_run("ip link del br0");
	ck_assert_int_eq(bridge_get_lan(sock, &bridge, &lan, &err), -ENODEV);
	ck_assert_ptr_nonnull(strstr(err.message, "'br0'"));
	ck_assert_mem_eq(&lan, &untouched, sizeof(lan));
}
END_TEST

static bool is_local(const char *text)
{
	struct ip_addr addr = address(text);
	struct error err = ERROR_INIT;
	bool local;

	suite_assert_ok(bridge_address_is_local(sock, &addr, &local, &err), err);
	return local;
}

START_TEST(addresses_of_the_host)
{
	netns_run("ip link add br0 type bridge");
	netns_run("ip link add br1 type bridge");
	netns_run("ip addr add 10.0.0.1/24 dev br0");
	netns_run("ip addr add 10.0.1.1/32 dev lo");
	netns_run("ip addr add 2001:db8::1/64 nodad dev br0");
	ck_assert(is_local("10.0.0.1")); /* the bridge is down */
	netns_run("ip link set br0 up");
	netns_run("until ip -6 route show table local | grep -q 2001:db8::1; do sleep 0.02; done");
	ck_assert(is_local("10.0.0.1"));
	ck_assert(is_local("10.0.1.1"));
	ck_assert(is_local("127.0.0.1"));
	ck_assert(is_local("2001:db8::1"));
	ck_assert(is_local("::1"));
}
END_TEST

START_TEST(addresses_of_others)
{
	static const char *const others[] = { "10.0.0.2",    "10.0.0.255",   "10.0.0.0",
					      "192.0.2.1",   "198.51.100.1", "203.0.113.1",
					      "233.252.0.1", "2001:db8::2",  "2001:db8:1::1",
					      "ff02::1" };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		ck_assert_msg(!is_local(others[i]), "%s without a route", others[i]);
	netns_run("ip link add br0 type bridge");
	netns_run("ip link set br0 up");
	netns_run("ip addr add 10.0.0.1/24 dev br0");
	netns_run("ip addr add 2001:db8::1/64 nodad dev br0");
	netns_run("ip route add blackhole 192.0.2.0/24");
	netns_run("ip route add unreachable 198.51.100.0/24");
	netns_run("ip route add prohibit 203.0.113.0/24");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		ck_assert_msg(!is_local(others[i]), "%s with routes", others[i]);
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("net/bridge");
	TCase *c = tcase_create("bridge");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, bridge_lab_enter, bridge_lab_leave);
	tcase_add_test(c, socket_is_not_inherited_and_closes);
	tcase_add_test(c, facts_are_those_of_ip);
	if (netns_kernel_has_vlans())
		tcase_add_test(c, vlans_are_those_of_ip);
	else
		suite_kernel_lacks("vlans_are_those_of_ip", "VLAN filtering");
	tcase_add_test(c, other_name_resolves_to_the_canonical_one);
	tcase_add_test(c, absent_is_an_error_of_the_host);
	tcase_add_test(c, no_name_is_refused_before_the_kernel_sees_it);
	tcase_add_test(c, another_kind_of_link_is_named);
	tcase_add_test(c, lan_of_a_bridge);
	tcase_add_test(c, lan_of_another_link_is_not_ours);
	tcase_add_test(c, lan_in_a_namespace_without_routing_tables);
	tcase_add_test(c, lan_of_a_bridge_that_went_away);
	tcase_add_test(c, addresses_of_the_host);
	tcase_add_test(c, addresses_of_others);
	suite_add_tcase(s, c);
	return suite_run(s);
}
