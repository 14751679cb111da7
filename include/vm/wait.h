/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for a guest to be of use. */
#ifndef VM_WAIT_H
#define VM_WAIT_H

#include "vm/host.h"

enum vm_wait_for { VM_WAIT_IP, VM_WAIT_SSH, VM_WAIT_CLOUD_INIT, VM_WAIT_STOPPED };
extern const char *const vm_wait_words[]; /* NULL-terminated, in that order */

/*
 * ip: the address answers on the LAN. ssh: a server sends its banner there. cloud-init: its
 * final message is on the serial console. ERROR_TIMEOUT names the layer that is missing, or that a
 * changed address waits for a reboot of the guest;
 * ERROR_FAILED when the VM stops meanwhile. ERROR_USAGE: a DHCP address is not known to the
 * host, so only cloud-init can be waited for.
 */
/* Is there a point in waiting for that? The errors of vm_wait() that need no waiting. */
int vm_wait_check(const struct vm_host *host, const char *name, enum vm_wait_for what,
		  struct error *err);

int vm_wait(const struct vm_host *host, const char *name, enum vm_wait_for what,
	    unsigned int timeout_s, struct error *err);

#endif
