/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network namespace for each test, and other eyes than the code's own to look at it. */
#ifndef TESTS_NETNS_H
#define TESTS_NETNS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/mac.h"

/* Why no test here can run (no root, no ip, no /dev/net/tun), or NULL. For suite_skip(). */
const char *netns_missing(void);

/*
 * A checked fixture: a new namespace with "lo" up, and back to the old one. The kernel removes
 * it with the test's process, or with the last descriptor of a tap in it.
 */
void netns_enter(void);
void netns_leave(void);

/*
 * The bridge "br0", up, with MAC 52:54:00:00:00:02 by way of its port "lan0", whose other end
 * "lan1" is the LAN. IPv6 is off, so that nothing talks unasked.
 */
void netns_make_lan(void);
extern const char netns_bridge_mac[];

/* Run a program of the shell's PATH, /usr/sbin included; it has to succeed. */
void netns_run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What it prints, as JSON or as it is. The caller releases it. */
json_t *netns_json(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *netns_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What `ip -j -d link` says of a link; NULL when there is none. */
json_t *netns_link(const char *name);

/* Its value below keys, as "linkinfo.info_slave_data.locked"; borrowed, NULL where absent. */
const json_t *netns_at(const json_t *object, const char *keys);
const char *netns_str(const json_t *object, const char *keys); /* "" where absent */
int netns_int(const json_t *object, const char *keys); /* -1 where absent */

/* Does `ip -j link` give the link that flag, as "LOWER_UP"? */
bool netns_has_flag(const json_t *link, const char *flag);

/*
 * Wait until each link's operational state, and with it its port's STP state, is what its carrier
 * says: they follow it later, up to a second (linkwatch).
 */
void netns_settle(void);

/*
 * The FDB entries of a bridge with that MAC, in any VLAN. What is asked for in no VLAN, a kernel
 * with VLAN filtering copies into all VLANs of the port, on every bridge: these copies are left
 * out.
 */
json_t *netns_fdb(const char *bridge, const char *mac);

/* Was the kernel built with CONFIG_BRIDGE_VLAN_FILTERING? */
bool netns_kernel_has_vlans(void);
bool netns_kernel_has_police(void); /* act_police, built in or as a module */

/*
 * Links, ports, FDB, qdiscs and addresses as text, settled; netns_compare() fails where they
 * changed.
 */
char *netns_snapshot(void);
void netns_compare(char *before); /* frees before */

/* Fails with the place where two texts begin to differ. */
void netns_compare_text(const char *before, const char *after);

/* /proc/sys/net/..., of this namespace. */
void netns_sysctl(const char *key, const char *value);

/* Whether this process may use that capability, of those that it has. */
void netns_use_capability(int capability, bool use);

struct mac netns_mac(const char *text);

#endif
