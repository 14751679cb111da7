/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The step of a start that looks at the host: has it what this VM needs? */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/privilege.h"
#include "vm/qemu_version.h"
#include "cpu_level.h"
#include "live.h"
#include "start_steps.h"

static int check_qemu(const struct host_config *config, struct error *err)
{
	mode_t wanted = launch_mode() == LAUNCH_AS_USER ? 0111 : S_IXOTH;
	struct stat st;
	int r;

	if (stat(config->qemu, &st) < 0) {
		error_set(err, ERROR_HOST, errno, "look for QEMU at '%s': %s", config->qemu,
			  strerror(errno));
		return error_hint(err,
				  "apt-get install qemu-system-x86 (Alpine: apk add "
				  "qemu-system-x86_64), or set 'qemu' in %s",
				  config->path);
	}
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111)) {
		error_set(err, ERROR_HOST, EACCES, "'%s' is no program", config->qemu);
		return error_hint(err, "set 'qemu' in %s", config->path);
	}
	if (!(st.st_mode & wanted)) {
		error_set(err, ERROR_HOST, EACCES, "'%s' is no program that QEMU's uid may run",
			  config->qemu);
		return error_hint(err, "chmod 755 '%s'", config->qemu);
	}
	r = launch_check_folders(&config->expose, err);
	return r ? r : launch_check_program(config->qemu, &config->expose, err);
}

static int open_kvm(int *ret_fd, struct error *err)
{
	AUTO_CLOSE int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == EACCES && launch_mode() == LAUNCH_AS_USER) {
		error_set(err, ERROR_PERMISSION, EACCES, "open /dev/kvm: %s", strerror(EACCES));
		return error_hint(err,
				  "let the user be of the group of /dev/kvm: adduser USER kvm; or "
				  "go without: accel = tcg (slow)");
	}
	if (fd < 0) {
		error_set(err, ERROR_HOST, errno, "open /dev/kvm: %s", strerror(errno));
		return error_hint(err, "modprobe kvm_intel or kvm_amd, switch virtualisation on in "
				       "the firmware, or go without: accel = tcg (slow)");
	}
	if (ioctl(fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return error_set(err, ERROR_HOST, ENODEV, "/dev/kvm is not KVM's");
	*ret_fd = fd_steal(&fd);
	return 0;
}

/*
 * QEMU takes KVM as a descriptor from 8.2 on. An older one opens the node itself, and finds one
 * that is for its own uid in its root.
 */
static int check_kvm(struct start *start, struct error *err)
{
	bool locked = start->dir.lock_fd >= 0; /* a description writes nothing */
	struct qemu_version version;
	int r = open_kvm(&start->kvm, err);

	if (!r)
		r = qemu_version_get(start->host, locked, &version, err);
	if (r)
		return r;
	if (!qemu_takes_kvm_fd(&version)) {
		fd_close(&start->kvm);
		start->plan.kvm = true;
	}
	return 0;
}

/* 0 where the file is not: kernels differ in what they count. */
static int read_count(int dir_fd, const char *name, uint64_t *ret, struct error *err)
{
	AUTO_FREE char *line = NULL;
	int r = file_read_line(dir_fd, name, &line, err);

	if (r == FILE_ABSENT) {
		*ret = 0;
		return 0;
	}
	return r ? r : parse_u64(name, line, 0, UINT64_MAX, ret, err);
}

struct page_counts {
	uint64_t total, free, reserved; /* in the pool */
	uint64_t overcommit, surplus; /* beyond it */
};

static int read_counts(int dir_fd, struct page_counts *ret, struct error *err)
{
	int r = read_count(dir_fd, "nr_hugepages", &ret->total, err);

	if (!r)
		r = read_count(dir_fd, "free_hugepages", &ret->free, err);
	if (!r)
		r = read_count(dir_fd, "resv_hugepages", &ret->reserved, err);
	if (!r)
		r = read_count(dir_fd, "nr_overcommit_hugepages", &ret->overcommit, err);
	if (!r)
		r = read_count(dir_fd, "surplus_hugepages", &ret->surplus, err);
	return r;
}

static uint64_t pages_wanted(const struct vm_config *vm)
{
	return (vm->memory_mib << 20) / hugepages_bytes(vm->hugepages);
}

/*
 * What the VM has already: a description may be of one that runs, as before a restart, which gives
 * these back. A QEMU that is not ours has none.
 */
static int read_own_pages(const struct start *start, uint64_t *ret, struct error *err)
{
	AUTO(vm_config_done) struct vm_config running = { 0 };
	bool has_some = false;
	struct live live;
	int r = live_get(start->host, &start->dir, &live, err);

	if (!r && live_is_alive(&live) && !live.foreign) {
		r = live_load(start->host, &start->dir, &running, err);
		has_some = !r && running.hugepages == start->vm.hugepages;
	}
	if (!r)
		*ret = has_some ? pages_wanted(&running) : 0;
	return r;
}

/*
 * Free pages that are reserved are somebody's already. QEMU would say no more than that it cannot
 * allocate memory; when the pages go between this look and its own, it still says that.
 */
static int check_hugepages(const struct start *start, struct error *err)
{
	const struct vm_config *vm = &start->vm;
	uint64_t bytes = hugepages_bytes(vm->hugepages);
	uint64_t wanted = pages_wanted(vm), available;
	AUTO_FREE char *path = xasprintf("/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB",
					 bytes >> 10);
	AUTO_CLOSE int dir_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct page_counts pages;
	int r;

	if (dir_fd < 0)
		return error_set(err, ERROR_HOST, ENOTSUP, "this host has no memory pages of %s",
				 hugepages_words[vm->hugepages]);
	r = read_own_pages(start, &available, err);
	if (!r)
		r = read_counts(dir_fd, &pages, err);
	if (r)
		return r;
	available += pages.free > pages.reserved ? pages.free - pages.reserved : 0;
	if (pages.overcommit > pages.surplus)
		available += pages.overcommit - pages.surplus;
	if (available >= wanted)
		return 0;
	error_set(err, ERROR_HOST, ENOMEM,
		  "%" PRIu64 " memory pages of %s are needed, %" PRIu64 " are free", wanted,
		  hugepages_words[vm->hugepages], available);
	return error_hint(err, "echo %" PRIu64 " >%s/nr_hugepages",
			  pages.total + wanted - available, path);
}

/* Before anything is opened; of a user's, the address probe is left out where it must be. */
static int check_privileges(const struct vm_config *vm, struct error *err)
{
	bool guarded = false;
	int r = privilege_check(PRIVILEGE_NET_ADMIN, "connect a guest to a bridge", err);

	for (unsigned int i = 0; i < vm->n_nics; i++)
		guarded |= vm->nics[i].guard != GUARD_OFF;
	if (!r && guarded)
		r = privilege_check(PRIVILEGE_BPF, "load the guard's program", err);
	return r;
}

int start_check_host(struct start *start, struct error *err)
{
	int r = check_privileges(&start->vm, err);

	if (!r)
		r = vm_config_check_machine(&start->vm, err);
	if (!r)
		r = check_qemu(&start->host->config, err);
	if (!r && start->vm.accel == ACCEL_KVM)
		r = check_kvm(start, err);
	if (!r) /* a description writes nothing */
		r = cpu_level_check(start->host, &start->vm, start->dir.lock_fd >= 0, err);
	if (r >= 0 && start->vm.hugepages != HUGEPAGES_OFF)
		r = check_hugepages(start, err);
	return r < 0 ? r : 0;
}

/* A kernel is shown to QEMU in its root, which then cannot be done without. */
int start_check_layers(struct start *start, struct error *err)
{
	unsigned int may_miss = vm_config_allowed_missing(&start->vm, &start->host->config);

	if (start->vm.kernel)
		may_miss &= ~LAYER_BIT(LAYER_ROOT);
	return launch_check_layers(launch_mode(), may_miss, err);
}
