/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines over a stream socket, each step within a deadline. */
#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/process.h"

enum { READ_CHUNK = 16 * 1024 };

int channel_open(struct channel *channel, int fd, struct error *err)
{
	int flags = fcntl(fd, F_GETFL);

	channel->fd = fd;
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return error_errno(err, errno, "set the monitor's socket non-blocking");
	return 0;
}

void channel_done(struct channel *channel)
{
	fd_close(&channel->fd);
	buf_done(&channel->in);
	channel->start = 0;
	channel->scanned = 0;
}

/*
 * Looked at before every read and write, not only where there is nothing to do: a peer that
 * always has a byte ready would never let poll() time out.
 */
static int check_deadline(int64_t deadline_ms, struct error *err)
{
	if (clock_ms() < deadline_ms)
		return 0;
	return error_set(err, ERROR_TIMEOUT, ETIMEDOUT, "wait for the monitor: no answer in time");
}

static int wait_ready(const struct channel *channel, short events, int64_t deadline_ms,
		      struct error *err)
{
	struct pollfd ready = { .fd = channel->fd, .events = events };

	for (;;) {
		int64_t left = deadline_ms - clock_ms();
		int r = check_deadline(deadline_ms, err);

		if (r < 0)
			return r;
		r = poll(&ready, 1, left < INT_MAX ? (int)left : INT_MAX);
		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return error_errno(err, errno, "wait for the monitor");
	}
}

static bool try_later(int code)
{
	return code == EAGAIN || code == EWOULDBLOCK || code == EINTR;
}

static ssize_t send_some(int fd, const char *data, size_t len, int pass_fd)
{
	union {
		struct cmsghdr header; /* for its alignment */
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .space = { 0 } };
	struct iovec part = { .iov_base = NULL, .iov_len = len };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *rights;

	memcpy(&part.iov_base, &data, sizeof(data)); /* sendmsg(2) takes no const */
	if (pass_fd >= 0) {
		message.msg_control = control.space;
		message.msg_controllen = sizeof(control.space);
		rights = CMSG_FIRSTHDR(&message);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(rights), &pass_fd, sizeof(int));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

int channel_send(struct channel *channel, const char *data, size_t len, int pass_fd,
		 int64_t deadline_ms, struct error *err)
{
	size_t sent = 0;

	while (sent < len) {
		ssize_t n;
		int r = wait_ready(channel, POLLOUT, deadline_ms, err);

		if (r < 0)
			return r;
		n = send_some(channel->fd, data + sent, len - sent, sent ? -1 : pass_fd);
		if (n < 0 && errno == EPIPE)
			return error_set(err, ERROR_FAILED, ECONNRESET,
					 "write to the monitor: it has closed the connection");
		if (n < 0 && !try_later(errno))
			return error_errno(err, errno, "write to the monitor");
		if (n > 0)
			sent += (size_t)n;
	}
	return 0;
}

/* The line from start to the next newline, or false. */
static bool take_line(struct channel *channel, const char **ret, size_t *ret_len)
{
	struct buf *in = &channel->in;
	const char *line, *end;

	if (channel->scanned == in->len)
		return false;
	line = in->data + channel->start;
	end = memchr(in->data + channel->scanned, '\n', in->len - channel->scanned);
	if (!end) {
		channel->scanned = in->len;
		return false;
	}
	channel->start = channel->scanned = (size_t)(end - in->data) + 1;
	*ret = line;
	*ret_len = (size_t)(end - line);
	return true;
}

/* Move what is left to the front, so that the buffer is never larger than a line and a read. */
static void drop_taken(struct channel *channel)
{
	struct buf *in = &channel->in;

	if (!channel->start)
		return;
	memmove(in->data, in->data + channel->start, in->len - channel->start);
	in->len -= channel->start;
	in->data[in->len] = '\0';
	channel->scanned -= channel->start;
	channel->start = 0;
}

static int read_some(struct channel *channel, int64_t deadline_ms, struct error *err)
{
	struct buf *in = &channel->in;
	ssize_t n;
	int r = wait_ready(channel, POLLIN, deadline_ms, err);

	if (r < 0)
		return r;
	n = recv(channel->fd, buf_reserve(in, READ_CHUNK), READ_CHUNK, 0);
	if (n < 0 && try_later(errno))
		return 0;
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return error_set(err, ERROR_FAILED, ECONNRESET,
				 "read from the monitor: it has closed the connection");
	if (n < 0)
		return error_errno(err, errno, "read from the monitor");
	in->len += (size_t)n;
	in->data[in->len] = '\0';
	return 0;
}

int channel_read_line(struct channel *channel, size_t max, int64_t deadline_ms, const char **ret,
		      size_t *ret_len, struct error *err)
{
	const char *line;
	size_t len;

	while (!take_line(channel, &line, &len)) {
		int r;

		drop_taken(channel);
		if (channel->in.len > max)
			return error_set(err, ERROR_FAILED, EMSGSIZE,
					 "read from the monitor: a line of over %zu bytes", max);
		r = read_some(channel, deadline_ms, err);
		if (r < 0)
			return r;
	}
	if (len > max)
		return error_set(err, ERROR_FAILED, EMSGSIZE,
				 "read from the monitor: a line of over %zu bytes", max);
	*ret = line;
	*ret_len = len;
	return 0;
}
