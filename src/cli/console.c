/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console: the guest's serial line on this terminal. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "vm/console.h"
#include "commands.h"
#include "options.h"

enum { ESCAPE = 0x1d, CHUNK = 4096 }; /* Ctrl-] */

static int set_raw(struct termios *saved)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, saved) < 0)
		return 0;
	raw = *saved;
	cfmakeraw(&raw);
	return tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

/* What the user types goes to the guest; 0 when Ctrl-] or the end of the input came. */
static int forward_input(int fd)
{
	char chunk[CHUNK];
	ssize_t len = read(STDIN_FILENO, chunk, sizeof(chunk));
	char *escape;

	if (len <= 0)
		return 0;
	escape = memchr(chunk, ESCAPE, (size_t)len);
	if (escape)
		len = escape - chunk;
	if (fd_write_all(fd, chunk, (size_t)len) < 0)
		return 0;
	return !escape;
}

static int forward_output(int fd)
{
	char chunk[CHUNK];
	ssize_t len = read(fd, chunk, sizeof(chunk));

	return len > 0 && !fd_write_all(STDOUT_FILENO, chunk, (size_t)len);
}

/* 1: the user left; 0: the guest's side ended. */
static int converse(int fd)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = fd, .events = POLLIN } };

	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0) {
			if (errno == EINTR)
				continue;
			return 0;
		}
		if (fds[1].revents && !forward_output(fd))
			return 0;
		if (fds[0].revents && !forward_input(fd))
			return 1;
	}
}

static int run_console(struct cli *cli, const struct cli_args *args, struct error *err)
{
	const char *name = args->words.v[0];
	struct termios saved;
	AUTO_CLOSE int fd = -1;
	int r = vm_console_open(&cli->host, name, &fd, err);
	int raw, left;

	if (r)
		return r;
	say(cli, "%s: connected to the serial console; Ctrl-] leaves", name);
	raw = set_raw(&saved);
	left = converse(fd);
	if (raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	say(cli, "\n%s: %s", name, left ? "left the console" : "the console was closed");
	return 0;
}

const struct command command_console = {
	.name = "console",
	.words = "NAME",
	.min_words = 1,
	.max_words = 1,
	.summary = "the serial console; Ctrl-] leaves",
	.run = run_console,
};
