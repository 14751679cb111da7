/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard's program in the kernel: what the verifier takes, and the counters. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "frames.h"
#include "guard_run.h"
#include "net/guard.h"
#include "netns.h"
#include "suite.h"

static const struct tap_vlans all_vlans = { 1, TAP_VLAN_MAX };

START_TEST(loads_for_every_spec)
{
	struct ip_addr addresses[TAP_ADDRESSES_MAX];
	struct tap_spec spec;

	frame_spec(TAP_GUARD_IP, &spec);
	for (unsigned int n = 0; n <= TAP_ADDRESSES_MAX; n++) {
		for (unsigned int kind = 0; kind < 12; kind++) {
			for (unsigned int i = 0; i < n; i++) {
				addresses[i] = spec.addresses[kind % 3 == 2 ? i % 2 : kind % 3];
				addresses[i].byte[3] = (uint8_t)(200 + i);
			}
			struct tap_spec one = spec;

			one.guard = kind / 3 % 2 ? TAP_GUARD_MAC : TAP_GUARD_IP;
			one.trunk = &all_vlans;
			one.n_trunk = kind / 6;
			one.addresses = addresses;
			one.n_addresses = n;
			close(guard_run_load(&one));
		}
	}
}
END_TEST

START_TEST(is_what_it_says)
{
	struct guard_counters none = { { 0 } };
	struct guard_counters counters;
	struct bpf_prog_info info;
	struct tap_spec spec;
	int fds = suite_count_fds();
	int fd;

	frame_spec(TAP_GUARD_IP, &spec);
	fd = guard_run_load(&spec);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(suite_count_fds(), fds + 1);
	info = guard_run_info(fd);
	ck_assert_str_eq(info.name, "mnmivm_guard");
	ck_assert_uint_eq(info.type, BPF_PROG_TYPE_SCHED_CLS);
	ck_assert_uint_eq(info.nr_map_ids, 1);
	counters = guard_run_counters(fd);
	ck_assert_mem_eq(&counters, &none, sizeof(none));
	ck_assert_int_eq(suite_count_fds(), fds + 1);
	close(fd);
}
END_TEST

START_TEST(counters_of_others_are_refused)
{
	struct guard_counters counters;
	struct error err = ERROR_INIT;
	struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { 0 };
	uint32_t ids[2];
	int fds = suite_count_fds();
	int fd[2];

	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uint64_t)(uintptr_t)nothing;
	attr.insn_cnt = ARRAY_SIZE(nothing);
	attr.license = (uint64_t)(uintptr_t) "GPL";
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++) {
		/* of no name, and of ours without a map */
		strcpy(attr.prog_name, i ? "mnmivm_guard" : "");
		fd[i] = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
		ck_assert_int_ge(fd[i], 0);
		ids[i] = guard_run_info(fd[i]).id;
	}
	memset(&counters, 0x5a, sizeof(counters));
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++) {
		suite_assert_error(guard_read_counters(ids[i], &counters, &err), err, ENOENT,
				   ERROR_NOT_FOUND);
		close(fd[i]);
	}
	suite_assert_error(guard_read_counters(0, &counters, &err), err, ENOENT, ERROR_NOT_FOUND);
	suite_assert_error(guard_read_counters(0x7fffffff, &counters, &err), err, ENOENT,
			   ERROR_NOT_FOUND);
	ck_assert_uint_eq(counters.dropped[0], 0x5a5a5a5a5a5a5a5a);
	ck_assert_int_eq(suite_count_fds(), fds);
}
END_TEST

START_TEST(without_capabilities_it_says_so)
{
	struct error err = ERROR_INIT;
	struct guard_counters counters;
	struct tap_spec spec;
	int fds = suite_count_fds();
	int fd = -5;

	frame_spec(TAP_GUARD_IP, &spec);
	netns_use_capability(CAP_BPF, false);
	netns_use_capability(CAP_SYS_ADMIN, false);
	suite_assert_error(guard_load(&spec, &fd, &err), err, EPERM, ERROR_PERMISSION);
	ck_assert_ptr_nonnull(strstr(err.message, "CAP_BPF"));
	suite_assert_error(guard_read_counters(1, &counters, &err), err, EPERM, ERROR_PERMISSION);
	netns_use_capability(CAP_BPF, true);
	netns_use_capability(CAP_NET_ADMIN, false);
	suite_assert_error(guard_load(&spec, &fd, &err), err, EPERM, ERROR_PERMISSION);
	netns_use_capability(CAP_NET_ADMIN, true);
	ck_assert_int_eq(fd, -5);
	ck_assert_int_eq(suite_count_fds(), fds);
	close(guard_run_load(&spec)); /* no more is needed than these two */
	netns_use_capability(CAP_SYS_ADMIN, true);
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("net/guard-load");
	TCase *c = tcase_create("load");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, netns_enter, netns_leave);
	tcase_add_test(c, loads_for_every_spec);
	tcase_add_test(c, is_what_it_says);
	tcase_add_test(c, counters_of_others_are_refused);
	tcase_add_test(c, without_capabilities_it_says_so);
	suite_add_tcase(s, c);
	return suite_run(s);
}
