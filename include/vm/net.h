/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network as it is: bridges, their ports and whose they are; and putting it right again. */
#ifndef VM_NET_H
#define VM_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/parse.h"
#include "config/types.h"
#include "config/vm_config.h"
#include "net/guard.h"
#include "net/ports.h"
#include "vm/host.h"

/*
 * Whose a tap is, by its alias: "mnmivm-se:VM/NIC", and of a user who is not root
 * "mnmivm-se:VM_UID/NIC". False for what is none of ours; anybody with CAP_NET_ADMIN may write one.
 */
struct vm_tap_owner {
	char vm[NAME_MAX_LEN + 1];
	unsigned int nic;
	uid_t uid;
};
bool vm_tap_owner_parse(const char *alias, struct vm_tap_owner *ret);

/* Where the tap of a running VM's NIC is. */
enum vm_tap_place {
	VM_TAP_ATTACHED, /* where it belongs */
	VM_TAP_ELSEWHERE, /* on another bridge */
	VM_TAP_FELL_OFF, /* on none: the bridge was removed, or somebody took it off */
	VM_TAP_MISSING, /* somebody removed it: only a restart of the VM makes it anew */
};

/* What the kernel does about a guest's frames, by what is really there. */
enum vm_guard_effect {
	VM_GUARD_NOTHING,
	VM_GUARD_WHOLE, /* port locked, filter in place */
	VM_GUARD_NO_LOCK, /* filter alone */
	VM_GUARD_NO_FILTER, /* lock alone */
};

/* A port of a bridge, or a tap that ought to be one. */
struct vm_net_port {
	struct port port; /* owned; name alone is set when the tap is missing */
	char vm[NAME_MAX_LEN + 1]; /* whose tap it is, by its alias; "": not one of ours */
	unsigned int nic;
	bool running; /* that VM runs here and has that NIC; the next three are of its settings */
	char bridge[IF_NAMESIZE]; /* where it belongs, as far as that is a name */
	struct mac guest_mac;
	enum guard guard;
	enum vm_tap_place place;
	char master[IF_NAMESIZE]; /* where it is; "": nowhere */
	bool compared; /* with what vm_net_repair() would make of it; only where it is ATTACHED */
	char differs[512]; /* then: what differs, as vm_net_repair() tells it, in one line; or "" */
	enum vm_guard_effect effect;
	bool has_drops; /* the filter has counters that could be read */
	struct guard_counters drops;
	size_t learned; /* addresses that the bridge learned behind it */
};

struct vm_net_bridge {
	char *name; /* canonical where it exists, else as it was named */
	char problem[512]; /* why it could not be read; "": the rest is valid */
	struct bridge bridge;
	struct bridge_settings settings;
	struct ip_prefix *addresses;
	size_t n_addresses;
	struct vm_net_port *ports; /* by name; then those that ought to be here */
	size_t n_ports;
	struct fdb_entry *fdb;
	size_t n_fdb;
};

struct vm_net {
	struct vm_net_bridge *v; /* in the order of the configuration, then by name */
	size_t n;
};

/*
 * One bridge by name, or with NULL all that matter: those of the configuration and those that NICs
 * of running VMs belong to. A bridge that cannot be read is an entry with a problem; asked for by
 * name it is an error (ERROR_HOST). The cost is that of the VMs that run, of the ports of these
 * bridges and of what they have learned. Reads only; a guard's program is loaded for the
 * comparison, which who may not do that goes without. Release with vm_net_done().
 */
int vm_net_get(const struct vm_host *host, const char *bridge, struct vm_net *ret,
	       struct error *err);
void vm_net_done(struct vm_net *net);

/*
 * The NICs of one running VM, wherever their taps are, each looked for by name. vm is what it was
 * started with, now what its settings are (NULL: nothing is compared). The caller frees with
 * vm_net_ports_done().
 */
int vm_net_ports_get(const struct vm_host *host, const char *name, const struct vm_config *vm,
		     const struct vm_config *now, struct vm_net_port **ret, size_t *ret_n,
		     struct error *err);
void vm_net_ports_done(struct vm_net_port *ports, size_t n);

/* The same of all VMs that run, by the name of the tap. */
int vm_net_taps_get(const struct vm_host *host, struct vm_net_port **ret, size_t *ret_n,
		    struct error *err);

/* What is wrong with a VM's port, one line, and in hint the command that helps. False: nothing. */
bool vm_net_port_problem(const struct vm_net_port *port, char *out, size_t size, char *hint,
			 size_t hint_size);

/* Reasons for drops: for people ("source MAC") and as a key of JSON ("mac"). */
const char *vm_drop_text(enum guard_drop drop);
const char *vm_drop_word(enum guard_drop drop);
uint64_t vm_drops_total(const struct guard_counters *drops);

/*
 * Put the taps of a running VM back into the state in which start made them, by its settings as
 * they are now, and let QEMU announce the guest. What is as it should be is not touched. Each NIC
 * is tried, the first failure is returned. ret_changes gets a line for each thing that differed.
 * check_only: tell, change nothing. VM_ALREADY (vm/start.h): there was nothing to do. ERROR_BUSY:
 * the VM does not run.
 */
int vm_net_repair(const struct vm_host *host, const char *name, bool check_only,
		  struct buf *ret_changes, struct error *err);

#endif
