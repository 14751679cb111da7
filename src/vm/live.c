/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resolves record, /proc and locks to one state. */
#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "qmp/qmp.h"
#include "lan.h"
#include "limits.h"
#include "live.h"
#include "sockets.h"
#include "vm_claims.h"

enum { KILL_WAIT_MS = 10000, CGROUP_KILL_WAIT_MS = 2000, DYING_WAIT_MS = 1000, DYING_POLL_MS = 5 };

static const enum vm_state phase_states[] = {
	[PHASE_STARTING] = VM_STATE_STARTING,
	[PHASE_RUNNING] = VM_STATE_RUNNING,
	[PHASE_PAUSED] = VM_STATE_PAUSED,
	[PHASE_STOPPING] = VM_STATE_STOPPING,
};

static void live_without_record(const struct vm_host *host, const struct vm_dir *dir,
				struct live *live)
{
	if (!record_find_foreign(&host->store, dir, &live->process)) {
		live->state = VM_STATE_RUNNING;
		live->foreign = true;
	} else if (record_has_leftovers(dir)) {
		live->state = VM_STATE_DEAD;
	}
}

/* Whoever asked the guest and waited was interrupted, or killed: the guest goes on, or ends. */
static bool is_forgotten(const struct vm_dir *dir, const struct record *record)
{
	return record->phase == PHASE_STOPPING && record_age_ms(dir) > LIVE_FORGOTTEN_MS;
}

int live_get(const struct vm_host *host, const struct vm_dir *dir, struct live *ret,
	     struct error *err)
{
	struct live live = { .state = VM_STATE_STOPPED };
	struct record record;
	int r = record_read(dir, &record, err);

	if (r < 0)
		return r;
	if (r == RECORD_NONE) {
		live_without_record(host, dir, &live);
	} else if (process_check(&record.process) != PROCESS_ALIVE) {
		live.state = VM_STATE_DEAD;
	} else {
		live.state = is_forgotten(dir, &record) ? VM_STATE_RUNNING
							: phase_states[record.phase];
		live.process = record.process;
		/* we hold the lock ourselves, or nobody does: its launcher is gone */
		live.half_started = record.phase == PHASE_STARTING &&
				    (dir->lock_fd >= 0 || !vm_dir_is_locked(dir));
	}
	*ret = live;
	return 0;
}

int live_load(const struct vm_host *host, const struct vm_dir *dir, struct vm_config *ret,
	      struct error *err)
{
	int r = vm_dir_load_run(dir, &host->config, ret, err);

	return r == VM_DIR_NO_RUN ? vm_dir_load(dir, &host->config, lan_fallback(host), ret, err)
				  : r;
}

void live_clear(const struct vm_host *host, const struct vm_dir *dir)
{
	AUTO(vm_config_done) struct vm_config running = { 0 };
	AUTO(vm_config_done) struct vm_config now = { 0 };
	const struct vm_config *kept = &now;
	struct error ignored = ERROR_INIT;
	bool ran = !vm_dir_load_run(dir, &host->config, &running, &ignored);

	(void)limits_clear(host, dir);
	record_clear(dir);
	if (ran && !vm_dir_load(dir, &host->config, lan_fallback(host), &now, &ignored))
		vm_claims_drop_unused(&host->store, dir->name, &running, &kept, 1);
}

bool live_is_alive(const struct live *live)
{
	return live->process.pid > 0;
}

int live_must_run(const struct vm_dir *dir, const struct live *live, struct error *err)
{
	if (live_is_alive(live) && !live->foreign && !live->half_started)
		return 0;
	error_set(err, ERROR_BUSY, ESRCH, "vm '%s' is not running", dir->name);
	return error_hint(err, "mnmivm-se start %s", dir->name);
}

int live_check_unrecorded(const struct vm_host *host, const struct vm_dir *dir, struct error *err)
{
	const struct timespec pause = { .tv_nsec = DYING_POLL_MS * 1000000L };
	int64_t deadline = clock_ms() + DYING_WAIT_MS;

	/* a zombie is the first of its threads; the last one closes the lock */
	while (vm_dir_running_lock_held(dir) && clock_ms() < deadline)
		nanosleep(&pause, NULL);
	if (!vm_dir_running_lock_held(dir))
		return 0;
	error_set(err, ERROR_BUSY, EBUSY, "a QEMU of vm '%s' is alive without a record", dir->name);
	return error_hint(err, "find it with: fuser -v %s/%s/alive", host->config.run_dir,
			  dir->name);
}

/* Without the lock the cgroup may be that of a later run by now. */
static void kill_cgroup(const struct vm_host *host, const struct vm_dir *dir,
			const struct live *live)
{
	AUTO_VM_DIR locked = VM_DIR_INIT;
	struct error ignored = ERROR_INIT;
	struct live now;

	if (dir->lock_fd >= 0)
		limits_kill(dir);
	else if (!vm_dir_lock_existing(&host->store, dir->name, "stop", &locked, &ignored) &&
		 !live_get(host, &locked, &now, &ignored) &&
		 process_is_same(&now.process, &live->process))
		limits_kill(&locked);
}

int live_kill(const struct vm_host *host, const struct vm_dir *dir, const struct live *live,
	      struct error *err)
{
	AUTO_CLOSE int pid_fd = process_open(&live->process);
	int r;

	if (pid_fd == -ESRCH)
		return 0;
	if (pid_fd < 0)
		return error_errno(err, -pid_fd, "open the process of vm '%s'", dir->name);
	r = process_signal(pid_fd, SIGKILL);
	if (r < 0 && r != -ESRCH)
		return error_errno(err, -r, "kill the process of vm '%s'", dir->name);
	if (!process_wait(pid_fd, KILL_WAIT_MS))
		return 0;
	kill_cgroup(host, dir, live);
	if (!process_wait(pid_fd, CGROUP_KILL_WAIT_MS))
		return 0;
	error_set(err, ERROR_TIMEOUT, ETIMEDOUT, "process %d of vm '%s' does not end after SIGKILL",
		  live->process.pid, dir->name);
	return error_hint(err, "it waits in the kernel, see: cat /proc/%d/stack",
			  live->process.pid);
}

static int adopt(const struct vm_host *host, const struct vm_dir *dir, struct live *live,
		 enum phase phase, struct error *err)
{
	int r = record_phase(dir, &live->process, phase, err);

	if (r)
		return r;
	vm_note(host, "%s: an earlier start was cut short, its guest runs", dir->name);
	live->state = phase_states[phase];
	live->half_started = false;
	return 0;
}

static int end_unborn(const struct vm_host *host, const struct vm_dir *dir, struct live *live,
		      struct error *err)
{
	int r = live_kill(host, dir, live, err);

	if (r)
		return r;
	vm_note(host, "%s: an earlier start was cut short before the guest ran", dir->name);
	*live = (struct live){ .state = VM_STATE_DEAD };
	return 0;
}

int live_settle(const struct vm_host *host, const struct vm_dir *dir, struct live *live,
		struct error *err)
{
	AUTO(qmp_closep) struct qmp *qmp = NULL;
	struct error local = ERROR_INIT;
	enum qmp_status status;

	if (!live->half_started)
		return 0;
	if (qmp_connect(dir->run_fd, QMP_SOCKET, QMP_TIMEOUT_MS, &qmp, &local) ||
	    qmp_query_status(qmp, &status, &local)) {
		/* a child that was never told to go ends by itself */
		if (process_check(&live->process) != PROCESS_ALIVE)
			return end_unborn(host, dir, live, err);
		error_set(err, ERROR_BUSY, EBUSY,
			  "an earlier start of vm '%s' was cut short and its QEMU does not answer: "
			  "%s",
			  dir->name, local.message);
		return error_hint(err, "mnmivm-se stop --force %s", dir->name);
	}
	if (status == QMP_STATUS_PRELAUNCH)
		return end_unborn(host, dir, live, err);
	return adopt(host, dir, live, status == QMP_STATUS_PAUSED ? PHASE_PAUSED : PHASE_RUNNING,
		     err);
}

int live_power_down(const struct vm_dir *dir, const struct live *live, struct error *err)
{
	AUTO(qmp_closep) struct qmp *qmp = NULL;
	int r;

	if (live->foreign) {
		error_set(err, ERROR_BUSY, ENOTSUP,
			  "vm '%s' was started by another program (pid %d): its guest cannot be "
			  "asked",
			  dir->name, live->process.pid);
		return error_hint(err, "shut it down from inside, or mnmivm-se stop --force %s",
				  dir->name);
	}
	r = qmp_connect(dir->run_fd, QMP_SOCKET, QMP_TIMEOUT_MS, &qmp, err);
	if (!r && live->state == VM_STATE_PAUSED)
		r = qmp_continue(qmp, err);
	if (!r)
		r = qmp_powerdown(qmp, err);
	return r;
}

int live_clear_dead(const struct vm_host *host, const char *name, const char *command, bool force,
		    struct error *err)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;
	struct live live;
	int r = vm_dir_lock_existing(&host->store, name, command, &dir, err);

	if (r == -ENOENT)
		return 0; /* deleted: gone is gone */
	if (!r)
		r = live_get(host, &dir, &live, err);
	if (r)
		return r;
	if (live_is_alive(&live))
		return 0;
	if (force)
		limits_kill(&dir);
	live_clear(host, &dir);
	return 0;
}
