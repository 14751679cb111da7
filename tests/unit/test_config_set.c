/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One setting of a VM by its word, as `set` and `create` give it. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "vm_config_lab.h"

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
	suite_assert_ok(set("nic.0.ip", "192.0.2.5/24", &err), err);
	check_addresses_of(&config.nics[0], "192.0.2.5/24 ");
	ck_assert_uint_eq(config.n_nics, 1);
	suite_assert_ok(set("nic.7.vlan", "7", &err), err);
	ck_assert_uint_eq(config.n_nics, 8);
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
	static const char *const words[] = {
		"user",		"cpu",	      "kernel",	    "append",	      "uid",
		"stop_timeout", "image.path", "image.size", "image.mtime",    "nic.0.bridge",
		"nic.0.mtu",	"nic.0.mac",  "nic.0.vlan", "nic.0.rate",     "nice",
		"memory_max",	"io_max",     "image.user", "image.cpu_level"
	};
	struct error err = ERROR_INIT;
	AUTO_BUF before = BUF_INIT, after = BUF_INIT;

	suite_assert_ok(vm_config_format(&config, &before, &err), err);
	take("user=u\ncpu=host\nkernel=/k\nappend=a\nuid=2100000000\nstop_timeout=9\n"
	     "nice=-3\nmemory_max=off\nio_max=rbps=1\n[image]\n"
	     "path=/"
	     "i\nsize=1\nmtime=1\nuser=u\ncpu_level=4\n[nic.0]\nbridge=b\nmtu=1500\nvlan=1\nrate="
	     "1\n");
	suite_assert_ok(set("nic.0.mac", "52:54:00:12:34:56", &err), err);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		suite_assert_ok(set(words[i], "", &err), err);
	suite_assert_ok(vm_config_format(&config, &after, &err), err);
	ck_assert_str_eq(buf_str(&before), buf_str(&after));
	ck_assert_int_eq(config.nics[0].mac.byte[0], 0);
	suite_assert_ok(set("nic.0.dns", "", &err), err);
	suite_assert_ok(set("memory_max", "3G", &err), err);
	suite_assert_ok(set("memory_max", "", &err), err);
	ck_assert_uint_eq(config.limits.memory_max_mib, 0);
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
	suite_assert_error(set(".memory", "1", &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(set("", "1", &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(set("user", "root", &err), err, EINVAL, ERROR_USAGE);
	ck_assert_ptr_null(config.user);
	suite_assert_error(set("nic.8.bridge", "b", &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(set("nic.0.gateway6", "10.0.0.1", &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(set("nic.0.queues", "", &err), err, EINVAL, ERROR_USAGE);
	suite_assert_error(set("nic.0.ip", "192.0.2.5", &err), err, EINVAL, ERROR_USAGE);
	ck_assert_int_eq(config.nics[0].ip_mode, IP_DHCP);
	ck_assert_uint_eq(config.n_nics, 1);
	suite_assert_error(set("cpus", "0", &err), err, ERANGE, ERROR_USAGE);
	ck_assert_uint_eq(config.cpus, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config/set");
	TCase *tc = vm_config_case("set");

	tcase_add_test(tc, set_one_field);
	tcase_add_test(tc, set_to_nothing);
	tcase_add_test(tc, set_what_there_is_not);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
