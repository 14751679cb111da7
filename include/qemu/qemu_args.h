/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's command line, from a configuration and descriptor numbers. Pure. */
#ifndef QEMU_QEMU_ARGS_H
#define QEMU_QEMU_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strv.h"
#include "config/vm_config.h"

/*
 * Numbers as QEMU will see them; -1 where there is none. Nothing is opened by name but QEMU's
 * own files, the kernel with its initial ramdisk and, before 8.2, /dev/kvm: the rest comes through
 * fdsets, whose access mode must be the descriptor's exactly.
 */
struct qemu_fds {
	int qmp; /* listening unix socket */
	int console; /* the same, the serial console */
	int console_log; /* O_WRONLY|O_APPEND */
	int disk; /* overlay, O_RDWR */
	int base; /* its backing file, O_RDONLY */
	int seed; /* O_RDONLY */
	int kvm; /* O_RDWR; -1 with accel kvm: QEMU opens /dev/kvm, as those before 8.2 must */
	int uefi_code, uefi_vars; /* O_RDONLY and O_RDWR; with firmware uefi */
	int disks[VM_DISKS_MAX]; /* O_RDWR */
	int tap[VM_NICS_MAX][VM_QUEUES_MAX]; /* one for each queue, the first ones */
	int vhost[VM_NICS_MAX][VM_QUEUES_MAX]; /* as many, or none */
};

void qemu_fds_init(struct qemu_fds *fds); /* all -1 */

struct qemu_spec {
	const char *program; /* absolute path */
	const char *name; /* the VM's */
	const struct vm_config *vm;
	enum disk_format base_format; /* of fds->base */
	const char *kernel, *initrd; /* where QEMU finds them; NULL: none */
	unsigned int nic_mtu[VM_NICS_MAX]; /* told to the guest with host_mtu */
	struct qemu_fds fds;
};

/*
 * The whole argv into ret, argv[0] first. QEMU starts paused (-S), without network helpers,
 * configuration files, default devices or a shell in reach (-sandbox with all four denies), and
 * speaks to the world through the descriptors only.
 */
void qemu_args(const struct qemu_spec *spec, struct strv *ret);

/* The next option with its value, for one option a line: the number of words from argv[at] on. */
size_t qemu_args_option_len(const struct strv *argv, size_t at);

#endif
