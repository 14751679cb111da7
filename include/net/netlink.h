/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A route netlink socket that sends batches and understands the kernel's answers. */
#ifndef NET_NETLINK_H
#define NET_NETLINK_H

#include "base/alloc.h"
#include "base/error.h"

struct nl_sock;

/*
 * libnl's socket with NETLINK_EXT_ACK, NETLINK_CAP_ACK and NETLINK_GET_STRICT_CHK on, and a
 * receive timeout, so that a lost answer is -ETIMEDOUT and never a hang. Release with
 * netlink_close(). Needs no privilege by itself; every change needs CAP_NET_ADMIN in the
 * network namespace. ERROR_HOST: a kernel without these options (before Linux 4.20).
 */
int netlink_open(struct nl_sock **ret, struct error *err);
void netlink_close(struct nl_sock **sock); /* takes NULL in *sock, and leaves it */

#define AUTO_NETLINK AUTO(netlink_close) struct nl_sock

#endif
