/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does a guest answer on the LAN? */
#include "net/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/process.h"

enum {
	SSH_PORT = 22,
	BANNER_MAX = 255, /* RFC 4253, 4.2, with the line's end */
};

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t socket_address(const struct ip_addr *addr, union address *ret)
{
	*ret = (union address){ .any.sa_family = (sa_family_t)addr->family };
	if (addr->family == AF_INET) {
		ret->in.sin_port = htons(SSH_PORT);
		memcpy(&ret->in.sin_addr, addr->byte, sizeof(ret->in.sin_addr));
		return sizeof(ret->in);
	}
	ret->in6.sin6_port = htons(SSH_PORT);
	memcpy(&ret->in6.sin6_addr, addr->byte, sizeof(ret->in6.sin6_addr));
	return sizeof(ret->in6);
}

/* Wait for events until the deadline of clock_ms(). */
static bool wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	for (;;) {
		int64_t left = deadline - clock_ms();
		int n = poll(&poll_fd, 1, left > 0 ? (int)left : 0);

		if (n > 0)
			return true;
		if (n == 0 || errno != EINTR)
			return false;
	}
}

/* 0, or the reason (positive) why there is no connection. */
static int connect_until(int fd, const struct ip_addr *addr, int64_t deadline)
{
	union address peer;
	socklen_t size = socket_address(addr, &peer);
	int code = 0;

	if (connect(fd, &peer.any, size) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (!wait_for(fd, POLLOUT, deadline))
		return ETIMEDOUT;
	size = sizeof(code);
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0 ? errno : code;
}

/* The server may send other lines first (RFC 4253, 4.2). */
static bool has_banner(const char *text, size_t len)
{
	static const char mark[] = "SSH-";
	const size_t mark_len = sizeof(mark) - 1;

	for (size_t i = 0; i + mark_len <= len; i++) {
		if ((i == 0 || text[i - 1] == '\n') && memcmp(text + i, mark, mark_len) == 0)
			return true;
	}
	return false;
}

static bool read_banner(int fd, int64_t deadline)
{
	char text[BANNER_MAX];
	size_t len = 0;

	while (len < sizeof(text) && wait_for(fd, POLLIN, deadline)) {
		ssize_t n = recv(fd, text + len, sizeof(text) - len, 0);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
		if (has_banner(text, len))
			return true;
	}
	return false;
}

enum probe_result probe_ssh(const struct ip_addr *addr, int timeout_ms)
{
	int64_t deadline = clock_ms() + timeout_ms;
	AUTO_CLOSE int fd = -1;
	int code;

	if (addr->family != AF_INET && addr->family != AF_INET6)
		return PROBE_SILENT;
	fd = socket(addr->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return PROBE_SILENT;
	code = connect_until(fd, addr, deadline);
	if (code == ECONNREFUSED || code == ECONNRESET)
		return PROBE_ANSWERS;
	if (code)
		return PROBE_SILENT;
	return read_banner(fd, deadline) ? PROBE_SSH : PROBE_ANSWERS;
}
