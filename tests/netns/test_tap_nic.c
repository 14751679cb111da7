/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a NIC may ask of its tap beyond a port: queues, isolation, filters, rates. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/netlink.h"
#include "net/tap.h"
#include "netns.h"
#include "suite.h"

static const char guest[] = "52:54:00:12:34:56";

static struct nl_sock *sock;
static struct bridge bridge;
static struct tap_spec spec; /* each test begins with guard "mac" and nothing else */
static struct tap tap;

static void setup(void)
{
	struct error err = ERROR_INIT;

	netns_enter();
	netns_make_lan();
	suite_assert_ok(netlink_open(&sock, &err), err);
	suite_assert_ok(bridge_get(sock, "br0", &bridge, &err), err);
	spec = (struct tap_spec){ .vm = "web1", .name = "mvm-web1", .guard = TAP_GUARD_MAC };
	spec.guest_mac = netns_mac(guest);
	tap = (struct tap)TAP_INIT;
}

static void teardown(void)
{
	tap_close(&tap);
	netlink_close(&sock);
	netns_leave();
}

static void open_tap(void)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(tap_open(sock, &bridge, &spec, &tap, &err), err);
}

/* Refused, with those words and that hint; nothing is left and nothing was given back. */
static void check_refused(int code, enum error_kind kind, const char *words, const char *hint)
{
	struct error err = ERROR_INIT;
	char *before = netns_snapshot();
	int fds = suite_count_fds();
	struct tap untouched, got;

	memset(&untouched, 0x5a, sizeof(untouched));
	got = untouched;
	suite_assert_error(tap_open(sock, &bridge, &spec, &got, &err), err, code, kind);
	ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
	ck_assert_msg(strstr(err.hint, hint) != NULL, "%s", err.hint);
	ck_assert_mem_eq(&got, &untouched, sizeof(got));
	ck_assert_int_eq(suite_count_fds(), fds);
	netns_compare(before);
}

static const unsigned int queue_counts[] = { 0, 1, 2, 3, TAP_QUEUES_MAX };

START_TEST(queues_as_asked)
{
	unsigned int queues = queue_counts[_i] ? queue_counts[_i] : 1;
	int fds = suite_count_fds();
	char *before = netns_snapshot();
	json_t *link;

	spec.queues = queue_counts[_i];
	open_tap();
	ck_assert_uint_eq(tap.n_fds, queues);
	ck_assert_int_eq(suite_count_fds(), fds + (int)queues);
	for (unsigned int i = 0; i < tap.n_fds; i++) {
		ck_assert_int_eq(fcntl(tap.fds[i], F_GETFD), FD_CLOEXEC);
		ck_assert_int_eq(fcntl(tap.fds[i], F_GETFL) & (O_NONBLOCK | O_ACCMODE),
				 O_NONBLOCK | O_RDWR);
	}
	link = netns_link("mvm-web1");
	ck_assert_int_eq(netns_int(link, "linkinfo.info_data.multi_queue"), queues > 1);
	if (queues > 1)
		ck_assert_int_eq(netns_int(link, "linkinfo.info_data.numqueues"), queues);
	ck_assert_int_eq(netns_int(link, "num_tx_queues") > 1, queues > 1);
	ck_assert_str_eq(netns_str(link, "qdisc"), "noqueue");
	ck_assert_int_eq(netns_int(link, "linkinfo.info_slave_data.locked"), 1);
	json_decref(link);
	tap_close(&tap);
	ck_assert_int_eq(suite_count_fds(), fds);
	netns_compare(before);
}
END_TEST

/* A multi-queue tap without a qdisc of its own gets one for each of its 256 queues. */
START_TEST(queues_have_no_queue_in_front)
{
	json_t *qdiscs;
	json_t *qdisc;
	size_t i;

	spec.queues = 4;
	open_tap();
	qdiscs = netns_json("tc -j qdisc show dev mvm-web1");
	ck_assert_uint_eq(json_array_size(qdiscs), 2);
	json_array_foreach(qdiscs, i, qdisc)
	{
		const char *kind = netns_str(qdisc, "kind");

		ck_assert_msg(strcmp(kind, "noqueue") == 0 || strcmp(kind, "clsact") == 0, "%s",
			      kind);
	}
	json_decref(qdiscs);
}
END_TEST

/* Nobody else gets a queue of it by its name. */
START_TEST(tap_of_several_queues_is_taken)
{
	struct tap other = TAP_INIT;
	struct error err = ERROR_INIT;

	spec.queues = 2;
	open_tap();
	suite_assert_error(tap_open(sock, &bridge, &spec, &other, &err), err, EBUSY,
			   ERROR_CONFLICT);
	spec.queues = 1;
	suite_assert_error(tap_open(sock, &bridge, &spec, &other, &err), err, EBUSY,
			   ERROR_CONFLICT);
}
END_TEST

START_TEST(isolated_as_asked)
{
	spec.guard = _i & 1 ? TAP_GUARD_OFF : TAP_GUARD_MAC;
	spec.isolated = _i & 2;
	open_tap();
	{
		json_t *link = netns_link("mvm-web1");
		const json_t *port = netns_at(link, "linkinfo.info_slave_data");

		ck_assert_int_eq(netns_int(port, "isolated"), spec.isolated);
		ck_assert_int_eq(netns_int(port, "locked"), spec.guard != TAP_GUARD_OFF);
		ck_assert_int_eq(netns_int(port, "multicast_router"), spec.guard == TAP_GUARD_OFF);
		json_decref(link);
	}
}
END_TEST

/* The filters that frames from the guest meet, in that order; the caller releases them. */
static json_t *get_filters(void)
{
	json_t *all = netns_json("tc -j filter show dev mvm-web1 ingress");
	json_t *filters = json_array();
	json_t *filter;
	size_t i;

	json_array_foreach(all, i, filter)
	{
		/* tc prints a line without options for each priority before its filters */
		if (netns_at(filter, "options"))
			json_array_append(filters, filter);
	}
	json_decref(all);
	return filters;
}

START_TEST(guard_has_its_filter)
{
	int fds = suite_count_fds();
	const json_t *filter;
	json_t *filters;

	spec.guard = _i ? TAP_GUARD_IP : TAP_GUARD_MAC;
	open_tap();
	ck_assert_int_eq(suite_count_fds(), fds + 1); /* not the program's */
	filters = get_filters();
	ck_assert_uint_eq(json_array_size(filters), 1);
	filter = json_array_get(filters, 0);
	ck_assert_str_eq(netns_str(filter, "kind"), "bpf");
	ck_assert_str_eq(netns_str(filter, "protocol"), "all");
	ck_assert_int_eq(netns_int(filter, "pref"), 1);
	ck_assert_str_eq(netns_str(filter, "options.handle"), "0x1");
	ck_assert_str_eq(netns_str(filter, "options.bpf_name"), "mnmivm_guard");
	ck_assert_int_eq(netns_int(filter, "options.direct-action"), 1);
	ck_assert_int_gt(netns_int(filter, "options.prog.id"), 0);
	ck_assert_str_eq(netns_str(filter, "options.prog.name"), "mnmivm_guard");
	json_decref(filters);
}
END_TEST

START_TEST(guard_off_has_no_filter)
{
	json_t *filters;
	char *qdiscs;

	spec.guard = TAP_GUARD_OFF;
	open_tap();
	filters = get_filters();
	ck_assert_uint_eq(json_array_size(filters), 0);
	json_decref(filters);
	qdiscs = netns_text("tc qdisc show dev mvm-web1");
	ck_assert_ptr_null(strstr(qdiscs, "clsact"));
	free(qdiscs);
}
END_TEST

static const unsigned int rates[] = { 1, 10, 1000, 34359, 34360, TAP_RATE_MBIT_MAX };

/* In bytes a second, as tc shows it. */
START_TEST(rate_to_the_guest)
{
	json_int_t rate = (json_int_t)rates[_i] * 125000;
	json_t *qdiscs;
	const json_t *qdisc;

	spec.rate_to_guest_mbit = rates[_i];
	spec.queues = _i % 2 ? 4 : 1;
	open_tap();
	qdiscs = netns_json("tc -j qdisc show dev mvm-web1 root");
	ck_assert_uint_eq(json_array_size(qdiscs), 1);
	qdisc = json_array_get(qdiscs, 0);
	ck_assert_str_eq(netns_str(qdisc, "kind"), "tbf");
	ck_assert_int_eq(json_integer_value(netns_at(qdisc, "options.rate")), rate);
	json_decref(qdiscs);
}
END_TEST

/* A frame of 64 KiB fits into the burst, else tbf cuts it up, or drops it. */
START_TEST(burst_holds_a_large_frame)
{
	json_t *qdiscs;

	spec.rate_to_guest_mbit = rates[_i];
	open_tap();
	qdiscs = netns_json("tc -j qdisc show dev mvm-web1 root");
	/* tc reckons it back from a time in units of 64 ns */
	ck_assert_int_ge(netns_int(json_array_get(qdiscs, 0), "options.burst"), 65000);
	json_decref(qdiscs);
}
END_TEST

START_TEST(rate_from_the_guest)
{
	static const enum tap_guard guards[] = { TAP_GUARD_OFF, TAP_GUARD_MAC, TAP_GUARD_IP };
	const json_t *action, *filter;
	json_t *filters;
	size_t last;
	char *text;

	spec.rate_from_guest_mbit = 20;
	spec.guard = guards[_i];
	open_tap();
	filters = get_filters();
	last = spec.guard == TAP_GUARD_OFF ? 0 : 1;
	ck_assert_uint_eq(json_array_size(filters), last + 1);
	filter = json_array_get(filters, last);
	ck_assert_str_eq(netns_str(filter, "kind"), "bpf");
	ck_assert_int_eq(netns_int(filter, "pref"), 2);
	ck_assert_int_eq(netns_int(filter, "options.direct-action"), -1);
	action = json_array_get(netns_at(filter, "options.actions"), 0);
	ck_assert_str_eq(netns_str(action, "kind"), "police");
	json_decref(filters);
	text = netns_text("tc filter show dev mvm-web1 ingress pref 2");
	ck_assert_msg(strstr(text, "rate 20Mbit") && strstr(text, "action drop"), "%s", text);
	free(text);
}
END_TEST

START_TEST(no_policer_in_this_kernel)
{
	spec.rate_from_guest_mbit = 20;
	check_refused(ENOENT, ERROR_HOST, "a rate from the guest needs act_police",
		      "'modprobe act_police'");
}
END_TEST

static const struct {
	unsigned int queues, nic, addresses, trunk, to_guest, from_guest;
	const char *words;
} too_much[] = {
	{ .queues = TAP_QUEUES_MAX + 1, .words = "queues: 17 is above 16" },
	{ .queues = (unsigned int)-1, .words = "queues: 4294967295 is above 16" },
	{ .nic = TAP_NICS_MAX, .words = "NIC: 1000 is above 999" },
	{ .addresses = TAP_ADDRESSES_MAX + 1, .words = "addresses: 17 is above 16" },
	{ .trunk = TAP_TRUNK_MAX + 1, .words = "trunk ranges: 33 is above 32" },
	{ .to_guest = TAP_RATE_MBIT_MAX + 1, .words = "rate to the guest: 100001 is above" },
	{ .from_guest = TAP_RATE_MBIT_MAX + 1, .words = "rate from the guest: 100001 is above" },
	{ .from_guest = (unsigned int)-1, .words = "rate from the guest: 4294967295 is above" },
};

START_TEST(more_than_there_can_be)
{
	AUTO_BUF text = BUF_INIT;

	spec.queues = too_much[_i].queues;
	spec.nic = too_much[_i].nic;
	spec.n_addresses = too_much[_i].addresses;
	spec.n_trunk = too_much[_i].trunk;
	spec.rate_to_guest_mbit = too_much[_i].to_guest;
	spec.rate_from_guest_mbit = too_much[_i].from_guest;
	check_refused(EINVAL, ERROR_USAGE, too_much[_i].words, "");
	tap_describe(&bridge, &spec, &text);
	ck_assert_ptr_nonnull(strstr(buf_str(&text), too_much[_i].words));
}
END_TEST

START_TEST(all_of_it_described)
{
	AUTO_BUF text = BUF_INIT;

	spec.guard = TAP_GUARD_IP;
	spec.queues = 4;
	spec.isolated = true;
	spec.rate_to_guest_mbit = 100;
	spec.rate_from_guest_mbit = 20;
	tap_describe(&bridge, &spec, &text);
	ck_assert_str_eq(
		buf_str(&text),
		"create tap 'mvm-web1' with 4 queues\n"
		"attach tap 'mvm-web1' to bridge 'br0' (MAC fe:54:00:12:34:56, MTU 1500, no "
		"IPv6)\n"
		"lock the port of tap 'mvm-web1' to MAC 52:54:00:12:34:56, isolated\n"
		"enter MAC 52:54:00:12:34:56 for tap 'mvm-web1' on bridge 'br0' (static, sticky)\n"
		"set qdisc 'tbf' on tap 'mvm-web1' (100 Mbit/s to the guest)\n"
		"make room for filters on tap 'mvm-web1' (qdisc 'clsact')\n"
		"guard tap 'mvm-web1': what comes in is the guest's own MAC and addresses (filter "
		"'bpf')\n"
		"police tap 'mvm-web1': 20 Mbit/s from the guest (filter 'bpf')\n"
		"read tap 'mvm-web1' back\n"
		"set tap 'mvm-web1' up\n");
	ck_assert_ptr_null(netns_link("mvm-web1"));
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("net/tap-nic");
	TCase *c = tcase_create("nic");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, queues_as_asked, 0, ARRAY_SIZE(queue_counts));
	tcase_add_test(c, queues_have_no_queue_in_front);
	tcase_add_test(c, tap_of_several_queues_is_taken);
	tcase_add_loop_test(c, isolated_as_asked, 0, 4);
	tcase_add_loop_test(c, guard_has_its_filter, 0, 2);
	tcase_add_test(c, guard_off_has_no_filter);
	tcase_add_loop_test(c, rate_to_the_guest, 0, ARRAY_SIZE(rates));
	tcase_add_loop_test(c, burst_holds_a_large_frame, 0, ARRAY_SIZE(rates));
	if (netns_kernel_has_police()) {
		tcase_add_loop_test(c, rate_from_the_guest, 0, 3);
	} else {
		suite_kernel_lacks("rate_from_the_guest", "act_police");
		tcase_add_test(c, no_policer_in_this_kernel);
	}
	tcase_add_loop_test(c, more_than_there_can_be, 0, ARRAY_SIZE(too_much));
	tcase_add_test(c, all_of_it_described);
	suite_add_tcase(s, c);
	return suite_run(s);
}
