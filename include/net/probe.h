/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does a guest answer on the LAN? Bounded TCP probes from the host. */
#ifndef NET_PROBE_H
#define NET_PROBE_H

#include "base/error.h"
#include "base/ip.h"

enum probe_result {
	PROBE_SILENT, /* nothing came back in time */
	PROBE_ANSWERS, /* the address answers (connection refused counts) */
	PROBE_SSH, /* an SSH server sent its "SSH-" banner (RFC 4253, 4.2) */
};

/* One attempt at port 22, at most timeout_ms. Reads at most 255 bytes of what the guest sends. */
enum probe_result probe_ssh(const struct ip_addr *addr, int timeout_ms);

#endif
