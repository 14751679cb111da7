/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One worker around each test, and a look at it from outside. */
#ifndef TESTS_JAIL_WORKER_FIXTURE_H
#define TESTS_JAIL_WORKER_FIXTURE_H

#include <sys/types.h>

#include "fixture.h"
#include "jail/worker.h"

enum { WORKER_UID = 700101, WORKER_SHARED = 4096 };

extern struct worker worker; /* named "test", as WORKER_UID, with WORKER_SHARED bytes */
extern struct worker_process worker_process;

/* A case with the fixture: after a test no child and no descriptor more than before. */
TCase *worker_case(const char *name);

typedef int worker_function(void *arg, void *shared, int output_fd, struct error *error);

void worker_run(worker_function *work); /* start it, and that must succeed */
int worker_finish(void); /* worker_end(), when it has written something, or is done */
void worker_read(struct buf *ret); /* all that it writes, replaced */
pid_t worker_pid(void);

/* Of its /proc/PID/status; "" where there is no such line. Good until the next call. */
const char *worker_status(const char *key);

/*
 * Run one that waits, confined already, until the descriptor that is returned is closed. worker.fds
 * is its to set.
 */
int worker_run_holding(void);

/* suite_run() as root; otherwise one line that says why not. */
int worker_main(Suite *suite);

#endif
