/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every step of tap_open() refused in turn. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strv.h"
#include "fault.h"
#include "net/netlink.h"
#include "net/tap.h"
#include "netns.h"
#include "suite.h"

/* The messages of tap_open() with guard, as they are sent. */
enum { ATTACH, LOCK, ENTRY, QDISC, INGRESS, GUARD, READ_BACK, UP, MESSAGES };

static const char guest[] = "52:54:00:12:34:56";

static struct nl_sock *sock;
static struct bridge bridge;
static struct tap_spec spec;

static void setup(void)
{
	struct error err = ERROR_INIT;

	netns_enter();
	netns_make_lan();
	suite_assert_ok(netlink_open(&sock, &err), err);
	suite_assert_ok(bridge_get(sock, "br0", &bridge, &err), err);
	spec = (struct tap_spec){ .vm = "web1", .name = "mvm-web1", .guard = true };
	spec.guest_mac = netns_mac(guest);
}

static void teardown(void)
{
	netlink_close(&sock);
	netns_leave();
}

static int open_with(struct fault with, struct tap *ret, struct error *err)
{
	int r;

	fault_set(with);
	r = tap_open(sock, &bridge, &spec, ret, err);
	fault_clear();
	return r;
}

static void check_works(void)
{
	struct error err = ERROR_INIT;
	struct tap tap = TAP_INIT;
	json_t *link;

	suite_assert_ok(open_with((struct fault){ 0 }, &tap, &err), err);
	link = netns_link("mvm-web1");
	ck_assert_ptr_nonnull(link);
	json_decref(link);
	tap_close(&tap);
}

/* The fault makes tap_open() fail, nothing is left of it, and the same socket works after it. */
static struct error check_fails(struct fault with)
{
	struct error err = ERROR_INIT;
	char *before = netns_snapshot();
	int fds = suite_count_fds();
	struct tap untouched, tap;
	int r;

	memset(&untouched, 0x5a, sizeof(untouched));
	tap = untouched;
	r = open_with(with, &tap, &err);
	ck_assert_int_lt(r, 0);
	ck_assert_int_eq(r, -err.code);
	ck_assert_int_ne(err.kind, ERROR_NONE);
	ck_assert_mem_eq(&tap, &untouched, sizeof(tap));
	ck_assert_int_eq(suite_count_fds(), fds);
	netns_compare(before);
	fault_wait_program_gone();
	check_works();
	return err;
}

static void check_words(const struct error *err, enum error_kind kind, const char *words)
{
	ck_assert_msg(err->kind == kind, "kind %d: %s", err->kind, err->message);
	ck_assert_msg(strstr(err->message, words) != NULL, "%s", err->message);
}

static const char *const step_words[] = {
	[ATTACH] = "attach tap 'mvm-web1' to bridge 'br0'",
	[LOCK] = "lock the port of tap 'mvm-web1'",
	[ENTRY] = "enter MAC 52:54:00:12:34:56",
	[QDISC] = "set qdisc 'noqueue'",
	[INGRESS] = "make room for filters on tap 'mvm-web1'",
	[GUARD] = "guard tap 'mvm-web1'",
	[READ_BACK] = "read tap 'mvm-web1' back",
	[UP] = "set tap 'mvm-web1' up",
};

START_TEST(message_refused)
{
	static const int codes[] = { 0, EPERM, EBUSY };

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		struct fault with = { .refuse = _i, .refusals = 1, .answer = codes[i] };
		struct error err;

		if (!codes[i] && (_i == INGRESS || _i == GUARD))
			continue; /* see known_refusals_are_worded */
		err = check_fails(with);
		check_words(&err, codes[i] == EPERM ? ERROR_PERMISSION : ERROR_FAILED,
			    step_words[_i]);
		ck_assert_int_eq(err.code, codes[i] ? codes[i] : EOPNOTSUPP);
		ck_assert_ptr_nonnull(strstr(err.message, strerror(err.code)));
	}
}
END_TEST

START_TEST(known_refusals_are_worded)
{
	struct fault full = { .refuse = ATTACH, .refusals = 1, .answer = EXFULL };
	struct fault taken = { .refuse = ENTRY, .refusals = 1, .answer = EEXIST };
	struct error err;

	err = check_fails(full);
	check_words(&err, ERROR_HOST, "bridge 'br0' is full (1023 ports)");
	err = check_fails(taken);
	check_words(&err, ERROR_CONFLICT, "MAC 52:54:00:12:34:56 is in use by another port");
	ck_assert_str_ne(err.hint, "");
}
END_TEST

/* A kernel built without, or whose module is not installed; the latter says ENOENT. */
START_TEST(kernel_without_traffic_control)
{
	static const int codes[] = { ENOENT, EOPNOTSUPP };
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		struct fault with = { .refuse = INGRESS, .refusals = 1, .answer = codes[i] };

		err = check_fails(with);
		check_words(&err, ERROR_HOST, "the guard needs sch_ingress, which this kernel");
		ck_assert_str_eq(err.hint, "'modprobe sch_ingress' loads it; or use guard=off");
		with.refuse = GUARD;
		err = check_fails(with);
		check_words(&err, ERROR_HOST, "the guard needs cls_bpf, which this kernel");
		ck_assert_str_eq(err.hint, "'modprobe cls_bpf' loads it; or use guard=off");
	}
	spec.rate_to_guest_mbit = 10;
	err = check_fails((struct fault){ .refuse = QDISC, .refusals = 1, .answer = ENOENT });
	check_words(&err, ERROR_HOST, "a rate towards the guest needs sch_tbf");
	if (!netns_kernel_has_police())
		return; /* which rate_from_guest_mbit is refused for, see test_tap_nic.c */
	spec.rate_to_guest_mbit = 0;
	spec.rate_from_guest_mbit = 10;
	spec.guard = TAP_GUARD_OFF;
	err = check_fails((struct fault){ .refuse = 3, .refusals = 1, .answer = ENOENT });
	check_words(&err, ERROR_HOST, "a rate from the guest needs sch_ingress");
	err = check_fails((struct fault){ .refuse = 4, .refusals = 1, .answer = ENOENT });
	check_words(&err, ERROR_HOST, "a rate from the guest needs act_police");
}
END_TEST

START_TEST(guard_not_loaded)
{
	struct error err = check_fails((struct fault){ .guard = true });

	check_words(&err, ERROR_FAILED, "load the guard");
	ck_assert_int_eq(fault_messages, MESSAGES); /* of the tap that works after it */
}
END_TEST

START_TEST(refusal_without_guard)
{
	spec.guard = TAP_GUARD_OFF;
	for (int refuse = 0; refuse < 5; refuse++) {
		struct fault with = { .refuse = refuse, .refusals = 1 };
		struct error err = check_fails(with);

		check_words(&err, ERROR_FAILED, "tap 'mvm-web1'");
	}
}
END_TEST

START_TEST(kernel_without_ipv6)
{
	struct fault with = { .refuse = ATTACH, .refusals = 1, .answer = EAFNOSUPPORT };
	struct error err = ERROR_INIT;
	struct tap tap = TAP_INIT;
	int fds = suite_count_fds();
	json_t *link;

	suite_assert_ok(open_with(with, &tap, &err), err);
	ck_assert_int_eq(err.kind, ERROR_NONE);
	ck_assert_int_eq(suite_count_fds(), fds + 1);
	link = netns_link("mvm-web1");
	ck_assert_str_eq(netns_str(link, "master"), "br0");
	ck_assert_int_eq(netns_int(link, "linkinfo.info_slave_data.locked"), 1);
	json_decref(link);
	tap_close(&tap);
}
END_TEST

START_TEST(second_refusal_of_ipv6_is_final)
{
	struct fault with = { .refuse = ATTACH, .refusals = 2, .answer = EAFNOSUPPORT };
	struct error err = check_fails(with);

	check_words(&err, ERROR_FAILED, step_words[ATTACH]);
	ck_assert_int_eq(err.code, EAFNOSUPPORT);
}
END_TEST

START_TEST(kernel_without_locked_ports)
{
	struct fault with = {
		.mask = LOCK,
		.mask_type = IFLA_BRPORT_LOCKED,
		.mask_reply = true,
	};
	struct error err = check_fails(with);
	struct tap tap = TAP_INIT;

	check_words(&err, ERROR_HOST, "Linux 5.18");
	ck_assert_int_eq(err.code, EOPNOTSUPP);
	ck_assert_ptr_nonnull(strstr(err.hint, "guard=off"));

	/* which helps */
	spec.guard = false;
	suite_assert_ok(open_with((struct fault){ .mask_type = IFLA_BRPORT_LOCKED,
						  .mask_reply = true,
						  .mask = -1 },
				  &tap, &err),
			err);
	tap_close(&tap);
}
END_TEST

/* What the kernel, or somebody else, did not set as asked. */
static const struct {
	struct fault with;
	const char *words;
} lies[] = {
	{ { .mask = ATTACH, .mask_type = IFLA_MTU }, "MTU" },
	{ { .mask = ATTACH, .mask_type = IFLA_ADDRESS }, "MAC" },
	{ { .up = true }, "up already" },
	{ { .mask = LOCK, .mask_type = IFLA_BRPORT_LOCKED }, "lock" },
	{ { .mask = LOCK, .mask_type = IFLA_BRPORT_LEARNING }, "learning" },
	{ { .mask = LOCK, .mask_type = IFLA_BRPORT_UNICAST_FLOOD }, "flooding" },
	{ { .mask = LOCK, .mask_type = IFLA_BRPORT_GUARD }, "BPDUs" },
	{ { .mask = LOCK, .mask_type = IFLA_BRPORT_PROTECT }, "root block" },
	{ { .mask = LOCK, .mask_type = IFLA_BRPORT_ISOLATED }, "isolation" },
	{ { .mask = LOCK, .mask_type = IFLA_BRPORT_MULTICAST_ROUTER }, "multicast router" },
	{ { .mask = ATTACH, .mask_type = IFLA_IFALIAS }, "alias" },
};

START_TEST(read_back_tells)
{
	struct error err;

	netns_run("ip link set lan0 mtu 9000");
	netns_run("ip link set br0 mtu 9000");
	bridge.mtu = 9000;
	spec.isolated = true;
	err = check_fails(lies[_i].with);
	check_words(&err, ERROR_HOST, "verify tap 'mvm-web1'");
	ck_assert_msg(strstr(err.message, lies[_i].words) != NULL, "%s", err.message);
}
END_TEST

START_TEST(read_back_tells_the_bridge)
{
	struct error err;
	json_t *other;

	netns_run("ip link add br1 address 02:00:00:00:00:01 type bridge");
	other = netns_link("br1");
	err = check_fails((struct fault){ .master = (unsigned int)netns_int(other, "ifindex") });
	json_decref(other);
	check_words(&err, ERROR_HOST, "did not set its bridge");
}
END_TEST

START_TEST(no_tun_device)
{
	static const struct {
		int code;
		enum error_kind kind;
		const char *hint;
	} cases[] = {
		{ ENOENT, ERROR_HOST, "modprobe tun" },
		{ ENODEV, ERROR_HOST, "modprobe tun" },
		{ ENXIO, ERROR_HOST, "modprobe tun" },
		{ EACCES, ERROR_PERMISSION, "chmod 666 /dev/net/tun" },
		{ EPERM, ERROR_PERMISSION, "container" },
		{ EMFILE, ERROR_FAILED, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = check_fails((struct fault){ .open_code = cases[i].code });

		check_words(&err, cases[i].kind, "open '/dev/net/tun'");
		ck_assert_int_eq(err.code, cases[i].code);
		ck_assert_msg(strstr(err.hint, cases[i].hint) != NULL, "%s", err.hint);
	}
}
END_TEST

START_TEST(tap_not_created)
{
	static const struct {
		int code;
		enum error_kind kind;
		const char *words;
	} cases[] = {
		{ EPERM, ERROR_PERMISSION,
		  "create tap 'mvm-web1': needs CAP_NET_ADMIN, which root has" },
		{ EBUSY, ERROR_CONFLICT, "tap 'mvm-web1' exists" },
		{ EINVAL, ERROR_FAILED, "create tap 'mvm-web1': Invalid argument" },
		{ ENOMEM, ERROR_FAILED, "create tap 'mvm-web1'" },
	};
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		err = check_fails((struct fault){ .tun_code = cases[i].code });
		check_words(&err, cases[i].kind, cases[i].words);
	}
	err = check_fails((struct fault){ .index_code = ENODEV });
	check_words(&err, ERROR_FAILED, "find the index of tap 'mvm-web1'");
}
END_TEST

START_TEST(tap_not_given_to_root)
{
	struct error err = check_fails((struct fault){ .owner_code = EINVAL });

	check_words(&err, ERROR_FAILED, "give tap 'mvm-web1' to root: Invalid argument");
	ck_assert_ptr_nonnull(strstr(err.hint, "user namespace"));
	spec.queues = 3;
	err = check_fails((struct fault){ .owner_code = EPERM });
	check_words(&err, ERROR_PERMISSION, "give tap 'mvm-web1' to root");
}
END_TEST

START_TEST(queue_not_opened)
{
	struct error err;

	spec.queues = 3;
	for (int queue = 1; queue < 3; queue++) {
		AUTO_FREE char *words = xasprintf("queue %d: ", queue);

		err = check_fails((struct fault){ .tun_code = E2BIG, .queue = queue });
		check_words(&err, ERROR_FAILED, words);
		err = check_fails((struct fault){ .open_code = EMFILE, .queue = queue });
		check_words(&err, ERROR_FAILED, "open '/dev/net/tun': Too many open files");
	}
}
END_TEST

/* All that this kernel can do. */
static void ask_for_all(void)
{
	static const struct tap_vlans trunk[] = { { 30, 30 }, { 40, 50 } };
	static struct ip_addr addresses[2];
	struct error err = ERROR_INIT;

	suite_assert_ok(ip_parse("address", "192.0.2.7", &addresses[0], &err), err);
	suite_assert_ok(ip_parse("address", "2001:db8::7", &addresses[1], &err), err);
	spec.guard = TAP_GUARD_IP;
	spec.addresses = addresses;
	spec.n_addresses = ARRAY_SIZE(addresses);
	spec.queues = 2;
	spec.isolated = true;
	spec.rate_to_guest_mbit = 100;
	if (netns_kernel_has_police())
		spec.rate_from_guest_mbit = 20;
	if (!netns_kernel_has_vlans())
		return;
	netns_run("ip link set br0 type bridge vlan_filtering 1");
	suite_assert_ok(bridge_get(sock, "br0", &bridge, &err), err);
	spec.vlan = 20;
	spec.trunk = trunk;
	spec.n_trunk = ARRAY_SIZE(trunk);
}

/* Whichever message is refused, the words are those of the dry run, and nothing is left. */
START_TEST(any_message_of_all_refused)
{
	AUTO_BUF text = BUF_INIT;
	AUTO_STRV steps = STRV_INIT;
	size_t n = 0;

	ask_for_all();
	tap_describe(&bridge, &spec, &text);
	strv_split(&steps, buf_str(&text), '\n');
	ck_assert_uint_ge(steps.n, 9);
	for (size_t i = 1; i < steps.n; i++, n++) { /* the first is TUNSETIFF */
		struct fault with = { .refuse = (int)n, .refusals = 1, .answer = ENOMEM };
		struct error err;

		if (spec.vlan && i == steps.n - 1) {
			err = check_fails(with);
			check_words(&err, ERROR_FAILED, "list the VLANs of 'mvm-web1'");
			with.refuse = (int)++n;
		}
		err = check_fails(with);
		check_words(&err, ERROR_FAILED, steps.v[i]);
	}
	check_works();
	ck_assert_int_eq(fault_messages, n);
}
END_TEST

/* The batch and the tap's going up; with VLANs the list of them, whose end may come apart. */
START_TEST(round_trips_of_all)
{
	ask_for_all();
	check_works();
	ck_assert_int_eq(fault_sends, spec.vlan ? 3 : 2);
	ck_assert_int_ge(fault_receives, spec.vlan ? 3 : 2);
	ck_assert_int_le(fault_receives, spec.vlan ? 4 : 2);
}
END_TEST

START_TEST(netlink_fails)
{
	for (int n = 1; n <= 2; n++) {
		const char *words = step_words[n == 1 ? ATTACH : UP];
		struct error err = check_fails((struct fault){ .send = n, .code = ENOBUFS });

		check_words(&err, ERROR_FAILED, words);
		words = step_words[n == 1 ? READ_BACK : UP];
		err = check_fails((struct fault){ .receive = n, .code = ENOBUFS });
		check_words(&err, ERROR_FAILED, words);
		err = check_fails((struct fault){ .receive = n, .code = EAGAIN });
		check_words(&err, ERROR_TIMEOUT, words);
		err = check_fails((struct fault){ .receive = n, .truncate = true });
		check_words(&err, ERROR_FAILED, words);
	}
}
END_TEST

/* The answer to a request that was given up is still in the socket. */
START_TEST(late_answer_is_no_answer_to_another_request)
{
	struct error err = ERROR_INIT;
	struct bridge_lan lan;
	struct tap tap;

	netns_run("ip addr add 10.0.0.1/24 dev br0");
	for (int n = 1; n <= 2; n++) {
		struct fault with = { .receive = n, .code = ENOBUFS };

		ck_assert_int_lt(open_with(with, &tap, &err), 0);
		suite_assert_ok(bridge_get_lan(sock, &bridge, &lan, &err), err);
		ck_assert_uint_eq(lan.prefix.length, 24);
		ck_assert_int_lt(open_with(with, &tap, &err), 0);
		suite_assert_ok(bridge_get(sock, "br0", &bridge, &err), err);
		ck_assert_str_eq(bridge.name, "br0");
	}
}
END_TEST

START_TEST(interrupted_by_a_signal)
{
	for (int n = 1; n <= 2; n++) {
		struct error err = ERROR_INIT;
		struct tap tap = TAP_INIT;

		suite_assert_ok(
			open_with((struct fault){ .receive = n, .code = EINTR }, &tap, &err), err);
		tap_close(&tap);
	}
}
END_TEST

/* A tap takes one sendmsg(2) and one recvmsg(2) for its batch and for setting it up. */
START_TEST(two_round_trips)
{
	check_works();
	ck_assert_int_eq(fault_sends, 2);
	ck_assert_int_eq(fault_receives, 2);
	ck_assert_int_eq(fault_messages, MESSAGES);
}
END_TEST

START_TEST(no_vhost)
{
	static const int absent[] = { ENOENT, ENODEV, ENXIO, EACCES, EPERM };
	static const int broken[] = { EMFILE, ENOMEM, EIO };
	struct error err;
	int fd = -2;

	for (size_t i = 0; i < ARRAY_SIZE(absent); i++) {
		err = (struct error)ERROR_INIT;
		fault.open_code = absent[i];
		ck_assert_int_eq(tap_open_vhost(&fd, &err), TAP_NO_VHOST);
		ck_assert_ptr_nonnull(strstr(err.message, "'/dev/vhost-net'"));
		ck_assert_ptr_nonnull(strstr(err.message, strerror(absent[i])));
	}
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		fault.open_code = broken[i];
		suite_assert_error(tap_open_vhost(&fd, &err), err, broken[i], ERROR_FAILED);
	}
	fault.open_code = 0;
	ck_assert_int_eq(fd, -2);
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("net/tap-fault");
	TCase *c = tcase_create("fault");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, message_refused, 0, MESSAGES);
	tcase_add_test(c, known_refusals_are_worded);
	tcase_add_test(c, kernel_without_traffic_control);
	tcase_add_test(c, guard_not_loaded);
	tcase_add_test(c, refusal_without_guard);
	tcase_add_test(c, kernel_without_ipv6);
	tcase_add_test(c, second_refusal_of_ipv6_is_final);
	tcase_add_test(c, kernel_without_locked_ports);
	tcase_add_loop_test(c, read_back_tells, 0, ARRAY_SIZE(lies));
	tcase_add_test(c, read_back_tells_the_bridge);
	tcase_add_test(c, no_tun_device);
	tcase_add_test(c, tap_not_created);
	tcase_add_test(c, tap_not_given_to_root);
	tcase_add_test(c, queue_not_opened);
	tcase_add_test(c, any_message_of_all_refused);
	tcase_add_test(c, round_trips_of_all);
	tcase_add_test(c, netlink_fails);
	tcase_add_test(c, late_answer_is_no_answer_to_another_request);
	tcase_add_test(c, interrupted_by_a_signal);
	tcase_add_test(c, two_round_trips);
	tcase_add_test(c, no_vhost);
	suite_add_tcase(s, c);
	return suite_run(s);
}
