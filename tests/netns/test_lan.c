/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the LAN is, by configuration, bridge and routes, and which addresses a guest can have. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "net/netlink.h"
#include "../../src/vm/lan.h"
#include "netns.h"
#include "suite.h"

static struct vm_host host;
static struct vm_config vm;
static struct nl_sock *sock;
static struct lan lan;
static struct error err;
static int notes, gateway_notes;

static void count_note(void *context, const char *text)
{
	(void)context;
	if (strstr(text, "gateway")) {
		gateway_notes++;
		return;
	}
	ck_assert_ptr_nonnull(strstr(text, "name server"));
	notes++;
}

static void setup(void)
{
	netns_enter();
	netns_make_lan();
	host = (struct vm_host)VM_HOST_INIT;
	host_config_init(&host.config);
	xreplace(&host.config.path, "/own.conf");
	strv_push(&host.config.lan_dns, "192.0.2.53");
	host.note = count_note;
	vm_config_init(&vm, &host.config);
	vm.nics[0].mac = netns_mac("52:54:00:12:34:56");
	lan = (struct lan){ 0 };
	err = (struct error)ERROR_INIT;
	notes = 0;
	gateway_notes = 0;
}

static void teardown(void)
{
	netlink_close(&sock);
	sock = NULL;
	lan_done(&lan);
	vm_config_done(&vm);
	host_config_done(&host.config);
	netns_leave();
}

static int find(void)
{
	int r;

	if (!sock)
		suite_assert_ok(netlink_open(&sock, &err), err);
	lan_done(&lan);
	lan = (struct lan){ 0 };
	r = lan_find(&host, sock, &vm.nics[0], &lan, &err);
	return r;
}

static int set_ips(const char *list)
{
	AUTO_STRV ips = STRV_INIT;

	strv_split(&ips, list, ' ');
	return lan_set_ips(&lan, &vm.nics[0], &ips, &err);
}

static int set_ip(const char *text)
{
	AUTO_STRV ips = STRV_INIT;

	strv_push(&ips, text);
	return lan_set_ips(&lan, &vm.nics[0], &ips, &err);
}

/* As create does it. */
static int set(const char *ip, bool want_gateway)
{
	int r;

	suite_assert_ok(find(), err);
	vm.nics[0].gateway = (struct ip_addr){ .family = AF_UNSPEC };
	r = set_ip(ip);
	if (!r)
		r = lan_complete_nic(&host, sock, &lan, want_gateway, true, &vm.nics[0], &err);
	return r;
}

static void configure(const char *cidr, const char *gateway)
{
	if (cidr)
		suite_assert_ok(ip_prefix_parse("cidr", cidr, &host.config.lan_cidr, &err), err);
	if (gateway)
		suite_assert_ok(ip_parse("gateway", gateway, &host.config.lan_gw, &err), err);
}

static void assert_lan(const char *prefix, const char *gateway)
{
	char text[IP_TEXT_MAX] = "";

	suite_assert_ok(find(), err);
	if (lan.prefix.addr.family)
		ip_prefix_format(&lan.prefix, text);
	ck_assert_str_eq(text, prefix);
	text[0] = '\0';
	if (lan.gateway.family)
		ip_format(&lan.gateway, text);
	ck_assert_str_eq(text, gateway);
}

static void assert_nic(const char *address, const char *gateway)
{
	char text[IP_TEXT_MAX];

	vm_nic_format_ip(&vm.nics[0], text);
	ck_assert_str_eq(text, address);
	text[0] = '\0';
	if (vm.nics[0].gateway.family)
		ip_format(&vm.nics[0].gateway, text);
	ck_assert_str_eq(text, gateway);
}

START_TEST(test_nothing_known)
{
	assert_lan("", "");
	suite_assert_error(set("192.168.86.50", true), err, EINVAL, ERROR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.message, "'br0'"));
	ck_assert_ptr_nonnull(strstr(err.hint, "lan_cidr in /own.conf"));
	suite_assert_ok(set("192.168.86.50/25", true), err);
	assert_nic("192.168.86.50/25", "");
	suite_assert_ok(set("dhcp", true), err);
	assert_nic("dhcp", "");
}
END_TEST

START_TEST(test_from_the_bridge)
{
	netns_run("ip addr add 192.168.86.1/24 dev br0");
	assert_lan("192.168.86.1/24", "");
	suite_assert_ok(set("192.168.86.50", true), err);
	assert_nic("192.168.86.50/24", "");
	/* no gateway is known: said, unless none is wanted */
	ck_assert_int_eq(gateway_notes, 1);
	suite_assert_ok(set("192.168.86.50", false), err);
	ck_assert_int_eq(gateway_notes, 1);
}
END_TEST

START_TEST(test_gateway_from_the_default_route)
{
	netns_run("ip addr add 192.168.86.2/24 dev br0");
	netns_run("ip route add default via 192.168.86.1 dev br0");
	assert_lan("192.168.86.2/24", "192.168.86.1");
	suite_assert_ok(set("192.168.86.50", true), err);
	assert_nic("192.168.86.50/24", "192.168.86.1");
	suite_assert_ok(set("192.168.86.50", false), err);
	assert_nic("192.168.86.50/24", "");
}
END_TEST

/* A default route that leads elsewhere is no gateway of this LAN. */
START_TEST(test_default_route_over_another_link)
{
	netns_run("ip addr add 192.168.86.1/24 dev br0");
	netns_run("ip link add up0 type veth peer name up1");
	netns_run("ip addr add 203.0.113.2/24 dev up0");
	netns_run("ip link set up0 up");
	netns_run("ip link set up1 up");
	netns_run("ip route add default via 203.0.113.1 dev up0");
	assert_lan("192.168.86.1/24", "");
}
END_TEST

START_TEST(test_from_the_configuration)
{
	netns_run("ip addr add 192.168.86.2/24 dev br0");
	netns_run("ip route add default via 192.168.86.1 dev br0");
	configure("10.1.0.0/16", "10.1.0.1");
	assert_lan("10.1.0.0/16", "10.1.0.1");
	suite_assert_ok(set("10.1.2.3", true), err);
	assert_nic("10.1.2.3/16", "10.1.0.1");
	suite_assert_error(set("192.168.86.50", true), err, EINVAL, ERROR_USAGE);
}
END_TEST

/* A bare address has the LAN's length, never a guessed one. */
START_TEST(test_wide_and_narrow)
{
	netns_run("ip addr add 10.1.0.2/16 dev br0");
	netns_run("ip route add default via 10.1.0.1 dev br0");
	suite_assert_ok(set("10.1.200.0", true), err);
	assert_nic("10.1.200.0/16", "10.1.0.1");
	netns_run("ip addr flush dev br0");
	netns_run("ip addr add 10.1.0.2/28 dev br0");
	suite_assert_error(set("10.1.0.15", true), err, EINVAL, ERROR_USAGE);
	suite_assert_error(set("10.1.0.16", true), err, EINVAL, ERROR_USAGE);
	suite_assert_ok(set("10.1.0.14", true), err);
	assert_nic("10.1.0.14/28", "");
}
END_TEST

START_TEST(test_refused)
{
	static const char *const addresses[] = {
		"192.168.87.50",
		"192.168.85.255",
		"10.0.0.1/8",
		"192.168.86.0",
		"192.168.86.255",
		"192.168.86.0/24",
		"192.168.86.255/24",
		"192.168.86.0/16",
		"192.168.86.255/16",
		"192.168.86.127/25",
		"192.168.86.128/25",
		"127.0.0.1",
		"0.0.0.0",
		"224.0.0.1",
		"255.255.255.255",
		"169.254.1.1",
		"192.168.86.50/0",
		"192.168.86.50/33",
		"192.168.86.50/",
		"192.168.86.50/-1",
		"192.168.86.50 ",
		"192.168.86",
		"192.168.86.050",
		"2001:db8::5/0",
		"ff02::5/64",
		"fe80::1/64",
		"",
		"/24",
		"DHCP",
		"dhcp/24",
		"web1",
	};

	netns_run("ip addr add 192.168.86.1/24 dev br0");
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		int r = set(addresses[i], true);

		ck_assert_msg(r < 0 && err.kind == ERROR_USAGE, "'%s': %d %s", addresses[i], r,
			      err.message);
	}
}
END_TEST

START_TEST(test_ipv6)
{
	netns_run("ip addr add 192.168.86.2/24 dev br0");
	netns_run("ip route add default via 192.168.86.1 dev br0");
	suite_assert_ok(set("2001:db8::5", true), err);
	assert_nic("2001:db8::5/64", ""); /* the IPv4 gateway is none of its business */
	suite_assert_ok(ip_parse("gw", "fe80::1", &vm.nics[0].gateway6, &err), err);
	suite_assert_ok(set("2001:db8::5", true), err);
	suite_assert_ok(ip_parse("gw", "2001:db8:1::1", &vm.nics[0].gateway6, &err), err);
	suite_assert_error(set("2001:db8::5", true), err, EINVAL, ERROR_USAGE);
}
END_TEST

START_TEST(test_several_addresses)
{
	netns_run("ip addr add 192.168.86.2/24 dev br0");
	suite_assert_ok(find(), err);
	suite_assert_ok(set_ips("192.168.86.50 192.168.86.51 10.9.0.5/16 2001:db8::5"), err);
	assert_nic("192.168.86.50/24", "");
	ck_assert_uint_eq(vm.nics[0].more_ip.n, 3);
	ck_assert_str_eq(vm.nics[0].more_ip.v[0], "192.168.86.51/24");
	ck_assert_str_eq(vm.nics[0].more_ip.v[1], "10.9.0.5/16");
	ck_assert_str_eq(vm.nics[0].more_ip.v[2], "2001:db8::5/64");
	suite_assert_ok(lan_complete_nic(&host, sock, &lan, true, true, &vm.nics[0], &err), err);
	/* the host's own, even as a further one */
	suite_assert_ok(set_ips("192.168.86.50 192.168.86.2"), err);
	suite_assert_error(lan_complete_nic(&host, sock, &lan, true, true, &vm.nics[0], &err), err,
			   EADDRINUSE, ERROR_CONFLICT);
	suite_assert_ok(set_ips("dhcp 192.168.86.51"), err);
	ck_assert_int_eq(vm.nics[0].ip_mode, IP_DHCP);
}
END_TEST

START_TEST(test_several_refused)
{
	static const char *const lists[] = {
		"192.168.86.50 dhcp",	       "192.168.86.50 none", "none 192.168.86.50",
		"192.168.86.50 192.168.86.50", "192.168.86.50 x",    "192.168.86.50 224.0.0.1",
		"2001:db8::5 2001:db8::5/48",
	};

	netns_run("ip addr add 192.168.86.2/24 dev br0");
	suite_assert_ok(find(), err);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		int r = set_ips(lists[i]);

		ck_assert_msg(r < 0 && err.kind == ERROR_USAGE, "'%s': %d", lists[i], r);
	}
}
END_TEST

/* What the bridge has for an address is that of another LAN. */
START_TEST(test_vlan_knows_nothing_of_the_bridge)
{
	netns_run("ip addr add 192.168.86.2/24 dev br0");
	netns_run("ip route add default via 192.168.86.1 dev br0");
	vm.nics[0].vlan = 20;
	assert_lan("", "");
	suite_assert_error(set("10.20.0.5", true), err, EINVAL, ERROR_USAGE);
	suite_assert_error(set("10.20.0.5/24", true), err, EOPNOTSUPP, ERROR_HOST);
	if (netns_kernel_has_vlans()) {
		netns_run("ip link set br0 type bridge vlan_filtering 1");
		suite_assert_ok(set("10.20.0.5/24", true), err);
		assert_nic("10.20.0.5/24", "");
	}
	vm.nics[0].vlan = 0;
}
END_TEST

START_TEST(test_guard_ip_needs_addresses)
{
	netns_run("ip addr add 192.168.86.2/24 dev br0");
	vm.nics[0].guard = GUARD_IP;
	suite_assert_ok(set("192.168.86.50", true), err);
	suite_assert_error(set("dhcp", true), err, EINVAL, ERROR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.hint, "guard 'mac'"));
	vm.nics[0].guard = GUARD_MAC;
}
END_TEST

START_TEST(test_outside_names_the_lan)
{
	netns_run("ip addr add 192.168.86.1/24 dev br0");
	suite_assert_error(set("192.168.87.50", true), err, EINVAL, ERROR_USAGE);
	ck_assert_msg(strstr(err.message, "192.168.87.50") &&
			      strstr(err.message, "192.168.86.0/24") &&
			      strstr(err.message, "'br0'"),
		      "%s", err.message);
}
END_TEST

START_TEST(test_taken)
{
	static const char *const addresses[] = { "192.168.86.2", "192.168.86.3", "192.168.86.4" };

	netns_run("ip addr add 192.168.86.2/24 dev br0");
	netns_run("ip addr add 192.168.86.3/32 dev lo"); /* the host's, wherever it is */
	netns_run("ip addr add 192.168.86.4/24 dev br0");
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		suite_assert_error(set(addresses[i], true), err, EADDRINUSE, ERROR_CONFLICT);
	suite_assert_ok(set("192.168.86.5", true), err);
}
END_TEST

START_TEST(test_gateways_address)
{
	netns_run("ip addr add 192.168.86.2/24 dev br0");
	netns_run("ip route add default via 192.168.86.1 dev br0");
	suite_assert_error(set("192.168.86.1", true), err, EADDRINUSE, ERROR_CONFLICT);
	/* that the guest does not use it makes it no freer */
	suite_assert_error(set("192.168.86.1", false), err, EADDRINUSE, ERROR_CONFLICT);
	suite_assert_ok(find(), err);
	suite_assert_ok(set_ip("192.168.86.50"), err);
	suite_assert_ok(ip_parse("gw", "192.168.86.50", &vm.nics[0].gateway, &err), err);
	suite_assert_error(lan_complete_nic(&host, sock, &lan, true, true, &vm.nics[0], &err), err,
			   EADDRINUSE, ERROR_CONFLICT);
}
END_TEST

START_TEST(test_gateway_out_of_reach)
{
	netns_run("ip addr add 192.168.86.2/24 dev br0");
	suite_assert_ok(find(), err);
	suite_assert_ok(set_ip("192.168.86.50"), err);
	suite_assert_ok(ip_parse("gw", "192.168.87.1", &vm.nics[0].gateway, &err), err);
	suite_assert_error(lan_complete_nic(&host, sock, &lan, true, true, &vm.nics[0], &err), err,
			   EINVAL, ERROR_USAGE);
	ck_assert(strstr(err.message, "192.168.87.1") && strstr(err.hint, "none"));
	configure(NULL, "10.0.0.1");
	suite_assert_error(set("192.168.86.50", true), err, EINVAL, ERROR_USAGE);
	suite_assert_ok(set("192.168.86.50", false), err);
}
END_TEST

START_TEST(test_mtu)
{
	netns_run("ip addr add 192.168.86.2/24 dev br0");
	vm.nics[0].mtu = 1501;
	suite_assert_error(set("192.168.86.50", true), err, EINVAL, ERROR_USAGE);
	suite_assert_error(set("dhcp", true), err, EINVAL, ERROR_USAGE);
	vm.nics[0].mtu = 1500;
	suite_assert_ok(set("192.168.86.50", true), err);
}
END_TEST

START_TEST(test_name_servers)
{
	netns_run("ip addr add 192.168.86.2/24 dev br0");
	strv_clear(&vm.nics[0].dns);
	suite_assert_ok(set("192.168.86.50", true), err);
	ck_assert_uint_eq(vm.nics[0].dns.n, 1);
	ck_assert_str_eq(vm.nics[0].dns.v[0], "192.0.2.53");
	strv_clear(&vm.nics[0].dns);
	strv_push(&vm.nics[0].dns, "192.0.2.54");
	suite_assert_ok(set("192.168.86.50", true), err);
	ck_assert_str_eq(vm.nics[0].dns.v[0], "192.0.2.54");
	ck_assert_int_eq(notes, 0);
	/* none is known: said, and no error */
	strv_clear(&vm.nics[0].dns);
	strv_clear(&lan.dns);
	suite_assert_ok(lan_complete_nic(&host, sock, &lan, true, true, &vm.nics[0], &err), err);
	ck_assert_int_eq(notes, 1);
	ck_assert_uint_eq(vm.nics[0].dns.n, 0);
	/* none is wanted */
	suite_assert_ok(find(), err);
	suite_assert_ok(lan_complete_nic(&host, sock, &lan, true, false, &vm.nics[0], &err), err);
	ck_assert_int_eq(notes, 1);
	ck_assert_uint_eq(vm.nics[0].dns.n, 0);
}
END_TEST

START_TEST(test_bridges)
{
	netns_run("ip link add br1 type bridge");
	xreplace(&vm.nics[0].bridge, "br1");
	suite_assert_error(find(), err, EACCES, ERROR_PERMISSION);
	ck_assert(strstr(err.message, "'br1'") && strstr(err.hint, "'bridges' in /own.conf"));
	strv_push(&host.config.bridges, "br1");
	suite_assert_ok(find(), err);
	ck_assert_str_eq(lan.bridge.name, "br1");
	/* the allow-list is the whole list */
	xreplace(&vm.nics[0].bridge, "br0");
	suite_assert_error(find(), err, EACCES, ERROR_PERMISSION);
}
END_TEST

START_TEST(test_no_bridge)
{
	static const char *const names[] = { "br9", "lan0", "lo" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		xreplace(&vm.nics[0].bridge, names[i]);
		ck_assert_int_lt(find(), 0);
		ck_assert_msg(err.kind == ERROR_HOST, "'%s': kind %d: %s", names[i], err.kind,
			      err.message);
		ck_assert_int_eq(lan.prefix.addr.family, AF_UNSPEC);
	}
}
END_TEST

/* Another name of a bridge that is not allowed does not make it so. */
START_TEST(test_alternative_name)
{
	netns_run("ip link add br1 type bridge");
	netns_run("ip link property add dev br1 altname lanbridge");
	xreplace(&vm.nics[0].bridge, "lanbridge");
	ck_assert_int_lt(find(), 0);
	strv_push(&host.config.bridges, "lanbridge");
	ck_assert_int_lt(find(), 0);
}
END_TEST

/* Reads only. */
START_TEST(test_nothing_changes)
{
	char *before;

	netns_run("ip addr add 192.168.86.2/24 dev br0");
	before = netns_snapshot();
	suite_assert_ok(set("192.168.86.50", true), err);
	ck_assert_int_lt(set("192.168.86.2", true), 0);
	netns_compare(before);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lan");
	TCase *tcase = tcase_create("lan");
	const char *missing = netns_missing();

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_nothing_known);
	tcase_add_test(tcase, test_from_the_bridge);
	tcase_add_test(tcase, test_gateway_from_the_default_route);
	tcase_add_test(tcase, test_default_route_over_another_link);
	tcase_add_test(tcase, test_from_the_configuration);
	tcase_add_test(tcase, test_wide_and_narrow);
	tcase_add_test(tcase, test_bridges);
	tcase_add_test(tcase, test_no_bridge);
	tcase_add_test(tcase, test_alternative_name);
	suite_add_tcase(s, tcase);
	tcase = tcase_create("address");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_refused);
	tcase_add_test(tcase, test_ipv6);
	tcase_add_test(tcase, test_several_addresses);
	tcase_add_test(tcase, test_several_refused);
	tcase_add_test(tcase, test_vlan_knows_nothing_of_the_bridge);
	tcase_add_test(tcase, test_guard_ip_needs_addresses);
	tcase_add_test(tcase, test_outside_names_the_lan);
	tcase_add_test(tcase, test_taken);
	tcase_add_test(tcase, test_gateways_address);
	tcase_add_test(tcase, test_gateway_out_of_reach);
	tcase_add_test(tcase, test_mtu);
	tcase_add_test(tcase, test_name_servers);
	tcase_add_test(tcase, test_nothing_changes);
	suite_add_tcase(s, tcase);
	if (missing) {
		srunner_free(srunner_create(s));
		return suite_skip(missing);
	}
	return suite_run(s);
}
