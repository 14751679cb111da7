/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard's program in the kernel: what the verifier takes, and its verdict on single frames. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "frames.h"
#include "net/guard.h"
#include "netns.h"
#include "suite.h"

static const struct tap_vlans all_vlans = { 1, TAP_VLAN_MAX };

static int load(const struct tap_spec *spec)
{
	struct error err = ERROR_INIT;
	int fd = -1;

	suite_assert_ok(guard_load(spec, &fd, &err), err);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static struct bpf_prog_info info_of(int fd)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { 0 };

	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uint64_t)(uintptr_t)&info;
	ck_assert_int_eq(syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), 0);
	return info;
}

static struct guard_counters counters_of(int fd)
{
	struct guard_counters counters;
	struct error err = ERROR_INIT;

	memset(&counters, 0x5a, sizeof(counters));
	suite_assert_ok(guard_read_counters(info_of(fd).id, &counters, &err), err);
	return counters;
}

/* Run the program on a frame, which it must leave as it is. */
static int verdict(int fd, const struct frame *frame)
{
	static unsigned char out[FRAME_MAX];
	union bpf_attr attr = { 0 };
	int r;

	attr.test.prog_fd = (uint32_t)fd;
	attr.test.data_in = (uint64_t)(uintptr_t)frame->byte;
	attr.test.data_size_in = (uint32_t)frame->n;
	attr.test.data_out = (uint64_t)(uintptr_t)out;
	attr.test.data_size_out = sizeof(out);
	r = (int)syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr));
	ck_assert_msg(r == 0, "test run of %zu bytes: %s", frame->n, strerror(errno));
	ck_assert_uint_eq(attr.test.data_size_out, frame->n);
	ck_assert_mem_eq(out, frame->byte, frame->n);
	return (int)attr.test.retval;
}

/* Linux 6.18 refuses a test run of less than the headers that the ethertype names; no tap does. */
static bool can_run(const struct frame *frame)
{
	switch (frame->byte[12] << 8 | frame->byte[13]) {
	case ETH_P_IP:
		return frame->n >= ETH_HLEN + 20;
	case ETH_P_IPV6:
		return frame->n >= ETH_HLEN + 40;
	default:
		return frame->n > ETH_HLEN;
	}
}

static void expect_drop(int fd, const struct frame *frame, enum guard_drop drop, const char *name)
{
	struct guard_counters before = counters_of(fd);
	int r = verdict(fd, frame);
	struct guard_counters after = counters_of(fd);

	ck_assert_msg(r == TC_ACT_SHOT, "%s: %d", name, r);
	for (int i = 0; i < GUARD_DROPS; i++)
		ck_assert_msg(after.dropped[i] - before.dropped[i] == ((enum guard_drop)i == drop),
			      "%s: counted as %s, not %s", name, guard_drop_word(i),
			      guard_drop_word(drop));
}

static void expect_pass(int fd, const struct frame *frame, const char *name)
{
	struct guard_counters before = counters_of(fd);
	int r = verdict(fd, frame);
	struct guard_counters after = counters_of(fd);

	ck_assert_msg(r == TC_ACT_UNSPEC, "%s: %d", name, r);
	ck_assert_mem_eq(&before, &after, sizeof(before));
}

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
			close(load(&one));
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
	fd = load(&spec);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(suite_count_fds(), fds + 1);
	info = info_of(fd);
	ck_assert_str_eq(info.name, "mnmivm_guard");
	ck_assert_uint_eq(info.type, BPF_PROG_TYPE_SCHED_CLS);
	ck_assert_uint_eq(info.nr_map_ids, 1);
	counters = counters_of(fd);
	ck_assert_mem_eq(&counters, &none, sizeof(none));
	ck_assert_int_eq(suite_count_fds(), fds + 1);
	close(fd);
}
END_TEST

START_TEST(ip_stops_each_attack)
{
	struct tap_spec spec;
	int fd;

	frame_spec(TAP_GUARD_IP, &spec);
	fd = load(&spec);
	for (size_t i = 0; i < frame_n_attacks; i++) {
		const struct frame_case *attack = &frame_attacks[i];
		struct frame frame;

		frame_parse(attack->text, &frame);
		/* the header in front of the frame is no part of a test run */
		if (can_run(&frame) && !attack->header.flags)
			expect_drop(fd, &frame, attack->drop, attack->name);
	}
	close(fd);
}
END_TEST

START_TEST(mac_stops_its_own)
{
	struct tap_spec spec;
	int fd;

	frame_spec(TAP_GUARD_MAC, &spec);
	fd = load(&spec);
	for (size_t i = 0; i < frame_n_attacks; i++) {
		const struct frame_case *attack = &frame_attacks[i];
		struct frame frame;

		frame_parse(attack->text, &frame);
		if (can_run(&frame) && attack->stopped_by == TAP_GUARD_MAC)
			expect_drop(fd, &frame, attack->drop, attack->name);
		else if (can_run(&frame))
			expect_pass(fd, &frame, attack->name);
	}
	close(fd);
}
END_TEST

START_TEST(good_frames_pass)
{
	static const enum tap_guard guards[] = { TAP_GUARD_MAC, TAP_GUARD_IP };

	for (size_t g = 0; g < ARRAY_SIZE(guards); g++) {
		struct tap_spec spec;
		int fd;

		frame_spec(guards[g], &spec);
		fd = load(&spec);
		for (size_t i = 0; i < frame_n_good; i++) {
			struct frame frame;

			/* what is to be segmented is longer than a test run takes */
			frame_parse(frame_good[i].text, &frame);
			if (!frame_good[i].header.gso_type)
				expect_pass(fd, &frame, frame_good[i].name);
		}
		close(fd);
	}
}
END_TEST

/* Every frame cut at every length: nothing but what is whole may pass. */
START_TEST(cut_short_it_is_dropped)
{
	struct tap_spec spec;
	int fd;

	frame_spec(TAP_GUARD_IP, &spec);
	fd = load(&spec);
	for (size_t i = 0; i < frame_n_attacks; i++) {
		struct frame frame;
		size_t whole;

		frame_parse(frame_attacks[i].text, &frame);
		whole = frame_attacks[i].header.flags ? 0 : frame.n;
		for (frame.n = ETH_HLEN; frame.n < whole; frame.n++)
			ck_assert_msg(!can_run(&frame) || verdict(fd, &frame) == TC_ACT_SHOT,
				      "%s, %zu bytes", frame_attacks[i].name, frame.n);
	}
	close(fd);
}
END_TEST

/* The addresses of another guest are as foreign as any. */
START_TEST(addresses_are_what_counts)
{
	struct frame tcp, tcp6, discover, detection;
	struct tap_spec spec;
	int fd;

	frame_parse("02:00:00:00:00:bb 52:54:00:12:34:56 0800 4500 len4 0001 0000 4006 0000 "
		    "192.168.86.10 192.168.86.20 00*20",
		    &tcp);
	frame_parse("02:00:00:00:00:bb 52:54:00:12:34:56 86dd 60000000 len6 06ff 2001:db8::10 "
		    "2001:db8::20 00*20",
		    &tcp6);
	frame_parse("02:00:00:00:00:bb 52:54:00:12:34:56 0800 4500 len4 0001 0000 4011 0000 "
		    "0.0.0.0 255.255.255.255 00440043 00*200",
		    &discover);
	frame_parse("33:33:ff:12:34:56 52:54:00:12:34:56 86dd 60000000 len6 3aff :: "
		    "ff02::1:ff12:3456 8700 0000 00000000 fe80::5054:ff:fe12:3456",
		    &detection);

	frame_spec(TAP_GUARD_IP, &spec);
	spec.n_addresses = 0;
	fd = load(&spec);
	expect_drop(fd, &tcp, GUARD_DROP_IPV4, "no address");
	expect_drop(fd, &tcp6, GUARD_DROP_IPV6, "no IPv6 address");
	expect_pass(fd, &discover, "no address, DHCP");
	expect_pass(fd, &detection, "no address, detection");
	close(fd);

	spec.n_addresses = 1;
	fd = load(&spec);
	expect_pass(fd, &tcp, "IPv4 only");
	expect_drop(fd, &tcp6, GUARD_DROP_IPV6, "IPv4 only");
	close(fd);

	spec.addresses++;
	fd = load(&spec);
	expect_drop(fd, &tcp, GUARD_DROP_IPV4, "IPv6 only");
	expect_pass(fd, &tcp6, "IPv6 only");
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
		ids[i] = info_of(fd[i]).id;
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
	ck_assert_ptr_nonnull(strstr(err.hint, "CAP_BPF"));
	suite_assert_error(guard_read_counters(1, &counters, &err), err, EPERM, ERROR_PERMISSION);
	netns_use_capability(CAP_BPF, true);
	netns_use_capability(CAP_NET_ADMIN, false);
	suite_assert_error(guard_load(&spec, &fd, &err), err, EPERM, ERROR_PERMISSION);
	netns_use_capability(CAP_NET_ADMIN, true);
	ck_assert_int_eq(fd, -5);
	ck_assert_int_eq(suite_count_fds(), fds);
	close(load(&spec)); /* no more is needed than these two */
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
	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, netns_enter, netns_leave);
	tcase_add_test(c, loads_for_every_spec);
	tcase_add_test(c, is_what_it_says);
	tcase_add_test(c, ip_stops_each_attack);
	tcase_add_test(c, mac_stops_its_own);
	tcase_add_test(c, good_frames_pass);
	tcase_add_test(c, cut_short_it_is_dropped);
	tcase_add_test(c, addresses_are_what_counts);
	tcase_add_test(c, counters_of_others_are_refused);
	tcase_add_test(c, without_capabilities_it_says_so);
	suite_add_tcase(s, c);
	return suite_run(s);
}
