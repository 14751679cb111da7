/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames that a guest sends, written down so that they can be read; forged ones and good ones. */
#ifndef TESTS_FRAMES_H
#define TESTS_FRAMES_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>

#include "net/guard.h"
#include "net/tap.h"

enum { FRAME_MAX = 8192 };

struct frame {
	unsigned char byte[FRAME_MAX];
	size_t n;
};

/*
 * Words with spaces between: bytes in hexadecimal ("08004500"), MAC and IP addresses, "ab*12" for
 * the byte twelve times, and the lengths of an IP packet that goes on to the end: "len4" two
 * bytes into its header, "len6" four.
 */
void frame_parse(const char *text, struct frame *ret);

struct frame_case {
	const char *name, *text;
	enum tap_guard stopped_by; /* from this level on; TAP_GUARD_OFF: it passes them all */
	enum guard_drop drop; /* and is counted as */
	bool bridge_keeps; /* it does not reach the LAN without a guard, either */
	struct virtio_net_hdr header; /* what is asked of the host; only a real tap looks at it */
};
extern const struct frame_case frame_attacks[], frame_good[];
extern const size_t frame_n_attacks, frame_n_good;

/* Both kinds, tagged, for a trunk. */
extern const struct frame_case frame_trunk[];
extern const size_t frame_n_trunk;

/* The guest that sends them: its MAC and addresses, of both families. */
void frame_spec(enum tap_guard guard, struct tap_spec *ret);

#endif
