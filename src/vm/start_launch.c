/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of a start that make a process of what was opened, and wait for the guest. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/record.h"
#include "limits.h"
#include "log.h"
#include "nic.h"
#include "sockets.h"
#include "start_steps.h"

enum { FIRST_FD = 3, READY_TIMEOUT_MS = 120000 };

/*
 * A guest is big, so that the kernel would choose it before a smaller process that leaks; what has
 * leaked a tenth of all memory more is the better choice (proc(5)). But no guest is beyond it.
 */
enum { OOM_SCORE_ADJ = -100 };

/* The number that QEMU will know a descriptor by; -1 stays -1. */
static int plan_fd(struct launch_plan *plan, int source)
{
	int target = FIRST_FD + (int)plan->n_fds;

	if (source < 0)
		return -1;
	plan->fds[plan->n_fds++] = (struct launch_fd){ .source = source, .target = target };
	return target;
}

static void plan_fds(struct start *start)
{
	struct launch_plan *plan = &start->plan;
	struct qemu_fds *fds = &start->qemu.fds;

	qemu_fds_init(fds);
	fds->qmp = plan_fd(plan, start->qmp);
	fds->console = plan_fd(plan, start->console);
	fds->console_log = plan_fd(plan, start->console_log);
	fds->base = plan_fd(plan, start->disks.base);
	fds->disk = plan_fd(plan, start->disks.disk);
	fds->seed = plan_fd(plan, start->seed);
	fds->kvm = plan_fd(plan, start->kvm);
	fds->uefi_code = plan_fd(plan, start->disks.uefi_code);
	fds->uefi_vars = plan_fd(plan, start->disks.uefi_vars);
	for (unsigned int i = 0; i < start->vm.n_disks; i++)
		fds->disks[i] = plan_fd(plan, start->disks.extra[i]);
	for (unsigned int i = 0; i < start->vm.n_nics; i++) {
		for (unsigned int j = 0; j < start->taps[i].n_fds; j++)
			fds->tap[i][j] = plan_fd(plan, start->taps[i].fds[j]);
		for (unsigned int j = 0; j < start->taps[i].n_fds; j++)
			fds->vhost[i][j] = plan_fd(plan, start->vhost[i][j]);
	}
	/* QEMU knows nothing of this one: it is the lock that ends with it. */
	plan_fd(plan, start->running_lock);
}

/* The place in QEMU's root that a file is shown at; NULL where there is none. */
static const char *plan_file(struct launch_plan *plan, int source, const char *target)
{
	if (source < 0)
		return NULL;
	plan->files[plan->n_files++] = (struct launch_file){ .source = source, .target = target };
	return target;
}

static unsigned int guest_mtu(const struct start *start, unsigned int i)
{
	return start->vm.nics[i].mtu ? start->vm.nics[i].mtu : start->bridges[i].mtu;
}

int start_plan(struct start *start, struct error *err)
{
	const struct host_config *config = &start->host->config;

	(void)err;
	plan_fds(start);
	start->qemu.program = config->qemu;
	start->qemu.name = start->dir.name;
	start->qemu.vm = &start->vm;
	start->qemu.base_format = start->disks.base_format;
	start->qemu.kernel = plan_file(&start->plan, start->disks.kernel, "/boot/kernel");
	start->qemu.initrd = plan_file(&start->plan, start->disks.initrd, "/boot/initrd");
	for (unsigned int i = 0; i < start->vm.n_nics; i++)
		start->qemu.nic_mtu[i] = guest_mtu(start, i);
	qemu_args(&start->qemu, &start->argv);
	strv_push(&start->environment, "PATH=/usr/bin:/bin");
	strv_push(&start->environment, "LANG=C");
	start->plan.program = config->qemu;
	start->plan.argv = &start->argv;
	start->plan.environment = &start->environment;
	start->plan.mode = launch_mode();
	start->plan.uid = start->plan.mode == LAUNCH_AS_USER ? geteuid() : start->vm.uid;
	start->plan.gid = start->plan.mode == LAUNCH_AS_USER ? getegid() : (gid_t)start->vm.uid;
	start->plan.log_fd = start->log;
	start->plan.folders = &config->expose;
	start->plan.oom_score_adj = OOM_SCORE_ADJ;
	start->plan.limits.file_size = LOG_FILE_SIZE_MAX;
	start->plan.may_miss = vm_config_allowed_missing(&start->vm, config);
	if (!limits_asked(&start->vm))
		start->plan.may_miss |= LAYER_BIT(LAYER_CGROUP);
	start->plan.cgroup_fd = start->cgroup;
	start->plan.cpus = start->cpus.set;
	start->plan.cpus_size = start->cpus.size;
	start->plan.nice = start->vm.nice;
	return 0;
}

void start_pretend(struct start *start)
{
	start->qmp = start->console = start->console_log = PRETENDED_FD;
	start->seed = start->running_lock = PRETENDED_FD;
	if (start->vm.firmware == FIRMWARE_UEFI && start->disks.uefi_vars < 0)
		start->disks.uefi_vars = PRETENDED_FD;
	for (unsigned int i = 0; i < start->vm.n_nics; i++) {
		start->taps[i].n_fds = nic_queues(&start->vm, i);
		for (unsigned int j = 0; j < start->taps[i].n_fds; j++)
			start->taps[i].fds[j] = PRETENDED_FD;
	}
}

/*
 * What is QEMU's now would keep its sockets open after its death. The taps are held until the guest
 * has been announced through them.
 */
static void release_handed_over(struct start *start)
{
	start_close_vhost(start);
	disks_done(&start->disks);
	fd_close(&start->kvm);
	fd_close(&start->seed);
	fd_close(&start->qmp);
	fd_close(&start->console);
	fd_close(&start->log);
	fd_close(&start->console_log);
	fd_close(&start->running_lock);
}

/* A question or its answer may get lost. */
static void ask_again(struct start *start)
{
	struct error ignored = ERROR_INIT;

	for (unsigned int i = 0; i < start->vm.n_nics; i++) {
		if (start->probes[i])
			dad_ask_again(start->probes[i], &ignored);
	}
}

/* QEMU was not let into it. */
static void drop_cgroup(struct start *start)
{
	fd_close(&start->cgroup);
	(void)limits_clear(start->host, &start->dir);
}

/* What /proc does not show is not known of a VM whose start is killed before this. */
static int record_missing(struct start *start, struct error *err)
{
	AUTO_BUF words = BUF_INIT;

	if (start->launch.missing) {
		layers_format(start->launch.missing, &words);
		vm_note(start->host, "%s: this host has not all layers of confinement: without %s",
			start->dir.name, buf_str(&words));
	}
	if (start->launch.missing & LAYER_BIT(LAYER_CGROUP))
		drop_cgroup(start);
	return record_missing_write(&start->dir, start->missing | start->launch.missing, err);
}

/*
 * The child waits while it is being recorded: a launcher that is killed before that leaves no
 * process, one that is killed after it leaves a process that the next command finds.
 */
int start_launch(struct start *start, struct error *err)
{
	int r;

	ask_again(start);
	r = launch_start(&start->plan, &start->launch, err);

	if (!r)
		r = record_phase(&start->dir, &start->launch.id, PHASE_STARTING, err);
	if (!r)
		r = launch_go(&start->launch, err);
	release_handed_over(start);
	return r ? r : record_missing(start, err);
}

/* QEMU's own words are better than "connection closed". */
static int explain_death(struct start *start, int r, struct error *err)
{
	AUTO_FREE char *line = NULL;
	char clean[512];

	if (limits_out_of_memory(&start->dir, clean, sizeof(clean)))
		return error_set(err, ERROR_FAILED, ENOMEM, "%s", clean);
	if (process_wait(start->launch.pid_fd, 200) < 0)
		return r;
	log_last_line(&start->dir, &line);
	if (!line)
		return error_set(err, ERROR_FAILED, ECHILD, "QEMU ended without a word");
	error_sanitise(clean, sizeof(clean), line);
	return error_set(err, ERROR_FAILED, ECHILD, "QEMU ended: %s", clean);
}

static int let_it_run(struct start *start, struct error *err)
{
	enum qmp_status status;
	int r;

	if (start->paused)
		return record_phase(&start->dir, &start->launch.id, PHASE_PAUSED, err);
	r = qmp_continue(start->monitor, err);
	if (!r)
		r = qmp_query_status(start->monitor, &status, err);
	if (!r && status != QMP_STATUS_RUNNING)
		r = error_set(err, ERROR_FAILED, EPROTO, "QEMU does not run the guest: it is %s",
			      qmp_status_word(status));
	if (!r)
		r = record_phase(&start->dir, &start->launch.id, PHASE_RUNNING, err);
	return r;
}

/* The greeting is there: QEMU has begun, and has yet to look at its devices. */
static int wait_greeting(const struct start *start, int fd, struct error *err)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int64_t deadline = clock_ms() + READY_TIMEOUT_MS;
	int n;

	do {
		int64_t left = deadline - clock_ms();

		n = poll(&ready, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_errno(err, errno, "wait for the monitor");
	if (n == 0)
		return error_set(err, ERROR_TIMEOUT, ETIMEDOUT,
				 "wait for the monitor of vm '%s': no greeting in time",
				 start->dir.name);
	return 0;
}

static int connect_monitor(struct start *start, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	int r = socket_connect_unix(&start->dir, QMP_SOCKET, &fd, err);

	if (!r)
		r = wait_greeting(start, fd, err);
	if (!r)
		r = start_check_lan(start, err);
	if (r)
		return r;
	return qmp_attach(fd_steal(&fd), READY_TIMEOUT_MS, &start->monitor, err);
}

/*
 * The greeting comes before QEMU has looked at its devices; the answer to query-status comes
 * after.
 */
int start_wait_ready(struct start *start, struct error *err)
{
	enum qmp_status status;
	int r = connect_monitor(start, err);

	if (!r)
		r = qmp_query_status(start->monitor, &status, err);
	if (!r && start->vnc >= 0)
		r = qmp_vnc_listen(start->monitor, start->vnc, err);
	if (!r)
		start_greet_lan(start);
	if (!r)
		r = let_it_run(start, err);
	start_close_network(start);
	if (r)
		r = explain_death(start, r, err);
	return r;
}
