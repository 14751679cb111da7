/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for a guest to be of use. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "net/probe.h"
#include "seed/seed.h"
#include "vm/wait.h"
#include "lan.h"
#include "live.h"
#include "log.h"

enum { POLL_MS = 200, PROBE_MS = 1000, PROBE_OLD_MS = 200 };

const char *const vm_wait_words[] = { "ip", "ssh", "cloud-init", "stopped", NULL };

struct waiting {
	const struct vm_host *host;
	struct vm_dir dir;
	struct vm_config vm;
	struct ip_addr address; /* where it is looked for */
	bool has_address;
	bool is_new; /* the guest was started without it: it takes a reboot */
	char *ready_line; /* what cloud-init's final message holds */
};

static void waiting_done(struct waiting *waiting)
{
	vm_dir_done(&waiting->dir);
	vm_config_done(&waiting->vm);
	free(waiting->ready_line);
}

static int check_possible(const struct waiting *waiting, enum vm_wait_for what, struct error *err)
{
	if ((what == VM_WAIT_IP || what == VM_WAIT_SSH) && !waiting->has_address) {
		error_set(err, ERROR_USAGE, EINVAL,
			  "vm '%s' has no static address, and this host knows none from DHCP",
			  waiting->dir.name);
		return error_hint(err, "wait for cloud-init instead");
	}
	if (what == VM_WAIT_CLOUD_INIT && !waiting->vm.ready_nonce)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "vm '%s' has a seed of the old edition, without a final message",
				 waiting->dir.name);
	return 0;
}

/* 1: there; 0: not yet; -1: the VM has stopped. *reached is the best that was seen. */
static int look(const struct waiting *waiting, enum vm_wait_for what, enum probe_result *reached)
{
	struct error ignored = ERROR_INIT;
	enum probe_result probe;
	struct live live;

	if (live_get(waiting->host, &waiting->dir, &live, &ignored) || !live_is_alive(&live))
		return what == VM_WAIT_STOPPED ? 1 : -1;
	if (what == VM_WAIT_STOPPED)
		return 0;
	if (what == VM_WAIT_CLOUD_INIT && log_console_has(&waiting->dir, waiting->ready_line))
		return 1;
	if (!waiting->has_address)
		return 0;
	probe = probe_ssh(&waiting->address, PROBE_MS);
	if (probe > *reached)
		*reached = probe;
	return (what == VM_WAIT_IP && probe >= PROBE_ANSWERS) ||
	       (what == VM_WAIT_SSH && probe == PROBE_SSH);
}

/* An address of before a change that still answers, of those that the run has had. */
static bool find_old_address(const struct waiting *waiting, char ret[IP_TEXT_MAX])
{
	AUTO(vm_config_done) struct vm_config running = { 0 };
	struct ip_prefix addresses[VM_ADDRESSES_MAX];
	struct error ignored = ERROR_INIT;
	unsigned int n;

	if (!waiting->is_new || live_load(waiting->host, &waiting->dir, &running, &ignored))
		return false;
	n = vm_nic_addresses(&running.nics[0], addresses);
	for (unsigned int i = 0; i < n; i++) {
		const struct ip_addr *address = &addresses[i].addr;

		if (vm_config_has_address(&waiting->vm, address) ||
		    probe_ssh(address, PROBE_OLD_MS) == PROBE_SILENT)
			continue;
		ip_format(address, ret);
		return true;
	}
	return false;
}

static int give_up_unbooted(const struct waiting *waiting, unsigned int timeout_s, const char *old,
			    struct error *err)
{
	char address[IP_TEXT_MAX];

	ip_format(&waiting->address, address);
	error_set(err, ERROR_TIMEOUT, ETIMEDOUT,
		  "vm '%s' is not ready after %u s: it answers at %s still, %s takes a reboot of "
		  "the guest",
		  waiting->dir.name, timeout_s, old, address);
	return error_hint(err, "reboot it from inside, or mnmivm-se restart %s", waiting->dir.name);
}

static int give_up(const struct waiting *waiting, enum vm_wait_for what, enum probe_result reached,
		   unsigned int timeout_s, struct error *err)
{
	bool silent = what != VM_WAIT_STOPPED && waiting->has_address && reached == PROBE_SILENT;
	const char *missing = "it has not stopped";
	char old[IP_TEXT_MAX];

	if (silent && find_old_address(waiting, old))
		return give_up_unbooted(waiting, timeout_s, old, err);
	if (silent)
		missing = "its address does not answer on the LAN";
	else if (what == VM_WAIT_SSH)
		missing = "its address answers, but no ssh server does";
	else if (what == VM_WAIT_CLOUD_INIT)
		missing = "cloud-init's final message is not on the serial console";
	error_set(err, ERROR_TIMEOUT, ETIMEDOUT, "vm '%s' is not ready after %u s: %s",
		  waiting->dir.name, timeout_s, missing);
	return error_hint(err, "mnmivm-se console %s, mnmivm-se logs %s", waiting->dir.name,
			  waiting->dir.name);
}

static int wait_loop(const struct waiting *waiting, enum vm_wait_for what, unsigned int timeout_s,
		     struct error *err)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	int64_t deadline = clock_ms() + (int64_t)timeout_s * 1000;
	enum probe_result reached = PROBE_SILENT;

	for (;;) {
		int r = look(waiting, what, &reached);

		if (r > 0)
			return 0;
		if (r < 0)
			return error_set(err, ERROR_FAILED, ESRCH, "vm '%s' is not running",
					 waiting->dir.name);
		if (clock_ms() >= deadline)
			return give_up(waiting, what, reached, timeout_s, err);
		nanosleep(&pause, NULL);
	}
}

/* Of a change while it runs; a guest that has rebooted since has it. */
static bool is_new_to_run(const struct waiting *waiting)
{
	AUTO(vm_config_done) struct vm_config running = { 0 };
	struct error ignored = ERROR_INIT;
	struct ip_addr first;

	return waiting->has_address &&
	       vm_dir_load_run(&waiting->dir, &waiting->host->config, &running, &ignored) == 0 &&
	       (!vm_config_first_address(&running, &first) || !ip_equal(&first, &waiting->address));
}

static int waiting_open(struct waiting *waiting, const struct vm_host *host, const char *name,
			enum vm_wait_for what, struct error *err)
{
	int r = vm_dir_open(&host->store, name, &waiting->dir, err);

	if (!r)
		r = vm_dir_load(&waiting->dir, &host->config, lan_fallback(host), &waiting->vm,
				err);
	if (r)
		return r;
	waiting->has_address = vm_config_first_address(&waiting->vm, &waiting->address);
	waiting->is_new = is_new_to_run(waiting);
	return check_possible(waiting, what, err);
}

int vm_wait_check(const struct vm_host *host, const char *name, enum vm_wait_for what,
		  struct error *err)
{
	AUTO(waiting_done) struct waiting waiting = { .host = host, .dir = VM_DIR_INIT };

	return waiting_open(&waiting, host, name, what, err);
}

int vm_wait(const struct vm_host *host, const char *name, enum vm_wait_for what,
	    unsigned int timeout_s, struct error *err)
{
	AUTO(waiting_done) struct waiting waiting = { .host = host, .dir = VM_DIR_INIT };
	int r = waiting_open(&waiting, host, name, what, err);

	if (r)
		return r;
	if (waiting.vm.ready_nonce)
		waiting.ready_line = xasprintf("%s%s", SEED_READY_PREFIX, waiting.vm.ready_nonce);
	return wait_loop(&waiting, what, timeout_s, err);
}
