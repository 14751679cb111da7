/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of a start on the LAN: bridges, taps, who else has the addresses, announcing. */
#include <errno.h>

#include "base/alloc.h"
#include "net/netlink.h"
#include "lan.h"
#include "nic.h"
#include "start_steps.h"

void start_close_vhost(struct start *start)
{
	for (unsigned int i = 0; i < VM_NICS_MAX; i++) {
		for (unsigned int j = 0; j < VM_QUEUES_MAX; j++)
			fd_close(&start->vhost[i][j]);
	}
}

void start_close_network(struct start *start)
{
	for (unsigned int i = 0; i < VM_NICS_MAX; i++) {
		dad_close(start->probes[i]);
		start->probes[i] = NULL;
		tap_close(&start->taps[i]);
	}
	start_close_vhost(start);
}

static int check_bridge(const struct start *start, unsigned int i, struct error *err)
{
	const struct bridge *bridge = &start->bridges[i];

	if (!bridge->up) {
		error_set(err, ERROR_HOST, ENETDOWN, "bridge '%s' is down", bridge->name);
		return error_hint(err, "ip link set %s up", bridge->name);
	}
	if (start->vm.nics[i].mtu > bridge->mtu)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "mtu %u of nic.%u is above the %u of bridge '%s'",
				 start->vm.nics[i].mtu, i, bridge->mtu, bridge->name);
	if (bridge->stp)
		vm_note(start->host,
			"bridge '%s' runs STP: the guest is cut off for the forward delay",
			bridge->name);
	return 0;
}

int start_find_network(struct start *start, struct error *err)
{
	int r = netlink_open(&start->netlink, err);

	for (unsigned int i = 0; i < start->vm.n_nics && !r; i++) {
		const struct vm_nic *nic = &start->vm.nics[i];

		r = vm_nic_check(nic, err);
		if (!r)
			r = lan_find_bridge(start->host, start->netlink, nic, &start->bridges[i],
					    err);
		if (!r)
			r = check_bridge(start, i, err);
		if (!r && (nic->vlan || nic->trunk.n))
			r = bridge_check_vlans(&start->bridges[i], err);
	}
	return r;
}

static int no_vhost(struct start *start, unsigned int i, const struct error *reason,
		    struct error *err)
{
	for (unsigned int j = 0; j < VM_QUEUES_MAX; j++)
		fd_close(&start->vhost[i][j]);
	if (start->vm.nics[i].vhost == TRISTATE_AUTO) {
		vm_note(start->host, "no vhost: %s", reason->message);
		return 0;
	}
	*err = *reason;
	error_kind(err, ERROR_HOST);
	error_hint(err, "modprobe vhost_net, or vhost = auto");
	return -err->code;
}

/* One for each queue of the NIC, or none. */
static int open_vhost(struct start *start, unsigned int i, struct error *err)
{
	struct error reason = ERROR_INIT;

	if (start->vm.nics[i].vhost == TRISTATE_OFF)
		return 0;
	for (unsigned int j = 0; j < start->taps[i].n_fds; j++) {
		if (tap_open_vhost(&start->vhost[i][j], &reason))
			return no_vhost(start, i, &reason, err);
	}
	return 0;
}

/* The host does not answer its own question on the bridge. */
static int check_host(struct start *start, unsigned int i, const struct nic_spec *spec,
		      struct error *err)
{
	for (unsigned int j = 0; j < spec->tap.n_addresses; j++) {
		char text[IP_TEXT_MAX];
		bool local;
		int r = bridge_address_is_local(start->netlink, &spec->addresses[j], &local, err);

		if (r)
			return r;
		if (!local)
			continue;
		ip_format(&spec->addresses[j], text);
		error_set(err, ERROR_CONFLICT, EADDRINUSE, "address %s is this host's own", text);
		return error_hint(err, "give the guest another: mnmivm-se set %s nic.%u.ip=ADDR",
				  start->dir.name, i);
	}
	return 0;
}

/* A probe that cannot be made is no reason to keep a guest down: it only watches over mistakes. */
static int probe(struct start *start, unsigned int i, const struct nic_spec *spec,
		 struct error *err)
{
	struct error reason = ERROR_INIT;
	int r;

	if (start->no_probe || !spec->tap.n_addresses)
		return 0;
	r = check_host(start, i, spec, err);
	if (r)
		return r;
	if (dad_open(&start->bridges[i], &start->taps[i], &spec->tap, spec->addresses,
		     spec->tap.n_addresses, &start->probes[i], &reason))
		vm_note(start->host, "addresses of nic.%u are not probed: %s", i, reason.message);
	return 0;
}

int start_open_network(struct start *start, struct error *err)
{
	int r = 0;

	for (unsigned int i = 0; i < start->vm.n_nics && !r; i++) {
		struct nic_spec spec;

		nic_spec_init(&spec, start->dir.name, &start->vm, i);
		r = tap_open(start->netlink, &start->bridges[i], &spec.tap, &start->taps[i], err);
		if (!r)
			r = probe(start, i, &spec, err);
		if (!r)
			r = open_vhost(start, i, err);
	}
	return r;
}

static int conflict(const struct start *start, unsigned int i, const struct ip_addr *address,
		    const struct mac *mac, struct error *err)
{
	char ip[IP_TEXT_MAX], owner[MAC_TEXT_MAX];

	ip_format(address, ip);
	mac_format(mac, owner);
	error_set(err, ERROR_CONFLICT, EADDRINUSE, "address %s is in use on the LAN by MAC %s", ip,
		  owner);
	return error_hint(err,
			  "give the guest another, mnmivm-se set %s nic.%u.ip=ADDR, or start it "
			  "nevertheless with --no-probe",
			  start->dir.name, i);
}

/*
 * QEMU has been getting ready since the questions were asked; what has not been answered by now is
 * free. Closing a probe waits for the kernel (packet(7) sockets go after an RCU grace period),
 * some 10 ms, so it is done while QEMU still has work to do.
 */
int start_check_lan(struct start *start, struct error *err)
{
	for (unsigned int i = 0; i < start->vm.n_nics; i++) {
		struct error reason = ERROR_INIT;
		struct ip_addr address;
		struct mac mac;

		if (!start->probes[i])
			continue;
		switch (dad_check(start->probes[i], 0, &address, &mac, &reason)) {
		case DAD_FREE:
			break;
		case DAD_CONFLICT:
			return conflict(start, i, &address, &mac, err);
		default:
			vm_note(start->host, "probe of nic.%u: %s", i, reason.message);
		}
		dad_close(start->probes[i]);
		start->probes[i] = NULL;
	}
	return 0;
}

/* The guest is announced while it does not run yet: nobody else writes to its tap. */
void start_greet_lan(struct start *start)
{
	for (unsigned int i = 0; i < start->vm.n_nics; i++) {
		struct error reason = ERROR_INIT;
		struct nic_spec spec;

		nic_spec_init(&spec, start->dir.name, &start->vm, i);
		if (dad_announce(&start->taps[i], &spec.tap, spec.addresses, spec.tap.n_addresses,
				 &reason))
			vm_note(start->host, "nic.%u is not announced: %s", i, reason.message);
	}
}
