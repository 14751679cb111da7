/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tap on a LAN with a real neighbour, and an end of that LAN which says and hears frames. */
#ifndef TESTS_DAD_LAB_H
#define TESTS_DAD_LAB_H

#include <sys/types.h>

#include "net/dad.h"
#include "suite.h"

enum { SHORT_MS = 300, LONG_MS = 60000, ETH_TYPE_AT = 12 };

/* The two ways to ask; a test that loops is run for both. */
enum { ON_BRIDGE, THROUGH_TAP, WAYS };

/* On "br0", with the guest's MAC. */
extern const char guest[];
extern struct nl_sock *sock;
extern struct bridge bridge;
extern struct tap tap;
extern struct tap_spec spec;
extern int lan; /* the LAN's end: hears all, says what it likes */

/* A station whose kernel does all by itself: "eth0" in a namespace of its own, a port of br0. */
extern const char station[];
extern pid_t neighbour; /* holds its namespace */
void make_neighbour(void);
void neighbour_has(const char *address);

struct ip_addr ip(const char *text);

/* What the tap is asked for that way. */
struct tap_spec asked(int way);

/* Begun, for one address or for two. */
struct dad *ask(int way, const char *first, const char *second);

/* Of hexadecimal digits; blanks do not matter. */
struct frame {
	unsigned char byte[256];
	size_t len;
};
struct frame hex(const char *text);

/* Such a frame; the next one of its type that the LAN's end hears, of whatever length. */
void lan_says(const char *text);
void lan_hears(const char *text);

/* For main(): the case with all of this around each test, or why it is skipped. */
int dad_main(Suite *s, TCase *tcase);

#endif
