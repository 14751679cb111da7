/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watch a child of ours to its end: what it says, how it ends, and that nothing is left. */
#include "base/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/process.h"

enum { READ_CHUNK = 4096 };

/* The end of a stream; its beginning is of no interest. */
struct tail {
	char data[4096];
	size_t len;
};

_Static_assert(READ_CHUNK <= sizeof(((struct tail *)NULL)->data), "a chunk fits into the tail");

static void tail_add(struct tail *tail, const char *data, size_t len)
{
	size_t room = sizeof(tail->data) - tail->len;
	size_t drop = len > room ? len - room : 0;

	memmove(tail->data, tail->data + drop, tail->len - drop);
	tail->len -= drop;
	memcpy(tail->data + tail->len, data, len);
	tail->len += len;
}

/* The last line, which is where programs say why. */
static const char *tail_line(struct tail *tail)
{
	char *line;

	while (tail->len && strchr("\r\n\t ", tail->data[tail->len - 1]))
		tail->len--;
	/* len may be all of data: then the last byte goes */
	if (tail->len == sizeof(tail->data))
		tail->len--;
	tail->data[tail->len] = '\0';
	line = memrchr(tail->data, '\n', tail->len);
	return line ? line + 1 : tail->data;
}

/* Take what a pipe holds; *fd becomes -1 at its end, for poll() to skip. */
static int collect(int *fd, struct buf *output, struct tail *tail)
{
	char chunk[READ_CHUNK];
	ssize_t n = read(*fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0)
		*fd = -1;
	if (output && output->len + (size_t)n > WATCH_OUTPUT_MAX)
		return -EFBIG;
	if (output)
		buf_add(output, chunk, (size_t)n);
	if (tail)
		tail_add(tail, chunk, (size_t)n);
	return 0;
}

/* Until the program has exited and its pipes are empty. */
static int follow(const struct watch *watch, struct tail *tail)
{
	enum { OUT, ERR, PID };
	struct pollfd fds[] = {
		[OUT] = { .fd = watch->output_fd, .events = POLLIN },
		[ERR] = { .fd = watch->error_fd, .events = POLLIN },
		[PID] = { .fd = watch->pid_fd, .events = POLLIN },
	};
	int n, r = 0;

	while (r == 0) {
		bool exited = fds[PID].fd < 0;
		int64_t left = watch->deadline_ms - clock_ms();

		if (left <= 0)
			return -ETIMEDOUT;
		n = poll(fds, ARRAY_SIZE(fds), exited ? 0 : (int)left);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0 && exited)
			return 0;
		if (n <= 0)
			continue;
		if (fds[OUT].revents)
			r = collect(&fds[OUT].fd, watch->output, watch->error_fd < 0 ? tail : NULL);
		if (r == 0 && fds[ERR].revents)
			r = collect(&fds[ERR].fd, NULL, tail);
		if (fds[PID].revents)
			fds[PID].fd = -1;
	}
	return r;
}

static int word_follow(const struct watch *watch, int code, struct error *err)
{
	if (code == ETIMEDOUT)
		return error_set(err, ERROR_TIMEOUT, code, "run '%s': no end after %d ms",
				 watch->program, watch->timeout_ms);
	if (code == EFBIG)
		return error_set(err, ERROR_FAILED, code, "run '%s': output larger than %d bytes",
				 watch->program, WATCH_OUTPUT_MAX);
	return error_errno(err, code, "run '%s': watch it", watch->program);
}

static int word_end(const struct watch *watch, const siginfo_t *info, struct tail *tail,
		    struct error *err)
{
	const char *line = tail_line(tail);
	const char *colon = *line ? ": " : "";
	bool exited = info->si_code == CLD_EXITED;

	if (exited && watch->exit_status)
		*watch->exit_status = info->si_status;
	if (exited && info->si_status == 0)
		return 0;
	return error_set(err, ERROR_FAILED, EIO, "run '%s': %s %d%s%.512s", watch->program,
			 exited ? "exit status" : "killed by signal", info->si_status, colon, line);
}

int watch_child(const struct watch *watch, struct error *err)
{
	siginfo_t info = { .si_code = 0 };
	struct tail tail = { .len = 0 };
	int followed = follow(watch, &tail);
	int r;

	if (followed < 0)
		(void)process_signal(watch->pid_fd, SIGKILL);
	r = process_reap(watch->pid_fd, &info);
	if (followed < 0)
		return word_follow(watch, -followed, err);
	if (r < 0)
		return error_errno(err, -r, "run '%s': wait for it", watch->program);
	return word_end(watch, &info, &tail, err);
}
