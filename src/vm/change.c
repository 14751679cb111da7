/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing a VM that exists: what update-cloud and set share. */
#include "change.h"

#include <errno.h>

#include "base/alloc.h"
#include "net/netlink.h"
#include "lan.h"
#include "live.h"
#include "repair.h"
#include "run_seed.h"
#include "seed_files.h"
#include "vm_claims.h"

void change_done(struct change *change)
{
	vm_dir_done(&change->dir);
	vm_config_done(&change->old);
	vm_config_done(&change->vm);
	for (unsigned int i = 0; i < VM_NICS_MAX; i++)
		vm_nic_request_done(&change->nics[i]);
}

static int load(const struct change *change, struct vm_config *ret, struct error *err)
{
	return vm_dir_load(&change->dir, &change->host->config, lan_fallback(change->host), ret,
			   err);
}

int change_begin(struct change *change, const struct vm_host *host, const char *name,
		 const char *command, struct error *err)
{
	int r;

	change->host = host;
	change->dir = (struct vm_dir)VM_DIR_INIT;
	r = vm_dir_lock_existing(&host->store, name, command, &change->dir, err);
	if (!r)
		r = load(change, &change->old, err);
	return r ? r : load(change, &change->vm, err);
}

/* A NIC that was told to do without name servers does without them at its new address, too. */
static int complete_nic(struct change *change, struct nl_sock *sock,
			const struct vm_nic_request *request, unsigned int i, struct error *err)
{
	struct vm_nic_request asked = *request;

	if (i < change->old.n_nics && change->old.instance_id && !change->old.nics[i].dns.n)
		asked.dns = true;
	return lan_apply(change->host, sock, &asked, &change->vm.nics[i], err);
}

int change_complete_nics(struct change *change, struct error *err)
{
	AUTO(netlink_close) struct nl_sock *sock = NULL;
	int r = 0;

	for (unsigned int i = 0; i < change->vm.n_nics && !r; i++) {
		if (!change->nics[i].checked)
			continue;
		if (!sock)
			r = netlink_open(&sock, err);
		if (!r)
			r = complete_nic(change, sock, &change->nics[i], i, err);
	}
	return r;
}

/* true: it is new there. */
static bool keep_address(struct vm_nic *nic, const struct ip_prefix *address)
{
	struct error ignored = ERROR_INIT;
	char text[IP_TEXT_MAX];

	ip_prefix_format(address, text);
	return !vm_nic_has_address(nic, &address->addr) && !vm_nic_add_ip(nic, text, &ignored);
}

/*
 * Which of the addresses that it has been given a running guest uses depends on when it has booted:
 * until QEMU ends all of them are its own.
 */
static void keep_old_addresses(const struct change *change)
{
	AUTO(vm_config_done) struct vm_config running = { 0 };
	const struct vm_config *old = &change->old;
	struct error ignored = ERROR_INIT;
	bool any = false;

	if (vm_dir_load_run(&change->dir, &change->host->config, &running, &ignored))
		return;
	for (unsigned int i = 0; i < running.n_nics && i < old->n_nics; i++) {
		struct ip_prefix addresses[VM_ADDRESSES_MAX];
		unsigned int n = vm_nic_addresses(&old->nics[i], addresses);

		for (unsigned int j = 0; j < n; j++)
			any |= keep_address(&running.nics[i], &addresses[j]);
	}
	if (any)
		vm_dir_save_run(&change->dir, &running, &ignored);
}

int change_claim(struct change *change, struct error *err)
{
	keep_old_addresses(change);
	return vm_claims_take_nics(&change->host->store, change->dir.name, &change->vm, err);
}

int change_save(struct change *change, struct error *err)
{
	const struct host_config *config = &change->host->config;
	int fd = change->dir.fd;
	int r = 0;

	/* a seed of the Go edition stays until update-cloud makes one of ours */
	if (change->vm.instance_id)
		r = seed_files_make_host_key(fd, change->dir.name, config, err);
	if (!r)
		r = vm_dir_save(fd, &change->vm, true, err);
	if (!r && change->vm.instance_id)
		r = seed_files_write(fd, change->dir.name, &change->vm, config, true, err);
	return r;
}

static void drop_unused(const struct change *change, const struct vm_config *vm,
			const struct vm_config *const kept[2])
{
	vm_claims_drop_unused(&change->host->store, change->dir.name, vm, kept, 2);
}

void change_settle(struct change *change)
{
	AUTO(vm_config_done) struct vm_config now = { 0 };
	AUTO(vm_config_done) struct vm_config running = { 0 };
	const struct vm_config *kept[] = { &now, &running };
	struct error ignored = ERROR_INIT;

	if (load(change, &now, &ignored) ||
	    vm_dir_load_run(&change->dir, &change->host->config, &running, &ignored) < 0)
		return;
	drop_unused(change, &change->old, kept);
	drop_unused(change, &change->vm, kept);
}

int change_refresh(struct change *change, const char **ret_note, struct error *err)
{
	struct live live;
	int r = live_get(change->host, &change->dir, &live, err);

	if (r)
		return r;
	if (!live_is_alive(&live)) {
		*ret_note = "takes effect at the next start";
		return 0;
	}
	r = live.foreign ? RUN_SEED_GREW : run_seed_refresh(&change->dir, err);
	if (r >= 0 && !live.foreign)
		repair_after_change(change->host, &change->dir, &change->old);
	if (r == RUN_SEED_GREW)
		*ret_note = "takes effect after a stop and a start";
	else if (!r)
		*ret_note = "takes effect when the guest reboots";
	return r < 0 ? r : 0;
}
