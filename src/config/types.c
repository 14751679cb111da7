/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of the enumerations of the configuration files. */
#include "config/types.h"

#include <stddef.h>

const char *const accel_words[] = { "kvm", "tcg", NULL };
const char *const machine_words[] = { "q35", "microvm", NULL };
const char *const guard_words[] = { "mac", "ip", "off", NULL };
const char *const tristate_words[] = { "auto", "on", "off", NULL };
const char *const disk_format_words[] = { "qcow2", "raw", NULL };
const char *const firmware_words[] = { "bios", "uefi", NULL };
const char *const guest_profile_words[] = { "default", "alpine", "nuageinit", NULL };
const char *const digest_style_words[] = { "gnu", "bsd", "bare", "lone", NULL };
const char *const hugepages_words[] = { "off", "2M", "1G", NULL };

uint64_t hugepages_bytes(enum hugepages hugepages)
{
	static const uint64_t bytes[] = { 0, 2 << 20, 1 << 30 };

	return bytes[hugepages];
}
