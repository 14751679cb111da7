/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard's program, run by the kernel on single frames. */
#include "guard_run.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "suite.h"

int guard_run_load(const struct tap_spec *spec)
{
	struct error err = ERROR_INIT;
	int fd = -1;

	suite_assert_ok(guard_load(spec, &fd, &err), err);
	ck_assert_int_ge(fd, 0);
	return fd;
}

struct bpf_prog_info guard_run_info(int fd)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { 0 };

	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uint64_t)(uintptr_t)&info;
	ck_assert_int_eq(syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), 0);
	return info;
}

struct guard_counters guard_run_counters(int fd)
{
	struct guard_counters counters;
	struct error err = ERROR_INIT;

	memset(&counters, 0x5a, sizeof(counters));
	suite_assert_ok(guard_read_counters(guard_run_info(fd).id, &counters, &err), err);
	return counters;
}

/* Run the program on a frame, which it must leave as it is. */
int guard_run(int fd, const struct frame *frame)
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
bool guard_run_can(const struct frame *frame)
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

void guard_run_drops(int fd, const struct frame *frame, enum guard_drop drop, const char *name)
{
	struct guard_counters before = guard_run_counters(fd);
	int r = guard_run(fd, frame);
	struct guard_counters after = guard_run_counters(fd);

	ck_assert_msg(r == TC_ACT_SHOT, "%s: %d", name, r);
	for (int i = 0; i < GUARD_DROPS; i++)
		ck_assert_msg(after.dropped[i] - before.dropped[i] == ((enum guard_drop)i == drop),
			      "%s: counted as %s, not %s", name, guard_drop_word(i),
			      guard_drop_word(drop));
}

void guard_run_passes(int fd, const struct frame *frame, const char *name)
{
	struct guard_counters before = guard_run_counters(fd);
	int r = guard_run(fd, frame);
	struct guard_counters after = guard_run_counters(fd);

	ck_assert_msg(r == TC_ACT_UNSPEC, "%s: %d", name, r);
	ck_assert_mem_eq(&before, &after, sizeof(before));
}
