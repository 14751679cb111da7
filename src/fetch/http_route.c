/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is there a way to other networks at all? */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/file.h"
#include "http_transfer.h"

/* Of a datagram socket connect(2) looks for a route, and sends nothing (udp(7)). */
static bool reaches(const struct sockaddr *to, socklen_t len)
{
	AUTO_CLOSE int fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, to, len) == 0;
}

/* Addresses that are no host's: RFC 5737 and RFC 3849. */
bool http_has_route(void)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(443) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(443) };

	inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &v6.sin6_addr);
	return reaches((const struct sockaddr *)&v4, sizeof(v4)) ||
	       reaches((const struct sockaddr *)&v6, sizeof(v6));
}
