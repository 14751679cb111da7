/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a bridge has learned, the VLANs and the filters of its ports, held against iproute2. */
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/strv.h"
#include "net/netlink.h"
#include "net/ports.h"
#include "filter.h"
#include "netns.h"
#include "suite.h"

static struct nl_sock *sock;
static struct bridge bridge;

static void setup(void)
{
	struct error err = ERROR_INIT;

	netns_enter();
	netns_make_lan();
	netns_run("ip tuntap add t0 mode tap");
	netns_run("ip link set t0 master br0");
	suite_assert_ok(netlink_open(&sock, &err), err);
	suite_assert_ok(bridge_get(sock, "br0", &bridge, &err), err);
}

static void teardown(void)
{
	netlink_close(&sock);
	netns_leave();
}

static struct ports ports_of_br0(unsigned int parts)
{
	struct error err = ERROR_INIT;
	struct ports ports;

	suite_assert_ok(bridge_get(sock, "br0", &bridge, &err), err);
	suite_assert_ok(ports_get(sock, &bridge, parts, &ports, &err), err);
	return ports;
}

static const struct port *named(const struct ports *ports, const char *name)
{
	for (size_t i = 0; i < ports->n; i++) {
		if (strcmp(ports->v[i].name, name) == 0)
			return &ports->v[i];
	}
	ck_abort_msg("no port '%s'", name);
	return NULL;
}

/* A frame from lan1, for the bridge to learn its sender. */
static void lan_sends(const char *from)
{
	unsigned char frame[64] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	json_t *link = netns_link("lan1");
	struct mac mac = netns_mac(from);
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	to.sll_ifindex = netns_int(link, "ifindex");
	memcpy(frame + 6, &mac, sizeof(mac));
	frame[12] = 0x88;
	frame[13] = 0xb5;
	ck_assert_int_eq(sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)),
			 sizeof(frame));
	json_decref(link);
	close(fd);
}

static bool has_flag(const json_t *entry, const char *wanted)
{
	json_t *flag;
	size_t i;

	json_array_foreach(netns_at(entry, "flags"), i, flag)
	{
		if (strcmp(json_string_value(flag), wanted) == 0)
			return true;
	}
	return false;
}

/* An entry as a word or two, to be compared: "lan0 02:00:00:00:00:0a 0 local". */
static void say_entry(struct strv *out, const char *port, const char *mac, int vlan,
		      const char *kind, bool sticky)
{
	strv_pushf(out, "%s %s %d %s%s", port, mac, vlan, kind, sticky ? " sticky" : "");
}

static void say_expected(struct strv *out)
{
	json_t *entries = netns_json("bridge -j -d fdb show br br0");
	json_t *entry;
	size_t i;

	json_array_foreach(entries, i, entry)
	{
		const char *state = netns_str(entry, "state");
		int vlan = netns_int(entry, "vlan");

		/* the addresses that a device listens to */
		if (has_flag(entry, "self"))
			continue;
		say_entry(out, netns_str(entry, "ifname"), netns_str(entry, "mac"),
			  vlan < 0 ? 0 : vlan,
			  strcmp(state, "permanent") == 0 ? "local"
			  : strcmp(state, "static") == 0  ? "static"
							  : "learned",
			  has_flag(entry, "sticky"));
	}
	json_decref(entries);
}

static const struct port *find_port(const struct ports *ports, unsigned int ifindex)
{
	for (size_t i = 0; i < ports->n; i++)
		if (ports->v[i].ifindex == ifindex)
			return &ports->v[i];
	return NULL;
}

static void say_found(struct strv *out)
{
	struct ports ports = ports_of_br0(PORTS_FDB);

	for (size_t i = 0; i < ports.n_fdb; i++) {
		const struct fdb_entry *entry = &ports.fdb[i];
		const struct port *port = find_port(&ports, entry->port);
		char mac[MAC_TEXT_MAX];

		mac_format(&entry->mac, mac);
		ck_assert(port || entry->port == bridge.ifindex);
		ck_assert(!entry->local || !entry->is_static);
		say_entry(out, port ? port->name : "br0", mac, entry->vlan,
			  entry->local	     ? "local"
			  : entry->is_static ? "static"
					     : "learned",
			  entry->sticky);
	}
	ports_done(&ports);
}

/* Returns how many there are. */
static size_t check_fdb(void)
{
	AUTO_STRV expected = STRV_INIT;
	AUTO_STRV found = STRV_INIT;
	AUTO_FREE char *expected_text = NULL;
	AUTO_FREE char *found_text = NULL;

	say_expected(&expected);
	say_found(&found);
	strv_sort(&expected);
	strv_sort(&found);
	expected_text = strv_join(&expected, "\n");
	found_text = strv_join(&found, "\n");
	ck_assert_str_eq(found_text, expected_text);
	return found.n;
}

START_TEST(table_is_that_of_bridge)
{
	static const char *const changes[] = {
		"bridge fdb add 52:54:00:12:34:56 dev t0 master static",
		"bridge fdb add 52:54:00:12:34:57 dev t0 master static sticky",
		"bridge fdb add 52:54:00:12:34:58 dev lan0 master dynamic",
		"bridge fdb add 52:54:00:12:34:59 dev lan0 master permanent",
		"bridge fdb add 52:54:00:12:34:5a dev br0 self permanent",
		"bridge fdb add 52:54:00:12:34:5b dev t0 self",
		"bridge fdb del 52:54:00:12:34:56 dev t0 master",
	};
	/* a kernel with VLAN filtering has each in the port's VLAN as well */
	size_t each = netns_kernel_has_vlans() ? 2 : 1;
	size_t before = check_fdb();

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		netns_run("%s", changes[i]);
		check_fdb();
	}
	ck_assert_uint_eq(check_fdb(), before + 4 * each);
}
END_TEST

START_TEST(senders_are_learned)
{
	struct mac mac = netns_mac("02:00:00:00:00:aa");
	bool found = false;
	struct ports ports;

	lan_sends("02:00:00:00:00:aa");
	lan_sends("02:00:00:00:00:ab");
	/* where the kernel is busy, it is on its way for a while */
	netns_run("until bridge fdb show br br0 | grep -q 02:00:00:00:00:ab; do sleep 0.02; done");
	check_fdb();
	ports = ports_of_br0(PORTS_FDB);
	for (size_t i = 0; i < ports.n_fdb; i++) {
		const struct fdb_entry *entry = &ports.fdb[i];

		if (memcmp(&entry->mac, &mac, sizeof(mac)) != 0)
			continue;
		found = true;
		ck_assert_uint_eq(entry->port, named(&ports, "lan0")->ifindex);
		ck_assert(!entry->local && !entry->is_static && !entry->sticky);
	}
	ck_assert(found);
	ports_done(&ports);
}
END_TEST

START_TEST(table_of_another_bridge_is_not_ours)
{
	size_t before = check_fdb();

	netns_run("ip link add br1 type bridge");
	netns_run("ip tuntap add t1 mode tap");
	netns_run("ip link set t1 master br1");
	netns_run("bridge fdb add 52:54:00:12:34:56 dev t1 master static");
	ck_assert_uint_eq(check_fdb(), before);
}
END_TEST

START_TEST(long_table)
{
	/* one process: where forks are dear, as in emulation, 2000 take minutes */
	netns_run("for i in $(seq 1000 2999); do "
		  "printf 'fdb add 52:54:00:00:%%d:%%02d dev t0 master static\\n' "
		  "$((i / 100)) $((i %% 100)); done | bridge -b -");
	ck_assert_uint_ge(check_fdb(), 2000);
}
END_TEST

/* "1pu 10 20u ": VLANs with PVID and untagged, as bridge prints them */
static void check_vlans(const char *name)
{
	struct ports ports = ports_of_br0(PORTS_VLANS);
	const struct port *port = named(&ports, name);
	json_t *list = netns_json("bridge -j vlan show dev %s", name);
	const json_t *vlans = netns_at(json_array_get(list, 0), "vlans");
	size_t n = 0;
	json_t *vlan;
	size_t i;

	json_array_foreach(vlans, i, vlan)
	{
		int first = netns_int(vlan, "vlan");
		int last = netns_int(vlan, "vlanEnd");

		for (int vid = first; vid <= (last < 0 ? first : last); vid++, n++) {
			ck_assert_uint_lt(n, port->n_vlans);
			ck_assert_uint_eq(port->vlans[n].vid, vid);
			ck_assert_int_eq(port->vlans[n].pvid, has_flag(vlan, "PVID"));
			ck_assert_int_eq(port->vlans[n].untagged,
					 has_flag(vlan, "Egress Untagged"));
		}
	}
	ck_assert_uint_eq(port->n_vlans, n);
	json_decref(list);
	ports_done(&ports);
}

START_TEST(vlans_are_those_of_bridge)
{
	static const char *const changes[] = {
		"add vid 10 dev t0",	   "add vid 20 pvid untagged dev t0",
		"add vid 100-200 dev t0",  "del vid 1 dev t0",
		"add vid 2-4094 dev lan0", "add vid 30 untagged dev t0",
		"del vid 10 dev t0",
	};

	netns_run("ip link set br0 type bridge vlan_filtering 1");
	check_vlans("t0");
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		netns_run("bridge vlan %s", changes[i]);
		check_vlans("t0");
		check_vlans("lan0");
	}
	netns_run("bridge fdb add 52:54:00:12:34:56 dev t0 master static vlan 20");
	check_fdb();
}
END_TEST

/* They are kept while filtering is off, and mean nothing. */
START_TEST(vlans_without_filtering_are_none)
{
	struct ports ports = ports_of_br0(PORTS_VLANS);

	for (size_t i = 0; i < ports.n; i++) {
		ck_assert_uint_eq(ports.v[i].n_vlans, 0);
		ck_assert_ptr_null(ports.v[i].vlans);
	}
	ports_done(&ports);
}
END_TEST

static void add_filter(const char *port, uint32_t hook, unsigned int priority, const char *name)
{
	int program = filter_load();

	filter_add(port, hook, priority, name, program);
	fd_close(&program);
}

/* What `tc` says is the id of the program of the filter with that preference; 0: none */
static unsigned int program_of(const char *port, int preference)
{
	json_t *filters = netns_json("tc -j filter show dev %s ingress", port);
	unsigned int id = 0;
	json_t *filter;
	size_t i;

	json_array_foreach(filters, i, filter)
	{
		if (netns_int(filter, "pref") == preference && netns_at(filter, "options.prog"))
			id = (unsigned int)netns_int(filter, "options.prog.id");
	}
	json_decref(filters);
	return id;
}

static unsigned int guard_of(const char *name)
{
	struct ports ports = ports_of_br0(PORTS_FILTERS);
	unsigned int id = named(&ports, name)->guard_program;
	struct error err = ERROR_INIT;
	unsigned int master;
	struct port port;

	suite_assert_ok(port_get(sock, name, &port, &master, &err), err);
	ck_assert_uint_eq(port.guard_program, id);
	port_done(&port);
	ports_done(&ports);
	return id;
}

START_TEST(guard_is_found)
{
	unsigned int id;

	ck_assert_uint_eq(guard_of("t0"), 0);
	netns_run("tc qdisc add dev t0 clsact");
	ck_assert_uint_eq(guard_of("t0"), 0);
	add_filter("t0", TC_H_MIN_INGRESS, 5, "mnmivm_guard");
	id = program_of("t0", 5);
	ck_assert_uint_ne(id, 0);
	ck_assert_uint_eq(guard_of("t0"), id);
	ck_assert_uint_eq(guard_of("lan0"), 0);
	netns_run("tc qdisc del dev t0 clsact");
	ck_assert_uint_eq(guard_of("t0"), 0);
}
END_TEST

START_TEST(other_filters_are_no_guard)
{
	netns_run("tc qdisc add dev t0 clsact");
	netns_run("tc filter add dev t0 ingress pref 1 bpf bytecode '1,6 0 0 4294967295'");
	add_filter("t0", TC_H_MIN_INGRESS, 2, "mnmivm_guard2");
	add_filter("t0", TC_H_MIN_INGRESS, 3, "mnmivm");
	add_filter("t0", TC_H_MIN_EGRESS, 4, "mnmivm_guard");
	ck_assert_uint_eq(guard_of("t0"), 0);
	add_filter("t0", TC_H_MIN_INGRESS, 9, "mnmivm_guard");
	ck_assert_uint_eq(guard_of("t0"), program_of("t0", 9));
	add_filter("t0", TC_H_MIN_INGRESS, 8, "mnmivm_guard");
	ck_assert_uint_eq(guard_of("t0"), program_of("t0", 8));
}
END_TEST

START_TEST(what_is_not_asked_for_is_not_read)
{
	struct ports ports;

	netns_run("tc qdisc add dev t0 clsact");
	add_filter("t0", TC_H_MIN_INGRESS, 5, "mnmivm_guard");
	ports = ports_of_br0(0);
	ck_assert_uint_eq(named(&ports, "t0")->guard_program, 0);
	ck_assert_uint_eq(ports.n_fdb, 0);
	ports_done(&ports);
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("net/ports_tables");
	TCase *c = tcase_create("ports_tables");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, table_is_that_of_bridge);
	tcase_add_test(c, senders_are_learned);
	tcase_add_test(c, table_of_another_bridge_is_not_ours);
	tcase_add_test(c, long_table);
	if (netns_kernel_has_vlans())
		tcase_add_test(c, vlans_are_those_of_bridge);
	else
		suite_kernel_lacks("vlans_are_those_of_bridge", "VLAN filtering");
	tcase_add_test(c, vlans_without_filtering_are_none);
	tcase_add_test(c, guard_is_found);
	tcase_add_test(c, other_filters_are_no_guard);
	tcase_add_test(c, what_is_not_asked_for_is_not_read);
	suite_add_tcase(s, c);
	return suite_run(s);
}
