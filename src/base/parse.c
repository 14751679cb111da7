/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strict readers of names, numbers and sizes. All reject what does not fit whole. */
#include "base/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Long input must not push the reason out of the message. */
#define SHOWN "%.80s"

static int refuse_name(const char *text, const char *why, struct error *err)
{
	return error_set(err, ERROR_USAGE, EINVAL, "parse name '" SHOWN "': %s", text, why);
}

static int check_length(const char *text, struct error *err)
{
	size_t length = strnlen(text, NAME_MAX_LEN + 1);

	if (!length)
		return refuse_name(text, "must not be empty", err);
	if (length > NAME_MAX_LEN)
		return refuse_name(text, "longer than 63 characters", err);
	return 0;
}

int parse_vm_name(const char *text, struct error *err)
{
	int r = check_length(text, err);

	if (r < 0)
		return r;
	if (text[strspn(text, LOWER DIGITS "-")])
		return refuse_name(text, "only a-z, 0-9 and '-' are allowed", err);
	if (text[0] == '-' || text[strlen(text) - 1] == '-')
		return refuse_name(text, "must begin and end with a letter or a digit", err);
	return 0;
}

int parse_image_name(const char *text, struct error *err)
{
	int r = check_length(text, err);

	if (r < 0)
		return r;
	if (text[strspn(text, LOWER UPPER DIGITS "._+-")])
		return refuse_name(text, "only letters, digits and . _ + - are allowed", err);
	if (strchr("._+-", text[0]))
		return refuse_name(text, "must begin with a letter or a digit", err);
	return 0;
}

/* The digits at the head of text; *ret_end is where they end. -EINVAL: none, -ERANGE: too many. */
static int read_digits(const char *text, uint64_t *ret, const char **ret_end)
{
	size_t length = strspn(text, DIGITS);
	uint64_t value = 0;

	*ret_end = text + length;
	for (size_t i = 0; i < length; i++) {
		if (__builtin_mul_overflow(value, 10U, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return -ERANGE;
	}
	*ret = value;
	return length ? 0 : -EINVAL;
}

int parse_u64(const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *ret,
	      struct error *err)
{
	const char *end;
	uint64_t value = 0;
	int r = read_digits(text, &value, &end);

	if (r == -EINVAL || *end)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "parse %s '" SHOWN "': not a decimal number", what, text);
	if (r < 0 || value < min || value > max)
		return error_set(err, ERROR_USAGE, ERANGE,
				 "parse %s '" SHOWN "': must be from %" PRIu64 " to %" PRIu64, what,
				 text, min, max);
	*ret = value;
	return 0;
}

/* The number of bytes that a suffix stands for; 0 when it is none. */
static uint64_t suffix_unit(const char *suffix, uint64_t bare_unit)
{
	static const char letters[] = "KkMmGgTt";
	const char *found;

	if (!*suffix)
		return bare_unit;
	found = suffix[1] ? NULL : strchr(letters, *suffix);
	return found ? UINT64_C(1024) << 10 * ((found - letters) / 2) : 0;
}

static int refuse_size_range(const char *what, const char *text, uint64_t min, uint64_t max,
			     struct error *err)
{
	char least[SIZE_TEXT_MAX], most[SIZE_TEXT_MAX];

	size_format(min, least);
	size_format(max, most);
	return error_set(err, ERROR_USAGE, ERANGE, "parse %s '" SHOWN "': must be from %s to %s",
			 what, text, least, most);
}

int parse_size(const char *what, const char *text, uint64_t bare_unit, uint64_t min, uint64_t max,
	       uint64_t *ret, struct error *err)
{
	const char *end;
	uint64_t value = 0, unit;
	int r = read_digits(text, &value, &end);

	unit = suffix_unit(end, bare_unit);
	if (r == -EINVAL || !unit)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "parse %s '" SHOWN "': not a size such as 512M or 10G", what,
				 text);
	if (r < 0 || __builtin_mul_overflow(value, unit, &value) || value < min || value > max)
		return refuse_size_range(what, text, min, max, err);
	*ret = value;
	return 0;
}

int parse_bool(const char *what, const char *text, bool *ret, struct error *err)
{
	static const char *const words[] = { "off", "on", "no", "yes", "false", "true", "0", "1" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret = i % 2;
			return 0;
		}
	}
	return error_set(err, ERROR_USAGE, EINVAL, "parse %s '" SHOWN "': must be on or off", what,
			 text);
}

int parse_choice(const char *what, const char *text, const char *const *choices, int *ret,
		 struct error *err)
{
	AUTO_BUF list = BUF_INIT;

	for (int i = 0; choices[i]; i++) {
		if (strcmp(text, choices[i]) == 0) {
			*ret = i;
			return 0;
		}
		buf_printf(&list, "%s%s", i ? ", " : "", choices[i]);
	}
	return error_set(err, ERROR_USAGE, EINVAL, "parse %s '" SHOWN "': must be one of %s", what,
			 text, buf_str(&list));
}

static const char size_units[] = "KMGT";

/* No unit above T: parse_size() reads every result of this function. */
void size_format(uint64_t bytes, char out[SIZE_TEXT_MAX])
{
	uint64_t unit = 1, whole = bytes, tenths = 0;
	int power = 0;

	for (; whole >= 1024 && size_units[power]; power++) {
		unit *= 1024;
		whole = bytes / unit;
		tenths = (bytes % unit * 10 + unit / 2) / unit;
		/* 1023.96K is 1M, and that is for the next turn to find */
		whole += tenths / 10;
		tenths %= 10;
	}
	if (!power)
		snprintf(out, SIZE_TEXT_MAX, "%" PRIu64, whole);
	else if (!tenths)
		snprintf(out, SIZE_TEXT_MAX, "%" PRIu64 "%c", whole, size_units[power - 1]);
	else
		snprintf(out, SIZE_TEXT_MAX, "%" PRIu64 ".%u%c", whole, (unsigned int)tenths,
			 size_units[power - 1]);
}
