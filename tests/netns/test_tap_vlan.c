/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VLANs of a tap: those asked for and no other, or a clear refusal. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "net/netlink.h"
#include "net/tap.h"
#include "netns.h"
#include "suite.h"

static const char guest[] = "52:54:00:12:34:56";

static struct nl_sock *sock;
static struct bridge bridge;
static struct tap_spec spec;
static struct tap tap;

static void get_bridge(void)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(bridge_get(sock, "br0", &bridge, &err), err);
}

static void setup(void)
{
	struct error err = ERROR_INIT;

	netns_enter();
	netns_make_lan();
	suite_assert_ok(netlink_open(&sock, &err), err);
	get_bridge();
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

static void ask(unsigned int vlan, const struct tap_vlans *trunk, unsigned int n_trunk)
{
	spec.vlan = (uint16_t)vlan;
	spec.trunk = trunk;
	spec.n_trunk = n_trunk;
}

static void open_tap(void)
{
	struct error err = ERROR_INIT;

	suite_assert_ok(tap_open(sock, &bridge, &spec, &tap, &err), err);
}

static void check_refused(int code, enum error_kind kind, const char *words)
{
	struct error err = ERROR_INIT;
	struct tap untouched = TAP_INIT, got = TAP_INIT;
	char *before = netns_snapshot();
	int fds = suite_count_fds();

	suite_assert_error(tap_open(sock, &bridge, &spec, &got, &err), err, code, kind);
	ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
	ck_assert_mem_eq(&got, &untouched, sizeof(got));
	ck_assert_int_eq(suite_count_fds(), fds);
	netns_compare(before);
}

/* The port's VLANs, as "20* 30 40": '*' for those that untagged frames are in, and leave in. */
static const char *vlans_of(const char *link)
{
	static struct buf text = BUF_INIT;
	json_t *list = netns_json("bridge -j vlan show dev %s", link);
	const json_t *vlans = netns_at(json_array_get(list, 0), "vlans");
	const json_t *vlan;
	size_t i;

	buf_clear(&text);
	json_array_foreach(vlans, i, vlan)
	{
		size_t flags = json_array_size(netns_at(vlan, "flags"));

		buf_printf(&text, i ? " %d" : "%d", netns_int(vlan, "vlan"));
		if (netns_int(vlan, "vlanEnd") > 0)
			buf_printf(&text, "-%d", netns_int(vlan, "vlanEnd"));
		if (flags == 2) /* "PVID", "Egress Untagged" */
			buf_puts(&text, "*");
		else if (flags)
			buf_puts(&text, "?");
	}
	json_decref(list);
	return buf_str(&text);
}

/* The entries of the guest's MAC, one for each VLAN and one for none. */
static json_t *get_entries(void)
{
	json_t *all = netns_json("bridge -j -d fdb show br br0");
	json_t *entries = json_array();
	json_t *entry;
	size_t i;

	json_array_foreach(all, i, entry)
	{
		if (strcmp(netns_str(entry, "mac"), guest) == 0)
			json_array_append(entries, entry);
	}
	json_decref(all);
	return entries;
}

static size_t count_entries(void)
{
	json_t *entries = get_entries();
	size_t n = json_array_size(entries);

	json_decref(entries);
	return n;
}

/* The guest's MAC is entered in that VLAN (0: in none), for the tap. */
static bool is_entered(int vlan)
{
	json_t *entries = get_entries();
	bool found = false;
	json_t *entry;
	size_t i;

	json_array_foreach(entries, i, entry)
	{
		int in = netns_int(entry, "vlan");

		ck_assert_str_eq(netns_str(entry, "ifname"), "mvm-web1");
		ck_assert_str_eq(netns_str(entry, "state"), "static");
		found |= in == vlan || (in < 0 && vlan == 0);
	}
	json_decref(entries);
	return found;
}

static void filtering_bridge(const char *default_pvid)
{
	netns_run("ip link set br0 type bridge vlan_filtering 1 vlan_default_pvid %s",
		  default_pvid);
	get_bridge();
}

static const struct tap_vlans some[] = { { 30, 30 }, { 40, 50 } };
static const struct tap_vlans with_default[] = { { 1, 3 } };
static const struct tap_vlans backwards[] = { { 3000, 4094 }, { 7, 9 }, { 2, 2 } };

static const struct {
	const char *default_pvid;
	unsigned int vlan;
	const struct tap_vlans *trunk;
	unsigned int n_trunk;
	const char *vlans;
	int entered; /* in how many VLANs, besides none */
} cases[] = {
	{ "1", 0, NULL, 0, "1*", 1 },
	{ "0", 0, NULL, 0, "", 0 },
	{ "7", 0, NULL, 0, "7*", 1 },
	{ "1", 20, NULL, 0, "20*", 1 },
	{ "1", 1, NULL, 0, "1*", 1 },
	{ "7", 1, NULL, 0, "1*", 1 },
	{ "0", 4094, NULL, 0, "4094*", 1 },
	{ "1", 0, some, 2, "30 40 41 42 43 44 45 46 47 48 49 50", 12 },
	{ "1", 20, some, 2, "20* 30 40 41 42 43 44 45 46 47 48 49 50", 13 },
	{ "1", 0, with_default, 1, "1 2 3", 3 },
	{ "1", 20, with_default, 1, "1 2 3 20*", 4 },
	{ "45", 1, some, 2, "1* 30 40 41 42 43 44 45 46 47 48 49 50", 13 },
};

START_TEST(vlans_as_asked)
{
	char *before;

	filtering_bridge(cases[_i].default_pvid);
	before = netns_snapshot();
	ask(cases[_i].vlan, cases[_i].trunk, cases[_i].n_trunk);
	spec.guard = TAP_GUARD_OFF;
	open_tap();
	ck_assert_str_eq(vlans_of("mvm-web1"), cases[_i].vlans);
	tap_close(&tap);

	spec.guard = TAP_GUARD_MAC;
	open_tap();
	ck_assert_str_eq(vlans_of("mvm-web1"), cases[_i].vlans);
	ck_assert_uint_eq(count_entries(), cases[_i].entered + 1);
	ck_assert(is_entered(0));
	if (cases[_i].vlan)
		ck_assert(is_entered((int)cases[_i].vlan));
	ck_assert(!is_entered(4000));
	tap_close(&tap);
	ck_assert_uint_eq(count_entries(), 0);
	netns_compare(before);
}
END_TEST

START_TEST(large_trunk)
{
	filtering_bridge("1");
	ask(8, backwards, ARRAY_SIZE(backwards));
	check_refused(EINVAL, ERROR_USAGE, "VLAN 8 is asked for twice");
	ask(1, backwards, ARRAY_SIZE(backwards));
	open_tap();
	ck_assert(strncmp(vlans_of("mvm-web1"), "1* 2 7 8 9 3000 3001 ", 21) == 0);
	ck_assert_uint_eq(count_entries(), 1 + 1 + 1 + 3 + 1095);
}
END_TEST

START_TEST(mac_in_use_in_that_vlan)
{
	filtering_bridge("1");
	netns_run("bridge vlan add vid 20 dev lan0");
	netns_run("bridge fdb add %s dev lan0 master dynamic vlan 20", guest);
	ask(20, NULL, 0);
	check_refused(EEXIST, ERROR_CONFLICT, "in use by another port");
	ask(0, some, ARRAY_SIZE(some));
	open_tap();
}
END_TEST

START_TEST(words_of_the_dry_run)
{
	AUTO_BUF text = BUF_INIT;

	filtering_bridge("1");
	ask(20, some, ARRAY_SIZE(some));
	tap_describe(&bridge, &spec, &text);
	ck_assert_ptr_nonnull(strstr(buf_str(&text), "put tap 'mvm-web1' into VLAN 20 (untagged) "
						     "and 30, 40-50 (tagged)\n"
						     "take tap 'mvm-web1' out of VLAN 1\n"
						     "enter MAC"));
	buf_clear(&text);
	ask(0, with_default, 1);
	tap_describe(&bridge, &spec, &text);
	ck_assert_ptr_nonnull(
		strstr(buf_str(&text), "put tap 'mvm-web1' into VLAN 1-3 (tagged)\nenter"));
}
END_TEST

START_TEST(bridge_without_filtering)
{
	struct error err = ERROR_INIT;

	ask(20, NULL, 0);
	check_refused(EOPNOTSUPP, ERROR_HOST, "bridge 'br0' does not tell VLANs apart");
	ck_assert_int_lt(tap_open(sock, &bridge, &spec, &tap, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.hint, "ip link set br0 type bridge vlan_filtering 1"));
	ck_assert_ptr_nonnull(strstr(err.hint, "all of its ports"));
	ask(0, some, ARRAY_SIZE(some));
	check_refused(EOPNOTSUPP, ERROR_HOST, "bridge 'br0' does not tell VLANs apart");
	ask(1, NULL, 0); /* what it has anyway, but to no effect */
	check_refused(EOPNOTSUPP, ERROR_HOST, "bridge 'br0' does not tell VLANs apart");
}
END_TEST

START_TEST(kernel_without_vlans)
{
	ask(20, NULL, 0);
	check_refused(EOPNOTSUPP, ERROR_HOST, "built without CONFIG_BRIDGE_VLAN_FILTERING");
	ask(0, some, ARRAY_SIZE(some));
	check_refused(EOPNOTSUPP, ERROR_HOST, "built without CONFIG_BRIDGE_VLAN_FILTERING");
}
END_TEST

static const struct {
	unsigned int vlan;
	struct tap_vlans trunk[2];
	const char *words;
} none[] = {
	{ 4095, { { 30, 30 }, { 31, 31 } }, "VLAN 4095 is none" },
	{ 65535, { { 30, 30 }, { 31, 31 } }, "VLAN 65535 is none" },
	{ 0, { { 0, 0 }, { 31, 31 } }, "VLAN 0 is none" },
	{ 0, { { 30, 30 }, { 0, 31 } }, "VLAN 0 is none" },
	{ 0, { { 30, 30 }, { 4094, 4095 } }, "VLAN 4095 is none" },
	{ 0, { { 4095, 4095 }, { 31, 31 } }, "VLAN 4095 is none" },
	{ 0, { { 1, 65535 }, { 31, 31 } }, "VLAN 65535 is none" },
	{ 0, { { 40, 30 }, { 31, 31 } }, "VLAN 40 begins a range that ends below it" },
	{ 30, { { 30, 30 }, { 31, 31 } }, "VLAN 30 is asked for twice" },
	{ 35, { { 30, 40 }, { 41, 41 } }, "VLAN 35 is asked for twice" },
	{ 0, { { 30, 40 }, { 40, 50 } }, "VLAN 40 is asked for twice" },
	{ 0, { { 30, 30 }, { 30, 30 } }, "VLAN 30 is asked for twice" },
	{ 0, { { 1, 4094 }, { 4094, 4094 } }, "VLAN 4094 is asked for twice" },
};

/* Whatever the bridge is like. */
START_TEST(vlans_that_are_none)
{
	ask(none[_i].vlan, none[_i].trunk, 2);
	check_refused(EINVAL, ERROR_USAGE, none[_i].words);
	bridge.has_vlans = bridge.vlan_filtering = true;
	check_refused(EINVAL, ERROR_USAGE, none[_i].words);
}
END_TEST

/* The bridge stopped telling VLANs apart, or the kernel never could. */
START_TEST(kernel_that_does_otherwise)
{
	bridge.has_vlans = bridge.vlan_filtering = true;
	ask(20, NULL, 0);
	check_refused(EOPNOTSUPP, ERROR_FAILED, "put tap 'mvm-web1' into VLAN 20 (untagged)");
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("net/tap-vlan");
	TCase *c = tcase_create("vlan");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, setup, teardown);
	if (netns_kernel_has_vlans()) {
		tcase_add_loop_test(c, vlans_as_asked, 0, ARRAY_SIZE(cases));
		tcase_add_test(c, large_trunk);
		tcase_add_test(c, mac_in_use_in_that_vlan);
		tcase_add_test(c, words_of_the_dry_run);
		tcase_add_test(c, bridge_without_filtering);
	} else {
		suite_kernel_lacks("vlans_as_asked and 4 more", "VLAN filtering");
		tcase_add_test(c, kernel_without_vlans);
		tcase_add_test(c, kernel_that_does_otherwise);
	}
	tcase_add_loop_test(c, vlans_that_are_none, 0, ARRAY_SIZE(none));
	suite_add_tcase(s, c);
	return suite_run(s);
}
