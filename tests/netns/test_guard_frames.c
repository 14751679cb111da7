/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verdict of the guard's program on single frames. */
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "frames.h"
#include "guard_model.h"
#include "guard_run.h"
#include "net/guard.h"
#include "netns.h"
#include "suite.h"

START_TEST(ip_stops_each_attack)
{
	struct tap_spec spec;
	int fd;

	frame_spec(TAP_GUARD_IP, &spec);
	fd = guard_run_load(&spec);
	for (size_t i = 0; i < frame_n_attacks; i++) {
		const struct frame_case *attack = &frame_attacks[i];
		struct frame frame;

		frame_parse(attack->text, &frame);
		/* the header in front of the frame is no part of a test run */
		if (guard_run_can(&frame) && !attack->header.flags)
			guard_run_drops(fd, &frame, attack->drop, attack->name);
	}
	close(fd);
}
END_TEST

START_TEST(mac_stops_its_own)
{
	struct tap_spec spec;
	int fd;

	frame_spec(TAP_GUARD_MAC, &spec);
	fd = guard_run_load(&spec);
	for (size_t i = 0; i < frame_n_attacks; i++) {
		const struct frame_case *attack = &frame_attacks[i];
		struct frame frame;

		frame_parse(attack->text, &frame);
		if (guard_run_can(&frame) && attack->stopped_by == TAP_GUARD_MAC)
			guard_run_drops(fd, &frame, attack->drop, attack->name);
		else if (guard_run_can(&frame))
			guard_run_passes(fd, &frame, attack->name);
	}
	close(fd);
}
END_TEST

START_TEST(good_frames_pass)
{
	static const enum tap_guard guards[] = { TAP_GUARD_MAC, TAP_GUARD_IP };

	for (size_t g = 0; g < ARRAY_SIZE(guards); g++) {
		struct tap_spec spec;
		int fd;

		frame_spec(guards[g], &spec);
		fd = guard_run_load(&spec);
		for (size_t i = 0; i < frame_n_good; i++) {
			struct frame frame;

			/* what is to be segmented is longer than a test run takes */
			frame_parse(frame_good[i].text, &frame);
			if (!frame_good[i].header.gso_type)
				guard_run_passes(fd, &frame, frame_good[i].name);
		}
		close(fd);
	}
}
END_TEST

/* Every frame cut at every length: nothing but what is whole may pass. */
START_TEST(cut_short_it_is_dropped)
{
	struct tap_spec spec;
	int fd;

	frame_spec(TAP_GUARD_IP, &spec);
	fd = guard_run_load(&spec);
	for (size_t i = 0; i < frame_n_attacks; i++) {
		struct frame frame;
		size_t whole;

		frame_parse(frame_attacks[i].text, &frame);
		whole = frame_attacks[i].header.flags ? 0 : frame.n;
		for (frame.n = ETH_HLEN; frame.n < whole; frame.n++)
			ck_assert_msg(!guard_run_can(&frame) ||
					      guard_run(fd, &frame) == TC_ACT_SHOT,
				      "%s, %zu bytes", frame_attacks[i].name, frame.n);
	}
	close(fd);
}
END_TEST

#define IPV6_TO_ALL                                                                                \
	"33:33:00:00:00:01 52:54:00:12:34:56 86dd 60000000 len6 %02xff fe80::5054:ff:fe12:3456 "   \
	"ff02::1 "

/* A chain of headers, 60 (options) all but one of them, and what they end with. */
struct chain {
	unsigned int length, place; /* of the one that differs */
	unsigned int header; /* its number */
	const char *body; /* behind the number of the next */
	unsigned int end;
	const char *end_body;
};

static void make_chain(const struct chain *chain, struct frame *ret)
{
	AUTO_BUF text = BUF_INIT;

	buf_printf(&text, IPV6_TO_ALL, chain->place == 0 ? chain->header : 60);
	for (unsigned int i = 0; i < chain->length; i++) {
		unsigned int next = i + 1 == chain->place ? chain->header : 60;

		buf_printf(&text, "%02x%s ", i + 1 == chain->length ? chain->end : next,
			   i == chain->place ? chain->body : "00 0104 00000000");
	}
	buf_puts(&text, chain->end_body);
	frame_parse(buf_str(&text), ret);
}

static const struct header {
	const char *name, *body;
	unsigned int number;
} headers[] = {
	{ "hop-by-hop", "00 0104 00000000", 0 },
	{ "long hop-by-hop", "02 0114 00*20", 0 },
	{ "routing", "00 0000 00000000", 43 },
	{ "fragment", "00 0000 00000001", 44 },
	{ "first fragment", "00 0001 00000001", 44 },
	{ "AH", "04 0000 00000001 00000001 00*12", 51 },
	{ "options", "01 010c 00*12", 60 },
};

/* The walk is unrolled: each header has to be known at each place. */
START_TEST(headers_at_any_depth)
{
	struct tap_spec spec;
	struct frame frame;
	int fd;

	frame_spec(TAP_GUARD_IP, &spec);
	fd = guard_run_load(&spec);
	for (size_t i = 0; i < 7 * 7 * ARRAY_SIZE(headers); i++) {
		const struct header *header = &headers[i / 49];
		struct chain chain = { (unsigned int)(i % 7 + 1),
				       (unsigned int)(i / 7 % 7),
				       header->number,
				       header->body,
				       58,
				       "8600 0000 40000708 00*8" };
		enum guard_drop drop = chain.length > 6 ? GUARD_DROP_MALFORMED : GUARD_DROP_RA;

		if (chain.place >= chain.length)
			continue;
		make_chain(&chain, &frame);
		guard_run_drops(fd, &frame, drop, header->name);

		/* and to what is no attack */
		chain.end = IPPROTO_TCP;
		chain.end_body = "00*20";
		make_chain(&chain, &frame);
		if (chain.length <= 6)
			guard_run_passes(fd, &frame, header->name);
	}
	close(fd);
}
END_TEST

START_TEST(chains_that_break_at_any_depth)
{
	static const struct header broken[] = {
		{ "too long", "03 0104 00000000", 60 },
		{ "AH too long", "09 0000 00000001", 51 },
	};
	struct tap_spec spec;
	struct frame frame;
	int fd;

	frame_spec(TAP_GUARD_IP, &spec);
	fd = guard_run_load(&spec);
	for (unsigned int place = 0; place < 6; place++) {
		struct chain chain = { place + 1,	   place, 44,
				       "00 0009 00000001", 58,	  "8600 0000 40000708 00*8" };

		/* what follows a fragment but the first is no header */
		make_chain(&chain, &frame);
		guard_run_passes(fd, &frame, "second fragment");
		for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
			chain.header = broken[i].number;
			chain.body = broken[i].body;
			chain.end = IPPROTO_TCP; /* which is asked for nothing more */
			chain.end_body = "00*20";
			make_chain(&chain, &frame);
			guard_run_drops(fd, &frame, GUARD_DROP_MALFORMED, broken[i].name);
		}
		/* the packet ends where a header ought to be, or within it */
		for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
			chain.header = headers[i].number;
			chain.body = headers[i].body;
			chain.end = 60;
			chain.end_body = "3a";
			make_chain(&chain, &frame);
			guard_run_drops(fd, &frame, GUARD_DROP_MALFORMED, "half a header");
			chain.end = 44;
			chain.end_body = "";
			make_chain(&chain, &frame);
			guard_run_drops(fd, &frame, GUARD_DROP_MALFORMED, "no header");
		}
		/* a fragment in a fragment */
		chain = (struct chain){ place + 1, place,
					44,	   "00 0000 00000001",
					44,	   "3a00 0000 00000001 8600 0000 40000708 00*8" };
		make_chain(&chain, &frame);
		guard_run_drops(fd, &frame, GUARD_DROP_MALFORMED, "fragment in a fragment");
	}
	close(fd);
}
END_TEST

/* An advertisement of the guest's own with options, one of which differs. */
START_TEST(options_at_any_place)
{
	static const struct {
		const char *option;
		enum guard_drop drop;
	} bad[] = {
		{ "0101 52:54:00:12:34:57", GUARD_DROP_ND },
		{ "0201 53:54:00:12:34:56", GUARD_DROP_ND },
		{ "0102 52:54:00:12:34:56 00*8", GUARD_DROP_ND },
		{ "0202 52:54:00:12:34:56 00*8", GUARD_DROP_ND },
		{ "0e00 00*6", GUARD_DROP_MALFORMED },
		{ "0e05 00*6", GUARD_DROP_MALFORMED },
		{ "0201 52540012", GUARD_DROP_MALFORMED }, /* all behind it is out of step */
	};
	static const char *const good[] = { "0101 52:54:00:12:34:56", "0201 52:54:00:12:34:56",
					    "0e01 00*6", "0e02 00*14" };
	struct tap_spec spec;
	struct frame frame;
	int fd;

	frame_spec(TAP_GUARD_IP, &spec);
	fd = guard_run_load(&spec);
	for (unsigned int place = 0; place < 4; place++) {
		for (size_t i = 0; i < ARRAY_SIZE(bad) + ARRAY_SIZE(good); i++) {
			bool is_bad = i < ARRAY_SIZE(bad);
			AUTO_BUF text = BUF_INIT;

			buf_printf(&text, IPV6_TO_ALL, 58);
			buf_puts(&text, "8800 0000 20000000 2001:db8::10 ");
			for (unsigned int n = 0; n < place; n++)
				buf_puts(&text, "0e01 00*6 ");
			buf_puts(&text, is_bad ? bad[i].option : good[i - ARRAY_SIZE(bad)]);
			frame_parse(buf_str(&text), &frame);
			if (is_bad)
				guard_run_drops(fd, &frame, bad[i].drop, bad[i].option);
			else
				guard_run_passes(fd, &frame, good[i - ARRAY_SIZE(bad)]);
		}
	}
	close(fd);
}
END_TEST

/* A byte that means something somewhere, more often than not. */
static unsigned char some_byte(unsigned int *seed)
{
	static const unsigned char bytes[] = {
		0,  1,	2,  3,	4,  6,	8,   17,  43,  44,  51,	 58,
		60, 67, 68, 69, 80, 96, 128, 134, 135, 136, 137, 255
	};
	unsigned int n = (unsigned int)rand_r(seed);

	return n & 256 ? (unsigned char)n : bytes[n % ARRAY_SIZE(bytes)];
}

static void mutate(struct frame *frame, unsigned int *seed)
{
	/* headers are what counts, and they come first */
	size_t at = (size_t)rand_r(seed) % frame->n % 120;

	switch (rand_r(seed) % 8) {
	case 0:
		frame->byte[at] ^= (unsigned char)(1 << rand_r(seed) % 8);
		break;
	case 1:
		if (at > ETH_HLEN)
			frame->n = at;
		break;
	case 2:
		memmove(frame->byte + at + 8, frame->byte + at, frame->n - at);
		frame->n += 8;
		break;
	case 3:
		if (frame->n > at + 8) {
			frame->n -= 8;
			memmove(frame->byte + at, frame->byte + at + 8, frame->n - at);
		}
		break;
	default:
		frame->byte[at] = some_byte(seed);
	}
}

/* The same sequence each time; what it finds is what a frame of the tables is for. */
START_TEST(mutants_are_judged_as_the_model_does)
{
	enum { MUTANTS = 10000 };
	unsigned int seed = 1;
	unsigned int judged[GUARD_DROPS + 1] = { 0 };
	struct tap_spec spec;
	int fd;

	frame_spec(TAP_GUARD_IP, &spec);
	fd = guard_run_load(&spec);
	for (unsigned int i = 0; i < MUTANTS; i++) {
		size_t one = (size_t)rand_r(&seed) % (frame_n_attacks + frame_n_good);
		bool attack = one < frame_n_attacks;
		enum guard_drop drop;
		struct frame frame;

		frame_parse(attack ? frame_attacks[one].text
				   : frame_good[one - frame_n_attacks].text,
			    &frame);
		for (int n = rand_r(&seed) % 4; n >= 0; n--)
			mutate(&frame, &seed);
		if (frame.n > 1514 || frame.n < ETH_HLEN || !guard_run_can(&frame))
			continue;
		drop = guard_model(&frame);
		judged[drop]++;
		if (drop == GUARD_DROPS)
			guard_run_passes(fd, &frame, "mutant");
		else
			guard_run_drops(fd, &frame, drop, "mutant");
	}
	for (int i = 0; i <= GUARD_DROPS; i++)
		ck_assert_uint_gt(judged[i], 10);
	close(fd);
}
END_TEST

/* The addresses of another guest are as foreign as any. */
START_TEST(addresses_are_what_counts)
{
	struct frame tcp, tcp6, discover, detection;
	struct tap_spec spec;
	int fd;

	frame_parse("02:00:00:00:00:bb 52:54:00:12:34:56 0800 4500 len4 0001 0000 4006 0000 "
		    "192.168.86.10 192.168.86.20 00*20",
		    &tcp);
	frame_parse("02:00:00:00:00:bb 52:54:00:12:34:56 86dd 60000000 len6 06ff 2001:db8::10 "
		    "2001:db8::20 00*20",
		    &tcp6);
	frame_parse("02:00:00:00:00:bb 52:54:00:12:34:56 0800 4500 len4 0001 0000 4011 0000 "
		    "0.0.0.0 255.255.255.255 00440043 00*200",
		    &discover);
	frame_parse("33:33:ff:12:34:56 52:54:00:12:34:56 86dd 60000000 len6 3aff :: "
		    "ff02::1:ff12:3456 8700 0000 00000000 fe80::5054:ff:fe12:3456",
		    &detection);

	frame_spec(TAP_GUARD_IP, &spec);
	spec.n_addresses = 0;
	fd = guard_run_load(&spec);
	guard_run_drops(fd, &tcp, GUARD_DROP_IPV4, "no address");
	guard_run_drops(fd, &tcp6, GUARD_DROP_IPV6, "no IPv6 address");
	guard_run_passes(fd, &discover, "no address, DHCP");
	guard_run_passes(fd, &detection, "no address, detection");
	close(fd);

	spec.n_addresses = 1;
	fd = guard_run_load(&spec);
	guard_run_passes(fd, &tcp, "IPv4 only");
	guard_run_drops(fd, &tcp6, GUARD_DROP_IPV6, "IPv4 only");
	close(fd);

	spec.addresses++;
	fd = guard_run_load(&spec);
	guard_run_drops(fd, &tcp, GUARD_DROP_IPV4, "IPv6 only");
	guard_run_passes(fd, &tcp6, "IPv6 only");
	close(fd);
}
END_TEST

int main(void)
{
	const char *missing = netns_missing();
	Suite *s = suite_create("net/guard-frames");
	TCase *c = tcase_create("frames");

	if (missing)
		return suite_skip(missing);
	tcase_add_checked_fixture(c, netns_enter, netns_leave);
	tcase_add_test(c, ip_stops_each_attack);
	tcase_add_test(c, mac_stops_its_own);
	tcase_add_test(c, good_frames_pass);
	tcase_add_test(c, cut_short_it_is_dropped);
	tcase_add_test(c, headers_at_any_depth);
	tcase_add_test(c, chains_that_break_at_any_depth);
	tcase_add_test(c, options_at_any_place);
	tcase_add_test(c, mutants_are_judged_as_the_model_does);
	tcase_add_test(c, addresses_are_what_counts);
	suite_add_tcase(s, c);
	return suite_run(s);
}
