/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of vm.conf's keys, shared by its reader and its writer. */
#ifndef CONFIG_VM_KEYS_H
#define CONFIG_VM_KEYS_H

#include "base/error.h"
#include "config/vm_config.h"
#include "keys.h"

extern const struct config_schema vm_schema;

/* What no single line can say: gaps between the disks, one file twice. ERROR_USAGE. */
int vm_config_check(const struct vm_config *config, struct error *err);

#endif
