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
#include "vm/net.h"

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

/* The taps that there ought to be, and those that there are. */
struct taps {
	struct vm_net_port *wanted;
	size_t n_wanted;
	struct tap_link *v;
	size_t n;
};

static void taps_done(struct taps *taps)
{
	vm_net_ports_done(taps->wanted, taps->n_wanted);
	free(taps->v);
}

static bool is_tap_of(const struct tap_link *tap, const struct vm_net_port *wanted)
{
	struct vm_tap_owner owner;

	return vm_tap_owner_parse(tap->alias, &owner) && owner.uid == geteuid() &&
	       owner.nic == wanted->nic && !strcmp(owner.vm, wanted->vm);
}

/* By its alias, which goes with it when it is renamed. */
static const struct tap_link *find_tap(const struct taps *taps, const struct vm_net_port *wanted)
{
	for (size_t i = 0; i < taps->n; i++)
		if (is_tap_of(&taps->v[i], wanted))
			return &taps->v[i];
	return NULL;
}

static void check_renamed(struct check *check, const struct tap_link *tap,
			  const struct vm_net_port *wanted)
{
	AUTO_FREE char *name = check_quoted(tap->name);
	AUTO_FREE char *own = check_quoted(wanted->port.name);

	check_fail(check, wanted->port.name,
		   "has been renamed to '%s': VM '%s' is taken for one without its tap", tap->name,
		   wanted->vm);
	/* older kernels rename what is down alone (dev_change_name(), until 6.2) */
	check_fix(check, "ip link set %s down && ip link set %s name %s && ip link set %s up", name,
		  name, own, own);
}

static void check_wanted(struct check *check, const struct taps *taps,
			 const struct vm_net_port *wanted)
{
	const struct tap_link *renamed = NULL;
	char problem[768], hint[256];

	if (wanted->place == VM_TAP_MISSING)
		renamed = find_tap(taps, wanted);
	if (renamed) {
		check_renamed(check, renamed, wanted);
	} else if (vm_net_port_problem(wanted, problem, sizeof(problem), hint, sizeof(hint))) {
		check_fail(check, wanted->port.name, "VM '%s' has no network, or not as asked: %s",
			   wanted->vm, problem);
		check_fix(check, "%s", hint);
	} else {
		check_pass(check, wanted->port.name, "is on its bridge");
	}
}

/* Has it been looked at, under its own name or another? */
static bool is_wanted(const struct taps *taps, const struct tap_link *tap)
{
	for (size_t i = 0; i < taps->n_wanted; i++) {
		const struct vm_net_port *wanted = &taps->wanted[i];

		if (wanted->place == VM_TAP_MISSING && find_tap(taps, wanted) == tap)
			return true;
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): where n, there is v */
		if (wanted->place != VM_TAP_MISSING && !strcmp(tap->name, wanted->port.name))
			return true;
	}
	return false;
}

static bool runs(const struct taps *taps, const char *vm)
{
	for (size_t i = 0; i < taps->n_wanted; i++)
		if (!strcmp(taps->wanted[i].vm, vm))
			return true;
	return false;
}

static void check_other(struct check *check, const struct taps *taps, const struct tap_link *tap)
{
	AUTO_FREE char *name = check_quoted(tap->name);
	struct vm_tap_owner owner = { .vm = "" };
	bool known = vm_tap_owner_parse(tap->alias, &owner);

	if (is_wanted(taps, tap))
		return;
	if (known && owner.uid != geteuid()) {
		check_pass(check, tap->name, "is a tap of user id %u", owner.uid);
		return;
	}
	if (runs(taps, owner.vm))
		check_warn(check, tap->name, "says that it is a tap of VM '%s', which runs without",
			   owner.vm);
	else
		check_warn(check, tap->name, "is the tap of VM '%s', which does not run", owner.vm);
	check_fix(check, "ip link del %s", name);
}

static int find_taps(struct check *check, struct taps *taps, struct error *err)
{
	int r = vm_net_taps_get(check->host->vm, &taps->wanted, &taps->n_wanted, err);

	return r ? r : taps_list(network_get(check)->sock, &taps->v, &taps->n, err);
}

void check_taps(struct check *check)
{
	const struct network *network = network_get(check);
	AUTO(taps_done) struct taps taps = { .v = NULL };
	struct error err = ERROR_INIT;

	if (network->error.kind)
		return;
	if (check->host->store_error->kind) {
		check_warn(check, "taps", "not looked at: %s", check->host->store_error->message);
		return;
	}
	if (find_taps(check, &taps, &err)) {
		check_error(check, "taps", &err);
		return;
	}
	for (size_t i = 0; i < taps.n_wanted; i++)
		check_wanted(check, &taps, &taps.wanted[i]);
	for (size_t i = 0; i < taps.n; i++)
		check_other(check, &taps, &taps.v[i]);
	if (!taps.n_wanted && !taps.n)
		check_pass(check, "taps", "there are none");
}
