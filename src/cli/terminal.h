/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes a guest's output safe for a terminal. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stddef.h>

/* All zero at the start. */
struct terminal_filter {
	int state;
	unsigned char lead; /* of a UTF-8 character that goes on */
	int missing; /* so many bytes of it */
};

/*
 * Take escape sequences (ECMA-48: CSI, OSC and the other strings, each in 7 bits, 8 bits or
 * UTF-8) and control characters but newline, tab and carriage return out of text, in place; a
 * sequence may go on in the next call. A newline ends any sequence, so that a guest cannot hide
 * what follows. Returns the length that is left.
 */
size_t terminal_filter(struct terminal_filter *filter, char *text, size_t len);

#endif
