/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which name servers of a resolv.conf(5) are a guest's as well. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "vm/resolv.h"
#include "suite.h"

static void assert_servers(const char *text, const char *expected)
{
	AUTO_STRV servers = STRV_INIT;
	AUTO_FREE char *joined = NULL;

	resolv_parse(text, &servers);
	joined = strv_join(&servers, " ");
	ck_assert_msg(strcmp(joined, expected) == 0, "'%s' of '%s'", joined, text);
}

START_TEST(test_none)
{
	static const char *const texts[] = {
		"",
		"\n\n\n",
		"nameserver",
		"nameserver\n",
		"nameserver \n",
		"# nameserver 192.0.2.1\n",
		"; nameserver 192.0.2.1\n",
		"#nameserver 192.0.2.1",
		"options nameserver 192.0.2.1\n",
		"search nameserver\ndomain 192.0.2.1\n",
		"nameservers 192.0.2.1\n",
		"nameserver=192.0.2.1\n",
		"nameserver:192.0.2.1\n",
		"NAMESERVER 192.0.2.1\n",
		"nameserver\n192.0.2.1\n",
		"nameserver 192.0.2\n",
		"nameserver 192.0.2.1.1\n",
		"nameserver 192.0.2.256\n",
		"nameserver 192.0.2.1/24\n",
		"nameserver 192.0.2.1:53\n",
		"nameserver 192.0.2.1,192.0.2.2\n",
		"nameserver 0x7f000001\n",
		"nameserver 3221225985\n",
		"nameserver dns.example\n",
		"nameserver $(id)\n",
		"nameserver \"192.0.2.1\"\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_servers(texts[i], "");
}
END_TEST

/* What the host reaches and a guest does not. */
START_TEST(test_of_the_host_alone)
{
	static const char *const texts[] = {
		"nameserver 127.0.0.1\n",
		"nameserver 127.0.0.53\n",
		"nameserver 127.255.255.254\n",
		"nameserver 0.0.0.0\n",
		"nameserver 169.254.1.1\n",
		"nameserver 224.0.0.251\n",
		"nameserver 255.255.255.255\n",
		"nameserver ::1\n",
		"nameserver ::\n",
		"nameserver fe80::1\n",
		"nameserver fe80::1%eth0\n",
		"nameserver ff02::fb\n",
		"nameserver ::ffff:127.0.0.1\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_servers(texts[i], "");
}
END_TEST

START_TEST(test_some)
{
	assert_servers("nameserver 192.0.2.1", "192.0.2.1");
	assert_servers("nameserver 192.0.2.1\r\n", "192.0.2.1");
	assert_servers("nameserver\t \t192.0.2.1 \t\n", "192.0.2.1");
	assert_servers("nameserver 192.0.2.1 # mine\n", "192.0.2.1");
	assert_servers("nameserver 2001:DB8:0:0::1\n", "2001:db8::1");
	assert_servers("# by hand\nsearch lan\nnameserver 127.0.0.53\nnameserver 192.0.2.1\n"
		       "options edns0\n\nnameserver 192.0.2.2\n",
		       "192.0.2.1 192.0.2.2");
}
END_TEST

START_TEST(test_each_once)
{
	assert_servers("nameserver 192.0.2.1\nnameserver 192.0.2.1\nnameserver 2001:db8::1\n"
		       "nameserver 2001:DB8::0:1\n",
		       "192.0.2.1 2001:db8::1");
}
END_TEST

START_TEST(test_not_without_end)
{
	AUTO_BUF text = BUF_INIT;

	for (int i = 1; i < 250; i++)
		buf_printf(&text, "nameserver 192.0.2.%d\n", i);
	assert_servers(buf_str(&text), "192.0.2.1 192.0.2.2 192.0.2.3");
}
END_TEST

START_TEST(test_appends)
{
	AUTO_STRV servers = STRV_INIT;

	strv_push(&servers, "198.51.100.1");
	resolv_parse("nameserver 192.0.2.1\nnameserver 198.51.100.1\n", &servers);
	ck_assert_uint_eq(servers.n, 2);
	ck_assert_str_eq(servers.v[1], "192.0.2.1");
}
END_TEST

START_TEST(test_hostile_lengths)
{
	AUTO_BUF text = BUF_INIT;

	buf_puts(&text, "nameserver ");
	for (int i = 0; i < 60000; i++)
		buf_puts(&text, "1");
	assert_servers(buf_str(&text), "");
	buf_clear(&text);
	for (int i = 0; i < 60000; i++)
		buf_puts(&text, i % 2 ? "\n" : "\x1b");
	buf_puts(&text, "\nnameserver 192.0.2.9");
	assert_servers(buf_str(&text), "192.0.2.9");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vm_resolv");
	TCase *tcase = tcase_create("parse");

	tcase_add_test(tcase, test_none);
	tcase_add_test(tcase, test_of_the_host_alone);
	tcase_add_test(tcase, test_some);
	tcase_add_test(tcase, test_each_once);
	tcase_add_test(tcase, test_not_without_end);
	tcase_add_test(tcase, test_appends);
	tcase_add_test(tcase, test_hostile_lengths);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
