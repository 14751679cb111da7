/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A helper program on others' data (qemu-img, gpgv), confined as QEMU is, until it ends. */
#ifndef JAIL_HELPER_H
#define JAIL_HELPER_H

#include "base/buf.h"
#include "jail/launch.h"

/*
 * Of the programs that are run beside QEMU itself qemu-img works on what users and guests write,
 * gpgv on what mirrors send, and both run here. The others go by run_program() (base/run.h), with
 * our uid: ssh-keygen, which makes a key from nothing and wants an account for its uid; modprobe,
 * which changes the host; QEMU and qemu-img for their versions, which doctor asks even where
 * nothing can be confined. Images are copied and looked at by our own code (store/images.h,
 * image/inspect.h).
 */

/* Everything is borrowed. Its environment is PATH and LANG=C, its root that of a launch plan. */
struct helper {
	const struct strv *argv; /* argv[0] is an absolute path */
	uid_t uid; /* LAUNCH_AS_ROOT: its own, as gid; never 0 */
	struct launch_file files[LAUNCH_FILES_MAX]; /* what it works on */
	size_t n_files;
	/* where the host gives no root: files[i] is /proc/self/fd/HELPER_FILE_FD + i; or NULL */
	const struct strv *rootless_argv;
	const struct strv *folders; /* as in struct launch_plan */
	struct launch_limits limits; /* 0: HELPER_* below */
	int timeout_ms; /* then SIGKILL and -ETIMEDOUT; 0: 60 s */
	unsigned int may_miss; /* layers; LAYER_CGROUP is never asked for */
	int *exit_status; /* -1: it did not come to exit; for those that say more by it; or NULL */
	/* What it prints, at most 1 MiB, replaced; NULL: its last line is for the error. */
	struct buf *output;
};

#define HELPER_FILE_SIZE ((uint64_t)9 << 40) /* a disk of VM_DISK_BYTES_MAX and its tables */
#define HELPER_ADDRESS_SPACE ((uint64_t)1 << 30)
enum { HELPER_CPU_S = 60, HELPER_PROCESSES = 64, HELPER_FILE_FD = 3 };

/*
 * Returns 0 when it exits with 0; otherwise the error names the program, its exit status or
 * signal, and the last line it wrote. Errors of the launch are launch_go()'s. No process is left,
 * nor is one when the caller is killed meanwhile.
 */
int helper_run(const struct helper *helper, struct error *err);

#endif
