/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP addresses and prefixes. */
#include "base/ip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/parse.h"

static unsigned int family_bits(int family)
{
	return family == AF_INET ? 32 : family == AF_INET6 ? 128 : 0;
}

int ip_parse(const char *what, const char *text, struct ip_addr *ret, struct error *err)
{
	struct ip_addr addr = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	if (inet_pton(addr.family, text, addr.byte) != 1)
		return error_set(err, ERROR_USAGE, EINVAL, "parse %s '%.80s': not an IP address",
				 what, text);
	*ret = addr;
	return 0;
}

int ip_prefix_parse(const char *what, const char *text, struct ip_prefix *ret, struct error *err)
{
	struct ip_prefix prefix = { .length = IP_LENGTH_NONE };
	const char *slash = strchrnul(text, '/');
	size_t length = (size_t)(slash - text);
	char addr[IP_TEXT_MAX] = "";
	uint64_t bits;
	int r;

	/* one too long stays empty, which is no address */
	if (length < sizeof(addr))
		memcpy(addr, text, length);
	r = ip_parse(what, addr, &prefix.addr, err);
	if (r < 0)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "parse %s '%.80s': not an address or address/length", what, text);
	if (*slash) {
		r = parse_u64(what, slash + 1, 0, family_bits(prefix.addr.family), &bits, err);
		if (r < 0)
			return error_set(err, ERROR_USAGE, EINVAL,
					 "parse %s '%.80s': prefix length must be from 0 to %u",
					 what, text, family_bits(prefix.addr.family));
		prefix.length = (unsigned int)bits;
	}
	*ret = prefix;
	return 0;
}

void ip_format(const struct ip_addr *addr, char out[IP_TEXT_MAX])
{
	if (!inet_ntop(addr->family, addr->byte, out, IP_TEXT_MAX))
		out[0] = '\0';
}

void ip_prefix_format(const struct ip_prefix *prefix, char out[IP_TEXT_MAX])
{
	size_t used;

	ip_format(&prefix->addr, out);
	used = strlen(out);
	if (used && prefix->length != IP_LENGTH_NONE)
		snprintf(out + used, IP_TEXT_MAX - used, "/%u", prefix->length);
}

/* Whether the first bits of two addresses are the same. */
static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int bytes = bits / 8;
	unsigned int mask = 0xff00U >> bits % 8 & 0xff;

	if (memcmp(a, b, bytes) != 0)
		return false;
	return !mask || ((a[bytes] ^ b[bytes]) & mask) == 0;
}

bool ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->family == b->family && same_bits(a->byte, b->byte, family_bits(a->family));
}

bool ip_in_prefix(const struct ip_addr *addr, const struct ip_prefix *prefix)
{
	unsigned int width = family_bits(addr->family);

	if (!width || addr->family != prefix->addr.family || prefix->length > width)
		return false;
	return same_bits(addr->byte, prefix->addr.byte, prefix->length);
}

static uint32_t ipv4_bits(const struct ip_addr *addr)
{
	return (uint32_t)addr->byte[0] << 24 | (uint32_t)addr->byte[1] << 16 |
	       (uint32_t)addr->byte[2] << 8 | addr->byte[3];
}

bool ip_is_network_or_broadcast(const struct ip_addr *addr, const struct ip_prefix *prefix)
{
	uint32_t host_mask, host;

	if (addr->family != AF_INET || prefix->length >= 31 || !ip_in_prefix(addr, prefix))
		return false;
	host_mask = UINT32_MAX >> prefix->length;
	host = ipv4_bits(addr) & host_mask;
	return host == 0 || host == host_mask;
}

static bool ipv4_is_unicast(const uint8_t *byte)
{
	if (byte[0] == 0 || byte[0] == 127 || byte[0] >= 224)
		return false;
	return !(byte[0] == 169 && byte[1] == 254);
}

static bool ipv6_is_unicast(const uint8_t *byte)
{
	static const uint8_t zero[16];
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (byte[0] == 0xff || (byte[0] == 0xfe && (byte[1] & 0xc0) == 0x80))
		return false;
	/* :: and ::1; an IPv4 address in IPv6 dress is no address on a wire */
	if (memcmp(byte, zero, 15) == 0 && byte[15] <= 1)
		return false;
	return memcmp(byte, mapped, sizeof(mapped)) != 0;
}

bool ip_is_unicast(const struct ip_addr *addr)
{
	if (addr->family == AF_INET)
		return ipv4_is_unicast(addr->byte);
	return addr->family == AF_INET6 && ipv6_is_unicast(addr->byte);
}
