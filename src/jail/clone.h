/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New processes by clone3(2): the child, and a short-lived one to make a user namespace with. */
#ifndef JAIL_CLONE_H
#define JAIL_CLONE_H

#include <stdint.h>

#include "child.h"

/*
 * As fork(2), with all signals blocked in the child, so that no handler of the caller's ever runs
 * there; *ret_pid_fd is its pidfd. cgroup_fd: to be born in, or -1. -errno; Linux 5.7.
 */
pid_t clone_process(uint64_t flags, int cgroup_fd, int *ret_pid_fd);

/*
 * The child of a launch, in the namespaces that it has to be born into. What may be missing of
 * these goes into child->missing.
 */
int clone_child(struct child *child, pid_t *ret_pid, int *ret_pid_fd, struct error *err);

#endif
