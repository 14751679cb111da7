/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does the host's firewall drop what it forwards? Read from the kernel; loads no module. */
#ifndef NET_NETFILTER_H
#define NET_NETFILTER_H

#include <stddef.h>

#include "base/error.h"

enum netfilter_family {
	NETFILTER_IPV4,
	NETFILTER_IPV6,
	NETFILTER_INET, /* both */
	NETFILTER_ARP,
	NETFILTER_BRIDGE, /* frames of every bridge, whatever br_netfilter is set to */
};

enum { NETFILTER_NAME_MAX = 256 };

/* A base chain of nf_tables on the hook forward, whose policy is drop. */
struct netfilter_chain {
	enum netfilter_family family;
	char table[NETFILTER_NAME_MAX];
	char chain[NETFILTER_NAME_MAX];
};

/*
 * All such chains of this network namespace, those that iptables-nft made among them; the caller
 * frees *ret. Rules are not looked at: they may let pass what the policy drops. Asking the kernel
 * loads nf_tables where that is a module: ask only where it is there. Needs CAP_NET_ADMIN
 * (-EPERM). A kernel without nf_tables has no chain.
 */
int netfilter_forward_drops(struct netfilter_chain **ret, size_t *ret_n, struct error *err);

/* nft's words: "ip", "ip6", "inet", "arp", "bridge". */
const char *netfilter_family_word(enum netfilter_family family);

/*
 * The policy of chain FORWARD of iptables-legacy's table filter, family AF_INET or AF_INET6.
 * XTABLES_NONE where the table is not in use: looked up in /proc/net/ip_tables_names first,
 * because the question itself would load it. Needs CAP_NET_ADMIN (-EPERM) and, for the file,
 * root (-EACCES).
 */
enum xtables_policy { XTABLES_NONE, XTABLES_ACCEPT, XTABLES_DROP };
int xtables_forward_policy(int family, enum xtables_policy *ret, struct error *err);

#endif
