/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taps that fell off their bridge are put back, with all their settings. */
#include <errno.h>

#include "base/alloc.h"
#include "base/strv.h"
#include "net/netlink.h"
#include "qmp/qmp.h"
#include "vm/net.h"
#include "vm/start.h"
#include "lan.h"
#include "live.h"
#include "nic.h"
#include "repair.h"
#include "sockets.h"

struct repair {
	const struct vm_host *host;
	struct vm_dir dir; /* locked, except for a look */
	struct live live;
	struct vm_config vm; /* as it was started */
	struct vm_config now;
	struct nl_sock *netlink;
	bool check_only;
	bool repaired; /* any of the taps */
};

static void repair_done(struct repair *repair)
{
	netlink_close(&repair->netlink);
	vm_config_done(&repair->vm);
	vm_config_done(&repair->now);
	vm_dir_done(&repair->dir);
}

static int repair_load(struct repair *repair, struct error *err)
{
	const struct vm_host *host = repair->host;
	int r = vm_dir_load(&repair->dir, &host->config, lan_fallback(host), &repair->now, err);

	if (!r)
		r = live_load(host, &repair->dir, &repair->vm, err);
	return r ? r : netlink_open(&repair->netlink, err);
}

static int repair_begin(struct repair *repair, const char *name, struct error *err)
{
	const struct vm_host *host = repair->host;
	int r = repair->check_only
			? vm_dir_open(&host->store, name, &repair->dir, err)
			: vm_dir_lock_existing(&host->store, name, "net repair", &repair->dir, err);

	if (!r)
		r = live_get(host, &repair->dir, &repair->live, err);
	if (!r)
		r = live_must_run(&repair->dir, &repair->live, err);
	return r ? r : repair_load(repair, err);
}

/* A VM may have several: each line says which tap it is about. */
static void add_changes(const char *tap, const struct buf *changes, struct buf *out)
{
	AUTO_STRV lines = STRV_INIT;

	strv_split(&lines, buf_str(changes), '\n');
	for (size_t i = 0; i < lines.n; i++)
		buf_printf(out, "tap '%s': %s\n", tap, lines.v[i]);
}

static int repair_nic(struct repair *repair, unsigned int i, struct buf *changes, struct error *err)
{
	enum tap_repair result = TAP_REPAIR_INTACT;
	AUTO_BUF found = BUF_INIT;
	struct bridge bridge;
	struct nic_spec spec;
	int r = vm_nic_check(&repair->vm.nics[i], err);

	if (!r)
		r = lan_find_bridge(repair->host, repair->netlink, &repair->vm.nics[i], &bridge,
				    err);
	if (r)
		return r;
	if (!bridge.up)
		vm_note(repair->host, "bridge '%s' is down: ip link set %s up", bridge.name,
			bridge.name);
	nic_spec_init(&spec, repair->dir.name, &repair->vm, i);
	if (i < repair->now.n_nics)
		nic_spec_add_addresses(&spec, &repair->now.nics[i]);
	r = tap_repair(repair->netlink, &bridge, &spec.tap, repair->check_only, &result, &found,
		       err);
	add_changes(spec.name, &found, changes);
	if (r < 0 && err->kind == ERROR_NOT_FOUND) {
		/* it is the VM that "not found" means to the user */
		error_kind(err, ERROR_FAILED);
		return error_hint(err, "mnmivm-se restart %s", repair->dir.name);
	}
	if (!r)
		repair->repaired |= result == TAP_REPAIRED;
	return r;
}

/* What one NIC lacks is no reason to leave the next one off. */
static int repair_nics(struct repair *repair, struct buf *changes, struct error *err)
{
	int first = 0;

	for (unsigned int i = 0; i < repair->vm.n_nics; i++) {
		struct error attempt = ERROR_INIT;
		int r = repair_nic(repair, i, changes, &attempt);

		if (r && first)
			vm_note(repair->host, "%s: %s", repair->dir.name, attempt.message);
		else if (r)
			*err = attempt;
		if (!first)
			first = r;
	}
	return first;
}

/* The guest is connected again either way; it will be found when it speaks. */
static void announce(const struct repair *repair)
{
	AUTO(qmp_closep) struct qmp *qmp = NULL;
	struct error err = ERROR_INIT;

	if (qmp_connect(repair->dir.run_fd, QMP_SOCKET, QMP_TIMEOUT_MS, &qmp, &err) ||
	    qmp_announce(qmp, &err))
		vm_note(repair->host, "%s: the guest is not announced to the LAN: %s",
			repair->dir.name, err.message);
}

int vm_net_repair(const struct vm_host *host, const char *name, bool check_only,
		  struct buf *ret_changes, struct error *err)
{
	AUTO(repair_done)
	struct repair repair = {
		.host = host,
		.dir = VM_DIR_INIT,
		.check_only = check_only,
	};
	int r = repair_begin(&repair, name, err);

	if (r)
		return r;
	r = repair_nics(&repair, ret_changes, err);
	if (repair.repaired && !check_only)
		announce(&repair);
	if (r)
		return r;
	return repair.repaired ? 0 : VM_ALREADY;
}

/* A NIC whose guard knows addresses, which were others before the change. */
static bool needs_renewal(const struct repair *repair, const struct vm_config *before,
			  unsigned int i)
{
	struct ip_prefix addresses[VM_ADDRESSES_MAX];
	unsigned int n;

	if (repair->vm.nics[i].guard != GUARD_IP || i >= repair->now.n_nics || i >= before->n_nics)
		return false;
	n = vm_nic_addresses(&repair->now.nics[i], addresses);
	for (unsigned int j = 0; j < n; j++) {
		if (!vm_nic_has_address(&before->nics[i], &addresses[j].addr))
			return true;
	}
	return false;
}

static int renew_guard(struct repair *repair, unsigned int i, struct error *err)
{
	struct bridge bridge;
	struct nic_spec spec;
	int r = lan_find_bridge(repair->host, repair->netlink, &repair->vm.nics[i], &bridge, err);

	if (r)
		return r;
	nic_spec_init(&spec, repair->dir.name, &repair->vm, i);
	if (!nic_spec_add_addresses(&spec, &repair->now.nics[i]))
		return error_set(err, ERROR_FAILED, E2BIG,
				 "the old and the new addresses are too many");
	return tap_renew_guard(repair->netlink, &bridge, &spec.tap, err);
}

void repair_after_change(const struct vm_host *host, const struct vm_dir *dir,
			 const struct vm_config *before)
{
	struct repair repair = { .host = host, .dir = *dir }; /* borrowed */
	struct error err = ERROR_INIT;
	int r = repair_load(&repair, &err);

	for (unsigned int i = 0; i < repair.vm.n_nics && !r; i++) {
		if (needs_renewal(&repair, before, i))
			r = renew_guard(&repair, i, &err);
	}
	if (r)
		vm_note(host,
			"%s: the guard will not pass the new addresses before a stop and a start: "
			"%s",
			dir->name, err.message);
	repair.dir = (struct vm_dir)VM_DIR_INIT;
	repair_done(&repair);
}
