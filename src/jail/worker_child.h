/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A worker between fork(2) and its own work, and what it says in the end. */
#ifndef JAIL_WORKER_CHILD_H
#define JAIL_WORKER_CHILD_H

#include "child.h"
#include "jail/worker.h"

/* One message, at the end; smaller than PIPE_BUF, so that it comes whole (pipe(7)). */
struct worker_report {
	struct error error; /* ERROR_NONE: work has returned 0 */
};

/*
 * The plan of child has mode, ids, limits and layers alone; LAYER_NET is not among them where the
 * worker may use the network. control_fd is where the report goes.
 */
_Noreturn void worker_child_run(struct child *child, const struct worker *worker, void *shared,
				int output_fd);

#endif
