/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP addresses and prefixes. */
#ifndef BASE_IP_H
#define BASE_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct ip_addr {
	int family; /* AF_INET, AF_INET6; AF_UNSPEC: none */
	uint8_t byte[16]; /* network order; 4 used for AF_INET */
};

struct ip_prefix {
	struct ip_addr addr; /* host bits are kept */
	unsigned int length; /* bits */
};

enum { IP_TEXT_MAX = 64 };

/* Dotted quad (inet_pton(3): no octal, no short forms) or IPv6. ERROR_USAGE. */
int ip_parse(const char *what, const char *text, struct ip_addr *ret, struct error *err);

/*
 * ADDR or ADDR/N. Without /N length becomes -1 as unsigned (IP_LENGTH_NONE), for the
 * caller to fill from the LAN. ERROR_USAGE.
 */
#define IP_LENGTH_NONE ((unsigned int)-1)
int ip_prefix_parse(const char *what, const char *text, struct ip_prefix *ret, struct error *err);

void ip_format(const struct ip_addr *addr, char out[IP_TEXT_MAX]);
void ip_prefix_format(const struct ip_prefix *prefix, char out[IP_TEXT_MAX]);

bool ip_equal(const struct ip_addr *a, const struct ip_addr *b);
bool ip_in_prefix(const struct ip_addr *addr, const struct ip_prefix *prefix);

/* First (network) or last (broadcast) address of an IPv4 prefix shorter than /31. */
bool ip_is_network_or_broadcast(const struct ip_addr *addr, const struct ip_prefix *prefix);

/* Usable as a host's own address: no multicast, loopback, unspecified, 0/8, class E, link-local. */
bool ip_is_unicast(const struct ip_addr *addr);

#endif
