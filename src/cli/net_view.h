/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bridges and ports in words and in JSON, the same in net show and status. */
#ifndef CLI_NET_VIEW_H
#define CLI_NET_VIEW_H

#include <stdbool.h>

#include "vm/net.h"

struct json_t;

/* The state of a port in a word: "forwarding", "down", "fell-off". */
const char *net_port_state(const struct vm_net_port *port);

/* The guard as it acts: "mac", "off", "no-filter"; "-" for a port that is none of ours. */
const char *net_guard_word(const struct vm_net_port *port);

/* How many VLANs from the i-th on follow each other and are alike: a range. */
size_t net_vlans_alike(const struct port *port, size_t i);

/* The name of an entry's port; the bridge's for its own entries. */
const char *net_entry_port(const struct vm_net_bridge *bridge, const struct fdb_entry *entry);

/* A new reference each. entries: with all that the bridge has learned. */
struct json_t *net_bridge_json(const struct vm_net_bridge *bridge, bool entries);
struct json_t *net_port_json(const struct vm_net_port *port);

void net_bridge_print(const struct vm_net_bridge *bridge, bool entries);

/* What is wrong with the ports, on standard error, with the commands that help. */
void net_problems_print(const struct vm_net_bridge *bridge);

#endif
