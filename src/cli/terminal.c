/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a guest's output safe for a terminal. A terminal takes the bytes 0x80 to 0x9f for control
 * characters (C1: 0x9b is CSI), alone in an 8-bit locale, behind 0xc2 in UTF-8; as the later bytes
 * of other UTF-8 characters they are harmless.
 */
#include "terminal.h"

#include <stdbool.h>

#include "base/utf8.h"

enum { PLAIN, ESCAPED, CONTROL_SEQUENCE, STRING };

enum { BELL = 0x07, CAN = 0x18, SUB = 0x1a, ESC = 0x1b, C1 = 0x80, C1_END = 0xa0 };

/* By the 7-bit form of a C1 character, the byte behind ESC: 0x9b is ESC [. */
static int after_escape(unsigned char byte)
{
	switch (byte) {
	case '[':
		return CONTROL_SEQUENCE;
	case ']': /* OSC */
	case 'P': /* DCS */
	case 'X': /* SOS */
	case '^': /* PM */
	case '_': /* APC */
		return STRING;
	default:
		/* intermediate bytes are followed by more */
		return byte >= 0x20 && byte <= 0x2f ? ESCAPED : PLAIN;
	}
}

static int after_control(int state, unsigned char byte)
{
	switch (byte) {
	case ESC:
		return ESCAPED;
	case BELL:
		return state == STRING ? PLAIN : state;
	case '\n':
	case CAN:
	case SUB:
		return PLAIN;
	default:
		return state;
	}
}

static int after_text(int state, unsigned char byte)
{
	switch (state) {
	case ESCAPED:
		return after_escape(byte);
	case CONTROL_SEQUENCE:
		return byte >= 0x40 ? PLAIN : CONTROL_SEQUENCE;
	default:
		return state;
	}
}

/* Does the byte go on with the character? Not as an overlong form: U+009B must not pass as that. */
static bool continues_character(const struct terminal_filter *filter, unsigned char byte)
{
	if (!filter->missing || byte < 0x80 || byte > 0xbf)
		return false;
	switch (filter->lead) {
	case 0xc2:
	case 0xe0:
		return byte >= 0xa0;
	case 0xf0:
		return byte >= 0x90;
	case 0xf4: /* beyond U+10FFFF */
		return byte <= 0x8f;
	default:
		return true;
	}
}

/* Returns whether the byte is part of a character, first or later. */
static bool follow_character(struct terminal_filter *filter, unsigned char byte)
{
	size_t length = utf8_length(byte);

	if (continues_character(filter, byte)) {
		filter->missing--;
		filter->lead = 0x80; /* what holds for the second byte only is settled */
		return true;
	}
	filter->missing = length ? (int)length - 1 : 0;
	filter->lead = byte;
	return byte >= C1_END;
}

static bool is_shown(unsigned char byte)
{
	return byte >= 0x20 || byte == '\n' || byte == '\t' || byte == '\r';
}

/* Whether the byte is shown. */
static bool step(struct terminal_filter *filter, unsigned char byte)
{
	int before = filter->state;

	if (follow_character(filter, byte)) {
		/* no sequence has such bytes: it has ended, and this is text */
		filter->state = before == STRING ? STRING : PLAIN;
		return before != STRING;
	}
	if (byte >= C1) {
		filter->state = after_escape(byte - 0x40);
		return false;
	}
	if (byte == 0x7f)
		return false;
	filter->state = byte < 0x20 ? after_control(before, byte) : after_text(before, byte);
	return is_shown(byte) && (before == PLAIN || byte == '\n');
}

size_t terminal_filter(struct terminal_filter *filter, char *text, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < len; i++)
		if (step(filter, (unsigned char)text[i]))
			text[kept++] = text[i];
	return kept;
}
