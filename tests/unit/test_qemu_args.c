/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's command line: the whole of it for known settings, and its shape for any. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "qemu/qemu_args.h"
#include "suite.h"

static struct host_config host;
static struct vm_config vm;
static struct qemu_spec spec;
static struct strv argv;

static void setup(void)
{
	struct error err = ERROR_INIT;

	host_config_init(&host);
	vm_config_init(&vm, &host);
	suite_assert_ok(mac_parse("52:54:00:12:34:56", &vm.nics[0].mac, &err), err);
	vm.cpus = 2;
	vm.memory_mib = 1024;
	spec = (struct qemu_spec){
		.program = "/usr/bin/qemu-system-x86_64",
		.name = "web1",
		.vm = &vm,
		.base_format = DISK_QCOW2,
		.nic_mtu = { 1500 },
	};
	qemu_fds_init(&spec.fds);
	spec.fds.qmp = 3;
	spec.fds.console = 4;
	spec.fds.console_log = 5;
	spec.fds.base = 6;
	spec.fds.disk = 7;
	spec.fds.seed = 8;
	spec.fds.tap[0][0] = 9;
}

static void teardown(void)
{
	strv_done(&argv);
	vm_config_done(&vm);
	host_config_done(&host);
}

static void build(void)
{
	strv_clear(&argv);
	qemu_args(&spec, &argv);
	ck_assert_ptr_null(argv.v[argv.n]);
}

static void assert_argv(const char *expected)
{
	AUTO_FREE char *text = NULL;

	build();
	text = strv_join(&argv, "\n");
	ck_assert_str_eq(text, expected);
}

#define FRAME                                                                                      \
	"/usr/bin/qemu-system-x86_64\n-name\nweb1\n-no-user-config\n-nodefaults\n-S\n-sandbox\n"   \
	"on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny\n"
#define SIZE "-smp\n2\n-m\n1024M\n-rtc\nbase=utc\n"
#define WAYS_IN                                                                                    \
	"-chardev\nsocket,id=qmp,fd=3,server=on,wait=off\n-mon\nchardev=qmp,mode=control\n"        \
	"-add-fd\nfd=5,set=5\n-chardev\n"                                                          \
	"socket,id=console,fd=4,server=on,wait=off,logfile=/dev/fdset/5,logappend=on\n"            \
	"-serial\nchardev:console\n"
#define BASE                                                                                       \
	"-add-fd\nfd=6,set=6\n-blockdev\n"                                                         \
	"{\"driver\":\"file\",\"node-name\":\"base-file\",\"filename\":\"/dev/fdset/6\","          \
	"\"read-only\":true}\n-blockdev\n"                                                         \
	"{\"driver\":\"qcow2\",\"node-name\":\"base\",\"file\":\"base-file\","                     \
	"\"read-only\":true}\n"
#define DISK_FILE                                                                                  \
	"-add-fd\nfd=7,set=7\n-blockdev\n"                                                         \
	"{\"driver\":\"file\",\"node-name\":\"disk-file\",\"filename\":\"/dev/fdset/7\","          \
	"\"discard\":\"unmap\"}\n"
#define DISK                                                                                       \
	DISK_FILE                                                                                  \
	"-blockdev\n{\"driver\":\"qcow2\",\"node-name\":\"disk\",\"file\":\"disk-file\","          \
	"\"discard\":\"unmap\",\"backing\":\"base\"}\n"
#define SEED                                                                                       \
	"-add-fd\nfd=8,set=8\n-blockdev\n"                                                         \
	"{\"driver\":\"file\",\"node-name\":\"seed-file\",\"filename\":\"/dev/fdset/8\","          \
	"\"read-only\":true}\n-blockdev\n"                                                         \
	"{\"driver\":\"raw\",\"node-name\":\"seed\",\"file\":\"seed-file\",\"read-only\":true}\n"
#define NETDEV "-netdev\ntap,id=nic0,fd=9\n"

#define PCI_DISK                                                                                   \
	"-device\n{\"driver\":\"virtio-blk-pci\",\"drive\":\"disk\",\"id\":\"disk\","              \
	"\"bootindex\":1}\n"
#define PCI_SEED "-device\n{\"driver\":\"virtio-blk-pci\",\"drive\":\"seed\",\"id\":\"seed\"}\n"
#define PCI_NIC                                                                                    \
	"-device\n{\"driver\":\"virtio-net-pci\",\"netdev\":\"nic0\","                             \
	"\"mac\":\"52:54:00:12:34:56\",\"host_mtu\":1500,\"romfile\":\"\"}\n"
#define PCI_RNG "-device\n{\"driver\":\"virtio-rng-pci\"}"
#define VGA "\n-device\n{\"driver\":\"VGA\"}"

START_TEST(test_q35)
{
	assert_argv(FRAME "-machine\nq35,dump-guest-core=off\n-accel\nkvm\n-cpu\nhost\n" SIZE
			  "-display\nnone\n-vnc\nnone\n" WAYS_IN BASE DISK PCI_DISK SEED PCI_SEED
				  NETDEV PCI_NIC PCI_RNG VGA);
}
END_TEST

START_TEST(test_tcg_without_vnc)
{
	vm.accel = ACCEL_TCG;
	xreplace(&vm.vnc, "off");
	assert_argv(
		FRAME
		"-machine\nq35,dump-guest-core=off\n-accel\ntcg\n-cpu\nmax\n" SIZE
		"-display\nnone\n" WAYS_IN BASE DISK PCI_DISK SEED PCI_SEED NETDEV PCI_NIC PCI_RNG);
}
END_TEST

START_TEST(test_vnc_on_an_address)
{
	/* it gets its listener by QMP: the address is not on the command line */
	xreplace(&vm.vnc, "127.0.0.1");
	vm.vnc_port = 5907;
	assert_argv(FRAME "-machine\nq35,dump-guest-core=off\n-accel\nkvm\n-cpu\nhost\n" SIZE
			  "-display\nnone\n-vnc\nnone\n" WAYS_IN BASE DISK PCI_DISK SEED PCI_SEED
				  NETDEV PCI_NIC PCI_RNG VGA);
}
END_TEST

START_TEST(test_microvm)
{
	vm.machine = MACHINE_MICROVM;
	assert_argv(FRAME
		    "-machine\nmicrovm,dump-guest-core=off,acpi=on\n-accel\nkvm\n-cpu\nhost\n" SIZE
		    "-display\nnone\n" WAYS_IN BASE DISK
		    "-device\n{\"driver\":\"virtio-blk-device\",\"drive\":\"disk\",\"id\":\"disk\","
		    "\"bootindex\":1}\n" SEED "-device\n{\"driver\":\"virtio-blk-device\","
		    "\"drive\":\"seed\",\"id\":\"seed\"}\n" NETDEV
		    "-device\n{\"driver\":\"virtio-net-device\",\"netdev\":\"nic0\","
		    "\"mac\":\"52:54:00:12:34:56\",\"host_mtu\":1500}\n"
		    "-device\n{\"driver\":\"virtio-rng-device\"}");
}
END_TEST

START_TEST(test_kernel)
{
	spec.kernel = "/boot/kernel";
	spec.initrd = "/boot/initrd";
	xreplace(&vm.append, "console=ttyS0 quiet");
	xreplace(&vm.kernel, "/boot/never-named");
	assert_argv(FRAME "-machine\nq35,dump-guest-core=off\n-accel\nkvm\n-cpu\nhost\n" SIZE
			  "-kernel\n/boot/kernel\n-initrd\n/boot/initrd\n"
			  "-append\nconsole=ttyS0 quiet\n-display\nnone\n-vnc\nnone\n" WAYS_IN BASE
				  DISK PCI_DISK SEED PCI_SEED NETDEV PCI_NIC PCI_RNG VGA);
}
END_TEST

START_TEST(test_kvm_by_descriptor)
{
	spec.fds.kvm = 10;
	assert_argv(FRAME "-machine\nq35,dump-guest-core=off\n-add-fd\nfd=10,set=10\n"
			  "-accel\nkvm,device=/dev/fdset/10\n-cpu\nhost\n" SIZE
			  "-display\nnone\n-vnc\nnone\n" WAYS_IN BASE DISK PCI_DISK SEED PCI_SEED
				  NETDEV PCI_NIC PCI_RNG VGA);
}
END_TEST

#define MEMORY(bytes, page)                                                                        \
	"-object\n{\"qom-type\":\"memory-backend-memfd\",\"id\":\"ram\",\"size\":" bytes           \
	",\"hugetlb\":true,\"hugetlbsize\":" page ",\"share\":false,\"dump\":false}\n"

START_TEST(test_hugepages)
{
	vm.hugepages = HUGEPAGES_2M;
	assert_argv(FRAME
		    "-machine\nq35,dump-guest-core=off,memory-backend=ram\n-accel\nkvm\n-"
		    "cpu\nhost\n" SIZE MEMORY("1073741824",
					      "2097152") "-display\nnone\n-vnc\nnone\n" WAYS_IN BASE
			    DISK PCI_DISK SEED PCI_SEED NETDEV PCI_NIC PCI_RNG VGA);
}
END_TEST

/* What needs more than 32 bits, and the other size. */
START_TEST(test_large_hugepages)
{
	vm.hugepages = HUGEPAGES_1G;
	vm.memory_mib = 16384;
	build();
	AUTO_FREE char *text = strv_join(&argv, "\n");
	ck_assert_ptr_nonnull(strstr(text, MEMORY("17179869184", "1073741824")));
	ck_assert_ptr_nonnull(strstr(text, "\n-m\n16384M\n"));
}
END_TEST

START_TEST(test_uefi)
{
	spec.fds.uefi_code = 10;
	spec.fds.uefi_vars = 11;
	assert_argv(FRAME "-machine\nq35,dump-guest-core=off,pflash0=uefi-code,pflash1=uefi-vars\n"
			  "-accel\nkvm\n-cpu\nhost\n" SIZE
			  "-add-fd\nfd=10,set=10\n-blockdev\n{\"driver\":\"file\",\"node-name\":"
			  "\"uefi-code\",\"filename\":\"/dev/fdset/10\",\"read-only\":true}\n"
			  "-add-fd\nfd=11,set=11\n-blockdev\n{\"driver\":\"file\",\"node-name\":"
			  "\"uefi-vars\",\"filename\":\"/dev/fdset/11\",\"discard\":\"unmap\"}\n"
			  "-display\nnone\n-vnc\nnone\n" WAYS_IN BASE DISK PCI_DISK SEED PCI_SEED
				  NETDEV PCI_NIC PCI_RNG VGA);
}
END_TEST

START_TEST(test_append_without_kernel)
{
	/* QEMU would refuse it; vm.conf does so before */
	xreplace(&vm.append, "quiet");
	spec.initrd = "/boot/initrd";
	build();
	for (size_t i = 0; i < argv.n; i++) {
		ck_assert_str_ne(argv.v[i], "-append");
		ck_assert_str_ne(argv.v[i], "-initrd");
	}
}
END_TEST

START_TEST(test_standalone_disk)
{
	/* the name in the disk's header must not be followed, so null is said outright */
	spec.fds.base = -1;
	spec.fds.seed = -1;
	assert_argv(
		FRAME
		"-machine\nq35,dump-guest-core=off\n-accel\nkvm\n-cpu\nhost\n" SIZE
		"-display\nnone\n-vnc\nnone\n" WAYS_IN DISK_FILE
		"-blockdev\n{\"driver\":\"qcow2\",\"node-name\":\"disk\","
		"\"file\":\"disk-file\",\"discard\":\"unmap\",\"backing\":null}\n" PCI_DISK NETDEV
			PCI_NIC PCI_RNG VGA);
}
END_TEST

START_TEST(test_raw_base)
{
	spec.base_format = DISK_RAW;
	build();
	AUTO_FREE char *text = strv_join(&argv, "\n");
	ck_assert_ptr_nonnull(strstr(text, "{\"driver\":\"raw\",\"node-name\":\"base\","
					   "\"file\":\"base-file\",\"read-only\":true}\n"));
}
END_TEST

START_TEST(test_extra_disks)
{
	vm.n_disks = 2;
	vm.disks[0] = (struct vm_disk){ .file = xstrdup("data,if=none"), .format = DISK_QCOW2 };
	vm.disks[1] = (struct vm_disk){ .file = xstrdup("/dev/null"), .format = DISK_RAW };
	spec.fds.disks[0] = 10;
	spec.fds.disks[1] = 11;
	assert_argv(
		FRAME
		"-machine\nq35,dump-guest-core=off\n-accel\nkvm\n-cpu\nhost\n" SIZE
		"-display\nnone\n-vnc\nnone\n" WAYS_IN BASE DISK PCI_DISK SEED PCI_SEED
		"-add-fd\nfd=10,set=10\n-blockdev\n{\"driver\":\"file\",\"node-name\":"
		"\"disk0-file\",\"filename\":\"/dev/fdset/10\",\"discard\":\"unmap\"}\n"
		"-blockdev\n{\"driver\":\"qcow2\",\"node-name\":\"disk0\",\"file\":"
		"\"disk0-file\",\"discard\":\"unmap\"}\n"
		"-device\n{\"driver\":\"virtio-blk-pci\",\"drive\":\"disk0\",\"id\":\"disk0\"}\n"
		"-add-fd\nfd=11,set=11\n-blockdev\n{\"driver\":\"file\",\"node-name\":"
		"\"disk1-file\",\"filename\":\"/dev/fdset/11\",\"discard\":\"unmap\"}\n"
		"-blockdev\n{\"driver\":\"raw\",\"node-name\":\"disk1\",\"file\":"
		"\"disk1-file\",\"discard\":\"unmap\"}\n"
		"-device\n{\"driver\":\"virtio-blk-pci\",\"drive\":\"disk1\",\"id\":\"disk1\"}"
		"\n" NETDEV PCI_NIC PCI_RNG VGA);
}
END_TEST

START_TEST(test_vhost)
{
	spec.fds.vhost[0][0] = 12;
	spec.nic_mtu[0] = 9000;
	build();
	AUTO_FREE char *text = strv_join(&argv, "\n");
	ck_assert_ptr_nonnull(
		strstr(text, "\n-netdev\ntap,id=nic0,fd=9,vhost=on,vhostfd=12\n-device\n"));
	ck_assert_ptr_nonnull(strstr(text, "\"host_mtu\":9000,"));
}
END_TEST

START_TEST(test_queues)
{
	for (int i = 0; i < 4; i++) {
		spec.fds.tap[0][i] = 20 + i;
		spec.fds.vhost[0][i] = 30 + i;
	}
	build();
	AUTO_FREE char *text = strv_join(&argv, "\n");
	ck_assert_ptr_nonnull(strstr(text, "\n-netdev\ntap,id=nic0,fds=20:21:22:23,vhost=on,"
					   "vhostfds=30:31:32:33\n-device\n"));
	ck_assert_ptr_nonnull(strstr(text, "\"mq\":true"));
}
END_TEST

/* mq=on with one queue makes a guest's flows stall. */
START_TEST(test_one_queue_is_no_mq)
{
	build();
	AUTO_FREE char *text = strv_join(&argv, "\n");
	ck_assert_ptr_null(strstr(text, "mq"));
	ck_assert_ptr_null(strstr(text, "fds="));
}
END_TEST

START_TEST(test_two_nics)
{
	vm.n_nics = 2;
	vm.nics[1].mac = (struct mac){ { 0x52, 0x54, 0, 0, 0, 9 } };
	spec.nic_mtu[1] = 1400;
	spec.fds.tap[1][0] = 25;
	spec.fds.tap[1][1] = 26;
	build();
	AUTO_FREE char *text = strv_join(&argv, "\n");
	ck_assert_ptr_nonnull(strstr(text, "\ntap,id=nic0,fd=9\n"));
	ck_assert_ptr_nonnull(strstr(text, "\ntap,id=nic1,fds=25:26\n-device\n"
					   "{\"driver\":\"virtio-net-pci\",\"mq\":true,"
					   "\"netdev\":\"nic1\",\"mac\":\"52:54:00:00:00:09\","
					   "\"host_mtu\":1400,"));
}
END_TEST

START_TEST(test_cpu_model)
{
	xreplace(&vm.cpu_model, "Skylake-Client,+vmx");
	build();
	AUTO_FREE char *text = strv_join(&argv, "\n");
	ck_assert_ptr_nonnull(strstr(text, "\n-cpu\nSkylake-Client,+vmx\n-smp\n"));
}
END_TEST

START_TEST(test_no_nic)
{
	vm.n_nics = 0;
	build();
	AUTO_FREE char *text = strv_join(&argv, "\n");
	ck_assert_ptr_null(strstr(text, "netdev"));
	ck_assert_ptr_null(strstr(text, "virtio-net"));
	vm.n_nics = 1;
}
END_TEST

START_TEST(test_appends_to_what_is_there)
{
	strv_push(&argv, "first");
	qemu_args(&spec, &argv);
	ck_assert_str_eq(argv.v[0], "first");
	ck_assert_str_eq(argv.v[1], spec.program);
}
END_TEST

/* Shape: each option that takes a value has one, each fdset is there once and before its use. */

static bool takes_value(const char *option)
{
	return strcmp(option, "-no-user-config") != 0 && strcmp(option, "-nodefaults") != 0 &&
	       strcmp(option, "-S") != 0;
}

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	ck_assert_msg(object != NULL, "%s: %s", error.text, text);
	ck_assert(json_is_object(object));
	return object;
}

/* The access mode that the options ask of a set; QEMU finds no descriptor in it otherwise. */
static void check_file_node(const json_t *node, unsigned int sets, const struct qemu_fds *fds)
{
	bool read_only = json_is_true(json_object_get(node, "read-only"));
	int set;
	char rest;

	ck_assert_int_eq(sscanf(json_string_value(json_object_get(node, "filename")),
				"/dev/fdset/%d%c", &set, &rest),
			 1);
	ck_assert_msg(sets & 1U << set, "set %d is used before it is there", set);
	ck_assert_int_eq(read_only, set == fds->base || set == fds->seed);
	ck_assert_int_ne(set, fds->console_log);
}

static void check_shape(const char *const *expected, size_t n_expected)
{
	unsigned int sets = 0;
	size_t n = 0;

	for (size_t at = 1; at < argv.n; at++) {
		const char *option = argv.v[at];
		const char *value = takes_value(option) ? argv.v[++at] : NULL;
		int fd, set;
		char rest;

		ck_assert_msg(option[0] == '-' && n < n_expected, "'%s' is no option of ours",
			      option);
		ck_assert_str_eq(option, expected[n++]);
		if (strcmp(option, "-add-fd") == 0) {
			ck_assert_int_eq(sscanf(value, "fd=%d,set=%d%c", &fd, &set, &rest), 2);
			ck_assert_int_eq(fd, set);
			ck_assert_uint_eq(sets & 1U << fd, 0);
			sets |= 1U << fd;
		} else if (strcmp(option, "-blockdev") == 0) {
			json_t *node = parse(value);

			if (json_object_get(node, "filename"))
				check_file_node(node, sets, &spec.fds);
			json_decref(node);
		} else if (strcmp(option, "-device") == 0) {
			json_decref(parse(value));
		}
	}
	ck_assert_uint_eq(n, n_expected);
}

static uint64_t seed_of_randomness = 0x2545f4914f6cdd1d;

static unsigned int next_random(unsigned int below)
{
	seed_of_randomness ^= seed_of_randomness << 13;
	seed_of_randomness ^= seed_of_randomness >> 7;
	seed_of_randomness ^= seed_of_randomness << 17;
	return (unsigned int)(seed_of_randomness >> 32) % below;
}

/* Of what means something to a command line, to JSON, to printf and to QemuOpts. */
static char *random_text(void)
{
	static const char *const pieces[] = {
		",",
		"=",
		"-",
		"--",
		" ",
		"\"",
		"\\",
		"{",
		"}",
		"'",
		"%s%n",
		"\n",
		"\t",
		"\x1b",
		"\xff",
		"\xc3\xa4",
		"$(id)",
		";",
		"-S",
		"-device",
		"-monitor stdio",
		",accel=tcg",
		"\",\"filename\":\"/etc/shadow",
		"/dev/fdset/3",
		"/../",
		"json:{}",
		"a",
		"0",
		"x:y",
	};
	AUTO_BUF text = BUF_INIT;

	for (unsigned int i = next_random(12); i > 0; i--)
		buf_puts(&text, pieces[next_random(ARRAY_SIZE(pieces))]);
	return xstrdup(buf_str(&text));
}

static const char *value_of(const char *option)
{
	for (size_t at = 1; at + 1 < argv.n; at++) {
		if (strcmp(argv.v[at], option) == 0)
			return argv.v[at + 1];
		at += takes_value(argv.v[at]);
	}
	return NULL;
}

START_TEST(test_hostile_texts)
{
	static const char *const expected[] = {
		"-name",     "-no-user-config", "-nodefaults", "-S",	    "-sandbox",
		"-machine",  "-accel",		"-cpu",	       "-smp",	    "-m",
		"-rtc",	     "-kernel",		"-initrd",     "-append",   "-display",
		"-vnc",	     "-chardev",	"-mon",	       "-add-fd",   "-chardev",
		"-serial",   "-add-fd",		"-blockdev",   "-blockdev", "-add-fd",
		"-blockdev", "-blockdev",	"-device",     "-add-fd",   "-blockdev",
		"-blockdev", "-device",		"-add-fd",     "-blockdev", "-blockdev",
		"-device",   "-netdev",		"-device",     "-device",   "-device",
	};

	spec.kernel = "/boot/kernel";
	spec.initrd = "/boot/initrd";
	spec.fds.disks[0] = 10;
	vm.n_disks = 1;
	vm.disks[0] = (struct vm_disk){ .file = NULL, .format = DISK_QCOW2 };
	for (int round = 0; round < 3000; round++) {
		AUTO_FREE char *name = random_text();
		AUTO_FREE char *program = random_text();

		char **const fields[] = { &vm.append,	   &vm.cpu_model,     &vm.kernel,
					  &vm.initrd,	   &vm.user,	      &vm.os,
					  &vm.image.path,  &vm.disks[0].file, &vm.nics[0].bridge,
					  &vm.instance_id, &vm.ready_nonce,   &vm.vnc };

		for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
			free(*fields[i]);
			*fields[i] = random_text();
		}
		spec.name = name;
		spec.program = program;
		build();
		check_shape(expected, ARRAY_SIZE(expected));
		ck_assert_str_eq(argv.v[0], program);
		ck_assert_str_eq(value_of("-name"), name);
		ck_assert_str_eq(value_of("-append"), vm.append);
		ck_assert_str_eq(value_of("-cpu"), vm.cpu_model);
		ck_assert_str_eq(value_of("-kernel"), "/boot/kernel");
		ck_assert_str_eq(value_of("-machine"), "q35,dump-guest-core=off");
	}
}
END_TEST

/* No text of the user's is anywhere but in the arguments that are all its own. */
START_TEST(test_texts_stay_in_their_place)
{
	static const char marker[] = "MARKER";
	char **const fields[] = {
		&vm.append,	 &vm.cpu_model,	  &vm.kernel,	  &vm.initrd,
		&vm.user,	 &vm.os,	  &vm.image.path, &vm.nics[0].bridge,
		&vm.instance_id, &vm.ready_nonce, &vm.vnc
	};
	size_t found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		xreplace(fields[i], marker);
	spec.name = marker;
	spec.kernel = "/boot/kernel";
	build();
	for (size_t i = 0; i < argv.n; i++)
		if (strstr(argv.v[i], marker)) {
			ck_assert_str_eq(argv.v[i], marker);
			found++;
		}
	ck_assert_uint_eq(found, 3); /* name, cpu, append */
}
END_TEST

START_TEST(test_option_len)
{
	size_t options = 0;

	build();
	ck_assert_uint_eq(qemu_args_option_len(&argv, 0), 1);
	for (size_t at = 1; at < argv.n; options++) {
		size_t len = qemu_args_option_len(&argv, at);

		ck_assert_int_eq(argv.v[at][0], '-');
		ck_assert_uint_eq(len, takes_value(argv.v[at]) ? 2 : 1);
		at += len;
	}
	ck_assert_uint_gt(options, 20);
}
END_TEST

START_TEST(test_no_fds)
{
	struct qemu_fds fds;

	memset(&fds, 0, sizeof(fds));
	qemu_fds_init(&fds);
	for (size_t i = 0; i < sizeof(fds) / sizeof(int); i++)
		ck_assert_int_eq(((const int *)&fds)[i], -1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("qemu_args");
	TCase *tcase = tcase_create("golden");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_q35);
	tcase_add_test(tcase, test_tcg_without_vnc);
	tcase_add_test(tcase, test_vnc_on_an_address);
	tcase_add_test(tcase, test_microvm);
	tcase_add_test(tcase, test_kernel);
	tcase_add_test(tcase, test_kvm_by_descriptor);
	tcase_add_test(tcase, test_hugepages);
	tcase_add_test(tcase, test_large_hugepages);
	tcase_add_test(tcase, test_uefi);
	tcase_add_test(tcase, test_append_without_kernel);
	tcase_add_test(tcase, test_standalone_disk);
	tcase_add_test(tcase, test_raw_base);
	tcase_add_test(tcase, test_extra_disks);
	tcase_add_test(tcase, test_vhost);
	tcase_add_test(tcase, test_queues);
	tcase_add_test(tcase, test_one_queue_is_no_mq);
	tcase_add_test(tcase, test_two_nics);
	tcase_add_test(tcase, test_cpu_model);
	tcase_add_test(tcase, test_no_nic);
	tcase_add_test(tcase, test_appends_to_what_is_there);
	suite_add_tcase(s, tcase);
	tcase = tcase_create("shape");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_hostile_texts);
	tcase_add_test(tcase, test_texts_stay_in_their_place);
	tcase_add_test(tcase, test_option_len);
	tcase_add_test(tcase, test_no_fds);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
