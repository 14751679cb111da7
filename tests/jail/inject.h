/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call of a launch refused, or granted and not made. */
#ifndef TESTS_JAIL_INJECT_H
#define TESTS_JAIL_INJECT_H

#include <sched.h>
#include <sys/types.h>

#include "jail/launch.h"

/* Programs with inject.c are linked with ld's --wrap=NAME for each WRAP(..., NAME, ...) there. */

#define CLONE_SPACES ((unsigned long)(CLONE_NEWUSER | CLONE_NEWPID))

enum { ANY = -1 };

/*
 * The call, its first (fcntl: second) argument, and what it returns without having been made. Of a
 * syscall(2) that is its number; of clone3(2) CLONE_SPACES in its flags will do, too. Of stat(2)
 * it is the flag of the namespace whose link in /proc is looked at.
 */
struct injection {
	const char *call;
	long argument;
	long result; /* -1 with error in errno */
	int error;
	int where; /* the stage that must stop; LAUNCH_STAGES: launch_start() does */
	const char *text; /* in the message */
};
/* Rows of tables. */
#define REFUSE(call_, argument_, error_, where_)                                                   \
	{                                                                                          \
		.call = call_, .argument = argument_, .result = -1, .error = error_,               \
		.where = where_, .text = NULL                                                      \
	}
#define PRETEND(call_, argument_, result_, where_, text_)                                          \
	{                                                                                          \
		.call = call_, .argument = argument_, .result = result_, .where = where_,          \
		.text = text_                                                                      \
	}

extern struct injection injection; /* .call NULL: none */
extern pid_t inject_pid; /* the test's own: the others are children */

#endif
