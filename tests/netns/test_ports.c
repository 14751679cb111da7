/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ports of a bridge, held against `ip`. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "bridge_lab.h"
#include "net/ports.h"
#include "netns.h"
#include "suite.h"

enum { ALL = PORTS_VLANS | PORTS_FDB | PORTS_FILTERS };

static size_t received; /* bytes that the kernel has sent us */
static int interrupted; /* type of the entries whose next dump is to look broken off */

ssize_t __wrap_recvmsg(int fd, struct msghdr *header, int flags);
ssize_t __real_recvmsg(int fd, struct msghdr *header, int flags);

ssize_t __wrap_recvmsg(int fd, struct msghdr *header, int flags)
{
	ssize_t n = __real_recvmsg(fd, header, flags);

	if (n > 0) {
		struct nlmsghdr *message = header->msg_iov[0].iov_base;

		received += (size_t)n;
		if (message->nlmsg_type == interrupted) {
			message->nlmsg_flags |= NLM_F_DUMP_INTR;
			interrupted = 0;
		}
	}
	return n;
}

static void setup(void)
{
	bridge_lab_enter();
	netns_make_lan();
}

static struct ports ports_of(const char *name, unsigned int parts)
{
	struct bridge bridge = get(name);
	struct error err = ERROR_INIT;
	struct ports ports;

	memset(&ports, 0x5a, sizeof(ports));
	suite_assert_ok(ports_get(sock, &bridge, parts, &ports, &err), err);
	return ports;
}

/* A queue of a tap, as QEMU holds it. */
static int open_queue(const char *name, int flags)
{
	struct ifreq request = { .ifr_flags = (short)(IFF_TAP | IFF_NO_PI | flags) };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	strcpy(request.ifr_name, name);
	ck_assert_int_eq(ioctl(fd, TUNSETIFF, &request), 0);
	return fd;
}

static const char *state_word(enum port_stp stp)
{
	static const char *const words[] = { "disabled", "listening", "learning", "forwarding",
					     "blocking" };

	return words[stp];
}

/* PORT_UNKNOWN is -1 for netns_int(). */
static int state_number(enum port_state state)
{
	return state == PORT_UNKNOWN ? -1 : state == PORT_ON;
}

static void check_slave(const struct port *port, const json_t *link)
{
	const json_t *slave = netns_at(link, "linkinfo.info_slave_data");

	ck_assert_str_eq(slave ? state_word(port->stp) : "", netns_str(slave, "state"));
	ck_assert_int_eq(state_number(port->locked), netns_int(slave, "locked"));
	ck_assert_int_eq(state_number(port->learning), netns_int(slave, "learning"));
	ck_assert_int_eq(state_number(port->unicast_flood), netns_int(slave, "flood"));
	ck_assert_int_eq(state_number(port->isolated), netns_int(slave, "isolated"));
	ck_assert_int_eq(state_number(port->bpdu_guard), netns_int(slave, "guard"));
	ck_assert_int_eq(state_number(port->root_block), netns_int(slave, "root_block"));
}

static void check_counters(const struct port *port, const json_t *link)
{
	ck_assert_uint_eq(port->rx_bytes, netns_int(link, "stats64.rx.bytes"));
	ck_assert_uint_eq(port->rx_packets, netns_int(link, "stats64.rx.packets"));
	ck_assert_uint_eq(port->rx_dropped, netns_int(link, "stats64.rx.dropped"));
	ck_assert_uint_eq(port->tx_bytes, netns_int(link, "stats64.tx.bytes"));
	ck_assert_uint_eq(port->tx_packets, netns_int(link, "stats64.tx.packets"));
	ck_assert_uint_eq(port->tx_dropped, netns_int(link, "stats64.tx.dropped"));
}

static void check_port(const struct port *port)
{
	json_t *links = netns_json("ip -j -d -s link show dev %s", port->name);
	const json_t *link = json_array_get(links, 0);
	char mac[MAC_TEXT_MAX];

	mac_format(&port->mac, mac);
	ck_assert_int_eq(port->ifindex, netns_int(link, "ifindex"));
	ck_assert_str_eq(port->kind, netns_str(link, "linkinfo.info_kind"));
	ck_assert_str_eq(port->alias ? port->alias : "", netns_str(link, "ifalias"));
	ck_assert_str_eq(mac, netns_str(link, "address"));
	ck_assert_int_eq(port->mtu, netns_int(link, "mtu"));
	ck_assert_int_eq(port->up, netns_has_flag(link, "UP"));
	/*
	 * Not NO-CARRIER, the operational state: the kernel makes that from the carrier, but later.
	 */
	ck_assert_int_eq(port->carrier, port->up && netns_has_flag(link, "LOWER_UP"));
	check_slave(port, link);
	check_counters(port, link);
	json_decref(links);
}

/* Each port of br0 as `ip` knows it, and no others. */
static void check_ports(const char *names)
{
	AUTO_BUF found = BUF_INIT;
	struct ports ports;

	netns_settle();
	ports = ports_of("br0", ALL);

	for (size_t i = 0; i < ports.n; i++) {
		buf_printf(&found, "%s ", ports.v[i].name);
		check_port(&ports.v[i]);
	}
	ck_assert_str_eq(buf_str(&found), names);
	ports_done(&ports);
}

START_TEST(ports_are_those_of_ip)
{
	static const char *const changes[] = {
		"ip link set t0 up",
		"ip link set t0 alias mnmivm-se:web1/0",
		"ip link set t0 alias '%s%n \" '",
		"ip link set t0 type bridge_slave locked on learning off flood off",
		"ip link set t0 type bridge_slave isolated on guard on root_block on",
		"ip link set lan0 type bridge_slave isolated on locked off",
		"ip link set lan0 mtu 1400",
		"ip link set lan1 down",
		"ip link set br0 type bridge stp_state 1",
	};

	check_ports("lan0 ");
	netns_run("ip tuntap add t0 mode tap");
	check_ports("lan0 ");
	netns_run("ip link set t0 master br0");
	check_ports("lan0 t0 ");
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		netns_run("%s", changes[i]);
		check_ports("lan0 t0 ");
	}
	netns_run("ip link set lan0 nomaster");
	check_ports("t0 ");
}
END_TEST

START_TEST(counters_count)
{
	int fd = open_queue("t0", 0);
	char frame[64] = "\xff\xff\xff\xff\xff\xff\x52\x54\x00\x12\x34\x56\x88\xb5";
	struct ports ports;

	netns_run("ip link set t0 master br0");
	netns_run("ip link set t0 up");
	netns_run("until ip -j -d link show t0 | grep -q forwarding; do sleep 0.02; done");
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(write(fd, frame, sizeof(frame)), sizeof(frame));
	ports = ports_of("br0", 0);
	ck_assert_str_eq(ports.v[1].name, "t0");
	ck_assert_uint_eq(ports.v[1].rx_packets, 3);
	ck_assert_uint_eq(ports.v[1].rx_bytes, 3 * sizeof(frame));
	ck_assert_uint_ge(ports.v[0].tx_packets, 3);
	ck_assert_ptr_null(ports.fdb);
	ports_done(&ports);
	check_ports("lan0 t0 ");
	fd_close(&fd);
}
END_TEST

static unsigned int queues_of(const char *name)
{
	struct error err = ERROR_INIT;
	unsigned int queues, master;
	struct port port;

	suite_assert_ok(port_get(sock, name, &port, &master, &err), err);
	queues = port.queues;
	port_done(&port);
	return queues;
}

START_TEST(queues_are_those_that_are_held)
{
	struct ifreq detach = { .ifr_flags = IFF_DETACH_QUEUE };
	int fds[4];
	int single = open_queue("t0", 0);

	netns_run("ip link add v8 numtxqueues 8 numrxqueues 2 type veth peer name v9");
	ck_assert_uint_eq(queues_of("v8"), 8);
	ck_assert_uint_eq(queues_of("t0"), 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = open_queue("t1", IFF_MULTI_QUEUE);
		ck_assert_uint_eq(queues_of("t1"), i + 1);
	}
	ck_assert_int_eq(ioctl(fds[2], TUNSETQUEUE, &detach), 0);
	ck_assert_uint_eq(queues_of("t1"), 4);
	fd_close(&fds[0]);
	ck_assert_uint_eq(queues_of("t1"), 3);
	for (size_t i = 1; i < ARRAY_SIZE(fds); i++)
		fd_close(&fds[i]);
	fd_close(&single);
}
END_TEST

START_TEST(ports_of_others_are_not_ours)
{
	netns_run("ip link add br1 type bridge");
	netns_run("ip link add v0 type veth peer name v1");
	netns_run("ip link set v0 master br1");
	netns_run("ip link add x0 type veth peer name x1");
	check_ports("lan0 ");
	netns_run("ip link set v0 master br0");
	check_ports("lan0 v0 ");
}
END_TEST

START_TEST(bridge_without_ports)
{
	struct ports ports;

	netns_run("ip link add br1 type bridge");
	ports = ports_of("br1", ALL);
	ck_assert_uint_eq(ports.n, 0);
	ports_done(&ports);
	ports_done(&ports);
}
END_TEST

/* More than one datagram of the kernel's. */
START_TEST(many_ports)
{
	struct ports ports;

	netns_run("for i in $(seq 100 299); do echo tuntap add t$i mode tap; "
		  "echo link set t$i master br0; done | ip -b -");
	ports = ports_of("br0", ALL);
	ck_assert_uint_eq(ports.n, 201);
	for (size_t i = 1; i < ports.n; i++)
		ck_assert_int_eq(atoi(ports.v[i].name + 1), 99 + (int)i);
	ports_done(&ports);
}
END_TEST

/* The kernel asks for another try where something has changed in between. */
START_TEST(what_is_listed_again_is_there_once)
{
	static const int types[] = { RTM_NEWLINK, RTM_NEWNEIGH };
	struct ports expected = ports_of("br0", ALL);
	struct bridge bridge = get("br0");

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct error err = ERROR_INIT;
		struct ports ports;

		interrupted = types[i];
		suite_assert_ok(ports_get(sock, &bridge, ALL, &ports, &err), err);
		ck_assert_int_eq(interrupted, 0);
		ck_assert_uint_eq(ports.n, expected.n);
		ck_assert_uint_eq(ports.n_fdb, expected.n_fdb);
		ports_done(&ports);
	}
	ports_done(&expected);
}
END_TEST

static size_t bytes_received(void)
{
	size_t before = received;
	struct error err = ERROR_INIT;
	unsigned int master;
	struct ports ports = ports_of("br0", ALL);
	struct port port;

	suite_assert_ok(port_get(sock, "lan0", &port, &master, &err), err);
	port_done(&port);
	ports_done(&ports);
	return received - before;
}

START_TEST(links_elsewhere_cost_nothing)
{
	size_t alone = bytes_received();

	ck_assert_uint_gt(alone, 0);
	netns_run("ip link add br1 type bridge");
	netns_run("for i in $(seq 100 199); do echo tuntap add t$i mode tap; "
		  "echo link set t$i master br1; echo tuntap add x$i mode tap; done | ip -b -");
	ck_assert_uint_le(bytes_received(), alone + 64);
}
END_TEST

START_TEST(ports_of_a_bridge_that_went_away)
{
	struct ports untouched, ports;
	struct error err = ERROR_INIT;
	struct bridge bridge = get("br0");

	memset(&untouched, 0x5a, sizeof(untouched));
	ports = untouched;
	netns_run("ip link del br0");
	ck_assert_int_lt(ports_get(sock, &bridge, ALL, &ports, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.message, "'br0'"));
	ck_assert_mem_eq(&ports, &untouched, sizeof(ports));
}
END_TEST

START_TEST(one_port_by_name)
{
	struct error err = ERROR_INIT;
	unsigned int master = 0;
	struct port port;

	netns_run("ip tuntap add t0 mode tap");
	netns_run("ip link set t0 alias mnmivm-se:a/0 master br0");
	suite_assert_ok(port_get(sock, "t0", &port, &master, &err), err);
	ck_assert_uint_eq(master, get("br0").ifindex);
	ck_assert_str_eq(port.name, "t0");
	check_port(&port);
	port_done(&port);
	port_done(&port);
}
END_TEST

START_TEST(port_that_fell_off)
{
	struct error err = ERROR_INIT;
	unsigned int master = 99;
	struct port port;

	netns_run("ip tuntap add t0 mode tap");
	netns_run("ip link set t0 up master br0");
	netns_run("ip link del br0");
	suite_assert_ok(port_get(sock, "t0", &port, &master, &err), err);
	ck_assert_uint_eq(master, 0);
	ck_assert_int_eq(port.stp, PORT_DISABLED);
	ck_assert_int_eq(port.locked, PORT_UNKNOWN);
	check_port(&port);
	port_done(&port);
}
END_TEST

START_TEST(no_such_port)
{
	static const char *const names[] = { "t0", "t", "lan", "LAN0", "%d", "exactly-15-byte" };
	struct port untouched, port;
	unsigned int master = 99;

	memset(&untouched, 0x5a, sizeof(untouched));
	port = untouched;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct error err = ERROR_INIT;

		suite_assert_error(port_get(sock, names[i], &port, &master, &err), err, ENODEV,
				   ERROR_NOT_FOUND);
		ck_assert_ptr_nonnull(strstr(err.message, names[i]));
	}
	ck_assert_mem_eq(&port, &untouched, sizeof(port));
	ck_assert_uint_eq(master, 99);
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("net/ports");
	TCase *c = tcase_create("ports");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, setup, bridge_lab_leave);
	tcase_add_test(c, ports_are_those_of_ip);
	tcase_add_test(c, counters_count);
	tcase_add_test(c, queues_are_those_that_are_held);
	tcase_add_test(c, ports_of_others_are_not_ours);
	tcase_add_test(c, bridge_without_ports);
	tcase_add_test(c, many_ports);
	tcase_add_test(c, what_is_listed_again_is_there_once);
	tcase_add_test(c, links_elsewhere_cost_nothing);
	tcase_add_test(c, ports_of_a_bridge_that_went_away);
	tcase_add_test(c, one_port_by_name);
	tcase_add_test(c, port_that_fell_off);
	tcase_add_test(c, no_such_port);
	suite_add_tcase(s, c);
	return suite_run(s);
}
