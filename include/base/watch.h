/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watch a child of ours to its end: what it says, how it ends, and that nothing is left. */
#ifndef BASE_WATCH_H
#define BASE_WATCH_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum { WATCH_OUTPUT_MAX = 1024 * 1024 };

/* Everything is borrowed. */
struct watch {
	const char *program; /* for messages */
	int pid_fd; /* of a child that nobody else reaps */
	int output_fd; /* a pipe's read end: output gets what comes; -1: none */
	int error_fd; /* another, whose last line is for the error; -1: that of output_fd is */
	struct buf *output; /* appended to, to WATCH_OUTPUT_MAX bytes in all */
	int *exit_status; /* filled where it exited, whatever with; NULL: of no interest */
	int timeout_ms; /* what deadline_ms was made of, for the message */
	int64_t deadline_ms; /* of clock_ms() */
};

/*
 * Read until the child has exited and the pipes are empty (not until they end: a process that it
 * left behind may hold them), and reap it. After any other end than exit status 0 the error
 * says which, and the last line; it is EIO. -ETIMEDOUT (ERROR_TIMEOUT) and -EFBIG: it was killed.
 * In all cases it has been reaped, and output keeps what came.
 */
int watch_child(const struct watch *watch, struct error *err);

#endif
