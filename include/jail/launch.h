/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A launch plan turned into a confined process. */
#ifndef JAIL_LAUNCH_H
#define JAIL_LAUNCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/process.h"
#include "base/strv.h"

/* A descriptor that the program gets: ours, borrowed, and the number it has there (>= 3). */
struct launch_fd {
	int source;
	int target;
};

enum { LAUNCH_FDS_MAX = 320, LAUNCH_PROGRAM_MAX = 256 };

/* Pure data; everything is borrowed until launch_start() returns. */
struct launch_plan {
	const char *program; /* absolute path, executed as such */
	const struct strv *argv;
	const struct strv *environment; /* the whole of it */
	uid_t uid; /* never 0 */
	gid_t gid; /* never 0; the only group */
	int log_fd; /* standard output and error; standard input is /dev/null */
	struct launch_fd fds[LAUNCH_FDS_MAX]; /* all else is closed at exec */
	size_t n_fds; /* two targets may share a source; no two share a target */
	uint64_t file_size_max; /* RLIMIT_FSIZE with SIGXFSZ ignored; 0: the caller's limit */
};

/*
 * The stages of the child in their order; launch_stage_word() has the words for messages.
 * A failure after the first is always _exit: half dropped is worse than not started.
 */
enum launch_stage {
	LAUNCH_SESSION, /* setsid, signal mask and dispositions, chdir "/", umask */
	LAUNCH_STDIO,
	LAUNCH_LIMITS, /* no core, RLIMIT_FSIZE, soft RLIMIT_NOFILE up to the hard one */
	LAUNCH_CAPABILITIES, /* securebits, bounding set */
	LAUNCH_IDENTITY, /* no groups, gid, uid */
	LAUNCH_CLEAR, /* all other capability sets */
	LAUNCH_VERIFY, /* asked of the kernel, not of libcap-ng */
	LAUNCH_NO_NEW_PRIVS,
	LAUNCH_DESCRIPTORS,
	LAUNCH_EXEC,
	LAUNCH_STAGES,
};
const char *launch_stage_word(enum launch_stage stage);

/*
 * A child that waits, confined in nothing yet, for launch_go(). It holds no descriptor of the
 * caller's but those of the plan.
 */
struct launch {
	struct process_id id;
	int pid_fd; /* readable when it has exited */
	int control_fd; /* closing it without launch_go() ends the child */
	char program[LAUNCH_PROGRAM_MAX]; /* for messages; cut where longer */
};

#define LAUNCH_INIT                                                                                \
	{                                                                                          \
		.pid_fd = -1, .control_fd = -1                                                     \
	}

/*
 * Fork the child. It does nothing until launch_go(), so that the caller can record ret->id
 * first: when the caller dies before that, the child sees its end of the connection close and
 * exits. A plan that breaks the rules above is -EINVAL, a descriptor that is not open -EBADF.
 */
int launch_start(const struct launch_plan *plan, struct launch *ret, struct error *err);

/*
 * Let the child walk its stages and exec. Returns when exec has happened; the process is still
 * the caller's child. Otherwise the message names the stage and the kernel's reason, the child
 * is reaped and *launch released; ERROR_HOST when the program is not there. Needs CAP_SETUID,
 * CAP_SETGID and CAP_SETPCAP in the caller, and Linux 5.11 (close_range(2) with CLOEXEC).
 */
int launch_go(struct launch *launch, struct error *err);

/* Kill with SIGKILL through the pidfd, reap and release; harmless when it has gone. */
void launch_abort(struct launch *launch);

/* Close what is open; the process lives on. */
void launch_done(struct launch *launch);

#endif
