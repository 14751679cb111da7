/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A namespace of a test with a netlink socket, to look at its bridges. */
#include "bridge_lab.h"

#include "net/netlink.h"
#include "netns.h"
#include "suite.h"

struct nl_sock *sock;

void bridge_lab_enter(void)
{
	struct error err = ERROR_INIT;

	netns_enter();
	suite_assert_ok(netlink_open(&sock, &err), err);
}

void bridge_lab_leave(void)
{
	netlink_close(&sock);
	netns_leave();
}

struct bridge get(const char *name)
{
	struct error err = ERROR_INIT;
	struct bridge bridge;

	suite_assert_ok(bridge_get(sock, name, &bridge, &err), err);
	return bridge;
}
