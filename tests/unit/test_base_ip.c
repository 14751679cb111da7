/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP addresses and prefixes. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/ip.h"
#include "suite.h"

static struct ip_addr addr(const char *text)
{
	struct error err = ERROR_INIT;
	struct ip_addr parsed = { 0 };

	suite_assert_ok(ip_parse("address", text, &parsed, &err), err);
	return parsed;
}

static struct ip_prefix prefix(const char *text)
{
	struct error err = ERROR_INIT;
	struct ip_prefix parsed = { 0 };

	suite_assert_ok(ip_prefix_parse("address", text, &parsed, &err), err);
	return parsed;
}

START_TEST(addresses_read_and_written)
{
	static const char *const good[][2] = {
		{ "0.0.0.0", "0.0.0.0" },
		{ "192.168.1.10", "192.168.1.10" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "::", "::" },
		{ "2001:DB8:0:0::1", "2001:db8::1" },
		{ "::ffff:1.2.3.4", "::ffff:1.2.3.4" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct ip_addr parsed = addr(good[i][0]);
		char text[IP_TEXT_MAX];

		ip_format(&parsed, text);
		ck_assert_str_eq(text, good[i][1]);
	}
	ck_assert_int_eq(addr("1.2.3.4").family, AF_INET);
	ck_assert_int_eq(addr("::1").family, AF_INET6);
}
END_TEST

START_TEST(addresses_refused)
{
	static const char *const bad[] = {
		"",
		"1",
		"1.2.3",
		"1.2.3.4.5",
		"1.2.3.256",
		"1.2.3.-1",
		"1.2.3.4 ",
		" 1.2.3.4",
		"1.2.3.4\n",
		"01.2.3.4",
		"1.2.3.04",
		"0x1.2.3.4",
		"1.2.3.4/",
		"1.2.3.4/24",
		"1..2.3",
		".1.2.3.4",
		"1.2.3.4.",
		"1,2,3,4",
		"a.b.c.d",
		"localhost",
		"2130706433",
		":",
		":::",
		"1::2::3",
		"fe80::1%eth0",
		"2001:db8::g",
		"2001:db8::/64",
		"[::1]",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"12345::",
		"::1.2.3",
		"::1.2.3.400",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = ERROR_INIT;
		struct ip_addr parsed = { .family = 4711 };

		ck_assert_msg(ip_parse("gateway", bad[i], &parsed, &err) == -EINVAL, "'%s' passed",
			      bad[i]);
		ck_assert_int_eq(err.kind, ERROR_USAGE);
		ck_assert_int_eq(strncmp(err.message, "parse gateway '", 15), 0);
		ck_assert_int_eq(parsed.family, 4711);
	}
}
END_TEST

START_TEST(prefixes_read_and_written)
{
	static const char *const good[][2] = {
		{ "192.168.1.10/24", "192.168.1.10/24" }, /* host bits stay */
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "1.2.3.4/32", "1.2.3.4/32" },
		{ "1.2.3.4", "1.2.3.4" },
		{ "2001:db8::5/64", "2001:db8::5/64" },
		{ "::/0", "::/0" },
		{ "::1/128", "::1/128" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct ip_prefix parsed = prefix(good[i][0]);
		char text[IP_TEXT_MAX];

		ip_prefix_format(&parsed, text);
		ck_assert_str_eq(text, good[i][1]);
	}
	ck_assert_uint_eq(prefix("1.2.3.4").length, IP_LENGTH_NONE);
}
END_TEST

START_TEST(prefixes_refused)
{
	static const char *const bad[] = {
		"",
		"/",
		"/24",
		"1.2.3.4/",
		"1.2.3.4/33",
		"1.2.3.4/-1",
		"1.2.3.4/+8",
		"1.2.3.4/ 8",
		"1.2.3.4/8 ",
		"1.2.3.4 /8",
		"1.2.3.4/8/8",
		"1.2.3.4//8",
		"1.2.3.4/0x8",
		"1.2.3.4/a",
		"1.2.3.4/255.0.0.0",
		"1.2.3/24",
		"1.2.3.4/4294967295",
		"1.2.3.4/18446744073709551616",
		"::/129",
		"::1/",
		"fe80::1%2/64",
		"::/-0",
		"[::1]/64",
		"00000000000000000000000000000000000000000000000000000000000000000001.2.3.4/8",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = ERROR_INIT;
		struct ip_prefix parsed = { .length = 4711 };

		ck_assert_msg(ip_prefix_parse("--ip", bad[i], &parsed, &err) == -EINVAL,
			      "'%s' passed", bad[i]);
		ck_assert_int_eq(err.kind, ERROR_USAGE);
		ck_assert_ptr_nonnull(strstr(err.message, bad[i]));
		ck_assert_uint_eq(parsed.length, 4711);
	}
}
END_TEST

START_TEST(no_address_has_no_text)
{
	struct ip_prefix none = { .addr = { .family = AF_UNSPEC }, .length = 24 };
	char text[IP_TEXT_MAX] = "old";

	ip_prefix_format(&none, text);
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(equality)
{
	static const char *const different[][2] = {
		{ "1.2.3.4", "1.2.3.5" }, { "1.2.3.4", "0.2.3.4" }, { "::1", "::2" },
		{ "::1", "8000::1" },	  { "0.0.0.0", "::" },	    { "1.2.3.4", "::ffff:1.2.3.4" },
	};
	struct ip_addr a = addr("1.2.3.4"), b = addr("1.2.3.4");
	struct ip_addr v6 = addr("2001:db8::1"), same = addr("2001:db8:0::1");

	b.byte[15] = 1; /* behind the four that count */
	ck_assert(ip_equal(&a, &b));
	ck_assert(ip_equal(&v6, &same));
	for (size_t i = 0; i < ARRAY_SIZE(different); i++) {
		a = addr(different[i][0]);
		b = addr(different[i][1]);
		ck_assert(!ip_equal(&a, &b));
	}
}
END_TEST

static bool inside(const char *address, const char *net)
{
	struct ip_addr a = addr(address);
	struct ip_prefix p = prefix(net);

	return ip_in_prefix(&a, &p);
}

START_TEST(in_prefix)
{
	ck_assert(inside("192.168.1.255", "192.168.1.7/24"));
	ck_assert(inside("192.168.1.127", "192.168.1.0/25"));
	ck_assert(inside("9.9.9.9", "0.0.0.0/0"));
	ck_assert(inside("1.2.3.4", "1.2.3.4/32"));
	ck_assert(inside("2001:db8:0:7fff::1", "2001:db8::/49"));
	ck_assert(inside("::1", "::1/128"));
}
END_TEST

START_TEST(not_in_prefix)
{
	struct ip_addr none = { .family = AF_UNSPEC };
	struct ip_prefix any = { .addr = none, .length = 0 };

	ck_assert(!inside("192.168.2.1", "192.168.1.0/24"));
	ck_assert(!inside("192.168.1.128", "192.168.1.0/25"));
	ck_assert(!inside("1.2.3.5", "1.2.3.4/32"));
	ck_assert(!inside("128.0.0.0", "0.0.0.0/1"));
	ck_assert(!inside("2001:db8:0:8000::1", "2001:db8::/49"));
	ck_assert(!inside("::2", "::1/128"));
	ck_assert(!inside("1.2.3.4", "::/0"));
	ck_assert(!inside("::1", "0.0.0.0/0"));
	ck_assert(!inside("1.2.3.4", "1.2.3.4"));
	ck_assert(!ip_in_prefix(&none, &any));
}
END_TEST

static bool reserved(const char *address, const char *net)
{
	struct ip_addr a = addr(address);
	struct ip_prefix p = prefix(net);

	return ip_is_network_or_broadcast(&a, &p);
}

START_TEST(network_and_broadcast)
{
	ck_assert(reserved("192.168.1.0", "192.168.1.9/24"));
	ck_assert(reserved("192.168.1.255", "192.168.1.9/24"));
	ck_assert(reserved("10.0.0.4", "10.0.0.4/30"));
	ck_assert(reserved("10.0.0.7", "10.0.0.4/30"));
	ck_assert(reserved("0.0.0.0", "1.2.3.4/0"));
	ck_assert(!reserved("192.168.1.1", "192.168.1.0/24"));
	ck_assert(!reserved("192.168.1.0", "192.168.0.0/16"));
	ck_assert(!reserved("192.168.2.0", "192.168.1.0/24"));
	ck_assert(!reserved("10.0.0.4", "10.0.0.4/31"));
	ck_assert(!reserved("10.0.0.4", "10.0.0.4/32"));
	ck_assert(!reserved("10.0.0.0", "10.0.0.0"));
	ck_assert(!reserved("2001:db8::", "2001:db8::/64"));
}
END_TEST

START_TEST(unicast)
{
	static const char *const good[] = { "10.0.0.1",	   "192.168.1.255", "1.1.1.1",
					    "169.253.0.1", "223.255.255.1", "2001:db8::1",
					    "fd00::1",	   "::2",	    "fec0::1" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct ip_addr a = addr(good[i]);

		ck_assert_msg(ip_is_unicast(&a), "%s", good[i]);
	}
}
END_TEST

START_TEST(not_unicast)
{
	static const char *const bad[] = {
		"0.0.0.0",
		"0.1.2.3",
		"127.0.0.1",
		"127.255.255.255",
		"169.254.0.1",
		"224.0.0.1",
		"239.255.255.255",
		"240.0.0.1",
		"255.255.255.255",
		"::",
		"::1",
		"fe80::1",
		"febf::1",
		"ff02::1",
		"ffff::",
		"::ffff:10.0.0.1",
	};
	struct ip_addr none = { .family = AF_UNSPEC };

	ck_assert(!ip_is_unicast(&none));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct ip_addr a = addr(bad[i]);

		ck_assert_msg(!ip_is_unicast(&a), "%s", bad[i]);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/ip");
	TCase *text = tcase_create("text");
	TCase *meaning = tcase_create("meaning");

	tcase_add_test(text, addresses_read_and_written);
	tcase_add_test(text, addresses_refused);
	tcase_add_test(text, prefixes_read_and_written);
	tcase_add_test(text, prefixes_refused);
	tcase_add_test(text, no_address_has_no_text);
	suite_add_tcase(s, text);
	tcase_add_test(meaning, equality);
	tcase_add_test(meaning, in_prefix);
	tcase_add_test(meaning, not_in_prefix);
	tcase_add_test(meaning, network_and_broadcast);
	tcase_add_test(meaning, unicast);
	tcase_add_test(meaning, not_unicast);
	suite_add_tcase(s, meaning);
	return suite_run(s);
}
