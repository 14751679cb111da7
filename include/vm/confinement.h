/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds a running QEMU, as the kernel tells of it, and not as it was meant. */
#ifndef VM_CONFINEMENT_H
#define VM_CONFINEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/layer.h"
#include "base/strv.h"
#include "jail/cgroup.h"
#include "vm/status.h"

enum vm_layer_state {
	VM_LAYER_UNKNOWN, /* it cannot be told: never taken for on */
	VM_LAYER_ON,
	VM_LAYER_MISSING,
};

/* "unknown", "on", "missing" */
extern const char *const vm_layer_state_words[];

struct vm_layer {
	enum vm_layer_state state;
	bool allowed; /* MISSING: the start was to go without it where the host lacks it */
	bool as_launched; /* the launcher's word: /proc does not tell of Landlock and keyrings */
};

struct vm_descriptors {
	unsigned int sockets, taps, vhost, kvm, files, memory, pipes, null, other;
};

/* -1, NULL or an empty text: unknown. VM_UNLIMITED is no limit. */
#define VM_UNLIMITED INT64_MAX
struct vm_confinement {
	struct vm_layer layers[LAYERS];
	int64_t uid, gid; /* effective, of the reader's user namespace */
	int n_groups;
	bool has_capabilities;
	uint64_t capabilities[5]; /* inheritable, permitted, effective, bounding, ambient */
	int no_new_privs;
	int seccomp, seccomp_filters;
	int inner_pid; /* in its own pid namespace */
	int mounts;
	bool has_priority;
	int nice, oom_score_adj;
	char cpus[128];
	int64_t core_bytes, file_size_bytes, processes; /* resource limits */
	bool has_descriptors;
	struct vm_descriptors descriptors;
	char apparmor[128]; /* label and mode; "" also where the kernel has none */
	char *cgroup; /* its path below the v2 hierarchy's root */
	char *cgroup_note; /* what is missing of it, or why it is; NULL: nothing to be said */
	bool cgroup_moved; /* it was made, and QEMU is not in it */
	bool cgroup_unasked; /* it is missing, and neither it nor a limit was asked for */
	bool has_cgroup_state;
	struct cgroup_state cgroup_state;
	struct strv findings; /* what should be otherwise, a clause each: "runs as root" */
};

/*
 * Reads /proc/PID, and what the start has recorded, once. Never fails: what cannot be read is
 * unknown, all of it for a VM without a process and for one whose process ends meanwhile. Costs
 * as many reads as QEMU has descriptors. Release with vm_confinement_done().
 */
void vm_confinement_get(const struct vm_host *host, const struct vm_info *info,
			struct vm_confinement *ret);
void vm_confinement_done(struct vm_confinement *confinement);

#endif
