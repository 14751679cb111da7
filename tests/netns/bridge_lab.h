/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A namespace of a test with a netlink socket, to look at its bridges. */
#ifndef TESTS_BRIDGE_LAB_H
#define TESTS_BRIDGE_LAB_H

#include "net/bridge.h"

/* A checked fixture. */
extern struct nl_sock *sock;
void bridge_lab_enter(void);
void bridge_lab_leave(void);

/* As bridge_get() has it; it has to be there. */
struct bridge get(const char *name);

#endif
