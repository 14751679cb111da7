/* SPDX-License-Identifier: GPL-2.0-or-later */
/* start, run, stop, restart, pause, resume, wait. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/parse.h"
#include "vm/start.h"
#include "vm/status.h"
#include "vm/stop.h"
#include "commands.h"
#include "each.h"
#include "options.h"

enum { START_PARALLEL = 4, STOP_PARALLEL = 64 };

static int print_start_plan(struct cli *cli, const char *name, bool several, struct error *err)
{
	AUTO_BUF text = BUF_INIT;
	int r = vm_start_describe(&cli->host, name, &text, err);

	if (r)
		return error_prefix(err, "%s", name);
	if (several && !cli->json)
		printf("%s:\n", name);
	print_plan(cli, buf_str(&text));
	return 0;
}

static int wait_if_wanted(struct cli *cli, const char *name, const struct cli_args *args,
			  struct error *err)
{
	unsigned int timeout_s = WAIT_TIMEOUT_S;
	enum vm_wait_for what;
	bool wanted;
	int r = option_wait(args, &wanted, &what, err);

	if (!r)
		r = option_timeout(args, WAIT_TIMEOUT_S, &timeout_s, err);
	if (r || !wanted)
		return r;
	r = vm_wait(&cli->host, name, what, timeout_s, err);
	if (!r)
		say(cli, "%s: ready (%s)", name, vm_wait_words[what]);
	return r;
}

/* What cannot be waited for is said before the VM has started. */
static int check_wait(struct cli *cli, const char *name, const struct cli_args *args,
		      struct error *err)
{
	enum vm_wait_for what;
	bool wanted;
	int r = option_wait(args, &wanted, &what, err);

	return r || !wanted ? r : vm_wait_check(&cli->host, name, what, err);
}

static int start_one(struct cli *cli, const char *name, const struct cli_args *args,
		     struct error *err)
{
	const struct vm_start_options options = {
		.paused = cli_flag(args, "paused"),
		.no_probe = cli_flag(args, "no-probe"),
	};
	int r;

	if (cli_flag(args, "dry-run"))
		return print_start_plan(cli, name, args->words.n != 1, err);
	r = check_wait(cli, name, args, err);
	if (r)
		return error_prefix(err, "%s", name);
	r = vm_start(&cli->host, name, &options, err);
	if (r < 0)
		return error_prefix(err, "%s", name);
	say(cli, "%s: %s", name,
	    r == VM_ALREADY  ? "already running"
	    : options.paused ? "started, paused"
			     : "started");
	return options.paused ? 0 : wait_if_wanted(cli, name, args, err);
}

static int check_start_options(const struct cli_args *args, struct error *err)
{
	if (cli_flag(args, "paused") && cli_flag(args, "wait"))
		return error_set(
			err, ERROR_USAGE, EINVAL,
			"--paused and --wait exclude each other: a paused guest gets nowhere");
	if (cli_flag(args, "timeout") && !cli_flag(args, "wait"))
		return error_set(err, ERROR_USAGE, EINVAL, "--timeout goes with --wait");
	return 0;
}

static int run_start(struct cli *cli, const struct cli_args *args, struct error *err)
{
	enum vm_wait_for what;
	bool wanted;
	unsigned int timeout_s;
	/* a typing error must show before the first VM has started */
	int r = check_start_options(args, err);

	if (!r)
		r = option_wait(args, &wanted, &what, err);
	if (!r)
		r = option_timeout(args, 0, &timeout_s, err);
	/* plans that are printed at the same time would mix */
	return r ? r
		 : each_vm(cli, "start", args, cli_flag(args, "dry-run") ? 1 : START_PARALLEL,
			   start_one, err);
}

#define OPTION_ALL                                                                                 \
	{                                                                                          \
		.name = "all", .help = "every VM"                                                  \
	}
#define OPTION_NO_PROBE                                                                            \
	{                                                                                          \
		.name = "no-probe", .help = "do not ask the LAN who has its addresses"             \
	}
#define OPTION_DRY_RUN                                                                             \
	{                                                                                          \
		.name = "dry-run", .help = "print what would be done, change nothing"              \
	}

static const struct cli_option start_options[] = {
	OPTION_ALL,
	{ .name = "paused", .help = "leave the guest paused; resume lets it go" },
	OPTION_NO_PROBE,
	{ .name = "wait",
	  .value = "ip|ssh|cloud-init",
	  .value_optional = true,
	  .help = "then wait for the guest (ssh when nothing is said)" },
	{ .name = "timeout", .value = "S", .help = "seconds for --wait (300)" },
	OPTION_DRY_RUN,
	{ .name = NULL },
};

const struct command command_start = {
	.name = "start",
	.words = "NAME...",
	.max_words = (size_t)-1,
	.writes = true,
	.summary = "start VMs; returns when the guests run",
	.options = start_options,
	.run = run_start,
};

/* SIGTERM and SIGINT become a power button; QEMU gets its own signal mask in jail. */
static int stop_signals(int *ret_fd, struct error *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return error_errno(err, errno, "block signals");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return error_errno(err, errno, "listen for signals");
	*ret_fd = fd;
	return 0;
}

static int run_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
	const struct vm_start_options options = { .no_probe = cli_flag(args, "no-probe") };
	AUTO_CLOSE int stop_fd = -1;
	int r = stop_signals(&stop_fd, err);

	if (!r)
		r = vm_run(&cli->host, args->words.v[0], &options, stop_fd, err);
	return r < 0 ? error_prefix(err, "%s", args->words.v[0]) : r;
}

static const struct cli_option run_options[] = { OPTION_NO_PROBE, { .name = NULL } };

const struct command command_run = {
	.name = "run",
	.words = "NAME",
	.min_words = 1,
	.max_words = 1,
	.writes = true,
	.summary = "start a VM and stay in the foreground until it ends",
	.options = run_options,
	.run = run_run,
};

static int stop_read_options(const struct cli_args *args, struct vm_stop_options *ret,
			     struct error *err)
{
	*ret = (struct vm_stop_options){
		.force = cli_flag(args, "force"),
		.has_timeout = cli_flag(args, "timeout"),
	};
	return option_timeout(args, 0, &ret->timeout_s, err);
}

static int stop_one(struct cli *cli, const char *name, const struct cli_args *args,
		    struct error *err)
{
	struct vm_stop_options options;
	int r = stop_read_options(args, &options, err);

	if (!r)
		r = vm_stop(&cli->host, name, &options, err);
	if (r < 0)
		return error_prefix(err, "%s", name);
	say(cli, "%s: %s", name, r == VM_ALREADY ? "already stopped" : "stopped");
	return 0;
}

static int run_stop(struct cli *cli, const struct cli_args *args, struct error *err)
{
	return each_vm(cli, "stop", args, STOP_PARALLEL, stop_one, err);
}

static const struct cli_option stop_options[] = {
	OPTION_ALL,
	{ .name = "force", .letter = 'f', .help = "do not ask the guest: quit, then kill" },
	{ .name = "timeout",
	  .value = "S",
	  .help = "seconds to wait for the guest (stop_timeout); with --force it is asked first" },
	{ .name = NULL },
};

const struct command command_stop = {
	.name = "stop",
	.words = "NAME...",
	.max_words = (size_t)-1,
	.writes = true,
	.summary = "shut guests down; without --force a guest is never harmed",
	.options = stop_options,
	.run = run_stop,
};

static int restart_one(struct cli *cli, const char *name, const struct cli_args *args,
		       struct error *err)
{
	struct vm_stop_options options;
	int r = stop_read_options(args, &options, err);

	/* --all is for what runs: it is no way to start everything */
	if (!r && cli_flag(args, "all") && !vm_is_alive(&cli->host, name))
		return 0;
	if (!r)
		r = vm_restart(&cli->host, name, &options, err);
	if (r < 0)
		return error_prefix(err, "%s", name);
	say(cli, "%s: %s", name, r == VM_ALREADY ? "was stopped, started" : "restarted");
	return 0;
}

static int run_restart(struct cli *cli, const struct cli_args *args, struct error *err)
{
	return each_vm(cli, "restart", args, 1, restart_one, err);
}

const struct command command_restart = {
	.name = "restart",
	.words = "NAME...",
	.max_words = (size_t)-1,
	.writes = true,
	.summary = "stop and start VMs",
	.options = stop_options,
	.run = run_restart,
};

static int pause_one(struct cli *cli, const char *name, const struct cli_args *args,
		     struct error *err)
{
	int r = vm_pause(&cli->host, name, err);

	(void)args;
	if (r >= 0)
		say(cli, "%s: %s", name, r == VM_ALREADY ? "already paused" : "paused");
	return r < 0 ? r : 0;
}

static int run_pause(struct cli *cli, const struct cli_args *args, struct error *err)
{
	return each_vm(cli, "pause", args, 1, pause_one, err);
}

static const struct cli_option all_options[] = { OPTION_ALL, { .name = NULL } };

const struct command command_pause = {
	.name = "pause",
	.words = "NAME...",
	.max_words = (size_t)-1,
	.writes = true,
	.summary = "freeze guests",
	.options = all_options,
	.run = run_pause,
};

static int resume_one(struct cli *cli, const char *name, const struct cli_args *args,
		      struct error *err)
{
	int r = vm_resume(&cli->host, name, err);

	(void)args;
	if (r >= 0)
		say(cli, "%s: %s", name, r == VM_ALREADY ? "already running" : "resumed");
	return r < 0 ? r : 0;
}

static int run_resume(struct cli *cli, const struct cli_args *args, struct error *err)
{
	return each_vm(cli, "resume", args, 1, resume_one, err);
}

const struct command command_resume = {
	.name = "resume",
	.words = "NAME...",
	.max_words = (size_t)-1,
	.writes = true,
	.summary = "let paused guests go on",
	.options = all_options,
	.run = run_resume,
};

static int run_wait(struct cli *cli, const struct cli_args *args, struct error *err)
{
	const char *text = cli_value(args, "for");
	unsigned int timeout_s = WAIT_TIMEOUT_S;
	int what = VM_WAIT_SSH;
	int r = text ? parse_choice("'--for'", text, vm_wait_words, &what, err) : 0;

	if (!r)
		r = option_timeout(args, WAIT_TIMEOUT_S, &timeout_s, err);
	if (!r)
		r = vm_wait(&cli->host, args->words.v[0], (enum vm_wait_for)what, timeout_s, err);
	if (!r)
		say(cli, "%s: %s (%s)", args->words.v[0],
		    what == VM_WAIT_STOPPED ? "done" : "ready", vm_wait_words[what]);
	return r;
}

static const struct cli_option wait_options[] = {
	{ .name = "for", .value = "ip|ssh|cloud-init|stopped", .help = "what to wait for (ssh)" },
	{ .name = "timeout", .value = "S", .help = "seconds before giving up (300)" },
	{ .name = NULL },
};

const struct command command_wait = {
	.name = "wait",
	.words = "NAME",
	.min_words = 1,
	.max_words = 1,
	.summary = "wait until a guest is of use",
	.options = wait_options,
	.run = run_wait,
};
