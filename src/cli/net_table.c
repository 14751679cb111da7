/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bridges and ports as tables. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "cli.h"
#include "net_view.h"
#include "output.h"

enum { PORT_COLUMNS = 12, ENTRY_COLUMNS = 4 };

static const char *on_off(bool value)
{
	return value ? "on" : "off";
}

static const char *querier(const struct bridge_settings *settings)
{
	if (settings->mcast_querier)
		return "the bridge is querier";
	return settings->mcast_other_querier ? "a querier is heard" : "no querier";
}

/* One line that tells what most often is wrong. */
static void print_bridge_line(const struct vm_net_bridge *bridge)
{
	const struct bridge *facts = &bridge->bridge;

	printf("%s: %s, MTU %u, STP %s, VLAN filtering %s", bridge->name,
	       !facts->up		  ? "down"
	       : bridge->settings.carrier ? "up"
					  : "up without carrier",
	       facts->mtu, on_off(facts->stp), on_off(facts->vlan_filtering));
	printf(", multicast snooping %s", on_off(bridge->settings.mcast_snooping));
	if (bridge->settings.mcast_snooping)
		printf(" (%s)", querier(&bridge->settings));
	for (size_t i = 0; i < bridge->n_addresses; i++) {
		char address[IP_TEXT_MAX];

		ip_prefix_format(&bridge->addresses[i], address);
		printf("%s%s", i ? " " : ", ", address);
	}
	printf("%s\n", bridge->n_addresses ? "" : ", no address");
}

/* "10pu 30 40-50": p is where untagged frames belong, u leaves without a tag. */
static void push_vlans(struct strv *cells, const struct port *port)
{
	AUTO_BUF out = BUF_INIT;

	for (size_t i = 0, n; i < port->n_vlans; i += n) {
		const struct port_vlan *vlan = &port->vlans[i];

		n = net_vlans_alike(port, i);
		buf_printf(&out, "%s%u", out.len ? " " : "", vlan->vid);
		if (n > 1)
			buf_printf(&out, "-%u", vlan[n - 1].vid);
		buf_printf(&out, "%s%s", vlan->pvid ? "p" : "", vlan->untagged ? "u" : "");
	}
	strv_push(cells, out.len ? buf_str(&out) : "-");
}

/* A VM's NIC; else what may be the way out, or what it is instead. */
static void push_owner(struct strv *cells, const struct vm_net_port *port)
{
	if (port->vm[0])
		strv_pushf(cells, "%s/%u", port->vm, port->nic);
	else if (!port->port.kind[0] || !strcmp(port->port.kind, "bond") ||
		 !strcmp(port->port.kind, "team") || !strcmp(port->port.kind, "vlan"))
		strv_push(cells, "uplink");
	else
		strv_pushf(cells, "(%s)", port->port.kind);
}

static void push_size(struct strv *cells, uint64_t bytes)
{
	char size[SIZE_TEXT_MAX];

	size_format(bytes, size);
	strv_push(cells, size);
}

static void push_port(struct strv *cells, const struct vm_net_port *port)
{
	char mac[MAC_TEXT_MAX];

	strv_push(cells, output_clean(port->port.name));
	push_owner(cells, port);
	strv_push(cells, net_port_state(port));
	mac_format(port->running ? &port->guest_mac : &port->port.mac, mac);
	strv_push(cells, mac);
	push_vlans(cells, &port->port);
	strv_push(cells, net_guard_word(port));
	strv_push(cells, port->port.isolated == PORT_ON ? "yes" : "no");
	strv_pushf(cells, "%u", port->port.queues);
	push_size(cells, port->port.rx_bytes);
	push_size(cells, port->port.tx_bytes);
	if (port->has_drops)
		strv_pushf(cells, "%" PRIu64, vm_drops_total(&port->drops));
	else
		strv_push(cells, "-");
	strv_pushf(cells, "%zu", port->learned);
}

static void print_ports(const struct vm_net_bridge *bridge)
{
	static const char *const headings[PORT_COLUMNS] = {
		"PORT",	    "VM/NIC", "STATE", "MAC", "VLANS", "GUARD",
		"ISOLATED", "QUEUES", "RX",    "TX",  "DROPS", "LEARNED",
	};
	AUTO_STRV cells = STRV_INIT;

	for (size_t i = 0; i < bridge->n_ports; i++)
		push_port(&cells, &bridge->ports[i]);
	output_table(headings, PORT_COLUMNS, (const char *const *)cells.v, bridge->n_ports);
}

static const char *entry_kind(const struct fdb_entry *entry)
{
	if (entry->local)
		return "local";
	if (entry->is_static)
		return entry->sticky ? "static, sticky" : "static";
	return "learned";
}

static void print_entries(const struct vm_net_bridge *bridge)
{
	static const char *const headings[ENTRY_COLUMNS] = { "ADDRESS", "PORT", "VLAN", "KIND" };
	AUTO_STRV cells = STRV_INIT;

	for (size_t i = 0; i < bridge->n_fdb; i++) {
		const struct fdb_entry *entry = &bridge->fdb[i];
		char mac[MAC_TEXT_MAX];

		mac_format(&entry->mac, mac);
		strv_push(&cells, mac);
		strv_push(&cells, output_clean(net_entry_port(bridge, entry)));
		if (entry->vlan)
			strv_pushf(&cells, "%u", entry->vlan);
		else
			strv_push(&cells, "-");
		strv_push(&cells, entry_kind(entry));
	}
	printf("\n");
	output_table(headings, ENTRY_COLUMNS, (const char *const *)cells.v, bridge->n_fdb);
}

void net_bridge_print(const struct vm_net_bridge *bridge, bool entries)
{
	if (bridge->problem[0])
		printf("%s: cannot be read\n", output_clean(bridge->name));
	else
		print_bridge_line(bridge);
	print_ports(bridge);
	if (entries && bridge->n_fdb)
		print_entries(bridge);
}

void net_problems_print(const struct vm_net_bridge *bridge)
{
	char problem[512], hint[256];

	if (bridge->problem[0])
		fprintf(stderr, "%s\n", output_clean(bridge->problem));
	for (size_t i = 0; i < bridge->n_ports; i++) {
		if (!vm_net_port_problem(&bridge->ports[i], problem, sizeof(problem), hint,
					 sizeof(hint)))
			continue;
		fprintf(stderr, "%s/%u: %s\n", bridge->ports[i].vm, bridge->ports[i].nic,
			output_clean(problem));
		fprintf(stderr, "hint: %s\n", hint);
	}
}
