/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capabilities that a VM's network takes of others than root: kept back, raised, explained. */
#ifndef BASE_PRIVILEGE_H
#define BASE_PRIVILEGE_H

#include <stdbool.h>

#include "base/alloc.h"
#include "base/error.h"

enum privilege {
	PRIVILEGE_NET_ADMIN, /* taps, and all that is changed by netlink */
	PRIVILEGE_NET_RAW, /* the packet socket of the address probe */
	PRIVILEGE_BPF, /* the guard's program; Linux 5.8 */
	PRIVILEGES,
};

#define PRIVILEGE_BIT(privilege) (1U << (privilege))

/*
 * To be called before anything else is done for the caller, who is not trusted: the program may
 * have capabilities of its own (setcap(8)), or be given some (ambient ones). From then on none is
 * in effect, only those above are kept, and programs that are run inherit none. Root keeps all, and
 * the rest does nothing for it. ERROR_PERMISSION where it was made set-user-ID or set-group-ID:
 * it does not know on whose behalf it would act.
 */
int privilege_begin(struct error *err);

/*
 * Put a set of PRIVILEGE_BIT()s into effect until the end of the scope, which should hold one
 * system call: AUTO_PRIVILEGE raised = privilege_raise(...). They do not nest. What is not kept is
 * left out; the system call will tell. errno is left alone.
 */
unsigned int privilege_raise(unsigned int wanted);
void privilege_lower(const unsigned int *raised);
#define AUTO_PRIVILEGE __attribute__((unused)) AUTO(privilege_lower) unsigned int

/* The caller's network is done: keep none of them from now on. */
void privilege_give_up(void);

/* Is it kept? Of root: is it in effect? For which namespaces it is good, the kernel knows. */
bool privilege_has(enum privilege privilege);

/* Is the capability (CAP_SYS_ADMIN) in effect now? Root may lack some, in a container. */
bool privilege_in_effect(unsigned int capability);

/*
 * The kernel has refused what, a thing that takes this privilege. The message says why the process
 * lacks it (no_new_privs, a nosuid mount, the bounding set, a program file without it) and ends
 * with the kernel's word, the hint what helps. Returns -EPERM (ERROR_PERMISSION).
 */
int privilege_refused(enum privilege privilege, const char *what, struct error *err);

/* The same before it is tried, for others than root; 0 where it is kept. */
int privilege_check(enum privilege privilege, const char *what, struct error *err);

#endif
