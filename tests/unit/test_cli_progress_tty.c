/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line of a transfer on a terminal: a child of ours draws on one of the kernel's. */
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "../../src/cli/progress.h"
#include "suite.h"

static const uint64_t mib = (uint64_t)1 << 20;

/* No time passes: what is told at the end took "0s" on a machine of any speed. */
int64_t __wrap_clock_ms(void);
int64_t __wrap_clock_ms(void)
{
	return 4711;
}

static void plain_note(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "%s\n", text);
}

/* What body prints on a terminal of so many columns, and how it ends. Freed by the caller. */
static char *on_terminal(unsigned short columns, const char *term, void (*body)(struct cli *),
			 int *ret_status)
{
	const struct winsize size = { .ws_row = 24, .ws_col = columns };
	struct cli cli = { .tty = true, .host = { .note = plain_note } };
	struct buf text = BUF_INIT;
	char chunk[512];
	int master;
	ssize_t n;
	pid_t pid = forkpty(&master, NULL, NULL, &size);

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		/* libcheck's own handlers */
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		setenv("TERM", term, 1);
		body(&cli);
		_exit(0);
	}
	while ((n = read(master, chunk, sizeof(chunk))) > 0)
		buf_add(&text, chunk, (size_t)n);
	close(master);
	ck_assert_int_eq(waitpid(pid, ret_status, 0), pid);
	return buf_steal(&text);
}

static void tell(struct progress *progress, enum vm_pull_phase phase, uint64_t done,
		 uint64_t resumed)
{
	const struct vm_pull_options *options = progress_options(progress);
	const struct vm_pull_progress now = { .name = "debian-13",
					      .phase = phase,
					      .done = done * mib,
					      .total = 400 * mib,
					      .resumed = resumed * mib };

	options->progress(options->arg, &now);
}

static size_t count(const char *text, char wanted)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == wanted;
	return n;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && !strcmp(text + len - n, end);
}

/* A whole pull, whose end is told by whoever calls. */
static void pull(struct progress *progress)
{
	tell(progress, PULL_DIGEST, 0, 0);
	tell(progress, PULL_RESUME, 100, 100);
	tell(progress, PULL_DOWNLOAD, 100, 100);
	tell(progress, PULL_DOWNLOAD, 400, 100);
	tell(progress, PULL_CHECK, 400, 0);
}

static void draw_all(struct cli *cli)
{
	struct progress progress = { .cli = NULL };
	const struct vm_pulled pulled = { .name = "debian-13-x", .fresh = true, .received = 1 };

	progress_begin(&progress, cli);
	pull(&progress);
	progress_pulled(&progress, "debian-13", &pulled);
	progress_end(&progress);
}

START_TEST(test_one_line_in_place)
{
	int status;
	AUTO_FREE char *text = on_terminal(80, "xterm", draw_all, &status);

	ck_assert_int_eq(status, 0);
	ck_assert_ptr_eq(strstr(text, "\rdebian-13 fetching its digest"), text);
	ck_assert_ptr_nonnull(strstr(text, "\033[K\rdebian-13 downloading ["));
	ck_assert_ptr_nonnull(strstr(text, "\033[K\rdebian-13 checking ["));
	ck_assert_uint_eq(count(text, '\n'), 1);
	ck_assert_msg(ends_with(text, "\033[K\r\033[Kdebian-13: pulled debian-13-x, 1 in 0s\r\n"),
		      "%s", text);
}
END_TEST

static void draw_often(struct cli *cli)
{
	struct progress progress = { .cli = NULL };

	progress_begin(&progress, cli);
	for (unsigned int i = 0; i < 20000; i++)
		tell(&progress, PULL_DOWNLOAD, i / 50, 0);
	progress_end(&progress);
}

/* As often as the kernel delivers a piece would be more than an eye, or a slow line, takes. */
START_TEST(test_not_every_piece_is_drawn)
{
	int status;
	AUTO_FREE char *text = on_terminal(80, "xterm", draw_often, &status);

	ck_assert_uint_ge(count(text, '\r'), 2);
	ck_assert_uint_lt(count(text, '\r'), 1000);
	ck_assert_uint_eq(count(text, '\n'), 0);
	ck_assert(ends_with(text, "\r\033[K"));
}
END_TEST

static void assert_fits(unsigned short columns, size_t width)
{
	int status;
	AUTO_FREE char *text = on_terminal(columns, "xterm", draw_often, &status);
	char *state, *line = strtok_r(text, "\r", &state);

	ck_assert_ptr_nonnull(line);
	for (; line; line = strtok_r(NULL, "\r", &state))
		ck_assert_msg(strlen(line) <= width + strlen("\033[K"), "%zu: %s", width, line);
}

START_TEST(test_no_wider_than_the_terminal)
{
	assert_fits(80, 79);
	assert_fits(30, 29);
	assert_fits(2, 1);
	assert_fits(1, 0);
	assert_fits(0, 79); /* it does not say */
}
END_TEST

static void note_between(struct cli *cli)
{
	struct progress progress = { .cli = NULL };

	progress_begin(&progress, cli);
	tell(&progress, PULL_DOWNLOAD, 1, 0);
	cli->host.note(cli->host.note_context, "another mirror");
	tell(&progress, PULL_DOWNLOAD, 2, 0);
	progress_end(&progress);
	cli->host.note(cli->host.note_context, "later");
}

START_TEST(test_notes_stand_alone)
{
	int status;
	AUTO_FREE char *text = on_terminal(80, "xterm", note_between, &status);

	ck_assert_int_eq(status, 0);
	ck_assert_ptr_nonnull(strstr(text, "\033[K\r\033[Kanother mirror\r\n\rdebian-13 "));
	ck_assert(ends_with(text, "\r\033[Klater\r\n"));
}
END_TEST

static void draw_quietly(struct cli *cli)
{
	cli->quiet = true;
	draw_all(cli);
}

static void draw_into_a_pipe(struct cli *cli)
{
	cli->tty = false;
	draw_all(cli);
}

START_TEST(test_only_where_it_is_wanted)
{
	int status;
	AUTO_FREE char *quiet = on_terminal(80, "xterm", draw_quietly, &status);
	AUTO_FREE char *pipe = on_terminal(80, "xterm", draw_into_a_pipe, &status);
	AUTO_FREE char *dumb = on_terminal(80, "dumb", draw_all, &status);

	ck_assert_str_eq(quiet, "");
	ck_assert_str_eq(pipe, "debian-13: pulled debian-13-x, 1 in 0s\r\n");
	ck_assert_str_eq(dumb, "debian-13: pulled debian-13-x, 1 in 0s\r\n");
}
END_TEST

static void die(struct cli *cli)
{
	struct progress progress = { .cli = NULL };

	progress_begin(&progress, cli);
	tell(&progress, PULL_DOWNLOAD, 1, 0);
	raise(SIGINT);
}

static void die_before_a_byte(struct cli *cli)
{
	struct progress progress = { .cli = NULL };

	progress_begin(&progress, cli);
	tell(&progress, PULL_DOWNLOAD, 1, 0);
	tell(&progress, PULL_DIGEST, 0, 0);
	raise(SIGINT);
}

static void die_in_a_check(struct cli *cli)
{
	struct progress progress = { .cli = NULL };

	progress_begin(&progress, cli);
	tell(&progress, PULL_DOWNLOAD, 1, 0);
	progress_end(&progress);
	progress_begin(&progress, cli);
	progress_name(&progress, "mine");
	progress_bytes(&progress, 1, 2);
	raise(SIGTERM);
}

static void die_without_a_line(struct cli *cli)
{
	struct progress progress = { .cli = NULL };

	progress_begin(&progress, cli);
	raise(SIGTERM);
}

static void die_after_the_end(struct cli *cli)
{
	draw_all(cli);
	raise(SIGINT);
}

/* As by the signal alone, but what the shell prints next begins a line. */
START_TEST(test_signals)
{
	int status;
	AUTO_FREE char *line = on_terminal(80, "xterm", die, &status);
	AUTO_FREE char *none = NULL, *after = NULL, *early = NULL, *check = NULL;

	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	ck_assert_msg(ends_with(line, "\033[K\r\nwhat came stays, and this goes on there: "
				      "mnmivm-se image pull debian-13\r\n"),
		      "%s", line);
	early = on_terminal(80, "xterm", die_before_a_byte, &status);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	ck_assert_msg(ends_with(early, "\033[K\r\n"), "%s", early);
	check = on_terminal(80, "xterm", die_in_a_check, &status);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	ck_assert_msg(ends_with(check, "\033[K\r\n"), "%s", check);
	none = on_terminal(80, "xterm", die_without_a_line, &status);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	ck_assert_str_eq(none, "");
	after = on_terminal(80, "xterm", die_after_the_end, &status);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	ck_assert(ends_with(after, "in 0s\r\n"));
}
END_TEST

static void survive(struct cli *cli)
{
	struct progress progress = { .cli = NULL };

	signal(SIGHUP, SIG_IGN);
	progress_begin(&progress, cli);
	tell(&progress, PULL_DOWNLOAD, 1, 0);
	raise(SIGHUP);
	progress_end(&progress);
	raise(SIGHUP);
}

/* nohup(1) */
START_TEST(test_what_is_ignored_stays_so)
{
	int status;
	AUTO_FREE char *text = on_terminal(80, "xterm", survive, &status);

	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(count(text, '\n'), 0);
}
END_TEST

static void pull_and_end(struct cli *cli)
{
	struct progress progress = { .cli = NULL };

	progress_begin(&progress, cli);
	pull(&progress);
	progress_end(&progress);
	progress_end(&progress);
}

static void break_off(struct cli *cli)
{
	struct progress progress = { .cli = NULL };

	progress_begin(&progress, cli);
	tell(&progress, PULL_DOWNLOAD, 300, 100);
	progress_end(&progress);
}

static void find_it_here(struct cli *cli)
{
	struct progress progress = { .cli = NULL };

	progress_begin(&progress, cli);
	tell(&progress, PULL_DIGEST, 0, 0);
	tell(&progress, PULL_CHECK, 0, 0);
	progress_end(&progress);
}

/* For who cannot tell it: once, without what was there before, and of a whole download only. */
START_TEST(test_a_download_is_told_at_the_end)
{
	int status;
	AUTO_FREE char *whole = on_terminal(80, "dumb", pull_and_end, &status);
	AUTO_FREE char *broken = on_terminal(80, "dumb", break_off, &status);
	AUTO_FREE char *here = on_terminal(80, "dumb", find_it_here, &status);

	ck_assert_str_eq(whole, "debian-13: downloaded, 300M in 0s\r\n");
	ck_assert_str_eq(broken, "");
	ck_assert_str_eq(here, "");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli_progress_tty");
	TCase *tc = tcase_create("terminal");

	tcase_add_test(tc, test_one_line_in_place);
	tcase_add_test(tc, test_not_every_piece_is_drawn);
	tcase_add_test(tc, test_no_wider_than_the_terminal);
	tcase_add_test(tc, test_notes_stand_alone);
	tcase_add_test(tc, test_only_where_it_is_wanted);
	tcase_add_test(tc, test_signals);
	tcase_add_test(tc, test_what_is_ignored_stays_so);
	tcase_add_test(tc, test_a_download_is_told_at_the_end);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
