/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard's program, run by the kernel on single frames (BPF_PROG_TEST_RUN). */
#ifndef TESTS_GUARD_RUN_H
#define TESTS_GUARD_RUN_H

#include <linux/bpf.h>
#include <stdbool.h>

#include "frames.h"
#include "net/guard.h"
#include "net/tap.h"

/* The program's descriptor, for the test to close. */
int guard_run_load(const struct tap_spec *spec);
struct bpf_prog_info guard_run_info(int fd);
struct guard_counters guard_run_counters(int fd);

/* Its verdict on a frame that guard_run_can() be run on. The frame must be left as it is. */
int guard_run(int fd, const struct frame *frame);
bool guard_run_can(const struct frame *frame);

/* The same, with the verdict and the counters it has to have. */
void guard_run_drops(int fd, const struct frame *frame, enum guard_drop drop, const char *name);
void guard_run_passes(int fd, const struct frame *frame, const char *name);

#endif
