/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a VM's settings to limits of the host's. */
#include "limits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "disks.h"
#include "nic.h"

#define MIB ((uint64_t)1 << 20)

enum {
	MEMORY_PART = 64,
	MEMORY_BASE_MIB = 512,
	MEMORY_CPU_MIB = 16,
	MEMORY_TCG_MIB = 1024,
	PIDS_BASE = 256,
	SYSFS_MAX = 4096,
};

static uint64_t auto_memory_mib(const struct vm_config *vm)
{
	uint64_t mib = vm->memory_mib + vm->memory_mib / MEMORY_PART + MEMORY_BASE_MIB +
		       (uint64_t)MEMORY_CPU_MIB * vm->cpus;

	return vm->accel == ACCEL_TCG ? mib + MEMORY_TCG_MIB : mib;
}

uint64_t limits_memory_max(const struct vm_config *vm)
{
	if (vm->limits.memory_unlimited)
		return 0;
	return (vm->limits.memory_max_mib ? vm->limits.memory_max_mib : auto_memory_mib(vm)) * MIB;
}

unsigned int limits_pids_max(const struct vm_config *vm)
{
	unsigned int pids = PIDS_BASE + 2 * vm->cpus;

	for (unsigned int i = 0; i < vm->n_nics; i++)
		pids += nic_queues(vm, i);
	return vm->limits.pids_max ? vm->limits.pids_max : pids;
}

bool limits_asked(const struct vm_config *vm)
{
	const struct vm_limits *limits = &vm->limits;

	return limits->memory_max_mib || limits->cpu_max_percent || limits->cpu_weight ||
	       limits->pids_max || limits->io_weight || limits->io_max;
}

bool limits_cgroup_is_named(const struct host_config *host)
{
	return strcmp(host->cgroup, "auto") != 0 && strcmp(host->cgroup, "off") != 0;
}

/* A number pair "8:16" of sysfs. */
static int read_device(const char *path, unsigned int *ret_major, unsigned int *ret_minor)
{
	struct error ignored = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;

	if (file_read_path(path, SYSFS_MAX, &text, &ignored) ||
	    sscanf(buf_str(&text), "%u:%u", ret_major, ret_minor) != 2)
		return -ENODEV;
	return 0;
}

/* io.max is of whole disks: a partition's folder in sysfs lies in that of its disk. */
int limits_disk(int dir_fd, const char *name, unsigned int *ret_major, unsigned int *ret_minor,
		struct error *err)
{
	AUTO_FREE char *partition = NULL;
	AUTO_FREE char *whole = NULL;
	unsigned int major_number, minor_number;
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, errno, "look at '%s'", name);
	major_number = major(st.st_dev);
	minor_number = minor(st.st_dev);
	/* such numbers are made up by file systems that are on many disks, or on none */
	if (!major_number)
		return error_set(err, ERROR_HOST, ENOTSUP,
				 "limit the disk of '%s': its file system (btrfs, zfs, overlay, "
				 "tmpfs, NFS) is not on one",
				 name);
	partition = xasprintf("/sys/dev/block/%u:%u/partition", major_number, minor_number);
	whole = xasprintf("/sys/dev/block/%u:%u/../dev", major_number, minor_number);
	if (access(partition, F_OK) == 0 && read_device(whole, &major_number, &minor_number))
		return error_set(err, ERROR_HOST, ENODEV,
				 "limit the disk of '%s': the disk of partition %u:%u is not known",
				 name, major_number, minor_number);
	*ret_major = major_number;
	*ret_minor = minor_number;
	return 0;
}

static int add_io_max(const struct vm_config *vm, int dir_fd, struct cgroup_limits *limits,
		      struct error *err)
{
	struct error ignored = ERROR_INIT;
	struct io_max io = { 0 };
	int r;

	/* vm.conf holds what can be parsed */
	if (vm->limits.io_max && io_max_parse("io_max", vm->limits.io_max, &io, err))
		return -err->code;
	r = limits_disk(dir_fd, SYSTEM_DISK, &limits->io_major, &limits->io_minor,
			vm->limits.io_max ? err : &ignored);
	if (r)
		return vm->limits.io_max ? CGROUP_PARTLY : 0;
	limits->io_rbps = io.rbps;
	limits->io_wbps = io.wbps;
	limits->io_riops = io.riops;
	limits->io_wiops = io.wiops;
	return 0;
}

int limits_of(const struct vm_config *vm, int dir_fd, struct cgroup_limits *ret, struct error *err)
{
	const struct vm_limits *limits = &vm->limits;
	struct cgroup_limits all = {
		.memory_max = limits_memory_max(vm),
		.memory_optional = !limits->memory_max_mib,
		.cpu_max_percent = limits->cpu_max_percent,
		.cpu_weight = limits->cpu_weight,
		.pids_max = limits_pids_max(vm),
		.pids_optional = !limits->pids_max,
		.io_weight = limits->io_weight,
	};
	int r = add_io_max(vm, dir_fd, &all, err);

	if (r >= 0)
		*ret = all;
	return r;
}

void limits_cpus_done(struct limits_cpus *cpus)
{
	if (cpus->set)
		CPU_FREE(cpus->set);
	*cpus = (struct limits_cpus){ .set = NULL };
}

static int parse_set(const char *what, const char *list, struct limits_cpus *ret, struct error *err)
{
	struct cpu_range ranges[VM_CPU_RANGES_MAX];
	unsigned int n;
	int r = cpu_list_parse(what, list, ranges, &n, err);

	if (r)
		return r;
	ret->set = CPU_ALLOC(VM_CPU_PIN_MAX + 1);
	ret->size = CPU_ALLOC_SIZE(VM_CPU_PIN_MAX + 1);
	if (!ret->set)
		return error_errno(err, ENOMEM, "make a set of CPUs");
	CPU_ZERO_S(ret->size, ret->set);
	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int cpu = ranges[i].first; cpu <= ranges[i].last; cpu++)
			CPU_SET_S(cpu, ret->size, ret->set);
	}
	return 0;
}

static int check_online(const struct limits_cpus *cpus, const struct limits_cpus *online,
			const char *online_list, struct error *err)
{
	for (unsigned int cpu = 0; cpu <= VM_CPU_PIN_MAX; cpu++) {
		if (!CPU_ISSET_S(cpu, cpus->size, cpus->set) ||
		    CPU_ISSET_S(cpu, online->size, online->set))
			continue;
		return error_set(err, ERROR_HOST, ENODEV, "CPU %u is not there: this host has %s",
				 cpu, online_list);
	}
	return 0;
}

static int read_online(char **ret, struct error *err)
{
	AUTO_BUF text = BUF_INIT;
	int r = file_read_path("/sys/devices/system/cpu/online", SYSFS_MAX, &text, err);

	if (!r)
		*ret = xstrndup(buf_str(&text), strcspn(buf_str(&text), "\n"));
	return r;
}

int limits_cpus_get(const char *list, struct limits_cpus *ret, struct error *err)
{
	AUTO(limits_cpus_done) struct limits_cpus online = { .set = NULL };
	AUTO(limits_cpus_done) struct limits_cpus cpus = { .set = NULL };
	AUTO_FREE char *online_list = NULL;
	int r = read_online(&online_list, err);

	if (!r)
		r = parse_set("online CPUs", online_list, &online, err);
	if (!r)
		r = parse_set("cpu_pin", list ? list : online_list, &cpus, err);
	if (!r)
		r = check_online(&cpus, &online, online_list, err);
	if (r)
		return r;
	*ret = cpus;
	cpus = (struct limits_cpus){ .set = NULL };
	return 0;
}

static bool may_be_less_nice(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	return syscall(SYS_capget, &header, data) == 0 && data[0].effective & 1U << CAP_SYS_NICE;
}

/* setpriority(2): without the capability it goes down to 20 - RLIMIT_NICE, and else only up. */
static int check_nice(int nice, struct error *err)
{
	struct rlimit limit;
	int now = getpriority(PRIO_PROCESS, 0);

	/* 0 is the caller's, whatever that is */
	if (!nice || nice >= now || may_be_less_nice())
		return 0;
	if (getrlimit(RLIMIT_NICE, &limit) == 0 &&
	    (limit.rlim_cur == RLIM_INFINITY || nice >= 20 - (long)limit.rlim_cur))
		return 0;
	error_set(err, ERROR_PERMISSION, EPERM, "nice %d takes CAP_SYS_NICE, which is not there",
		  nice);
	return error_hint(err, "without it nice can be from %d to 19", now);
}

int limits_check(const struct vm_config *vm, struct error *err)
{
	AUTO(limits_cpus_done) struct limits_cpus cpus = { .set = NULL };
	int r = vm->cpu_pin ? limits_cpus_get(vm->cpu_pin, &cpus, err) : 0;

	return r ? r : check_nice(vm->nice, err);
}
