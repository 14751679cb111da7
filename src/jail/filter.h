/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building system call filters: what those of programs and of workers have in common. */
#ifndef JAIL_FILTER_H
#define JAIL_FILTER_H

#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

#include "child.h"

/* In the parent. action is that of calls without a rule; fill adds the rules, 0 or -errno. */
int filter_make(uint32_t action, int (*fill)(scmp_filter_ctx ctx), struct filter *ret,
		struct error *err);

/* Rules of a filter that allows what it does not name; 0 or -errno. Refused is EPERM. */
int filter_refuse(scmp_filter_ctx ctx, const int *calls, size_t n);
int filter_refuse_if(scmp_filter_ctx ctx, int call, struct scmp_arg_cmp condition);

/* What nothing of ours needs, connect(2) and bind(2) aside. */
int filter_refuse_common(scmp_filter_ctx ctx);

/* Of socket(2) or socketpair(2) all but streams of AF_UNIX. */
int filter_refuse_addresses(scmp_filter_ctx ctx, int call);

#endif
