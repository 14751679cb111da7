/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A piece of our own code in a child that has a user's rights and little time: a look at his files.
 */
#ifndef JAIL_VISIT_H
#define JAIL_VISIT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * A fork without exec, with uid and gid, no further group, no capability, no new privileges, and no
 * descriptor but its output; as the caller itself where uid is his. It cannot be traced by that
 * user, but killed. What it opens may be a device or of a file system that answers when it likes:
 * it is killed at the deadline, and left behind where not even that ends it (fuse(4): who waits for
 * an answer that is being given waits it out).
 */
struct visit {
	const char *name; /* for messages: "look at 'DIR'" */
	uid_t uid;
	gid_t gid;
	int64_t deadline_ms; /* of clock_ms() */
	size_t output_max;
	/*
	 * Runs in the child: writes to output_fd, returns 0 or -errno, may allocate, prints
	 * nothing.
	 */
	int (*work)(void *arg, int output_fd);
	void *arg;
};

/*
 * Replaces ret by what work wrote: as hostile as what it has read. The error is work's own errno,
 * -ETIMEDOUT, -EFBIG, or ECHILD where the child was ended otherwise; nothing is in ret then. Root
 * needs CAP_SETUID, CAP_SETGID and CAP_SETPCAP, another caller can be himself alone (-EPERM).
 */
int visit_run(const struct visit *visit, struct buf *ret, struct error *err);

#endif
