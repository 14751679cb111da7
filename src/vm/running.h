/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The NICs of all VMs that run: what taps there ought to be, and where. */
#ifndef VM_RUNNING_H
#define VM_RUNNING_H

#include "vm/host.h"
#include "nic.h"

struct running_nic {
	char vm[NAME_MAX_LEN + 1];
	unsigned int nic;
	char tap[IF_NAMESIZE];
	char *bridge; /* as it is named in the settings */
	struct mac mac;
	enum guard guard;
	struct nic_spec *spec; /* what repair would make of its tap; NULL: it cannot be told */
	bool seen; /* the caller's: it was met on a bridge */
};

/* Sorted by the tap's name. */
struct running_nics {
	struct running_nic *v;
	size_t n;
};

/* A VM whose settings cannot be read is noted, and counts with the defaults. */
int running_nics_get(const struct vm_host *host, struct running_nics *ret, struct error *err);
void running_nics_done(struct running_nics *nics);

/*
 * Those of one VM are appended; the order by name is lost. vm is what it was started with, now what
 * its settings are; NULL: they cannot be read.
 */
void running_nics_add(struct running_nics *nics, const struct vm_host *host, const char *name,
		      const struct vm_config *vm, const struct vm_config *now);

/* The NIC whose tap has that name and alias; NULL: none of ours. */
struct running_nic *running_nics_find(const struct running_nics *nics, const struct port *port);

#endif
