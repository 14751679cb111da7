/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guard is to do, said a second time: in plain C, with loops, after guard.h. */
#include "guard_model.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"

static const enum guard_drop PASS = GUARD_DROPS;

static const unsigned char me[] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

struct view {
	const struct frame *frame;
	size_t at; /* the header in hand */
	size_t end; /* of the packet, as it says */
};

static bool has(const struct view *view, size_t n)
{
	return view->at + n <= view->frame->n;
}

static bool has_within(const struct view *view, size_t n)
{
	return has(view, n) && view->at + n <= view->end;
}

static unsigned int get8(const struct view *view, size_t offset)
{
	return view->frame->byte[view->at + offset];
}

static unsigned int get16(const struct view *view, size_t offset)
{
	return get8(view, offset) << 8 | get8(view, offset + 1);
}

static bool is(const struct view *view, size_t offset, const void *bytes, size_t n)
{
	return memcmp(view->frame->byte + view->at + offset, bytes, n) == 0;
}

static bool is_ip(const struct view *view, size_t offset, const char *text)
{
	unsigned char bytes[16];
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	return inet_pton(family, text, bytes) == 1 &&
	       is(view, offset, bytes, family == AF_INET ? 4 : 16);
}

static bool is_own4(const struct view *view, size_t offset)
{
	return is_ip(view, offset, "192.168.86.10") || is_ip(view, offset, "192.168.86.11");
}

static bool is_own6(const struct view *view, size_t offset)
{
	return is_ip(view, offset, "2001:db8::10") || is_ip(view, offset, "fd00::10") ||
	       is_ip(view, offset, "fe80::5054:ff:fe12:3456");
}

static enum guard_drop arp(const struct view *view, bool reverse)
{
	bool nobody, good;

	if (!has(view, 14))
		return GUARD_DROP_MALFORMED;
	if (!is(view, 0, "\0\1\10\0\6\4", 6) || !is(view, 8, me, 6))
		return GUARD_DROP_ARP;
	if (!has(view, 28))
		return GUARD_DROP_MALFORMED;
	nobody = is_ip(view, 14, "0.0.0.0");
	if (reverse)
		good = get16(view, 6) == 3 && (nobody || is_own4(view, 14));
	else
		good = is_own4(view, 14) || (nobody && get16(view, 6) == 1 && is_own4(view, 24));
	return good ? PASS : GUARD_DROP_ARP;
}

static enum guard_drop ipv4(struct view view)
{
	size_t header;
	bool nobody = false, to_all, fragment, rest;
	unsigned int protocol;

	if (!has(&view, 20) || get8(&view, 0) >> 4 != 4)
		return GUARD_DROP_MALFORMED;
	header = (get8(&view, 0) & 15) * 4;
	view.end = view.at + get16(&view, 2);
	if (header < 20 || view.at + header > view.end)
		return GUARD_DROP_MALFORMED;
	nobody = is_ip(&view, 12, "0.0.0.0");
	to_all = is_ip(&view, 16, "255.255.255.255");
	rest = get16(&view, 6) & 0x1fff;
	fragment = get16(&view, 6) & 0x3fff;
	protocol = get8(&view, 9);
	if (!nobody && !is_own4(&view, 12))
		return GUARD_DROP_IPV4;
	view.at += header;
	if (nobody) {
		if (fragment || (protocol != 2 && (protocol != 17 || !to_all)))
			return GUARD_DROP_IPV4;
		if (!has_within(&view, 8))
			return GUARD_DROP_MALFORMED;
		if (protocol == 2)
			return get8(&view, 0) == 0x11 ? GUARD_DROP_IPV4 : PASS;
		return is(&view, 0, "\0\104\0\103", 4) ? PASS : GUARD_DROP_IPV4;
	}
	if (rest || protocol != 17)
		return PASS;
	if (!has_within(&view, 8))
		return GUARD_DROP_MALFORMED;
	return get16(&view, 2) == 68 ? GUARD_DROP_DHCP : PASS;
}

static enum guard_drop options(struct view view)
{
	for (int n = 0; view.at != view.end; n++) {
		if (n == 4 || !has_within(&view, 8))
			return GUARD_DROP_MALFORMED;
		if ((get8(&view, 0) == 1 || get8(&view, 0) == 2) &&
		    (get8(&view, 1) != 1 || !is(&view, 2, me, 6)))
			return GUARD_DROP_ND;
		if (get8(&view, 1) == 0)
			return GUARD_DROP_MALFORMED;
		view.at += get8(&view, 1) * 8;
	}
	return PASS;
}

static enum guard_drop icmp6(struct view view, bool nobody, bool fragment)
{
	unsigned int type;

	if (!has_within(&view, 8))
		return GUARD_DROP_MALFORMED;
	type = get8(&view, 0);
	switch (type) {
	case 134:
		return GUARD_DROP_RA;
	case 137:
	case 141:
	case 142:
		return GUARD_DROP_ND;
	case 133:
	case 135:
	case 136:
		break;
	default:
		return nobody && type != 131 && type != 132 && type != 143 ? GUARD_DROP_IPV6 : PASS;
	}
	if (fragment || (type != 133 && !has_within(&view, 24)))
		return GUARD_DROP_MALFORMED;
	if (type == 136 && nobody)
		return GUARD_DROP_IPV6;
	if ((type == 136 || (type == 135 && nobody)) && !is_own6(&view, 8))
		return GUARD_DROP_ND;
	view.at += type == 133 ? 8 : 24;
	return options(view);
}

static bool is_extension(unsigned int header)
{
	return header == 0 || header == 43 || header == 44 || header == 51 || header == 60;
}

static enum guard_drop ipv6(struct view view)
{
	bool nobody, fragment = false, rest = false;
	unsigned int next;

	if (!has(&view, 40) || get8(&view, 0) >> 4 != 6)
		return GUARD_DROP_MALFORMED;
	view.end = view.at + 40 + get16(&view, 4);
	nobody = is_ip(&view, 8, "::");
	next = get8(&view, 6);
	if (!nobody && !is_own6(&view, 8))
		return GUARD_DROP_IPV6;
	view.at += 40;
	for (int n = 0; is_extension(next) && !rest; n++) {
		unsigned int header = next;

		if (n == 6 || !has_within(&view, 8) || (header == 44 && fragment))
			return GUARD_DROP_MALFORMED;
		next = get8(&view, 0);
		fragment |= header == 44;
		rest = header == 44 && (get16(&view, 2) & 0xfff8);
		if (header == 44)
			view.at += 8;
		else if (header == 51)
			view.at += (get8(&view, 1) + 2) * 4;
		else
			view.at += (get8(&view, 1) + 1) * 8;
		if (view.at > view.end)
			return GUARD_DROP_MALFORMED;
	}
	if (!rest && next == 58)
		return icmp6(view, nobody, fragment);
	if (!rest && (next == 135 || next == 139 || next == 140))
		return GUARD_DROP_MALFORMED;
	if (!rest && next == 17 && !has_within(&view, 8))
		return GUARD_DROP_MALFORMED;
	if (!rest && next == 17 && get16(&view, 2) == 546)
		return GUARD_DROP_DHCP;
	return nobody ? GUARD_DROP_IPV6 : PASS;
}

static bool is_control(const struct view *view)
{
	if (is(view, 0, "\1\200\302\0\0", 5))
		return get8(view, 5) >> 4 == 0 || get8(view, 5) >> 4 == 2;
	return is(view, 0, "\1\0\14\314\314\314", 6) || is(view, 0, "\1\0\14\314\314\315", 6);
}

enum guard_drop guard_model(const struct frame *frame)
{
	struct view view = { .frame = frame };
	unsigned int type = get16(&view, 12);

	if (!is(&view, 6, me, 6))
		return GUARD_DROP_MAC;
	if (type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200 || type == 0x9300)
		return GUARD_DROP_TAG;
	if (is_control(&view))
		return GUARD_DROP_CONTROL;
	view.at = 14;
	switch (type) {
	case 0x0800:
		return ipv4(view);
	case 0x86dd:
		return ipv6(view);
	case 0x0806:
	case 0x8035:
		return arp(&view, type == 0x8035);
	default:
		return GUARD_DROP_PROTOCOL;
	}
}
