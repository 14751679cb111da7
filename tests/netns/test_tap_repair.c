/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tap in use, damaged in one way each, and put back as tap_open() had made it. */
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "fault.h"
#include "net/netlink.h"
#include "net/tap.h"
#include "netns.h"
#include "suite.h"

static const char guest[] = "52:54:00:12:34:56";

static struct nl_sock *sock;
static struct bridge bridge;
static struct tap_spec spec;
static struct tap tap;
static struct ip_addr addresses[2];

static void get_bridge(void)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(bridge_get(sock, "br0", &bridge, &err), err);
}

/* Each test begins with all that this kernel can do. */
static void setup(void)
{
	static const struct tap_vlans trunk[] = { { 30, 30 }, { 40, 41 } };
	struct error err = ERROR_INIT;

	netns_enter();
	netns_make_lan();
	suite_assert_ok(netlink_open(&sock, &err), err);
	suite_assert_ok(ip_parse("address", "192.0.2.7", &addresses[0], &err), err);
	suite_assert_ok(ip_parse("address", "2001:db8::7", &addresses[1], &err), err);
	spec = (struct tap_spec){
		.vm = "web1",
		.name = "mvm-web1",
		.guard = TAP_GUARD_IP,
		.addresses = addresses,
		.n_addresses = ARRAY_SIZE(addresses),
		.queues = 2,
		.isolated = true,
		.rate_to_guest_mbit = 100,
	};
	spec.guest_mac = netns_mac(guest);
	if (netns_kernel_has_police())
		spec.rate_from_guest_mbit = 20;
	if (netns_kernel_has_vlans()) {
		netns_run("ip link set br0 type bridge vlan_filtering 1");
		spec.vlan = 20;
		spec.trunk = trunk;
		spec.n_trunk = ARRAY_SIZE(trunk);
	}
	get_bridge();
	suite_assert_ok(tap_open(sock, &bridge, &spec, &tap, &err), err);
}

static void teardown(void)
{
	fault_clear();
	tap_close(&tap);
	netlink_close(&sock);
	netns_leave();
}

/* What there is of the tap, without the numbers that the kernel gives out anew each time. */
static char *state(void)
{
	netns_settle();
	return netns_text(
		"{ ip -d link show dev mvm-web1; bridge fdb show br br0 | grep %s | sort;"
		" bridge -d vlan show dev mvm-web1 2>/dev/null; tc qdisc show dev mvm-web1;"
		" tc filter show dev mvm-web1 ingress; } | sed -E "
		"'s/_timer +[0-9.]+//g; s/qdisc ([a-z]+) [0-9a-f]+:/qdisc \\1/; s/ id [0-9]+//; "
		"s/police 0x[0-9a-f]+//; s/designated_(bridge|root) [^ ]+//g; "
		"s/state UNKNOWN /state UP /'",
		guest);
}

static void check_state(const char *before)
{
	char *after = state();

	netns_compare_text(before, after);
	free(after);
}

static int repair(bool check_only, struct buf *changes, enum tap_repair *ret, struct error *err)
{
	return tap_repair(sock, &bridge, &spec, check_only, ret, changes, err);
}

/* Says these words, a line each, and nothing else. */
static void check_repair(bool check_only, enum tap_repair result, const char *words)
{
	AUTO_BUF changes = BUF_INIT;
	struct error err = ERROR_INIT;
	enum tap_repair got = TAP_REPAIRED;
	int fds = suite_count_fds();

	fault_set((struct fault){ 0 });
	suite_assert_ok(repair(check_only, &changes, &got, &err), err);
	ck_assert_int_eq(got, result);
	ck_assert_str_eq(buf_str(&changes), words);
	ck_assert_int_eq(suite_count_fds(), fds);
	if (check_only || result == TAP_REPAIR_INTACT)
		ck_assert_int_eq(fault_changes, 0);
	else
		ck_assert_int_ge(fault_changes, 2); /* down and up, at least */
}

static void check_repaired(const char *before, const char *words)
{
	char *damaged = state();

	ck_assert_str_ne(damaged, before);
	check_repair(true, TAP_REPAIRED, words);
	check_repair(false, TAP_REPAIRED, words);
	check_state(before);
	check_repair(false, TAP_REPAIR_INTACT, "");
	free(damaged);
}

START_TEST(new_tap_lacks_nothing)
{
	static const enum tap_guard guards[] = { TAP_GUARD_OFF, TAP_GUARD_MAC, TAP_GUARD_IP };
	struct error err = ERROR_INIT;

	check_repair(false, TAP_REPAIR_INTACT, "");
	for (size_t i = 0; i < ARRAY_SIZE(guards); i++) {
		tap_close(&tap);
		spec = (struct tap_spec){ .vm = "web1", .name = "mvm-web1", .guard = guards[i] };
		spec.guest_mac = netns_mac(guest);
		suite_assert_ok(tap_open(sock, &bridge, &spec, &tap, &err), err);
		check_repair(true, TAP_REPAIR_INTACT, "");
		check_repair(false, TAP_REPAIR_INTACT, "");
	}
}
END_TEST

#define NEW_BRIDGE                                                                                 \
	"ip link del br0; ip link add br0 type bridge mcast_snooping 0; "                          \
	"ip link set lan0 master br0; ip link set br0 up"
#define NOT_ENTERED "MAC 52:54:00:12:34:56 not entered as static\n"

static const struct {
	const char *damage;
	const char *words;
} damages[] = {
	{ "ip link set mvm-web1 nomaster", "not on bridge 'br0'\n" },
	{ "ip link add br1 type bridge; ip link set mvm-web1 master br1", "not on bridge 'br0'\n" },
	{ "ip link set mvm-web1 mtu 1400", "MTU 1400 in place of 1500\n" },
	{ "ip link set mvm-web1 address fe:00:00:00:00:99",
	  "MAC fe:00:00:00:00:99, which is not its own\n" },
	{ "ip link set mvm-web1 down", "down\n" },
	{ "bridge link set dev mvm-web1 locked off", "lock off\n" },
	{ "bridge link set dev mvm-web1 learning on", "learning on\n" },
	{ "bridge link set dev mvm-web1 flood on", "flooding on\n" },
	{ "bridge link set dev mvm-web1 guard off", "guard against BPDUs off\n" },
	{ "bridge link set dev mvm-web1 root_block off", "root block off\n" },
	{ "bridge link set dev mvm-web1 mcast_router 1", "multicast router on\n" },
	{ "bridge link set dev mvm-web1 isolated off", "isolation off\n" },
	{ "bridge fdb del 52:54:00:12:34:56 dev mvm-web1 master", NOT_ENTERED },
	{ "bridge fdb replace 52:54:00:12:34:56 dev mvm-web1 master static", NOT_ENTERED },
	{ "bridge fdb replace 52:54:00:12:34:56 dev mvm-web1 master permanent", NOT_ENTERED },
	{ "bridge fdb replace 52:54:00:12:34:56 dev mvm-web1 master dynamic", NOT_ENTERED },
	{ "tc qdisc replace dev mvm-web1 root pfifo", "qdisc 'pfifo' in place of 'tbf'\n" },
	{ "tc qdisc del dev mvm-web1 root; tc qdisc add dev mvm-web1 root noqueue",
	  "qdisc 'noqueue' in place of 'tbf'\n" },
	{ "tc qdisc change dev mvm-web1 root tbf rate 1mbit burst 70k latency 50ms",
	  "rate to the guest not as asked\n" },
	{ "tc filter del dev mvm-web1 ingress pref 1", "guard's filter missing\n" },
	{ "tc filter del dev mvm-web1 ingress pref 1; tc filter add dev mvm-web1 ingress pref 1 "
	  "handle 1 bpf da bytecode '1,6 0 0 4294967295'",
	  "guard's filter not as asked\n" },
	{ "tc filter del dev mvm-web1 ingress pref 1; tc filter add dev mvm-web1 ingress pref 1 "
	  "protocol ip handle 1 bpf da bytecode '1,6 0 0 4294967295'",
	  "guard's filter missing\n" },
};

START_TEST(damage_is_repaired)
{
	char *before = state();

	netns_run("%s", damages[_i].damage);
	check_repaired(before, damages[_i].words);
	free(before);
}
END_TEST

/* As a network manager might: back on the bridge, with what a port has by default. */
START_TEST(port_made_anew)
{
	char *before = state();
	AUTO_BUF words = BUF_INIT;
	char *damaged;

	netns_run("ip link set mvm-web1 nomaster; ip link set mvm-web1 master br0");
	buf_puts(&words, "lock off\nlearning on\nflooding on\nguard against BPDUs off\n"
			 "root block off\nmulticast router on\nisolation off\n");
	if (spec.vlan)
		buf_puts(&words, "not in VLAN 20, 30, 40-41 as asked\nin VLAN 1 unasked\n");
	buf_puts(&words, NOT_ENTERED);
	damaged = state();
	check_repair(true, TAP_REPAIRED, buf_str(&words));
	check_state(damaged);
	free(damaged);
	check_repaired(before, buf_str(&words));
	free(before);
}
END_TEST

START_TEST(bridge_made_anew)
{
	char *before = state();

	netns_run(NEW_BRIDGE);
	if (spec.vlan)
		netns_run("ip link set br0 type bridge vlan_filtering 1");
	get_bridge();
	check_repaired(before, "not on bridge 'br0'\n");
	free(before);
}
END_TEST

START_TEST(all_filters_gone)
{
	char *before = state();

	netns_run("tc qdisc del dev mvm-web1 clsact");
	check_repaired(before, spec.rate_from_guest_mbit
				       ? "guard's filter missing\npolicer missing\n"
				       : "guard's filter missing\n");
	netns_run("tc qdisc del dev mvm-web1 clsact; tc qdisc add dev mvm-web1 ingress");
	check_repair(false, TAP_REPAIRED,
		     spec.rate_from_guest_mbit ? "guard's filter missing\npolicer missing\n"
					       : "guard's filter missing\n");
	check_state(before);
	free(before);
}
END_TEST

/* Another program under the guard's name is not the guard. */
START_TEST(guard_of_other_addresses)
{
	char *before = state();

	spec.n_addresses = 1;
	check_repair(true, TAP_REPAIRED, "guard's filter not as asked\n");
	check_repair(false, TAP_REPAIRED, "guard's filter not as asked\n");
	check_repair(false, TAP_REPAIR_INTACT, "");
	spec.n_addresses = 2;
	check_repair(false, TAP_REPAIRED, "guard's filter not as asked\n");
	check_state(before);
	free(before);
}
END_TEST

/* What is asked for may have changed since the tap was opened. */
START_TEST(guard_taken_off_and_put_on)
{
	char *before = state();
	struct tap_spec guarded = spec;

	spec.guard = TAP_GUARD_OFF;
	spec.isolated = false;
	spec.rate_from_guest_mbit = 0;
	spec.rate_to_guest_mbit = 0;
	check_repair(false, TAP_REPAIRED,
		     guarded.rate_from_guest_mbit
			     ? "lock on\nlearning off\nflooding off\nguard against BPDUs on\n"
			       "root block on\nmulticast router off\nisolation on\n"
			       "MAC 52:54:00:12:34:56 entered as static\n"
			       "qdisc 'tbf' in place of 'noqueue'\n"
			       "guard's filter unasked\npolicer unasked\n"
			     : "lock on\nlearning off\nflooding off\nguard against BPDUs on\n"
			       "root block on\nmulticast router off\nisolation on\n"
			       "MAC 52:54:00:12:34:56 entered as static\n"
			       "qdisc 'tbf' in place of 'noqueue'\n"
			       "guard's filter unasked\n");
	check_repair(false, TAP_REPAIR_INTACT, "");
	spec = guarded;
	{
		AUTO_BUF changes = BUF_INIT;
		struct error err = ERROR_INIT;
		enum tap_repair result;

		suite_assert_ok(repair(false, &changes, &result, &err), err);
		ck_assert_int_eq(result, TAP_REPAIRED);
	}
	check_repair(false, TAP_REPAIR_INTACT, "");
	check_state(before);
	free(before);
}
END_TEST

static const struct {
	const char *damage;
	const char *words;
} vlan_damages[] = {
	{ "bridge vlan del vid 20 dev mvm-web1", "not in VLAN 20 as asked\n" },
	{ "bridge vlan del vid 40-41 dev mvm-web1", "not in VLAN 40-41 as asked\n" },
	{ "bridge vlan add vid 20 dev mvm-web1", "not in VLAN 20 as asked\n" },
	{ "bridge vlan add vid 20 pvid dev mvm-web1", "not in VLAN 20 as asked\n" },
	{ "bridge vlan add vid 30 pvid untagged dev mvm-web1", "not in VLAN 20, 30 as asked\n" },
	{ "bridge vlan add vid 99 dev mvm-web1", "in VLAN 99 unasked\n" },
	{ "bridge vlan add vid 1 dev mvm-web1; bridge vlan add vid 2000-4094 dev mvm-web1",
	  "in VLAN 1, 2000-4094 unasked\n" },
};

START_TEST(vlans_are_repaired)
{
	char *before = state();

	netns_run("%s", vlan_damages[_i].damage);
	/* a VLAN that is left takes its entries with it, on some kernels */
	{
		AUTO_BUF changes = BUF_INIT;
		struct error err = ERROR_INIT;
		enum tap_repair result;

		suite_assert_ok(repair(true, &changes, &result, &err), err);
		ck_assert_msg(strstr(buf_str(&changes), vlan_damages[_i].words) ==
				      buf_str(&changes),
			      "%s", buf_str(&changes));
		suite_assert_ok(repair(false, &changes, &result, &err), err);
		ck_assert_int_eq(result, TAP_REPAIRED);
	}
	check_repair(false, TAP_REPAIR_INTACT, "");
	check_state(before);
	free(before);
}
END_TEST

START_TEST(entry_of_one_vlan_is_repaired)
{
	char *before = state();

	netns_run("bridge fdb del %s dev mvm-web1 master vlan 40", guest);
	check_repaired(before, NOT_ENTERED);
	free(before);
}
END_TEST

/* VLANs that nobody asked for in the configuration are the admin's. */
START_TEST(vlans_not_asked_for_are_left_alone)
{
	struct error err = ERROR_INIT;
	char *before;

	tap_close(&tap);
	spec.vlan = 0;
	spec.n_trunk = 0;
	suite_assert_ok(tap_open(sock, &bridge, &spec, &tap, &err), err);
	netns_run("bridge vlan add vid 99 dev mvm-web1");
	check_repair(false, TAP_REPAIRED, NOT_ENTERED);
	before = state();
	check_repair(false, TAP_REPAIR_INTACT, "");
	check_state(before);
	free(before);
}
END_TEST

START_TEST(policer_is_repaired)
{
	char *before = state();

	netns_run("tc filter del dev mvm-web1 ingress pref 2");
	check_repaired(before, "policer missing\n");
	netns_run("tc filter change dev mvm-web1 ingress pref 2 handle 1 bpf bytecode "
		  "'1,6 0 0 4294967295' action police rate 1gbit burst 100k conform-exceed drop");
	check_repaired(before, "policer not as asked\n");
	netns_run("tc filter change dev mvm-web1 ingress pref 2 handle 1 bpf bytecode "
		  "'1,6 0 0 4294967295' action police rate 20mbit burst 100k conform-exceed ok");
	check_repaired(before, "policer not as asked\n");
	free(before);
}
END_TEST

/*
 * Not repaired, for that reason; a change that was begun leaves the tap down, else all as it was.
 */
static void check_refused(int code, enum error_kind kind, const char *words, bool begun)
{
	AUTO_BUF changes = BUF_INIT;
	struct error err = ERROR_INIT;
	enum tap_repair result = (enum tap_repair)7;
	json_t *link = netns_link("mvm-web1");
	char *before = link ? state() : NULL;
	int fds = suite_count_fds();

	suite_assert_error(repair(false, &changes, &result, &err), err, code, kind);
	ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
	ck_assert_int_eq(result, 7);
	ck_assert_uint_eq(changes.len, 0);
	ck_assert_int_eq(suite_count_fds(), fds);
	json_decref(link);
	if (!begun && before)
		check_state(before);
	free(before);
	if (!begun)
		return;
	before = netns_text("ip link show dev mvm-web1");
	ck_assert_msg(!strstr(before, ",UP"), "%s", before);
	free(before);
}

START_TEST(no_such_tap)
{
	tap_close(&tap);
	check_refused(ENODEV, ERROR_NOT_FOUND, "tap 'mvm-web1' does not exist", false);
}
END_TEST

static const char *const foreign[] = {
	"ip link set mvm-web1 alias mnmivm-se:web2/0",
	"ip link set mvm-web1 alias mnmivm-se:web1/1",
	"ip link set mvm-web1 alias mnmivm-se:web1/01",
	"ip link set mvm-web1 alias ''",
	("ip link set mvm-web1 down; ip link set mvm-web1 name other; "
	 "ip link add mvm-web1 type veth peer name x; "
	 "ip link set mvm-web1 alias mnmivm-se:web1/0"),
	("ip link set mvm-web1 down; ip link set mvm-web1 name other; "
	 "ip link property add dev other altname mvm-web1"),
};

START_TEST(link_of_somebody_else)
{
	netns_run("%s", foreign[_i]);
	netns_run("ip link set mvm-web1 nomaster");
	check_refused(EEXIST, ERROR_CONFLICT, "is not the tap of 'mnmivm-se:web1/0'", false);
}
END_TEST

/* Whoever has the MAC now keeps it. */
START_TEST(mac_of_another_port)
{
	char *owner;

	netns_run("bridge fdb del %s dev mvm-web1 master", guest);
	netns_run("bridge fdb add %s dev lan0 master dynamic", guest);
	check_refused(EEXIST, ERROR_CONFLICT, "in use by another port", true);
	owner = netns_text("bridge fdb show br br0 | grep %s", guest);
	ck_assert_ptr_nonnull(strstr(owner, "dev lan0"));
	ck_assert_ptr_null(strstr(owner, "mvm-web1"));
	free(owner);
	netns_run("bridge fdb del %s dev lan0 master", guest);
	check_repair(false, TAP_REPAIRED, "down\n" NOT_ENTERED);
}
END_TEST

START_TEST(impossible_wishes)
{
	spec.queues = TAP_QUEUES_MAX + 1;
	check_refused(EINVAL, ERROR_USAGE, "queues: 17 is above 16", false);
	spec.queues = 2;
	bridge.vlan_filtering = false;
	spec.vlan = 20;
	check_refused(EOPNOTSUPP, ERROR_HOST, "VLANs", false);
}
END_TEST

START_TEST(without_privilege)
{
	AUTO_BUF changes = BUF_INIT;
	struct error err = ERROR_INIT;
	enum tap_repair result;
	char *before;
	int r;

	netns_run("ip link set mvm-web1 nomaster");
	before = state();
	netns_use_capability(CAP_NET_ADMIN, false);
	r = repair(false, &changes, &result, &err);
	netns_use_capability(CAP_NET_ADMIN, true);
	suite_assert_error(r, err, EPERM, ERROR_PERMISSION);
	check_state(before);
	free(before);
}
END_TEST

START_TEST(guard_not_loaded)
{
	netns_run("ip link set mvm-web1 nomaster");
	fault_set((struct fault){ .guard = true });
	check_refused(ENOSYS, ERROR_FAILED, "load the guard", false);
	fault_clear();
	check_repair(false, TAP_REPAIRED, "not on bridge 'br0'\n");
}
END_TEST

static const char fallen_off[] = "not on bridge 'br0'\n"
				 "qdisc 'pfifo' in place of 'tbf'\n"
				 "guard's filter missing\n";

static void fall_off(void)
{
	netns_run("ip link set mvm-web1 nomaster");
	netns_run("tc qdisc replace dev mvm-web1 root pfifo");
	netns_run("tc filter del dev mvm-web1 ingress pref 1");
}

/* Of the messages of a repair, questions first, all from the first change on. */
START_TEST(any_message_refused)
{
	char *before = state();
	int first = 0, n;

	fall_off();
	check_repair(true, TAP_REPAIRED, fallen_off);
	first = fault_messages;
	check_repair(false, TAP_REPAIRED, fallen_off);
	n = fault_messages;
	ck_assert_int_ge(n - first, 8);
	for (int i = first + 1; i < n; i++) { /* the first sets it down */
		struct fault with = { .refuse = i, .refusals = 1, .answer = ENOMEM };

		fall_off();
		fault_set(with);
		check_refused(ENOMEM, ERROR_FAILED, "'mvm-web1'", true);
		ck_assert_int_eq(fault.refusals, 0);
		fault_clear();
		{
			AUTO_BUF changes = BUF_INIT;
			struct error err = ERROR_INIT;
			enum tap_repair result;

			suite_assert_ok(repair(false, &changes, &result, &err), err);
			ck_assert_int_eq(result, TAP_REPAIRED);
		}
		check_state(before);
	}
	free(before);
}
END_TEST

START_TEST(kernel_without_ipv6)
{
	AUTO_BUF changes = BUF_INIT;
	struct error err = ERROR_INIT;
	enum tap_repair result;
	char *before = state();

	fall_off();
	check_repair(true, TAP_REPAIRED, fallen_off);
	fault_set((struct fault){
		.refuse = fault_messages + 1, .refusals = 1, .answer = EAFNOSUPPORT });
	suite_assert_ok(repair(false, &changes, &result, &err), err);
	ck_assert_int_eq(fault.refusals, 0);
	ck_assert_int_eq(result, TAP_REPAIRED);
	ck_assert_str_eq(buf_str(&changes), fallen_off);
	check_state(before);
	check_repair(false, TAP_REPAIR_INTACT, "");
	free(before);
}
END_TEST

static int filters(void)
{
	json_t *all = netns_json("tc -j filter show dev mvm-web1 ingress");
	int n = 0;
	size_t at;
	json_t *filter;

	json_array_foreach(all, at, filter) n += json_object_get(filter, "options") != NULL;
	json_decref(all);
	return n;
}

/* The id of the guard's program, as tc has it. */
static int program(void)
{
	json_t *all = netns_json("tc -j filter show dev mvm-web1 ingress prio 1");
	int id = 0;
	size_t at;
	json_t *filter;

	json_array_foreach(all, at, filter) id = netns_int(filter, "options.prog.id") > 0
							 ? netns_int(filter, "options.prog.id")
							 : id;
	json_decref(all);
	return id;
}

START_TEST(guard_renewed_while_up)
{
	struct error err = ERROR_INIT;
	int before = program(), n = filters();
	enum tap_repair got = TAP_REPAIRED;
	AUTO_BUF changes = BUF_INIT;

	ck_assert_int_gt(before, 0);
	suite_assert_ok(tap_renew_guard(sock, &bridge, &spec, &err), err);
	ck_assert_int_eq(program(), before); /* nothing to do */
	suite_assert_ok(ip_parse("address", "192.0.2.8", &addresses[0], &err), err);
	suite_assert_ok(tap_renew_guard(sock, &bridge, &spec, &err), err);
	ck_assert_int_ne(program(), before);
	ck_assert_int_eq(filters(), n);
	suite_assert_ok(repair(true, &changes, &got, &err), err);
	ck_assert_int_eq(got, TAP_REPAIR_INTACT);
}
END_TEST

START_TEST(guard_of_somebody_else_is_not_renewed)
{
	struct error err = ERROR_INIT;
	int before = program();

	suite_assert_ok(ip_parse("address", "192.0.2.8", &addresses[0], &err), err);
	netns_run("ip link set mvm-web1 alias mnmivm-se:web2/0");
	suite_assert_error(tap_renew_guard(sock, &bridge, &spec, &err), err, EEXIST,
			   ERROR_CONFLICT);
	ck_assert_int_eq(program(), before);
	spec.name = "mvm-none";
	suite_assert_error(tap_renew_guard(sock, &bridge, &spec, &err), err, ENODEV,
			   ERROR_NOT_FOUND);
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("net/tap-repair");
	TCase *c = tcase_create("repair");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, new_tap_lacks_nothing);
	tcase_add_loop_test(c, damage_is_repaired, 0, ARRAY_SIZE(damages));
	tcase_add_test(c, port_made_anew);
	tcase_add_test(c, bridge_made_anew);
	tcase_add_test(c, all_filters_gone);
	tcase_add_test(c, guard_of_other_addresses);
	tcase_add_test(c, guard_taken_off_and_put_on);
	tcase_add_test(c, guard_renewed_while_up);
	tcase_add_test(c, guard_of_somebody_else_is_not_renewed);
	if (netns_kernel_has_vlans()) {
		tcase_add_loop_test(c, vlans_are_repaired, 0, ARRAY_SIZE(vlan_damages));
		tcase_add_test(c, entry_of_one_vlan_is_repaired);
		tcase_add_test(c, vlans_not_asked_for_are_left_alone);
	} else {
		suite_kernel_lacks("vlans_are_repaired and 2 more", "VLAN filtering");
	}
	if (netns_kernel_has_police())
		tcase_add_test(c, policer_is_repaired);
	else
		suite_kernel_lacks("policer_is_repaired", "act_police");
	tcase_add_test(c, no_such_tap);
	tcase_add_loop_test(c, link_of_somebody_else, 0, ARRAY_SIZE(foreign));
	tcase_add_test(c, mac_of_another_port);
	tcase_add_test(c, impossible_wishes);
	tcase_add_test(c, without_privilege);
	tcase_add_test(c, guard_not_loaded);
	tcase_add_test(c, any_message_refused);
	tcase_add_test(c, kernel_without_ipv6);
	suite_add_tcase(s, c);
	return suite_run(s);
}
