/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters on a link, made by other means than the code under test. */
#ifndef TESTS_FILTER_H
#define TESTS_FILTER_H

#include <linux/pkt_sched.h>
#include <stdint.h>

/* The shortest program there is: let every frame pass. The caller closes it. */
int filter_load(void);

/*
 * A cls_bpf filter, direct action, on the clsact that the link has; hook is TC_H_MIN_INGRESS or
 * TC_H_MIN_EGRESS. The program's descriptor stays the caller's.
 */
void filter_add(const char *link, uint32_t hook, unsigned int priority, const char *name,
		int program);

#endif
