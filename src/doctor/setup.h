/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What moves from an uplink to a bridge, for the writers of each kind of network file. */
#ifndef DOCTOR_SETUP_H
#define DOCTOR_SETUP_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/strv.h"
#include "net/links.h"

struct setup {
	struct link link;
	const char *bridge;
	char mac[MAC_TEXT_MAX];
	bool dhcp4; /* its IPv4 address is from DHCP */
	bool auto6; /* an IPv6 address is from router advertisements or DHCPv6 */
	struct strv addresses4, addresses6; /* the others, as "192.168.86.2/24" */
	char gateway4[IP_TEXT_MAX], gateway6[IP_TEXT_MAX]; /* that somebody set; "": none */
	struct strv routes; /* "10.0.0.0/8 via 192.168.86.254", as ip-route(8) takes them */
	struct strv dns, search; /* empty with dhcp4 */
};

enum { SETUP_MTU_DEFAULT = 1500 };

void setup_write_debian(const struct setup *setup, struct buf *out);
void setup_write_alpine(const struct setup *setup, struct buf *out);
void setup_write_netplan(const struct setup *setup, struct buf *out);
void setup_write_nm(const struct setup *setup, struct buf *out);
void setup_write_networkd(const struct setup *setup, struct buf *out);

/* Split a route of setup->routes: *ret_via is "" where it is on the link. */
void setup_split_route(const char *route, char ret_to[IP_TEXT_MAX], char ret_via[IP_TEXT_MAX]);

#endif
