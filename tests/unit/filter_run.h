/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A system call filter, run by hand. */
#ifndef TESTS_UNIT_FILTER_RUN_H
#define TESTS_UNIT_FILTER_RUN_H

#include <linux/seccomp.h>
#include <stdint.h>

#include "../../src/jail/child.h"

/* What seccomp(2) would answer; the test fails where the program is none. */
uint32_t filter_run(const struct filter *filter, const struct seccomp_data *data);

#endif
