/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frames of duplicate address detection: built, believed, and let in by the filter. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../src/net/dad_frames.h"
#include "base/alloc.h"
#include "suite.h"

static const struct mac guest = { { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 } };

/* Frames as others wrote them: of tcpdump, RFC 5227 and Linux's own neighbours. */
static const char arp_probe[] =
	"ffffffffffff 525400123456 0806 0001 0800 06 04 0001 525400123456 00000000 000000000000 "
	"0a000005";
static const char arp_announcement[] =
	"ffffffffffff 525400123456 0806 0001 0800 06 04 0001 525400123456 0a000005 000000000000 "
	"0a000005";
static const char arp_reply[] =
	"525400000002 020000000099 0806 0001 0800 06 04 0002 020000000099 0a000005 525400000002 "
	"00000000";
static const char rarp[] =
	"ffffffffffff 525400123456 8035 0001 0800 06 04 0003 525400123456 00000000 525400123456 "
	"00000000";
static const char solicitation[] =
	"3333ff000005 525400123456 86dd 60000000 0018 3a ff 00000000000000000000000000000000 "
	"ff0200000000000000000001ff000005 8700 4ce5 00000000 20010db8000000000000000000000005";
static const char unsolicited[] =
	"333300000001 525400123456 86dd 60000000 0020 3a ff 20010db8000000000000000000000005 "
	"ff020000000000000000000000000001 8800 7467 20000000 20010db8000000000000000000000005 "
	"0201 525400123456";

struct frame {
	uint8_t byte[256];
	size_t len;
};

static struct frame hex(const char *text)
{
	struct frame frame = { .len = 0 };
	unsigned int byte;
	int used;

	for (; sscanf(text, " %2x%n", &byte, &used) == 1; text += used) {
		ck_assert_uint_lt(frame.len, sizeof(frame.byte));
		frame.byte[frame.len++] = (uint8_t)byte;
	}
	return frame;
}

static struct ip_addr ip(const char *text)
{
	struct error err = ERROR_INIT;
	struct ip_addr addr = { .family = AF_UNSPEC };

	suite_assert_ok(ip_parse("address", text, &addr, &err), err);
	return addr;
}

static void check_frame(const struct dad_frame *frame, const char *text)
{
	struct frame expected = hex(text);

	ck_assert_uint_eq(frame->len, expected.len);
	ck_assert_mem_eq(frame->byte, expected.byte, expected.len);
}

START_TEST(built_byte_by_byte)
{
	const struct ip_addr v4 = ip("10.0.0.5"), v6 = ip("2001:db8::5");
	struct dad_frame frame;

	memset(&frame, 0x5a, sizeof(frame));
	dad_frame_probe(&v4, &guest, &frame);
	check_frame(&frame, arp_probe);
	dad_frame_announce(&v4, &guest, &frame);
	check_frame(&frame, arp_announcement);
	dad_frame_rarp(&guest, &frame);
	check_frame(&frame, rarp);
	dad_frame_probe(&v6, &guest, &frame);
	check_frame(&frame, solicitation);
	dad_frame_announce(&v6, &guest, &frame);
	check_frame(&frame, unsolicited);
	ck_assert_uint_eq(frame.len, DAD_FRAME_MAX);
}
END_TEST

START_TEST(solicited_node_of_three_bytes)
{
	const struct ip_addr addr = ip("fd00:1:2:3:4:5:6789:abcd");
	const struct frame to = hex("3333ff89abcd");
	const struct frame group = hex("ff0200000000000000000001ff89abcd");
	struct dad_frame frame;

	dad_frame_probe(&addr, &guest, &frame);
	ck_assert_mem_eq(frame.byte, to.byte, to.len);
	ck_assert_mem_eq(frame.byte + 38, group.byte, group.len);
}
END_TEST

/* At the end of a page that nothing follows, so that a byte read beyond is a crash. */
static bool read_exactly(const struct frame *frame, struct dad_claim *ret)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
	bool claims;

	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_int_eq(mprotect(map + page, page, PROT_NONE), 0);
	memcpy(map + page - frame->len, frame->byte, frame->len);
	claims = dad_frame_read(map + page - frame->len, frame->len, ret);
	munmap(map, 2 * page);
	return claims;
}

static void check_claim(const struct frame *frame, const char *address, const char *mac, bool probe)
{
	const struct ip_addr expected = ip(address);
	struct dad_claim claim;
	char text[MAC_TEXT_MAX];

	memset(&claim, 0x5a, sizeof(claim));
	ck_assert(read_exactly(frame, &claim));
	ck_assert(ip_equal(&claim.address, &expected));
	mac_format(&claim.mac, text);
	ck_assert_str_eq(text, mac);
	ck_assert_int_eq(claim.is_probe, probe);
}

static void check_ignored(const struct frame *frame, const char *why)
{
	struct dad_claim claim, untouched;

	memset(&untouched, 0x5a, sizeof(untouched));
	claim = untouched;
	ck_assert_msg(!read_exactly(frame, &claim), "%s", why);
	ck_assert_mem_eq(&claim, &untouched, sizeof(claim));
}

START_TEST(claims)
{
	static const struct {
		const char *frame, *address, *mac;
		bool probe;
	} cases[] = {
		{ arp_probe, "10.0.0.5", "52:54:00:12:34:56", true },
		{ arp_announcement, "10.0.0.5", "52:54:00:12:34:56", false },
		{ arp_reply, "10.0.0.5", "02:00:00:00:00:99", false },
		{ solicitation, "2001:db8::5", "52:54:00:12:34:56", true },
		{ unsolicited, "2001:db8::5", "52:54:00:12:34:56", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct frame frame = hex(cases[i].frame);

		check_claim(&frame, cases[i].address, cases[i].mac, cases[i].probe);
		frame.len += 20; /* padding */
		check_claim(&frame, cases[i].address, cases[i].mac, cases[i].probe);
	}
}
END_TEST

/* Who relays a frame puts his own MAC in front; the message names who has the address. */
START_TEST(mac_is_the_messages_own)
{
	const char *const frames[] = { arp_announcement, unsolicited };
	const char *const addresses[] = { "10.0.0.5", "2001:db8::5" };

	for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
		struct frame frame = hex(frames[i]);

		frame.byte[6] = 0x06;
		check_claim(&frame, addresses[i], "52:54:00:12:34:56", false);
	}
}
END_TEST

START_TEST(every_truncation_is_ignored)
{
	const char *const frames[] = { arp_probe, arp_announcement, arp_reply, solicitation,
				       unsolicited };

	for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
		struct frame frame = hex(frames[i]);

		while (frame.len-- > 0)
			check_ignored(&frame, frames[i]);
	}
}
END_TEST

/* One byte changed makes it something else. */
START_TEST(arp_of_another_kind_is_ignored)
{
	static const struct {
		size_t at;
		uint8_t value;
		const char *why;
	} cases[] = {
		{ 12, 0x88, "Ethernet type" },
		{ 15, 6, "IEEE 802 hardware" },
		{ 16, 0x86, "protocol" },
		{ 18, 8, "hardware length" },
		{ 19, 16, "protocol length" },
		{ 21, 0, "operation 0" },
		{ 21, 3, "RARP in ARP's type" },
		{ 20, 1, "operation 257" },
		{ 21, 8, "InARP" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct frame frame = hex(arp_announcement);

		frame.byte[cases[i].at] = cases[i].value;
		check_ignored(&frame, cases[i].why);
	}
}
END_TEST

START_TEST(arp_that_claims_nothing)
{
	struct frame frame = hex(arp_reply);

	memset(frame.byte + 28, 0, 4);
	check_ignored(&frame, "a reply from 0.0.0.0");
	frame = hex(rarp);
	check_ignored(&frame, "RARP");

	/* somebody looks for the address: what it claims is its own */
	frame = hex(arp_announcement);
	frame.byte[31] = 1;
	check_claim(&frame, "10.0.0.1", "52:54:00:12:34:56", false);
}
END_TEST

/* The sum over pseudo-header and message, by the book (RFC 1071), for frames changed below. */
static void fix_checksum(struct frame *frame)
{
	size_t len = (size_t)frame->byte[18] << 8 | frame->byte[19];
	unsigned long sum = len + 58;

	if (54 + len > sizeof(frame->byte))
		return;
	frame->byte[56] = frame->byte[57] = 0;
	for (size_t i = 22; i < 54; i++)
		sum += (unsigned long)frame->byte[i] << (i % 2 ? 0 : 8);
	for (size_t i = 54; i < 54 + len; i++)
		sum += (unsigned long)frame->byte[i] << (i % 2 ? 0 : 8);
	sum = ~(sum % 0xffff);
	frame->byte[56] = (uint8_t)(sum >> 8);
	frame->byte[57] = (uint8_t)sum;
}

/* RFC 4861, 7.1.1 and 7.1.2, each rule with a checksum that is right. */
START_TEST(nd_that_is_not_valid)
{
	static const struct {
		const char *frame;
		size_t at;
		uint8_t value;
		const char *why;
	} cases[] = {
		{ unsolicited, 14, 0x40, "version" },
		{ unsolicited, 20, 17, "UDP" },
		{ unsolicited, 20, 0, "hop-by-hop options" },
		{ unsolicited, 21, 254, "hop limit" },
		{ unsolicited, 21, 0, "hop limit 0" },
		{ unsolicited, 19, 16, "a length without a target" },
		{ unsolicited, 19, 23, "a length one short" },
		{ unsolicited, 19, 25, "an option of one byte" },
		{ unsolicited, 19, 31, "an option cut" },
		{ unsolicited, 19, 33, "a length beyond the frame" },
		{ unsolicited, 18, 0xff, "a length far beyond the frame" },
		{ unsolicited, 54, 135, "an advertisement's body in a solicitation" },
		{ unsolicited, 54, 134, "a router advertisement" },
		{ unsolicited, 54, 137, "a redirect" },
		{ unsolicited, 55, 1, "code" },
		{ unsolicited, 58, 0x60, "solicited, to a group" },
		{ unsolicited, 62, 0xff, "a group as target" },
		{ unsolicited, 79, 0, "an option of no length" },
		{ unsolicited, 79, 2, "an option beyond the message" },
		{ solicitation, 21, 64, "hop limit" },
		{ solicitation, 55, 3, "code" },
		{ solicitation, 22, 0xfe, "from an address: a search" },
		{ solicitation, 37, 1, "from ::1" },
		{ solicitation, 53, 6, "to another group" },
		{ solicitation, 62, 0xff, "a group as target" },
		{ solicitation, 54, 133, "a router solicitation" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct frame frame = hex(cases[i].frame);

		frame.byte[cases[i].at] = cases[i].value;
		fix_checksum(&frame);
		check_ignored(&frame, cases[i].why);
	}
}
END_TEST

START_TEST(solicitation_with_an_option)
{
	struct frame frame = hex(solicitation);
	const struct frame option = hex("0101 525400123456");

	memcpy(frame.byte + frame.len, option.byte, option.len);
	frame.len += option.len;
	frame.byte[19] = 32;
	fix_checksum(&frame);
	check_ignored(&frame, "a source link-layer address with source ::");

	/* any other: a nonce (RFC 7527) */
	frame.byte[78] = 14;
	fix_checksum(&frame);
	check_claim(&frame, "2001:db8::5", "52:54:00:12:34:56", true);
}
END_TEST

START_TEST(advertisement_without_its_option)
{
	struct frame frame = hex(unsolicited);

	frame.byte[19] = 24;
	frame.byte[6] = 0x06;
	fix_checksum(&frame);
	check_claim(&frame, "2001:db8::5", "06:54:00:12:34:56", false);

	/* solicited, to an address */
	frame.byte[58] = 0x60;
	frame.byte[38] = 0xfe;
	fix_checksum(&frame);
	check_claim(&frame, "2001:db8::5", "06:54:00:12:34:56", false);
}
END_TEST

START_TEST(every_wrong_bit_of_a_message_is_noticed)
{
	for (size_t bit = 54 * 8; bit < DAD_FRAME_MAX * 8; bit++) {
		struct frame frame = hex(unsolicited);

		frame.byte[bit / 8] ^= (uint8_t)(1 << bit % 8);
		check_ignored(&frame, "checksum");
	}
}
END_TEST

START_TEST(noise)
{
	unsigned int seed = (unsigned int)_i;

	for (int round = 0; round < 2000; round++) {
		struct frame frame = hex(_i % 2 ? arp_reply : unsolicited);
		struct dad_claim claim;

		for (int n = rand_r(&seed) % 8; n > 0; n--)
			frame.byte[(size_t)rand_r(&seed) % 86] = (uint8_t)rand_r(&seed);
		frame.len = (size_t)rand_r(&seed) % 100;
		fix_checksum(&frame);
		(void)read_exactly(&frame, &claim);
	}
}
END_TEST

/*
 * The kernel runs the filter; a frame here is a datagram, which is in no VLAN and comes in. So
 * what is sent, and VLANs, are for the test on links.
 */
static bool filter_passes(const struct ip_addr *addresses, unsigned int n, bool sent,
			  const struct frame *frame)
{
	struct dad_filter filter;
	struct sock_fprog program = { .filter = filter.code };
	char room[256];
	int ends[2];
	ssize_t len;

	dad_filter_build(addresses, n, sent, &filter);
	ck_assert_uint_le(filter.n, DAD_FILTER_MAX);
	program.len = filter.n;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
	ck_assert_int_eq(
		setsockopt(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
	(void)!send(ends[0], frame->byte, frame->len, 0);
	len = recv(ends[1], room, sizeof(room), 0);
	close(ends[0]);
	close(ends[1]);
	if (len >= 0)
		ck_assert_int_eq(len, (ssize_t)frame->len);
	return len >= 0;
}

START_TEST(filter_passes_claims)
{
	const char *const frames[] = { arp_probe, arp_announcement, arp_reply, solicitation,
				       unsolicited };
	struct ip_addr addresses[TAP_ADDRESSES_MAX];

	/* the address in question at each place */
	for (unsigned int at = 0; at < TAP_ADDRESSES_MAX; at++) {
		for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
			const char *mine = i < 3 ? "10.0.0.5" : "2001:db8::5";
			const char *others = i < 3 ? "10.0.0.6" : "2001:db8::6";
			struct frame frame = hex(frames[i]);

			for (unsigned int a = 0; a < TAP_ADDRESSES_MAX; a++)
				addresses[a] = ip(a == at ? mine : others);
			ck_assert(filter_passes(addresses, TAP_ADDRESSES_MAX, false, &frame));
			ck_assert(!filter_passes(addresses, at, false, &frame));
			ck_assert(!filter_passes(addresses, TAP_ADDRESSES_MAX, true, &frame));
		}
	}
}
END_TEST

START_TEST(filter_stops_the_rest)
{
	static const struct {
		const char *frame;
		size_t at;
		uint8_t value;
	} cases[] = {
		{ arp_announcement, 12, 0x81 }, { arp_announcement, 12, 0x86 },
		{ arp_announcement, 31, 6 },	{ arp_announcement, 28, 11 },
		{ arp_probe, 41, 6 },		{ arp_probe, 31, 1 },
		{ solicitation, 20, 17 },	{ solicitation, 54, 133 },
		{ solicitation, 54, 134 },	{ solicitation, 54, 137 },
		{ solicitation, 77, 6 },	{ unsolicited, 74, 1 },
		{ unsolicited, 12, 0x08 },	{ unsolicited, 13, 0xde },
	};
	const struct ip_addr addresses[] = { ip("10.0.0.5"), ip("2001:db8::5") };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct frame frame = hex(cases[i].frame);

		ck_assert(filter_passes(addresses, 2, false, &frame));
		frame.byte[cases[i].at] = cases[i].value;
		ck_assert_msg(!filter_passes(addresses, 2, false, &frame), "case %zu", i);
	}
}
END_TEST

START_TEST(filter_stops_what_is_short)
{
	const struct ip_addr addresses[] = { ip("10.0.0.5"), ip("2001:db8::5") };
	struct frame frame = hex(arp_announcement);

	for (frame.len = 1; frame.len < 32; frame.len++)
		ck_assert(!filter_passes(addresses, 2, false, &frame));
	frame = hex(unsolicited);
	for (frame.len = 1; frame.len < 78; frame.len++)
		ck_assert(!filter_passes(addresses, 2, false, &frame));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/dad_frames");
	TCase *c = tcase_create("frames");

	tcase_add_test(c, built_byte_by_byte);
	tcase_add_test(c, solicited_node_of_three_bytes);
	tcase_add_test(c, claims);
	tcase_add_test(c, mac_is_the_messages_own);
	tcase_add_test(c, every_truncation_is_ignored);
	tcase_add_test(c, arp_of_another_kind_is_ignored);
	tcase_add_test(c, arp_that_claims_nothing);
	tcase_add_test(c, nd_that_is_not_valid);
	tcase_add_test(c, solicitation_with_an_option);
	tcase_add_test(c, advertisement_without_its_option);
	tcase_add_test(c, every_wrong_bit_of_a_message_is_noticed);
	tcase_add_loop_test(c, noise, 0, 4);
	suite_add_tcase(s, c);
	c = tcase_create("filter");
	tcase_add_test(c, filter_passes_claims);
	tcase_add_test(c, filter_stops_the_rest);
	tcase_add_test(c, filter_stops_what_is_short);
	suite_add_tcase(s, c);
	return suite_run(s);
}
