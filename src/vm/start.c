/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a stopped VM to a running guest. A start is a row of steps over one struct; whatever
 * step fails, the release of that struct is the undo, as every kernel object in it lives by a
 * descriptor. Only the process and its record need more: they are ended and cleared here.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/privilege.h"
#include "base/quote.h"
#include "store/record.h"
#include "vm/start.h"
#include "lan.h"
#include "limits.h"
#include "live.h"
#include "nic.h"
#include "sockets.h"
#include "start_steps.h"

static int start_remember(struct start *start, struct error *err);

static int (*const start_steps[])(struct start *, struct error *) = {
	start_claim,	   start_check_host,   start_check_limits, start_find_network,
	start_open_disks,  start_tell_image,   start_open_seed,	   start_open_sockets,
	start_open_cgroup, start_open_network, start_open_logs,	   start_plan,
	start_remember,	   start_launch,       start_wait_ready,
};

/*
 * What a description does of it: nothing that another could notice. The layers are tried by a
 * launch, and looked at here in its place.
 */
static int (*const describe_steps[])(struct start *, struct error *) = {
	start_check_host,   start_check_layers, start_check_limits,
	start_find_network, start_open_disks,
};

static int start_load(struct start *start, struct error *err)
{
	return vm_dir_load(&start->dir, &start->host->config, lan_fallback(start->host), &start->vm,
			   err);
}

static int clear_the_past(struct start *start, struct error *err)
{
	int r = live_check_unrecorded(start->host, &start->dir, err);

	if (r)
		return r;
	limits_tell_end(start->host, &start->dir);
	r = limits_remove(start->host, &start->dir, err);
	if (!r)
		live_clear(start->host, &start->dir);
	return r;
}

static int start_begin(struct start *start, const char *name, struct error *err)
{
	struct live live;
	int r = vm_dir_lock_existing(&start->host->store, name, "start", &start->dir, err);

	if (!r)
		r = live_get(start->host, &start->dir, &live, err);
	if (r)
		return r;
	r = live_settle(start->host, &start->dir, &live, err);
	if (r)
		return r;
	if (live_is_alive(&live))
		return VM_ALREADY;
	r = clear_the_past(start, err);
	if (!r)
		r = start_load(start, err);
	return r;
}

/* With the bridges that were found: the host's default may be another one tomorrow. */
static int save_run(struct start *start, struct error *err)
{
	char *named[VM_NICS_MAX] = { NULL };
	int r;

	for (unsigned int i = 0; i < start->vm.n_nics; i++) {
		named[i] = start->vm.nics[i].bridge;
		start->vm.nics[i].bridge = start->bridges[i].name;
	}
	r = vm_dir_save_run(&start->dir, &start->vm, err);
	for (unsigned int i = 0; i < start->vm.n_nics; i++)
		start->vm.nics[i].bridge = named[i];
	return r;
}

/*
 * The settings of this run are kept beside its sockets. What start itself decides of a VM of the Go
 * edition, its uid and its base image, is saved before QEMU can change anything.
 */
static int start_remember(struct start *start, struct error *err)
{
	int r = save_run(start, err);

	if (r || (start->had_uid && start->had_image))
		return r;
	return vm_dir_save(start->dir.fd, &start->vm, true, err);
}

static int start_walk(struct start *start, struct error *err)
{
	int r = 0;

	start->had_uid = start->vm.uid != 0 || launch_mode() == LAUNCH_AS_USER;
	start->had_image = start->vm.image.path != NULL;
	for (size_t i = 0; i < ARRAY_SIZE(start_steps) && !r; i++)
		r = start_steps[i](start, err);
	if (r) {
		launch_abort(&start->launch);
		live_clear(start->host, &start->dir);
	}
	return r;
}

int vm_start(const struct vm_host *host, const char *name, const struct vm_start_options *options,
	     struct error *err)
{
	AUTO(start_done) struct start start;
	int r;

	start_init(&start, host);
	start.paused = options->paused;
	start.no_probe = options->no_probe;
	r = start_begin(&start, name, err);
	if (!r)
		r = start_walk(&start, err);
	return r;
}

/* Takes what signals there are; they all mean the same. */
static int run_read_signals(int stop_fd, struct error *err)
{
	struct signalfd_siginfo info;
	ssize_t len;

	do
		len = read(stop_fd, &info, sizeof(info));
	while (len > 0 || (len < 0 && errno == EINTR));
	return len < 0 && errno != EAGAIN ? error_errno(err, errno, "read a signal") : 0;
}

/* As stop does it: under the lock, which another command may have just now. */
static int run_ask_to_stop(struct start *start, struct error *err)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;
	struct live live;
	int r = vm_dir_lock_existing(&start->host->store, start->dir.name, "run", &dir, err);

	if (!r)
		r = live_get(start->host, &dir, &live, err);
	if (r || !process_is_same(&live.process, &start->launch.id))
		return r;
	r = live_power_down(&dir, &live, err);
	if (!r)
		r = record_phase(&dir, &live.process, PHASE_STOPPING, err);
	return r;
}

/*
 * Once a stop was asked for, the guest is asked every LIVE_ASK_AGAIN_MS until it has gone: one
 * that is booting does not hear the button. It is never harmed; how long is too long is for the
 * service manager to say.
 */
static int run_until_exit(struct start *start, int stop_fd, struct error *err)
{
	struct pollfd fds[] = { { .fd = start->launch.pid_fd, .events = POLLIN },
				{ .fd = stop_fd, .events = POLLIN } };
	bool stopping = false;

	for (;;) {
		struct error local = ERROR_INIT;
		int n = poll(fds, ARRAY_SIZE(fds), stopping ? LIVE_ASK_AGAIN_MS : -1);

		if (n < 0 && errno != EINTR)
			return error_errno(err, errno, "wait for QEMU");
		if (n > 0 && fds[0].revents)
			return 0;
		if (n < 0)
			continue;
		if (n > 0 && run_read_signals(stop_fd, err))
			return -err->code;
		if (!stopping)
			vm_note(start->host, "%s: asking the guest to shut down", start->dir.name);
		stopping = true;
		if (run_ask_to_stop(start, &local))
			vm_note(start->host, "%s: %s", start->dir.name, local.message);
	}
}

static int run_verdict(const struct start *start, struct error *err)
{
	char why[160];
	int status;
	pid_t pid;

	do
		pid = waitpid(start->launch.id.pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return error_errno(err, errno, "wait for QEMU");
	if (WIFSIGNALED(status) && limits_out_of_memory(&start->dir, why, sizeof(why)))
		return error_set(err, ERROR_FAILED, ENOMEM, "%s", why);
	if (WIFSIGNALED(status))
		return error_set(err, ERROR_FAILED, ECHILD, "QEMU was ended by signal %d (%s)",
				 WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		return error_set(err, ERROR_FAILED, ECHILD, "QEMU ended with status %d",
				 WEXITSTATUS(status));
	return 0;
}

/*
 * The lock is let go while the guest runs, as after start, so that stop, console and the rest
 * work.
 */
static int run_stay(struct start *start, int stop_fd, struct error *err)
{
	struct error ignored = ERROR_INIT;
	int r;

	qmp_close(start->monitor);
	start->monitor = NULL;
	fd_close(&start->dir.lock_fd);
	privilege_give_up();
	r = run_until_exit(start, stop_fd, err);
	if (!r)
		r = run_verdict(start, err);
	live_clear_dead(start->host, start->dir.name, "run", false, &ignored);
	return r;
}

int vm_run(const struct vm_host *host, const char *name, const struct vm_start_options *options,
	   int stop_fd, struct error *err)
{
	AUTO(start_done) struct start start;
	int r;

	start_init(&start, host);
	start.no_probe = options->no_probe;
	r = start_begin(&start, name, err);
	if (r == VM_ALREADY)
		return error_set(err, ERROR_BUSY, EBUSY, "vm '%s' runs already", name);
	if (!r)
		r = start_walk(&start, err);
	if (r)
		return r;
	vm_note(host, "%s: running, pid %d", name, start.launch.id.pid);
	return run_stay(&start, stop_fd, err);
}

/* Everything up to the plan, on a VM that is neither locked nor changed. */
static int describe_plan(struct start *start, const char *name, struct error *err)
{
	int r = vm_dir_open(&start->host->store, name, &start->dir, err);

	if (!r)
		r = start_load(start, err);
	for (size_t i = 0; i < ARRAY_SIZE(describe_steps) && !r; i++)
		r = describe_steps[i](start, err);
	if (r)
		return r;
	start_pretend(start);
	r = start_plan(start, err);
	if (!r)
		r = launch_check_rights(&start->plan, err);
	/* pretended descriptors are nobody's to close */
	for (unsigned int i = 0; i < start->vm.n_nics; i++)
		start->taps[i] = (struct tap)TAP_INIT;
	start->qmp = start->console = start->console_log = start->seed = start->running_lock = -1;
	if (start->disks.uefi_vars == PRETENDED_FD)
		start->disks.uefi_vars = -1;
	return r;
}

/* One option with its value a line, as a shell would read it. */
static void argv_lines(const struct strv *argv, struct strv *ret)
{
	for (size_t at = 0; at < argv->n;) {
		size_t len = qemu_args_option_len(argv, at);
		struct buf line = BUF_INIT;

		for (size_t i = 0; i < len; i++) {
			buf_puts(&line, i ? " " : "");
			quote_word(&line, argv->v[at + i]);
		}
		strv_push_take(ret, buf_steal(&line));
		at += len;
	}
}

int vm_start_command(const struct vm_host *host, const char *name, struct strv *ret,
		     struct error *err)
{
	AUTO(start_done) struct start start;
	int r;

	start_init(&start, host);
	r = describe_plan(&start, name, err);
	if (!r)
		argv_lines(&start.argv, ret);
	return r;
}

static void describe_files(const struct start *start, struct buf *out)
{
	const char *run_dir = start->host->config.run_dir;
	const char *name = start->dir.name;

	buf_printf(out, "write %s/%s/{process,log,console.log,seed.iso}\n", run_dir, name);
	buf_printf(out, "write %s/vms/%s/vm.pid\n", start->host->config.state_dir, name);
	buf_printf(out, "listen %s/%s/{%s,%s}\n", run_dir, name, QMP_SOCKET, CONSOLE_SOCKET);
	if (vm_config_screen(&start->vm) == SCREEN_UNIX)
		buf_printf(out, "listen %s/%s/%s\n", run_dir, name, VNC_SOCKET);
	else if (vm_config_screen(&start->vm) == SCREEN_TCP)
		buf_printf(out, "listen %s port %u\n", start->vm.vnc, start->vm.vnc_port);
}

static void describe_layers(unsigned int lacking, struct buf *out)
{
	buf_puts(out, "confine in ");
	layers_format(LAYERS_ALL & ~LAYER_BIT(LAYER_CGROUP) & ~lacking, out);
	if (lacking) {
		buf_puts(out, "; the host lacks ");
		layers_format(lacking, out);
	}
	buf_puts(out, "\n");
}

/* A VM of the Go edition has no uid yet. */
static void describe_identity(const struct start *start, unsigned int lacking, struct buf *out)
{
	if (launch_mode() == LAUNCH_AS_USER && lacking & LAYER_BIT(LAYER_PID))
		buf_printf(out, "confine uid %u", geteuid());
	else if (launch_mode() == LAUNCH_AS_USER)
		buf_printf(out, "confine uid %u in a user namespace", geteuid());
	else if (start->vm.uid)
		buf_printf(out, "confine uid %u", start->vm.uid);
	else
		buf_printf(out, "confine a uid from %u on", start->host->config.uid_base);
	buf_puts(out, ", no further groups, no capabilities, no new privileges\n");
}

static void describe_argv(const struct strv *argv, struct buf *out)
{
	AUTO_STRV lines = STRV_INIT;

	argv_lines(argv, &lines);
	for (size_t i = 0; i < lines.n; i++)
		buf_printf(out, "%s%s\n", i ? "    " : "run ", lines.v[i]);
}

int vm_start_describe(const struct vm_host *host, const char *name, struct buf *out,
		      struct error *err)
{
	unsigned int lacking = launch_lacking(launch_mode());
	AUTO(start_done) struct start start;
	int r;

	start_init(&start, host);
	r = describe_plan(&start, name, err);
	if (r)
		return r;
	describe_files(&start, out);
	for (unsigned int i = 0; i < start.vm.n_nics; i++) {
		struct nic_spec spec;

		nic_spec_init(&spec, name, &start.vm, i);
		tap_describe(&start.bridges[i], &spec.tap, out);
	}
	describe_identity(&start, lacking, out);
	describe_layers(lacking, out);
	start_describe_limits(&start, out);
	describe_argv(&start.argv, out);
	return 0;
}
