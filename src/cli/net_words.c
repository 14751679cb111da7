/* SPDX-License-Identifier: GPL-2.0-or-later */
/* States of ports in words. */
#include "net_view.h"

static const char *const stp_words[] = {
	[PORT_DISABLED] = "disabled", [PORT_LISTENING] = "listening",
	[PORT_LEARNING] = "learning", [PORT_FORWARDING] = "forwarding",
	[PORT_BLOCKING] = "blocking",
};

const char *net_port_state(const struct vm_net_port *port)
{
	if (port->place == VM_TAP_MISSING)
		return "missing";
	if (port->place == VM_TAP_FELL_OFF)
		return "fell-off";
	if (!port->port.up)
		return "down";
	if (!port->port.carrier)
		return "no-carrier";
	return stp_words[port->port.stp];
}

const char *net_guard_word(const struct vm_net_port *port)
{
	switch (port->effect) {
	case VM_GUARD_NO_LOCK:
		return "no-lock";
	case VM_GUARD_NO_FILTER:
		return "no-filter";
	case VM_GUARD_WHOLE:
		/* which level the filter has is the settings' to say */
		return port->running && port->guard != GUARD_OFF ? guard_words[port->guard] : "on";
	default:
		return port->vm[0] ? "off" : "-";
	}
}

size_t net_vlans_alike(const struct port *port, size_t i)
{
	const struct port_vlan *vlan = &port->vlans[i];
	size_t n = 1;

	while (i + n < port->n_vlans && vlan[n].vid == vlan[0].vid + n &&
	       vlan[n].pvid == vlan[0].pvid && vlan[n].untagged == vlan[0].untagged)
		n++;
	return n;
}

const char *net_entry_port(const struct vm_net_bridge *bridge, const struct fdb_entry *entry)
{
	for (size_t i = 0; i < bridge->n_ports; i++) {
		if (bridge->ports[i].port.ifindex == entry->port)
			return bridge->ports[i].port.name;
	}
	return bridge->name;
}
