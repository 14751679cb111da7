/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What gets from a guest to the LAN: each frame of the tables is written into a real tap on a real
 * bridge, as QEMU would, with the guard off, mac and ip.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "frames.h"
#include "net/guard.h"
#include "net/tap.h"
#include "netns.h"
#include "suite.h"
#include "wire.h"

static const char *const guard_names[] = { "off", "mac", "ip" };

/* What the guest of frame_spec() says last: it asks for an address, which it always may. */
#define LAST                                                                                       \
	"ff:ff:ff:ff:ff:ff 52:54:00:12:34:56 0806 0001 0800 0604 0001 52:54:00:12:34:56 "          \
	"192.168.86.10 00:00:00:00:00:00 192.168.86.254"

static unsigned int lan_hears(const struct tap *tap, struct frame *ret_first)
{
	wire_say(tap, LAST);
	return wire_hear(wire_lan, 0, LAST, ret_first);
}

/* A packet socket gets the outer tag apart from the frame (packet(7), PACKET_AUXDATA). */
static void take_tag_out(struct frame *frame)
{
	int ethertype = frame->byte[12] << 8 | frame->byte[13];

	if (ethertype != ETH_P_8021Q && ethertype != ETH_P_8021AD)
		return;
	frame->n -= 4;
	memmove(frame->byte + 12, frame->byte + 16, frame->n - 12);
}

/* As it was sent, but for a checksum that the guest had the host fill in. */
static void check_arrival(const struct frame_case *one, struct frame sent, struct frame heard)
{
	size_t at = (size_t)one->header.csum_start + one->header.csum_offset;
	bool forged = one->stopped_by != TAP_GUARD_OFF;

	take_tag_out(&sent);
	ck_assert_msg(heard.n == sent.n, "%s: %zu of %zu bytes", one->name, heard.n, sent.n);
	if (one->header.flags) {
		ck_assert_msg(!forged || memcmp(heard.byte + at, sent.byte + at, 2) != 0,
			      "%s: no checksum was written", one->name);
		memcpy(heard.byte + at, sent.byte + at, 2);
	}
	ck_assert_msg(memcmp(heard.byte, sent.byte, sent.n) == 0, "%s: changed", one->name);
}

static bool is_stopped(const struct frame_case *one, enum tap_guard guard)
{
	return one->stopped_by != TAP_GUARD_OFF && guard >= one->stopped_by;
}

static void check_counters(const struct frame_case *one, enum tap_guard guard,
			   const struct guard_counters *before, const struct guard_counters *now)
{
	for (unsigned int i = 0; i < GUARD_DROPS; i++) {
		bool counts = is_stopped(one, guard) && i == one->drop;

		ck_assert_msg(now->dropped[i] - before->dropped[i] == counts,
			      "%s: guard %s: %s counted %llu times", one->name, guard_names[guard],
			      guard_drop_word(i),
			      (unsigned long long)(now->dropped[i] - before->dropped[i]));
	}
}

/* Send it, and see that it arrives or that it does not. */
static void try_one(const struct tap *tap, enum tap_guard guard, const struct frame_case *one)
{
	unsigned int segments = one->header.gso_type ? 4 : 1;
	bool arrives = !is_stopped(one, guard) && !one->bridge_keeps;
	struct frame sent, heard;
	unsigned int n;

	frame_parse(one->text, &sent);
	wire_send(tap, &one->header, &sent);
	n = lan_hears(tap, &heard);
	ck_assert_msg(n == (arrives ? segments : 0), "%s: guard %s: %u frames arrived", one->name,
		      guard_names[guard], n);
	if (arrives && !one->header.gso_type)
		check_arrival(one, sent, heard);
}

/* Each frame of a table, and that no counter but its own goes up. */
static void try_all(const struct tap *tap, enum tap_guard guard, const struct frame_case *table,
		    size_t n)
{
	uint32_t program = wire_program_of(tap->name);

	ck_assert((program == 0) == (guard == TAP_GUARD_OFF));
	for (size_t i = 0; i < n; i++) {
		struct guard_counters before = wire_counters_of(program);
		struct guard_counters now;

		try_one(tap, guard, &table[i]);
		now = wire_counters_of(program);
		check_counters(&table[i], guard, &before, &now);
	}
}

START_TEST(attacks)
{
	struct tap_spec spec;
	struct tap tap;

	frame_spec(_i, &spec);
	tap = wire_open_tap(&spec);
	try_all(&tap, _i, frame_attacks, frame_n_attacks);
	tap_close(&tap);
}
END_TEST

START_TEST(good_frames)
{
	struct tap_spec spec;
	struct tap tap;

	frame_spec(_i, &spec);
	tap = wire_open_tap(&spec);
	try_all(&tap, _i, frame_good, frame_n_good);
	tap_close(&tap);
}
END_TEST

/* On a bridge that does not look at tags; what it makes of them is tested with tap_open(). */
START_TEST(trunk)
{
	static const struct tap_vlans all = { 1, TAP_VLAN_MAX };
	struct tap_spec spec;
	struct tap tap;

	frame_spec(TAP_GUARD_OFF, &spec);
	tap = wire_open_tap(&spec);
	spec.guard = _i;
	spec.trunk = &all;
	spec.n_trunk = 1;
	if (spec.guard != TAP_GUARD_OFF)
		wire_attach_guard(&tap, &spec);
	try_all(&tap, _i, frame_trunk, frame_n_trunk);
	tap_close(&tap);
}
END_TEST

START_TEST(cut_at_any_length)
{
	struct virtio_net_hdr none = { 0 };
	struct frame frame, heard;
	struct tap_spec spec;
	struct tap tap;

	frame_spec(TAP_GUARD_IP, &spec);
	tap = wire_open_tap(&spec);
	for (size_t i = 0; i < frame_n_attacks; i++) {
		size_t whole;

		frame_parse(frame_attacks[i].text, &frame);
		whole = frame_attacks[i].header.flags ? 0 : frame.n;
		for (frame.n = ETH_HLEN; frame.n < whole; frame.n++)
			wire_send(&tap, &none, &frame);
		ck_assert_msg(lan_hears(&tap, &heard) == 0, "%s arrived, cut to %zu bytes",
			      frame_attacks[i].name, heard.n);
	}
	tap_close(&tap);
}
END_TEST

/*
 * The MAC header is not to be written over either. Kernels refuse it since October 2024
 * ("net: test for not too small csum_start in virtio_net_hdr_to_skb()").
 */
START_TEST(checksum_over_the_mac)
{
	struct virtio_net_hdr header = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM };
	struct frame sent, heard;
	struct tap_spec spec;
	struct tap tap;

	frame_spec(_i, &spec);
	tap = wire_open_tap(&spec);
	frame_parse(LAST " 00*18", &sent);
	for (uint16_t at = 0; at < 2 * ETH_HLEN; at++) {
		header.csum_start = at < ETH_HLEN ? 0 : at - ETH_HLEN;
		header.csum_offset = at - header.csum_start;
		if (wire_try(&tap, &header, &sent) < 0)
			ck_assert_int_eq(errno, EINVAL);
		else if (lan_hears(&tap, &heard))
			ck_assert_mem_eq(heard.byte, sent.byte, ETH_HLEN);
	}
	tap_close(&tap);
}
END_TEST

static const char other_guest[] = "52:54:00:65:43:21";

static struct tap open_other(enum tap_guard guard, struct tap_spec *ret_spec)
{
	static struct ip_addr address;
	struct error err = ERROR_INIT;

	frame_spec(guard, ret_spec);
	suite_assert_ok(ip_parse("address", "192.168.86.30", &address, &err), err);
	ret_spec->vm = "b";
	ret_spec->name = "mvm-b";
	ret_spec->guest_mac = netns_mac(other_guest);
	ret_spec->addresses = &address;
	ret_spec->n_addresses = 1;
	return wire_open_tap(ret_spec);
}

/* Does the bridge know a MAC at that port, in whatever VLAN, and at no other? NULL: nowhere. */
static void check_port_of(const char *mac, const char *port)
{
	json_t *entries = netns_fdb("br0", mac);
	json_t *entry;
	size_t i;

	ck_assert_int_eq(json_array_size(entries) > 0, port != NULL);
	json_array_foreach(entries, i, entry) ck_assert_str_eq(netns_str(entry, "ifname"), port);
	json_decref(entries);
}

#define A "52:54:00:12:34:56"
#define B "52:54:00:65:43:21"
#define STATION "02:00:00:00:00:aa"
#define ARP_REPLY "0806 0001 0800 0604 0002 "

START_TEST(guests_that_forge_each_other)
{
	struct tap_spec spec_a, spec_b;
	struct guard_counters counters;
	struct frame heard;
	struct tap a, b;

	frame_spec(_i, &spec_a);
	a = wire_open_tap(&spec_a);
	b = open_other(_i, &spec_b);
	for (int i = 0; i < 50; i++) {
		wire_say(&a, STATION " " B " 88b5 00*46");
		wire_say(&b, STATION " " A " 88b5 00*46");
		wire_say(&a, "ff:ff:ff:ff:ff:ff " B " 88b5 00*46");
		wire_say(&b, "ff:ff:ff:ff:ff:ff " A " 88b5 00*46");
		wire_say(&a, B " " B " 88b5 00*46");
		wire_say(&b, A " " A " 88b5 00*46");
	}
	ck_assert_uint_eq(lan_hears(&a, &heard), 0);
	check_port_of(A, "mvm-a");
	check_port_of(B, "mvm-b");
	counters = wire_counters_of(wire_program_of("mvm-a"));
	ck_assert_uint_eq(counters.dropped[GUARD_DROP_MAC], 150);
	counters = wire_counters_of(wire_program_of("mvm-b"));
	ck_assert_uint_eq(counters.dropped[GUARD_DROP_MAC], 150);

	/* each gets what is its own: b heard a's last words above, and a nothing */
	wire_lan_says(A " " STATION " 88b5 01 00*45");
	wire_lan_says(B " " STATION " 88b5 02 00*45");
	wire_lan_says("ff:ff:ff:ff:ff:ff " STATION " 88b5 03 00*45");
	ck_assert_uint_eq(wire_hear(a.fds[0], sizeof(struct virtio_net_hdr),
				    "ff:ff:ff:ff:ff:ff " STATION " 88b5 03 00*45", &heard),
			  1);
	ck_assert_int_eq(heard.byte[ETH_HLEN], 1);
	ck_assert_uint_eq(wire_hear(b.fds[0], sizeof(struct virtio_net_hdr), LAST, &heard), 0);
	ck_assert_uint_eq(wire_hear(b.fds[0], sizeof(struct virtio_net_hdr),
				    "ff:ff:ff:ff:ff:ff " STATION " 88b5 03 00*45", &heard),
			  1);
	ck_assert_int_eq(heard.byte[ETH_HLEN], 2);
	tap_close(&b);
	tap_close(&a);
}
END_TEST

/*
 * With `mac` a guest may still say that it has the other's address; with `ip` the other never
 * hears.
 */
START_TEST(guests_that_forge_each_others_address)
{
	struct tap_spec spec_a, spec_b;
	struct frame heard;
	struct tap a, b;

	frame_spec(_i, &spec_a);
	a = wire_open_tap(&spec_a);
	b = open_other(_i, &spec_b);
	wire_say(&b, "ff:ff:ff:ff:ff:ff " B " " ARP_REPLY B " 192.168.86.10 " A " 192.168.86.10");
	wire_say(&b, A " " B " 0800 4500 len4 0001 0000 4001 0000 192.168.86.1 "
		       "192.168.86.10 0501 0000 192.168.86.30 00*28");
	wire_say(&b, "ff:ff:ff:ff:ff:ff " B " " ARP_REPLY B " 192.168.86.30 " B " 192.168.86.30");
	ck_assert_uint_eq(wire_hear(a.fds[0], sizeof(struct virtio_net_hdr),
				    "ff:ff:ff:ff:ff:ff " B " " ARP_REPLY B " 192.168.86.30 " B
				    " 192.168.86.30",
				    &heard),
			  _i == TAP_GUARD_IP ? 0 : 2);
	tap_close(&b);
	tap_close(&a);
}
END_TEST

static bool program_exists(uint32_t id)
{
	struct guard_counters counters;
	struct error err = ERROR_INIT;

	return guard_read_counters(id, &counters, &err) == 0;
}

START_TEST(killed_guest_leaves_nothing)
{
	struct tap_spec spec_a, spec_b;
	struct frame heard;
	uint32_t program;
	struct tap a, b;
	pid_t guest;

	frame_spec(_i, &spec_a);
	a = wire_open_tap(&spec_a);
	b = open_other(_i, &spec_b);
	program = wire_program_of("mvm-b");
	guest = fork();
	if (guest == 0) {
		for (;;)
			pause();
	}
	ck_assert_int_gt(guest, 0);
	tap_close(&b);
	check_port_of(B, "mvm-b");
	ck_assert(program_exists(program));

	ck_assert_int_eq(kill(guest, SIGKILL), 0);
	ck_assert_int_eq(waitpid(guest, NULL, 0), guest);
	check_port_of(B, NULL);
	ck_assert_ptr_null(netns_link("mvm-b"));
	/* the kernel releases filters a little later (tcf_queue_work) */
	while (program_exists(program))
		usleep(10000);

	/* the other is as it was, and the name and the MAC are free */
	check_port_of(A, "mvm-a");
	ck_assert_uint_eq(lan_hears(&a, &heard), 0);
	b = open_other(_i, &spec_b);
	check_port_of(B, "mvm-b");
	ck_assert(program_exists(wire_program_of("mvm-b")));
	tap_close(&b);
	tap_close(&a);
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("net/attack");
	TCase *c = tcase_create("attack");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, wire_setup, wire_teardown);
	tcase_add_loop_test(c, attacks, TAP_GUARD_OFF, TAP_GUARD_IP + 1);
	tcase_add_loop_test(c, good_frames, TAP_GUARD_OFF, TAP_GUARD_IP + 1);
	tcase_add_loop_test(c, trunk, TAP_GUARD_OFF, TAP_GUARD_IP + 1);
	tcase_add_test(c, cut_at_any_length);
	tcase_add_loop_test(c, checksum_over_the_mac, TAP_GUARD_MAC, TAP_GUARD_IP + 1);
	tcase_add_loop_test(c, guests_that_forge_each_other, TAP_GUARD_MAC, TAP_GUARD_IP + 1);
	tcase_add_loop_test(c, guests_that_forge_each_others_address, TAP_GUARD_MAC,
			    TAP_GUARD_IP + 1);
	tcase_add_loop_test(c, killed_guest_leaves_nothing, TAP_GUARD_MAC, TAP_GUARD_IP + 1);
	suite_add_tcase(s, c);
	return suite_run(s);
}
