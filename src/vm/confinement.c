/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds a running QEMU, as the kernel tells of it. */
#include "vm/confinement.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "jail/launch.h"
#include "store/record.h"
#include "confinement.h"
#include "live.h"

const char *const vm_layer_state_words[] = { "unknown", "on", "missing" };

/* Dumping core to a pipe takes a limit of 0 for none at all, and no other; core(5). */
enum { CORE_BYTES_MAX = 1 };

static bool all_are(const int64_t ids[4], int64_t id)
{
	return ids[0] == id && ids[1] == id && ids[2] == id && ids[3] == id;
}

static void judge_ids(const struct confined *of, struct vm_confinement *ret)
{
	const struct proc_status *status = &of->status;

	if (ret->uid < 0)
		return;
	if (!ret->uid)
		strv_push(&ret->findings, "runs as root");
	else if (of->as_root && of->vm->uid && !all_are(status->uids, of->vm->uid))
		strv_pushf(&ret->findings, "runs as user %lld, and its own is %lld",
			   (long long)ret->uid, (long long)of->vm->uid);
	else if (!all_are(status->uids, ret->uid) || !all_are(status->gids, ret->gid))
		strv_push(&ret->findings, "may change its user or group");
	/* a user cannot leave groups behind: setgroups(2) takes privilege */
	if (of->as_root && ret->n_groups > 0)
		strv_pushf(&ret->findings, "has %d further groups", ret->n_groups);
}

static void judge_privileges(struct vm_confinement *ret)
{
	uint64_t any = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ret->capabilities); i++)
		any |= ret->capabilities[i];
	if (ret->has_capabilities && any)
		strv_push(&ret->findings, "has capabilities");
	if (!ret->no_new_privs)
		strv_push(&ret->findings, "may gain privileges from programs");
	if (!ret->seccomp)
		strv_push(&ret->findings, "has no system call filter at all");
}

static void read_limits(const struct confined *of, struct vm_confinement *ret)
{
	AUTO_BUF text = BUF_INIT;

	if (proc_read(of->proc_fd, "limits", &text) < 0)
		return;
	ret->core_bytes = proc_limit(buf_str(&text), "Max core file size");
	ret->file_size_bytes = proc_limit(buf_str(&text), "Max file size");
	ret->processes = proc_limit(buf_str(&text), "Max processes");
	if (ret->core_bytes > CORE_BYTES_MAX)
		strv_push(&ret->findings, "may leave its memory in a core file");
}

/* nice(2) is field 19 of stat; the name in the second may have blanks and parentheses. */
static void read_priority(const struct confined *of, struct vm_confinement *ret)
{
	AUTO_BUF stat = BUF_INIT, oom = BUF_INIT;
	const char *rest;

	if (proc_read(of->proc_fd, "stat", &stat) < 0 ||
	    proc_read(of->proc_fd, "oom_score_adj", &oom) < 0)
		return;
	rest = strrchr(buf_str(&stat), ')');
	ret->has_priority = rest &&
			    sscanf(rest + 1,
				   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
				   "%*d %d",
				   &ret->nice) == 1 &&
			    sscanf(buf_str(&oom), "%d", &ret->oom_score_adj) == 1;
}

/* EINVAL where no security module answers; apparmor(7) has an empty or "unconfined" label then. */
static void read_label(const struct confined *of, struct vm_confinement *ret)
{
	AUTO_BUF line = BUF_INIT;

	if (proc_read_line(of->proc_fd, "attr/apparmor/current", &line) < 0 &&
	    proc_read_line(of->proc_fd, "attr/current", &line) < 0)
		return;
	snprintf(ret->apparmor, sizeof(ret->apparmor), "%s", buf_str(&line));
}

static void read_all(const struct confined *of, struct vm_confinement *ret)
{
	const struct proc_status *status = &of->status;

	ret->uid = status->uids[1];
	ret->gid = status->gids[1];
	ret->n_groups = status->n_groups;
	ret->has_capabilities = status->has_capabilities;
	memcpy(ret->capabilities, status->capabilities, sizeof(ret->capabilities));
	ret->no_new_privs = status->no_new_privs;
	ret->seccomp = status->seccomp;
	ret->seccomp_filters = status->seccomp_filters;
	ret->inner_pid = status->inner_pid;
	memcpy(ret->cpus, status->cpus, sizeof(ret->cpus));
	judge_ids(of, ret);
	judge_privileges(ret);
	if (status->tracer > 0)
		strv_pushf(&ret->findings, "is traced by process %d", status->tracer);
	confinement_layers(of, ret);
	read_limits(of, ret);
	read_priority(of, ret);
	read_label(of, ret);
	confinement_descriptors(of, ret);
}

static void unknown(struct vm_confinement *ret)
{
	*ret = (struct vm_confinement){
		.uid = -1,
		.gid = -1,
		.n_groups = -1,
		.no_new_privs = -1,
		.seccomp = -1,
		.seccomp_filters = -1,
		.inner_pid = -1,
		.mounts = -1,
		.core_bytes = -1,
		.file_size_bytes = -1,
		.processes = -1,
	};
}

/* What it may go without is what it went without: the settings may say something else by now. */
static void read_record(const struct vm_host *host, struct confined *of)
{
	struct error ignored = ERROR_INIT;

	of->has_missing = !record_missing_read(of->dir, &of->missing, &ignored);
	of->may_miss = of->has_missing ? of->missing
				       : vm_config_allowed_missing(of->vm, &host->config);
}

/* 0, or -errno where it cannot be read, or has ended meanwhile. */
static int look(const struct vm_info *info, struct confined *of, struct vm_confinement *ret)
{
	AUTO_CLOSE int proc_fd = proc_open(&info->process);
	AUTO_BUF status = BUF_INIT;
	int r;

	if (proc_fd < 0)
		return proc_fd;
	r = proc_read(proc_fd, "status", &status);
	if (r < 0)
		return r;
	of->proc_fd = proc_fd;
	proc_status_parse(buf_str(&status), &of->status);
	read_all(of, ret);
	return process_check(&info->process) == PROCESS_ALIVE ? 0 : -ESRCH;
}

void vm_confinement_get(const struct vm_host *host, const struct vm_info *info,
			struct vm_confinement *ret)
{
	AUTO(vm_config_done) struct vm_config running = { 0 };
	struct error ignored = ERROR_INIT;
	AUTO_VM_DIR dir = VM_DIR_INIT;
	struct confined of = { .dir = &dir, .host = &host->config, .vm = &running };

	unknown(ret);
	if (info->process.pid <= 0 || vm_dir_open(&host->store, info->name, &dir, &ignored))
		return;
	if (live_load(host, &dir, &running, &ignored))
		vm_config_init(&running, &host->config);
	of.as_root = launch_mode() == LAUNCH_AS_ROOT;
	read_record(host, &of);
	if (look(info, &of, ret) < 0) {
		vm_confinement_done(ret);
		unknown(ret);
	}
}

void vm_confinement_done(struct vm_confinement *confinement)
{
	free(confinement->cgroup);
	free(confinement->cgroup_note);
	strv_done(&confinement->findings);
	confinement->cgroup = confinement->cgroup_note = NULL;
}
