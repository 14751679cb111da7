/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM is doing, and what it is. Reads only; takes no lock. */
#ifndef VM_STATUS_H
#define VM_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/parse.h"
#include "base/process.h"
#include "config/vm_config.h"
#include "vm/host.h"
#include "vm/net.h"

enum vm_state {
	VM_STATE_STOPPED,
	VM_STATE_STARTING,
	VM_STATE_RUNNING,
	VM_STATE_PAUSED,
	VM_STATE_STOPPING,
	VM_STATE_DEAD, /* QEMU is gone without having been stopped by us */
	VM_STATE_DAMAGED, /* files are missing or unreadable */
};

/* "stopped", "running", ... as in the JSON of `list`; DEAD is "stopped" there. */
const char *vm_state_word(enum vm_state state);

/* The same for one VM alone, as `status` and `show` have it: DEAD is "dead". */
const char *vm_status_word(enum vm_state state);

struct vm_info {
	char name[NAME_MAX_LEN + 1];
	enum vm_state state;
	char problem[512]; /* with DAMAGED, and where QEMU froze the guest: why, else "" */
	struct vm_config config; /* with DAMAGED: as far as it could be read */
	struct process_id process; /* pid 0: none */
	struct process_usage usage;
	const char *bridges[VM_NICS_MAX]; /* the NIC's, or the host's; borrowed */
	char taps[VM_NICS_MAX][16]; /* names; "" when not running */
	struct strv
		pending; /* keys that differ from what it was started with; see vm_config_diff() */
	uint64_t memory_max_bytes; /* what memory_max comes to; UINT64_MAX: unlimited */
	unsigned int pids_max;
	char ended[160]; /* with DEAD: why, as far as that is known, else "" */
	uint64_t disk_bytes; /* what the guest sees */
	uint64_t disk_used_bytes; /* blocks of the overlay */
};

void vm_info_done(struct vm_info *info);

/*
 * ERROR_NOT_FOUND; a damaged VM is no error. One that is recorded as running is PAUSED where QEMU
 * says within 1/4 s that the guest is frozen. Release with vm_info_done().
 */
int vm_info_get(const struct vm_host *host, const char *name, struct vm_info *ret,
		struct error *err);

/* Has it a process? False for a VM that does not exist. */
bool vm_is_alive(const struct vm_host *host, const char *name);

/* Has it one that this program started, and finished starting? */
bool vm_is_ours(const struct vm_host *host, const char *name);

/* The names of all VMs, sorted. */
int vm_names_get(const struct vm_host *host, struct strv *ret, struct error *err);

struct vm_list {
	struct vm_info *v;
	size_t n;
};

/*
 * All VMs, sorted by name. QEMUs are asked as by vm_info_get(), for 1/4 s in all: of those behind
 * that the record is told.
 */
int vm_list_get(const struct vm_host *host, struct vm_list *ret, struct error *err);
void vm_list_done(struct vm_list *list);

/*
 * More of a living VM, read from QMP and netlink; texts are "" and numbers -1 where it cannot be
 * told.
 */
struct vm_details {
	char qmp_status[32];
	int tap_exists; /* the first NIC's */
	struct vm_net_port *taps; /* one for each NIC; NULL where they cannot be told */
	size_t n_taps;
};
void vm_details_get(const struct vm_host *host, const struct vm_info *info, struct vm_details *ret);
void vm_details_done(struct vm_details *details);

#endif
