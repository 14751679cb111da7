/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMs that run by their records, with this test's own process in QEMU's place. */
#ifndef TESTS_VM_LAB_H
#define TESTS_VM_LAB_H

#include "vm/host.h"

/* Around each test, in a namespace with the bridge "br0" of netns_make_lan(). */
extern struct vm_host lab;
extern char lab_notes[4096]; /* what was noted, a line each */
void vm_lab_setup(void);
void vm_lab_teardown(void);

/* A folder of a VM with that vm.conf; its MAC is 52:54:00:00:00:NN. */
void vm_lab_make(const char *name, unsigned int mac, const char *conf);

/* It runs: from now on, and no more. */
void vm_lab_run(const char *name);
void vm_lab_end(const char *name);

/* Its tap as start would have made it, but for the guard: with alias, on br0, up. */
void vm_lab_tap(const char *name, unsigned int nic);

#endif
