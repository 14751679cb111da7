/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of QEMU's command line that are JSON: disks and devices. */
#ifndef QEMU_DEVICES_H
#define QEMU_DEVICES_H

#include "base/strv.h"
#include "qemu/qemu_args.h"

/* What -machine calls them. */
#define UEFI_CODE "uefi-code"
#define UEFI_VARS "uefi-vars"
#define MEMORY_ID "ram"

void devices_add_firmware(const struct qemu_spec *spec,
			  struct strv *argv); /* UEFI_CODE, UEFI_VARS */
void devices_add_memory(const struct qemu_spec *spec, struct strv *argv); /* MEMORY_ID */
void devices_add_disks(const struct qemu_spec *spec, struct strv *argv);
void devices_add_nics(const struct qemu_spec *spec, struct strv *argv);
void devices_add_rng(const struct qemu_spec *spec, struct strv *argv);
void devices_add_display(const struct qemu_spec *spec, struct strv *argv);

#endif
