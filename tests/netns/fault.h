/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel made to refuse. The linker's --wrap puts these functions between the code and the C
 * library; what they change goes to the real kernel, whose answers are real but for the errno
 * where one is asked for.
 */
#ifndef TESTS_FAULT_H
#define TESTS_FAULT_H

#include <stdbool.h>
#include <stdint.h>

/* What goes wrong; zeroed: nothing. Messages are counted from 0 on. */
struct fault {
	int open_code; /* open(2) of a device node fails with this; 0: it does not */
	int tun_code; /* so does TUNSETIFF */
	int queue; /* from the queue after that many others on */
	int owner_code; /* TUNSETOWNER */
	void (*before_owner)(void); /* what somebody does just before that */
	bool guard; /* the guard's program is not loaded */
	int index_code; /* SIOCGIFINDEX */
	int send; /* 1: the first sendmsg(2) fails, 2: the second */
	int receive; /* so recvmsg(2) */
	int code; /* with this errno */
	bool truncate; /* or is cut short */

	int refuse; /* the kernel does not know this message ... */
	int answer; /* ... and says so with this errno (0: its own) */
	int refusals; /* that many times */

	int mask; /* in this message ... */
	unsigned short mask_type; /* ... this attribute is none (also inside IFLA_PROTINFO) */
	bool mask_reply; /* nor in what the kernel tells of the port */
	bool up; /* the first message sets the tap up as well */
	unsigned int master; /* or attaches it to the link of that index */
};
extern struct fault fault;

/* What was called since fault_set(). */
extern int fault_sends, fault_receives, fault_messages;
extern int fault_changes; /* messages that are no mere questions */
extern uint32_t fault_program; /* id of the guard's, once loaded; 0: none */

void fault_set(struct fault with); /* and begin to count anew */
void fault_clear(void); /* the counts stay */

/* Wait until the kernel has dropped the program that was loaded last. */
void fault_wait_program_gone(void);

#endif
