/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM is doing, and what it is. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "net/tap.h"
#include "qmp/qmp.h"
#include "vm/status.h"
#include "disks.h"
#include "lan.h"
#include "limits.h"
#include "live.h"
#include "nic.h"
#include "sockets.h"

enum { STATUS_TIMEOUT_MS = 1000, ASK_MS = 250 };

const char *vm_state_word(enum vm_state state)
{
	static const char *const words[] = {
		[VM_STATE_STOPPED] = "stopped",	  [VM_STATE_STARTING] = "starting",
		[VM_STATE_RUNNING] = "running",	  [VM_STATE_PAUSED] = "paused",
		[VM_STATE_STOPPING] = "stopping", [VM_STATE_DEAD] = "stopped",
		[VM_STATE_DAMAGED] = "damaged",
	};

	return words[state];
}

const char *vm_status_word(enum vm_state state)
{
	return state == VM_STATE_DEAD ? "dead" : vm_state_word(state);
}

void vm_info_done(struct vm_info *info)
{
	vm_config_done(&info->config);
	strv_done(&info->pending);
}

static void info_damaged(struct vm_info *info, const struct vm_host *host, const struct error *err)
{
	info->state = VM_STATE_DAMAGED;
	snprintf(info->problem, sizeof(info->problem), "%.*s", (int)sizeof(info->problem) - 1,
		 err->message);
	if (!info->config.vnc)
		vm_config_init(&info->config, &host->config);
}

static int ask_status(const struct vm_dir *dir, int timeout_ms, enum qmp_status *ret)
{
	AUTO(qmp_closep) struct qmp *qmp = NULL;
	struct error ignored = ERROR_INIT;
	int r = dir->run_fd < 0 ? -ENOENT
				: qmp_connect(dir->run_fd, QMP_SOCKET, timeout_ms, &qmp, &ignored);

	return r ? r : qmp_query_status(qmp, ret, &ignored);
}

/* A full disk stops a guest (werror=enospc is QEMU's default), and no record tells of that. */
static void info_frozen(const struct vm_dir *dir, struct vm_info *info, int timeout_ms)
{
	enum qmp_status status;

	if (timeout_ms <= 0 || ask_status(dir, timeout_ms, &status))
		return;
	if (status == QMP_STATUS_PAUSED || status == QMP_STATUS_ERROR)
		info->state = VM_STATE_PAUSED;
	if (status == QMP_STATUS_ERROR)
		snprintf(info->problem, sizeof(info->problem),
			 "QEMU has frozen the guest on an error, as when no room is left for its "
			 "disk; once that is mended: mnmivm-se resume %s",
			 info->name);
}

static int info_disk(const struct vm_dir *dir, struct vm_info *info, struct error *err)
{
	struct image_info image;
	struct stat st;
	int r = disks_inspect_system(dir, &image, err);

	if (r)
		return r;
	info->disk_bytes = image.virtual_size;
	if (!fstatat(dir->fd, SYSTEM_DISK, &st, AT_SYMLINK_NOFOLLOW))
		info->disk_used_bytes = (uint64_t)st.st_blocks * 512;
	return 0;
}

static void info_process(struct vm_info *info, const struct live *live)
{
	info->state = live->state;
	info->process = live->process;
	if (live_is_alive(live))
		process_usage(&live->process, &info->usage);
}

/* The taps are those that it was started with. */
static void info_running(const struct vm_host *host, const struct vm_dir *dir, struct vm_info *info)
{
	AUTO(vm_config_done) struct vm_config running = { 0 };
	struct error ignored = ERROR_INIT;

	if (live_load(host, dir, &running, &ignored)) {
		nic_tap_name(info->name, 0, info->taps[0]);
		return;
	}
	for (unsigned int i = 0; i < running.n_nics; i++)
		nic_tap_name(info->name, i, info->taps[i]);
	/* the run's bridges are named in any case */
	for (unsigned int i = 0; i < running.n_nics && i < info->config.n_nics; i++) {
		char **bridge = &running.nics[i].bridge;

		if (*bridge && !info->config.nics[i].bridge &&
		    !strcmp(*bridge, host->config.bridge))
			xreplace(bridge, NULL);
	}
	if (info->state != VM_STATE_DAMAGED)
		vm_config_diff(&running, &info->config, &info->pending);
}

static void info_limits(struct vm_info *info)
{
	uint64_t memory = limits_memory_max(&info->config);

	info->memory_max_bytes = memory ? memory : UINT64_MAX;
	info->pids_max = limits_pids_max(&info->config);
}

/* The process is told even of a VM whose configuration is unreadable: it may have to be stopped. */
static void info_fill(const struct vm_host *host, const struct vm_dir *dir, int timeout_ms,
		      struct vm_info *info)
{
	struct error err = ERROR_INIT;
	struct live live;

	if (live_get(host, dir, &live, &err)) {
		info_damaged(info, host, &err);
		return;
	}
	info_process(info, &live);
	if (vm_dir_load(dir, &host->config, lan_fallback(host), &info->config, &err) ||
	    info_disk(dir, info, &err))
		info_damaged(info, host, &err);
	info_limits(info);
	if (info->state == VM_STATE_DEAD)
		(void)limits_out_of_memory(dir, info->ended, sizeof(info->ended));
	for (unsigned int i = 0; i < info->config.n_nics; i++)
		info->bridges[i] = nic_bridge(&info->config.nics[i], &host->config);
	if (!live_is_alive(&live) || live.foreign)
		return;
	info_running(host, dir, info);
	if (info->state == VM_STATE_RUNNING)
		info_frozen(dir, info, timeout_ms);
}

static int info_get(const struct vm_host *host, const char *name, int timeout_ms,
		    struct vm_info *ret, struct error *err)
{
	struct vm_info info = { .state = VM_STATE_STOPPED };
	AUTO_VM_DIR dir = VM_DIR_INIT;
	int r = vm_dir_open(&host->store, name, &dir, err);

	if (r)
		return r;
	memcpy(info.name, dir.name, sizeof(info.name));
	info_fill(host, &dir, timeout_ms, &info);
	*ret = info;
	return 0;
}

int vm_info_get(const struct vm_host *host, const char *name, struct vm_info *ret,
		struct error *err)
{
	return info_get(host, name, ASK_MS, ret, err);
}

/* The state of a VM by name; false: there is no such VM, or it cannot be told. */
static bool look_at(const struct vm_host *host, const char *name, struct live *ret)
{
	struct error ignored = ERROR_INIT;
	AUTO_VM_DIR dir = VM_DIR_INIT;

	return !vm_dir_open(&host->store, name, &dir, &ignored) &&
	       !live_get(host, &dir, ret, &ignored);
}

bool vm_is_ours(const struct vm_host *host, const char *name)
{
	struct live live;

	return look_at(host, name, &live) && live_is_alive(&live) && !live.foreign &&
	       live.state != VM_STATE_STARTING;
}

bool vm_is_alive(const struct vm_host *host, const char *name)
{
	struct live live;

	return look_at(host, name, &live) && live_is_alive(&live);
}

int vm_names_get(const struct vm_host *host, struct strv *ret, struct error *err)
{
	return store_list(&host->store, ret, err);
}

/* One that does not answer is not to take the time of all. */
static int one_of_many(int64_t left_ms)
{
	return (int)(left_ms < ASK_MS / 2 ? left_ms : ASK_MS / 2);
}

int vm_list_get(const struct vm_host *host, struct vm_list *ret, struct error *err)
{
	struct vm_list list = { .n = 0 };
	int64_t deadline = clock_ms() + ASK_MS;
	AUTO_STRV names = STRV_INIT;
	int r = store_list(&host->store, &names, err);

	if (r)
		return r;
	list.v = xcalloc(names.n ? names.n : 1, sizeof(*list.v));
	for (size_t i = 0; i < names.n; i++) {
		struct vm_info *info = &list.v[list.n];
		struct error local = ERROR_INIT;

		r = info_get(host, names.v[i], one_of_many(deadline - clock_ms()), info, &local);
		if (r && local.kind == ERROR_NOT_FOUND)
			continue; /* deleted while we looked */
		if (r) {
			snprintf(info->name, sizeof(info->name), "%s", names.v[i]);
			info_damaged(info, host, &local);
		}
		list.n++;
	}
	*ret = list;
	return 0;
}

void vm_list_done(struct vm_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		vm_info_done(&list->v[i]);
	free(list->v);
	*list = (struct vm_list){ .n = 0 };
}

static void details_monitor(const struct vm_dir *dir, struct vm_details *ret)
{
	enum qmp_status status;

	if (!ask_status(dir, STATUS_TIMEOUT_MS, &status))
		snprintf(ret->qmp_status, sizeof(ret->qmp_status), "%s", qmp_status_word(status));
}

static void details_taps(const struct vm_host *host, const struct vm_dir *dir,
			 const struct vm_info *info, struct vm_details *ret)
{
	AUTO(vm_config_done) struct vm_config running = { 0 };
	struct error ignored = ERROR_INIT;

	const struct vm_config *now = info->state == VM_STATE_DAMAGED ? NULL : &info->config;

	if (info->taps[0][0] && !live_load(host, dir, &running, &ignored) &&
	    !vm_net_ports_get(host, info->name, &running, now, &ret->taps, &ret->n_taps, &ignored))
		ret->tap_exists = ret->n_taps && ret->taps[0].place != VM_TAP_MISSING;
}

void vm_details_done(struct vm_details *details)
{
	vm_net_ports_done(details->taps, details->n_taps);
	details->taps = NULL;
	details->n_taps = 0;
}

void vm_details_get(const struct vm_host *host, const struct vm_info *info, struct vm_details *ret)
{
	struct vm_details details = { .tap_exists = -1 };
	struct error ignored = ERROR_INIT;
	AUTO_VM_DIR dir = VM_DIR_INIT;

	if (info->process.pid > 0 && !vm_dir_open(&host->store, info->name, &dir, &ignored)) {
		details_monitor(&dir, &details);
		details_taps(host, &dir, info, &details);
	}
	*ret = details;
}
