/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which QEMU VMs run on. */
#ifndef VM_QEMU_VERSION_H
#define VM_QEMU_VERSION_H

#include <stdbool.h>

#include "vm/host.h"

struct qemu_version {
	unsigned int major, minor, micro;
};

/*
 * Run the program and ask its monitor. That it starts at all, under the seccomp filter that VMs
 * run with, is known then, too. -ENOENT (ERROR_HOST): not installed; -EPROTO: it is no QEMU.
 */
int qemu_version_ask(const char *qemu, struct qemu_version *ret, struct error *err);

/*
 * The same of the host's QEMU, which is asked once: the answer is kept in run_dir/.qemu, beside
 * what tells the program from any other. keep: write that file; one that cannot be written, is of
 * another program or holds garbage is as good as none.
 */
int qemu_version_get(const struct vm_host *host, bool keep, struct qemu_version *ret,
		     struct error *err);

bool qemu_version_at_least(const struct qemu_version *version, unsigned int major,
			   unsigned int minor);

/* From 8.2 on `-accel kvm` has the property `device`, which may be a descriptor of /dev/kvm. */
bool qemu_takes_kvm_fd(const struct qemu_version *version);

#endif
