/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capabilities of a caller who is not root, as /proc has them; and why one is missing, in words. */
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/privilege.h"
#include "suite.h"

enum { USER = 4711 };
#define SET(capability) (UINT64_C(1) << (capability))
#define OURS (SET(CAP_NET_ADMIN) | SET(CAP_NET_RAW) | SET(CAP_BPF))

/* "CapEff", "CapPrm" and their like, with other eyes than capget(2)'s. */
static uint64_t set_in_proc(const char *name)
{
	FILE *file = fopen("/proc/thread-self/status", "re");
	size_t len = strlen(name);
	uint64_t set = UINT64_MAX;
	char line[256];

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, name, len) == 0 && line[len] == ':')
			ck_assert_int_eq(sscanf(line + len + 1, "%" SCNx64, &set), 1);
	fclose(file);
	return set;
}

static void put_into_sets(uint64_t set)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (unsigned int i = 0; i < 2; i++) {
		uint32_t half = (uint32_t)(set >> 32 * i);

		data[i] = (struct __user_cap_data_struct){ half, half, half };
	}
	ck_assert_int_eq((int)syscall(SYS_capset, &header, data), 0);
}

/* What execve(2) of a file with these capabilities, or a service's manager, leaves. */
static void become_user(uint64_t set)
{
	ck_assert_int_eq(prctl(PR_SET_KEEPCAPS, 1), 0);
	ck_assert_int_eq(setresgid(USER, USER, USER), 0);
	ck_assert_int_eq(setresuid(USER, USER, USER), 0);
	put_into_sets(set);
	for (unsigned int i = 0; i < 64; i++)
		if (set & SET(i))
			ck_assert_int_eq(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0), 0);
}

static void begin(uint64_t set)
{
	struct error err = ERROR_INIT;

	become_user(set);
	suite_assert_ok(privilege_begin(&err), err);
}

START_TEST(three_are_kept_and_none_in_effect)
{
	begin(OURS | SET(CAP_SYS_ADMIN) | SET(CAP_DAC_OVERRIDE));
	ck_assert_uint_eq(set_in_proc("CapPrm"), OURS);
	ck_assert_uint_eq(set_in_proc("CapEff"), 0);
	ck_assert_uint_eq(set_in_proc("CapInh"), 0);
	ck_assert_uint_eq(set_in_proc("CapAmb"), 0);
	for (unsigned int i = 0; i < PRIVILEGES; i++)
		ck_assert(privilege_has((enum privilege)i));
}
END_TEST

START_TEST(one_is_in_effect_for_a_scope)
{
	begin(OURS);
	{
		AUTO_PRIVILEGE raised = privilege_raise(PRIVILEGE_BIT(PRIVILEGE_NET_RAW));

		ck_assert_uint_eq(raised, PRIVILEGE_BIT(PRIVILEGE_NET_RAW));
		ck_assert_uint_eq(set_in_proc("CapEff"), SET(CAP_NET_RAW));
		errno = ENOTTY;
	}
	ck_assert_int_eq(errno, ENOTTY);
	ck_assert_uint_eq(set_in_proc("CapEff"), 0);
	ck_assert_uint_eq(set_in_proc("CapPrm"), OURS);
}
END_TEST

START_TEST(what_is_not_there_is_not_raised)
{
	begin(SET(CAP_NET_ADMIN));
	{
		AUTO_PRIVILEGE raised = privilege_raise(PRIVILEGE_BIT(PRIVILEGE_BPF));

		ck_assert_uint_eq(raised, 0);
		ck_assert_uint_eq(set_in_proc("CapEff"), 0);
	}
	{
		AUTO_PRIVILEGE raised = privilege_raise(PRIVILEGE_BIT(PRIVILEGE_NET_ADMIN) |
							PRIVILEGE_BIT(PRIVILEGE_BPF));

		ck_assert_uint_eq(raised, PRIVILEGE_BIT(PRIVILEGE_NET_ADMIN));
		ck_assert_uint_eq(set_in_proc("CapEff"), SET(CAP_NET_ADMIN));
	}
}
END_TEST

START_TEST(given_up_for_good)
{
	struct error err = ERROR_INIT;

	begin(OURS);
	privilege_give_up();
	ck_assert_uint_eq(set_in_proc("CapPrm"), 0);
	{
		AUTO_PRIVILEGE raised = privilege_raise(PRIVILEGE_BIT(PRIVILEGE_NET_ADMIN));

		ck_assert_uint_eq(raised, 0);
	}
	ck_assert_int_eq(privilege_check(PRIVILEGE_NET_ADMIN, "try", &err), -EPERM);
}
END_TEST

START_TEST(root_keeps_all)
{
	uint64_t before = set_in_proc("CapEff");
	struct error err = ERROR_INIT;

	suite_assert_ok(privilege_begin(&err), err);
	{
		AUTO_PRIVILEGE raised = privilege_raise(PRIVILEGE_BIT(PRIVILEGE_NET_ADMIN));

		ck_assert_uint_eq(raised, 0);
		ck_assert_uint_eq(set_in_proc("CapEff"), before);
	}
	privilege_give_up();
	ck_assert_uint_eq(set_in_proc("CapEff"), before);
	suite_assert_ok(privilege_check(PRIVILEGE_BPF, "try", &err), err);
}
END_TEST

START_TEST(set_user_id_is_refused)
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(setresuid(USER, 0, 0), 0);
	suite_assert_error(privilege_begin(&err), err, EPERM, ERROR_PERMISSION);
	ck_assert_ptr_nonnull(strstr(err.hint, "chmod ug-s"));
}
END_TEST

START_TEST(set_group_id_is_refused)
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(setresgid(USER, 0, 0), 0);
	ck_assert_int_eq(setresuid(USER, USER, USER), 0);
	suite_assert_error(privilege_begin(&err), err, EPERM, ERROR_PERMISSION);
	/*
	 * for LeakSanitizer, which traces its own process: ptrace(2) wants all ids to be the same
	 */
	ck_assert_int_eq(setresgid(USER, USER, USER), 0);
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), 0);
}
END_TEST

static void refused(enum privilege privilege, const char *message, const char *hint)
{
	AUTO_FREE char *whole = xasprintf("%s: %s", message, strerror(EPERM));
	struct error err = ERROR_INIT;

	suite_assert_error(privilege_refused(privilege, "try this", &err), err, EPERM,
			   ERROR_PERMISSION);
	ck_assert_str_eq(err.message, whole);
	ck_assert_msg(strstr(err.hint, hint) != NULL, "'%s' lacks '%s'", err.hint, hint);
}

START_TEST(why_a_file_without_it)
{
	begin(SET(CAP_NET_ADMIN));
	refused(PRIVILEGE_BPF,
		"try this: needs CAP_BPF, which neither its file nor its caller gives it",
		"setcap cap_net_admin,cap_net_raw,cap_bpf+ep '/");
}
END_TEST

START_TEST(why_no_new_privs)
{
	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	begin(0);
	refused(PRIVILEGE_NET_RAW,
		"try this: needs CAP_NET_RAW, which no_new_privs keeps it from getting",
		"AmbientCapabilities=");
}
END_TEST

START_TEST(why_the_bounding_set)
{
	ck_assert_int_eq(prctl(PR_CAPBSET_DROP, CAP_NET_ADMIN, 0, 0, 0), 0);
	begin(0);
	refused(PRIVILEGE_NET_ADMIN, "try this: needs CAP_NET_ADMIN, which its bounding set lacks",
		"CapabilityBoundingSet=");
}
END_TEST

START_TEST(why_another_namespace)
{
	begin(OURS);
	refused(PRIVILEGE_NET_ADMIN,
		"try this: needs CAP_NET_ADMIN, which it has, but not for this network namespace",
		"user namespace");
}
END_TEST

/* As in a user namespace below the network's, or where a security module says no. */
START_TEST(why_root_with_all_capabilities)
{
	refused(PRIVILEGE_NET_ADMIN, "try this: needs CAP_NET_ADMIN, which root has, but not here",
		"--cap-add=NET_ADMIN");
}
END_TEST

START_TEST(why_root_of_a_container)
{
	put_into_sets(set_in_proc("CapPrm") & ~SET(CAP_NET_ADMIN));
	refused(PRIVILEGE_NET_ADMIN, "try this: needs CAP_NET_ADMIN, which even root lacks here",
		"--cap-add=NET_ADMIN");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/privilege");
	TCase *tc = tcase_create("privilege");

	if (geteuid() != 0)
		return suite_skip("needs root");
	tcase_add_test(tc, three_are_kept_and_none_in_effect);
	tcase_add_test(tc, one_is_in_effect_for_a_scope);
	tcase_add_test(tc, what_is_not_there_is_not_raised);
	tcase_add_test(tc, given_up_for_good);
	tcase_add_test(tc, root_keeps_all);
	tcase_add_test(tc, set_user_id_is_refused);
	tcase_add_test(tc, set_group_id_is_refused);
	tcase_add_test(tc, why_a_file_without_it);
	tcase_add_test(tc, why_no_new_privs);
	tcase_add_test(tc, why_the_bounding_set);
	tcase_add_test(tc, why_another_namespace);
	tcase_add_test(tc, why_root_with_all_capabilities);
	tcase_add_test(tc, why_root_of_a_container);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
