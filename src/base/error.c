/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One failure: its kind, its errno, one line for the user, and a hint. */
#include "base/error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

enum {
	MESSAGE_MAX = sizeof(((struct error *)NULL)->message),
	REASON_MAX = 128, /* kept free for strerror() behind a long path */
};

static int fill(struct error *err, enum error_kind kind, int code, const char *message)
{
	err->kind = kind;
	err->code = code ? code : EINVAL;
	memcpy(err->message, message, strlen(message) + 1);
	err->hint[0] = '\0';
	return -err->code;
}

static void append(char message[MESSAGE_MAX], const char *text)
{
	size_t used = strlen(message);

	/* cut short where it must be */
	if (snprintf(message + used, MESSAGE_MAX - used, ": %s", text) < 0)
		message[used] = '\0';
}

/*
 * Each formats into a copy first: an argument may point into err itself.
 */
int error_set(struct error *err, enum error_kind kind, int code, const char *fmt, ...)
{
	char message[MESSAGE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	return fill(err, kind, code, message);
}

int error_errno(struct error *err, int code, const char *fmt, ...)
{
	bool denied = code == EACCES || code == EPERM;
	char message[MESSAGE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message) - REASON_MAX, fmt, args);
	va_end(args);
	append(message, strerror(code ? code : EINVAL));
	return fill(err, denied ? ERROR_PERMISSION : ERROR_FAILED, code, message);
}

int error_prefix(struct error *err, const char *fmt, ...)
{
	char message[MESSAGE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	append(message, err->message);
	memcpy(err->message, message, sizeof(message));
	return -err->code;
}

int error_hint(struct error *err, const char *fmt, ...)
{
	char hint[sizeof(err->hint)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(hint, sizeof(hint), fmt, args);
	va_end(args);
	memcpy(err->hint, hint, sizeof(hint));
	return -err->code;
}

int error_kind(struct error *err, enum error_kind kind)
{
	err->kind = kind;
	return -err->code;
}

/* The length of the UTF-8 sequence that a byte begins; 0 when it begins none. */
static size_t sequence_length(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* Decode one character; returns its length, 0 for what RFC 3629 calls no character. */
static size_t utf8_decode(const char *text, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char lead = (unsigned char)text[0];
	size_t length = sequence_length(lead);
	uint32_t code = length < 2 ? lead : lead & (0x7fU >> length);

	for (size_t i = 1; i < length; i++) {
		/* a NUL ends this loop as well, so nothing behind it is read */
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	}
	if (!length || code < least[length] || code > 0x10ffff)
		return 0;
	if (code >= 0xd800 && code <= 0xdfff)
		return 0;
	*ret = code;
	return length;
}

/* Line separators, direction overrides and annotation marks forge a line as well as C0 and C1. */
static bool is_control(uint32_t code)
{
	static const uint32_t ranges[][2] = {
		{ 0x00, 0x1f },	    { 0x7f, 0x9f },	{ 0x2028, 0x202e },
		{ 0x2066, 0x2069 }, { 0xfff9, 0xfffb },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (code >= ranges[i][0] && code <= ranges[i][1])
			return true;
	}
	return false;
}

void error_sanitise(char *dst, unsigned long size, const char *text)
{
	uint32_t code = 0;

	if (!size)
		return;
	for (size--; *text && size; text++) {
		size_t length = utf8_decode(text, &code);

		if (length > size)
			break;
		if (length && !is_control(code)) {
			memcpy(dst, text, length);
			dst += length;
			size -= length;
		} else {
			*dst++ = '?';
			size--;
		}
		if (length)
			text += length - 1;
	}
	*dst = '\0';
}
