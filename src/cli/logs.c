/* SPDX-License-Identifier: GPL-2.0-or-later */
/* logs and show-cmd: what happened, and what is run. */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "vm/console.h"
#include "vm/start.h"
#include "vm/status.h"
#include "commands.h"
#include "terminal.h"

enum { CHUNK = 8192, FOLLOW_MS = 200 };

/* A guest writes what it likes: on a terminal its escape sequences are left out. */
static void print_rest(int fd, struct terminal_filter *filter)
{
	char chunk[CHUNK];
	ssize_t len;

	while ((len = read(fd, chunk, sizeof(chunk))) > 0) {
		size_t kept = (size_t)len;

		if (filter)
			kept = terminal_filter(filter, chunk, kept);
		fwrite(chunk, 1, kept, stdout);
	}
	fflush(stdout);
}

/* The file is not replaced while its VM runs, so reading on at the same place is enough. */
static void follow(struct cli *cli, const char *name, int fd, struct terminal_filter *filter)
{
	const struct timespec pause = { .tv_nsec = FOLLOW_MS * 1000000L };

	while (vm_is_alive(&cli->host, name) && !ferror(stdout)) {
		nanosleep(&pause, NULL);
		print_rest(fd, filter);
	}
	print_rest(fd, filter); /* its last words */
}

static int print_log(struct cli *cli, const char *name, enum vm_log which, bool keep_on,
		     struct error *err)
{
	struct terminal_filter filter = { .state = 0 };
	struct terminal_filter *used = isatty(STDOUT_FILENO) ? &filter : NULL;
	AUTO_CLOSE int fd = -1;
	int r = vm_log_open(&cli->host, name, which, &fd, err);

	if (r)
		return r < 0 ? r : 0;
	print_rest(fd, used);
	if (keep_on)
		follow(cli, name, fd, used);
	return 0;
}

static int run_logs(struct cli *cli, const struct cli_args *args, struct error *err)
{
	bool only_qemu = cli_flag(args, "qemu");
	bool only_console = cli_flag(args, "console");
	bool keep_on = cli_flag(args, "follow");
	const char *name = args->words.v[0];
	int r = 0;

	if (only_qemu && only_console)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--qemu and --console exclude each other");
	if (!only_console)
		r = print_log(cli, name, VM_LOG_QEMU, keep_on && only_qemu, err);
	if (!r && !only_qemu)
		r = print_log(cli, name, VM_LOG_CONSOLE, keep_on, err);
	return r;
}

static const struct cli_option logs_options[] = {
	{ .name = "follow", .letter = 'f', .help = "go on as long as the VM runs" },
	{ .name = "qemu", .help = "only QEMU's messages" },
	{ .name = "console", .help = "only the serial console" },
	{ .name = NULL },
};

const struct command command_logs = {
	.name = "logs",
	.words = "NAME",
	.min_words = 1,
	.max_words = 1,
	.summary = "QEMU's messages and the serial console of this or the last run",
	.options = logs_options,
	.run = run_logs,
};

static int run_show_cmd(struct cli *cli, const struct cli_args *args, struct error *err)
{
	AUTO_STRV lines = STRV_INIT;
	int r = vm_start_command(&cli->host, args->words.v[0], &lines, err);

	for (size_t i = 0; i < lines.n; i++)
		puts(lines.v[i]);
	return r;
}

const struct command command_show_cmd = {
	.name = "show-cmd",
	.words = "NAME",
	.min_words = 1,
	.max_words = 1,
	.summary = "the QEMU command, one option a line",
	.run = run_show_cmd,
};
