/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ethernet addresses. */
#include "base/mac.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool read_bytes(const char *text, struct mac *mac)
{
	if (strnlen(text, MAC_TEXT_MAX) != MAC_TEXT_MAX - 1)
		return false;
	for (int i = 0; i < 6; i++, text += 3) {
		int high = hex_digit(text[0]), low = hex_digit(text[1]);

		if (high < 0 || low < 0 || text[2] != (i < 5 ? ':' : '\0'))
			return false;
		mac->byte[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static int refuse(const char *text, const char *why, struct error *err)
{
	return error_set(err, ERROR_USAGE, EINVAL, "parse MAC address '%.80s': %s", text, why);
}

bool mac_is_set(const struct mac *mac)
{
	static const struct mac unset;

	return !mac_equal(mac, &unset);
}

bool mac_equal(const struct mac *a, const struct mac *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

int mac_parse(const char *text, struct mac *ret, struct error *err)
{
	struct mac mac;

	if (!read_bytes(text, &mac))
		return refuse(text, "not of the form 52:54:00:12:34:56", err);
	if (!mac_is_set(&mac))
		return refuse(text, "all zeros", err);
	if (mac.byte[0] & 1)
		return refuse(text, "a group address", err);
	*ret = mac;
	return 0;
}

void mac_format(const struct mac *mac, char out[MAC_TEXT_MAX])
{
	const uint8_t *b = mac->byte;

	snprintf(out, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
		 b[5]);
}

int mac_random(struct mac *ret, struct error *err)
{
	struct mac mac = { .byte = { 0x52, 0x54, 0x00 } };
	ssize_t n;

	/* up to 256 bytes come whole; a signal interrupts only before the pool is ready */
	do
		n = getrandom(mac.byte + 3, 3, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_errno(err, errno, "draw a random MAC address");
	*ret = mac;
	return 0;
}
