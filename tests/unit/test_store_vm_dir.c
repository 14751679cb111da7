/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's folder, whoever wrote it: an older edition, an editor, or somebody with designs. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store_lab.h"

static struct vm_dir dir;
static struct vm_config config;
static const struct ip_prefix unset;

static void open_vm(void)
{
	dir = (struct vm_dir)VM_DIR_INIT;
	suite_assert_ok(vm_dir_open(&lab_store, "web1", &dir, &lab_err), lab_err);
}

static void put(const char *name, const char *content)
{
	suite_put(dir.fd, name, content);
}

/* The files of the Go edition, which knew no vm.conf. */
static void setup(void)
{
	lab_setup();
	lab_make_vm("web1");
	open_vm();
	put("vm.mac", "52:54:00:aa:bb:cc\n");
	put("vm.ip", "192.168.86.50\n");
	put("os.name", "debian-12\n");
	put("vnc.port", "5907\n");
	put("pubkey.pub", "ssh-ed25519 AAAA me\n");
	put("disk.qcow2", "x");
	put("seed.iso", "x");
}

static void teardown(void)
{
	vm_dir_done(&dir);
	lab_teardown();
}

static int load(const struct ip_prefix *fallback)
{
	return vm_dir_load(&dir, &lab_config, fallback, &config, &lab_err);
}

/* Damage is a failure of the VM, never a wrong command line, and says which VM. */
static void assert_damaged_kind(const char *text, enum error_kind kind)
{
	struct vm_config untouched;

	memset(&config, 0x5a, sizeof(config));
	memcpy(&untouched, &config, sizeof(config));
	ck_assert_int_lt(load(&unset), 0);
	ck_assert_msg(lab_err.kind == kind, "kind %d: %s", lab_err.kind, lab_err.message);
	ck_assert_msg(strstr(lab_err.message, "vm 'web1' is damaged: ") &&
			      strstr(lab_err.message, text),
		      "not '%s': %s", text, lab_err.message);
	ck_assert_mem_eq(&config, &untouched, sizeof(config));
}

static void assert_damaged(const char *text)
{
	assert_damaged_kind(text, ERROR_FAILED);
}

START_TEST(test_go_edition)
{
	char text[IP_TEXT_MAX];

	suite_assert_ok(load(&unset), lab_err);
	mac_format(&config.nics[0].mac, text);
	ck_assert_str_eq(text, "52:54:00:aa:bb:cc");
	vm_nic_format_ip(&config.nics[0], text);
	ck_assert_str_eq(text, "192.168.86.50/24");
	ck_assert_str_eq(config.os, "debian-12");
	ck_assert_uint_eq(config.vnc_port, 5907);
	/* the rest is the host's */
	ck_assert_uint_eq(config.memory_mib, lab_config.memory_mib);
	ck_assert_uint_eq(config.uid, 0);
	ck_assert_ptr_null(config.instance_id);
	ck_assert_ptr_null(config.image.path);
	vm_config_done(&config);
}
END_TEST

START_TEST(test_bare_address_in_a_wider_lan)
{
	struct ip_prefix lan;
	char text[IP_TEXT_MAX];

	suite_assert_ok(ip_prefix_parse("lan", "192.168.0.1/16", &lan, &lab_err), lab_err);
	suite_assert_ok(load(&lan), lab_err);
	vm_nic_format_ip(&config.nics[0], text);
	ck_assert_str_eq(text, "192.168.86.50/16");
	vm_config_done(&config);
}
END_TEST

START_TEST(test_only_a_mac)
{
	static const char *const optional[] = { "vm.ip", "os.name", "vnc.port" };

	for (size_t i = 0; i < ARRAY_SIZE(optional); i++)
		ck_assert_int_eq(unlinkat(dir.fd, optional[i], 0), 0);
	suite_assert_ok(load(&unset), lab_err);
	ck_assert_int_eq(config.nics[0].ip_mode, IP_DHCP);
	ck_assert_ptr_null(config.os);
	ck_assert_uint_eq(config.vnc_port, 0);
	vm_config_done(&config);
	ck_assert_int_eq(unlinkat(dir.fd, "vm.mac", 0), 0);
	assert_damaged("vm.mac");
}
END_TEST

#define NIC_1 "[nic.1]\nmac = 52:54:00:11:11:11\n"
enum { DAMAGED_CASES = 38 };

START_TEST(test_damaged)
{
	static const struct {
		const char *file, *content, *text;
	} cases[] = {
		{ "vm.mac", "", "vm.mac" },
		{ "vm.mac", "\n", "vm.mac" },
		{ "vm.mac", "52:54:00:aa:bb\n", "vm.mac" },
		{ "vm.mac", "52:54:00:aa:bb:cc:dd\n", "vm.mac" },
		{ "vm.mac", "00:00:00:00:00:00\n", "vm.mac" },
		{ "vm.mac", "ff:ff:ff:ff:ff:ff\n", "vm.mac" },
		{ "vm.mac", "52:54:00:aa:bb:cc,mac=x\n", "vm.mac" },
		{ "vm.mac", "52:54:00:aa:bb:cc\n52:54:00:aa:bb:cd\n", "vm.mac" },
		{ "vm.mac", "\x1b[2J\n", "vm.mac" },
		{ "vm.ip", "", "vm.ip" },
		{ "vm.ip", "192.168.86\n", "vm.ip" },
		{ "vm.ip", "192.168.86.256\n", "vm.ip" },
		{ "vm.ip", "192.168.86.50/33\n", "vm.ip" },
		{ "vm.ip", "192.168.86.50/0\n", "vm.ip" },
		{ "vm.ip", "192.168.86.0/24\n", "vm.ip" },
		{ "vm.ip", "127.0.0.1\n", "vm.ip" },
		{ "vm.ip", "224.0.0.1\n", "vm.ip" },
		{ "vm.ip", "0.0.0.0\n", "vm.ip" },
		{ "vm.ip", "dhcp6\n", "vm.ip" },
		{ "vm.ip", "192.168.86.50\n192.168.86.51\n", "vm.ip" },
		{ "vnc.port", "", "vnc.port" },
		{ "vnc.port", "0\n", "vnc.port" },
		{ "vnc.port", "65536\n", "vnc.port" },
		{ "vnc.port", "-1\n", "vnc.port" },
		{ "vnc.port", "5900 \n", "vnc.port" },
		{ "os.name", "a\nb\n", "os.name" },
		{ "vm.conf", "nonsense\n", "vm.conf:1" },
		{ "vm.conf", "\n\nmemory = lots\n", "vm.conf:3" },
		{ "vm.conf", "memory = 1\n", "vm.conf:1" },
		{ "vm.conf", "unknown = 1\n", "vm.conf:1" },
		{ "vm.conf", "cpus = 1\ncpus = 2\n", "vm.conf:2" },
		{ "vm.conf", "[secret]\nx = 1\n", "vm.conf:1" },
		{ "vm.conf", "[nic.0]\nmac = 52:54:00:aa:bb:cc\n", "vm.conf:2" },
		{ "vm.conf", "[nic.1]\nip = dhcp\n", "section [nic.1] lacks its 'mac'" },
		{ "vm.conf", "[nic.1]\nmac = 52:54:00:00:00:01\n[nic.3]\nmac = 52:54:00:00:00:03\n",
		  "section [nic.2] lacks its 'mac'" },
		{ "vm.conf", "[nic.1]\nmac = 52:54:00:aa:bb:cc\n", "is that of nic.0, too" },
		{ "vm.conf", "[nic.0]\nmore_ip = 192.168.86.50/24\n", "is given twice" },
		{ "vm.conf", NIC_1 "ip = 192.168.86.50/24\n", "is that of nic.0, too" },
	};

	ck_assert_int_eq(ARRAY_SIZE(cases), DAMAGED_CASES);
	put(cases[_i].file, cases[_i].content);
	assert_damaged(cases[_i].text);
}
END_TEST

static const char *const files[] = { "vm.conf", "vm.mac", "vm.ip", "os.name", "vnc.port" };

START_TEST(test_nul_byte)
{
	int fd = openat(dir.fd, files[_i], O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(write(fd, "1\0002\n", 4), 4);
	close(fd);
	assert_damaged(files[_i]);
}
END_TEST

START_TEST(test_too_long)
{
	AUTO_FREE char *text = malloc(70000);

	memset(text, '1', 70000);
	text[69999] = '\0';
	put(files[_i], text);
	assert_damaged(files[_i]);
}
END_TEST

/* Whoever may write into the folder must not have root read or hang on something else. */
START_TEST(test_other_file_types)
{
	const char *name = files[_i];

	suite_put(lab_dir.fd, "theirs", "secret\n");
	unlinkat(dir.fd, name, 0);
	ck_assert_int_eq(symlinkat("../../../theirs", dir.fd, name), 0);
	assert_damaged(name);
	ck_assert_ptr_null(strstr(lab_err.message, "secret"));
	ck_assert_int_eq(unlinkat(dir.fd, name, 0), 0);
	ck_assert_int_eq(symlinkat("absent", dir.fd, name), 0);
	assert_damaged(name);
	ck_assert_int_eq(unlinkat(dir.fd, name, 0), 0);
	ck_assert_int_eq(mkfifoat(dir.fd, name, 0600), 0);
	assert_damaged(name);
	ck_assert_int_eq(unlinkat(dir.fd, name, 0), 0);
	ck_assert_int_eq(mkdirat(dir.fd, name, 0700), 0);
	assert_damaged(name);
	ck_assert_int_eq(unlinkat(dir.fd, name, AT_REMOVEDIR), 0);
	ck_assert_int_eq(linkat(lab_dir.fd, "theirs", dir.fd, name, 0), 0);
	assert_damaged(name);
	ck_assert_ptr_null(strstr(lab_err.message, "secret"));
}
END_TEST

START_TEST(test_file_of_somebody_else)
{
	if (geteuid() != 0 && suite_leave_out("file_of_somebody_else", "needs root"))
		return;
	put(files[_i], "1\n");
	ck_assert_int_eq(fchownat(dir.fd, files[_i], 12345, 12345, 0), 0);
	assert_damaged_kind(files[_i], ERROR_PERMISSION);
}
END_TEST

/* As text, so that two structs compare without a second opinion on each member. */
static void assert_same_config(const struct vm_config *a, const struct vm_config *b)
{
	AUTO_BUF first = BUF_INIT;
	AUTO_BUF second = BUF_INIT;
	char text[IP_TEXT_MAX], other[IP_TEXT_MAX];

	suite_assert_ok(vm_config_format(a, &first, &lab_err), lab_err);
	suite_assert_ok(vm_config_format(b, &second, &lab_err), lab_err);
	ck_assert_str_eq(buf_str(&first), buf_str(&second));
	vm_nic_format_ip(&a->nics[0], text);
	vm_nic_format_ip(&b->nics[0], other);
	ck_assert_str_eq(text, other);
	ck_assert_mem_eq(&a->nics[0].mac, &b->nics[0].mac, sizeof(struct mac));
	ck_assert_str_eq(a->os, b->os);
	ck_assert_uint_eq(a->vnc_port, b->vnc_port);
}

START_TEST(test_saved_and_loaded)
{
	struct vm_config again;

	suite_assert_ok(load(&unset), lab_err);
	config.uid = 2100000007;
	config.memory_mib = 2048;
	xreplace(&config.instance_id, "iid-1");
	suite_assert_ok(vm_dir_save(dir.fd, &config, _i, &lab_err), lab_err);
	again = config;
	suite_assert_ok(load(&unset), lab_err);
	ck_assert_uint_eq(config.uid, 2100000007);
	ck_assert_uint_eq(config.memory_mib, 2048);
	assert_same_config(&config, &again);
	vm_config_done(&config);
	vm_config_done(&again);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct stat st;

		ck_assert_int_eq(fstatat(dir.fd, files[i], &st, 0), 0);
		ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	}
}
END_TEST

/* The most there can be: 8 NICs with 16 addresses each. */
START_TEST(test_eight_nics)
{
	struct vm_config again;

	suite_assert_ok(load(&unset), lab_err);
	for (unsigned int i = 1; i < VM_NICS_MAX; i++) {
		struct vm_nic *nic = &config.nics[i];

		config.n_nics++;
		nic->mac = (struct mac){ { 0x52, 0x54, 0, 0, 0, (uint8_t)i } };
		nic->vlan = i;
		for (unsigned int j = 1; j < VM_ADDRESSES_MAX; j++)
			strv_pushf(&nic->more_ip, "2001:db8:%x::%x/64", i, j);
	}
	suite_assert_ok(vm_nic_set_ip(&config.nics[7], "10.7.0.5/16", NULL, &lab_err), lab_err);
	suite_assert_ok(vm_dir_save(dir.fd, &config, true, &lab_err), lab_err);
	again = config;
	suite_assert_ok(load(&unset), lab_err);
	assert_same_config(&config, &again);
	ck_assert_uint_eq(config.n_nics, VM_NICS_MAX);
	ck_assert_uint_eq(config.nics[7].mac.byte[5], 7);
	ck_assert_uint_eq(config.nics[7].more_ip.n, VM_ADDRESSES_MAX - 1);
	ck_assert_uint_eq(config.nics[7].address.length, 16);
	vm_config_done(&config);
	vm_config_done(&again);
}
END_TEST

/* Killed at any point of moving new settings to their places: all of the new ones count. */
START_TEST(test_change_cut_short)
{
	static const char *const moved[] = { "vm.mac", "vm.ip", "vm.conf" };

	suite_put(dir.fd, "vm.mac", "52:54:00:00:00:01\n");
	suite_put(dir.fd, "vm.ip", "10.0.0.1/24\n");
	suite_put(dir.fd, "vm.conf", "memory = 1G\n[nic.0]\nmore_ip = 10.0.0.2/24\n");
	ck_assert_int_eq(mkdirat(dir.fd, "change", 0700), 0);
	suite_put(dir.fd, "change/vm.mac", "52:54:00:00:00:02\n");
	suite_put(dir.fd, "change/vm.ip", "10.0.0.2/24\n");
	suite_put(dir.fd, "change/vm.conf", "memory = 2G\n");
	for (int i = 0; i < _i; i++) {
		AUTO_FREE char *from = xasprintf("change/%s", moved[i]);

		ck_assert_int_eq(renameat(dir.fd, from, dir.fd, moved[i]), 0);
	}
	suite_assert_ok(load(&unset), lab_err);
	ck_assert_uint_eq(config.memory_mib, 2048);
	ck_assert_uint_eq(config.nics[0].mac.byte[5], 2);
	ck_assert_uint_eq(config.nics[0].address.addr.byte[3], 2);
	ck_assert_uint_eq(config.nics[0].more_ip.n, 0);
	/* the next change completes it */
	config.memory_mib = 4096;
	suite_assert_ok(vm_dir_save(dir.fd, &config, true, &lab_err), lab_err);
	ck_assert(!lab_exists(dir.fd, "change"));
	vm_config_done(&config);
	suite_assert_ok(load(&unset), lab_err);
	ck_assert_uint_eq(config.memory_mib, 4096);
	ck_assert_uint_eq(config.nics[0].mac.byte[5], 2);
	vm_config_done(&config);
}
END_TEST

/* Killed before: what was half written counts for nothing. */
START_TEST(test_change_not_begun)
{
	suite_put(dir.fd, "vm.mac", "52:54:00:00:00:01\n");
	suite_put(dir.fd, "vm.conf", "memory = 1G\n");
	ck_assert_int_eq(mkdirat(dir.fd, "change.tmp", 0700), 0);
	suite_put(dir.fd, "change.tmp/vm.conf", "memory = 2G\n");
	suite_assert_ok(load(&unset), lab_err);
	ck_assert_uint_eq(config.memory_mib, 1024);
	suite_assert_ok(vm_dir_save(dir.fd, &config, true, &lab_err), lab_err);
	ck_assert(!lab_exists(dir.fd, "change.tmp"));
	vm_config_done(&config);
}
END_TEST

/* What the VM was started with is another thing than what it is to be. */
START_TEST(test_settings_of_a_run)
{
	struct vm_config running;
	struct vm_dir locked = VM_DIR_INIT;

	suite_assert_ok(vm_dir_lock(&lab_store, dir.name, "test", &locked, &lab_err), lab_err);
	ck_assert_int_eq(vm_dir_load_run(&dir, &lab_config, &running, &lab_err), VM_DIR_NO_RUN);
	ck_assert_int_eq(vm_dir_load_run(&locked, &lab_config, &running, &lab_err), VM_DIR_NO_RUN);
	suite_assert_ok(load(&unset), lab_err);
	config.memory_mib = 2048;
	suite_assert_ok(vm_dir_save_run(&locked, &config, &lab_err), lab_err);
	config.memory_mib = 4096;
	suite_assert_ok(vm_dir_save(dir.fd, &config, true, &lab_err), lab_err);
	suite_assert_ok(vm_dir_load_run(&locked, &lab_config, &running, &lab_err), lab_err);
	ck_assert_uint_eq(running.memory_mib, 2048);
	vm_config_done(&running);
	suite_put(locked.run_fd, "vm.conf", "nonsense\n");
	ck_assert_int_lt(vm_dir_load_run(&locked, &lab_config, &running, &lab_err), 0);
	vm_config_done(&config);
	vm_dir_remove_run(&lab_store, &locked);
	vm_dir_done(&locked);
}
END_TEST

/* What the reader would refuse is not written, and the old stands. */
START_TEST(test_save_refuses)
{
	AUTO_FREE char *before = NULL;
	AUTO_FREE char *after = NULL;

	suite_assert_ok(load(&unset), lab_err);
	suite_assert_ok(vm_dir_save(dir.fd, &config, true, &lab_err), lab_err);
	before = suite_get(dir.fd, "vm.conf");
	xreplace(&config.append, "quiet\nuid = 0");
	xreplace(&config.kernel, "/boot/vmlinuz");
	ck_assert_int_lt(vm_dir_save(dir.fd, &config, true, &lab_err), 0);
	xreplace(&config.append, NULL);
	config.n_nics = 2;
	suite_assert_error(vm_dir_save(dir.fd, &config, true, &lab_err), lab_err, EINVAL,
			   ERROR_USAGE);
	config.nics[1].mac = config.nics[0].mac;
	suite_assert_error(vm_dir_save(dir.fd, &config, true, &lab_err), lab_err, EINVAL,
			   ERROR_USAGE);
	config.nics[1].mac.byte[5]++;
	strv_push(&config.nics[1].more_ip, "192.168.86.50/24");
	suite_assert_error(vm_dir_save(dir.fd, &config, true, &lab_err), lab_err, EINVAL,
			   ERROR_USAGE);
	vm_config_done(&config);
	after = suite_get(dir.fd, "vm.conf");
	ck_assert_str_eq(before, after);
}
END_TEST

/* Opening */

static int reopen(void)
{
	vm_dir_done(&dir);
	return vm_dir_open(&lab_store, "web1", &dir, &lab_err);
}

static void assert_nothing_open(void)
{
	ck_assert_int_eq(dir.fd, -1);
	ck_assert_int_eq(dir.run_fd, -1);
}

START_TEST(test_open_bad_names)
{
	static const char *const names[] = { "",      ".", "..",   "../vms/web1",
					     "web1/", "/", "Web1", "web1 " };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct vm_dir none = VM_DIR_INIT;

		suite_assert_error(vm_dir_open(&lab_store, names[i], &none, &lab_err), lab_err,
				   EINVAL, ERROR_USAGE);
		ck_assert_int_eq(none.fd, -1);
	}
}
END_TEST

START_TEST(test_open_unknown)
{
	struct vm_dir none = VM_DIR_INIT;

	suite_assert_error(vm_dir_open(&lab_store, "web2", &none, &lab_err), lab_err, ENOENT,
			   ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(lab_err.message, "'web2'"));
	ck_assert(lab_err.hint[0]);
}
END_TEST

START_TEST(test_folder_of_somebody_else)
{
	if (geteuid() != 0 && suite_leave_out("folder_of_somebody_else", "needs root"))
		return;
	ck_assert_int_eq(fchown(dir.fd, 12345, 12345), 0);
	suite_assert_error(reopen(), lab_err, EPERM, ERROR_PERMISSION);
	assert_nothing_open();
	suite_assert_error(vm_dir_lock(&lab_store, "web1", "start", &dir, &lab_err), lab_err, EPERM,
			   ERROR_PERMISSION);
	assert_nothing_open();
	ck_assert(strstr(lab_err.hint, "chown"));
}
END_TEST

START_TEST(test_folder_others_may_write)
{
	static const mode_t modes[] = { 0770, 0720, 0707, 0702, 01777 };

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		ck_assert_int_eq(fchmodat(lab_store.vms_fd, "web1", modes[i], 0), 0);
		suite_assert_error(reopen(), lab_err, EPERM, ERROR_PERMISSION);
		assert_nothing_open();
	}
	ck_assert_int_eq(fchmodat(lab_store.vms_fd, "web1", 0755, 0), 0);
	suite_assert_ok(reopen(), lab_err);
}
END_TEST

START_TEST(test_folder_is_none)
{
	ck_assert_int_eq(mkdirat(lab_dir.fd, "elsewhere", 0700), 0);
	ck_assert_int_eq(symlinkat("../../elsewhere", lab_store.vms_fd, "web2"), 0);
	suite_put(lab_store.vms_fd, "web3", "x");
	for (int i = 2; i <= 3; i++) {
		AUTO_FREE char *name = xasprintf("web%d", i);
		struct vm_dir none = VM_DIR_INIT;

		suite_assert_error(vm_dir_open(&lab_store, name, &none, &lab_err), lab_err, ENOTDIR,
				   ERROR_FAILED);
		ck_assert_ptr_nonnull(strstr(lab_err.message, name));
		ck_assert_int_eq(none.fd, -1);
	}
}
END_TEST

START_TEST(test_run_folder_is_a_link)
{
	ck_assert_int_eq(mkdirat(lab_dir.fd, "elsewhere", 0700), 0);
	ck_assert_int_eq(symlinkat("../elsewhere", lab_store.run_fd, "web1"), 0);
	ck_assert_int_lt(reopen(), 0);
	assert_nothing_open();
	ck_assert_int_lt(vm_dir_lock(&lab_store, "web1", "start", &dir, &lab_err), 0);
	assert_nothing_open();
	/* an empty folder still */
	ck_assert_int_eq(unlinkat(lab_dir.fd, "elsewhere", AT_REMOVEDIR), 0);
}
END_TEST

/* The store itself */

START_TEST(test_list)
{
	static const char *const odd[] = { "Web", "a_b", "-x", ".hidden", "lost+found" };
	AUTO_STRV names = STRV_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		lab_make_vm(odd[i]);
	lab_make_vm("zz");
	lab_make_vm("aa");
	suite_put(lab_store.vms_fd, "file", "x");
	strv_push(&names, "before");
	suite_assert_ok(store_list(&lab_store, &names, &lab_err), lab_err);
	ck_assert_uint_eq(names.n, 3);
	ck_assert_str_eq(names.v[0], "aa");
	ck_assert_str_eq(names.v[1], "web1");
	ck_assert_str_eq(names.v[2], "zz");
}
END_TEST

START_TEST(test_reader_of_nothing)
{
	struct store store;
	AUTO_STRV names = STRV_INIT;
	struct vm_dir none = VM_DIR_INIT;

	free(lab_config.state_dir);
	free(lab_config.run_dir);
	lab_config.state_dir = xasprintf("%s/absent/state", lab_dir.path);
	lab_config.run_dir = xasprintf("%s/absent/run", lab_dir.path);
	lab_err = (struct error)ERROR_INIT;
	suite_assert_ok(store_open(&store, &lab_config, false, &lab_err), lab_err);
	suite_assert_ok(store_list(&store, &names, &lab_err), lab_err);
	ck_assert_uint_eq(names.n, 0);
	ck_assert_int_eq(lab_err.kind, ERROR_NONE);
	suite_assert_error(vm_dir_open(&store, "web1", &none, &lab_err), lab_err, ENOENT,
			   ERROR_NOT_FOUND);
	ck_assert(!lab_exists(lab_dir.fd, "absent"));
	store_done(&store);
}
END_TEST

START_TEST(test_store_of_images_needs_no_run_dir)
{
	struct store store;
	int fd = -1;

	free(lab_config.state_dir);
	free(lab_config.run_dir);
	lab_config.state_dir = xasprintf("%s/new", lab_dir.path);
	lab_config.run_dir = xasprintf("%s/absent/run", lab_dir.path);
	suite_assert_ok(store_open_images(&store, &lab_config, &lab_err), lab_err);
	ck_assert_int_ge(store.images_fd, 0);
	ck_assert_int_eq(store.run_fd, -1);
	ck_assert(lab_exists(lab_dir.fd, "new/images"));
	ck_assert(!lab_exists(lab_dir.fd, "new/vms"));
	ck_assert(!lab_exists(lab_dir.fd, "absent"));
	xreplace(&lab_config.run_dir, "/proc/none/run");
	ck_assert_int_lt(store_make_run(&store, &fd, &lab_err), 0);
	ck_assert_int_eq(fd, -1);
	free(lab_config.run_dir);
	lab_config.run_dir = xasprintf("%s/made", lab_dir.path);
	lab_err = (struct error)ERROR_INIT;
	suite_assert_ok(store_make_run(&store, &fd, &lab_err), lab_err);
	ck_assert(lab_exists(lab_dir.fd, "made"));
	close(fd);
	store_done(&store);
}
END_TEST

START_TEST(test_store_others_may_write)
{
	static const char *const folders[] = { "state", "run" };
	struct store store;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		ck_assert_int_eq(fchmodat(lab_dir.fd, folders[i], 0777, 0), 0);
		for (int write = 0; write < 2; write++)
			suite_assert_error(store_open(&store, &lab_config, write, &lab_err),
					   lab_err, EPERM, ERROR_PERMISSION);
		ck_assert_int_eq(fchmodat(lab_dir.fd, folders[i], 0700, 0), 0);
	}
}
END_TEST

START_TEST(test_store_is_a_link)
{
	struct store store;

	ck_assert_int_eq(renameat(lab_dir.fd, "state", lab_dir.fd, "elsewhere"), 0);
	ck_assert_int_eq(symlinkat("elsewhere", lab_dir.fd, "state"), 0);
	ck_assert_int_eq(store_open(&store, &lab_config, true, &lab_err), -ELOOP);
}
END_TEST

/* One run_dir under two state directories: the VMs of one name are not one VM. */
/* Whose folder it is that cannot be opened. */
START_TEST(test_store_is_told_by_its_path)
{
	struct store store;

	ck_assert_int_eq(renameat(lab_store.state_fd, "vms", lab_store.state_fd, "away"), 0);
	suite_put(lab_store.state_fd, "vms", "no folder");
	for (int write = 0; write <= 1; write++) {
		lab_err = (struct error)ERROR_INIT;
		ck_assert_int_lt(store_open(&store, &lab_config, write, &lab_err), 0);
		ck_assert_ptr_nonnull(strstr(lab_err.message, lab_config.state_dir));
	}
}
END_TEST

START_TEST(test_run_dir_of_two_stores)
{
	AUTO_FREE char *first = xstrdup(lab_config.state_dir);
	struct vm_dir theirs = VM_DIR_INIT;
	struct store other;

	vm_dir_done(&dir);
	suite_assert_ok(vm_dir_lock(&lab_store, "web1", "start", &dir, &lab_err), lab_err);
	suite_put(dir.run_fd, "process", "x");
	vm_dir_done(&dir);

	free(lab_config.state_dir);
	lab_config.state_dir = xasprintf("%s/state2", lab_dir.path);
	suite_assert_ok(store_open(&other, &lab_config, true, &lab_err), lab_err);
	ck_assert_int_eq(mkdirat(other.vms_fd, "web1", 0700), 0);
	/* to a reader it has no run folder, and nobody may lock what is another's */
	suite_assert_ok(vm_dir_open(&other, "web1", &theirs, &lab_err), lab_err);
	ck_assert_int_eq(theirs.run_fd, -1);
	vm_dir_done(&theirs);
	suite_assert_error(vm_dir_lock(&other, "web1", "start", &theirs, &lab_err), lab_err, EEXIST,
			   ERROR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(lab_err.message, first));
	ck_assert_int_eq(theirs.lock_fd, -1);
	store_done(&other);

	xreplace(&lab_config.state_dir, first);
	suite_assert_ok(vm_dir_open(&lab_store, "web1", &dir, &lab_err), lab_err);
	ck_assert_int_ge(dir.run_fd, 0);
	ck_assert(lab_exists(dir.run_fd, "process"));
	ck_assert(!vm_dir_is_locked(&dir));
}
END_TEST

static TCase *vm_case(const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, teardown);
	return tcase;
}

int main(void)
{
	Suite *s = suite_create("store_vm_dir");
	TCase *tcase = vm_case("load");

	tcase_add_test(tcase, test_go_edition);
	tcase_add_test(tcase, test_bare_address_in_a_wider_lan);
	tcase_add_test(tcase, test_only_a_mac);
	tcase_add_loop_test(tcase, test_damaged, 0, DAMAGED_CASES);
	tcase_add_loop_test(tcase, test_nul_byte, 0, ARRAY_SIZE(files));
	tcase_add_loop_test(tcase, test_too_long, 0, ARRAY_SIZE(files));
	tcase_add_loop_test(tcase, test_other_file_types, 0, ARRAY_SIZE(files));
	tcase_add_loop_test(tcase, test_file_of_somebody_else, 0, ARRAY_SIZE(files));
	tcase_add_loop_test(tcase, test_saved_and_loaded, 0, 2);
	tcase_add_test(tcase, test_eight_nics);
	tcase_add_test(tcase, test_settings_of_a_run);
	tcase_add_loop_test(tcase, test_change_cut_short, 0, 4);
	tcase_add_test(tcase, test_change_not_begun);
	tcase_add_test(tcase, test_save_refuses);
	suite_add_tcase(s, tcase);
	tcase = vm_case("open");
	tcase_add_test(tcase, test_open_bad_names);
	tcase_add_test(tcase, test_open_unknown);
	tcase_add_test(tcase, test_folder_of_somebody_else);
	tcase_add_test(tcase, test_folder_others_may_write);
	tcase_add_test(tcase, test_folder_is_none);
	tcase_add_test(tcase, test_run_folder_is_a_link);
	suite_add_tcase(s, tcase);
	tcase = vm_case("store");
	tcase_add_test(tcase, test_list);
	tcase_add_test(tcase, test_reader_of_nothing);
	tcase_add_test(tcase, test_store_of_images_needs_no_run_dir);
	tcase_add_test(tcase, test_store_others_may_write);
	tcase_add_test(tcase, test_store_is_a_link);
	tcase_add_test(tcase, test_store_is_told_by_its_path);
	tcase_add_test(tcase, test_run_dir_of_two_stores);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
