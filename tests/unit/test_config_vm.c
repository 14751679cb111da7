/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm.conf: what it may say. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "vm_config_lab.h"

START_TEST(defaults_come_from_the_host)
{
	static const char text[] =
		"memory=3G\ncpus=3\naccel=tcg\nmachine=microvm\nvnc=off\nguard=off\n"
		"vhost=off\nqueues=3\nlan_gw=10.0.0.1\nlan_dns=10.0.0.2\nsearch=lan\n";
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
	ck_assert_uint_eq(config.nics[0].queues, 3);
	ck_assert_uint_eq(config.uid, 0);
	ck_assert_uint_eq(config.stop_timeout_s, 0);
	ck_assert(!config.protect);
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
	{ "protect", "", "protect = on" },
	{ "firmware", "", "firmware = uefi" },
	{ "hugepages", "", "hugepages = 1G" },
	{ "cpu_pin", "", "cpu_pin = 0,2-5" },
	{ "nice", "", "nice = -5" },
	{ "memory_max", "", "memory_max = 3G" },
	{ "cpu_max", "", "cpu_max = 150" },
	{ "cpu_weight", "", "cpu_weight = 50" },
	{ "pids_max", "", "pids_max = 64" },
	{ "io_weight", "", "io_weight = 10" },
	{ "io_max", "", "io_max = rbps=10M wiops=100" },
	{ "allow_missing", "", "allow_missing = landlock, keyring" },
	{ "uid", "", "uid = 2100000007" },
	{ "instance_id", "", "instance_id = iid-0123abcd" },
	{ "ready_nonce", "", "ready_nonce = 8f6b2b1c" },
	{ "stop_timeout", "", "stop_timeout = 30" },
	{ "image.path", "[image]", "path = /var/lib/microvm/images/debian.qcow2" },
	{ "image.format", "[image]", "format = raw" },
	{ "image.size", "[image]", "size = 18446744073709551615" },
	{ "image.mtime", "[image]", "mtime = -9223372036854775808" },
	{ "image.profile", "[image]", "profile = nuageinit" },
	{ "image.user", "[image]", "user = cloud-user" },
	{ "image.cpu_level", "[image]", "cpu_level = 3" },
	{ "nic.bridge", "[nic.1]", "bridge = lan0" },
	{ "nic.mac", "[nic.1]", "mac = 52:54:00:12:34:5F" },
	{ "nic.ip", "[nic.1]", "ip = 192.0.2.5/28" },
	{ "nic.more_ip", "[nic.1]", "more_ip = 192.0.2.6/28, 2001:db8::5/64,fe80::5/64" },
	{ "nic.gateway", "[nic.1]", "gateway = 192.0.2.1" },
	{ "nic.gateway6", "[nic.1]", "gateway6 = fe80::1" },
	{ "nic.dns", "[nic.1]", "dns = 10.0.0.1, 2001:db8::1" },
	{ "nic.search", "[nic.1]", "search = example.org" },
	{ "nic.mtu", "[nic.1]", "mtu = 9000" },
	{ "nic.guard", "[nic.1]", "guard = ip" },
	{ "nic.vhost", "[nic.1]", "vhost = off" },
	{ "nic.queues", "[nic.1]", "queues = 4" },
	{ "nic.vlan", "[nic.1]", "vlan = 4094" },
	{ "nic.trunk", "[nic.1]", "trunk = 1, 30-40,4093" },
	{ "nic.isolated", "[nic.1]", "isolated = on" },
	{ "nic.rate", "[nic.1]", "rate = 100/20" },
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

static void check_vlans_of(const struct vm_nic *nic, const char *expected)
{
	struct vlan_range ranges[VM_TRUNK_MAX];
	unsigned int n = vm_nic_trunk(nic, ranges);
	AUTO_BUF text = BUF_INIT;

	for (unsigned int i = 0; i < n; i++)
		buf_printf(&text, "%u-%u ", ranges[i].first, ranges[i].last);
	ck_assert_str_eq(buf_str(&text), expected);
}

static void check_second_nic(const struct vm_nic *nic)
{
	char mac[MAC_TEXT_MAX];

	ck_assert_str_eq(nic->bridge, "lan0");
	mac_format(&nic->mac, mac);
	ck_assert_str_eq(mac, "52:54:00:12:34:5f");
	ck_assert_int_eq(nic->ip_mode, IP_STATIC);
	check_addresses_of(nic, "192.0.2.5/28 192.0.2.6/28 2001:db8::5/64 fe80::5/64 ");
	check_addr(&nic->gateway, "192.0.2.1");
	check_addr(&nic->gateway6, "fe80::1");
	ck_assert_uint_eq(nic->dns.n, 2);
	ck_assert_str_eq(nic->dns.v[1], "2001:db8::1");
	ck_assert_str_eq(nic->search.v[0], "example.org");
	ck_assert_uint_eq(nic->mtu, 9000);
	ck_assert_int_eq(nic->guard, GUARD_IP);
	ck_assert_int_eq(nic->vhost, TRISTATE_OFF);
	ck_assert_uint_eq(nic->queues, 4);
	ck_assert_uint_eq(nic->vlan, 4094);
	check_vlans_of(nic, "1-1 30-40 4093-4093 ");
	ck_assert(nic->isolated);
	ck_assert_uint_eq(nic->rate.to_guest_mbit, 100);
	ck_assert_uint_eq(nic->rate.from_guest_mbit, 20);
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
	ck_assert_int_eq(config.image.profile, PROFILE_NUAGEINIT);
	ck_assert_str_eq(config.image.user, "cloud-user");
	ck_assert_uint_eq(config.image.cpu_level, 3);
	ck_assert(config.protect);
	ck_assert_uint_eq(config.n_nics, 2);
	check_second_nic(&config.nics[1]);
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

/* Values that may be longer than a line. */
static bool may_be_given_again(const char *word)
{
	static const char *const words[] = { "append", "nic.more_ip", "nic.dns", "nic.search",
					     "nic.trunk" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(word, words[i]) == 0)
			return true;
	}
	return false;
}

START_TEST(every_key_only_once)
{
	for (size_t i = 0; i < ARRAY_SIZE(all_lines); i++) {
		const struct line *line = &all_lines[i];
		AUTO_FREE char *text = xasprintf("%s\n%s\n%s\n%s\n", line->section, line->text,
						 line->section, line->text);

		if (may_be_given_again(line->word))
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
	refuse("[nic.8]\n", "vm.conf:1: unknown section 'nic.8'", "the nearest section is [nic.0]");
	refuse("[nic.01]\n", "vm.conf:1: unknown section 'nic.01'", NULL);
	refuse("[nic.-1]\n", "vm.conf:1: unknown section 'nic.-1'", NULL);
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
	"firmware = ovmf",
	"hugepages = on",
	"cpu_pin = ",
	"cpu_pin = 5-2",
	"cpu_pin = 1-",
	"cpu_pin = 8192",
	"cpu_pin = a",
	"nice = 20",
	"nice = -21",
	"nice = --1",
	"memory_max = 0",
	"memory_max = 2147483648.5M",
	"cpu_max = 0",
	"cpu_weight = 10001",
	"pids_max = 15",
	"io_weight = 0",
	"io_max = rbps",
	"io_max = rbps=0",
	"io_max = rbps=1 rbps=2",
	"io_max = wiops=1000000001",
	"io_max = sync=1",
	"io_max = rbps=1M,wbps=1M",
	"nice = ",
	"nice = 5-",
	"nice = -",
	"nice = -18446744073709551617",
	"memory_max = ",
	"memory_max = 17M,",
	"memory_max = AUTO",
	"allow_missing = uid",
	"allow_missing = landlock, all",
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
	"[image]\nprofile = cloud-init",
	"[image]\nprofile =",
	"[image]\nuser = root",
	"[image]\nuser = a:b",
	"[image]\nuser = Debian",
	"[image]\ncpu_level = 0",
	"[image]\ncpu_level = 5",
	"[image]\ncpu_level = v3",
	"[nic.0]\nbridge = a/b",
	"[nic.0]\ngateway = 10.0.0.0/24",
	"[nic.0]\ngateway = 255.255.255.255",
	"[nic.0]\ngateway =",
	"[nic.0]\ngateway = fe80::1",
	"[nic.0]\ngateway6 = ::1",
	"[nic.0]\ngateway6 = 10.0.0.1",
	"[nic.0]\ngateway6 = fe80::1%eth0",
	"[nic.0]\ndns = none",
	"[nic.0]\ndns = 10.0.0.1; 10.0.0.2",
	"[nic.0]\nmtu = 575",
	"[nic.0]\nmtu = 65536",
	"[nic.0]\nguard = on",
	"[nic.0]\nguard = mac,ip",
	"[nic.0]\nvhost = maybe",
	"[nic.0]\nqueues =",
	"[nic.0]\nqueues = 0",
	"[nic.0]\nqueues = 17",
	"[nic.0]\nqueues = AUTO",
	"[nic.0]\nqueues = -1",
	"[nic.0]\nvlan =",
	"[nic.0]\nvlan = 0",
	"[nic.0]\nvlan = 4095",
	"[nic.0]\nvlan = 10-20",
	"[nic.0]\nvlan = 0x10",
	"[nic.0]\ntrunk = 0",
	"[nic.0]\ntrunk = 4095",
	"[nic.0]\ntrunk = 1-4095",
	"[nic.0]\ntrunk = 65537",
	"[nic.0]\ntrunk = 20-10",
	"[nic.0]\ntrunk = 10-",
	"[nic.0]\ntrunk = -10",
	"[nic.0]\ntrunk = -",
	"[nic.0]\ntrunk = 10-20-30",
	"[nic.0]\ntrunk = 10 - 20",
	"[nic.0]\ntrunk = 10 20",
	"[nic.0]\ntrunk = all",
	"[nic.0]\nisolated =",
	"[nic.0]\nisolated = maybe",
	"[nic.0]\nrate =",
	"[nic.0]\nrate = 0",
	"[nic.0]\nrate = 100001",
	"[nic.0]\nrate = 100/",
	"[nic.0]\nrate = /100",
	"[nic.0]\nrate = 100/100001",
	"[nic.0]\nrate = 1/2/3",
	"[nic.0]\nrate = 100M",
	"[nic.0]\nrate = -5",
	"[nic.0]\nrate = 1.5",
	"[nic.0]\nmore_ip = dhcp",
	"[nic.0]\nmore_ip = 192.0.2.5",
	"[nic.0]\nmore_ip = 192.0.2.5/0",
	"[nic.0]\nmore_ip = 192.0.2.5/33",
	"[nic.0]\nmore_ip = 192.0.2.0/24",
	"[nic.0]\nmore_ip = 192.0.2.255/24",
	"[nic.0]\nmore_ip = 127.0.0.1/8",
	"[nic.0]\nmore_ip = 169.254.1.1/16",
	"[nic.0]\nmore_ip = 224.0.0.1/4",
	"[nic.0]\nmore_ip = ff02::1/64",
	"[nic.0]\nmore_ip = ::1/128",
	"[nic.0]\nmore_ip = ::ffff:192.0.2.5/120",
	"[nic.0]\nmore_ip = 2001:db8::5",
	"[nic.0]\nmore_ip = 2001:db8::5/129",
	"[nic.0]\nmore_ip = 192.0.2.5/24 192.0.2.6/24",
	"[nic.0]\nmore_ip = 192.0.2.5/24, x",
	"[nic.1]\nip =",
	"[nic.1]\nip = DHCP",
	"[nic.1]\nip = auto",
	"[nic.1]\nip = 192.0.2.5",
	"[nic.1]\nip = 192.0.2.0/24",
	"[nic.1]\nip = 192.0.2.5/24, 192.0.2.6/24",
	"[nic.1]\nip = fe80::5/64",
	"protect =",
	"protect = maybe",
	"[disk.0]\nfile = ../x",
	"[disk.0]\nfile = a/b",
	"[disk.0]\nfile = /etc/passwd",
	"[disk.0]\nfile = .hidden",
	"[disk.0]\nfile = -x",
	"[disk.0]\nfile = json:{}",
	"[disk.0]\nfile = disk.qcow2",
	"[disk.0]\nfile = vm.conf",
	"[disk.0]\nfile = vm.ip",
	"[disk.0]\nfile = vm.mac",
	"[disk.0]\nfile = vm.pid",
	"[disk.0]\nfile = vnc.port",
	"[disk.0]\nfile = os.name",
	"[disk.0]\nfile = seed.iso",
	"[disk.0]\nfile = pubkey.pub",
	"[disk.0]\nfile = user-data",
	"[disk.0]\nfile = network-config",
	"[disk.0]\nfile = uefi_vars.fd",
	"[disk.0]\nfile = ssh_host_ed25519_key",
	"[disk.0]\nfile = ssh_host_ed25519_key.pub",
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
	refuse("append = quiet\n", "vm.conf: 'append' is of no use without 'kernel'",
	       "unset with it what goes with a kernel: append=");
	refuse("initrd = /i\n", "vm.conf: 'initrd' is of no use without 'kernel'",
	       "unset with it what goes with a kernel: initrd=");
	refuse("initrd = /i\nappend = quiet\n", "vm.conf: 'initrd' is of no use without 'kernel'",
	       "unset with it what goes with a kernel: initrd= append=");
}
END_TEST

START_TEST(refused_limits_say_what_is_taken)
{
	static const char sizes[] = "a size such as memory_max=2G, or memory_max=auto, or "
				    "memory_max=off";
	static const char blanks[] = "blanks stand between the rates: 'rbps=10M wbps=10M'";

	refuse("nice = 20\n", "vm.conf:1: parse nice '20': must be a number from -20 to 19", "");
	refuse("nice = -21\n", "vm.conf:1: parse nice '-21': must be a number from -20 to 19", "");
	refuse("nice = --1\n", "vm.conf:1: parse nice '--1': must be a number from -20 to 19", "");
	refuse("memory_max = abc\n", "vm.conf:1: parse memory_max 'abc': not a size", sizes);
	refuse("memory_max = 15M\n", "vm.conf:1: parse memory_max '15M': must be from", sizes);
	refuse("memory_max = 16777217K\n", "vm.conf:1: parse memory_max '16777217K': not a mult",
	       sizes);
	refuse("io_max = rbps=0\n", "vm.conf:1: parse io_max rbps '0': must be from 1 to", "");
	refuse("io_max = riops=1 rbps=x\n", "vm.conf:1: parse io_max rbps 'x': not a size", "");
	refuse("io_max = rbps=1M,wbps=1M\n", "vm.conf:1: parse io_max rbps '1M,wbps=1M': not a",
	       blanks);
	refuse("io_max = rbps=1M, wbps=1M\n", "vm.conf:1: parse io_max rbps '1M,': not a size",
	       blanks);
}
END_TEST

/* What a file may say, but create, set and start refuse. */
static const struct {
	const char *text, *message; /* NULL: nothing is wrong */
} machines[] = {
	{ "", NULL },
	{ "machine = microvm\nkernel = /k\n", NULL },
	{ "firmware = uefi\nkernel = /k\n", NULL },
	{ "hugepages = 2M\nmemory = 98M\n", NULL },
	{ "hugepages = 1G\nmemory = 3G\n", NULL },
	{ "hugepages = off\nmemory = 97M\n", NULL },
	{ "machine = microvm\n",
	  "machine microvm has no firmware that boots a disk: it needs a kernel" },
	{ "machine = microvm\nkernel = /k\nfirmware = uefi\n",
	  "machine microvm has no flash for UEFI" },
	{ "hugepages = 2M\nmemory = 97M\n", "a memory of 97M is no whole number of pages of 2M" },
	{ "hugepages = 1G\nmemory = 1025M\n",
	  "a memory of 1025M is no whole number of pages of 1G" },
	{ "hugepages = 1G\nmemory = 512M\n", "a memory of 512M is no whole number of pages of 1G" },
	{ "machine = microvm\nkernel = /k\nhugepages = 2M\nmemory = 33M\n",
	  "a memory of 33M is no whole number of pages of 2M" },
};

START_TEST(machines_that_cannot_be)
{
	struct error err = ERROR_INIT;
	int r;

	take(machines[_i].text);
	r = vm_config_check_machine(&config, &err);
	if (!machines[_i].message) {
		suite_assert_ok(r, err);
		return;
	}
	suite_assert_error(r, err, EINVAL, ERROR_USAGE);
	ck_assert_str_eq(err.message, machines[_i].message);
	ck_assert_str_ne(err.hint, "");
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

START_TEST(login)
{
	ck_assert_ptr_null(vm_config_login(&config));
	take("[image]\nuser = debian\n");
	ck_assert_str_eq(vm_config_login(&config), "debian");
	xreplace(&config.user, "alice");
	ck_assert_str_eq(vm_config_login(&config), "alice");
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
	TCase *tc = vm_config_case("vm");

	tcase_add_test(tc, defaults_come_from_the_host);
	tcase_add_test(tc, every_key_is_read);
	tcase_add_test(tc, keys_are_all_tested);
	tcase_add_test(tc, every_key_only_once);
	tcase_add_test(tc, keys_stay_in_their_section);
	tcase_add_test(tc, sections_that_are_none);
	tcase_add_test(tc, disks_without_gaps_and_once);
	tcase_add_test(tc, bad_values_are_refused_with_their_line);
	tcase_add_test(tc, kernel_comes_before_its_arguments);
	tcase_add_test(tc, refused_limits_say_what_is_taken);
	tcase_add_loop_test(tc, machines_that_cannot_be, 0, ARRAY_SIZE(machines));
	tcase_add_test(tc, append_is_joined_and_bounded);
	tcase_add_test(tc, login);
	tcase_add_test(tc, done_twice);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
