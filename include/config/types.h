/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The enumerations of the configuration files, with their words. */
#ifndef CONFIG_TYPES_H
#define CONFIG_TYPES_H

#include <stdbool.h>
#include <stdint.h>

enum accel { ACCEL_KVM, ACCEL_TCG };
enum machine { MACHINE_Q35, MACHINE_MICROVM };
enum guard { GUARD_MAC, GUARD_IP, GUARD_OFF };
enum tristate { TRISTATE_AUTO, TRISTATE_ON, TRISTATE_OFF };
enum disk_format { DISK_QCOW2, DISK_RAW };
enum firmware { FIRMWARE_BIOS, FIRMWARE_UEFI };
enum guest_profile { PROFILE_DEFAULT, PROFILE_ALPINE, PROFILE_NUAGEINIT };
/*
 * `HASH  name` and `HASH *name` (coreutils); `SHA256 (name) = HASH` (BSD); one hash alone; and one
 * with whatever name.
 */
enum digest_style { DIGEST_STYLE_GNU, DIGEST_STYLE_BSD, DIGEST_STYLE_BARE, DIGEST_STYLE_LONE };
enum hugepages { HUGEPAGES_OFF, HUGEPAGES_2M, HUGEPAGES_1G };

/* Words in the order of the enumerators, NULL-terminated; for parse_choice(). */
extern const char *const accel_words[];
extern const char *const machine_words[];
extern const char *const guard_words[];
extern const char *const tristate_words[];
extern const char *const disk_format_words[];
extern const char *const firmware_words[];
extern const char *const guest_profile_words[];
extern const char *const digest_style_words[];
extern const char *const hugepages_words[];

/* The size of one of them; 0 with HUGEPAGES_OFF. */
uint64_t hugepages_bytes(enum hugepages hugepages);

#endif
