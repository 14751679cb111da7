/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mnmivm-se.conf: what it may say, and what it must not. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "config/host_config.h"
#include "suite.h"

static struct host_config config;

static void setup(void)
{
	host_config_init(&config);
}

static void teardown(void)
{
	host_config_done(&config);
}

static int parse(const char *text, struct error *err)
{
	return host_config_parse(&config, "x.conf", text, strlen(text), err);
}

static void take(const char *text)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(parse(text, &err), err);
}

/* Refused with this beginning of the message, and this hint (NULL: whatever). */
static void refuse_len(const char *text, size_t len, const char *message, const char *hint)
{
	struct error err = ERROR_INIT;
	int r = host_config_parse(&config, "x.conf", text, len, &err);

	ck_assert_msg(r < 0, "accepted: %s", text);
	suite_assert_error(r, err, err.code == ERANGE ? ERANGE : EINVAL, ERROR_USAGE);
	ck_assert_msg(strncmp(err.message, message, strlen(message)) == 0, "'%s' for: %s",
		      err.message, text);
	if (hint)
		ck_assert_str_eq(err.hint, hint);
	host_config_done(&config);
	host_config_init(&config);
}

static void refuse(const char *text, const char *message, const char *hint)
{
	refuse_len(text, strlen(text), message, hint);
}

static void check_addr(const struct ip_addr *addr, const char *expected)
{
	char text[IP_TEXT_MAX];

	ip_format(addr, text);
	ck_assert_str_eq(text, expected);
}

static void check_list(const struct strv *list, const char *expected)
{
	AUTO_FREE char *joined = strv_join(list, "|");

	ck_assert_str_eq(joined, expected);
}

START_TEST(defaults_are_the_documented_ones)
{
	take("");
	ck_assert_str_eq(config.bridge, "br0");
	ck_assert_uint_eq(config.bridges.n, 0);
	ck_assert_int_eq(config.lan_cidr.addr.family, AF_UNSPEC);
	ck_assert_int_eq(config.lan_gw.family, AF_UNSPEC);
	ck_assert_uint_eq(config.disk_bytes, 12884901888);
	ck_assert_uint_eq(config.memory_mib, 1024);
	ck_assert_uint_eq(config.cpus, 1);
	ck_assert_int_eq(config.accel, ACCEL_KVM);
	ck_assert_int_eq(config.machine, MACHINE_Q35);
	ck_assert_str_eq(config.vnc, "unix");
	ck_assert_int_eq(config.guard, GUARD_MAC);
	ck_assert_int_eq(config.vhost, TRISTATE_AUTO);
	ck_assert_uint_eq(config.queues, 0);
	ck_assert_uint_eq(config.stop_timeout_s, 90);
	ck_assert_str_eq(config.state_dir, "/var/lib/microvm");
	ck_assert_str_eq(config.run_dir, "/run/mnmivm-se");
	ck_assert_ptr_null(config.image_dir);
	ck_assert_ptr_null(config.timezone);
	ck_assert_uint_eq(config.catalogue.n, 2);
	ck_assert_ptr_nonnull(strstr(config.catalogue.v[0], "/share/mnmivm-se/images.d"));
	ck_assert_str_eq(config.catalogue.v[1], "/etc/mnmivm-se/images.d");
	ck_assert_ptr_null(config.ca_file);
	ck_assert_ptr_null(config.proxy);
	ck_assert_uint_eq(config.stall_timeout_s, 30);
	ck_assert_uint_eq(config.pull_tries, 6);
	ck_assert_uint_eq(config.image_bytes_max, 68719476736);
}
END_TEST

/* One line for each key, with a value that is not the default. */
static const char *const all_lines[] = {
	"bridge = lan0",
	"bridges = lan0, dmz.7 ,br-x",
	"lan_cidr = 10.1.0.0/16",
	"lan_gw = 10.1.0.1",
	"lan_dns = 10.1.0.1, 2001:db8::1",
	"search = example.org,lan",
	"disk_size = 20G",
	"memory = 2G",
	"cpus = 4",
	"accel = tcg",
	"machine = microvm",
	"vnc = 127.0.0.1",
	"guard = off",
	"user_guard = ip",
	"user_vlans = 20, 30-40",
	"vhost = on",
	"queues = 16",
	"stop_timeout = 5",
	"uid_base = 2000000000",
	"uid_count = 10",
	"state_dir = /srv/vm",
	"run_dir = /run/vm",
	"image_dir = /srv/images",
	"qemu = /opt/qemu/bin/qemu-system-x86_64",
	"qemu_img = /opt/qemu/bin/qemu-img",
	"ssh_keygen = /opt/ssh-keygen",
	"gpgv = /opt/gpgv",
	"allow_missing = landlock, cgroup",
	"expose = /opt/qemu, /bootable, /work/qemu",
	"cgroup = /sys/fs/cgroup/vms.slice",
	"uefi_code = /opt/qemu/code.fd",
	"uefi_vars = /opt/qemu/vars.fd",
	"timezone = America/Argentina/Buenos_Aires",
	"catalogue = /srv/images.d, /srv/more",
	"ca_file = /etc/ssl/own.pem",
	"proxy = http://proxy.example.org:3128",
	"stall_timeout = 5",
	"pull_tries = 1",
	"image_max = 2G",
};

START_TEST(every_key_is_read)
{
	AUTO_BUF text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(all_lines); i++)
		buf_printf(&text, "%s\n", all_lines[i]);
	take(buf_str(&text));
	ck_assert_str_eq(config.bridge, "lan0");
	check_list(&config.bridges, "lan0|dmz.7|br-x");
	check_addr(&config.lan_cidr.addr, "10.1.0.0");
	ck_assert_uint_eq(config.lan_cidr.length, 16);
	check_addr(&config.lan_gw, "10.1.0.1");
	check_list(&config.lan_dns, "10.1.0.1|2001:db8::1");
	check_list(&config.search, "example.org|lan");
	ck_assert_uint_eq(config.disk_bytes, 21474836480);
	ck_assert_uint_eq(config.memory_mib, 2048);
	ck_assert_uint_eq(config.cpus, 4);
	ck_assert_int_eq(config.accel, ACCEL_TCG);
	ck_assert_int_eq(config.machine, MACHINE_MICROVM);
	ck_assert_str_eq(config.vnc, "127.0.0.1");
	ck_assert_int_eq(config.guard, GUARD_OFF);
	ck_assert_int_eq(config.user_guard, GUARD_IP);
	check_list(&config.user_vlans, "20|30-40");
	ck_assert_int_eq(config.vhost, TRISTATE_ON);
	ck_assert_uint_eq(config.queues, 16);
	ck_assert_uint_eq(config.stop_timeout_s, 5);
	ck_assert_uint_eq(config.uid_base, 2000000000);
	ck_assert_uint_eq(config.uid_count, 10);
	ck_assert_uint_eq(host_config_vm_uids(&config), 9);
	ck_assert_uint_eq(host_config_worker_uid(&config), 2000000009);
	ck_assert_str_eq(config.state_dir, "/srv/vm");
	ck_assert_str_eq(config.run_dir, "/run/vm");
	ck_assert_str_eq(config.image_dir, "/srv/images");
	ck_assert_str_eq(config.qemu, "/opt/qemu/bin/qemu-system-x86_64");
	ck_assert_str_eq(config.qemu_img, "/opt/qemu/bin/qemu-img");
	ck_assert_str_eq(config.gpgv, "/opt/gpgv");
	ck_assert_str_eq(config.ssh_keygen, "/opt/ssh-keygen");
	check_list(&config.allow_missing, "landlock|cgroup");
	check_list(&config.expose, "/opt/qemu|/bootable|/work/qemu");
	ck_assert_str_eq(config.cgroup, "/sys/fs/cgroup/vms.slice");
	ck_assert_str_eq(config.uefi_code, "/opt/qemu/code.fd");
	ck_assert_str_eq(config.uefi_vars, "/opt/qemu/vars.fd");
	ck_assert_str_eq(config.timezone, "America/Argentina/Buenos_Aires");
	check_list(&config.catalogue, "/srv/images.d|/srv/more");
	ck_assert_str_eq(config.ca_file, "/etc/ssl/own.pem");
	ck_assert_str_eq(config.proxy, "http://proxy.example.org:3128");
	ck_assert_uint_eq(config.stall_timeout_s, 5);
	ck_assert_uint_eq(config.pull_tries, 1);
	ck_assert_uint_eq(config.image_bytes_max, 2147483648);
}
END_TEST

/* Above, so that a new key cannot be forgotten there. */
START_TEST(keys_are_all_tested)
{
	const char *const *keys = host_config_keys();
	size_t n = 0;

	for (; keys[n]; n++) {
		size_t len = strlen(keys[n]);

		ck_assert_uint_lt(n, ARRAY_SIZE(all_lines));
		ck_assert_msg(strncmp(all_lines[n], keys[n], len) == 0 && all_lines[n][len] == ' ',
			      "key %s, line '%s'", keys[n], all_lines[n]);
	}
	ck_assert_uint_eq(n, ARRAY_SIZE(all_lines));
}
END_TEST

START_TEST(every_key_only_once)
{
	for (size_t i = 0; i < ARRAY_SIZE(all_lines); i++) {
		AUTO_FREE char *text = xasprintf("%s\n\n%s\n", all_lines[i], all_lines[i]);

		refuse(text, "x.conf:3: key '", NULL);
	}
}
END_TEST

static const char *const bad_lines[] = {
	"bridge =",
	"bridge = .",
	"bridge = ..",
	"bridge = -br0",
	"bridge = br/0",
	"bridge = br 0",
	"bridge = br0,br1",
	"bridge = br:0",
	"bridge = sixteen_letters_",
	"bridges = br0, b/r",
	"lan_cidr = 10.0.0.0",
	"lan_cidr = 10.0.0.0/0",
	"lan_cidr = 10.0.0.0/33",
	"lan_cidr = 10.0.0/8",
	"lan_cidr =",
	"lan_gw = none",
	"lan_gw = 10.0.0.1/24",
	"lan_gw = 127.0.0.1",
	"lan_gw = 224.0.0.1",
	"lan_gw = 0.0.0.0",
	"lan_gw = router",
	"lan_dns = 10.0.0.1 10.0.0.2",
	"lan_dns = 10.0.0.1, ::1",
	"lan_dns = 010.0.0.1",
	"search = -a.b",
	"search = a..b",
	"search = .a",
	"search = a.",
	"search = a.b-",
	"search = a b",
	"search = ex\xc3\xa4mple.org",
	"disk_size = 12X",
	"disk_size = 1023K",
	"disk_size = 1048577",
	"disk_size = 9T",
	"disk_size = -1G",
	"disk_size = 99999999999999999999",
	"memory = 15",
	"memory = 16385K",
	"memory = 1.5G",
	"memory = 17T",
	"cpus = 0",
	"cpus = 513",
	"cpus = +1",
	"cpus = 0x1",
	"cpus = 1 2",
	"cpus = ;1",
	"accel = KVM",
	"accel = hvf",
	"machine = pc",
	"vnc = on",
	"vnc = 127.0.0.1:1",
	"vnc = unix ,off",
	"guard = on",
	"guard = ip,mac",
	"user_guard = on",
	"user_vlans = 0",
	"user_vlans = 4095",
	"user_vlans = 20-10",
	"user_vlans = all",
	"queues =",
	"queues = 0",
	"queues = 17",
	"queues = Auto",
	"queues = 2 4",
	"vhost = yes",
	"stop_timeout = 0",
	"stop_timeout = 86401",
	"stop_timeout = 90s",
	"uid_base = 4294967296",
	"uid_count = 0",
	"uid_count = 1",
	"state_dir = var/lib/microvm",
	"state_dir = /var/lib/../lib",
	"state_dir = /var/./lib",
	"state_dir = /var//lib",
	"state_dir = /var/lib/",
	"state_dir = /",
	"state_dir = /..",
	"run_dir = ~/run",
	"image_dir =",
	"qemu = qemu-system-x86_64",
	"allow_missing = capabilities",
	"expose = usr/local",
	"expose = /boot",
	"expose = /boot/kernel",
	"expose = /opt/qemu, /work",
	"expose = /dev",
	"expose = /dev/shm",
	"expose = /proc",
	"expose = /sys/fs",
	"cgroup = on",
	"uefi_code = code.fd",
	"uefi_vars =",
	"timezone = /etc/localtime",
	"timezone = ../../etc/shadow",
	"timezone = Europe/../Berlin",
	"timezone = Europe//Berlin",
	"timezone = Europe/",
	"catalogue = images.d",
	"catalogue = /a, /b, /c, /d, /e, /f, /g, /h, /i",
	"ca_file =",
	"ca_file = ca.pem",
	"proxy =",
	"proxy = proxy.example.org:3128",
	"proxy = socks5://proxy.example.org",
	"proxy = http://",
	"proxy = http://user@proxy.example.org",
	"proxy = http://user:word@proxy.example.org:3128",
	"proxy = http://proxy.example.org:0",
	"proxy = http://proxy.example.org:65536",
	"proxy = http://proxy.example.org:",
	"proxy = http://proxy.example.org/path",
	"proxy = http://[::1",
	"proxy = http://[127.0.0.1]",
	"stall_timeout = 0",
	"stall_timeout = 3601",
	"pull_tries = 0",
	"pull_tries = 101",
	"image_max = 0",
	"image_max = 9T",
};

START_TEST(bad_values_are_refused_with_their_line)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_lines); i++) {
		AUTO_FREE char *text = xasprintf("# comment\n%s\n", bad_lines[i]);
		AUTO_FREE char *message = xasprintf("x.conf:2: parse %.*s",
						    (int)strcspn(bad_lines[i], " "), bad_lines[i]);

		refuse(text, message, NULL);
	}
}
END_TEST

START_TEST(bad_value_leaves_the_field)
{
	struct error err = ERROR_INIT;

	ck_assert_int_lt(parse("bridge = b/r", &err), 0);
	ck_assert_str_eq(config.bridge, "br0");
	ck_assert_int_lt(parse("lan_dns = 10.0.0.1, x", &err), 0);
	ck_assert_uint_eq(config.lan_dns.n, 0);
}
END_TEST

START_TEST(unknown_words_get_a_hint)
{
	refuse("memroy = 1G\n", "x.conf:1: unknown key 'memroy'", "the nearest key is 'memory'");
	refuse("cpus=1\n cpu = 1\n", "x.conf:2: unknown key 'cpu'", "the nearest key is 'cpus'");
	refuse("dns = 1.1.1.1", "x.conf:1: unknown key 'dns'", "");
	refuse("Bridge = br0", "x.conf:1: unknown key 'Bridge'", "the nearest key is 'bridge'");
	refuse("= 1", "x.conf:1: unknown key ''", "");
	refuse("bridge br = 1", "x.conf:1: unknown key 'bridge br'", NULL);
	refuse("a_key_that_is_longer_than_any_that_there_is = 1", "x.conf:1: unknown key 'a_key",
	       "");
	refuse("\n\n[host]\n", "x.conf:3: unknown section 'host'", "");
	refuse("[]\nbridge = br0\n", "x.conf:1: unknown section ''", "");
}
END_TEST

START_TEST(lines_that_are_none)
{
	refuse("bridge\n", "x.conf:1: not a line 'key = value'", NULL);
	/* the first of two errors, whichever part of the reader finds it */
	refuse("\nbridge\ncpus = 0\n", "x.conf:2: not a line", NULL);
	refuse("\ncpus = 0\nbridge\n", "x.conf:2: parse cpus", NULL);
	refuse("bridge = br0\n  br1\n", "x.conf:2: not a line", NULL);
	refuse("bridge ; = br0\n", "x.conf:1: not a line", NULL);
	refuse("[host\n", "x.conf:1: section heading lacks its ']'", NULL);
	refuse("[host] bridge = br0\n", "x.conf:1: text after the ']'", NULL);
	refuse("\xef\xbb\xbf"
	       "bridge = br0\n",
	       "x.conf:1: line begins with a character", NULL);
	refuse("\xef\xbb\xbf[host]\n", "x.conf:1: line begins with a character", NULL);
}
END_TEST

START_TEST(bytes_that_no_text_has)
{
	static const char nul[] = "bridge = br0\ncpus = 2\0 3\n";
	static const char nul_in_comment[] = "\n\n#\0\n";

	refuse_len(nul, sizeof(nul) - 1, "x.conf:2: line holds a NUL byte", NULL);
	refuse_len(nul_in_comment, sizeof(nul_in_comment) - 1, "x.conf:3: line holds a NUL", NULL);
	refuse("bridge = br0\rcpus = 2\n", "x.conf:1: line holds a control", NULL);
	refuse("bridge = br0\r\r\n", "x.conf:1: line holds a control", NULL);
	refuse("# \x1b[2J\n", "x.conf:1: line holds a control", NULL);
	refuse("# \x7f\n", "x.conf:1: line holds a control", NULL);
	refuse("# caf\xe9\n", "x.conf:1: line holds a control", NULL);
	refuse("# \xe2\x80\xae\n", "x.conf:1: line holds a control", NULL);
}
END_TEST

/* A line of len bytes that sets state_dir, and the value that it sets. */
static char *long_line(size_t len, const char **ret_value)
{
	static const char head[] = "state_dir = /";
	char *line = xmalloc(len + 1);

	memset(line, 'x', len);
	memcpy(line, head, strlen(head));
	line[len] = '\0';
	*ret_value = line + strlen(head) - 1;
	return line;
}

START_TEST(longest_line)
{
	const char *value;
	AUTO_FREE char *fits = long_line(197, &value);
	AUTO_FREE char *indented = xasprintf("\n \t %s\t\t\r\n", fits);
	AUTO_FREE char *message = xstrdup("x.conf:2: line is longer than 197 bytes");

	take(fits);
	ck_assert_str_eq(config.state_dir, value);
	refuse(indented, message, NULL);
	indented[strlen(indented) - 4] = '\r';
	indented[strlen(indented) - 3] = '\n';
	indented[strlen(indented) - 2] = '\0';
	take(indented);
	ck_assert_str_eq(config.state_dir, value);
}
END_TEST

START_TEST(longer_lines_are_refused)
{
	for (size_t len = 198; len < 1000; len++) {
		const char *value;
		AUTO_FREE char *line = long_line(len, &value);
		AUTO_FREE char *comment = xasprintf("cpus = 1\n#%s\n", line);

		refuse(line, "x.conf:1: line is longer than 197 bytes", NULL);
		refuse(comment, "x.conf:2: line is longer than 197 bytes", NULL);
	}
}
END_TEST

START_TEST(blanks_comments_and_colons)
{
	take("; comment\n# comment = 1\r\n\r\n \t \n"
	     "\t bridge\t=\tlan0\t; not this\r\n"
	     "   cpus:3\n"
	     "search =\n"
	     "state_dir = /a;b#c ;d\n"
	     "run_dir = /a b \xc3\xa4\n"
	     "memory=512 ;");
	ck_assert_str_eq(config.bridge, "lan0");
	ck_assert_uint_eq(config.cpus, 3);
	ck_assert_uint_eq(config.search.n, 0);
	ck_assert_str_eq(config.state_dir, "/a;b#c");
	ck_assert_str_eq(config.run_dir, "/a b \xc3\xa4");
	ck_assert_uint_eq(config.memory_mib, 512);
}
END_TEST

START_TEST(uids_of_others)
{
	static const struct {
		unsigned int base, count;
		const char *whose;
	} bad[] = {
		{ 0, 2, "0-999" },
		{ 999, 2, "0-999" },
		{ 59000, 1002, "60001-60577" },
		{ 60513, 2, "60001-60577" },
		{ 61000, 1000, "61184-65519" },
		{ 65520, 15, "65534-65535" },
		{ 65535, 2, "65534-65535" },
		{ 500000, 100000, "524288-1879048191" },
		{ 1879048191, 2, "524288-1879048191" },
		{ 2147483647, 2, "2147483648-4294967295" },
		{ 4294967295, 2, "2147483648-4294967295" },
		{ 1000, 4294967295, "60001-60577" },
		{ 2100000000, 4294967295, "2147483648-4294967295" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = ERROR_INIT;
		AUTO_FREE char *text = xasprintf("uid_base=%u\nuid_count=%u\n", bad[i].base,
						 bad[i].count);

		suite_assert_error(parse(text, &err), err, EINVAL, ERROR_USAGE);
		ck_assert_msg(strncmp(err.message, "x.conf: ", 8) == 0 &&
				      strstr(err.message, bad[i].whose),
			      "%u+%u: %s", bad[i].base, bad[i].count, err.message);
		host_config_done(&config);
		host_config_init(&config);
	}
	take("uid_base = 1879048192\nuid_count = 268435456\n");
	take("uid_count = 10\nuid_base = 1000\n");
}
END_TEST

START_TEST(words_of_guard_and_queues)
{
	take("guard = ip\nqueues = 4\n");
	ck_assert_int_eq(config.guard, GUARD_IP);
	ck_assert_uint_eq(config.queues, 4);
	take("guard = mac\nqueues = auto\n");
	ck_assert_int_eq(config.guard, GUARD_MAC);
	ck_assert_uint_eq(config.queues, 0);
}
END_TEST

START_TEST(allow_list_of_bridges)
{
	ck_assert(host_config_allows_bridge(&config, "br0"));
	ck_assert(!host_config_allows_bridge(&config, "br1"));
	ck_assert(!host_config_allows_bridge(&config, ""));
	take("bridges = br1, br2\n");
	ck_assert(host_config_allows_bridge(&config, "br2"));
	ck_assert(!host_config_allows_bridge(&config, "br0"));
	ck_assert(!host_config_allows_bridge(&config, "br"));
	ck_assert(!host_config_allows_bridge(&config, "br1, br2"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config/host");
	TCase *tc = tcase_create("host");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, defaults_are_the_documented_ones);
	tcase_add_test(tc, every_key_is_read);
	tcase_add_test(tc, keys_are_all_tested);
	tcase_add_test(tc, every_key_only_once);
	tcase_add_test(tc, bad_values_are_refused_with_their_line);
	tcase_add_test(tc, bad_value_leaves_the_field);
	tcase_add_test(tc, unknown_words_get_a_hint);
	tcase_add_test(tc, lines_that_are_none);
	tcase_add_test(tc, bytes_that_no_text_has);
	tcase_add_test(tc, longest_line);
	tcase_add_test(tc, longer_lines_are_refused);
	tcase_add_test(tc, blanks_comments_and_colons);
	tcase_add_test(tc, uids_of_others);
	tcase_add_test(tc, words_of_guard_and_queues);
	tcase_add_test(tc, allow_list_of_bridges);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
