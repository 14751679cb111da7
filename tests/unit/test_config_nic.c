/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NICs in vm.conf and the host's words for them: addresses, VLANs, guard, rates. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "vm_config_lab.h"

static void check_vlans_of(const struct vm_nic *nic, const char *expected)
{
	struct vlan_range ranges[VM_TRUNK_MAX];
	unsigned int n = vm_nic_trunk(nic, ranges);
	AUTO_BUF text = BUF_INIT;

	for (unsigned int i = 0; i < n; i++)
		buf_printf(&text, "%u-%u ", ranges[i].first, ranges[i].last);
	ck_assert_str_eq(buf_str(&text), expected);
}

/* Gateway and name servers are those of the host's own LAN, which a further NIC is not on. */
START_TEST(defaults_of_a_further_nic)
{
	static const char text[] = "guard=off\nvhost=off\nqueues=3\nlan_gw=2001:db8::1\nlan_dns=10."
				   "0.0.2\nsearch=lan\n";
	struct error err = ERROR_INIT;
	const struct vm_nic *nic = &config.nics[1];

	suite_assert_ok(host_config_parse(&host, "x", text, strlen(text), &err), err);
	vm_config_done(&config);
	vm_config_init(&config, &host);
	check_addr(&config.nics[0].gateway6, "2001:db8::1");
	ck_assert_int_eq(config.nics[0].gateway.family, AF_UNSPEC);
	take("[nic.1]\n");
	ck_assert_uint_eq(config.n_nics, 2);
	ck_assert_int_eq(nic->ip_mode, IP_DHCP);
	ck_assert_int_eq(nic->gateway.family, AF_UNSPEC);
	ck_assert_int_eq(nic->gateway6.family, AF_UNSPEC);
	ck_assert_uint_eq(nic->dns.n + nic->search.n + nic->more_ip.n + nic->trunk.n, 0);
	ck_assert_int_eq(nic->guard, GUARD_OFF);
	ck_assert_int_eq(nic->vhost, TRISTATE_OFF);
	ck_assert_uint_eq(nic->queues, 3);
	ck_assert_uint_eq(nic->vlan, 0);
	ck_assert(!nic->isolated);
}
END_TEST

START_TEST(macs_that_are_none)
{
	static const char *const bad[] = {
		"",
		"auto",
		"00:00:00:00:00:00",
		"ff:ff:ff:ff:ff:ff",
		"52:54:00",
		"52-54-00-12-34-56",
		"525400123456",
		"53:54:00:12:34:56",
		"52:54:00:12:34:56:78",
		"52:54:00:12:34:56,x",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO_FREE char *text = xasprintf("[nic.1]\nmac = %s\n", bad[i]);

		refuse(text, "vm.conf:2: parse MAC address '", NULL);
	}
}
END_TEST

/* They are where scripts look for them, and must not be in two places. */
START_TEST(the_first_nics_mac_and_address_are_files)
{
	refuse("[nic.0]\nmac = 52:54:00:12:34:56\n",
	       "vm.conf:2: key 'mac' of section [nic.0] has a file of its own",
	       "the file is vm.mac");
	refuse("[nic.0]\nip = dhcp\n",
	       "vm.conf:2: key 'ip' of section [nic.0] has a file of its own", "the file is vm.ip");
}
END_TEST

START_TEST(vlans_only_once)
{
	refuse("[nic.0]\ntrunk = 10, 10\n", "vm.conf: nic.0: VLANs 10 and 10 of the trunk overlap",
	       NULL);
	refuse("[nic.0]\ntrunk = 10-20, 5, 20-30\n",
	       "vm.conf: nic.0: VLANs 10-20 and 20-30 of the trunk overlap", NULL);
	refuse("[nic.1]\ntrunk = 5-9, 1-4094\n", "vm.conf: nic.1: VLANs 5-9 and 1-4094", NULL);
	refuse("[nic.0]\nvlan = 10\ntrunk = 9-10\n",
	       "vm.conf: nic.0: VLAN 10 is both untagged and tagged", NULL);
	take("[nic.0]\nvlan = 10\ntrunk = 1-9, 11-4094\n");
	check_vlans_of(&config.nics[0], "1-9 11-4094 ");
}
END_TEST

START_TEST(addresses_only_once)
{
	struct error err = ERROR_INIT;

	refuse("[nic.0]\nmore_ip = 192.0.2.5/24, 192.0.2.5/25\n",
	       "vm.conf: nic.0: address 192.0.2.5 is given twice", NULL);
	refuse("[nic.0]\nmore_ip = 2001:db8::5/64, 2001:DB8:0::5/64\n",
	       "vm.conf: nic.0: address 2001:db8::5 is given twice", NULL);
	refuse("[nic.1]\nip = 192.0.2.5/24\nmore_ip = 192.0.2.5/24\n",
	       "vm.conf: nic.1: address 192.0.2.5 is given twice", NULL);
	refuse("[nic.2]\nip = 192.0.2.5/24\n[nic.0]\nmore_ip = 192.0.2.5/24\n",
	       "vm.conf: nic.2: address 192.0.2.5 is that of nic.0, too", NULL);
	/* what is in vm.ip counts, when that was read before */
	suite_assert_ok(vm_nic_set_ip(&config.nics[0], "192.0.2.5/24", NULL, &err), err);
	refuse("[nic.0]\nmore_ip = 192.0.2.5/24\n",
	       "vm.conf: nic.0: address 192.0.2.5 is given twice", NULL);
	suite_assert_ok(vm_nic_set_ip(&config.nics[0], "192.0.2.5/24", NULL, &err), err);
	refuse("[nic.1]\nmore_ip = 192.0.2.5/24\n",
	       "vm.conf: nic.1: address 192.0.2.5 is that of nic.0, too", NULL);
	/* each link has its own link-local addresses */
	take("[nic.0]\nmore_ip = fe80::5/64\n[nic.1]\nmore_ip = fe80::5/64\n");
}
END_TEST

START_TEST(macs_only_once)
{
	struct error err = ERROR_INIT;

	refuse("[nic.1]\nmac = 52:54:00:12:34:56\n[nic.3]\nmac = 52:54:00:12:34:56\n",
	       "vm.conf: nic.3: MAC address 52:54:00:12:34:56 is that of nic.1, too", NULL);
	suite_assert_ok(mac_parse("52:54:00:12:34:56", &config.nics[0].mac, &err), err);
	refuse("[nic.1]\nmac = 52:54:00:12:34:56\n",
	       "vm.conf: nic.1: MAC address 52:54:00:12:34:56 is that of nic.0, too", NULL);
	/* none yet is no double */
	take("[nic.2]\n");
	ck_assert_uint_eq(config.n_nics, 3);
}
END_TEST

START_TEST(lists_have_an_end)
{
	AUTO_BUF text = BUF_INIT;

	buf_puts(&text, "[nic.0]\n");
	for (int i = 1; i < VM_ADDRESSES_MAX; i++)
		buf_printf(&text, "more_ip = 2001:db8::%x/64\n", i);
	for (int i = 1; i <= VM_TRUNK_MAX; i++)
		buf_printf(&text, "trunk = %d\n", i * 2);
	take(buf_str(&text));
	ck_assert_uint_eq(config.nics[0].more_ip.n, VM_ADDRESSES_MAX - 1);
	ck_assert_uint_eq(config.nics[0].trunk.n, VM_TRUNK_MAX);
	again();
	buf_puts(&text, "trunk = 4000\n");
	refuse(buf_str(&text), "vm.conf:49: parse trunk: more than 32 elements", NULL);
	buf_clear(&text);
	buf_puts(&text, "[nic.0]\n");
	for (int i = 1; i <= VM_ADDRESSES_MAX; i++)
		buf_printf(&text, "more_ip = 192.0.2.%d/24\n", i);
	refuse(buf_str(&text), "vm.conf:17: parse more_ip: more than 15 elements", NULL);
	buf_clear(&text);
	buf_puts(&text, "[nic.0]\n");
	for (int i = 1; i <= 257; i++)
		buf_puts(&text, "search = a\n");
	refuse(buf_str(&text), "vm.conf:258: parse search: more than 256 elements", NULL);
}
END_TEST

static void set_all(const char *const (*pairs)[2])
{
	struct error err = ERROR_INIT;

	for (; (*pairs)[0]; pairs++)
		suite_assert_ok(vm_config_set(&config, (*pairs)[0], (*pairs)[1], &err), err);
}

START_TEST(text_of_a_second_nic)
{
	static const char *const pairs[][2] = {
		{ "nic.1.bridge", "br-lab" },	 { "nic.1.mac", "52:54:00:AA:bb:cc" },
		{ "nic.1.ip", "192.0.2.5/24" },	 { "nic.1.more_ip", "192.0.2.6/24,2001:DB8::5/64" },
		{ "nic.1.gateway6", "fe80::1" }, { "nic.1.guard", "ip" },
		{ "nic.1.queues", "2" },	 { "nic.1.vlan", "10" },
		{ "nic.1.trunk", "30-40,20" },	 { "nic.1.isolated", "yes" },
		{ "nic.1.rate", "50" },		 { NULL, NULL },
	};
	struct error err = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;

	set_all(pairs);
	suite_assert_ok(vm_config_format(&config, &text, &err), err);
	ck_assert_ptr_nonnull(strstr(buf_str(&text), "\n[nic.1]\n"
						     "bridge = br-lab\n"
						     "mac = 52:54:00:aa:bb:cc\n"
						     "ip = 192.0.2.5/24\n"
						     "more_ip = 192.0.2.6/24, 2001:DB8::5/64\n"
						     "gateway = none\n"
						     "gateway6 = fe80::1\n"
						     "dns =\n"
						     "search =\n"
						     "guard = ip\n"
						     "vhost = auto\n"
						     "queues = 2\n"
						     "vlan = 10\n"
						     "trunk = 30-40, 20\n"
						     "isolated = on\n"
						     "rate = 50\n"));
}
END_TEST

START_TEST(rates_in_both_forms)
{
	static const struct {
		const char *text, *again;
		unsigned int to_guest, from_guest;
	} rates[] = {
		{ "1", "1", 1, 1 },	{ "100000", "100000", 100000, 100000 },
		{ "7/7", "7", 7, 7 },	{ "0/7", "0/7", 0, 7 },
		{ "7/0", "7/0", 7, 0 }, { "0/0", NULL, 0, 0 },
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		AUTO_FREE char *line = rates[i].again ? xasprintf("\nrate = %s\n", rates[i].again)
						      : xstrdup("rate");
		AUTO_BUF text = BUF_INIT;

		suite_assert_ok(vm_config_set(&config, "nic.0.rate", rates[i].text, &err), err);
		ck_assert_uint_eq(config.nics[0].rate.to_guest_mbit, rates[i].to_guest);
		ck_assert_uint_eq(config.nics[0].rate.from_guest_mbit, rates[i].from_guest);
		suite_assert_ok(vm_config_format(&config, &text, &err), err);
		ck_assert_int_eq(strstr(buf_str(&text), line) != NULL, rates[i].again != NULL);
	}
}
END_TEST

static void check_ip(const char *text, const char *lan, const char *expected)
{
	struct ip_prefix fallback = { .addr.family = AF_UNSPEC };
	struct error err = ERROR_INIT;
	char out[IP_TEXT_MAX];

	if (lan)
		suite_assert_ok(ip_prefix_parse("lan", lan, &fallback, &err), err);
	suite_assert_ok(vm_nic_set_ip(&config.nics[0], text, &fallback, &err), err);
	vm_nic_format_ip(&config.nics[0], out);
	ck_assert_str_eq(out, expected);
}

START_TEST(ip_in_all_forms)
{
	check_ip("192.168.86.53", "192.168.80.0/21", "192.168.86.53/21");
	check_ip("192.168.86.53", NULL, "192.168.86.53/24");
	check_ip("192.168.86.53/16", "192.168.80.0/21", "192.168.86.53/16");
	check_ip("192.168.86.53", "2001:db8::/48", "192.168.86.53/24");
	check_ip("10.0.0.1/32", NULL, "10.0.0.1/32");
	check_ip("10.0.0.0/31", NULL, "10.0.0.0/31");
	check_ip("2001:DB8::5", NULL, "2001:db8::5/64");
	check_ip("2001:db8::5", "2001:db8::/48", "2001:db8::5/48");
	ck_assert_int_eq(config.nics[0].ip_mode, IP_STATIC);
	check_ip("dhcp", "192.168.80.0/21", "dhcp");
	ck_assert_int_eq(config.nics[0].ip_mode, IP_DHCP);
	ck_assert_int_eq(config.nics[0].address.addr.family, AF_UNSPEC);
}
END_TEST

START_TEST(ip_refused)
{
	static const char *const bad[] = {
		"",
		"DHCP",
		"dhcp ",
		"192.168.86",
		"192.168.86.53/",
		"192.168.86.53/33",
		"192.168.86.53/0",
		"192.168.86.53/-1",
		"192.168.86.0/24",
		"192.168.86.255/24",
		"192.168.86.255",
		"0.0.0.0",
		"127.0.0.1",
		"224.0.0.1",
		"255.255.255.255",
		"169.254.1.1",
		"192.168.86.53\n",
		"192.168.86.053",
		"::",
		"::1",
		"fe80::1",
		"ff02::1",
		"2001:db8::1/129",
		"1",
		"192.168.86.53/24/24",
		"192.168.86.53,",
	};
	char out[IP_TEXT_MAX];

	check_ip("10.0.0.9/8", NULL, "10.0.0.9/8");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = ERROR_INIT;
		int r = vm_nic_set_ip(&config.nics[0], bad[i], NULL, &err);

		ck_assert_msg(r < 0, "accepted: %s", bad[i]);
		ck_assert_int_eq(err.kind, ERROR_USAGE);
		vm_nic_format_ip(&config.nics[0], out);
		ck_assert_str_eq(out, "10.0.0.9/8");
	}
}
END_TEST

START_TEST(mtu_that_ipv6_has_no_use_for)
{
	struct vm_nic *nic = &config.nics[0];
	struct error err = ERROR_INIT;

	check_ip("192.0.2.5/24", NULL, "192.0.2.5/24");
	nic->mtu = 1279;
	suite_assert_ok(vm_nic_check(nic, &err), err);
	strv_push(&nic->more_ip, "2001:db8::5/64");
	suite_assert_error(vm_nic_check(nic, &err), err, EINVAL, ERROR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.message, "1280"));
	nic->mtu = 1280;
	suite_assert_ok(vm_nic_check(nic, &err), err);
	nic->mtu = 0;
	suite_assert_ok(vm_nic_check(nic, &err), err);
}
END_TEST

static int add_ip(const char *text, struct error *err)
{
	return vm_nic_add_ip(&config.nics[0], text, err);
}

START_TEST(further_addresses)
{
	struct error err = ERROR_INIT;
	struct ip_addr addr;

	check_ip("192.0.2.5/24", NULL, "192.0.2.5/24");
	suite_assert_ok(add_ip("2001:db8::5/64", &err), err);
	suite_assert_ok(add_ip("fe80::5/64", &err), err);
	check_addresses_of(&config.nics[0], "192.0.2.5/24 2001:db8::5/64 fe80::5/64 ");
	suite_assert_error(add_ip("192.0.2.5/25", &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(add_ip("2001:DB8::0:5/128", &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(add_ip("192.0.2.6", &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(add_ip("192.0.2.6/0", &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(add_ip("192.0.2.255/24", &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(add_ip("dhcp", &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(add_ip("", &err), err, EINVAL, ERROR_USAGE);
	ck_assert_uint_eq(config.nics[0].more_ip.n, 2);
	for (int i = 3; i < VM_ADDRESSES_MAX; i++) {
		AUTO_FREE char *text = xasprintf("10.0.0.%d/8", i);

		suite_assert_ok(add_ip(text, &err), err);
	}
	suite_assert_error(add_ip("10.0.0.99/8", &err), err, E2BIG, ERROR_USAGE);
	suite_assert_ok(ip_parse("x", "10.0.0.15", &addr, &err), err);
	ck_assert(vm_nic_has_address(&config.nics[0], &addr));
	ck_assert(vm_config_has_address(&config, &addr));
	suite_assert_ok(ip_parse("x", "10.0.0.1", &addr, &err), err);
	ck_assert(!vm_config_has_address(&config, &addr));
}
END_TEST

/* A NIC that is not there has nothing. */
START_TEST(who_has_what)
{
	struct error err = ERROR_INIT;
	struct ip_addr addr, other = { AF_INET6, { 192, 0, 2, 5 } };
	struct mac mac;

	suite_assert_ok(mac_parse("52:54:00:12:34:56", &mac, &err), err);
	suite_assert_ok(ip_parse("x", "192.0.2.5", &addr, &err), err);
	config.nics[1].mac = mac;
	suite_assert_ok(vm_nic_set_ip(&config.nics[1], "192.0.2.5/24", NULL, &err), err);
	ck_assert(!vm_config_has_mac(&config, &mac) && !vm_config_has_address(&config, &addr));
	config.n_nics = 2;
	ck_assert(vm_config_has_mac(&config, &mac) && vm_config_has_address(&config, &addr));
	ck_assert(!vm_config_has_address(&config, &other));
	mac.byte[5]++;
	ck_assert(!vm_config_has_mac(&config, &mac));
}
END_TEST

START_TEST(gateways_of_both_families)
{
	struct vm_nic *nic = &config.nics[0];
	struct error err = ERROR_INIT;

	suite_assert_ok(vm_nic_set_gateway(nic, "--gateway", "192.0.2.1", &err), err);
	suite_assert_ok(vm_nic_set_gateway(nic, "--gateway", "fe80::1", &err), err);
	suite_assert_error(vm_nic_set_gateway(nic, "--gateway", "::1", &err), err, EINVAL,
			   ERROR_USAGE);
	ck_assert_msg(strncmp(err.message, "parse --gateway '", 17) == 0, "%s", err.message);
	check_addr(&nic->gateway, "192.0.2.1");
	check_addr(&nic->gateway6, "fe80::1");
	suite_assert_ok(vm_nic_set_gateway(nic, "--gateway", "none", &err), err);
	ck_assert_int_eq(nic->gateway.family, AF_UNSPEC);
	ck_assert_int_eq(nic->gateway6.family, AF_UNSPEC);
}
END_TEST

static int check_with(const char *ip, const char *more, struct error *err)
{
	struct vm_nic *nic = &config.nics[0];

	suite_assert_ok(vm_nic_set_ip(nic, ip, NULL, err), *err);
	suite_assert_ok(vm_config_set(&config, "nic.0.more_ip", more, err), *err);
	return vm_nic_check(nic, err);
}

START_TEST(guard_ip_needs_addresses)
{
	struct error err = ERROR_INIT;

	/* not for the reader: vm.ip is another file */
	take("[nic.0]\nguard = ip\n");
	suite_assert_error(check_with("dhcp", "", &err), err, EINVAL, ERROR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.message, "not dhcp"));
	ck_assert(err.hint[0]);
	suite_assert_error(check_with("dhcp", "192.0.2.5/24", &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(check_with("none", "", &err), err, EINVAL, ERROR_USAGE);
	ck_assert_ptr_null(strstr(err.message, "dhcp"));
	suite_assert_ok(check_with("none", "2001:db8::5/64", &err), err);
	suite_assert_ok(check_with("192.0.2.5/24", "", &err), err);
	suite_assert_error(check_with("192.0.2.5/24", "192.0.2.5/24", &err), err, EINVAL,
			   ERROR_USAGE);
	config.nics[0].guard = GUARD_MAC;
	suite_assert_ok(check_with("dhcp", "", &err), err);
	config.nics[0].guard = GUARD_OFF;
	suite_assert_ok(check_with("none", "", &err), err);
	suite_assert_ok(vm_config_set(&config, "nic.0.trunk", "5,1-9", &err), err);
	suite_assert_error(check_with("none", "", &err), err, EINVAL, ERROR_USAGE);
}
END_TEST

START_TEST(differences_have_the_words_of_set)
{
	AUTO(vm_config_done) struct vm_config other = { 0 };
	AUTO_STRV words = STRV_INIT;
	AUTO_FREE char *text = NULL;
	struct error err = ERROR_INIT;

	vm_config_init(&other, &host);
	vm_config_diff(&config, &other, &words);
	ck_assert_uint_eq(words.n, 0);
	other.protect = true; /* is none of QEMU's */
	other.stop_timeout_s = 5;
	suite_assert_ok(vm_config_set(&other, "memory", "2G", &err), err);
	suite_assert_ok(vm_config_set(&other, "nic.0.ip", "192.0.2.5/24", &err), err);
	suite_assert_ok(vm_config_set(&other, "nic.0.vlan", "7", &err), err);
	suite_assert_ok(vm_config_set(&other, "nic.1.vlan", "7", &err), err);
	vm_config_diff(&config, &other, &words);
	text = strv_join(&words, " ");
	ck_assert_str_eq(text, "memory nic.0.ip nic.0.vlan nic.1");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config/nic");
	TCase *tc = vm_config_case("nic");

	tcase_add_test(tc, defaults_of_a_further_nic);
	tcase_add_test(tc, macs_that_are_none);
	tcase_add_test(tc, the_first_nics_mac_and_address_are_files);
	tcase_add_test(tc, vlans_only_once);
	tcase_add_test(tc, addresses_only_once);
	tcase_add_test(tc, macs_only_once);
	tcase_add_test(tc, lists_have_an_end);
	tcase_add_test(tc, text_of_a_second_nic);
	tcase_add_test(tc, rates_in_both_forms);
	tcase_add_test(tc, ip_in_all_forms);
	tcase_add_test(tc, ip_refused);
	tcase_add_test(tc, mtu_that_ipv6_has_no_use_for);
	tcase_add_test(tc, further_addresses);
	tcase_add_test(tc, who_has_what);
	tcase_add_test(tc, gateways_of_both_families);
	tcase_add_test(tc, guard_ip_needs_addresses);
	tcase_add_test(tc, differences_have_the_words_of_set);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
