/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taps on a bridge, from the guest's side and from the LAN's. */
#ifndef TESTS_WIRE_H
#define TESTS_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "frames.h"
#include "net/guard.h"
#include "net/tap.h"

/*
 * A checked fixture: netns_make_lan(), the bridge forwarding whatever bridges can be made to
 * forward, the host filling in checksums and segmenting by itself.
 */
void wire_setup(void);
void wire_teardown(void);
extern int wire_lan; /* a packet socket that hears all that comes in at "lan1" */

/* A tap of that spec, its guard attached. wire_attach_guard() is for one that is bare. */
struct tap wire_open_tap(const struct tap_spec *spec);
void wire_attach_guard(const struct tap *tap, const struct tap_spec *spec);

/* The id of the program on a tap's ingress, as tc sees it; 0: none. */
uint32_t wire_program_of(const char *name);
struct guard_counters wire_counters_of(uint32_t program); /* zeros for none */

/* The guest sends. wire_try() returns -1 with errno where the kernel refuses. */
int wire_try(const struct tap *tap, const struct virtio_net_hdr *header, const struct frame *frame);
void wire_send(const struct tap *tap, const struct virtio_net_hdr *header,
	       const struct frame *frame);
void wire_say(const struct tap *tap, const char *text);
void wire_lan_says(const char *text);

/*
 * How many frames come in at a descriptor before that of end_text; the first of them to ret_first.
 * The first skip bytes of each are no part of it.
 */
unsigned int wire_hear(int fd, size_t skip, const char *end_text, struct frame *ret_first);

#endif
