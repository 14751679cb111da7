/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims: who has a value, and when it is free again. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/claim.h"
#include "store_lab.h"

static int take(const char *value, const char *name)
{
	return claim_take(&lab_store, "address", value, name, &lab_err);
}

/* Whose it is, by the folder itself. */
static const char *owner(const char *claim)
{
	static char text[PATH_MAX];
	ssize_t len = readlinkat(lab_store.claims_fd, claim, text, sizeof(text) - 1);

	text[len < 0 ? 0 : len] = '\0';
	return text;
}

START_TEST(test_conflict)
{
	lab_make_vm("web1");
	suite_assert_ok(take("10.0.0.1", "web1"), lab_err);
	ck_assert_str_eq(owner("address-10.0.0.1"), "web1");
	suite_assert_error(take("10.0.0.1", "web2"), lab_err, EADDRINUSE, ERROR_CONFLICT);
	ck_assert_msg(strstr(lab_err.message, "10.0.0.1") && strstr(lab_err.message, "'web1'"),
		      "%s", lab_err.message);
	ck_assert_str_eq(owner("address-10.0.0.1"), "web1");
	/* neither another value nor another kind is concerned */
	suite_assert_ok(take("10.0.0.2", "web2"), lab_err);
	suite_assert_ok(claim_take(&lab_store, "mac", "10.0.0.1", "web2", &lab_err), lab_err);
}
END_TEST

START_TEST(test_own_again)
{
	lab_make_vm("web1");
	suite_assert_ok(take("10.0.0.1", "web1"), lab_err);
	suite_assert_ok(take("10.0.0.1", "web1"), lab_err);
	ck_assert_str_eq(owner("address-10.0.0.1"), "web1");
}
END_TEST

START_TEST(test_stale)
{
	lab_make_vm("web1");
	suite_assert_ok(take("10.0.0.1", "web1"), lab_err);
	lab_remove_vm("web1");
	suite_assert_ok(take("10.0.0.1", "web2"), lab_err);
	ck_assert_str_eq(owner("address-10.0.0.1"), "web2");
}
END_TEST

/* A create has no folder yet, but the lock. */
START_TEST(test_owner_being_made)
{
	struct lab_child child;

	lab_child_start(&child, lab_hold_lock, "web1");
	suite_assert_ok(take("10.0.0.1", "web1"), lab_err);
	suite_assert_error(take("10.0.0.1", "web2"), lab_err, EADDRINUSE, ERROR_CONFLICT);
	lab_child_kill(&child);
	suite_assert_ok(take("10.0.0.1", "web2"), lab_err);
	ck_assert_str_eq(owner("address-10.0.0.1"), "web2");
}
END_TEST

/* A run folder alone, as a kill leaves it, is no life. */
START_TEST(test_owner_left_its_run_folder)
{
	struct vm_dir dir = VM_DIR_INIT;

	suite_assert_ok(vm_dir_lock(&lab_store, "web1", "create", &dir, &lab_err), lab_err);
	suite_assert_ok(take("10.0.0.1", "web1"), lab_err);
	vm_dir_done(&dir);
	ck_assert(lab_exists(lab_store.run_fd, "web1"));
	suite_assert_ok(take("10.0.0.1", "web2"), lab_err);
}
END_TEST

static void put_value(const char *name, const char *file, const char *value)
{
	int fd = openat(lab_store.vms_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	suite_put(fd, file, value);
	close(fd);
}

#define NIC_1 "[nic.1]\nmac = 52:54:00:11:11:11\n"
enum { OWNER_CASES = 24 };

/* An update that was killed: the VM is there, but has another address. */
START_TEST(test_owner_has_another)
{
	static const struct {
		const char *kind, *value, *file, *content;
		bool counts;
	} cases[] = {
		{ "address", "10.0.0.1", "vm.ip", "10.0.0.1\n", true },
		{ "address", "10.0.0.1", "vm.ip", "10.0.0.1/24\n", true },
		{ "address", "10.0.0.1", "vm.ip", "10.0.0.2/24\n", false },
		{ "address", "10.0.0.1", "vm.ip", "10.0.0.11/24\n", false },
		{ "address", "10.0.0.11", "vm.ip", "10.0.0.1/24\n", false },
		{ "address", "10.0.0.1", "vm.ip", "dhcp\n", false },
		{ "mac", "52:54:00:aa:bb:cc", "vm.mac", "52:54:00:AA:BB:CC\n", true },
		{ "mac", "52:54:00:aa:bb:cc", "vm.mac", "52:54:00:aa:bb:cd\n", false },
		{ "vnc-port", "5907", "vnc.port", "5907\n", true },
		{ "vnc-port", "5907", "vnc.port", "59070\n", false },
		/* what cannot be read may be so */
		{ "address", "10.0.0.1", "vm.ip", "10.0.0.2\n10.0.0.3\n", true },
		{ "uid", "2100000000", "vm.ip", "10.0.0.2\n", true },
		/* further addresses and further NICs */
		{ "address", "10.0.0.1", "vm.conf", "[nic.0]\nmore_ip = 10.0.0.1/24\n", true },
		{ "address", "10.0.0.1", "vm.conf", "[nic.0]\nmore_ip = 10.0.0.2/24\n", false },
		{ "address", "2001:db8::1", "vm.conf",
		  "[nic.0]\nmore_ip = 10.0.0.2/24, 2001:DB8:0::1/64\n", true },
		{ "address", "10.0.0.1", "vm.conf", NIC_1 "ip = 10.0.0.1/24\n", true },
		{ "address", "10.0.0.1", "vm.conf", NIC_1 "ip = 10.0.0.3/24\n", false },
		{ "address", "10.0.0.1", "vm.conf", NIC_1 "ip = dhcp\n", false },
		{ "address", "10.0.0.1", "vm.conf", NIC_1 "more_ip = 10.0.0.1/24\n", true },
		{ "address", "10.0.0.1", "vm.conf", NIC_1 "gateway = 10.0.0.1\n", false },
		{ "mac", "52:54:00:11:11:11", "vm.conf", NIC_1, true },
		{ "mac", "52:54:00:11:11:12", "vm.conf", NIC_1, false },
		/* damaged: no MAC */
		{ "mac", "52:54:00:11:11:12", "vm.conf", "[nic.1]\n", true },
		{ "address", "10.0.0.1", "vm.conf", "nonsense\n", true },
	};
	AUTO_FREE char *claim = xasprintf("%s-%s", cases[_i].kind, cases[_i].value);
	struct lab_child child;
	int r;

	ck_assert_int_eq(ARRAY_SIZE(cases), OWNER_CASES);
	lab_make_vm("web1");
	put_value("web1", "vm.mac", "52:54:00:00:00:01\n");
	put_value("web1", cases[_i].file, cases[_i].content);
	suite_assert_ok(claim_take(&lab_store, cases[_i].kind, cases[_i].value, "web1", &lab_err),
			lab_err);
	/* while it is locked, it may be just about to write that */
	lab_child_start(&child, lab_hold_lock, "web1");
	r = claim_take(&lab_store, cases[_i].kind, cases[_i].value, "web2", &lab_err);
	ck_assert_int_eq(r, -EADDRINUSE);
	lab_child_kill(&child);
	r = claim_take(&lab_store, cases[_i].kind, cases[_i].value, "web2", &lab_err);
	ck_assert_int_eq(r, cases[_i].counts ? -EADDRINUSE : 0);
	ck_assert_str_eq(owner(claim), cases[_i].counts ? "web1" : "web2");
}
END_TEST

/* A guest goes on with the address it was started with until it boots again. */
START_TEST(test_owner_runs_with_another)
{
	struct vm_dir dir = VM_DIR_INIT;

	lab_make_vm("web1");
	put_value("web1", "vm.mac", "52:54:00:00:00:01\n");
	put_value("web1", "vm.ip", "10.0.0.2/24\n");
	suite_assert_ok(vm_dir_lock(&lab_store, "web1", "test", &dir, &lab_err), lab_err);
	suite_put(dir.run_fd, "vm.mac", "52:54:00:00:00:01\n");
	suite_put(dir.run_fd, "vm.ip", "10.0.0.1/24\n");
	suite_assert_ok(claim_take(&lab_store, "address", "10.0.0.1", "web1", &lab_err), lab_err);
	suite_assert_ok(claim_take(&lab_store, "address", "10.0.0.3", "web1", &lab_err), lab_err);
	fd_close(&dir.lock_fd);
	ck_assert_int_eq(claim_take(&lab_store, "address", "10.0.0.1", "web2", &lab_err),
			 -EADDRINUSE);
	suite_assert_ok(claim_take(&lab_store, "address", "10.0.0.3", "web2", &lab_err), lab_err);
	unlinkat(dir.run_fd, "vm.mac", 0);
	suite_assert_ok(claim_take(&lab_store, "address", "10.0.0.1", "web2", &lab_err), lab_err);
	vm_dir_remove_run(&lab_store, &dir);
	vm_dir_done(&dir);
}
END_TEST

/* Owners that no VM can have are stale, wherever they lead. */
START_TEST(test_hostile_links)
{
	static const char *const targets[] = {
		"/",
		"..",
		".",
		"../vms",
		"/etc/passwd",
		"web1/..",
		"web1/",
		"WEB1",
		"web1\n",
		"-",
		"\x1b[2J",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaa",
	};

	lab_make_vm("web1");
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		ck_assert_int_eq(symlinkat(targets[i], lab_store.claims_fd, "address-10.0.0.1"), 0);
		suite_assert_ok(take("10.0.0.1", "web2"), lab_err);
		ck_assert_str_eq(owner("address-10.0.0.1"), "web2");
		ck_assert_int_eq(unlinkat(lab_store.claims_fd, "address-10.0.0.1", 0), 0);
	}
	ck_assert(lab_exists(lab_store.vms_fd, "web1"));
	ck_assert_int_eq(access("/etc/passwd", F_OK), 0);
}
END_TEST

/* What is no link is nobody's that we know of: said, and left alone. */
START_TEST(test_no_link)
{
	suite_put(lab_store.claims_fd, "address-10.0.0.1", "web1");
	suite_assert_error(take("10.0.0.1", "web2"), lab_err, EEXIST, ERROR_FAILED);
	ck_assert_int_eq(unlinkat(lab_store.claims_fd, "address-10.0.0.1", 0), 0);
	ck_assert_int_eq(mkdirat(lab_store.claims_fd, "address-10.0.0.1", 0700), 0);
	suite_assert_error(take("10.0.0.1", "web2"), lab_err, EEXIST, ERROR_FAILED);
	claim_drop(&lab_store, "address", "10.0.0.1", "web2");
	ck_assert(lab_exists(lab_store.claims_fd, "address-10.0.0.1"));
}
END_TEST

START_TEST(test_value_with_a_slash)
{
	ck_assert_int_eq(take("../../escaped", "web1"), -ENOENT);
	ck_assert(!lab_exists(lab_dir.fd, "escaped"));
}
END_TEST

START_TEST(test_drop)
{
	lab_make_vm("web1");
	suite_assert_ok(take("10.0.0.1", "web1"), lab_err);
	claim_drop(&lab_store, "address", "10.0.0.1", "web2");
	ck_assert_str_eq(owner("address-10.0.0.1"), "web1");
	claim_drop(&lab_store, "address", "10.0.0.1", "web");
	ck_assert_str_eq(owner("address-10.0.0.1"), "web1");
	claim_drop(&lab_store, "address", "10.0.0.1", "web1");
	ck_assert(!lab_exists(lab_store.claims_fd, "address-10.0.0.1"));
	claim_drop(&lab_store, "address", "10.0.0.1", "web1");
}
END_TEST

static int take_number(const char *name, uint64_t base, uint64_t count, uint64_t *ret)
{
	return claim_take_number(&lab_store, "uid", base, count, name, ret, &lab_err);
}

START_TEST(test_numbers_run_out)
{
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	uint64_t seen = 0, value = 0;
	char claim[32];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		lab_make_vm(names[i]);
		suite_assert_ok(take_number(names[i], 1000, ARRAY_SIZE(names), &value), lab_err);
		ck_assert_uint_ge(value, 1000);
		ck_assert_uint_lt(value, 1000 + ARRAY_SIZE(names));
		ck_assert_uint_eq(seen & 1ULL << (value - 1000), 0);
		seen |= 1ULL << (value - 1000);
		snprintf(claim, sizeof(claim), "uid-%" PRIu64, value);
		ck_assert_str_eq(owner(claim), names[i]);
	}
	ck_assert_uint_eq(seen, 0x1f);
	value = 77;
	suite_assert_error(take_number("late", 1000, ARRAY_SIZE(names), &value), lab_err,
			   EADDRNOTAVAIL, ERROR_CONFLICT);
	ck_assert_uint_eq(value, 77);
	ck_assert_ptr_nonnull(strstr(lab_err.message, "uid"));
	/* whoever has one gets that one again, also when there is no other */
	suite_assert_ok(take_number("c", 1000, ARRAY_SIZE(names), &value), lab_err);
	snprintf(claim, sizeof(claim), "uid-%" PRIu64, value);
	ck_assert_str_eq(owner(claim), "c");
	lab_remove_vm("c");
	suite_assert_ok(take_number("late", 1000, ARRAY_SIZE(names), &seen), lab_err);
	ck_assert_uint_eq(seen, value);
}
END_TEST

/* Where a name begins is its own affair; from there it goes once around. */
START_TEST(test_numbers_wrap)
{
	uint64_t first, second, third;

	lab_make_vm("a");
	suite_assert_ok(take_number("a", 0, 3, &first), lab_err);
	ck_assert_int_eq(renameat(lab_store.claims_fd, "uid-0", lab_store.claims_fd, "x") &
				 renameat(lab_store.claims_fd, "uid-1", lab_store.claims_fd, "x") &
				 renameat(lab_store.claims_fd, "uid-2", lab_store.claims_fd, "x"),
			 0);
	for (uint64_t i = 0; i < 2; i++) {
		AUTO_FREE char *claim = xasprintf("uid-%" PRIu64, (first + i) % 3);

		ck_assert_int_eq(symlinkat("other", lab_store.claims_fd, claim), 0);
	}
	lab_make_vm("other");
	suite_assert_ok(take_number("a", 0, 3, &second), lab_err);
	ck_assert_uint_eq(second, (first + 2) % 3);
	suite_assert_ok(take_number("a", UINT64_C(0xfffffff0), 1, &third), lab_err);
	ck_assert_uint_eq(third, UINT64_C(0xfffffff0));
}
END_TEST

/* The linker's --wrap puts this between claim.c and the C library: one look at a VM's folder. */
static void (*before_look)(void), (*after_look)(void);

int __real_faccessat(int dir_fd, const char *path, int mode, int flags);
int __wrap_faccessat(int dir_fd, const char *path, int mode, int flags);
int __wrap_faccessat(int dir_fd, const char *path, int mode, int flags)
{
	void (*before)(void) = before_look, (*after)(void) = after_look;
	int r;

	before_look = after_look = NULL;
	if (before)
		before();
	r = __real_faccessat(dir_fd, path, mode, flags);
	if (after)
		after();
	return r;
}

static struct vm_dir being_made;

/* The end of a create: the folder into its place, then the lock. */
static void finish_create(void)
{
	lab_make_vm("web1");
	vm_dir_done(&being_made);
}

/* It is never seen without both. */
START_TEST(test_owner_ready_while_looked_at)
{
	being_made = (struct vm_dir)VM_DIR_INIT;
	suite_assert_ok(vm_dir_lock(&lab_store, "web1", "create", &being_made, &lab_err), lab_err);
	suite_assert_ok(take("10.0.0.1", "web1"), lab_err);
	before_look = _i ? NULL : finish_create;
	after_look = _i ? finish_create : NULL;
	suite_assert_error(take("10.0.0.1", "web2"), lab_err, EADDRINUSE, ERROR_CONFLICT);
	ck_assert_str_eq(owner("address-10.0.0.1"), "web1");
	before_look = after_look = NULL;
	vm_dir_done(&being_made);
}
END_TEST

enum { ROUNDS = 200 };

/*
 * Two creates want one address. Who got it has it as long as the VM is there: also while its
 * folder comes into place and its lock goes, and the other looks in between.
 */
static bool create_and_delete(int number)
{
	const char *name = number ? "b" : "a";
	int won = 0;

	for (int i = 0; i < ROUNDS || !won; i++) {
		struct vm_dir dir = VM_DIR_INIT;
		struct error err = ERROR_INIT;
		bool kept = true;
		int r = vm_dir_lock(&lab_store, name, "create", &dir, &err);

		if (r)
			return false;
		r = claim_take(&lab_store, "address", "10.0.0.1", name, &err);
		if (!r && mkdirat(lab_store.vms_fd, name, 0700) < 0)
			return false;
		vm_dir_done(&dir);
		if (r == -EADDRINUSE)
			continue;
		if (r)
			return false;
		won++;
		for (int look = 0; look < 20; look++)
			kept = kept && strcmp(owner("address-10.0.0.1"), name) == 0;
		if (!kept || unlinkat(lab_store.vms_fd, name, AT_REMOVEDIR) < 0)
			return false;
	}
	return true;
}

START_TEST(test_race)
{
	lab_race(2, create_and_delete);
}
END_TEST

/* Many stale claims and many takers: every number has one owner. */
static bool take_numbers(int number)
{
	for (int i = 0; i < 25; i++) {
		AUTO_FREE char *name = xasprintf("vm-%d-%d", number, i);
		AUTO_FREE char *claim = NULL;
		uint64_t value;

		if (mkdirat(lab_store.vms_fd, name, 0700) < 0 ||
		    take_number(name, 5000, 100, &value))
			return false;
		claim = xasprintf("uid-%" PRIu64, value);
		if (strcmp(owner(claim), name) != 0)
			return false;
	}
	return true;
}

START_TEST(test_race_for_numbers)
{
	for (int i = 0; i < 100; i += 2) {
		AUTO_FREE char *claim = xasprintf("uid-%d", 5000 + i);

		ck_assert_int_eq(symlinkat("gone", lab_store.claims_fd, claim), 0);
	}
	lab_race(4, take_numbers);
	for (int i = 0; i < 100; i++) {
		AUTO_FREE char *claim = xasprintf("uid-%d", 5000 + i);

		ck_assert(strncmp(owner(claim), "vm-", 3) == 0);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("store_claim");
	TCase *tcase = lab_case("values");

	tcase_add_test(tcase, test_conflict);
	tcase_add_test(tcase, test_own_again);
	tcase_add_test(tcase, test_stale);
	tcase_add_test(tcase, test_owner_being_made);
	tcase_add_test(tcase, test_owner_left_its_run_folder);
	tcase_add_loop_test(tcase, test_owner_has_another, 0, OWNER_CASES);
	tcase_add_test(tcase, test_owner_runs_with_another);
	tcase_add_test(tcase, test_hostile_links);
	tcase_add_test(tcase, test_no_link);
	tcase_add_test(tcase, test_value_with_a_slash);
	tcase_add_test(tcase, test_drop);
	suite_add_tcase(s, tcase);
	tcase = lab_case("numbers");
	tcase_add_test(tcase, test_numbers_run_out);
	tcase_add_test(tcase, test_numbers_wrap);
	suite_add_tcase(s, tcase);
	tcase = lab_case("race");
	tcase_add_loop_test(tcase, test_owner_ready_while_looked_at, 0, 2);
	tcase_add_test(tcase, test_race);
	tcase_add_test(tcase, test_race_for_numbers);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
