/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port, and what the VMs' settings say about it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/netlink.h"
#include "net_port.h"
#include "nic.h"

static int parse_label(char *label, struct vm_tap_owner *ret, struct error *err)
{
	char *number = strchr(label, '_');
	uint64_t uid = 0;
	int r = 0;

	if (number) {
		*number++ = '\0';
		r = parse_u64("uid", number, 1, UINT32_MAX - 1, &uid, err);
	}
	if (!r)
		r = parse_vm_name(label, err);
	if (!r)
		snprintf(ret->vm, sizeof(ret->vm), "%s", label);
	ret->uid = (uid_t)uid;
	return r;
}

bool vm_tap_owner_parse(const char *alias, struct vm_tap_owner *ret)
{
	static const char prefix[] = "mnmivm-se:";
	struct error ignored = ERROR_INIT;
	struct vm_tap_owner owner = { .nic = 0 };
	AUTO_FREE char *label = NULL;
	uint64_t nic;
	char *slash;

	if (!alias || strncmp(alias, prefix, sizeof(prefix) - 1) != 0)
		return false;
	label = xstrdup(alias + sizeof(prefix) - 1);
	slash = strchr(label, '/');
	if (!slash)
		return false;
	*slash = '\0';
	if (parse_label(label, &owner, &ignored) < 0 ||
	    parse_u64("nic", slash + 1, 0, TAP_NICS_MAX - 1, &nic, &ignored) < 0)
		return false;
	owner.nic = (unsigned int)nic;
	*ret = owner;
	return true;
}

/* Another user's VM of that name is none of ours. */
static void parse_alias(const char *alias, struct vm_net_port *port)
{
	struct vm_tap_owner owner;

	if (!vm_tap_owner_parse(alias, &owner) || owner.uid != geteuid())
		return;
	memcpy(port->vm, owner.vm, sizeof(port->vm));
	port->nic = owner.nic;
}

static enum vm_guard_effect guard_effect(const struct port *port)
{
	bool locked = port->locked == PORT_ON;

	if (port->guard_program)
		return locked ? VM_GUARD_WHOLE : VM_GUARD_NO_LOCK;
	return locked ? VM_GUARD_NO_FILTER : VM_GUARD_NOTHING;
}

static void set_owner(struct vm_net_port *ret, const struct running_nic *nic)
{
	memcpy(ret->vm, nic->vm, sizeof(ret->vm));
	ret->nic = nic->nic;
	ret->running = true;
	ret->guest_mac = nic->mac;
	ret->guard = nic->guard;
	snprintf(ret->bridge, sizeof(ret->bridge), "%.*s", (int)sizeof(ret->bridge) - 1,
		 nic->bridge);
}

void net_port_init(struct vm_net_port *ret, struct port *port, const struct running_nic *nic)
{
	struct error ignored = ERROR_INIT;

	*ret = (struct vm_net_port){ .port = *port, .effect = guard_effect(port) };
	*port = (struct port){ .alias = NULL };
	parse_alias(ret->port.alias, ret);
	if (nic)
		set_owner(ret, nic);
	if (ret->port.guard_program)
		ret->has_drops = guard_read_counters(ret->port.guard_program, &ret->drops,
						     &ignored) == 0;
}

/* An altname resolves to the canonical one; asked for only where the names differ. */
bool net_port_same_bridge(struct nl_sock *sock, unsigned int ifindex, const char *canonical,
			  const char *name)
{
	struct error ignored = ERROR_INIT;
	struct bridge bridge;

	return strcmp(canonical, name) == 0 ||
	       (bridge_get(sock, name, &bridge, &ignored) == 0 && bridge.ifindex == ifindex);
}

static void set_differs(struct vm_net_port *port, const char *text)
{
	snprintf(port->differs, sizeof(port->differs), "%.*s", (int)sizeof(port->differs) - 1,
		 text);
}

void net_port_compare(struct nl_sock *sock, const struct bridge *bridge,
		      const struct running_nic *nic, struct vm_net_port *port)
{
	enum tap_repair result = TAP_REPAIR_INTACT;
	struct error err = ERROR_INIT;
	AUTO_BUF changes = BUF_INIT;
	AUTO_STRV lines = STRV_INIT;
	AUTO_FREE char *joined = NULL;
	int r;

	if (!nic->spec)
		return;
	r = tap_repair(sock, bridge, &nic->spec->tap, true, &result, &changes, &err);
	/* without the program there is nothing to hold a filter against */
	if (r == -EPERM || r == -EACCES)
		return;
	port->compared = true;
	strv_split(&lines, buf_str(&changes), '\n');
	joined = strv_join(&lines, ", ");
	set_differs(port, r < 0 ? err.message : joined);
}

static void compare_by_name(struct nl_sock *sock, const struct running_nic *nic,
			    struct vm_net_port *port)
{
	struct error ignored = ERROR_INIT;
	struct bridge bridge;

	if (port->place == VM_TAP_ATTACHED && !bridge_get(sock, nic->bridge, &bridge, &ignored))
		net_port_compare(sock, &bridge, nic, port);
}

static void find_place(struct nl_sock *sock, const struct running_nic *nic, unsigned int master,
		       struct vm_net_port *port)
{
	if (!master || !if_indextoname(master, port->master))
		port->place = VM_TAP_FELL_OFF;
	else if (!net_port_same_bridge(sock, master, port->master, nic->bridge))
		port->place = VM_TAP_ELSEWHERE;
	else
		port->place = VM_TAP_ATTACHED;
}

/* A link of the tap's name that is not ours stands in its place: the tap itself is missing. */
int net_port_find(struct nl_sock *sock, const struct running_nic *nic, struct vm_net_port *ret,
		  struct error *err)
{
	AUTO_FREE char *alias = nic_alias(nic->vm, nic->nic);
	struct port port = { .alias = NULL };
	unsigned int master = 0;
	int r = port_get(sock, nic->tap, &port, &master, err);

	if (r < 0 && r != -ENODEV)
		return r;
	if (r == 0 && port.alias && strcmp(port.alias, alias) == 0) {
		net_port_init(ret, &port, nic);
		find_place(sock, nic, master, ret);
		compare_by_name(sock, nic, ret);
		return 0;
	}
	port_done(&port);
	memcpy(port.name, nic->tap, sizeof(port.name));
	net_port_init(ret, &port, nic);
	ret->place = VM_TAP_MISSING;
	return 0;
}

void vm_net_ports_done(struct vm_net_port *ports, size_t n)
{
	for (size_t i = 0; i < n; i++)
		port_done(&ports[i].port);
	free(ports);
}

static int find_ports(const struct running_nics *nics, struct vm_net_port **ret, size_t *ret_n,
		      struct error *err)
{
	AUTO_NETLINK *sock = NULL;
	struct vm_net_port *ports;
	int r = netlink_open(&sock, err);

	if (r < 0)
		return r;
	ports = xcalloc(nics->n + 1, sizeof(*ports));
	for (size_t i = 0; r == 0 && i < nics->n; i++)
		r = net_port_find(sock, &nics->v[i], &ports[i], err);
	if (r < 0) {
		vm_net_ports_done(ports, nics->n);
		return r;
	}
	*ret = ports;
	*ret_n = nics->n;
	return 0;
}

int vm_net_ports_get(const struct vm_host *host, const char *name, const struct vm_config *vm,
		     const struct vm_config *now, struct vm_net_port **ret, size_t *ret_n,
		     struct error *err)
{
	AUTO(running_nics_done) struct running_nics nics = { .v = NULL };

	running_nics_add(&nics, host, name, vm, now);
	return find_ports(&nics, ret, ret_n, err);
}

int vm_net_taps_get(const struct vm_host *host, struct vm_net_port **ret, size_t *ret_n,
		    struct error *err)
{
	AUTO(running_nics_done) struct running_nics nics = { .v = NULL };
	int r = running_nics_get(host, &nics, err);

	return r ? r : find_ports(&nics, ret, ret_n, err);
}

/* What anybody can see, where it could not be compared. */
static const char *guard_gap(const struct vm_net_port *port)
{
	if (port->guard == GUARD_OFF)
		return port->effect == VM_GUARD_NOTHING ? NULL : "a guard, which is to be off";
	switch (port->effect) {
	case VM_GUARD_NOTHING:
		return "no guard: neither lock nor filter";
	case VM_GUARD_NO_LOCK:
		return "half a guard: the port is not locked";
	case VM_GUARD_NO_FILTER:
		return "half a guard: the filter is missing";
	default:
		return NULL;
	}
}

static bool describe(const struct vm_net_port *port, char *out, size_t size)
{
	const char *name = port->port.name;
	const char *gap;

	switch (port->place) {
	case VM_TAP_MISSING:
		snprintf(out, size, "tap '%s' is gone: somebody removed it", name);
		return true;
	case VM_TAP_FELL_OFF:
		snprintf(out, size, "tap '%s' fell off its bridge '%s'", name, port->bridge);
		return true;
	case VM_TAP_ELSEWHERE:
		snprintf(out, size, "tap '%s' is on '%s', not on bridge '%s'", name, port->master,
			 port->bridge);
		return true;
	default:
		break;
	}
	if (port->compared) {
		snprintf(out, size, "tap '%s': %s", name, port->differs);
		return port->differs[0];
	}
	gap = guard_gap(port);
	if (!port->port.up)
		snprintf(out, size, "tap '%s' is down", name);
	else if (gap)
		snprintf(out, size, "tap '%s' has %s", name, gap);
	return !port->port.up || gap;
}

bool vm_net_port_problem(const struct vm_net_port *port, char *out, size_t size, char *hint,
			 size_t hint_size)
{
	if (port->vm[0] && !port->running) {
		snprintf(out, size, "tap '%s' is of vm '%s', which does not run", port->port.name,
			 port->vm);
		snprintf(hint, hint_size, "grep -lw %s /proc/[0-9]*/fdinfo/* tells who holds it",
			 port->port.name);
		return true;
	}
	if (!port->running || !describe(port, out, size))
		return false;
	if (port->place == VM_TAP_MISSING)
		snprintf(hint, hint_size, "mnmivm-se restart %s", port->vm);
	else
		snprintf(hint, hint_size, "mnmivm-se net repair %s", port->vm);
	return true;
}

const char *vm_drop_text(enum guard_drop drop)
{
	return guard_drop_text(drop);
}

const char *vm_drop_word(enum guard_drop drop)
{
	return guard_drop_word(drop);
}

uint64_t vm_drops_total(const struct guard_counters *drops)
{
	uint64_t total = 0;

	for (size_t i = 0; i < GUARD_DROPS; i++)
		total += drops->dropped[i];
	return total;
}
