/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm.conf: what it may say, and that what is written is what is read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "config/vm_config.h"
#include "suite.h"

#include <sys/socket.h>

static struct host_config host;
static struct vm_config config;

static void setup(void)
{
	host_config_init(&host);
	vm_config_init(&config, &host);
}

static void teardown(void)
{
	vm_config_done(&config);
	host_config_done(&host);
}

static void again(void)
{
	teardown();
	setup();
}

static int parse(const char *text, struct error *err)
{
	return vm_config_parse(&config, "vm.conf", text, strlen(text), err);
}

static void take(const char *text)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(parse(text, &err), err);
}

static void refuse(const char *text, const char *message, const char *hint)
{
	struct error err = ERROR_INIT;
	int r = parse(text, &err);

	ck_assert_msg(r < 0, "accepted: %s", text);
	suite_assert_error(r, err, err.code == ERANGE ? ERANGE : EINVAL, ERROR_USAGE);
	ck_assert_msg(strncmp(err.message, message, strlen(message)) == 0, "'%s' for: %s",
		      err.message, text);
	if (hint)
		ck_assert_str_eq(err.hint, hint);
	again();
}

static void check_addr(const struct ip_addr *addr, const char *expected)
{
	char text[IP_TEXT_MAX];

	ip_format(addr, text);
	ck_assert_str_eq(text, expected);
}

START_TEST(defaults_come_from_the_host)
{
	static const char text[] =
		"memory=3G\ncpus=3\naccel=tcg\nmachine=microvm\nvnc=off\nguard=off\n"
		"vhost=off\nlan_gw=10.0.0.1\nlan_dns=10.0.0.2\nsearch=lan\n";
	struct error err = ERROR_INIT;

	suite_assert_ok(host_config_parse(&host, "x", text, strlen(text), &err), err);
	vm_config_done(&config);
	vm_config_init(&config, &host);
	ck_assert_uint_eq(config.memory_mib, 3072);
	ck_assert_uint_eq(config.cpus, 3);
	ck_assert_int_eq(config.accel, ACCEL_TCG);
	ck_assert_int_eq(config.machine, MACHINE_MICROVM);
	ck_assert_str_eq(config.vnc, "off");
	ck_assert_uint_eq(config.n_nics, 1);
	ck_assert_uint_eq(config.n_disks, 0);
	ck_assert_ptr_null(config.nics[0].bridge);
	ck_assert_int_eq(config.nics[0].ip_mode, IP_DHCP);
	check_addr(&config.nics[0].gateway, "10.0.0.1");
	ck_assert_str_eq(config.nics[0].dns.v[0], "10.0.0.2");
	ck_assert_str_eq(config.nics[0].search.v[0], "lan");
	ck_assert_int_eq(config.nics[0].guard, GUARD_OFF);
	ck_assert_int_eq(config.nics[0].vhost, TRISTATE_OFF);
	ck_assert_uint_eq(config.uid, 0);
	ck_assert_uint_eq(config.stop_timeout_s, 0);
}
END_TEST

static const struct line {
	const char *word, *section, *text;
} all_lines[] = {
	{ "user", "", "user = debian" },
	{ "memory", "", "memory = 2G" },
	{ "cpus", "", "cpus = 4" },
	{ "accel", "", "accel = tcg" },
	{ "cpu", "", "cpu = Haswell-v4,+aes,pmu=off" },
	{ "machine", "", "machine = microvm" },
	{ "kernel", "", "kernel = /boot/vmlinuz" },
	{ "initrd", "", "initrd = /boot/initrd.img" },
	{ "append", "", "append = root=/dev/vda1 \"x;y\"" },
	{ "vnc", "", "vnc = 192.0.2.1" },
	{ "uid", "", "uid = 2100000007" },
	{ "instance_id", "", "instance_id = iid-0123abcd" },
	{ "ready_nonce", "", "ready_nonce = 8f6b2b1c" },
	{ "stop_timeout", "", "stop_timeout = 30" },
	{ "image.path", "[image]", "path = /var/lib/microvm/images/debian.qcow2" },
	{ "image.format", "[image]", "format = raw" },
	{ "image.size", "[image]", "size = 18446744073709551615" },
	{ "image.mtime", "[image]", "mtime = -9223372036854775808" },
	{ "nic.bridge", "[nic.0]", "bridge = lan0" },
	{ "nic.gateway", "[nic.0]", "gateway = fe80::1" },
	{ "nic.dns", "[nic.0]", "dns = 10.0.0.1, 2001:db8::1" },
	{ "nic.search", "[nic.0]", "search = example.org" },
	{ "nic.mtu", "[nic.0]", "mtu = 9000" },
	{ "nic.guard", "[nic.0]", "guard = off" },
	{ "nic.vhost", "[nic.0]", "vhost = off" },
	{ "disk.file", "[disk.0]", "file = data.raw" },
	{ "disk.format", "[disk.0]", "format = raw" },
};

static void put_all_lines(struct buf *text)
{
	const char *section = "";

	for (size_t i = 0; i < ARRAY_SIZE(all_lines); i++) {
		if (strcmp(section, all_lines[i].section) != 0)
			buf_printf(text, "%s\n", section = all_lines[i].section);
		buf_printf(text, "%s\n", all_lines[i].text);
	}
}

START_TEST(every_key_is_read)
{
	AUTO_BUF text = BUF_INIT;

	put_all_lines(&text);
	take(buf_str(&text));
	ck_assert_str_eq(config.user, "debian");
	ck_assert_uint_eq(config.memory_mib, 2048);
	ck_assert_uint_eq(config.cpus, 4);
	ck_assert_int_eq(config.accel, ACCEL_TCG);
	ck_assert_str_eq(config.cpu_model, "Haswell-v4,+aes,pmu=off");
	ck_assert_int_eq(config.machine, MACHINE_MICROVM);
	ck_assert_str_eq(config.kernel, "/boot/vmlinuz");
	ck_assert_str_eq(config.initrd, "/boot/initrd.img");
	ck_assert_str_eq(config.append, "root=/dev/vda1 \"x;y\"");
	ck_assert_str_eq(config.vnc, "192.0.2.1");
	ck_assert_uint_eq(config.uid, 2100000007);
	ck_assert_str_eq(config.instance_id, "iid-0123abcd");
	ck_assert_str_eq(config.ready_nonce, "8f6b2b1c");
	ck_assert_uint_eq(config.stop_timeout_s, 30);
	ck_assert_str_eq(config.image.path, "/var/lib/microvm/images/debian.qcow2");
	ck_assert_int_eq(config.image.format, DISK_RAW);
	ck_assert_uint_eq(config.image.size, UINT64_MAX);
	ck_assert_int_eq(config.image.mtime_ns, INT64_MIN);
	ck_assert_str_eq(config.nics[0].bridge, "lan0");
	check_addr(&config.nics[0].gateway, "fe80::1");
	ck_assert_uint_eq(config.nics[0].dns.n, 2);
	ck_assert_str_eq(config.nics[0].dns.v[1], "2001:db8::1");
	ck_assert_str_eq(config.nics[0].search.v[0], "example.org");
	ck_assert_uint_eq(config.nics[0].mtu, 9000);
	ck_assert_int_eq(config.nics[0].guard, GUARD_OFF);
	ck_assert_int_eq(config.nics[0].vhost, TRISTATE_OFF);
	ck_assert_uint_eq(config.n_nics, 1);
	ck_assert_uint_eq(config.n_disks, 1);
	ck_assert_str_eq(config.disks[0].file, "data.raw");
	ck_assert_int_eq(config.disks[0].format, DISK_RAW);
}
END_TEST

START_TEST(keys_are_all_tested)
{
	const char *const *keys = vm_config_keys();
	size_t n = 0;

	for (; keys[n]; n++) {
		ck_assert_uint_lt(n, ARRAY_SIZE(all_lines));
		ck_assert_str_eq(keys[n], all_lines[n].word);
	}
	ck_assert_uint_eq(n, ARRAY_SIZE(all_lines));
}
END_TEST

START_TEST(every_key_only_once)
{
	for (size_t i = 0; i < ARRAY_SIZE(all_lines); i++) {
		const struct line *line = &all_lines[i];
		AUTO_FREE char *text = xasprintf("%s\n%s\n%s\n%s\n", line->section, line->text,
						 line->section, line->text);

		if (strcmp(line->word, "append") == 0)
			continue;
		refuse(text, "vm.conf:4: key '", NULL);
	}
}
END_TEST

/* A key of one section is unknown in all others, or has its own line there. */
START_TEST(keys_stay_in_their_section)
{
	refuse("path = /x\n", "vm.conf:1: unknown key 'path'", "'path' stands in section [image]");
	refuse("mtu = 1500\n", "vm.conf:1: unknown key 'mtu'", "'mtu' stands in section [nic.0]");
	refuse("file = x\n", "vm.conf:1: unknown key 'file'", "'file' stands in section [disk.0]");
	refuse("[image]\ncpus = 1\n", "vm.conf:2: unknown key 'cpus' in section [image]",
	       "'cpus' stands before the first section");
	refuse("[nic.0]\nfile = x\n", "vm.conf:2: unknown key 'file' in section [nic.0]", NULL);
	refuse("[disk.0]\nbridge = br0\n", "vm.conf:2: unknown key 'bridge'", NULL);
	refuse("[image]\nfromat = raw\n", "vm.conf:2: unknown key 'fromat' in section [image]",
	       "the nearest key is 'format'");
	refuse("image.path = /x\n", "vm.conf:1: unknown key 'image.path'", NULL);
}
END_TEST

START_TEST(sections_that_are_none)
{
	refuse("[nic]\n", "vm.conf:1: unknown section 'nic'", "the nearest section is [nic.0]");
	refuse("[nic.1]\n", "vm.conf:1: unknown section 'nic.1'", "the nearest section is [nic.0]");
	refuse("[image.0]\n", "vm.conf:1: unknown section 'image.0'", NULL);
	refuse("[Image]\n", "vm.conf:1: unknown section 'Image'", "the nearest section is [image]");
	refuse("[ image ]\n", "vm.conf:1: unknown section ' image '", NULL);
	refuse("[disk.8]\n", "vm.conf:1: unknown section 'disk.8'", NULL);
	refuse("[disk.00]\n", "vm.conf:1: unknown section 'disk.00'", NULL);
	refuse("[disk.-1]\n", "vm.conf:1: unknown section 'disk.-1'", NULL);
	refuse("[disk.18446744073709551616]\n", "vm.conf:1: unknown section", "");
	refuse("[disk.]\n", "vm.conf:1: unknown section 'disk.'", NULL);
	refuse("[]\n", "vm.conf:1: unknown section ''", NULL);
	refuse("[image ;]\n", "vm.conf:1: unknown section 'image ;'", NULL);
}
END_TEST

START_TEST(disks_without_gaps_and_once)
{
	refuse("[disk.0]\n", "vm.conf: section [disk.0] lacks its 'file'", NULL);
	refuse("[disk.1]\nfile = a\n", "vm.conf: section [disk.0] lacks its 'file'", NULL);
	refuse("[disk.0]\nfile = a\n[disk.1]\nfile = a\n", "vm.conf: file 'a' is both", NULL);
	take("[disk.1]\nfile = b\n[disk.0]\nfile = a\n[disk.1]\nformat = raw\n");
	ck_assert_uint_eq(config.n_disks, 2);
	ck_assert_str_eq(config.disks[0].file, "a");
	ck_assert_str_eq(config.disks[1].file, "b");
	ck_assert_int_eq(config.disks[0].format, DISK_QCOW2);
	ck_assert_int_eq(config.disks[1].format, DISK_RAW);
}
END_TEST

static const char *const bad_lines[] = {
	"user =",
	"user = root",
	"user = Debian",
	"user = 1a",
	"user = -a",
	"user = a b",
	"user = a:b",
	"user = a$",
	"user = a23456789012345678901234567890123",
	"memory = 0",
	"memory = 18446744073709551616",
	"cpus = 0",
	"cpus = 513",
	"accel =",
	"cpu = -host",
	"cpu = host;x",
	"cpu = host x",
	"cpu = ,host",
	"cpu = host\xc3\xa4",
	"machine = isapc",
	"kernel = vmlinuz",
	"kernel = /boot/../etc/shadow",
	"initrd = /boot/",
	"append =",
	"append = caf\xc3\xa9",
	"vnc = 0",
	"vnc = ::1 ,x",
	"uid = 0",
	"uid = 65534",
	"uid = 1879048191",
	"uid = 4294967295",
	"uid = 4294967296",
	"uid = -1",
	"instance_id =",
	"instance_id = a_b",
	"instance_id = a/b",
	"instance_id = 12345678901234567890123456789012345678901234567890123456789012345",
	"ready_nonce = a b",
	"ready_nonce = a.b",
	"stop_timeout = 0",
	"stop_timeout = 86401",
	"[image]\npath = debian.qcow2",
	"[image]\npath = json:{}",
	"[image]\npath = /images//x",
	"[image]\nformat = vmdk",
	"[image]\nsize = 0",
	"[image]\nsize = 1G",
	"[image]\nmtime = 9223372036854775808",
	"[image]\nmtime = -9223372036854775809",
	"[image]\nmtime = --1",
	"[image]\nmtime = -",
	"[image]\nmtime =",
	"[nic.0]\nbridge = a/b",
	"[nic.0]\ngateway = 10.0.0.0/24",
	"[nic.0]\ngateway = 255.255.255.255",
	"[nic.0]\ngateway =",
	"[nic.0]\ngateway = ::1",
	"[nic.0]\ndns = none",
	"[nic.0]\ndns = 10.0.0.1; 10.0.0.2",
	"[nic.0]\nmtu = 575",
	"[nic.0]\nmtu = 65536",
	"[nic.0]\nguard = on",
	"[nic.0]\nvhost = maybe",
	"[disk.0]\nfile = ../x",
	"[disk.0]\nfile = a/b",
	"[disk.0]\nfile = /etc/passwd",
	"[disk.0]\nfile = .hidden",
	"[disk.0]\nfile = -x",
	"[disk.0]\nfile = json:{}",
	"[disk.0]\nfile = disk.qcow2",
	"[disk.0]\nfile = vm.conf",
	"[disk.0]\nfile = ssh_host_ed25519_key",
	"[disk.0]\nformat = vdi",
};

START_TEST(bad_values_are_refused_with_their_line)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_lines); i++) {
		const char *line = bad_lines[i][0] == '[' ? strchr(bad_lines[i], '\n') + 1
							  : bad_lines[i];
		AUTO_FREE char *message = xasprintf("vm.conf:%d: parse %.*s",
						    line == bad_lines[i] ? 1 : 2,
						    (int)strcspn(line, " "), line);

		refuse(bad_lines[i], message, NULL);
	}
}
END_TEST

START_TEST(kernel_comes_before_its_arguments)
{
	refuse("append = quiet\n", "vm.conf: 'append' is of no use without 'kernel'", NULL);
	refuse("initrd = /i\n", "vm.conf: 'initrd' is of no use without 'kernel'", NULL);
}
END_TEST

START_TEST(append_is_joined_and_bounded)
{
	AUTO_BUF text = BUF_INIT;

	take("kernel = /k\nappend = a  b ; not this\nappend=c\n\nappend = d=\"#e\"\n");
	ck_assert_str_eq(config.append, "a  b c d=\"#e\"");
	again();
	buf_puts(&text, "kernel = /k\n");
	for (int i = 0; i < 40; i++)
		buf_puts(&text, "append = 123456789012345678901234567890123456789012345678901\n");
	refuse(buf_str(&text), "vm.conf:41: parse append", NULL);
}
END_TEST

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_list(const struct strv *a, const struct strv *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	}
	return true;
}

static bool same_nic(const struct vm_nic *a, const struct vm_nic *b)
{
	return same_text(a->bridge, b->bridge) && ip_equal(&a->gateway, &b->gateway) &&
	       same_list(&a->dns, &b->dns) && same_list(&a->search, &b->search) &&
	       a->mtu == b->mtu && a->guard == b->guard && a->vhost == b->vhost;
}

static bool same_image(const struct vm_image *a, const struct vm_image *b)
{
	return same_text(a->path, b->path) && a->format == b->format && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns;
}

static bool same_boot(const struct vm_config *a, const struct vm_config *b)
{
	return same_text(a->kernel, b->kernel) && same_text(a->initrd, b->initrd) &&
	       same_text(a->append, b->append);
}

static bool same_config(const struct vm_config *a, const struct vm_config *b)
{
	if (a->n_nics != b->n_nics || a->n_disks != b->n_disks)
		return false;
	for (unsigned int i = 0; i < a->n_disks; i++) {
		if (!same_text(a->disks[i].file, b->disks[i].file) ||
		    a->disks[i].format != b->disks[i].format)
			return false;
	}
	return same_text(a->user, b->user) && a->memory_mib == b->memory_mib &&
	       a->cpus == b->cpus && a->accel == b->accel &&
	       same_text(a->cpu_model, b->cpu_model) && a->machine == b->machine &&
	       same_boot(a, b) && same_text(a->vnc, b->vnc) && a->uid == b->uid &&
	       same_text(a->instance_id, b->instance_id) &&
	       same_text(a->ready_nonce, b->ready_nonce) &&
	       a->stop_timeout_s == b->stop_timeout_s && same_image(&a->image, &b->image) &&
	       same_nic(&a->nics[0], &b->nics[0]);
}

/* Random structs: the same ones in each run. */
static unsigned int seed;

static unsigned int below(unsigned int limit)
{
	return (unsigned int)rand_r(&seed) % limit;
}

static uint64_t wide(void)
{
	uint64_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 16 ^ below(1 << 16);
	return value >> below(64);
}

/* A string of 1 to max characters out of alphabet, behind prefix. */
static void fill(char **field, const char *prefix, const char *alphabet, unsigned int max)
{
	AUTO_BUF text = BUF_INIT;

	buf_puts(&text, prefix);
	for (unsigned int n = 1 + below(max); n; n--)
		buf_add(&text, alphabet + below((unsigned int)strlen(alphabet)), 1);
	free(*field);
	*field = buf_steal(&text);
}

static void fill_maybe(char **field, const char *prefix, const char *alphabet, unsigned int max)
{
	if (below(3))
		fill(field, prefix, alphabet, max);
	else
		xreplace(field, NULL);
}

static void fill_list(struct strv *list, const char *const *choices, unsigned int n)
{
	strv_clear(list);
	for (unsigned int i = below(4); i; i--)
		strv_push(list, choices[below(n)]);
}

#define WORD "abcxyz0189"
#define PATH WORD "ABC.,:;=#[]{}'\"\\$%&*@!~^+-_ "
#define ARGS PATH "/"

static void random_nic(struct vm_nic *nic)
{
	static const char *const dns[] = { "10.0.0.1", "2001:db8::53", "fe80::1", "192.0.2.255" };
	static const char *const search[] = { "lan", "example.org", "_a.b-c.d", "0" };
	struct error err = ERROR_INIT;

	fill_maybe(&nic->bridge, "b", WORD "_.@+-", 14);
	fill_list(&nic->dns, dns, ARRAY_SIZE(dns));
	fill_list(&nic->search, search, ARRAY_SIZE(search));
	nic->gateway = (struct ip_addr){ .family = AF_UNSPEC };
	if (below(2))
		suite_assert_ok(ip_parse("x", dns[below(4)], &nic->gateway, &err), err);
	nic->mtu = below(2) ? VM_MTU_MIN + below(VM_MTU_MAX - VM_MTU_MIN + 1) : 0;
	nic->guard = below(2);
	nic->vhost = below(3);
}

static void random_image(struct vm_image *image)
{
	fill_maybe(&image->path, "/i/", PATH, 150);
	image->format = below(2);
	image->size = wide();
	image->mtime_ns = (int64_t)wide();
	if (below(2))
		image->mtime_ns = -image->mtime_ns;
}

static void random_disks(struct vm_config *c)
{
	for (unsigned int i = 0; i < VM_DISKS_MAX; i++)
		xreplace(&c->disks[i].file, NULL);
	c->n_disks = below(VM_DISKS_MAX + 1);
	for (unsigned int i = 0; i < c->n_disks; i++) {
		AUTO_FREE char *prefix = xasprintf("disk%u", i);

		fill(&c->disks[i].file, prefix, WORD ".-_", 20);
		c->disks[i].format = below(2);
	}
}

static void random_boot(struct vm_config *c)
{
	fill_maybe(&c->kernel, "/k", PATH, 100);
	xreplace(&c->initrd, NULL);
	xreplace(&c->append, NULL);
	if (!c->kernel)
		return;
	fill_maybe(&c->initrd, "/i", PATH, 100);
	fill_maybe(&c->append, "a", ARGS, 1500);
}

static void random_config(struct vm_config *c)
{
	static const char *const vnc[] = { "unix", "off", "0.0.0.0", "::", "127.0.0.1" };

	fill_maybe(&c->user, "_", WORD "_-", 31);
	c->memory_mib = VM_MEMORY_MIB_MIN + wide() % (VM_MEMORY_MIB_MAX - VM_MEMORY_MIB_MIN + 1);
	c->cpus = 1 + below(VM_CPUS_MAX);
	c->accel = below(2);
	fill_maybe(&c->cpu_model, "q", WORD "_.,+=-", 150);
	c->machine = below(2);
	random_boot(c);
	xreplace(&c->vnc, vnc[below(5)]);
	c->uid = below(2) ? 1879048192 + below(100000) : 0;
	fill_maybe(&c->instance_id, "", WORD "-", 64);
	fill_maybe(&c->ready_nonce, "", WORD "-", 64);
	c->stop_timeout_s = below(VM_STOP_TIMEOUT_MAX + 1);
	random_image(&c->image);
	random_nic(&c->nics[0]);
	random_disks(c);
}

/* Hosts differ between the writing and the reading. */
static void random_host(void)
{
	host.memory_mib = VM_MEMORY_MIB_MIN + below(1000);
	host.cpus = 1 + below(8);
	host.accel = below(2);
	host.machine = below(2);
	host.guard = below(2);
	host.vhost = below(3);
	host.lan_gw = (struct ip_addr){ AF_INET, { 10, 0, 0, 1 } };
	strv_clear(&host.lan_dns);
	strv_push(&host.lan_dns, "192.0.2.1");
	strv_clear(&host.search);
	strv_push(&host.search, "host.example");
}

/* Format, read back, compare. false: it was refused, as it may be; why is in err. */
static bool round_trip(struct error *ret_err)
{
	AUTO(vm_config_done) struct vm_config back;
	struct error err = ERROR_INIT;
	AUTO_BUF text = BUF_INIT, second = BUF_INIT;
	int r;

	r = vm_config_format(&config, &text, &err);
	random_host();
	vm_config_init(&back, &host);
	if (r < 0) {
		ck_assert_int_eq(err.kind, ERROR_USAGE);
		ck_assert_uint_eq(text.len, 0);
		*ret_err = err;
		return false;
	}
	r = vm_config_parse(&back, "vm.conf", buf_str(&text), text.len, &err);
	ck_assert_msg(r == 0, "seed %u: %s in:\n%s", seed, err.message, buf_str(&text));
	ck_assert_msg(same_config(&config, &back), "seed %u:\n%s", seed, buf_str(&text));
	suite_assert_ok(vm_config_format(&back, &second, &err), err);
	ck_assert_str_eq(buf_str(&text), buf_str(&second));
	return true;
}

/* Is there something in it that no line can hold? Then, and only then, it may be refused. */
static bool holds_comment(const char *text)
{
	return text && (text[0] == ';' || strstr(text, " ;") || text[strlen(text) - 1] == ' ');
}

/* Without a blank to cut at, what is longer than a line has no place. */
static bool has_long_word(const char *text)
{
	unsigned int run = 0;

	for (; text && *text; text++) {
		bool cut = *text == ' ' && text[1] != ' ' && text[-1] != ' ';

		run = cut ? 0 : run + 1;
		if (run > 188)
			return true;
	}
	return false;
}

START_TEST(round_trip_of_good_structs)
{
	unsigned int refused = 0;

	seed = (unsigned int)_i;
	for (int i = 0; i < 100; i++) {
		struct error err = ERROR_INIT;
		bool excuse;

		random_config(&config);
		excuse = holds_comment(config.kernel) || holds_comment(config.initrd) ||
			 holds_comment(config.append) || holds_comment(config.image.path) ||
			 has_long_word(config.append);
		if (!round_trip(&err)) {
			refused++;
			ck_assert_msg(excuse, "seed %u: %s", seed, err.message);
		}
	}
	/* most of them have a way through, or this proves little */
	ck_assert_uint_lt(refused, 60);
}
END_TEST

/* One string of a good struct is replaced by bytes of any kind. */
START_TEST(round_trip_of_hostile_strings)
{
	static const char bytes[] = "a/ \t\n\r;#=[]:,.\x01\x7f\xc3\xa4\xff\\\"";
	char **const fields[] = {
		&config.user,		&config.cpu_model,     &config.kernel,
		&config.initrd,		&config.append,	       &config.vnc,
		&config.instance_id,	&config.ready_nonce,   &config.image.path,
		&config.nics[0].bridge, &config.disks[0].file,
	};

	seed = 1000 + (unsigned int)_i;
	for (int i = 0; i < 200; i++) {
		random_config(&config);
		fill(fields[below(ARRAY_SIZE(fields))], below(2) ? "" : "/", bytes, 12);
		if (below(4) == 0 && config.nics[0].dns.n)
			fill(&config.nics[0].dns.v[0], "", bytes, 4);
		if (below(4) == 0 && config.nics[0].search.n)
			fill(&config.nics[0].search.v[0], "", bytes, 4);
		round_trip(&(struct error)ERROR_INIT);
	}
}
END_TEST

static void refuse_format(const char *message)
{
	struct error err = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;
	int r;

	buf_puts(&text, "kept");
	r = vm_config_format(&config, &text, &err);
	suite_assert_error(r, err, err.code == ERANGE ? ERANGE : EINVAL, ERROR_USAGE);
	ck_assert_msg(strncmp(err.message, "write vm.conf: ", 15) == 0 &&
			      strstr(err.message, message),
		      "'%s'", err.message);
	ck_assert_str_eq(buf_str(&text), "kept");
	again();
}

START_TEST(structs_that_no_file_can_say)
{
	config.cpus = 0;
	refuse_format("parse cpus");
	config.memory_mib = UINT64_MAX;
	refuse_format("parse memory");
	config.accel = 7;
	refuse_format("parse accel");
	config.uid = 65534;
	refuse_format("parse uid");
	config.nics[0].mtu = 1;
	refuse_format("parse mtu");
	config.nics[0].vhost = 3;
	refuse_format("parse vhost");
	config.stop_timeout_s = 86401;
	refuse_format("parse stop_timeout");
	xreplace(&config.vnc, NULL);
	refuse_format("parse vnc");
	xreplace(&config.user, "");
	config.n_nics = 0;
	refuse_format("a VM has 1 NIC");
	config.n_nics = 2;
	refuse_format("a VM has 1 NIC");
	config.n_disks = 9;
	refuse_format("a VM has 1 NIC");
	config.n_disks = 1;
	refuse_format("lacks its 'file'");
	xreplace(&config.append, "quiet");
	refuse_format("'append' is of no use");
	strv_push(&config.nics[0].dns, "10.0.0.1,10.0.0.2");
	refuse_format("parse dns");
	strv_push(&config.nics[0].search, "");
	refuse_format("parse search");
	strv_push(&config.nics[0].search, "a,b");
	refuse_format("parse search");
	ip_parse("x", "127.0.0.1", &config.nics[0].gateway, &(struct error)ERROR_INIT);
	refuse_format("parse gateway");
}
END_TEST

START_TEST(strings_that_no_line_can_hold)
{
	xreplace(&config.kernel, "/k\nuser = root");
	refuse_format("value of 'kernel' holds a control character");
	xreplace(&config.image.path, "/i ;x");
	refuse_format("value of 'path' holds ' ;'");
	xreplace(&config.image.path, "/i ");
	refuse_format("value of 'path' begins or ends with a blank");
	xreplace(&config.image.path, "/i\tx");
	refuse_format("value of 'path' holds a control character");
	xreplace(&config.image.path, "/\xff");
	refuse_format("value of 'path' holds a control character or is not UTF-8");
	free(config.image.path);
	config.image.path = xasprintf("/%0197d", 0);
	refuse_format("value of 'path' is longer than the 190 bytes");
	free(config.image.path);
	config.image.path = xasprintf("/%0189d", 0);
	ck_assert(round_trip(&(struct error)ERROR_INIT));
}
END_TEST

/* The parts are cut at single blanks; a run of two is kept, or the value refused. */
START_TEST(long_append_is_cut_where_it_can_be)
{
	struct error err = ERROR_INIT;

	xreplace(&config.kernel, "/k");
	for (int blanks = 1; blanks <= 2; blanks++) {
		for (int head = 150; head < 189 - 2 * blanks; head++) {
			free(config.append);
			config.append = xasprintf("a b%0*d%*sx", head, 0, blanks, "");
			ck_assert_msg(round_trip(&err), "%d %d %s", blanks, head, err.message);
		}
	}
	for (int head = 180; head < 200; head++) {
		free(config.append);
		config.append = xasprintf("%0*d  %0*d", head, 0, 100, 0);
		ck_assert_msg(!round_trip(&err), "%d", head);
	}
	xreplace(&config.append, "quiet ");
	ck_assert(!round_trip(&err));
}
END_TEST

/* What a user who opens the file sees. */
START_TEST(text_of_a_plain_vm)
{
	struct error err = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;

	xreplace(&config.image.path, "/var/lib/microvm/images/debian.qcow2");
	suite_assert_ok(vm_config_format(&config, &text, &err), err);
	ck_assert_str_eq(buf_str(&text), "memory = 1024M\n"
					 "cpus = 1\n"
					 "accel = kvm\n"
					 "machine = q35\n"
					 "vnc = unix\n"
					 "\n"
					 "[image]\n"
					 "path = /var/lib/microvm/images/debian.qcow2\n"
					 "format = qcow2\n"
					 "\n"
					 "[nic.0]\n"
					 "gateway = none\n"
					 "dns =\n"
					 "search =\n"
					 "guard = mac\n"
					 "vhost = auto\n");
}
END_TEST

static int set(const char *word, const char *value, struct error *err)
{
	return vm_config_set(&config, word, value, err);
}

START_TEST(set_one_field)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(set("memory", "4G", &err), err);
	ck_assert_uint_eq(config.memory_mib, 4096);
	suite_assert_ok(set("image.format", "raw", &err), err);
	ck_assert_int_eq(config.image.format, DISK_RAW);
	suite_assert_ok(set("nic.0.bridge", "lan0", &err), err);
	ck_assert_str_eq(config.nics[0].bridge, "lan0");
	suite_assert_ok(set("append", "a", &err), err);
	suite_assert_ok(set("append", "b", &err), err);
	ck_assert_str_eq(config.append, "b");
	suite_assert_ok(set("disk.1.file", "x.raw", &err), err);
	ck_assert_uint_eq(config.n_disks, 2);
	ck_assert_str_eq(config.disks[1].file, "x.raw");
}
END_TEST

START_TEST(set_to_nothing)
{
	static const char *const words[] = { "user",	     "cpu",	   "kernel",
					     "append",	     "uid",	   "stop_timeout",
					     "image.path",   "image.size", "image.mtime",
					     "nic.0.bridge", "nic.0.mtu" };
	struct error err = ERROR_INIT;
	AUTO_BUF before = BUF_INIT, after = BUF_INIT;

	suite_assert_ok(vm_config_format(&config, &before, &err), err);
	take("user=u\ncpu=host\nkernel=/k\nappend=a\nuid=2100000000\nstop_timeout=9\n[image]\n"
	     "path=/i\nsize=1\nmtime=1\n[nic.0]\nbridge=b\nmtu=1500\n");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		suite_assert_ok(set(words[i], "", &err), err);
	suite_assert_ok(vm_config_format(&config, &after, &err), err);
	ck_assert_str_eq(buf_str(&before), buf_str(&after));
	suite_assert_ok(set("nic.0.dns", "", &err), err);
	suite_assert_error(set("memory", "", &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(set("vnc", "", &err), err, EINVAL, ERROR_USAGE);
}
END_TEST

START_TEST(set_what_there_is_not)
{
	struct error err = ERROR_INIT;

	suite_assert_error(set("memroy", "1", &err), err, EINVAL, ERROR_USAGE);
	ck_assert_str_eq(err.hint, "the nearest key is 'memory'");
	suite_assert_error(set("nic.bridge", "b", &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(set("nic.1.bridge", "b", &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(set(".memory", "1", &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(set("", "1", &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(set("user", "root", &err), err, EINVAL, ERROR_USAGE);
	ck_assert_ptr_null(config.user);
	suite_assert_error(set("cpus", "0", &err), err, ERANGE, ERROR_USAGE);
	ck_assert_uint_eq(config.cpus, 1);
}
END_TEST

static void check_ip(const char *text, const char *lan, const char *expected)
{
	struct ip_prefix fallback = { .addr.family = AF_UNSPEC };
	struct error err = ERROR_INIT;
	char out[IP_TEXT_MAX];

	if (lan)
		suite_assert_ok(ip_prefix_parse("lan", lan, &fallback, &err), err);
	suite_assert_ok(vm_config_set_ip(&config, text, &fallback, &err), err);
	vm_config_format_ip(&config, out);
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
		int r = vm_config_set_ip(&config, bad[i], NULL, &err);

		ck_assert_msg(r < 0, "accepted: %s", bad[i]);
		ck_assert_int_eq(err.kind, ERROR_USAGE);
		vm_config_format_ip(&config, out);
		ck_assert_str_eq(out, "10.0.0.9/8");
	}
}
END_TEST

START_TEST(done_twice)
{
	AUTO_BUF text = BUF_INIT;

	put_all_lines(&text);
	take(buf_str(&text));
	vm_config_done(&config);
	ck_assert_uint_eq(config.n_disks, 0);
	vm_config_done(&config);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config/vm");
	TCase *tc = tcase_create("vm");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, defaults_come_from_the_host);
	tcase_add_test(tc, every_key_is_read);
	tcase_add_test(tc, keys_are_all_tested);
	tcase_add_test(tc, every_key_only_once);
	tcase_add_test(tc, keys_stay_in_their_section);
	tcase_add_test(tc, sections_that_are_none);
	tcase_add_test(tc, disks_without_gaps_and_once);
	tcase_add_test(tc, bad_values_are_refused_with_their_line);
	tcase_add_test(tc, kernel_comes_before_its_arguments);
	tcase_add_test(tc, append_is_joined_and_bounded);
	tcase_add_loop_test(tc, round_trip_of_good_structs, 0, 10);
	tcase_add_loop_test(tc, round_trip_of_hostile_strings, 0, 10);
	tcase_add_test(tc, structs_that_no_file_can_say);
	tcase_add_test(tc, strings_that_no_line_can_hold);
	tcase_add_test(tc, long_append_is_cut_where_it_can_be);
	tcase_add_test(tc, text_of_a_plain_vm);
	tcase_add_test(tc, set_one_field);
	tcase_add_test(tc, set_to_nothing);
	tcase_add_test(tc, set_what_there_is_not);
	tcase_add_test(tc, ip_in_all_forms);
	tcase_add_test(tc, ip_refused);
	tcase_add_test(tc, done_twice);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
