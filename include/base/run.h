/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run a program (ssh-keygen, modprobe) without shell, PATH or inherited descriptors. */
#ifndef BASE_RUN_H
#define BASE_RUN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/strv.h"

/* A pipe holds that much whoever reads it or does not (pipe(7)). */
enum { RUN_INPUT_MAX = 4096 };

struct run_options {
	int timeout_ms; /* then SIGKILL and -ETIMEDOUT; 0: 60 s */
	int dir_fd; /* fchdir there first; -1: "/" */
	struct buf *output; /* stdout, at most 1 MiB, replaced; NULL: /dev/null */
	const char *input; /* stdin, which stays open behind it; NULL: /dev/null */
	bool own_profile; /* no no_new_privs: an LSM may confine it otherwise than us */
};

/*
 * argv[0] is an absolute path. The environment is PATH and LANG=C, descriptors above 2 are
 * closed; it has no ambient capabilities, gets no new privileges unless own_profile says so,
 * leaves no core file, and makes files for its own user alone. It is confined in nothing else:
 * what works on a user's data is for helper_run() (jail/helper.h). An input longer than
 * RUN_INPUT_MAX is -E2BIG. Returns 0 when it exits with 0; otherwise the error names the program,
 * its exit status or signal, and the last line it wrote to standard error, and output keeps what
 * came. -ENOENT (ERROR_HOST) when it is not installed, -EFBIG when it wrote too much. The caller
 * must not ignore SIGCHLD: the kernel would then reap the program, and its status with it.
 */
int run_program(const struct strv *argv, const struct run_options *options, struct error *err);

#endif
