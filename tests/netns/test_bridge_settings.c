/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bridges of a host, their settings, and the addresses of links, held against `ip`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "bridge_lab.h"
#include "net/ports.h"
#include "netns.h"
#include "suite.h"

static struct bridge_settings settings_of(const char *name)
{
	struct bridge bridge = get(name);
	struct error err = ERROR_INIT;
	struct bridge_settings settings;

	memset(&settings, 0x5a, sizeof(settings));
	suite_assert_ok(bridge_get_settings(sock, &bridge, &settings, &err), err);
	return settings;
}

/* `ip` says "nf_call_iptables": 0 or 1, or nothing in a kernel built without. */
static enum port_state state_at(const json_t *link, const char *keys)
{
	int value = netns_int(link, keys);

	return value < 0 ? PORT_UNKNOWN : value ? PORT_ON : PORT_OFF;
}

static void check_settings(const char *name)
{
	struct bridge_settings settings = settings_of(name);
	json_t *link = netns_link(name);

	ck_assert_ptr_nonnull(link);
	ck_assert_int_eq(settings.forward_delay_ms,
			 netns_int(link, "linkinfo.info_data.forward_delay") * 10);
	ck_assert_int_eq(settings.ageing_ms,
			 netns_int(link, "linkinfo.info_data.ageing_time") * 10);
	ck_assert_int_eq(settings.mcast_snooping,
			 netns_int(link, "linkinfo.info_data.mcast_snooping") == 1);
	ck_assert_int_eq(settings.mcast_querier,
			 netns_int(link, "linkinfo.info_data.mcast_querier") == 1);
	ck_assert_int_eq(settings.nf_call_iptables,
			 state_at(link, "linkinfo.info_data.nf_call_iptables"));
	ck_assert_int_eq(settings.nf_call_ip6tables,
			 state_at(link, "linkinfo.info_data.nf_call_ip6tables"));
	ck_assert_int_eq(settings.nf_call_arptables,
			 state_at(link, "linkinfo.info_data.nf_call_arptables"));
	json_decref(link);
}

START_TEST(settings_are_those_of_ip)
{
	static const char *const changes[] = {
		"forward_delay 200 ageing_time 6000",
		"mcast_snooping 0",
		"mcast_snooping 1",
		"mcast_querier 1",
		"nf_call_iptables 1",
		"nf_call_ip6tables 1",
		"nf_call_arptables 1",
		"ageing_time 0",
	};

	netns_run("ip link add br0 type bridge");
	netns_run("ip link add br1 type bridge");
	check_settings("br0");
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		netns_run("ip link set br0 type bridge %s", changes[i]);
		check_settings("br0");
	}
	check_settings("br1");
	ck_assert_uint_eq(settings_of("br0").forward_delay_ms, 2000);
	ck_assert_uint_eq(settings_of("br1").forward_delay_ms, 15000);
}
END_TEST

static void wait_for_carrier(const char *name, const char *carrier)
{
	netns_run("until ip link show %s | grep -q '%s'; do sleep 0.02; done", name, carrier);
}

START_TEST(carrier_comes_with_a_port)
{
	netns_run("ip link add br0 type bridge");
	netns_run("ip link add v0 type veth peer name v1");
	netns_run("ip link set v0 master br0");
	netns_run("for i in br0 v0 v1; do ip link set $i up; done");
	wait_for_carrier("br0", "LOWER_UP");
	ck_assert(settings_of("br0").carrier);
	netns_run("ip link set v1 down");
	wait_for_carrier("br0", "NO-CARRIER");
	ck_assert(!settings_of("br0").carrier);
}
END_TEST

/* Both bridges snoop; the far one is told to ask for members, which the near one hears. */
START_TEST(querier_of_the_lan_is_heard)
{
	netns_sysctl("ipv6/conf/default/disable_ipv6", "1");
	netns_run("ip link add br0 type bridge mcast_snooping 1");
	netns_run("ip link add br1 type bridge mcast_snooping 1");
	netns_run("ip link add v0 type veth peer name v1");
	netns_run("ip link set v0 master br0");
	netns_run("ip link set v1 master br1");
	netns_run("for i in br0 br1 v0 v1; do ip link set $i up; done");
	wait_for_carrier("br1", "LOWER_UP");
	ck_assert(!settings_of("br0").mcast_other_querier);

	netns_run("ip link set br1 type bridge mcast_querier 1");
	for (int i = 0; i < 1000 && !settings_of("br0").mcast_other_querier; i++)
		usleep(10000);
	ck_assert(settings_of("br0").mcast_other_querier);
	ck_assert(!settings_of("br0").mcast_querier);
	ck_assert(settings_of("br1").mcast_querier);
	ck_assert(!settings_of("br1").mcast_other_querier);
}
END_TEST

START_TEST(settings_of_a_bridge_that_went_away)
{
	struct bridge_settings untouched, settings;
	struct error err = ERROR_INIT;
	struct bridge bridge;

	memset(&untouched, 0x5a, sizeof(untouched));
	settings = untouched;
	netns_run("ip link add br0 type bridge");
	bridge = get("br0");
	netns_run("ip link del br0");
	ck_assert_int_eq(bridge_get_settings(sock, &bridge, &settings, &err), -ENODEV);
	ck_assert_ptr_nonnull(strstr(err.message, "'br0'"));
	ck_assert_mem_eq(&settings, &untouched, sizeof(settings));
}
END_TEST

/* The index went to another link meanwhile. */
START_TEST(settings_of_what_is_no_bridge)
{
	struct bridge bridge = { .name = "br0" };
	struct bridge_settings settings;
	struct error err = ERROR_INIT;
	json_t *link;

	netns_run("ip link add v0 type veth peer name v1");
	link = netns_link("v0");
	bridge.ifindex = (unsigned int)netns_int(link, "ifindex");
	suite_assert_error(bridge_get_settings(sock, &bridge, &settings, &err), err, EBADMSG,
			   ERROR_FAILED);
	json_decref(link);
}
END_TEST

/* link_addresses() as "192.0.2.1/24 ...", in the order of `ip`. */
static void check_addresses(const char *name)
{
	json_t *links = netns_json("ip -j addr show dev %s", name);
	const json_t *link = json_array_get(links, 0);
	const json_t *expected = netns_at(link, "addr_info");
	struct error err = ERROR_INIT;
	struct ip_prefix *list = NULL;
	size_t n = 99;

	suite_assert_ok(
		link_addresses(sock, (unsigned int)netns_int(link, "ifindex"), &list, &n, &err),
		err);
	ck_assert_uint_eq(n, json_array_size(expected));
	for (size_t i = 0; i < n; i++) {
		const json_t *other = json_array_get(expected, i);
		char text[IP_TEXT_MAX];

		ip_format(&list[i].addr, text);
		ck_assert_str_eq(text, netns_str(other, "local"));
		ck_assert_int_eq(list[i].length, netns_int(other, "prefixlen"));
	}
	free(list);
	json_decref(links);
}

START_TEST(addresses_are_those_of_ip)
{
	static const char *const more[] = {
		"10.0.0.1/24",
		"10.0.0.2/32",
		"10.0.0.3/24",
		"169.254.1.1/16 scope link",
		"2001:db8::1/64",
		"2001:db8:1::1/128 nodad",
		"192.0.2.1 peer 192.0.2.2/32",
		"2001:db8::5 peer 2001:db8::6/128",
	};

	netns_run("ip link add br0 type bridge");
	netns_run("ip link add br1 type bridge");
	netns_run("ip addr add 198.51.100.1/24 dev br1");
	check_addresses("br0");
	netns_run("ip link set br0 up");
	for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
		netns_run("ip addr add %s dev br0", more[i]);
		check_addresses("br0");
	}
	check_addresses("br1");
	check_addresses("lo");
}
END_TEST

START_TEST(addresses_of_no_link)
{
	struct ip_prefix *list = (void *)&list;
	struct error err = ERROR_INIT;
	size_t n = 77;

	ck_assert_int_eq(link_addresses(sock, 4711, &list, &n, &err), -ENODEV);
	ck_assert_ptr_eq(list, &list);
	ck_assert_uint_eq(n, 77);
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("net/bridge_settings");
	TCase *c = tcase_create("bridge_settings");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, bridge_lab_enter, bridge_lab_leave);
	tcase_add_test(c, settings_are_those_of_ip);
	tcase_add_test(c, carrier_comes_with_a_port);
	tcase_add_test(c, querier_of_the_lan_is_heard);
	tcase_add_test(c, settings_of_a_bridge_that_went_away);
	tcase_add_test(c, settings_of_what_is_no_bridge);
	tcase_add_test(c, addresses_are_those_of_ip);
	tcase_add_test(c, addresses_of_no_link);
	suite_add_tcase(s, c);
	return suite_run(s);
}
