/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One failure: its kind, its errno, one line for the user, and a hint. */
#include "base/error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"

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
		size_t length = utf8_decode(text, UTF8_MAX, &code);

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
