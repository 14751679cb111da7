/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ending, freezing and continuing a guest. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "qmp/qmp.h"
#include "vm/stop.h"
#include "lan.h"
#include "limits.h"
#include "live.h"
#include "sockets.h"

enum {
	QUIT_WAIT_MS = 5000,
	PROGRESS_MS = 10000,
};

#define AUTO_QMP AUTO(qmp_closep) struct qmp

static int stop_connect(const struct vm_dir *dir, struct qmp **ret, struct error *err)
{
	return qmp_connect(dir->run_fd, QMP_SOCKET, QMP_TIMEOUT_MS, ret, err);
}

/* The wait is done without the lock. Returns 0 when the process has ended. */
static int wait_for_guest(const struct vm_host *host, const struct vm_dir *dir, struct live *live,
			  int pid_fd, unsigned int timeout_s)
{
	int64_t start = clock_ms();
	int64_t deadline = start + (int64_t)timeout_s * 1000;
	int64_t ask_at = start + LIVE_ASK_AGAIN_MS;
	int64_t tell_at = start + PROGRESS_MS;

	live->state = VM_STATE_STOPPING;
	for (;;) {
		struct error ignored = ERROR_INIT;
		int64_t now = clock_ms();
		int64_t left = deadline - now;

		if (!process_wait(pid_fd, left < 0 ? 0 : left < 1000 ? (int)left : 1000))
			return 0;
		now = clock_ms();
		if (now >= deadline)
			return -ETIMEDOUT;
		if (now >= tell_at) {
			vm_note(host, "%s: still shutting down, %lld s", dir->name,
				(long long)(now - start) / 1000);
			tell_at += PROGRESS_MS;
		}
		if (now >= ask_at) {
			live_power_down(dir, live, &ignored);
			record_touch(dir);
			ask_at += LIVE_ASK_AGAIN_MS;
		}
	}
}

/* The guest goes on: say so in the record, unless it has been stopped or started anew meanwhile. */
static void record_going_on(const struct vm_host *host, const struct vm_dir *dir,
			    const struct live *before)
{
	AUTO_VM_DIR locked = VM_DIR_INIT;
	struct error ignored = ERROR_INIT;
	struct live live;

	if (!vm_dir_lock_existing(&host->store, dir->name, "stop", &locked, &ignored) &&
	    !live_get(host, &locked, &live, &ignored) && live.state == VM_STATE_STOPPING &&
	    process_is_same(&live.process, &before->process))
		record_phase(&locked, &live.process, PHASE_RUNNING, &ignored);
}

static int give_up(const struct vm_host *host, const struct vm_dir *dir, const struct live *before,
		   unsigned int timeout_s, struct error *err)
{
	record_going_on(host, dir, before);
	error_set(err, ERROR_TIMEOUT, ETIMEDOUT,
		  "vm '%s' did not shut down within %u s and goes on running", dir->name,
		  timeout_s);
	return error_hint(err,
			  "wait longer with --timeout S, look with mnmivm-se console %s, or end it "
			  "with mnmivm-se stop --force %s",
			  dir->name, dir->name);
}

/* quit lets QEMU write its disks' last metadata; only what does not react to it is killed. */
static int end_now(const struct vm_host *host, const struct vm_dir *dir, const struct live *live,
		   int pid_fd, struct error *err)
{
	struct error ignored = ERROR_INIT;
	AUTO_QMP *qmp = NULL;

	if (live->foreign)
		(void)process_signal(pid_fd, SIGTERM);
	else if (!stop_connect(dir, &qmp, &ignored))
		qmp_quit(qmp, &ignored);
	if (process_wait(pid_fd, QUIT_WAIT_MS) < 0)
		return live_kill(host, dir, live, err);
	return 0;
}

static unsigned int guest_timeout(const struct vm_host *host, const struct vm_dir *dir,
				  const struct vm_stop_options *options)
{
	unsigned int timeout_s = host->config.stop_timeout_s;
	struct error ignored = ERROR_INIT;
	struct vm_config vm;

	if (options->has_timeout)
		return options->timeout_s;
	if (!vm_dir_load(dir, &host->config, lan_fallback(host), &vm, &ignored)) {
		if (vm.stop_timeout_s)
			timeout_s = vm.stop_timeout_s;
		vm_config_done(&vm);
	}
	return timeout_s;
}

/* Under the lock, which is let go for the wait. */
static int stop_alive(const struct vm_host *host, struct vm_dir *dir, struct live *live,
		      const struct vm_stop_options *options, struct error *err)
{
	AUTO_CLOSE int pid_fd = process_open(&live->process);
	unsigned int timeout_s = guest_timeout(host, dir, options);
	bool ask_first = !options->force || options->has_timeout;
	struct error ignored = ERROR_INIT;
	int r = -ETIMEDOUT;

	if (pid_fd == -ESRCH)
		return 0;
	if (pid_fd < 0)
		return error_errno(err, -pid_fd, "open the process of vm '%s'", dir->name);
	if (ask_first) {
		r = live_power_down(dir, live, err);
		if (r && !options->force)
			return r;
	}
	if (!live->foreign)
		record_phase(dir, &live->process, PHASE_STOPPING, &ignored);
	fd_close(&dir->lock_fd);
	if (ask_first && !r) {
		r = wait_for_guest(host, dir, live, pid_fd, timeout_s);
		if (r && !options->force)
			return give_up(host, dir, live, timeout_s, err);
	}
	return r ? end_now(host, dir, live, pid_fd, err) : 0;
}

int vm_stop(const struct vm_host *host, const char *name, const struct vm_stop_options *options,
	    struct error *err)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;
	struct live live;
	int r = vm_dir_lock_existing(&host->store, name, "stop", &dir, err);

	if (!r)
		r = live_get(host, &dir, &live, err);
	if (r)
		return r;
	if (!live_is_alive(&live)) {
		r = live_check_unrecorded(host, &dir, err);
		if (r)
			return r;
		limits_tell_end(host, &dir);
		if (options->force)
			limits_kill(&dir);
		live_clear(host, &dir);
		return VM_ALREADY;
	}
	r = options->force ? 0 : live_settle(host, &dir, &live, err);
	if (r)
		return r;
	if (!live_is_alive(&live)) {
		live_clear(host, &dir);
		return 0;
	}
	r = stop_alive(host, &dir, &live, options, err);
	vm_dir_done(&dir);
	return r ? r : live_clear_dead(host, name, "stop", options->force, err);
}

int vm_restart(const struct vm_host *host, const char *name, const struct vm_stop_options *options,
	       struct error *err)
{
	const struct vm_start_options start = { .paused = false };
	AUTO_BUF plan = BUF_INIT;
	int stopped, r;

	/* what cannot be started again is better left running */
	r = vm_start_describe(host, name, &plan, err);
	if (r)
		return error_prefix(err, "not stopped, as it would not start again");
	stopped = vm_stop(host, name, options, err);
	if (stopped < 0)
		return stopped;
	r = vm_start(host, name, &start, err);
	return r < 0 ? r : stopped;
}

/* `stop` and `cont` in QEMU's words. */
static int set_paused(const struct vm_host *host, const char *name, bool paused, struct error *err)
{
	enum phase phase = paused ? PHASE_PAUSED : PHASE_RUNNING;
	AUTO_VM_DIR dir = VM_DIR_INIT;
	AUTO_QMP *qmp = NULL;
	enum qmp_status status;
	struct live live;
	int r = vm_dir_lock_existing(&host->store, name, paused ? "pause" : "resume", &dir, err);

	if (!r)
		r = live_get(host, &dir, &live, err);
	if (!r)
		r = live_must_run(&dir, &live, err);
	if (!r)
		r = stop_connect(&dir, &qmp, err);
	if (!r)
		r = qmp_query_status(qmp, &status, err);
	if (r)
		return r;
	if ((status == QMP_STATUS_RUNNING) != paused)
		r = VM_ALREADY;
	else
		r = paused ? qmp_execute(qmp, "stop", NULL, NULL, err) : qmp_continue(qmp, err);
	if (r >= 0 && record_phase(&dir, &live.process, phase, err))
		return -err->code;
	return r;
}

int vm_pause(const struct vm_host *host, const char *name, struct error *err)
{
	return set_paused(host, name, true, err);
}

int vm_resume(const struct vm_host *host, const char *name, struct error *err)
{
	return set_paused(host, name, false, err);
}
