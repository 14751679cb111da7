/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taps on a bridge, from the guest's side and from the LAN's. */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/net/netlink_batch.h"
#include "base/alloc.h"
#include "frames.h"
#include "net/guard.h"
#include "net/netlink.h"
#include "net/tap.h"
#include "netns.h"
#include "suite.h"

static struct nl_sock *sock;
static struct bridge bridge;

int wire_lan = -1;

/* The reserved addresses that a bridge can be told to forward; it never does 01 and 02. */
static void forward_reserved_groups(void)
{
	netns_run("ip link set br0 type bridge group_fwd_mask 0xfff8");
}

/* br_netfilter would look into IP packets, and drop those with a wrong checksum. */
static void keep_netfilter_out(void)
{
	if (access("/proc/sys/net/bridge", F_OK) < 0)
		return;
	netns_sysctl("bridge/bridge-nf-call-arptables", "0");
	netns_sysctl("bridge/bridge-nf-call-iptables", "0");
	netns_sysctl("bridge/bridge-nf-call-ip6tables", "0");
}

/*
 * Without checksum offload at the LAN's end the host fills in what a guest asks for, and
 * segments, before a frame goes out: as over a card that cannot.
 */
static void turn_offload_off(const char *name)
{
	struct ethtool_value value = { .cmd = ETHTOOL_STXCSUM, .data = 0 };
	struct ifreq request = { .ifr_data = (char *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	strcpy(request.ifr_name, name);
	ck_assert_int_eq(ioctl(fd, SIOCETHTOOL, &request), 0);
	close(fd);
}

static int listen_on(const char *name)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
	};
	json_t *link = netns_link(name);
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int yes = 1;

	ck_assert_int_ge(fd, 0);
	address.sll_ifindex = netns_int(link, "ifindex");
	ck_assert_int_eq(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes)), 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	json_decref(link);
	return fd;
}

void wire_setup(void)
{
	struct error err = ERROR_INIT;

	netns_enter();
	netns_make_lan();
	keep_netfilter_out();
	forward_reserved_groups();
	turn_offload_off("lan0");
	suite_assert_ok(netlink_open(&sock, &err), err);
	suite_assert_ok(bridge_get(sock, "br0", &bridge, &err), err);
	netns_run("ip link set lan1 promisc on");
	wire_lan = listen_on("lan1");
}

void wire_teardown(void)
{
	fd_close(&wire_lan);
	netlink_close(&sock);
	netns_leave();
}

/* The id of the program on a tap's ingress, as tc sees it; 0: none. */
uint32_t wire_program_of(const char *name)
{
	json_t *filters = netns_json("tc -j filter show dev %s ingress", name);
	json_t *filter;
	uint32_t id = 0;
	size_t i;

	json_array_foreach(filters, i, filter)
	{
		const json_t *value = netns_at(filter, "options.prog.id");

		if (value)
			id = (uint32_t)json_integer_value(value);
	}
	json_decref(filters);
	return id;
}

static void request(struct nl_msg *msg, const char *what)
{
	struct error err = ERROR_INIT;
	AUTO_BUF reply = BUF_INIT;

	suite_assert_ok(netlink_request(sock, msg, what, &reply, &err), err);
}

/* Put a program on the ingress of a tap, which is bare: in the manner of tap_open(). */
static void attach(const struct tap *tap, int program)
{
	struct tcmsg header = {
		.tcm_ifindex = (int)tap->ifindex,
		.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0),
		.tcm_parent = TC_H_CLSACT,
	};
	int flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	struct nl_msg *msg = netlink_message(RTM_NEWQDISC, flags, &header, sizeof(header));
	struct nlattr *options;

	ck_assert_int_eq(nla_put_string(msg, TCA_KIND, "clsact"), 0);
	request(msg, "add clsact");

	header.tcm_handle = 1;
	header.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
	header.tcm_info = TC_H_MAKE(1U << 16, htons(ETH_P_ALL));
	msg = netlink_message(RTM_NEWTFILTER, flags, &header, sizeof(header));
	ck_assert_int_eq(nla_put_string(msg, TCA_KIND, "bpf"), 0);
	options = nla_nest_start(msg, TCA_OPTIONS);
	ck_assert_int_eq(nla_put_u32(msg, TCA_BPF_FD, (uint32_t)program), 0);
	ck_assert_int_eq(nla_put_string(msg, TCA_BPF_NAME, "guard"), 0);
	ck_assert_int_eq(nla_put_u32(msg, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT), 0);
	nla_nest_end(msg, options);
	request(msg, "add the filter");
}

void wire_attach_guard(const struct tap *tap, const struct tap_spec *spec)
{
	struct error err = ERROR_INIT;
	AUTO_CLOSE int program = -1;

	suite_assert_ok(guard_load(spec, &program, &err), err);
	attach(tap, program);
}

struct tap wire_open_tap(const struct tap_spec *spec)
{
	struct error err = ERROR_INIT;
	struct tap tap = TAP_INIT;

	suite_assert_ok(tap_open(sock, &bridge, spec, &tap, &err), err);
	/* for a tap_open() that leaves this to others */
	if (spec->guard != TAP_GUARD_OFF && !wire_program_of(spec->name))
		wire_attach_guard(&tap, spec);
	return tap;
}

struct guard_counters wire_counters_of(uint32_t program)
{
	struct guard_counters counters = { { 0 } };
	struct error err = ERROR_INIT;

	if (program)
		suite_assert_ok(guard_read_counters(program, &counters, &err), err);
	return counters;
}

int wire_try(const struct tap *tap, const struct virtio_net_hdr *header, const struct frame *frame)
{
	static unsigned char out[sizeof(*header) + FRAME_MAX];
	size_t n = sizeof(*header) + frame->n;

	memcpy(out, header, sizeof(*header));
	memcpy(out + sizeof(*header), frame->byte, frame->n);
	return write(tap->fds[0], out, n) == (ssize_t)n ? 0 : -1;
}

void wire_send(const struct tap *tap, const struct virtio_net_hdr *header,
	       const struct frame *frame)
{
	ck_assert_msg(wire_try(tap, header, frame) == 0, "write: %s", strerror(errno));
}

void wire_say(const struct tap *tap, const char *text)
{
	struct virtio_net_hdr none = { 0 };
	struct frame frame;

	frame_parse(text, &frame);
	wire_send(tap, &none, &frame);
}

void wire_lan_says(const char *text)
{
	struct frame frame;

	frame_parse(text, &frame);
	ck_assert_int_eq(write(wire_lan, frame.byte, frame.n), (ssize_t)frame.n);
}

/* Read a frame of at most FRAME_MAX bytes; the first `skip` are no part of it. */
static void hear_one(int fd, size_t skip, struct frame *ret)
{
	static unsigned char in[64 + FRAME_MAX];
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	ssize_t n;

	ck_assert_msg(poll(&ready, 1, 60000) == 1, "the last frame does not come");
	n = read(fd, in, skip + FRAME_MAX);
	ck_assert_int_ge(n, (ssize_t)skip);
	ret->n = (size_t)n - skip;
	memcpy(ret->byte, in + skip, ret->n);
}

/* How many frames come before the one that ends; the first of them to ret_first. */
unsigned int wire_hear(int fd, size_t skip, const char *end_text, struct frame *ret_first)
{
	struct frame end, frame;
	unsigned int n = 0;

	frame_parse(end_text, &end);
	for (;;) {
		hear_one(fd, skip, &frame);
		if (frame.n == end.n && memcmp(frame.byte, end.byte, end.n) == 0)
			return n;
		if (n++ == 0)
			*ret_first = frame;
	}
}
