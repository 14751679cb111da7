/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tap on a bridge: what it is like, and that nothing else changes. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/netlink.h"
#include "net/tap.h"
#include "netns.h"
#include "suite.h"

static const char guest[] = "52:54:00:12:34:56";
static const char host[] = "fe:54:00:12:34:56";

static struct nl_sock *sock;

static void setup(void)
{
	struct error err = ERROR_INIT;

	netns_enter();
	suite_assert_ok(netlink_open(&sock, &err), err);
	netns_make_lan();
}

static void teardown(void)
{
	netlink_close(&sock);
	netns_leave();
}

static struct bridge get_bridge(void)
{
	struct error err = ERROR_INIT;
	struct bridge bridge;

	suite_assert_ok(bridge_get(sock, "br0", &bridge, &err), err);
	return bridge;
}

static struct tap_spec spec(const char *name, const char *mac, bool guard)
{
	return (struct tap_spec){
		.vm = "web1",
		.nic = 0,
		.name = name,
		.guest_mac = netns_mac(mac),
		.guard = guard,
	};
}

static int try_open(const char *name, const char *mac, bool guard, struct tap *ret,
		    struct error *err)
{
	struct bridge bridge = get_bridge();
	struct tap_spec asked = spec(name, mac, guard);

	return tap_open(sock, &bridge, &asked, ret, err);
}

static struct tap open_tap(const char *name, const char *mac, bool guard)
{
	struct error err = ERROR_INIT;
	struct tap tap = TAP_INIT;

	suite_assert_ok(try_open(name, mac, guard, &tap, &err), err);
	return tap;
}

/* A refused tap_open() leaves the host, the descriptors and *ret as they were. */
static void check_refused(const char *name, const char *mac, int code, enum error_kind kind,
			  const char *words)
{
	struct tap untouched = TAP_INIT, tap;
	struct error err = ERROR_INIT;
	char *before = netns_snapshot();
	int fds = suite_count_fds();

	memset(&untouched, 0x5a, sizeof(untouched));
	tap = untouched;
	suite_assert_error(try_open(name, mac, true, &tap, &err), err, code, kind);
	ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
	ck_assert_mem_eq(&tap, &untouched, sizeof(tap));
	ck_assert_int_eq(suite_count_fds(), fds);
	netns_compare(before);
}

static void check_link(const json_t *link, unsigned int mtu)
{
	ck_assert_ptr_nonnull(link);
	ck_assert_str_eq(netns_str(link, "master"), "br0");
	ck_assert_str_eq(netns_str(link, "address"), host);
	ck_assert_int_eq(netns_int(link, "mtu"), mtu);
	ck_assert_str_eq(netns_str(link, "ifalias"), "mnmivm-se:web1/0");
	ck_assert_str_eq(netns_str(link, "qdisc"), "noqueue");
	ck_assert_str_eq(netns_str(link, "linkinfo.info_kind"), "tun");
	ck_assert_str_eq(netns_str(link, "linkinfo.info_data.type"), "tap");
	ck_assert_int_eq(netns_int(link, "linkinfo.info_data.persist"), false);
	ck_assert_int_eq(netns_int(link, "linkinfo.info_data.pi"), false);
	ck_assert_int_eq(netns_int(link, "linkinfo.info_data.vnet_hdr"), true);
	ck_assert_str_eq(netns_str(link, "linkinfo.info_data.user"), "root");
	ck_assert_ptr_null(netns_at(link, "linkinfo.info_data.group"));
	ck_assert_str_eq(netns_str(link, "linkinfo.info_slave_kind"), "bridge");
	ck_assert_str_eq(netns_str(link, "linkinfo.info_slave_data.state"), "forwarding");
}

static bool is_up(const json_t *link)
{
	const json_t *flags = netns_at(link, "flags");
	const json_t *flag;
	size_t i;

	json_array_foreach(flags, i, flag)
	{
		if (strcmp(json_string_value(flag), "UP") == 0)
			return true;
	}
	return false;
}

static void check_port(const json_t *link, bool guard)
{
	static const char *const on[] = { "locked", "guard", "root_block" };
	static const char *const off[] = { "learning", "flood" };
	static const char *const as_ever[] = { "mcast_flood", "bcast_flood" };
	const json_t *port = netns_at(link, "linkinfo.info_slave_data");

	for (size_t i = 0; i < ARRAY_SIZE(on); i++)
		ck_assert_msg(netns_int(port, on[i]) == guard, "%s", on[i]);
	for (size_t i = 0; i < ARRAY_SIZE(off); i++)
		ck_assert_msg(netns_int(port, off[i]) == !guard, "%s", off[i]);
	for (size_t i = 0; i < ARRAY_SIZE(as_ever); i++)
		ck_assert_msg(netns_int(port, as_ever[i]) == 1, "%s", as_ever[i]);
	ck_assert_int_eq(netns_int(port, "isolated"), 0);
	ck_assert_int_eq(netns_int(port, "multicast_router"), !guard);
}

/* The guest's MAC is this tap's, static and sticky. */
static void check_entry(const char *mac, const char *tap)
{
	json_t *entries = netns_fdb("br0", mac);
	json_t *entry;
	size_t i;

	ck_assert_uint_eq(json_array_size(entries), 1);
	json_array_foreach(entries, i, entry)
	{
		const json_t *flags = netns_at(entry, "flags");

		ck_assert_str_eq(netns_str(entry, "ifname"), tap);
		ck_assert_str_eq(netns_str(entry, "state"), "static");
		ck_assert_uint_eq(json_array_size(flags), 1);
		ck_assert_str_eq(json_string_value(json_array_get(flags, 0)), "sticky");
	}
	json_decref(entries);
}

static size_t count_entries(const char *mac)
{
	json_t *entries = netns_fdb("br0", mac);
	size_t n = json_array_size(entries);

	json_decref(entries);
	return n;
}

static const unsigned int mtus[] = { 1500, 9000, 1280, 1279, 576, 65521 };

START_TEST(tap_is_as_asked)
{
	unsigned int mtu = mtus[_i];
	struct tap tap;
	char *before;
	json_t *link;
	int fds;

	netns_run("ip link set lan0 mtu %u", mtu);
	netns_run("ip link set br0 mtu %u", mtu);
	before = netns_snapshot();
	fds = suite_count_fds();
	tap = open_tap("mvm-web1", guest, true);
	link = netns_link("mvm-web1");
	check_link(link, mtu);
	check_port(link, true);
	ck_assert(is_up(link));
	check_entry(guest, "mvm-web1");
	ck_assert_str_eq(tap.name, "mvm-web1");
	ck_assert_uint_eq(tap.mtu, mtu);
	ck_assert_uint_eq(tap.n_fds, 1);
	ck_assert_int_eq(tap.ifindex, netns_int(link, "ifindex"));
	ck_assert_int_eq(fcntl(tap.fds[0], F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(tap.fds[0], F_GETFL) & (O_NONBLOCK | O_ACCMODE),
			 O_NONBLOCK | O_RDWR);
	json_decref(link);
	link = netns_link("br0");
	ck_assert_int_eq(netns_int(link, "mtu"), mtu);
	ck_assert_str_eq(netns_str(link, "address"), netns_bridge_mac);
	json_decref(link);

	tap_close(&tap);
	ck_assert_ptr_null(netns_link("mvm-web1"));
	ck_assert_int_eq(suite_count_fds(), fds);
	netns_compare(before);
}
END_TEST

START_TEST(guard_off_is_an_ordinary_port)
{
	struct tap tap = open_tap("mvm-web1", guest, false);
	json_t *link = netns_link("mvm-web1");

	check_link(link, 1500);
	check_port(link, false);
	ck_assert_uint_eq(count_entries(guest), 0);
	json_decref(link);
	tap_close(&tap);
}
END_TEST

START_TEST(bridge_keeps_its_mac)
{
	/* all lower than the bridge's own */
	static const char *const macs[] = { "00:00:00:00:00:01", "02:00:00:00:00:00",
					    "52:54:00:00:00:01", "fe:00:00:00:00:09" };
	struct tap tap[ARRAY_SIZE(macs)];
	json_t *link;

	for (size_t i = 0; i < ARRAY_SIZE(macs); i++) {
		char name[IF_NAMESIZE];

		tap_name("web1", (unsigned int)i, name);
		tap[i] = open_tap(name, macs[i], i % 2);
		link = netns_link("br0");
		ck_assert_str_eq(netns_str(link, "address"), netns_bridge_mac);
		json_decref(link);
	}
	for (size_t i = 0; i < ARRAY_SIZE(macs); i++)
		tap_close(&tap[i]);
	link = netns_link("br0");
	ck_assert_str_eq(netns_str(link, "address"), netns_bridge_mac);
	json_decref(link);
}
END_TEST

static size_t count_ipv6_addresses(const char *name)
{
	json_t *links = netns_json("ip -j -6 addr show dev %s", name);
	size_t n = 0;
	json_t *link;
	size_t i;

	json_array_foreach(links, i, link) n += json_array_size(netns_at(link, "addr_info"));
	json_decref(links);
	return n;
}

/* No frame of the host's for the guest, but for those from no address at all where so allowed. */
static void check_silent(int fd, bool unspecified_allowed)
{
	static const unsigned char unspecified[16];
	enum { SOURCE = 10 + 14 + 8 }; /* behind virtio-net, Ethernet and half an IPv6 header */
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	unsigned char frame[2048];

	while (poll(&poll_fd, 1, 1200) > 0) {
		ssize_t n = read(fd, frame, sizeof(frame));

		ck_assert(unspecified_allowed);
		ck_assert_int_ge(n, SOURCE + 16);
		ck_assert_mem_eq(frame + SOURCE, unspecified, sizeof(unspecified));
	}
}

START_TEST(host_does_not_talk_to_the_guest)
{
	struct tap tap;
	json_t *link;

	/*
	 * Only the tap itself could talk: lan0 and br0 were made with IPv6 off. A host that is an
	 * IPv6 router says on every link that it is one (MLD for ff02::2), from "::".
	 */
	netns_sysctl("ipv6/conf/default/disable_ipv6", "0");
	netns_sysctl("ipv6/conf/default/forwarding", _i ? "1" : "0");
	tap = open_tap("mvm-web1", guest, true);
	link = netns_link("mvm-web1");
	ck_assert_str_eq(netns_str(link, "inet6_addr_gen_mode"), "none");
	json_decref(link);
	check_silent(tap.fds[0], _i);
	ck_assert_uint_eq(count_ipv6_addresses("mvm-web1"), 0);
	tap_close(&tap);
}
END_TEST

START_TEST(ipv6_may_be_off)
{
	struct tap tap;
	json_t *link;

	netns_sysctl("ipv6/conf/all/disable_ipv6", "1");
	netns_sysctl("ipv6/conf/default/disable_ipv6", "1");
	tap = open_tap("mvm-web1", guest, true);
	link = netns_link("mvm-web1");
	check_link(link, 1500);
	check_port(link, true);
	check_entry(guest, "mvm-web1");
	json_decref(link);
	tap_close(&tap);
}
END_TEST

START_TEST(bridge_that_is_down_stays_down)
{
	struct tap tap;
	json_t *link;

	netns_run("ip link set br0 down");
	tap = open_tap("mvm-web1", guest, true);
	link = netns_link("br0");
	ck_assert(!is_up(link));
	json_decref(link);
	link = netns_link("mvm-web1");
	ck_assert(is_up(link));
	json_decref(link);
	tap_close(&tap);
}
END_TEST

START_TEST(vlan_aware_bridge)
{
	json_t *entries;
	json_t *entry;
	struct tap tap;
	size_t i;

	netns_run("ip link set br0 type bridge vlan_filtering 1");
	tap = open_tap("mvm-web1", guest, true);
	entries = netns_fdb("br0", guest);
	ck_assert_uint_ge(json_array_size(entries), 1);
	json_array_foreach(entries, i, entry)
	{
		ck_assert_str_eq(netns_str(entry, "ifname"), "mvm-web1");
		ck_assert_str_eq(netns_str(entry, "state"), "static");
	}
	json_decref(entries);
	tap_close(&tap);
	ck_assert_uint_eq(count_entries(guest), 0);
}
END_TEST

START_TEST(longest_names)
{
	static const char vm[] = "a23456789-b23456789-c23456789-d23456789-e23456789-f23456789-123";
	struct bridge bridge = get_bridge();
	struct tap_spec asked = spec("", guest, true);
	struct error err = ERROR_INIT;
	struct tap tap = TAP_INIT;
	char name[IF_NAMESIZE];
	json_t *link;

	tap_name(vm, 999, name);
	ck_assert_uint_eq(strlen(name), 15);
	asked.vm = vm;
	asked.nic = 999;
	asked.name = name;
	suite_assert_ok(tap_open(sock, &bridge, &asked, &tap, &err), err);
	ck_assert_str_eq(tap.name, name);
	link = netns_link(name);
	ck_assert_str_eq(netns_str(link, "ifalias"),
			 "mnmivm-se:a23456789-b23456789-c23456789-d23456789-e23456789-f23456789-123"
			 "/999");
	json_decref(link);
	tap_close(&tap);
}
END_TEST

START_TEST(names_that_are_none)
{
	static const char *const names[] = { "",      "exactly-16-bytes",
					     "tap%d", "a/b",
					     "..",    ".",
					     "a b",   "a:b",
					     "a\nb",  "caf\xc3\xa9",
					     "%%",    "mvm-a-name-of-far-more-than-15-bytes" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		check_refused(names[i], guest, EINVAL, ERROR_USAGE, names[i]);
}
END_TEST

START_TEST(name_of_another_vms_tap)
{
	struct tap first = open_tap("mvm-web1", guest, true);

	check_refused("mvm-web1", "52:54:00:00:00:99", EBUSY, ERROR_CONFLICT, "'mvm-web1' exists");
	check_entry(guest, "mvm-web1");
	tap_close(&first);
	first = open_tap("mvm-web1", "52:54:00:00:00:99", true);
	tap_close(&first);
}
END_TEST

START_TEST(name_of_another_link)
{
	netns_run("ip link add mvm-web1 type veth peer name other");
	check_refused("mvm-web1", guest, EBUSY, ERROR_CONFLICT, "'mvm-web1' exists");
	check_refused("br0", guest, EBUSY, ERROR_CONFLICT, "'br0' exists");
	netns_run("ip link property add dev other altname mvm-web2");
	check_refused("mvm-web2", guest, EBUSY, ERROR_CONFLICT, "'mvm-web2' exists");
}
END_TEST

START_TEST(name_of_a_persistent_tap)
{
	netns_run("ip tuntap add mvm-web1 mode tap");
	check_refused("mvm-web1", guest, EBUSY, ERROR_CONFLICT, "'mvm-web1' exists");
}
END_TEST

START_TEST(mac_of_another_port)
{
	struct tap first = open_tap("mvm-web1", guest, true);

	check_refused("mvm-web2", guest, EEXIST, ERROR_CONFLICT, guest);
	check_refused("mvm-web2", host, EEXIST, ERROR_CONFLICT, host);
	check_refused("mvm-web2", netns_bridge_mac, EEXIST, ERROR_CONFLICT, netns_bridge_mac);
	netns_run("bridge fdb add 52:54:00:00:00:42 dev lan0 master dynamic");
	check_refused("mvm-web2", "52:54:00:00:00:42", EEXIST, ERROR_CONFLICT, "in use by another");
	check_entry(guest, "mvm-web1");
	tap_close(&first);
	first = open_tap("mvm-web2", guest, true);
	tap_close(&first);
}
END_TEST

START_TEST(full_bridge)
{
	/* lan0 is the first of 1023; both ends of 511 pairs are the rest */
	netns_run("for i in $(seq 511); do"
		  " echo link add a$i master br0 type veth peer name b$i;"
		  " echo link set b$i master br0; done | ip -batch -");
	check_refused("mvm-web1", guest, EXFULL, ERROR_HOST, "bridge 'br0' is full (1023 ports)");
}
END_TEST

START_TEST(bridge_that_went_away)
{
	struct tap_spec asked = spec("mvm-web1", guest, true);
	struct bridge bridge = get_bridge();
	struct error err = ERROR_INIT;
	struct tap tap = TAP_INIT;

	netns_run("ip link del br0");
	ck_assert_int_lt(tap_open(sock, &bridge, &asked, &tap, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.message, "attach tap 'mvm-web1' to bridge 'br0'"));
	ck_assert_ptr_nonnull(strstr(err.hint, "br0"));
	ck_assert_ptr_null(netns_link("mvm-web1"));
}
END_TEST

START_TEST(a_link_that_is_no_bridge)
{
	struct tap_spec asked = spec("mvm-web1", guest, true);
	struct bridge bridge = get_bridge();
	struct error err = ERROR_INIT;
	struct tap tap = TAP_INIT;
	json_t *link = netns_link("lan1");

	bridge.ifindex = (unsigned int)netns_int(link, "ifindex");
	json_decref(link);
	ck_assert_int_lt(tap_open(sock, &bridge, &asked, &tap, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.message, "attach tap 'mvm-web1'"));
	ck_assert_ptr_null(netns_link("mvm-web1"));
}
END_TEST

START_TEST(without_cap_net_admin)
{
	struct tap_spec asked = spec("mvm-web1", guest, true);
	struct error err = ERROR_INIT;
	struct tap tap = TAP_INIT;
	struct bridge bridge;
	int r;

	netns_use_capability(CAP_NET_ADMIN, false);
	bridge = get_bridge(); /* reading needs none */
	r = tap_open(sock, &bridge, &asked, &tap, &err);
	netns_use_capability(CAP_NET_ADMIN, true);
	suite_assert_error(r, err, EPERM, ERROR_PERMISSION);
	ck_assert_ptr_nonnull(strstr(err.message, "needs CAP_NET_ADMIN"));
	ck_assert_ptr_null(netns_link("mvm-web1"));
}
END_TEST

/* A tap goes up to 65521 bytes, a bridge to 65535. */
START_TEST(kernel_says_why)
{
	netns_run("ip link set lan0 mtu 65535");
	netns_run("ip link set br0 mtu 65535");
	check_refused("mvm-web1", guest, EINVAL, ERROR_FAILED, "mtu greater than device maximum: ");
}
END_TEST

START_TEST(child_with_the_descriptor_keeps_the_tap)
{
	struct tap tap = open_tap("mvm-web1", guest, true);
	int go[2];
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe(go), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(go[1]);
		_exit(read(go[0], &c, 1) == 0 ? 0 : 1);
	}
	close(go[0]);
	tap_close(&tap);
	check_entry(guest, "mvm-web1");
	close(go[1]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_ptr_null(netns_link("mvm-web1"));
	ck_assert_uint_eq(count_entries(guest), 0);
}
END_TEST

START_TEST(closing_what_is_closed)
{
	struct tap never = TAP_INIT;
	struct tap tap = open_tap("mvm-web1", guest, true);
	int fds = suite_count_fds();

	tap_close(&never);
	ck_assert_int_eq(suite_count_fds(), fds);
	tap_close(&tap);
	tap_close(&tap);
	ck_assert_int_eq(suite_count_fds(), fds - 1);
	memset(&never, 0, sizeof(never));
	tap_close(&never); /* not descriptor 0 */
	ck_assert_int_eq(suite_count_fds(), fds - 1);
}
END_TEST

START_TEST(exists_or_not)
{
	struct error err = ERROR_INIT;
	struct tap tap = open_tap("mvm-web1", guest, true);
	bool exists = false;

	suite_assert_ok(tap_exists(sock, "mvm-web1", &exists, &err), err);
	ck_assert(exists);
	suite_assert_ok(tap_exists(sock, "mvm-web2", &exists, &err), err);
	ck_assert(!exists);
	tap_close(&tap);
	suite_assert_ok(tap_exists(sock, "mvm-web1", &exists, &err), err);
	ck_assert(!exists);
	ck_assert_int_eq(err.kind, ERROR_NONE);
	suite_assert_error(tap_exists(sock, "", &exists, &err), err, EINVAL, ERROR_USAGE);
}
END_TEST

START_TEST(described_in_the_order_it_is_done)
{
	struct bridge bridge = get_bridge();
	struct tap_spec asked = spec("mvm-web1", guest, true);
	AUTO_BUF text = BUF_INIT;

	tap_describe(&bridge, &asked, &text);
	ck_assert_str_eq(buf_str(&text),
			 "create tap 'mvm-web1'\n"
			 "attach tap 'mvm-web1' to bridge 'br0' (MAC fe:54:00:12:34:56, MTU 1500, "
			 "no IPv6)\n"
			 "lock the port of tap 'mvm-web1' to MAC 52:54:00:12:34:56\n"
			 "enter MAC 52:54:00:12:34:56 for tap 'mvm-web1' on bridge 'br0' (static, "
			 "sticky)\n"
			 "set qdisc 'noqueue' on tap 'mvm-web1'\n"
			 "make room for filters on tap 'mvm-web1' (qdisc 'clsact')\n"
			 "guard tap 'mvm-web1': what comes in is the guest's own MAC (filter "
			 "'bpf')\n"
			 "read tap 'mvm-web1' back\n"
			 "set tap 'mvm-web1' up\n");
	buf_clear(&text);
	asked.guard = false;
	tap_describe(&bridge, &asked, &text);
	ck_assert_ptr_null(strstr(buf_str(&text), "lock"));
	ck_assert_ptr_null(strstr(buf_str(&text), "static"));
	ck_assert_ptr_null(netns_link("mvm-web1"));
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("net/tap");
	TCase *c = tcase_create("tap");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, tap_is_as_asked, 0, ARRAY_SIZE(mtus));
	tcase_add_test(c, guard_off_is_an_ordinary_port);
	tcase_add_test(c, bridge_keeps_its_mac);
	tcase_add_loop_test(c, host_does_not_talk_to_the_guest, 0, 2);
	tcase_add_test(c, ipv6_may_be_off);
	tcase_add_test(c, bridge_that_is_down_stays_down);
	if (netns_kernel_has_vlans())
		tcase_add_test(c, vlan_aware_bridge);
	else
		suite_kernel_lacks("vlan_aware_bridge", "VLAN filtering");
	tcase_add_test(c, longest_names);
	tcase_add_test(c, names_that_are_none);
	tcase_add_test(c, name_of_another_vms_tap);
	tcase_add_test(c, name_of_another_link);
	tcase_add_test(c, name_of_a_persistent_tap);
	tcase_add_test(c, mac_of_another_port);
	tcase_add_test(c, full_bridge);
	tcase_add_test(c, bridge_that_went_away);
	tcase_add_test(c, a_link_that_is_no_bridge);
	tcase_add_test(c, without_cap_net_admin);
	tcase_add_test(c, kernel_says_why);
	tcase_add_test(c, child_with_the_descriptor_keeps_the_tap);
	tcase_add_test(c, closing_what_is_closed);
	tcase_add_test(c, exists_or_not);
	tcase_add_test(c, described_in_the_order_it_is_done);
	suite_add_tcase(s, c);
	return suite_run(s);
}
