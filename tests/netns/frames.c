/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames that a guest sends, written down so that they can be read. */
#include "frames.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ip.h"

/* Where the two length fields of a frame are; 0: it has none. */
struct lengths {
	size_t ipv4, ipv6;
};

static void put(struct frame *frame, const void *bytes, size_t n)
{
	ck_assert_uint_le(frame->n + n, sizeof(frame->byte));
	memcpy(frame->byte + frame->n, bytes, n);
	frame->n += n;
}

static bool put_address(struct frame *frame, const char *word)
{
	unsigned char bytes[16];

	if (sscanf(word, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &bytes[0], &bytes[1], &bytes[2],
		   &bytes[3], &bytes[4], &bytes[5]) == 6 &&
	    strlen(word) == 17)
		put(frame, bytes, 6);
	else if (inet_pton(AF_INET, word, bytes) == 1)
		put(frame, bytes, 4);
	else if (inet_pton(AF_INET6, word, bytes) == 1)
		put(frame, bytes, 16);
	else
		return false;
	return true;
}

static void put_hex(struct frame *frame, const char *word)
{
	unsigned int times = 1;
	unsigned char byte;

	while (sscanf(word, "%2hhx", &byte) == 1 && strspn(word, "0123456789abcdef") >= 2) {
		word += 2;
		if (*word == '*') {
			times = (unsigned int)strtoul(word + 1, NULL, 10);
			word = "";
		}
		for (; times; times--)
			put(frame, &byte, 1);
		times = 1;
	}
	ck_assert_msg(!*word, "'%s' is no part of a frame", word);
}

static void put_length(struct frame *frame, size_t at, size_t length)
{
	uint16_t value = htons((uint16_t)length);

	if (at)
		memcpy(frame->byte + at, &value, sizeof(value));
}

void frame_parse(const char *text, struct frame *ret)
{
	struct lengths lengths = { 0, 0 };
	char *copy = xstrdup(text);
	char *rest = NULL;

	memset(ret, 0, sizeof(*ret));
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		bool ipv4 = strcmp(word, "len4") == 0;
		bool ipv6 = strcmp(word, "len6") == 0;

		if (ipv4)
			lengths.ipv4 = ret->n;
		else if (ipv6)
			lengths.ipv6 = ret->n;
		if (ipv4 || ipv6)
			put(ret, "\0\0", 2);
		else if (!put_address(ret, word))
			put_hex(ret, word);
	}
	put_length(ret, lengths.ipv4, ret->n - lengths.ipv4 + 2);
	put_length(ret, lengths.ipv6, ret->n - lengths.ipv6 - 36);
	free(copy);
}

void frame_spec(enum tap_guard guard, struct tap_spec *ret)
{
	static const char *const texts[] = { "192.168.86.10", "2001:db8::10", "192.168.86.11",
					     "fd00::10" };
	static struct ip_addr addresses[ARRAY_SIZE(texts)];
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		ck_assert_int_eq(ip_parse("address", texts[i], &addresses[i], &err), 0);
	*ret = (struct tap_spec){
		.vm = "a",
		.name = "mvm-a",
		.guest_mac = { { 0x52, 0x54, 0, 0x12, 0x34, 0x56 } },
		.guard = guard,
		.addresses = addresses,
		.n_addresses = ARRAY_SIZE(addresses),
	};
}
