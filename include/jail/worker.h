/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A piece of our own code in a confined child: what speaks to strangers, or unpacks what they sent.
 */
#ifndef JAIL_WORKER_H
#define JAIL_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * A fork without exec, so what it needs is loaded and read before. The child has its own uid (as
 * root; else the caller's), no capability, no new privileges, no descriptor but its output and
 * those named, no file to write (Landlock, RLIMIT_FSIZE 0), no core, no program to execute, no
 * signal for others, nor a descriptor's owner to name (fcntl(2)), and dies with the caller, or
 * with a ^C of its terminal. With network it can resolve names by DNS
 * and connect, and reads what the resolver and TLS read below /etc, /usr, /lib and /run; it has
 * no socket of AF_UNIX. Without it has a network namespace with nothing in it, where the host can
 * give one, and no file at all. What the host lacks of these (Landlock, namespaces) it goes
 * without: the uid, the capabilities and the filter are never missing. Its memory begins as a copy
 * of the caller's: start none while that holds a secret. So `create` reads user-data when the
 * image is there, and checks it before in a process of its own; host keys are made later still.
 */
struct worker {
	const char *name; /* for messages: "download" */
	uid_t uid; /* as root its own, as gid; never 0 */
	bool network;
	/*
	 * That work reads from, in the caller's numbers; borrowed. Each is above 2 and open for
	 * reading alone: what else the description can do (write, cut, unlock) is the worker's,
	 * too, and so is its offset. Open a file again for it.
	 */
	const int *fds;
	size_t n_fds; /* at most 16 */
	size_t memory_max; /* RLIMIT_AS beyond what it starts with, bytes; 0: 256 MiB */
	unsigned int cpu_s; /* RLIMIT_CPU, at which it is killed; 0: an hour */
	/*
	 * Runs in the child: writes to output_fd (a pipe), returns 0 or -errno with err filled,
	 * which becomes worker_end()'s, without its hint. May allocate and start threads; prints
	 * nothing. A reader that is gone is EPIPE. arg is as it was at the fork, shared is common
	 * to both sides: for results, which the caller must take as hostile.
	 */
	int (*work)(void *arg, void *shared, int output_fd, struct error *err);
	void *arg;
	size_t shared_size; /* 0: none */
};

struct worker_process {
	int pid_fd;
	int output_fd; /* the pipe's read end, 1 MiB where that may be; end of file: work is done */
	int error_fd;
	void *shared; /* zeroed at the start */
	size_t shared_size;
	const char *name;
};

#define WORKER_INIT                                                                                \
	{                                                                                          \
		.pid_fd = -1, .output_fd = -1, .error_fd = -1                                      \
	}

/*
 * What the worker itself cannot set up is worker_end()'s to tell. A uid of 0, descriptors that
 * are not as above: -EINVAL. Root without CAP_SETUID, CAP_SETGID and CAP_SETPCAP: ERROR_HOST,
 * with a hint.
 */
int worker_start(const struct worker *worker, struct worker_process *ret, struct error *err);

/*
 * Wait until there is output to read, or its end: a worker that was taken over may keep silent, and
 * need not use its CPU time up. -ETIMEDOUT: for silence_ms there was none, and worker_done() is to
 * end it. tick (NULL: none) is called about every 500 ms. Words no error.
 */
int worker_wait(const struct worker_process *process, int64_t silence_ms, void (*tick)(void *arg),
		void *arg);

/*
 * Close output_fd, wait and reap; shared stays until worker_done(). So read to the end of file
 * first: a worker that still runs 5 s after this is killed (ERROR_TIMEOUT). The error is
 * work()'s own, cleaned of control characters, or what ended the child (a signal: the filter's
 * SIGSYS is named as such). It is hostile, as is success: hold what came against what should
 * have.
 */
int worker_end(struct worker_process *process, struct error *err);

/* Kill what still runs, reap and release. Harmless when zeroed by WORKER_INIT or ended. */
void worker_done(struct worker_process *process);

#endif
