/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The route netlink socket and its options. */
#include "net/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/alloc.h"
#include "base/privilege.h"

/* The kernel answers while it carries out a request; this only bounds a kernel that does not. */
enum { RECEIVE_TIMEOUT_S = 5 };

static const struct netlink_option {
	int option;
	const char *name;
} options[] = {
	{ NETLINK_CAP_ACK, "NETLINK_CAP_ACK (Linux 4.3)" },
	{ NETLINK_EXT_ACK, "NETLINK_EXT_ACK (Linux 4.12)" },
	{ NETLINK_GET_STRICT_CHK, "NETLINK_GET_STRICT_CHK (Linux 4.20)" },
};

static int set_options(int fd, struct error *err)
{
	const struct timeval timeout = { .tv_sec = RECEIVE_TIMEOUT_S };
	const int on = 1;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (setsockopt(fd, SOL_NETLINK, options[i].option, &on, sizeof(on)) < 0) {
			error_errno(err, errno, "set netlink option %s", options[i].name);
			return error_kind(err, ERROR_HOST);
		}
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0)
		return error_errno(err, errno, "set the timeout of the netlink socket");
	return 0;
}

/* libnl tells no errno; of the reasons left here, two are worth telling apart. */
static int connect_errno(int nle)
{
	switch (nle) {
	case -NLE_NOMEM:
		return ENOMEM;
	case -NLE_AF_NOSUPPORT:
		return EAFNOSUPPORT;
	default:
		return EIO;
	}
}

/* What may be asked for depends on who opened the socket as well as on who sends (netlink(7)). */
static int connect_route(struct nl_sock *sock)
{
	AUTO_PRIVILEGE raised = privilege_raise(PRIVILEGE_BIT(PRIVILEGE_NET_ADMIN));

	return nl_connect(sock, NETLINK_ROUTE);
}

int netlink_open(struct nl_sock **ret, struct error *err)
{
	AUTO_NETLINK *sock = NULL;
	int r;

	/* NLDBG of the environment is read before main(), and would tell where our memory is */
	nl_debug = 0;
	sock = nl_socket_alloc();
	if (!sock)
		return error_errno(err, ENOMEM, "open a netlink socket");
	r = connect_route(sock);
	if (r < 0)
		return error_set(err, ERROR_FAILED, connect_errno(r), "open a netlink socket: %s",
				 nl_geterror(r));
	r = set_options(nl_socket_get_fd(sock), err);
	if (r < 0)
		return r;

	/* each message says itself whether it wants an answer */
	nl_socket_disable_auto_ack(sock);
	*ret = ptr_steal(&sock);
	return 0;
}

void netlink_close(struct nl_sock **sock)
{
	nl_socket_free(*sock);
	*sock = NULL;
}
