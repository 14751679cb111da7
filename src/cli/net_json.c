/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bridges and ports in JSON. */
#include <jansson.h>

#include "json.h"
#include "net_view.h"

/* Null where the kernel does not know the setting. */
static void set_state(json_t *object, const char *key, enum port_state state)
{
	json_object_set_new(object, key,
			    state == PORT_UNKNOWN ? json_null() : json_boolean(state == PORT_ON));
}

static void set_mac(json_t *object, const char *key, const struct mac *mac)
{
	char out[MAC_TEXT_MAX];

	mac_format(mac, out);
	json_object_set_new(object, key, json_string(out));
}

/* VLANs that are alike and follow each other are one element. */
static json_t *vlans_json(const struct port *port)
{
	json_t *array = json_array();

	for (size_t i = 0, n; i < port->n_vlans; i += n) {
		const struct port_vlan *vlan = &port->vlans[i];
		json_t *object = json_object();

		n = net_vlans_alike(port, i);
		object_set_number(object, "first", vlan->vid);
		object_set_number(object, "last", vlan[n - 1].vid);
		object_set_bool(object, "pvid", vlan->pvid);
		object_set_bool(object, "untagged", vlan->untagged);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *drops_json(const struct vm_net_port *port)
{
	json_t *object;

	if (!port->has_drops)
		return json_null();
	object = json_object();
	for (unsigned int i = 0; i < GUARD_DROPS; i++)
		object_set_number(object, vm_drop_word((enum guard_drop)i), port->drops.dropped[i]);
	return object;
}

static void set_owner(json_t *object, const struct vm_net_port *port)
{
	object_set_text(object, "vm", port->vm);
	json_object_set_new(object, "nic", port->vm[0] ? json_integer(port->nic) : json_null());
	object_set_bool(object, "running", port->running);
	if (port->running) {
		set_mac(object, "guest_mac", &port->guest_mac);
		json_object_set_new(object, "guard", json_string(guard_words[port->guard]));
	} else {
		json_object_set_new(object, "guest_mac", json_null());
		json_object_set_new(object, "guard", json_null());
	}
	json_object_set_new(object, "guard_effect", json_string(net_guard_word(port)));
	json_object_set_new(object, "dropped", drops_json(port));
}

static void set_link(json_t *object, const struct port *port)
{
	object_set_text(object, "kind", port->kind);
	set_mac(object, "mac", &port->mac);
	object_set_number(object, "mtu", port->mtu);
	object_set_number(object, "queues", port->queues);
	object_set_bool(object, "up", port->up);
	object_set_bool(object, "carrier", port->carrier);
	set_state(object, "locked", port->locked);
	set_state(object, "learning", port->learning);
	set_state(object, "flood", port->unicast_flood);
	set_state(object, "isolated", port->isolated);
	object_set_bool(object, "filter", port->guard_program != 0);
	json_object_set_new(object, "vlans", vlans_json(port));
	object_set_number(object, "rx_bytes", port->rx_bytes);
	object_set_number(object, "rx_packets", port->rx_packets);
	object_set_number(object, "rx_dropped", port->rx_dropped);
	object_set_number(object, "tx_bytes", port->tx_bytes);
	object_set_number(object, "tx_packets", port->tx_packets);
	object_set_number(object, "tx_dropped", port->tx_dropped);
}

json_t *net_port_json(const struct vm_net_port *port)
{
	json_t *object = json_object();
	char problem[512], hint[256];

	object_set_text(object, "name", port->port.name);
	object_set_text(object, "bridge", port->master);
	json_object_set_new(object, "state", json_string(net_port_state(port)));
	set_owner(object, port);
	set_link(object, &port->port);
	object_set_number(object, "learned", port->learned);
	if (vm_net_port_problem(port, problem, sizeof(problem), hint, sizeof(hint))) {
		object_set_text(object, "problem", problem);
		object_set_text(object, "hint", hint);
	}
	return object;
}

static json_t *fdb_json(const struct vm_net_bridge *bridge)
{
	json_t *array = json_array();

	for (size_t i = 0; i < bridge->n_fdb; i++) {
		const struct fdb_entry *entry = &bridge->fdb[i];
		json_t *object = json_object();

		set_mac(object, "mac", &entry->mac);
		object_set_text(object, "port", net_entry_port(bridge, entry));
		json_object_set_new(object, "vlan",
				    entry->vlan ? json_integer(entry->vlan) : json_null());
		object_set_bool(object, "local", entry->local);
		object_set_bool(object, "static", entry->is_static);
		object_set_bool(object, "sticky", entry->sticky);
		json_array_append_new(array, object);
	}
	return array;
}

static void set_settings(json_t *object, const struct vm_net_bridge *bridge)
{
	const struct bridge_settings *settings = &bridge->settings;
	unsigned int pvid = bridge->bridge.default_pvid;

	set_mac(object, "mac", &bridge->bridge.mac);
	object_set_number(object, "mtu", bridge->bridge.mtu);
	object_set_bool(object, "up", bridge->bridge.up);
	object_set_bool(object, "carrier", settings->carrier);
	object_set_bool(object, "stp", bridge->bridge.stp);
	json_object_set_new(object, "forward_delay_s",
			    json_real(settings->forward_delay_ms / 1000.0));
	json_object_set_new(object, "ageing_s", json_real(settings->ageing_ms / 1000.0));
	object_set_bool(object, "vlan_filtering", bridge->bridge.vlan_filtering);
	json_object_set_new(object, "default_pvid", pvid ? json_integer(pvid) : json_null());
	object_set_bool(object, "mcast_snooping", settings->mcast_snooping);
	object_set_bool(object, "mcast_querier", settings->mcast_querier);
	object_set_bool(object, "mcast_other_querier", settings->mcast_other_querier);
}

static json_t *addresses_json(const struct vm_net_bridge *bridge)
{
	json_t *array = json_array();
	char out[IP_TEXT_MAX];

	for (size_t i = 0; i < bridge->n_addresses; i++) {
		ip_prefix_format(&bridge->addresses[i], out);
		json_array_append_new(array, json_string(out));
	}
	return array;
}

json_t *net_bridge_json(const struct vm_net_bridge *bridge, bool entries)
{
	json_t *object = json_object();
	json_t *ports = json_array();

	object_set_text(object, "name", bridge->name);
	if (bridge->problem[0]) {
		object_set_text(object, "problem", bridge->problem);
	} else {
		set_settings(object, bridge);
		json_object_set_new(object, "addresses", addresses_json(bridge));
	}
	for (size_t i = 0; i < bridge->n_ports; i++)
		json_array_append_new(ports, net_port_json(&bridge->ports[i]));
	json_object_set_new(object, "ports", ports);
	if (entries)
		json_object_set_new(object, "fdb", fdb_json(bridge));
	return object;
}
