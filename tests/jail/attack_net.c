/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks by sockets, and by the tap. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "attack.h"

/* The host's tap, asked for by name (rtnetlink(7)). */
int attack_netlink(void)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
		struct rtattr name;
		char text[IFNAMSIZ];
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_GETLINK,
			    .nlmsg_flags = NLM_F_REQUEST },
		.name = { .rta_len = sizeof(request.name) + sizeof(request.text),
			  .rta_type = IFLA_IFNAME },
		.text = ATTACK_TAP_NAME,
	};
	union {
		struct nlmsghdr header;
		char space[16384];
	} reply;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (fd < 0 || send(fd, &request, sizeof(request), 0) < 0 ||
	    recv(fd, &reply, sizeof(reply), 0) < 0)
		return -1;
	errno = ENODEV;
	return reply.header.nlmsg_type == RTM_NEWLINK ? 0 : -1;
}

/* The namespaces of Linux 6.18 and before mean nothing to it: vsock(7). */
int attack_vsock(void)
{
	return socket(AF_VSOCK, SOCK_STREAM, 0);
}

int attack_inet(void)
{
	return socket(AF_INET6, SOCK_STREAM, 0);
}

int attack_raw(void)
{
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

int attack_packet(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static const struct sockaddr_in server = {
	.sin_family = AF_INET,
	.sin_port = __builtin_bswap16(ATTACK_PORT),
	.sin_addr = { .s_addr = __builtin_bswap32(INADDR_LOOPBACK) },
};

int attack_tcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? -1 : connect(fd, (const struct sockaddr *)&server, sizeof(server));
}

/* The refusal of a port that nobody has comes with the second datagram. */
int attack_udp(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&server, sizeof(server)) < 0 ||
	    send(fd, "x", 1, 0) < 0)
		return -1;
	return send(fd, "x", 1, 0) < 0 ? -1 : 0;
}

static socklen_t abstract_address(const char *name, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret->sun_path + 1, name, strlen(name));
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

static socklen_t path_address(const char *name, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/%s", prey.folder, name);
	return sizeof(*ret);
}

static int unix_connect(const struct sockaddr_un *address, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return fd < 0 ? -1 : connect(fd, (const struct sockaddr *)address, len);
}

/* No connect(2): a datagram carries its address. */
static int send_from(int fd, const struct sockaddr_un *address, socklen_t len)
{
	if (fd < 0 || sendto(fd, "x", 1, MSG_DONTWAIT, (const struct sockaddr *)address, len) < 0)
		return -1;
	return 0;
}

static int unix_send(const struct sockaddr_un *address, socklen_t len)
{
	return send_from(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), address, len);
}

int attack_abstract_connect(void)
{
	struct sockaddr_un address;
	socklen_t len = abstract_address(ATTACK_ABSTRACT_STREAM, &address);

	return unix_connect(&address, len);
}

int attack_abstract_send(void)
{
	struct sockaddr_un address;
	socklen_t len = abstract_address(ATTACK_ABSTRACT_DATAGRAM, &address);

	return unix_send(&address, len);
}

/* Is there such a socket on the host? Landlock's EPERM says that there is. */
int attack_abstract_guess(void)
{
	struct sockaddr_un address;
	socklen_t len = abstract_address(ATTACK_ABSTRACT_DATAGRAM, &address);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	return fd >= 0 && (send_from(fd, &address, len) == 0 || errno == EPERM) ? 0 : -1;
}

int attack_path_connect(void)
{
	struct sockaddr_un address;
	socklen_t len = path_address("stream", &address);

	return unix_connect(&address, len);
}

int attack_path_send(void)
{
	struct sockaddr_un address;
	socklen_t len = path_address("datagram", &address);

	return unix_send(&address, len);
}

/* What else unix(7) takes for datagrams. */
int attack_path_send_raw(void)
{
	struct sockaddr_un address;
	socklen_t len = path_address("datagram", &address);

	return send_from(socket(AF_UNIX, SOCK_RAW, 0), &address, len);
}

/* The kernel drops the high half of the type. */
int attack_path_send_high(void)
{
	struct sockaddr_un address;
	socklen_t len = path_address("datagram", &address);
	long fd = syscall(SYS_socket, AF_UNIX, SOCK_DGRAM | 1UL << 40, 0);

	return send_from((int)fd, &address, len);
}

/* That it is connected keeps no datagram from another address. */
int attack_path_send_pair(void)
{
	struct sockaddr_un address;
	socklen_t len = path_address("datagram", &address);
	int pair[2] = { -1, -1 };

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0)
		return -1;
	return send_from(pair[0], &address, len);
}

/*
 * Shut down, a listener is a socket like any other, in the network that it was made in. The one
 * of two attacks may be shut down already.
 */
int attack_listener_bind(void)
{
	struct sockaddr_in other = server;

	other.sin_port++;
	(void)shutdown(ATTACK_LISTENER, SHUT_RDWR);
	return bind(ATTACK_LISTENER, (const struct sockaddr *)&other, sizeof(other));
}

int attack_listener_connect(void)
{
	(void)shutdown(ATTACK_LISTENER, SHUT_RDWR);
	return connect(ATTACK_LISTENER, (const struct sockaddr *)&server, sizeof(server));
}

int attack_listener_fast_open(void)
{
	(void)shutdown(ATTACK_LISTENER_TOO, SHUT_RDWR);
	return sendto(ATTACK_LISTENER_TOO, "x", 1, MSG_FASTOPEN, (const struct sockaddr *)&server,
		      sizeof(server)) < 0
		       ? -1
		       : 0;
}

static int link_index(unsigned long command)
{
	struct ifreq ifr = { .ifr_name = ATTACK_TAP_NAME };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return fd < 0 ? -1 : (int)syscall(SYS_ioctl, fd, command, &ifr);
}

int attack_link_index(void)
{
	return link_index(SIOCGIFINDEX);
}

/* The kernel drops the high half of the command. */
int attack_link_index_high(void)
{
	return link_index(SIOCGIFINDEX | 1UL << 40);
}

/* No ioctl: any socket may be bound to a link by its name, or not as there is none. */
int attack_link_guess(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return fd < 0 ? -1
		      : setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ATTACK_TAP_NAME,
				   sizeof(ATTACK_TAP_NAME));
}

int attack_tap_persist(void)
{
	return ioctl(ATTACK_TAP, TUNSETPERSIST, 1);
}

int attack_tap_persist_high(void)
{
	return (int)syscall(SYS_ioctl, ATTACK_TAP, TUNSETPERSIST | 1UL << 40, 1);
}

int attack_tap_owner(void)
{
	return ioctl(ATTACK_TAP, TUNSETOWNER, 12345);
}

int attack_tap_group(void)
{
	return ioctl(ATTACK_TAP, TUNSETGROUP, 12345);
}

int attack_tap_link(void)
{
	return ioctl(ATTACK_TAP, TUNSETLINK, ARPHRD_ETHER);
}

int attack_tap_address(void)
{
	struct ifreq ifr = { .ifr_hwaddr = { .sa_family = ARPHRD_ETHER,
					     .sa_data = { 0x52, 0x54, 0, 1, 2, 3 } } };

	return ioctl(ATTACK_TAP, SIOCSIFHWADDR, &ifr);
}

int attack_tap_tx_filter(void)
{
	struct tun_filter none = { .count = 0 };

	return ioctl(ATTACK_TAP, TUNSETTXFILTER, &none);
}

int attack_tap_filter(void)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { .len = 1, .filter = &drop };

	return ioctl(ATTACK_TAP, TUNATTACHFILTER, &program);
}

int attack_tap_unfilter(void)
{
	struct sock_fprog none = { .len = 0 };

	return ioctl(ATTACK_TAP, TUNDETACHFILTER, &none);
}

int attack_tap_ebpf(void)
{
	int none = -1;

	return ioctl(ATTACK_TAP, TUNSETFILTEREBPF, &none);
}

int attack_tap_carrier(void)
{
	int off = 0;

	return ioctl(ATTACK_TAP, TUNSETCARRIER, &off);
}

int attack_tap_debug(void)
{
	return ioctl(ATTACK_TAP, TUNSETDEBUG, 1);
}

int attack_tap_namespace(void)
{
	return ioctl(ATTACK_TAP, TUNGETDEVNETNS, 0);
}
