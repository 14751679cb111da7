/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose port a tap is, and what is wrong with it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "filter.h"
#include "net/guard.h"
#include "netns.h"
#include "suite.h"
#include "vm/net.h"
#include "vm_lab.h"

static struct vm_net net;

static void setup(void)
{
	vm_lab_setup();
	vm_lab_make("web1", 0x11, "");
	vm_lab_make("web2", 0x12, "");
	vm_lab_run("web1");
	vm_lab_tap("web1", 0);
}

static void teardown(void)
{
	vm_net_done(&net);
	vm_lab_teardown();
}

static void get(const char *bridge)
{
	struct error err = ERROR_INIT;

	vm_net_done(&net);
	suite_assert_ok(vm_net_get(&lab, bridge, &net, &err), err);
}

/* The port of that name, of the first bridge; NULL: none. */
static const struct vm_net_port *port(const char *name)
{
	ck_assert_uint_gt(net.n, 0);
	for (size_t i = 0; i < net.v[0].n_ports; i++) {
		if (strcmp(net.v[0].ports[i].port.name, name) == 0)
			return &net.v[0].ports[i];
	}
	return NULL;
}

/* "PORT VM/NIC place, ..." of the first bridge */
static void check_ports(const char *expected)
{
	static const char *const places[] = { "attached", "elsewhere", "fell off", "missing" };
	AUTO_BUF found = BUF_INIT;

	for (size_t i = 0; i < net.v[0].n_ports; i++) {
		const struct vm_net_port *one = &net.v[0].ports[i];

		buf_printf(&found, "%s%s", i ? ", " : "", one->port.name);
		if (one->vm[0])
			buf_printf(&found, " %s/%u %s", one->vm, one->nic,
				   one->running ? places[one->place] : "not running");
	}
	ck_assert_str_eq(buf_str(&found), expected);
}

static void check_problem(const char *name, const char *problem, const char *hint)
{
	char text[512] = "", help[256] = "";
	const struct vm_net_port *one = port(name);

	ck_assert_ptr_nonnull(one);
	ck_assert_int_eq(vm_net_port_problem(one, text, sizeof(text), help, sizeof(help)),
			 *problem != '\0');
	ck_assert_msg(strstr(text, problem) != NULL, "'%s' lacks '%s'", text, problem);
	ck_assert_str_eq(help, hint);
}

START_TEST(taps_have_owners)
{
	get(NULL);
	ck_assert_uint_eq(net.n, 1);
	ck_assert_str_eq(net.v[0].name, "br0");
	ck_assert_str_eq(net.v[0].problem, "");
	check_ports("lan0, mvm-web1 web1/0 attached");
	ck_assert_mem_eq(&port("mvm-web1")->guest_mac, "\x52\x54\x00\x00\x00\x11", 6);
	ck_assert_str_eq(port("mvm-web1")->master, "br0");
	check_problem("lan0", "", "");
	ck_assert_str_eq(lab_notes, "");
}
END_TEST

START_TEST(further_NICs_are_told)
{
	vm_lab_make("two", 0x13, "[nic.0]\nbridge = br0\n[nic.1]\nmac = 52:54:00:00:00:99\n");
	vm_lab_run("two");
	vm_lab_tap("two", 0);
	vm_lab_tap("two", 1);
	get(NULL);
	check_ports("lan0, mvm-two two/0 attached, mvm-web1 web1/0 attached, "
		    "mvm1-two two/1 attached");
	ck_assert_mem_eq(&port("mvm1-two")->guest_mac, "\x52\x54\x00\x00\x00\x99", 6);
}
END_TEST

/* Anybody may give a link an alias. */
START_TEST(an_alias_alone_makes_no_owner)
{
	static const char *const aliases[] = {
		"mnmivm-se:web2/0",
		"mnmivm-se:nobody/0",
		"mnmivm-se:web1/7",
	};

	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
		netns_run("ip link set mvm-web1 alias %s", aliases[i]);
		get(NULL);
		ck_assert(!port("mvm-web1")->running);
		check_problem("mvm-web1", "which does not run",
			      "grep -lw mvm-web1 /proc/[0-9]*/fdinfo/* tells who holds it");
	}
	netns_run("ip link set lan0 alias mnmivm-se:web1/0");
	get(NULL);
	ck_assert(!port("lan0")->running);
}
END_TEST

START_TEST(rubbish_in_an_alias_is_nobodys)
{
	static const char *const aliases[] = {
		"mnmivm-se:",
		"mnmivm-se:/0",
		"mnmivm-se:web1",
		"mnmivm-se:web1/",
		"mnmivm-se:web1/x",
		"mnmivm-se:web1/1000",
		"mnmivm-se:web1/-1",
		"mnmivm-se:WEB1/0",
		"mnmivm-se:../web1/0",
		"mnmivm-se:web1/0/0",
		"mnmivm-sf:web1/0",
		"Mnmivm-se:web1/0",
		"x",
	};

	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
		netns_run("ip link set lan0 alias '%s'", aliases[i]);
		get("br0");
		ck_assert_msg(!port("lan0")->vm[0], "%s", aliases[i]);
		check_problem("lan0", "", "");
	}
}
END_TEST

START_TEST(a_stopped_VM_has_no_port)
{
	vm_lab_end("web1");
	get(NULL);
	check_ports("lan0, mvm-web1 web1/0 not running");
	netns_run("ip link del mvm-web1");
	get(NULL);
	check_ports("lan0");
}
END_TEST

START_TEST(a_fallen_tap_is_below_its_bridge)
{
	netns_run("ip link set mvm-web1 nomaster");
	get(NULL);
	check_ports("lan0, mvm-web1 web1/0 fell off");
	ck_assert_str_eq(port("mvm-web1")->master, "");
	check_problem("mvm-web1", "tap 'mvm-web1' fell off its bridge 'br0'",
		      "mnmivm-se net repair web1");
	get("br0");
	check_ports("lan0, mvm-web1 web1/0 fell off");
}
END_TEST

START_TEST(a_removed_tap_is_missing)
{
	netns_run("ip link del mvm-web1");
	get(NULL);
	check_ports("lan0, mvm-web1 web1/0 missing");
	check_problem("mvm-web1", "is gone", "mnmivm-se restart web1");

	/* another's link in its place */
	netns_run("ip tuntap add mvm-web1 mode tap");
	get(NULL);
	check_ports("lan0, mvm-web1 web1/0 missing");
	netns_run("ip link set mvm-web1 alias mnmivm-se:web2/0");
	get(NULL);
	check_ports("lan0, mvm-web1 web1/0 missing");
}
END_TEST

START_TEST(a_tap_on_another_bridge_is_told)
{
	netns_run("ip link add br1 type bridge");
	netns_run("ip link set mvm-web1 master br1");
	get("br0");
	check_ports("lan0, mvm-web1 web1/0 elsewhere");
	ck_assert_str_eq(port("mvm-web1")->master, "br1");
	check_problem("mvm-web1", "is on 'br1', not on bridge 'br0'", "mnmivm-se net repair web1");
	get("br1");
	check_ports("mvm-web1 web1/0 elsewhere");
}
END_TEST

START_TEST(an_altname_is_the_same_bridge)
{
	netns_run("ip link property add dev br0 altname lan-of-the-house");
	vm_lab_make("alt", 0x14, "[nic.0]\nbridge = lan-of-the-house\n");
	vm_lab_run("alt");
	vm_lab_tap("alt", 0);
	get(NULL);
	ck_assert_uint_eq(net.n, 1);
	check_ports("lan0, mvm-alt alt/0 attached, mvm-web1 web1/0 attached");
	get("lan-of-the-house");
	ck_assert_str_eq(net.v[0].name, "br0");
	check_ports("lan0, mvm-alt alt/0 attached, mvm-web1 web1/0 attached");
	netns_run("ip link set mvm-alt nomaster");
	get("lan-of-the-house");
	check_ports("lan0, mvm-web1 web1/0 attached, mvm-alt alt/0 fell off");
}
END_TEST

START_TEST(all_bridges_that_matter)
{
	netns_run("ip link add br1 type bridge");
	netns_run("ip link add br2 type bridge");
	netns_run("ip link add br3 type bridge");
	strv_push(&lab.config.bridges, "br2");
	strv_push(&lab.config.bridges, "br0");
	strv_push(&lab.config.bridges, "absent");
	vm_lab_make("there", 0x15, "[nic.0]\nbridge = br1\n");
	vm_lab_run("there");
	get(NULL);
	ck_assert_uint_eq(net.n, 4);
	ck_assert_str_eq(net.v[0].name, "br0");
	ck_assert_str_eq(net.v[1].name, "br2");
	ck_assert_str_eq(net.v[2].name, "absent");
	ck_assert_ptr_nonnull(strstr(net.v[2].problem, "does not exist"));
	ck_assert_str_eq(net.v[3].name, "br1");
	ck_assert_uint_eq(net.v[3].n_ports, 1);
	ck_assert_int_eq(net.v[3].ports[0].place, VM_TAP_MISSING);
}
END_TEST

START_TEST(a_bridge_that_is_gone_keeps_its_taps)
{
	netns_run("ip link del br0");
	get(NULL);
	ck_assert_str_eq(net.v[0].name, "br0");
	ck_assert_ptr_nonnull(strstr(net.v[0].problem, "bridge 'br0' does not exist"));
	check_ports("mvm-web1 web1/0 fell off");
}
END_TEST

START_TEST(a_bridge_that_cannot_be_shown)
{
	static const char *const names[] = { "absent", "lan0", "lo", "br%d" };

	vm_net_done(&net);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct error err = ERROR_INIT;

		ck_assert_int_lt(vm_net_get(&lab, names[i], &net, &err), 0);
		ck_assert_int_eq(err.kind, ERROR_HOST);
		ck_assert_ptr_nonnull(strstr(err.message, names[i]));
		ck_assert_ptr_null(net.v);
	}
}
END_TEST

/* What net repair would do to it is what is told. */
static void check_as_repair(const char *vm)
{
	char text[512] = "", help[256] = "", tap[IF_NAMESIZE];
	struct error err = ERROR_INIT;
	AUTO_BUF found = BUF_INIT;
	AUTO_BUF joined = BUF_INIT;
	AUTO_STRV lines = STRV_INIT;
	size_t prefix;
	int r = vm_net_repair(&lab, vm, true, &found, &err);

	suite_assert_ok(r < 0 ? r : 0, err);
	tap_name(vm, 0, tap);
	buf_printf(&joined, "tap '%s': ", tap);
	prefix = joined.len;
	strv_split(&lines, buf_str(&found), '\n');
	for (size_t i = 0; i < lines.n; i++)
		buf_printf(&joined, "%s%s", i ? ", " : "", lines.v[i] + prefix);
	ck_assert_int_eq(vm_net_port_problem(port(tap), text, sizeof(text), help, sizeof(help)),
			 r == 0);
	if (r == 0)
		ck_assert_str_eq(text, buf_str(&joined));
}

START_TEST(what_repair_finds_is_told)
{
	struct error err = ERROR_INIT;
	AUTO_BUF changes = BUF_INIT;

	get(NULL);
	check_as_repair("web1");
	/* the monitor is nobody's here: the guest is not announced */
	suite_assert_ok(vm_net_repair(&lab, "web1", false, &changes, &err), err);
	get(NULL);
	check_as_repair("web1");
	check_problem("mvm-web1", "", "");
	netns_run("bridge fdb del 52:54:00:00:00:11 dev mvm-web1 master");
	get(NULL);
	check_as_repair("web1");
	check_problem("mvm-web1", "MAC 52:54:00:00:00:11 not entered as static",
		      "mnmivm-se net repair web1");
	netns_run("ip link set mvm-web1 down");
	netns_run("tc filter del dev mvm-web1 ingress");
	get(NULL);
	check_as_repair("web1");
	check_problem("mvm-web1", "down", "mnmivm-se net repair web1");
}
END_TEST

START_TEST(half_a_guard_is_told)
{
	int program = filter_load();

	get(NULL);
	ck_assert_int_eq(port("mvm-web1")->effect, VM_GUARD_NOTHING);
	check_problem("mvm-web1", "lock off", "mnmivm-se net repair web1");
	netns_run("ip link set mvm-web1 type bridge_slave locked on");
	get(NULL);
	ck_assert_int_eq(port("mvm-web1")->effect, VM_GUARD_NO_FILTER);
	check_problem("mvm-web1", "guard's filter missing", "mnmivm-se net repair web1");
	netns_run("tc qdisc add dev mvm-web1 clsact");
	filter_add("mvm-web1", TC_H_MIN_INGRESS, 1, "mnmivm_guard", program);
	get(NULL);
	ck_assert_int_eq(port("mvm-web1")->effect, VM_GUARD_WHOLE);
	ck_assert(!port("mvm-web1")->has_drops); /* the program is none of ours */
	check_problem("mvm-web1", "guard's filter not as asked", "mnmivm-se net repair web1");
	netns_run("ip link set mvm-web1 type bridge_slave locked off");
	get(NULL);
	ck_assert_int_eq(port("mvm-web1")->effect, VM_GUARD_NO_LOCK);
	check_problem("mvm-web1", "lock off", "mnmivm-se net repair web1");
	fd_close(&program);
}
END_TEST

START_TEST(a_guard_that_is_off)
{
	struct error err = ERROR_INIT;
	AUTO_BUF changes = BUF_INIT;

	vm_lab_make("open", 0x16, "[nic.0]\nguard = off\n");
	vm_lab_run("open");
	vm_lab_tap("open", 0);
	suite_assert_ok(vm_net_repair(&lab, "open", false, &changes, &err), err);
	get(NULL);
	check_problem("mvm-open", "", "");
	netns_run("ip link set mvm-open type bridge_slave locked on");
	get(NULL);
	check_problem("mvm-open", "tap 'mvm-open': lock on", "mnmivm-se net repair open");
	netns_run("ip link set mvm-open type bridge_slave locked off");
	netns_run("ip link set mvm-open down");
	get(NULL);
	check_problem("mvm-open", "tap 'mvm-open': down", "mnmivm-se net repair open");
}
END_TEST

START_TEST(drops_are_counted)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	unsigned char frame[64] = "\xff\xff\xff\xff\xff\xff\x52\x54\x00\x99\x99\x99\x08";
	struct tap_spec spec = { .guard = TAP_GUARD_MAC };
	struct error err = ERROR_INIT;
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	int program = -1;

	memcpy(&spec.guest_mac, "\x52\x54\x00\x00\x00\x11", 6);
	suite_assert_ok(guard_load(&spec, &program, &err), err);
	netns_run("tc qdisc add dev mvm-web1 clsact");
	filter_add("mvm-web1", TC_H_MIN_INGRESS, 1, "mnmivm_guard", program);
	strcpy(request.ifr_name, "mvm-web1");
	ck_assert_int_eq(ioctl(fd, TUNSETIFF, &request), 0);
	get(NULL);
	ck_assert(port("mvm-web1")->has_drops);
	ck_assert_uint_eq(vm_drops_total(&port("mvm-web1")->drops), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(write(fd, frame, sizeof(frame)), sizeof(frame));
	get(NULL);
	ck_assert_uint_eq(vm_drops_total(&port("mvm-web1")->drops), 3);
	ck_assert_uint_eq(port("mvm-web1")->drops.dropped[GUARD_DROP_MAC], 3);
	fd_close(&program);
	fd_close(&fd);
}
END_TEST

START_TEST(learned_addresses_are_counted)
{
	netns_run("bridge fdb add 02:00:00:00:00:01 dev lan0 master dynamic");
	netns_run("bridge fdb add 02:00:00:00:00:02 dev lan0 master dynamic");
	netns_run("bridge fdb add 02:00:00:00:00:04 dev mvm-web1 master static");
	get(NULL);
	ck_assert_uint_eq(port("mvm-web1")->learned, 0);
	ck_assert_uint_eq(port("lan0")->learned, 2);
	ck_assert_uint_ge(net.v[0].n_fdb, 5); /* with the host's own */
}
END_TEST

START_TEST(a_damaged_VM_is_noted)
{
	int fd = openat(lab.store.vms_fd, "web1", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	suite_put(fd, "vm.conf", "nonsense = 1\n");
	get(NULL);
	check_ports("lan0, mvm-web1 web1/0 attached");
	ck_assert_ptr_nonnull(strstr(lab_notes, "web1: "));
	ck_assert_ptr_nonnull(strstr(lab_notes, "nonsense"));
	close(fd);
}
END_TEST

START_TEST(the_ports_of_one_VM)
{
	struct vm_net_port *ports = NULL;
	struct error err = ERROR_INIT;
	struct vm_config vm;
	size_t n = 0;

	vm_config_init(&vm, &lab.config);
	suite_assert_ok(vm_net_ports_get(&lab, "web1", &vm, NULL, &ports, &n, &err), err);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(ports[0].place, VM_TAP_ATTACHED);
	ck_assert_str_eq(ports[0].master, "br0");
	ck_assert(!ports[0].compared);
	vm_net_ports_done(ports, n);

	suite_assert_ok(vm_net_ports_get(&lab, "web1", &vm, &vm, &ports, &n, &err), err);
	ck_assert(ports[0].compared);
	ck_assert_ptr_nonnull(strstr(ports[0].differs, "lock off"));
	vm_net_ports_done(ports, n);

	suite_assert_ok(vm_net_ports_get(&lab, "web2", &vm, &vm, &ports, &n, &err), err);
	ck_assert_int_eq(ports[0].place, VM_TAP_MISSING);
	ck_assert_str_eq(ports[0].port.name, "mvm-web2");
	vm_net_ports_done(ports, n);
	vm_config_done(&vm);
}
END_TEST

START_TEST(looking_changes_nothing)
{
	char *before = netns_snapshot();

	get(NULL);
	get("br0");
	netns_compare(before);
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("vm/net");
	TCase *c = tcase_create("net");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, taps_have_owners);
	tcase_add_test(c, further_NICs_are_told);
	tcase_add_test(c, an_alias_alone_makes_no_owner);
	tcase_add_test(c, rubbish_in_an_alias_is_nobodys);
	tcase_add_test(c, a_stopped_VM_has_no_port);
	tcase_add_test(c, a_fallen_tap_is_below_its_bridge);
	tcase_add_test(c, a_removed_tap_is_missing);
	tcase_add_test(c, a_tap_on_another_bridge_is_told);
	tcase_add_test(c, an_altname_is_the_same_bridge);
	tcase_add_test(c, all_bridges_that_matter);
	tcase_add_test(c, a_bridge_that_is_gone_keeps_its_taps);
	tcase_add_test(c, a_bridge_that_cannot_be_shown);
	tcase_add_test(c, what_repair_finds_is_told);
	tcase_add_test(c, half_a_guard_is_told);
	tcase_add_test(c, a_guard_that_is_off);
	tcase_add_test(c, drops_are_counted);
	tcase_add_test(c, learned_addresses_are_counted);
	tcase_add_test(c, a_damaged_VM_is_noted);
	tcase_add_test(c, the_ports_of_one_VM);
	tcase_add_test(c, looking_changes_nothing);
	suite_add_tcase(s, c);
	return suite_run(s);
}
