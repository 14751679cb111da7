/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a tap is called, and its MAC. */
#include "net/tap.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	NAME_MAX_BYTES = IF_NAMESIZE - 1,
	HASH_DIGITS = 7, /* 35 bits: two of 1000 long names meet once in 70 000 hosts */
};

/*
 * FNV-1a, 64 bits. It need not withstand an attacker: who chooses VM names may create VMs, and
 * two that meet are refused by IFF_TUN_EXCL.
 */
static uint64_t hash(const char *text)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 0x100000001b3;
	return sum ^ sum >> 35; /* fold the best bits down to those that are kept */
}

void tap_name(const char *vm, unsigned int nic, char out[IF_NAMESIZE])
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	char prefix[IF_NAMESIZE] = "mvm-";
	size_t used, keep;
	uint64_t sum;

	memset(out, 0, IF_NAMESIZE);
	if (nic >= TAP_NICS_MAX)
		return;
	if (nic > 0)
		snprintf(prefix, sizeof(prefix), "mvm%u-", nic);
	used = strlen(prefix);
	memcpy(out, prefix, used);
	if (used + strlen(vm) <= NAME_MAX_BYTES) {
		/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): out was zeroed above */
		memcpy(out + used, vm, strlen(vm));
		return;
	}

	/* '_' is in no VM's name, so that a hashed name is never another VM's whole one */
	keep = NAME_MAX_BYTES - used - 1 - HASH_DIGITS;
	memcpy(out + used, vm, keep);
	used += keep;
	out[used++] = '_';
	for (sum = hash(vm); used < NAME_MAX_BYTES; sum >>= 5)
		out[used++] = digits[sum & 31];
}

void tap_host_mac(const struct mac *guest, struct mac *ret)
{
	struct mac mac = *guest;

	mac.byte[0] = guest->byte[0] == 0xfe ? 0xfa : 0xfe;
	*ret = mac;
}
