/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line of a transfer on a terminal. */
#include "progress.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/process.h"
#include "options.h"

enum { DRAW_EVERY_MS = 100, WIDTH_DEFAULT = 80, NO_PHASE = -1 };

static const char *const phase_words[] = {
	[PULL_DIGEST] = "fetching its digest", [PULL_WAIT] = "waiting for another pull",
	[PULL_RESUME] = "reading what came",   [PULL_DOWNLOAD] = "downloading",
	[PULL_UNPACK] = "unpacking",	       [PULL_CHECK] = "checking",
};

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP };

/* Whether a line stands there, for a signal's handler: there is one terminal. */
static volatile sig_atomic_t line_stands;

/* How to go on with what is under way, for the same handler; it changes while its length is 0. */
static char advice[NAME_MAX_LEN + 80];
static volatile sig_atomic_t advice_len;

/* What the shell prints next is to begin a line. By SA_RESETHAND raise() ends the program. */
static void end_line(int signal)
{
	ssize_t n = line_stands ? write(STDERR_FILENO, "\n", 1) : 0;

	if (n > 0 && advice_len)
		n = write(STDERR_FILENO, advice, (size_t)advice_len);
	(void)n;
	raise(signal);
}

/* From here on there are bytes that a later pull need not fetch. */
static void advise(const char *name, enum vm_pull_phase phase)
{
	int len;

	advice_len = 0;
	if (phase < PULL_RESUME)
		return;
	atomic_signal_fence(memory_order_seq_cst);
	len = snprintf(advice, sizeof(advice),
		       "what came stays, and this goes on there: mnmivm-se image pull %s\n", name);
	atomic_signal_fence(memory_order_seq_cst);
	if (len > 0 && (size_t)len < sizeof(advice))
		advice_len = len;
}

/* Each from old where it is as new handler; what is ignored, or another's, stays. */
static void swap_handlers(void (*old)(int), void (*new)(int))
{
	for (size_t i = 0; i < ARRAY_SIZE(ending_signals); i++) {
		struct sigaction action;

		if (sigaction(ending_signals[i], NULL, &action) < 0 || action.sa_handler != old)
			continue;
		action = (struct sigaction){ .sa_handler = new };
		/* SA_NODEFER: raise() in the handler acts at once */
		if (new != SIG_DFL)
			action.sa_flags = SA_RESETHAND | SA_NODEFER;
		sigaction(ending_signals[i], &action, NULL);
	}
}

/* One less than there are: a character in the last column makes some terminals begin a new line. */
static size_t terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return WIDTH_DEFAULT - 1;
	return size.ws_col - 1u;
}

/* Over what stands there and in one write, so that nothing flickers. */
static void draw(struct progress *progress, const struct progress_line *line)
{
	AUTO_BUF text = BUF_INIT;

	buf_puts(&text, "\r");
	progress_format(line, terminal_width(), &text);
	buf_puts(&text, "\033[K");
	progress->shown = true;
	line_stands = 1;
	fwrite(text.data, 1, text.len, stderr);
	fflush(stderr);
}

static void clear(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
	line_stands = 0;
	progress->drawn_ms = 0;
}

static void note_above(void *context, const char *text)
{
	struct progress *progress = context;

	clear(progress);
	progress->note(progress->note_context, text);
}

/* counted: of done, what comes now and makes the rate. */
static void show(struct progress *progress, const char *phase, uint64_t done, uint64_t total,
		 uint64_t counted)
{
	int64_t now_ms = clock_ms();
	struct progress_line line = {
		.name = progress->name, .phase = phase, .done = done, .total = total
	};

	line.rate = progress_rate_add(&progress->rate, now_ms, counted);
	if (!progress->draws || (progress->drawn_ms && now_ms - progress->drawn_ms < DRAW_EVERY_MS))
		return;
	progress->drawn_ms = now_ms;
	draw(progress, &line);
}

/* Mirrors may take turns: what came is counted over all of them. */
static void count_received(struct progress *progress, uint64_t bytes)
{
	int64_t now_ms = clock_ms();

	if (!progress->receive_ms)
		progress->receive_ms = now_ms;
	progress->received_ms = now_ms;
	progress->received = bytes;
}

static void show_pull(void *arg, const struct vm_pull_progress *pull)
{
	struct progress *progress = arg;
	uint64_t resumed = pull->phase == PULL_DOWNLOAD ? pull->resumed : 0;
	uint64_t counted = pull->done > resumed ? pull->done - resumed : 0;

	if (progress->phase != (int)pull->phase || strcmp(progress->name, pull->name) != 0) {
		progress_name(progress, pull->name);
		progress->phase = pull->phase;
		advise(progress->name, pull->phase);
	}
	if (pull->phase == PULL_DOWNLOAD)
		count_received(progress, counted);
	show(progress, phase_words[pull->phase], pull->done, pull->total, counted);
}

void progress_begin(struct progress *progress, struct cli *cli)
{
	const char *term = getenv("TERM");

	*progress = (struct progress){
		.cli = cli,
		.options = { .progress = show_pull, .arg = progress },
		.draws = cli->tty && !cli->quiet && term && strcmp(term, "dumb") != 0,
		.note = cli->host.note,
		.note_context = cli->host.note_context,
		.phase = NO_PHASE,
	};
	if (!progress->draws)
		return;
	if (progress->note) {
		cli->host.note = note_above;
		cli->host.note_context = progress;
	}
	swap_handlers(SIG_DFL, end_line);
}

const struct vm_pull_options *progress_options(struct progress *progress)
{
	return &progress->options;
}

void progress_name(struct progress *progress, const char *name)
{
	snprintf(progress->name, sizeof(progress->name), "%s", name);
	progress->rate = (struct progress_rate){ .n = 0 };
	progress->drawn_ms = 0;
}

void progress_bytes(void *arg, uint64_t done, uint64_t total)
{
	show(arg, "", done, total, done);
}

void progress_pulled(struct progress *progress, const char *entry, const struct vm_pulled *pulled)
{
	AUTO_BUF sum = BUF_INIT;

	clear(progress);
	progress->told = true;
	progress_format_sum(pulled->received, progress->received_ms - progress->receive_ms, &sum);
	if (!pulled->fresh)
		say(progress->cli, "%s: %s is the newest, and is here", entry, pulled->name);
	else
		say(progress->cli, "%s: pulled %s, %s", entry, pulled->name, buf_str(&sum));
}

void progress_end(struct progress *progress)
{
	AUTO_BUF sum = BUF_INIT;

	if (!progress->cli)
		return;
	clear(progress);
	if (progress->draws) {
		progress->cli->host.note = progress->note;
		progress->cli->host.note_context = progress->note_context;
		swap_handlers(end_line, SIG_DFL);
	}
	progress_format_sum(progress->received, progress->received_ms - progress->receive_ms, &sum);
	if (progress->received && !progress->told && progress->phase > (int)PULL_DOWNLOAD)
		say(progress->cli, "%s: downloaded, %s", progress->name, buf_str(&sum));
	advice_len = 0;
	progress->cli = NULL;
}
