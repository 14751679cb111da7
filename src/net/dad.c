/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Duplicate address detection for a guest, and announcing it.
 *
 * Theory of operation: one packet socket hears what others claim, behind a filter that lets
 * nothing else in. On the bridge that is what comes in, and the questions go out by the same
 * socket. On a tap it is what leaves by the link, towards the guest; the questions are written into
 * the tap's descriptor, as the guest would. Whichever way, the guest must not find the questions
 * in its queue when it comes up: to its kernel they would be another's claim to its address.
 */
#include "net/dad.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/alloc.h"
#include "base/privilege.h"
#include "base/process.h"
#include "dad_frames.h"

enum {
	READ_MAX = 2048, /* of a frame; the longest valid one is shorter than an MTU of 1500 */
	VNET_HEADER_MAX = 64, /* struct virtio_net_hdr and what is added to it: 10 to 24 bytes */

	/* more than the socket's buffer holds: after them whoever sends is no answer but a flood */
	FRAMES_MAX = 4096,
};

struct dad {
	int fd;
	int tap_fd; /* borrowed */
	bool through_tap;
	char link[IF_NAMESIZE];
	struct mac mac; /* who asks */
	struct mac guest_mac;
	struct ip_addr addresses[TAP_ADDRESSES_MAX];
	unsigned int n;
};

static int check_addresses(const struct ip_addr *addresses, unsigned int n, struct error *err)
{
	if (n > TAP_ADDRESSES_MAX)
		return error_set(err, ERROR_USAGE, EINVAL, "%u addresses are too many: at most %d",
				 n, TAP_ADDRESSES_MAX);
	for (unsigned int i = 0; i < n; i++) {
		if (addresses[i].family != AF_INET && addresses[i].family != AF_INET6)
			return error_set(err, ERROR_USAGE, EINVAL, "address %u is no IP address",
					 i + 1);
	}
	return 0;
}

/* Write a frame into a tap, behind the header of virtio-net that says nothing is offloaded. */
static int inject(int tap_fd, const char *tap, const struct dad_frame *frame, struct error *err)
{
	uint8_t header[VNET_HEADER_MAX] = { 0 };
	struct iovec parts[] = {
		{ .iov_base = header },
		{ .iov_base = (void *)(uintptr_t)frame->byte, .iov_len = frame->len },
	};
	int size = 0, code;

	if (ioctl(tap_fd, TUNGETVNETHDRSZ, &size) < 0)
		return error_errno(err, errno, "read the header's size of tap '%s'", tap);
	if (size < 0 || size > VNET_HEADER_MAX)
		return error_errno(err, EPROTO, "read the header's size of tap '%s'", tap);

	parts[0].iov_len = (size_t)size;
	code = writev(tap_fd, parts, ARRAY_SIZE(parts)) < 0 ? errno : 0;
	if (code == EIO) {
		error_set(err, ERROR_FAILED, code, "send through tap '%s': it is down", tap);
		return error_hint(err, "'ip link set %s up' sets it up", tap);
	}
	return code ? error_errno(err, code, "send through tap '%s'", tap) : 0;
}

/*
 * Frames to the guest's own MAC only, or all of them. The bridge floods a question while send(2)
 * runs, so this keeps it out of the tap's queue, whoever reads that. Queues and QEMU are not
 * disturbed: it is the interface's own filter, before any queue.
 */
static int mute_tap(const struct dad *dad, bool mute, struct error *err)
{
	union {
		struct tun_filter filter;
		uint8_t room[sizeof(struct tun_filter) + ETH_ALEN];
	} request = { .filter = { .count = mute } };

	memcpy(request.room + sizeof(struct tun_filter), dad->guest_mac.byte, ETH_ALEN);
	if (ioctl(dad->tap_fd, TUNSETTXFILTER, &request) < 0)
		return error_errno(err, errno, "keep broadcasts from the guest's tap");
	return 0;
}

static int send_on_bridge(const struct dad *dad, const struct dad_frame *frame, struct error *err)
{
	int code = send(dad->fd, frame->byte, frame->len, 0) < 0 ? errno : 0;

	if (!code)
		return 0;
	error_errno(err, code, "ask on bridge '%s'", dad->link);
	if (code == ENETDOWN)
		error_hint(err, "'ip link set %s up' sets it up", dad->link);
	return -code;
}

static int ask_all(const struct dad *dad, struct error *err)
{
	int r = 0;

	for (unsigned int i = 0; i < dad->n && r == 0; i++) {
		struct dad_frame frame;

		dad_frame_probe(&dad->addresses[i], &dad->mac, &frame);
		r = dad->through_tap ? inject(dad->tap_fd, dad->link, &frame, err)
				     : send_on_bridge(dad, &frame, err);
	}
	return r;
}

int dad_ask_again(struct dad *dad, struct error *err)
{
	struct error late = ERROR_INIT;
	int r, unmuted;

	if (dad->through_tap)
		return ask_all(dad, err);
	r = mute_tap(dad, true, err);
	if (r < 0)
		return r;
	r = ask_all(dad, err);
	unmuted = mute_tap(dad, false, &late);
	if (r == 0 && unmuted < 0) {
		*err = late;
		return unmuted;
	}
	return r;
}

/* Deaf until it has its filter and its link. */
static int packet_socket(int *ret_fd)
{
	AUTO_PRIVILEGE raised = privilege_raise(PRIVILEGE_BIT(PRIVILEGE_NET_RAW));

	*ret_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return *ret_fd < 0 ? errno : 0;
}

static int open_socket(struct dad *dad, struct error *err)
{
	int code = packet_socket(&dad->fd);

	switch (code) {
	case 0:
		return 0;
	case EPERM:
		return privilege_refused(PRIVILEGE_NET_RAW, "open a packet socket", err);
	case EAFNOSUPPORT:
		error_errno(err, code, "open a packet socket");
		error_kind(err, ERROR_HOST);
		return error_hint(err, "'modprobe af_packet' loads the driver");
	default:
		return error_errno(err, code, "open a packet socket");
	}
}

static int listen_on(struct dad *dad, unsigned int ifindex, struct error *err)
{
	/* ETH_P_ALL: no other protocol sees what leaves by a link (packet(7)) */
	const struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)ifindex,
	};
	struct dad_filter filter;
	struct sock_fprog program = { .filter = filter.code };
	int r;

	r = open_socket(dad, err);
	if (r < 0)
		return r;
	dad_filter_build(dad->addresses, dad->n, dad->through_tap, &filter);
	program.len = filter.n;
	if (setsockopt(dad->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return error_errno(err, errno, "filter what is heard on '%s'", dad->link);
	if (bind(dad->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return error_errno(err, errno, "listen on '%s'", dad->link);
	return 0;
}

int dad_open(const struct bridge *bridge, const struct tap *tap, const struct tap_spec *spec,
	     const struct ip_addr *addresses, unsigned int n, struct dad **ret, struct error *err)
{
	/* a trunk has no untagged frames: the bridge's own LAN is none of the guest's */
	bool through_tap = spec->vlan || spec->n_trunk;
	AUTO(dad_closep) struct dad *dad = NULL;
	int r = check_addresses(addresses, n, err);

	if (r < 0)
		return r;
	dad = xcalloc(1, sizeof(*dad));
	*dad = (struct dad){
		.fd = -1,
		.tap_fd = tap->fds[0],
		.through_tap = through_tap,
		.mac = through_tap ? spec->guest_mac : bridge->mac,
		.guest_mac = spec->guest_mac,
		.n = n,
	};
	memcpy(dad->link, through_tap ? tap->name : bridge->name, sizeof(dad->link));
	if (n)
		memcpy(dad->addresses, addresses, n * sizeof(*addresses));

	r = listen_on(dad, through_tap ? tap->ifindex : bridge->ifindex, err);
	if (r == 0)
		r = dad_ask_again(dad, err);
	if (r < 0)
		return r;
	*ret = ptr_steal(&dad);
	return 0;
}

/* A question of our own may come back, from a loop or an access point: it is no one's claim. */
static bool is_conflict(const struct dad *dad, const struct dad_claim *claim)
{
	if (claim->is_probe && mac_equal(&claim->mac, &dad->mac))
		return false;
	for (unsigned int i = 0; i < dad->n; i++) {
		if (ip_equal(&claim->address, &dad->addresses[i]))
			return true;
	}
	return false;
}

/* 0 with *ret_claims, or the reason (negative) why there is no frame. */
static int receive(const struct dad *dad, struct dad_claim *ret, bool *ret_claims)
{
	uint8_t frame[READ_MAX];
	ssize_t len = recv(dad->fd, frame, sizeof(frame), 0);

	if (len < 0)
		return -errno;
	*ret_claims = dad_frame_read(frame, (size_t)len, ret) && is_conflict(dad, ret);
	return 0;
}

int dad_check(struct dad *dad, int timeout_ms, struct ip_addr *ret_address, struct mac *ret_mac,
	      struct error *err)
{
	int64_t deadline = clock_ms() + timeout_ms;

	for (unsigned int frames = 0; frames < FRAMES_MAX;) {
		struct pollfd poll_fd = { .fd = dad->fd, .events = POLLIN };
		int64_t left = deadline - clock_ms();
		struct dad_claim claim;
		bool claims = false;
		int r;

		r = poll(&poll_fd, 1, left > 0 ? (int)left : 0) < 0 ? -errno : 0;
		if (r == 0)
			r = receive(dad, &claim, &claims);
		if (r < 0 && r != -EAGAIN && r != -EINTR)
			return error_errno(err, -r, "listen on '%s'", dad->link);
		if (claims) {
			*ret_address = claim.address;
			*ret_mac = claim.mac;
			return DAD_CONFLICT;
		}
		if (r == -EAGAIN && left <= 0)
			break;
		frames += r == 0 && left <= 0;
	}
	return DAD_FREE;
}

void dad_close(struct dad *dad)
{
	if (!dad)
		return;
	fd_close(&dad->fd);
	free(dad);
}

void dad_closep(struct dad **dad)
{
	dad_close(*dad);
	*dad = NULL;
}

int dad_announce(const struct tap *tap, const struct tap_spec *spec,
		 const struct ip_addr *addresses, unsigned int n, struct error *err)
{
	struct dad_frame frame;
	int r = check_addresses(addresses, n, err);

	if (r == 0 && n == 0) {
		dad_frame_rarp(&spec->guest_mac, &frame);
		return inject(tap->fds[0], tap->name, &frame, err);
	}
	for (unsigned int i = 0; i < n && r == 0; i++) {
		dad_frame_announce(&addresses[i], &spec->guest_mac, &frame);
		r = inject(tap->fds[0], tap->name, &frame, err);
	}
	return r;
}
