/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds QEMU's argv, top to bottom: machine, processor, memory, ways in, disks, network. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "qemu/qemu_args.h"
#include "devices.h"

void qemu_fds_init(struct qemu_fds *fds)
{
	fds->qmp = fds->console = fds->console_log = -1;
	fds->disk = fds->base = fds->seed = -1;
	fds->kvm = fds->uefi_code = fds->uefi_vars = -1;
	for (int i = 0; i < VM_DISKS_MAX; i++)
		fds->disks[i] = -1;
	for (int i = 0; i < VM_NICS_MAX; i++) {
		for (int j = 0; j < VM_QUEUES_MAX; j++)
			fds->tap[i][j] = fds->vhost[i][j] = -1;
	}
}

static void option(struct strv *argv, const char *name, const char *value)
{
	strv_push(argv, name);
	if (value)
		strv_push(argv, value);
}

/*
 * With all four denies QEMU can neither exec nor fork, regain privileges, or change its
 * scheduling. It starts paused: what is wrong with a device shows before the guest has run.
 */
static void add_frame(const struct qemu_spec *spec, struct strv *argv)
{
	option(argv, spec->program, NULL);
	option(argv, "-name", spec->name);
	option(argv, "-no-user-config", NULL);
	option(argv, "-nodefaults", NULL);
	option(argv, "-S", NULL);
	option(argv, "-sandbox",
	       "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
}

/* KVM by descriptor takes QEMU 8.2 (`device`, in its release notes). */
static void add_accelerator(const struct qemu_spec *spec, struct strv *argv)
{
	int kvm = spec->fds.kvm;

	if (kvm < 0) {
		option(argv, "-accel", accel_words[spec->vm->accel]);
		return;
	}
	strv_push(argv, "-add-fd");
	strv_pushf(argv, "fd=%d,set=%d", kvm, kvm);
	strv_push(argv, "-accel");
	strv_pushf(argv, "kvm,device=/dev/fdset/%d", kvm);
}

static void add_machine(const struct qemu_spec *spec, struct strv *argv)
{
	const struct vm_config *vm = spec->vm;

	strv_push(argv, "-machine");
	strv_pushf(argv, "%s,dump-guest-core=off%s%s%s", machine_words[vm->machine],
		   vm->machine == MACHINE_MICROVM ? ",acpi=on" : "",
		   vm->hugepages != HUGEPAGES_OFF ? ",memory-backend=" MEMORY_ID : "",
		   spec->fds.uefi_code >= 0 ? ",pflash0=" UEFI_CODE ",pflash1=" UEFI_VARS : "");
	add_accelerator(spec, argv);
	option(argv, "-cpu",
	       vm->cpu_model ? vm->cpu_model : (vm->accel == ACCEL_KVM ? "host" : "max"));
	strv_push(argv, "-smp");
	strv_pushf(argv, "%u", vm->cpus);
	strv_push(argv, "-m");
	strv_pushf(argv, "%" PRIu64 "M", vm->memory_mib);
	option(argv, "-rtc", "base=utc");
	if (vm->hugepages != HUGEPAGES_OFF)
		devices_add_memory(spec, argv);
	if (spec->fds.uefi_code >= 0)
		devices_add_firmware(spec, argv);
}

/* Their paths in QEMU's root: these two take no descriptors. */
static void add_kernel(const struct qemu_spec *spec, struct strv *argv)
{
	if (!spec->kernel)
		return;
	option(argv, "-kernel", spec->kernel);
	if (spec->initrd)
		option(argv, "-initrd", spec->initrd);
	if (spec->vm->append)
		option(argv, "-append", spec->vm->append);
}

/* -vnc none makes a server without a listener; it gets ours by QMP. */
static void add_ways_in(const struct qemu_spec *spec, struct strv *argv)
{
	option(argv, "-display", "none");
	if (vm_config_screen(spec->vm) != SCREEN_NONE)
		option(argv, "-vnc", "none");
	strv_push(argv, "-chardev");
	strv_pushf(argv, "socket,id=qmp,fd=%d,server=on,wait=off", spec->fds.qmp);
	option(argv, "-mon", "chardev=qmp,mode=control");
	strv_push(argv, "-add-fd");
	strv_pushf(argv, "fd=%d,set=%d", spec->fds.console_log, spec->fds.console_log);
	strv_push(argv, "-chardev");
	strv_pushf(argv,
		   "socket,id=console,fd=%d,server=on,wait=off,logfile=/dev/fdset/%d,logappend=on",
		   spec->fds.console, spec->fds.console_log);
	option(argv, "-serial", "chardev:console");
}

void qemu_args(const struct qemu_spec *spec, struct strv *ret)
{
	add_frame(spec, ret);
	add_machine(spec, ret);
	add_kernel(spec, ret);
	add_ways_in(spec, ret);
	devices_add_disks(spec, ret);
	devices_add_nics(spec, ret);
	devices_add_rng(spec, ret);
	devices_add_display(spec, ret);
}

size_t qemu_args_option_len(const struct strv *argv, size_t at)
{
	static const char *const flags[] = { "-no-user-config", "-nodefaults", "-S" };

	if (at == 0 || at + 1 >= argv->n)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (!strcmp(argv->v[at], flags[i]))
			return 1;
	return 2;
}
