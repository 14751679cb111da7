/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vm.conf that is read, or refused, for each test. */
#ifndef TESTS_VM_CONFIG_LAB_H
#define TESTS_VM_CONFIG_LAB_H

#include "config/vm_config.h"
#include "suite.h"

/* The host's defaults, and a VM that has them. */
extern struct host_config host;
extern struct vm_config config;

/* A case with these around each test; and both anew within one. */
TCase *vm_config_case(const char *name);
void again(void);

/* Into config. */
int parse(const char *text, struct error *err);
void take(const char *text);

/* Refused with this beginning of the message, and this hint (NULL: whatever). Then again(). */
void refuse(const char *text, const char *message, const char *hint);

void check_addr(const struct ip_addr *addr, const char *expected);

/* All of a NIC, each with a blank behind it. */
void check_addresses_of(const struct vm_nic *nic, const char *expected);

#endif
