/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Make a tap on a bridge.
 *
 * Theory of operation: the tap is never persistent, so it lives as long as its descriptor, and
 * its port, FDB entry and qdisc live as long as the tap. Undoing anything here is closing
 * the descriptor; the kernel does the same when the process is killed.
 */
#include "net/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <netlink/socket.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/privilege.h"
#include "link.h"
#include "tap_plan.h"

static const char tun_node[] = "/dev/net/tun";
static const char vhost_node[] = "/dev/vhost-net";

static int open_node(int *ret_fd, struct error *err)
{
	int fd = open(tun_node, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	int code = fd < 0 ? errno : 0;

	switch (code) {
	case 0:
		*ret_fd = fd;
		return 0;
	case ENOENT:
	case ENODEV:
	case ENXIO:
		error_errno(err, code, "open '%s'", tun_node);
		error_kind(err, ERROR_HOST);
		return error_hint(
			err, "load the driver with 'modprobe tun'; a container needs the device "
			     "from its host");
	case EACCES:
	case EPERM:
		error_errno(err, code, "open '%s'", tun_node);
		return error_hint(err,
				  "chmod 666 %s, as distributions have it; a container needs the "
				  "device from its host",
				  tun_node);
	default:
		return error_errno(err, code, "open '%s'", tun_node);
	}
}

/* The kernel's own check is this system call's alone: tun_not_capable() in drivers/net/tun.c. */
static int set_interface(int fd, struct ifreq *request)
{
	AUTO_PRIVILEGE raised = privilege_raise(PRIVILEGE_BIT(PRIVILEGE_NET_ADMIN));

	return ioctl(fd, TUNSETIFF, request) < 0 ? errno : 0;
}

static int refused(const char *name, struct error *err)
{
	AUTO_FREE char *what = xasprintf("create tap '%s'", name);

	return privilege_refused(PRIVILEGE_NET_ADMIN, what, err);
}

/* The header of virtio-net is in front of each frame; QEMU sets the offloads itself. */
static int attach_queue(int fd, const struct tap_plan *plan, int flags, struct error *err)
{
	struct ifreq request = { .ifr_flags = 0 };
	const char *name = plan->spec->name;
	int code;

	/* a multi-queue tap has 256 transmit queues from the start, so only where it is used */
	if (plan->spec->queues > 1)
		flags |= IFF_MULTI_QUEUE;
	request.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | flags);
	memcpy(request.ifr_name, name, strlen(name));
	code = set_interface(fd, &request);
	switch (code) {
	case 0:
		return 0;
	case EBUSY:
		error_set(err, ERROR_CONFLICT, code, "tap '%s' exists", name);
		return error_hint(
			err, "another VM's QEMU may hold it; 'ip -d link show dev %s' tells whose",
			name);
	case EPERM:
		return refused(name, err);
	default:
		return error_errno(err, code, "create tap '%s'", name);
	}
}

/*
 * A tap that is nobody's lets everybody join who knows its name, without a privilege
 * (tun_not_capable() in drivers/net/tun.c). Root's lets root alone, and whoever has CAP_NET_ADMIN;
 * who was there before is seen when the tap is read back.
 */
static int give_to_root(int fd, const struct tap_plan *plan, struct error *err)
{
	int code = ioctl(fd, TUNSETOWNER, 0UL) < 0 ? errno : 0;

	if (code)
		error_errno(err, code, "give tap '%s' to root", plan->spec->name);
	if (code == EINVAL)
		error_hint(err, "a user namespace has to have a uid 0, as of 'unshare -r'");
	return -code;
}

/* The first queue makes the tap, under a name that nothing else has; the others join it. */
static int open_queues(const struct tap_plan *plan, struct tap *tap, struct error *err)
{
	unsigned int queues = plan->spec->queues ? plan->spec->queues : 1;
	int r;

	while (tap->n_fds < queues) {
		unsigned int i = tap->n_fds;

		r = open_node(&tap->fds[i], err);
		if (r < 0)
			return r;
		tap->n_fds++;
		r = attach_queue(tap->fds[i], plan, i ? 0 : IFF_TUN_EXCL, err);
		if (r == 0 && i == 0)
			r = give_to_root(tap->fds[i], plan, err);
		if (r < 0)
			return i ? error_prefix(err, "queue %u", i) : r;
	}
	return 0;
}

/* Any socket answers SIOCGIFINDEX, the netlink one too (netdevice(7)). */
static int find_ifindex(struct nl_sock *sock, struct tap_plan *plan, struct error *err)
{
	const char *name = plan->spec->name;
	struct ifreq request = { .ifr_ifindex = 0 };

	memcpy(request.ifr_name, name, strlen(name));
	if (ioctl(nl_socket_get_fd(sock), SIOCGIFINDEX, &request) < 0)
		return error_errno(err, errno, "find the index of tap '%s'", name);
	plan->ifindex = (unsigned int)request.ifr_ifindex;
	return 0;
}

static int open_planned(struct nl_sock *sock, struct tap_plan *plan, struct tap *ret,
			struct error *err)
{
	AUTO(tap_close) struct tap tap = TAP_INIT;
	int r;

	r = open_queues(plan, &tap, err);
	plan->queues = tap.n_fds;
	if (r == 0)
		r = find_ifindex(sock, plan, err);
	if (r == 0)
		r = tap_configure(sock, plan, err);
	if (r == 0)
		r = tap_set_up(sock, plan, err);
	if (r)
		return r;

	tap.ifindex = plan->ifindex;
	tap.mtu = plan->bridge->mtu;
	memcpy(tap.name, plan->spec->name, strlen(plan->spec->name));
	*ret = tap;
	tap.n_fds = 0; /* they are the caller's */
	return 0;
}

int tap_open(struct nl_sock *sock, const struct bridge *bridge, const struct tap_spec *spec,
	     struct tap *ret, struct error *err)
{
	struct error attempt = ERROR_INIT;
	AUTO_PLAN plan;
	int r = tap_plan_init(&plan, bridge, spec, err);

	if (r == 0)
		r = tap_plan_load_guard(&plan, err);
	if (r < 0)
		return r;
	r = open_planned(sock, &plan, ret, &attempt);

	/*
	 * IPv6 is off (ipv6.disable=1) or the MTU too small for it: there is nothing to keep the
	 * tap out of. Only this refusal tells, possibly halfway through, so start with a new tap.
	 */
	if (r == -EAFNOSUPPORT) {
		plan.ipv6 = false;
		r = open_planned(sock, &plan, ret, &attempt);
	}
	if (r < 0)
		*err = attempt;
	return r;
}

void tap_close(struct tap *tap)
{
	for (unsigned int i = 0; i < tap->n_fds; i++)
		fd_close(&tap->fds[i]);
	tap->n_fds = 0;
}

int tap_open_vhost(int *ret_fd, struct error *err)
{
	int fd = open(vhost_node, O_RDWR | O_CLOEXEC);
	int code = fd < 0 ? errno : 0;

	switch (code) {
	case 0:
		*ret_fd = fd;
		return 0;
	case ENOENT:
	case ENODEV:
	case ENXIO:
	case EACCES:
	case EPERM:
		error_errno(err, code, "open '%s'", vhost_node);
		error_hint(err, "'modprobe vhost_net' loads the driver");
		return TAP_NO_VHOST;
	default:
		return error_errno(err, code, "open '%s'", vhost_node);
	}
}

void tap_describe(const struct bridge *bridge, const struct tap_spec *spec, struct buf *out)
{
	struct error err = ERROR_INIT;
	AUTO_PLAN plan;

	if (tap_plan_init(&plan, bridge, spec, &err) < 0) {
		buf_printf(out, "refuse tap '%s': %s\n", spec->name, err.message);
		return;
	}
	buf_printf(out, "create tap '%s'", spec->name);
	if (spec->queues > 1)
		buf_printf(out, " with %u queues", spec->queues);
	buf_puts(out, "\n");
	tap_say_config(&plan, out);
	tap_say_up(&plan, out);
	buf_puts(out, "\n");
}

int tap_exists(struct nl_sock *sock, const char *name, bool *ret, struct error *err)
{
	struct error refusal = ERROR_INIT;
	struct link_info link;
	int r = link_get(sock, name, &link, &refusal);

	if (r < 0 && r != -ENODEV) {
		*err = refusal;
		return r;
	}
	*ret = r == 0;
	return 0;
}
