/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of QEMU's command line that are JSON: disks and devices. */
#ifndef QEMU_DEVICES_H
#define QEMU_DEVICES_H

#include "base/strv.h"
#include "qemu/qemu_args.h"

void devices_add_disks(const struct qemu_spec *spec, struct strv *argv);
void devices_add_nics(const struct qemu_spec *spec, struct strv *argv);
void devices_add_rng(const struct qemu_spec *spec, struct strv *argv);
void devices_add_display(const struct qemu_spec *spec, struct strv *argv);

#endif
