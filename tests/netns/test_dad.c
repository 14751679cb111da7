/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking for addresses on a LAN with real and with hand-made neighbours. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "dad_lab.h"
#include "netns.h"

static void check_conflict(struct dad *dad, const char *address, const char *mac)
{
	const struct ip_addr expected = ip(address);
	struct error err = ERROR_INIT;
	struct ip_addr addr;
	struct mac found;
	char text[MAC_TEXT_MAX];

	ck_assert_int_eq(dad_check(dad, LONG_MS, &addr, &found, &err), DAD_CONFLICT);
	mac_format(&found, text);
	ck_assert_str_eq(text, mac);
	ck_assert(ip_equal(&addr, &expected));
	ck_assert_int_eq(err.kind, ERROR_NONE);
}

static void check_free(struct dad *dad, int timeout_ms)
{
	struct error err = ERROR_INIT;
	struct ip_addr addr, untouched_addr;
	struct mac mac, untouched_mac;

	memset(&untouched_addr, 0x5a, sizeof(addr));
	memset(&untouched_mac, 0x5a, sizeof(mac));
	addr = untouched_addr;
	mac = untouched_mac;
	ck_assert_int_eq(dad_check(dad, timeout_ms, &addr, &mac, &err), DAD_FREE);
	ck_assert_mem_eq(&addr, &untouched_addr, sizeof(addr));
	ck_assert_mem_eq(&mac, &untouched_mac, sizeof(mac));
	ck_assert_int_eq(err.kind, ERROR_NONE);
}

/* 10.0.0.5 and 2001:db8::5 are at 02:00:00:00:00:99, said to all */
static const char arp_claim[] =
	"ffffffffffff 020000000099 0806 0001 0800 06 04 0002 020000000099 0a000005 ffffffffffff "
	"0a000005";
static const char nd_claim[] =
	"333300000001 020000000099 86dd 60000000 0020 3a ff 20010db8000000000000000000000005 "
	"ff020000000000000000000000000001 8800 f88a 20000000 20010db8000000000000000000000005 "
	"0201 020000000099";

START_TEST(asks_byte_by_byte)
{
	struct error err = ERROR_INIT;
	struct dad *dad = ask(_i, "10.0.0.5", "2001:db8::5");

	for (int times = 0; times < 2; times++) {
		lan_hears(_i == ON_BRIDGE ? "ffffffffffff 525400000002 0806 0001 0800 06 04 0001 "
					    "525400000002 "
					    "00000000 000000000000 0a000005"
					  : "ffffffffffff 525400123456 0806 0001 0800 06 04 0001 "
					    "525400123456 "
					    "00000000 000000000000 0a000005");
		lan_hears(_i == ON_BRIDGE ? "3333ff000005 525400000002 86dd 60000000 0018 3a ff "
					    "00000000000000000000000000000000 "
					    "ff0200000000000000000001ff000005 "
					    "8700 4ce5 00000000 20010db8000000000000000000000005"
					  : "3333ff000005 525400123456 86dd 60000000 0018 3a ff "
					    "00000000000000000000000000000000 "
					    "ff0200000000000000000001ff000005 "
					    "8700 4ce5 00000000 20010db8000000000000000000000005");
		if (times == 0)
			suite_assert_ok(dad_ask_again(dad, &err), err);
	}
	dad_close(dad);
}
END_TEST

START_TEST(nobody_has_it)
{
	struct dad *dad;

	make_neighbour();
	neighbour_has("10.0.0.6/24");
	neighbour_has("2001:db8::6/64");
	dad = ask(_i, "10.0.0.5", "2001:db8::5");
	check_free(dad, SHORT_MS);
	check_free(dad, 0);
	check_free(dad, -1);
	dad_close(dad);
}
END_TEST

START_TEST(a_neighbour_has_it)
{
	static const char *const addresses[][2] = { { "10.0.0.5/24", "10.0.0.5" },
						    { "2001:db8::5/64", "2001:db8::5" } };
	struct error err = ERROR_INIT;

	make_neighbour();
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct dad *dad;

		neighbour_has(addresses[i][0]);
		dad = ask(_i, addresses[i][1], NULL);
		check_conflict(dad, addresses[i][1], station);
		suite_assert_ok(dad_ask_again(dad, &err), err);
		check_conflict(dad, addresses[i][1], station);
		dad_close(dad);
	}
}
END_TEST

START_TEST(one_of_two_is_taken)
{
	struct dad *dad;

	make_neighbour();
	neighbour_has("2001:db8::5/64");
	dad = ask(_i, "10.0.0.5", "2001:db8::5");
	check_conflict(dad, "2001:db8::5", station);
	check_free(dad, SHORT_MS);
	dad_close(dad);
}
END_TEST

/* Its kernel takes the address while we ask, so it is tentative, and asks itself. */
START_TEST(a_neighbour_is_about_to_take_it)
{
	struct dad *dad = NULL;

	make_neighbour();
	dad = ask(_i, "2001:db8::5", NULL);
	netns_run("nsenter -t %d -n ip addr add 2001:db8::5/64 dev eth0", neighbour);
	check_conflict(dad, "2001:db8::5", station);
	dad_close(dad);
}
END_TEST

START_TEST(anothers_arp_probe)
{
	struct dad *dad = ask(_i, "10.0.0.5", NULL);

	lan_says("ffffffffffff 020000000077 0806 0001 0800 06 04 0001 020000000077 00000000 "
		 "000000000000 0a000005");
	check_conflict(dad, "10.0.0.5", "02:00:00:00:00:77");
	dad_close(dad);
}
END_TEST

/* A copy of the guest runs elsewhere on the LAN. */
START_TEST(answer_of_the_guests_own_mac)
{
	struct dad *dad = ask(_i, "10.0.0.5", "2001:db8::5");

	lan_says(_i == ON_BRIDGE ? "525400000002 525400123456 0806 0001 0800 06 04 0002 "
				   "525400123456 0a000005 "
				   "525400000002 00000000"
				 : "525400123456 525400123456 0806 0001 0800 06 04 0002 "
				   "525400123456 0a000005 "
				   "525400123456 00000000");
	check_conflict(dad, "10.0.0.5", guest);
	lan_says("333300000001 525400123456 86dd 60000000 0020 3a ff "
		 "20010db8000000000000000000000005 ff020000000000000000000000000001 8800 7467 "
		 "20000000 20010db8000000000000000000000005 0201 525400123456");
	check_conflict(dad, "2001:db8::5", guest);
	dad_close(dad);
}
END_TEST

/* An access point or a loop sends back what it hears. */
START_TEST(own_questions_that_come_back)
{
	struct dad *dad = ask(_i, "10.0.0.5", "2001:db8::5");

	lan_says(_i == ON_BRIDGE ? "ffffffffffff 525400000002 0806 0001 0800 06 04 0001 "
				   "525400000002 00000000 "
				   "000000000000 0a000005"
				 : "ffffffffffff 525400123456 0806 0001 0800 06 04 0001 "
				   "525400123456 00000000 "
				   "000000000000 0a000005");
	lan_says(_i == ON_BRIDGE ? "3333ff000005 525400000002 86dd 60000000 0018 3a ff "
				   "00000000000000000000000000000000 "
				   "ff0200000000000000000001ff000005 8700 4ce5 "
				   "00000000 20010db8000000000000000000000005"
				 : "3333ff000005 525400123456 86dd 60000000 0018 3a ff "
				   "00000000000000000000000000000000 "
				   "ff0200000000000000000001ff000005 8700 4ce5 "
				   "00000000 20010db8000000000000000000000005");
	lan_says(arp_claim);
	check_conflict(dad, "10.0.0.5", station);
	dad_close(dad);
}
END_TEST

/* Frames of 02:..:77 that claim nothing; the claim of :99 behind them is the first that counts. */
static const char *const no_claims[] = {
	/* another address, as sender, as a probe's target, and by a search for ours */
	"ffffffffffff 020000000077 0806 0001 0800 06 04 0002 020000000077 0a000006 525400000002 "
	"00000000",
	"ffffffffffff 020000000077 0806 0001 0800 06 04 0001 020000000077 00000000 000000000000 "
	"0a000006",
	"ffffffffffff 020000000077 0806 0001 0800 06 04 0001 020000000077 0a000006 000000000000 "
	"0a000005",
	/* a reply from 0.0.0.0, RARP, hardware and protocol of another kind, cut short */
	"ffffffffffff 020000000077 0806 0001 0800 06 04 0002 020000000077 00000000 000000000000 "
	"0a000005",
	"ffffffffffff 020000000077 8035 0001 0800 06 04 0003 020000000077 0a000005 020000000077 "
	"0a000005",
	"ffffffffffff 020000000077 0806 0006 0800 06 04 0002 020000000077 0a000005 525400000002 "
	"00000000",
	"ffffffffffff 020000000077 0806 0001 86dd 06 10 0002 020000000077 0a000005 525400000002 "
	"00000000",
	"ffffffffffff 020000000077 0806 0001 0800 06 04 0002 020000000077 0a000005 525400000002 "
	"0000",
	"ffffffffffff 020000000077 0806 0001 0800 06 04 0002 020000000077 0a000005",
	"ffffffffffff 020000000077 0806",
	/* an answer in VLAN 5 */
	"ffffffffffff 020000000077 8100 0005 0806 0001 0800 06 04 0002 020000000077 0a000005 "
	"ffffffffffff 0a000005",
	/* advertisements: wrong checksum, hop limit 254, cut short, another target's, no ICMPv6 */
	"333300000001 020000000077 86dd 60000000 0020 3a ff 20010db8000000000000000000000005 "
	"ff020000000000000000000000000001 8800 0000 20000000 20010db8000000000000000000000005 "
	"0201 020000000099",
	"333300000001 020000000077 86dd 60000000 0020 3a fe 20010db8000000000000000000000005 "
	"ff020000000000000000000000000001 8800 f88a 20000000 20010db8000000000000000000000005 "
	"0201 020000000099",
	"333300000001 020000000077 86dd 60000000 0020 3a ff 20010db8000000000000000000000005 "
	"ff020000000000000000000000000001 8800 f88a 20000000 20010db8000000000000000000000005",
	"333300000001 020000000077 86dd 60000000 0020 3a ff 20010db8000000000000000000000005 "
	"ff020000000000000000000000000001 8800 f889 20000000 20010db8000000000000000000000006 "
	"0201 020000000099",
	"333300000001 020000000077 86dd 60000000 0020 11 ff 20010db8000000000000000000000005 "
	"ff020000000000000000000000000001 8800 f88a 20000000 20010db8000000000000000000000005 "
	"0201 020000000099",
	"333300000001 020000000077 86dd",
};

START_TEST(what_claims_nothing)
{
	int way = _i % WAYS;
	struct dad *dad = ask(way, "10.0.0.5", "2001:db8::5");

	lan_says(no_claims[_i / WAYS]);
	lan_says(nd_claim);
	check_conflict(dad, "2001:db8::5", station);
	lan_says(no_claims[_i / WAYS]);
	lan_says(arp_claim);
	check_conflict(dad, "10.0.0.5", station);
	check_free(dad, 0);
	dad_close(dad);
}
END_TEST

/* IEEE 802.1Q, 9.6: a tag of VLAN 0 has a priority and is of no VLAN. */
START_TEST(priority_tag_is_no_vlan)
{
	struct dad *dad = ask(_i, "10.0.0.5", NULL);

	lan_says("ffffffffffff 020000000077 8100 e000 0806 0001 0800 06 04 0002 020000000077 "
		 "0a000005 ffffffffffff 0a000005");
	check_conflict(dad, "10.0.0.5", "02:00:00:00:00:77");
	dad_close(dad);
}
END_TEST

/* Far more frames than a socket's buffer holds; the one that counts is not lost. */
START_TEST(answer_behind_a_flood)
{
	struct frame flood = hex(arp_claim);
	struct dad *dad = ask(_i, "10.0.0.5", NULL);

	flood.byte[31] = 6; /* 10.0.0.6 */
	for (int i = 0; i < 20000; i++) {
		/* a slow machine has no room for more for a while */
		while (send(lan, flood.byte, flood.len, 0) < 0) {
			ck_assert(errno == ENOBUFS || errno == EAGAIN);
			sched_yield();
		}
	}
	lan_says(arp_claim);
	check_conflict(dad, "10.0.0.5", station);
	dad_close(dad);
}
END_TEST

/* The guest's kernel would take them for another's claim to its addresses. */
START_TEST(the_guest_does_not_find_the_questions)
{
	struct dad *dad = ask(_i, "10.0.0.5", "2001:db8::5");
	struct pollfd poll_fd = { .fd = tap.fds[0], .events = POLLIN };
	struct error err = ERROR_INIT;
	unsigned char frame[256];

	suite_assert_ok(dad_ask_again(dad, &err), err);
	ck_assert_int_eq(read(tap.fds[0], frame, sizeof(frame)), -1);
	ck_assert_int_eq(errno, EAGAIN);
	dad_close(dad);

	/* and the LAN's broadcasts it finds */
	lan_says("ffffffffffff 020000000077 88b5 2a");
	ck_assert_int_eq(poll(&poll_fd, 1, LONG_MS), 1);
	ck_assert_int_eq(read(tap.fds[0], frame, sizeof(frame)), 10 + 15);
	ck_assert_int_eq(frame[10 + 14], 0x2a);
}
END_TEST

/* The tap is held back for the forward delay; the bridge is not. */
START_TEST(spanning_tree)
{
	struct error err = ERROR_INIT;
	struct dad *dad;
	const char *state;
	json_t *link;

	make_neighbour();
	neighbour_has("10.0.0.5/24");
	tap_close(&tap);
	netns_run("ip link set br0 type bridge stp_state 1 forward_delay 3000");
	suite_assert_ok(tap_open(sock, &bridge, &spec, &tap, &err), err);
	link = netns_link("mvm-web1");
	state = netns_str(link, "linkinfo.info_slave_data.state");
	ck_assert_msg(strcmp(state, "listening") == 0 || strcmp(state, "learning") == 0, "%s",
		      state);
	json_decref(link);
	dad = ask(ON_BRIDGE, "10.0.0.5", NULL);
	check_conflict(dad, "10.0.0.5", station);
	dad_close(dad);
}
END_TEST

/* Without untagged frames, the bridge's own LAN is not the guest's. */
START_TEST(a_trunk_is_asked_through_its_tap)
{
	const struct tap_vlans trunk = { 10, 20 };
	const struct ip_addr addr = ip("10.0.0.5");
	struct tap_spec want = spec;
	struct error err = ERROR_INIT;
	struct dad *dad = NULL;

	want.trunk = &trunk;
	want.n_trunk = 1;
	suite_assert_ok(dad_open(&bridge, &tap, &want, &addr, 1, &dad, &err), err);
	lan_hears("ffffffffffff 525400123456 0806 0001 0800 06 04 0001 525400123456 00000000 "
		  "000000000000 0a000005");
	dad_close(dad);
}
END_TEST

START_TEST(nothing_to_ask)
{
	const struct tap_spec want = asked(_i);
	struct error err = ERROR_INIT;
	struct dad *dad = NULL;

	suite_assert_ok(dad_open(&bridge, &tap, &want, NULL, 0, &dad, &err), err);
	lan_says(arp_claim);
	lan_says(nd_claim);
	check_free(dad, SHORT_MS);
	dad_close(dad);
	dad_close(NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/dad");
	TCase *c = tcase_create("dad");

	tcase_add_loop_test(c, asks_byte_by_byte, 0, WAYS);
	tcase_add_loop_test(c, nobody_has_it, 0, WAYS);
	tcase_add_loop_test(c, a_neighbour_has_it, 0, WAYS);
	tcase_add_loop_test(c, one_of_two_is_taken, 0, WAYS);
	tcase_add_loop_test(c, a_neighbour_is_about_to_take_it, 0, WAYS);
	tcase_add_loop_test(c, anothers_arp_probe, 0, WAYS);
	tcase_add_loop_test(c, answer_of_the_guests_own_mac, 0, WAYS);
	tcase_add_loop_test(c, own_questions_that_come_back, 0, WAYS);
	tcase_add_loop_test(c, what_claims_nothing, 0, ARRAY_SIZE(no_claims) * WAYS);
	tcase_add_loop_test(c, priority_tag_is_no_vlan, 0, WAYS);
	tcase_add_loop_test(c, answer_behind_a_flood, 0, WAYS);
	tcase_add_loop_test(c, the_guest_does_not_find_the_questions, 0, WAYS);
	tcase_add_test(c, spanning_tree);
	tcase_add_test(c, a_trunk_is_asked_through_its_tap);
	tcase_add_loop_test(c, nothing_to_ask, 0, WAYS);
	return dad_main(s, c);
}
