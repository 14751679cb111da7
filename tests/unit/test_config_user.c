/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Root's file and a user's own over it: what the second may say, and what it must not. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "config/vm_config.h"
#include "suite.h"

enum { USER = 4711 };

static struct host_config config;
static struct suite_tmpdir dir;
static const struct host_folders folders = { "/home/u/state", "/run/user/4711/x",
					     "/home/u/config" };

/* Both files are read by the user, who owns the second one. */
static void setup(void)
{
	suite_tmpdir_make(&dir);
	ck_assert_int_eq(fchmod(dir.fd, 0755), 0);
	ck_assert_int_eq(fchmodat(dir.fd, "..", 0711, 0), 0);
	host_config_init(&config);
}

static void teardown(void)
{
	host_config_done(&config);
	suite_tmpdir_remove(&dir);
}

static int load(const char *roots, const char *own, struct error *err)
{
	AUTO_FREE char *first = xasprintf("%s/roots", dir.path);
	AUTO_FREE char *second = xasprintf("%s/own", dir.path);
	int r;

	if (roots)
		suite_put(dir.fd, "roots", roots);
	if (own)
		suite_put(dir.fd, "own", own);
	ck_assert(!roots || fchmodat(dir.fd, "roots", 0644, 0) == 0);
	ck_assert(!own || fchownat(dir.fd, "own", USER, USER, 0) == 0);
	host_config_done(&config);
	host_config_init(&config);
	ck_assert_int_eq(seteuid(USER), 0);
	r = host_config_load_user(&config, first, own ? second : NULL, true, &folders, err);
	ck_assert_int_eq(seteuid(0), 0);
	return r;
}

static void take(const char *roots, const char *own)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(load(roots, own, &err), err);
	ck_assert(config.restricted);
}

static void refuse(const char *roots, const char *own, const char *message)
{
	struct error err = ERROR_INIT;

	suite_assert_error(load(roots, own, &err), err, EACCES, ERROR_PERMISSION);
	ck_assert_msg(strstr(err.message, message) != NULL, "'%s' lacks '%s'", err.message,
		      message);
}

static bool allows(const char *bridge)
{
	return host_config_allows_bridge(&config, bridge);
}

START_TEST(without_any_file)
{
	take(NULL, NULL);
	ck_assert(allows("br0"));
	ck_assert(!allows("br1"));
	ck_assert_int_eq(config.user_guard, GUARD_MAC);
	ck_assert_uint_eq(config.user_vlans.n, 0);
	ck_assert_str_eq(config.state_dir, "/home/u/state");
	ck_assert_str_eq(config.run_dir, "/run/user/4711/x");
	ck_assert_str_eq(config.shared_image_dir, "/var/lib/microvm/images");
	ck_assert_ptr_null(config.image_dir);
}
END_TEST

START_TEST(the_file_that_may_be_changed_is_known)
{
	AUTO_FREE char *roots = xasprintf("%s/roots", dir.path);
	AUTO_FREE char *own = xasprintf("%s/own", dir.path);

	take("memory = 2G\n", NULL);
	ck_assert_str_eq(config.path, roots);
	take("memory = 2G\n", "cpus = 2\n");
	ck_assert_str_eq(config.path, own);
}
END_TEST

START_TEST(roots_folders_are_roots)
{
	take("state_dir = /srv/a\nrun_dir = /run/b\nimage_dir = /srv/c\nmemory = 2G\n", NULL);
	ck_assert_str_eq(config.state_dir, "/home/u/state");
	ck_assert_str_eq(config.run_dir, "/run/user/4711/x");
	ck_assert_str_eq(config.shared_image_dir, "/srv/c");
	ck_assert_ptr_null(config.image_dir);
	ck_assert_uint_eq(config.memory_mib, 2048);
	take("state_dir = /srv/a\n", "state_dir = /tmp/own\nrun_dir = /tmp/run\nmemory = 1G\n");
	ck_assert_str_eq(config.state_dir, "/tmp/own");
	ck_assert_str_eq(config.run_dir, "/tmp/run");
	ck_assert_str_eq(config.shared_image_dir, "/srv/a/images");
}
END_TEST

START_TEST(own_file_may_choose_and_narrow)
{
	take("bridge = br1\nbridges = br1, br2, br3\n", "bridge = br2\n");
	ck_assert_str_eq(config.bridge, "br2");
	ck_assert(allows("br1") && allows("br2") && allows("br3"));
	take("bridge = br1\nbridges = br1, br2, br3\n", "bridge = br2\nbridges = br2, br3\n");
	ck_assert(!allows("br1") && allows("br2") && allows("br3"));
	take("bridges = br0, br1\n", "bridges = br1\n");
	ck_assert(!allows("br0") && allows("br1"));
}
END_TEST

START_TEST(own_file_may_not_widen)
{
	refuse("bridges = br0, br1\n", "bridges = br0, br9\n", "/own: bridge 'br9' is not allowed");
	refuse("bridges = br0\n", "bridges = br00\n", "bridge 'br00' is not allowed");
	refuse("bridge = br1\n", "bridges = br0\n", "bridge 'br0' is not allowed");
	refuse(NULL, "bridges = br9\nbridge = br9\n", "bridge 'br9' is not allowed");
	refuse("", "user_vlans = 5\n", "/own: VLAN 5 is not allowed");
	refuse("user_vlans = 10-20\n", "user_vlans = 10-21\n", "VLAN 10-21 is not allowed");
	refuse("", "user_guard = off\n", "user_guard must be mac at least");
	refuse("user_guard = ip\n", "user_guard = mac\n", "user_guard must be ip at least");
}
END_TEST

/* A default that is not on the list is of no use: the list does not grow by it. */
START_TEST(own_default_bridge_is_not_allowed_by_it)
{
	take(NULL, "bridge = br9\n");
	ck_assert_str_eq(config.bridge, "br9");
	ck_assert(!allows("br9") && allows("br0"));
	take("bridge = br1\n", "bridge = br9\nbridges =\n");
	ck_assert(!allows("br9") && !allows("br0") && allows("br1"));
}
END_TEST

START_TEST(guard_is_raised_to_the_least)
{
	take("user_guard = ip\n", NULL);
	ck_assert_int_eq(config.guard, GUARD_IP);
	take("guard = off\n", NULL);
	ck_assert_int_eq(config.guard, GUARD_MAC);
	take("user_guard = off\nguard = mac\n", "guard = off\n");
	ck_assert_int_eq(config.guard, GUARD_OFF);
	take("user_guard = off\n", "user_guard = ip\n");
	ck_assert_int_eq(config.user_guard, GUARD_IP);
}
END_TEST

START_TEST(roots_file_must_be_roots)
{
	struct error err = ERROR_INIT;

	suite_put(dir.fd, "roots", "bridges = br9\n");
	ck_assert_int_eq(fchownat(dir.fd, "roots", USER, USER, 0), 0);
	suite_assert_error(load(NULL, NULL, &err), err, EPERM, ERROR_PERMISSION);
	ck_assert_int_eq(fchownat(dir.fd, "roots", 0, 0, 0), 0);
	ck_assert_int_eq(fchmodat(dir.fd, "roots", 0666, 0), 0);
	suite_assert_error(load(NULL, NULL, &err), err, EPERM, ERROR_PERMISSION);
}
END_TEST

/* What cannot be read may be what forbids: it is not skipped. */
START_TEST(roots_file_must_be_readable)
{
	struct error err = ERROR_INIT;

	suite_put(dir.fd, "roots", "bridges = br1\n");
	ck_assert_int_eq(fchmodat(dir.fd, "roots", 0600, 0), 0);
	suite_assert_error(load(NULL, NULL, &err), err, EACCES, ERROR_PERMISSION);
	ck_assert_ptr_nonnull(strstr(err.hint, "chmod a+r "));
	ck_assert_int_eq(load("bridges = br1\nnonsense = 1\n", NULL, &err), -EINVAL);
}
END_TEST

START_TEST(own_file_may_be_a_link_of_ones_own)
{
	struct error err = ERROR_INIT;

	suite_put(dir.fd, "target", "bridges = br9\n");
	ck_assert_int_eq(fchownat(dir.fd, "target", USER, USER, 0), 0);
	ck_assert_int_eq(symlinkat("target", dir.fd, "own"), 0);
	host_config_done(&config);
	host_config_init(&config);
	ck_assert_int_eq(seteuid(USER), 0);
	{
		AUTO_FREE char *own = xasprintf("%s/own", dir.path);

		suite_assert_error(
			host_config_load_user(&config, "/nowhere", own, true, &folders, &err), err,
			EACCES, ERROR_PERMISSION);
	}
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(a_user_without_a_home)
{
	const struct host_folders none = { NULL, "/run/user/4711/x", NULL };
	struct error err = ERROR_INIT;

	suite_assert_error(host_config_load_user(&config, "/nowhere", NULL, false, &none, &err),
			   err, ENOENT, ERROR_HOST);
	ck_assert_ptr_nonnull(strstr(err.hint, "state_dir"));
}
END_TEST

static void check_catalogue(const char *expected)
{
	AUTO_FREE char *joined = strv_join(&config.catalogue, "|");

	ck_assert_str_eq(joined, expected);
}

START_TEST(images_of_their_own_come_last)
{
	take("catalogue = /srv/a, /srv/b\n", NULL);
	check_catalogue("/srv/a|/srv/b|/home/u/config/images.d");
	take("catalogue = /srv/a\nimage_max = 1G\n", "catalogue = /home/u/x\nimage_max = 2G\n");
	check_catalogue("/home/u/x");
	ck_assert_uint_eq(config.image_bytes_max, UINT64_C(2) << 30);
}
END_TEST

static int check(const char *bridge, enum guard guard, unsigned int vlan, const char *trunk)
{
	struct error err = ERROR_INIT;
	struct vm_nic nic = { .guard = guard, .vlan = vlan };
	int r;

	strv_split(&nic.trunk, trunk, ',');
	r = vm_nic_check_allowed(&nic, &config, bridge, &err);
	ck_assert(!r || err.kind == ERROR_PERMISSION);
	ck_assert(!r || err.hint[0]);
	strv_done(&nic.trunk);
	return r;
}

START_TEST(a_NIC_is_held_against_it)
{
	take("bridges = br0, br1\nuser_guard = mac\nuser_vlans = 7, 30-39\n", NULL);
	ck_assert_int_eq(check("br0", GUARD_MAC, 0, ""), 0);
	ck_assert_int_eq(check("br1", GUARD_IP, 7, ""), 0);
	ck_assert_int_eq(check("br0", GUARD_MAC, 0, "30-39,7"), 0);
	ck_assert_int_eq(check("br9", GUARD_MAC, 0, ""), -EACCES);
	ck_assert_int_eq(check("br0", GUARD_OFF, 0, ""), -EACCES);
	ck_assert_int_eq(check("br0", GUARD_MAC, 8, ""), -EACCES);
	ck_assert_int_eq(check("br0", GUARD_MAC, 0, "30-40"), -EACCES);
	ck_assert_int_eq(check("br0", GUARD_MAC, 0, "31,29"), -EACCES);
	ck_assert_int_eq(check("br0", GUARD_MAC, 7, "1-4094"), -EACCES);
}
END_TEST

START_TEST(root_is_held_against_the_bridges_alone)
{
	config.restricted = false;
	ck_assert_int_eq(check("br0", GUARD_OFF, 8, "1-4"), 0);
	ck_assert_int_eq(check("br9", GUARD_MAC, 0, ""), -EACCES);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config/user");
	TCase *tc = tcase_create("user");

	if (geteuid() != 0)
		return suite_skip("needs root");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, without_any_file);
	tcase_add_test(tc, the_file_that_may_be_changed_is_known);
	tcase_add_test(tc, roots_folders_are_roots);
	tcase_add_test(tc, own_file_may_choose_and_narrow);
	tcase_add_test(tc, own_file_may_not_widen);
	tcase_add_test(tc, own_default_bridge_is_not_allowed_by_it);
	tcase_add_test(tc, guard_is_raised_to_the_least);
	tcase_add_test(tc, roots_file_must_be_roots);
	tcase_add_test(tc, roots_file_must_be_readable);
	tcase_add_test(tc, own_file_may_be_a_link_of_ones_own);
	tcase_add_test(tc, a_user_without_a_home);
	tcase_add_test(tc, images_of_their_own_come_last);
	tcase_add_test(tc, a_NIC_is_held_against_it);
	tcase_add_test(tc, root_is_held_against_the_bridges_alone);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
