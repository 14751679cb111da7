/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ports of a bridge: the way to the LAN, and the taps of VMs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "net/links.h"
#include "network.h"
#include "vm/status.h"

void check_uplink(struct check *check, const struct lan *lan)
{
	const struct port *uplink = lan->uplink;

	if (!uplink)
		check_warn(check, lan->name,
			   "has no port but those of VMs: guests reach each other and this host");
	else if (!uplink->up)
		check_warn(check, uplink->name, "is down: guests do not reach the LAN");
	else if (!uplink->carrier)
		check_warn(check, uplink->name, "has no carrier: guests do not reach the LAN");
	else
		check_pass(check, uplink->name, "is the way to the LAN");
	if (uplink && !uplink->up) {
		AUTO_FREE char *name = check_quoted(uplink->name);

		check_fix(check, "ip link set %s up", name);
		check_change(check, DOCTOR_LINK_UP, uplink->name, NULL);
	}
}

static void check_port_address(struct check *check, const struct lan *lan, const struct port *port)
{
	const struct network *network = network_get(check);
	AUTO_FREE char *name = check_quoted(port->name);
	struct error err = ERROR_INIT;
	char text[IP_TEXT_MAX];
	struct link link;

	if (link_read(network->sock, port->name, &link, &err)) {
		check_error(check, port->name, &err);
		return;
	}
	if (!link.n_addresses) {
		check_pass(check, port->name, "has no address of its own");
		return;
	}
	ip_prefix_format(&link.addresses[0].prefix, text);
	check_fail(check, port->name,
		   "has address %s although it is a port: what is sent there does not arrive",
		   text);
	check_fix(check, "ip address del %s dev %s", text, name);
	network_keep(check, lan->network, NETWORK_NO_ADDRESS, port->name, "");
}

void check_uplink_address(struct check *check, const struct lan *lan)
{
	size_t before = check->report->n;

	for (size_t i = 0; i < lan->ports.n; i++)
		if (network_is_foreign(&lan->ports.v[i]))
			check_port_address(check, lan, &lan->ports.v[i]);
	if (check->report->n == before)
		check_pass(check, lan->name, "has no port that could have an address");
}

void check_wifi(struct check *check, const struct lan *lan)
{
	size_t before = check->report->n;

	for (size_t i = 0; i < lan->ports.n; i++) {
		const struct port *port = &lan->ports.v[i];
		AUTO_FREE char *name = check_quoted(port->name);

		if (!network_is_wifi(port->name, port->ifindex))
			continue;
		check_fail(check, port->name,
			   "is Wi-Fi, whose access point takes frames from the host's MAC alone: "
			   "guests have no network");
		check_fix(check, "ip link set %s nomaster", name);
		check_keep(check, "a wired port; or a bridge without it, whose guests are routed");
	}
	if (check->report->n == before)
		check_pass(check, lan->name, "has no Wi-Fi port");
}

static void fix_mtu(struct check *check, const struct lan *lan, const struct port *port)
{
	AUTO_FREE char *name = check_quoted(port->name);
	char mtu[16];

	snprintf(mtu, sizeof(mtu), "%u", lan->bridge.mtu);
	check_fix(check, "ip link set dev %s mtu %s", name, mtu);
	if (network_is_foreign(port))
		network_keep(check, lan->network, NETWORK_MTU, port->name, mtu);
}

void check_mtu(struct check *check, const struct lan *lan)
{
	size_t before = check->report->n;

	for (size_t i = 0; i < lan->ports.n; i++) {
		const struct port *port = &lan->ports.v[i];

		if (port->mtu == lan->bridge.mtu)
			continue;
		check_warn(check, port->name,
			   "has MTU %u on a bridge with %u: large frames are lost without a word",
			   port->mtu, lan->bridge.mtu);
		fix_mtu(check, lan, port);
	}
	if (check->report->n == before)
		check_pass(check, lan->name, "has MTU %u, as all its ports", lan->bridge.mtu);
}

void check_port_lock(struct check *check, const struct lan *lan)
{
	bool known = true;

	for (size_t i = 0; i < lan->ports.n; i++)
		known &= lan->ports.v[i].locked != PORT_UNKNOWN;
	if (known || check->config->guard == GUARD_OFF) {
		check_pass(check, lan->name,
			   lan->ports.n && known ? "its ports can be locked"
						 : "there is nothing to be locked");
		return;
	}
	check_fail(check, lan->name,
		   "its ports cannot be locked to MACs: the kernel is older than 5.18");
	check_keep(check, "a newer kernel, or 'guard = off' in %s", check->host->config_path);
}

static void check_tap(struct check *check, const struct tap_link *tap)
{
	AUTO_FREE char *name = check_quoted(tap->name);
	struct vm_tap_owner owner = { .vm = "" };
	bool known = vm_tap_owner_parse(tap->alias, &owner);
	const char *vm = owner.vm;

	if (known && owner.uid != geteuid()) {
		check_pass(check, tap->name, "is a tap of user id %u", owner.uid);
	} else if (!known || !vm_is_alive(check->host->vm, vm)) {
		check_warn(check, tap->name, "is the tap of VM '%s', which does not run", vm);
		check_fix(check, "ip link del %s", name);
	} else if (!tap->master) {
		check_fail(check, tap->name, "has fallen off its bridge: VM '%s' has no network",
			   vm);
		check_fix(check, "mnmivm-se net repair %s", vm);
	} else if (!tap->up) {
		check_fail(check, tap->name, "is down: VM '%s' has no network", vm);
		check_fix(check, "mnmivm-se net repair %s", vm);
	} else {
		check_pass(check, tap->name, "is on its bridge");
	}
}

void check_taps(struct check *check)
{
	const struct network *network = network_get(check);
	AUTO_FREE struct tap_link *taps = NULL;
	struct error err = ERROR_INIT;
	size_t n = 0;

	if (network->error.kind)
		return;
	if (check->host->store_error->kind) {
		check_warn(check, "taps", "not looked at: %s", check->host->store_error->message);
		return;
	}
	if (taps_list(network->sock, &taps, &n, &err)) {
		check_error(check, "taps", &err);
		return;
	}
	for (size_t i = 0; i < n; i++)
		check_tap(check, &taps[i]);
	if (!n)
		check_pass(check, "taps", "there are none");
}
