/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strict readers of names, numbers and sizes. All reject what does not fit whole. */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { NAME_MAX_LEN = 63 };

/*
 * A VM's name: [a-z0-9]([a-z0-9-]*[a-z0-9])?, at most 63 bytes. It is a folder's name
 * and the guest's hostname (RFC 1123 label), so nothing else passes. ERROR_USAGE.
 */
int parse_vm_name(const char *text, struct error *err);

/*
 * An image's name: letters, digits, '.', '_', '+', '-'; begins with a letter or digit,
 * at most 63 bytes. ERROR_USAGE.
 */
int parse_image_name(const char *text, struct error *err);

/*
 * A decimal number within [min, max]; no sign, no blanks, nothing after it.
 * what names it in the message, as "'--cpus'" or "cpus". ERROR_USAGE.
 */
int parse_u64(const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *ret,
	      struct error *err);

/*
 * A size: digits and at most one of K M G T (1024), upper or lower case. A bare
 * number counts in units of bare_unit bytes (1 for disks, 1 MiB for memory).
 * The result is in bytes, within [min, max]. ERROR_USAGE.
 */
int parse_size(const char *what, const char *text, uint64_t bare_unit, uint64_t min, uint64_t max,
	       uint64_t *ret, struct error *err);

/* on, yes, true, 1 / off, no, false, 0. ERROR_USAGE. */
int parse_bool(const char *what, const char *text, bool *ret, struct error *err);

/*
 * The index of text in choices (NULL-terminated), or ERROR_USAGE with the
 * choices in the message.
 */
int parse_choice(const char *what, const char *text, const char *const *choices, int *ret,
		 struct error *err);

/* "1.5G", "512M", "10K": size with one decimal where needed, into out. */
enum { SIZE_TEXT_MAX = 24 };
void size_format(uint64_t bytes, char out[SIZE_TEXT_MAX]);

#endif
