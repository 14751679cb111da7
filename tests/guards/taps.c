/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints names of taps, one a line: VMs with names of every length, NICs of one to three digits. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "net/tap.h"

int main(void)
{
	static const unsigned int nics[] = { 0, 1, 9, 10, 99, 100, TAP_NICS_MAX - 1 };
	static const char text[] =
		"a0-x2345678-b2345678-c2345678-d2345678-e2345678-f2345678-g23456";

	for (size_t length = 1; length < sizeof(text); length++) {
		char vm[sizeof(text)] = "";
		char name[IF_NAMESIZE];

		memcpy(vm, text, length);
		for (size_t i = 0; i < ARRAY_SIZE(nics); i++) {
			tap_name(vm, nics[i], name);
			puts(name);
		}
	}
	return 0;
}
