/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing settings of a VM. */
#include "vm/set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "vm/start.h"
#include "change.h"
#include "limits.h"
#include "live.h"
#include "random_id.h"
#include "vm_claims.h"

struct set {
	struct change change;
	struct strv seen; /* keys: a list that comes again grows */
	bool removed; /* a NIC was taken away */
	bool later; /* something waits for a start */
	bool guest; /* cloud-init is told */
	bool needs; /* what a start takes from the host: limits, files */
	bool limits; /* QEMU's share of the host, which a running one is given at once */
};

static void set_done(struct set *set)
{
	change_done(&set->change);
	strv_done(&set->seen);
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++) {
		if (!strcmp(word, *words))
			return true;
	}
	return false;
}

/* A key of [nic.N] without its section, "vlan". */
static bool is_nic_key(const char *key)
{
	AUTO_FREE char *word = xasprintf("nic.%s", key);

	return is_one_of(word, vm_config_keys());
}

/* true for the first time that a key comes in this command. */
static bool first_time(struct set *set, const char *key)
{
	if (strv_has(&set->seen, key))
		return false;
	strv_push(&set->seen, key);
	return true;
}

static int take_nic_away(struct set *set, unsigned int i, const char *value, struct error *err)
{
	struct vm_config *vm = &set->change.vm;

	if (strcmp(value, "none") != 0)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "nic.%u is 'none' or has a key, as in nic.%u.bridge", i, i);
	if (i >= vm->n_nics)
		return error_set(err, ERROR_USAGE, EINVAL, "there is no nic.%u", i);
	if (i == 0 || i + 1 != vm->n_nics)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "nic.%u cannot be taken away: only the last NIC can, and not the "
				 "first",
				 i);
	vm->n_nics--;
	set->removed = true;
	set->later = set->guest = true;
	return 0;
}

static int set_nic_key(struct set *set, unsigned int i, const char *key, const char *value,
		       struct error *err)
{
	static const char *const told_by_cloud_init[] = { "ip",	 "more_ip", "gateway", "gateway6",
							  "dns", "search",  NULL };
	AUTO_FREE char *word = xasprintf("nic.%u.%s", i, key);

	/* what is left of it must not come back as the new one's */
	if (set->removed && i >= set->change.vm.n_nics)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "nic.%u is taken away: a new one takes another command", i);
	set->guest = true;
	set->later |= !is_one_of(key, told_by_cloud_init);
	return vm_nic_request_set(&set->change.vm, set->change.nics, i, key, value,
				  first_time(set, word), err);
}

/* "nic.1.vlan" or "nic.1" */
static int set_numbered(struct set *set, const char *key, const char *value, struct error *err)
{
	const char *number = key + strlen("nic."), *dot = strchr(number, '.');
	AUTO_FREE char *digits = xstrndup(number, dot ? (size_t)(dot - number) : strlen(number));
	uint64_t i;
	int r = parse_u64("number of the NIC", digits, 0, VM_NICS_MAX - 1, &i, err);

	if (r)
		return r;
	return dot ? set_nic_key(set, (unsigned int)i, dot + 1, value, err)
		   : take_nic_away(set, (unsigned int)i, value, err);
}

bool vm_set_takes(const char *key)
{
	static const char *const ours[] = { "uid", "instance_id", "ready_nonce", NULL };

	return !is_one_of(key, ours) && strncmp(key, "image.", 6) != 0 &&
	       strncmp(key, "disk.", 5) != 0;
}

static int refuse_host_key(const struct host_config *host, const char *key, struct error *err)
{
	error_set(err, ERROR_USAGE, EINVAL, "'%s' is a setting of the host, and of no VM", key);
	return error_hint(err, "set it in %s", host->path);
}

static int set_vm_key(struct set *set, const char *key, const char *value, struct error *err)
{
	static const char *const at_once[] = { "protect", "stop_timeout", NULL };
	static const char *const files[] = { "kernel", "initrd", NULL };
	static const char *const limits[] = { "cpu_pin",   "nice",	 "memory_max",
					      "cpu_max",   "cpu_weight", "pids_max",
					      "io_weight", "io_max",	 NULL };

	if (!vm_set_takes(key))
		return error_set(err, ERROR_USAGE, EINVAL, "'%s' is not to be set", key);
	if (!is_one_of(key, vm_config_keys()) && is_one_of(key, host_config_keys()))
		return refuse_host_key(&set->change.host->config, key, err);
	if (!strcmp(key, "user"))
		set->guest = true;
	else if (is_one_of(key, limits))
		set->limits = true;
	else if (!is_one_of(key, at_once))
		set->later = true;
	set->needs |= set->limits || is_one_of(key, files) || !strcmp(key, "allow_missing");
	return vm_config_set(&set->change.vm, key, value, err);
}

static int set_pair(struct set *set, const char *pair, struct error *err)
{
	const char *equals = strchr(pair, '=');
	AUTO_FREE char *key = xstrndup(pair, equals ? (size_t)(equals - pair) : 0);

	if (!equals || !*key)
		return error_set(err, ERROR_USAGE, EINVAL, "'%s' is no KEY=VALUE", pair);
	if (!strncmp(key, "nic.", strlen("nic.")))
		return set_numbered(set, key, equals + 1, err);
	if (is_nic_key(key))
		return set_nic_key(set, 0, key, equals + 1, err);
	return set_vm_key(set, key, equals + 1, err);
}

/*
 * A user is made when cloud-init sees a new instance; so are files of the Go edition's first seed.
 */
static int renew_instance(struct set *set, struct error *err)
{
	const char *before = set->change.old.user, *after = set->change.vm.user;
	bool same_user = before && after ? !strcmp(before, after) : before == after;

	if (!set->guest || (same_user && set->change.vm.instance_id))
		return 0;
	return random_id("iid-", &set->change.vm.instance_id, err);
}

static int check_machine(const struct vm_config *vm, struct error *err)
{
	AUTO_BUF text = BUF_INIT;
	int r = vm_config_check_machine(vm, err);

	return r ? r : vm_config_format(vm, &text, err);
}

static int set_check(struct set *set, const struct strv *pairs, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < pairs->n && !r; i++)
		r = set_pair(set, pairs->v[i], err);
	if (!r)
		r = check_machine(&set->change.vm, err);
	if (!r && set->limits)
		r = limits_check(&set->change.vm, err);
	if (!r)
		r = change_complete_nics(&set->change, err);
	return r ? r : renew_instance(set, err);
}

/* A running VM has them at once; any other at its start. */
static int give_limits(struct set *set, struct error *err)
{
	const struct change *change = &set->change;
	struct live live;
	int r;

	if (!set->limits)
		return 0;
	r = live_get(change->host, &change->dir, &live, err);
	if (!r && (!live_is_alive(&live) ||
		   !limits_apply_now(change->host, &change->dir, &live, &change->vm)))
		set->later = true;
	return r;
}

static int set_write(struct set *set, const char *name, struct error *err)
{
	struct change *change = &set->change;
	int r = vm_claims_assign_macs(&change->host->store, name, &change->vm, err);

	if (!r)
		r = change_claim(change, err);
	if (!r)
		r = change_save(change, err);
	change_settle(change);
	return r;
}

/* It is no error: what is not to be had now may be there by then. */
static void tell_refusal(const struct set *set, const char *name)
{
	const struct vm_host *host = set->change.host;
	struct error err = ERROR_INIT;
	AUTO_BUF plan = BUF_INIT;

	if (set->needs && set->later && vm_start_describe(host, name, &plan, &err))
		vm_note(host, "%s: as it is now a start would be refused: %s%s%s", name,
			err.message, err.hint[0] ? "; " : "", err.hint);
}

int vm_set(const struct vm_host *host, const char *name, const struct strv *pairs,
	   const char **ret_note, struct error *err)
{
	AUTO(set_done) struct set set = { .later = false };
	const char *refreshed = "";
	int r = change_begin(&set.change, host, name, "set", err);

	if (!r)
		r = set_check(&set, pairs, err);
	if (!r)
		r = set_write(&set, name, err);
	if (!r)
		r = change_refresh(&set.change, &refreshed, err);
	if (!r)
		r = give_limits(&set, err);
	if (r)
		return r;
	tell_refusal(&set, name);
	*ret_note = set.later	? "takes effect at the next start"
		    : set.guest ? refreshed
				: "in effect now";
	return 0;
}
