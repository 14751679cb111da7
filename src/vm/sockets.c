/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The listening sockets that QEMU is given. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/ip.h"
#include "sockets.h"

enum { BACKLOG = 8 };

/*
 * Through /proc/self/fd no folder is too deep for sun_path (108 bytes, unix(7)), and none can
 * be swapped.
 */
static void unix_address(const struct vm_dir *dir, const char *name, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", dir->run_fd, name);
}

int socket_listen_unix(const struct vm_dir *dir, const char *name, int *ret_fd, struct error *err)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr;

	if (fd < 0)
		return error_errno(err, errno, "make a socket");
	unix_address(dir, name, &addr);
	unlinkat(dir->run_fd, name, 0);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, BACKLOG) < 0)
		return error_errno(err, errno, "listen on '%s' of vm '%s'", name, dir->name);
	*ret_fd = fd_steal(&fd);
	return 0;
}

int socket_connect_unix(const struct vm_dir *dir, const char *name, int *ret_fd, struct error *err)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr;

	if (fd < 0)
		return error_errno(err, errno, "make a socket");
	unix_address(dir, name, &addr);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return error_errno(err, errno, "connect to '%s' of vm '%s'", name, dir->name);
	*ret_fd = fd_steal(&fd);
	return 0;
}

union inet_address {
	struct sockaddr any;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

static socklen_t inet_address(const struct ip_addr *ip, unsigned int port, union inet_address *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (ip->family == AF_INET6) {
		ret->in6.sin6_family = AF_INET6;
		ret->in6.sin6_port = htons((uint16_t)port);
		memcpy(&ret->in6.sin6_addr, ip->byte, 16);
		return sizeof(ret->in6);
	}
	ret->in4.sin_family = AF_INET;
	ret->in4.sin_port = htons((uint16_t)port);
	memcpy(&ret->in4.sin_addr, ip->byte, 4);
	return sizeof(ret->in4);
}

int socket_listen_tcp(const char *address, unsigned int port, int *ret_fd, struct error *err)
{
	const int on = 1;
	AUTO_CLOSE int fd = -1;
	union inet_address addr;
	struct ip_addr ip;
	socklen_t len;
	int r = ip_parse("vnc", address, &ip, err);

	if (r)
		return r;
	len = inet_address(&ip, port, &addr);
	fd = socket(ip.family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(err, errno, "make a socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &addr.any, len) < 0 || listen(fd, BACKLOG) < 0) {
		error_errno(err, errno, "listen on %s port %u for vnc", address, port);
		return err->code == EADDRINUSE ? error_kind(err, ERROR_CONFLICT) : -err->code;
	}
	*ret_fd = fd_steal(&fd);
	return 0;
}
