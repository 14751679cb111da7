/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A launch plan turned into a confined process. */
#ifndef JAIL_LAUNCH_H
#define JAIL_LAUNCH_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/layer.h"
#include "base/process.h"
#include "base/strv.h"

/* A descriptor that the program gets: ours, borrowed, and the number it has there (>= 3). */
struct launch_fd {
	int source;
	int target;
};

/* A file or folder of the host that the program finds in its root, whoever may read it here. */
struct launch_file {
	int source; /* any descriptor of it, O_PATH too; borrowed */
	const char *target; /* absolute path there, "/boot/kernel"; not below /usr, /lib or /dev */
	bool writable; /* else read-only; nothing there is a device, setuid or executable */
};

enum {
	LAUNCH_FDS_MAX = 320,
	LAUNCH_FILES_MAX = 8,
	LAUNCH_FOLDERS_MAX = 8,
	LAUNCH_PROGRAM_MAX = 256,
};

/*
 * As root the program gets a uid of its own. As any other user, who may hold CAP_NET_ADMIN and
 * little else, it keeps that user's, and what needs privilege is done in a user namespace.
 */
enum launch_mode { LAUNCH_AS_ROOT, LAUNCH_AS_USER };
enum launch_mode launch_mode(void); /* by the effective uid */

/*
 * Resource limits; 0 leaves the caller's. Never a core file, always all descriptors (prlimit(2)).
 */
struct launch_limits {
	uint64_t file_size; /* RLIMIT_FSIZE in bytes, with SIGXFSZ ignored: EFBIG and no death */
	uint64_t address_space; /* RLIMIT_AS in bytes */
	uint64_t cpu_s; /* RLIMIT_CPU */
	uint64_t processes; /* RLIMIT_NPROC; of a uid of its own only, else left alone */
};

/* Pure data; everything is borrowed until launch_start() returns. */
struct launch_plan {
	const char *program; /* absolute path, executed as such in the new root */
	const struct strv *argv;
	const struct strv *environment; /* the whole of it */
	enum launch_mode mode;
	uid_t uid; /* LAUNCH_AS_ROOT: its own; never 0 */
	gid_t gid; /* the same; the only group */
	int log_fd; /* standard output and error; standard input is /dev/null */
	struct launch_fd fds[LAUNCH_FDS_MAX]; /* all else is closed at exec */
	size_t n_fds; /* two targets may share a source; no two share a target */

	/* Its root: /usr and the system's libraries read-only, /dev/null, and these. */
	struct launch_file files[LAUNCH_FILES_MAX];
	size_t n_files;
	/*
	 * In place of argv where the root is missing: the files are not shown then, and the program
	 * may open (Landlock) what its descriptors of them are of. NULL: files need the root.
	 */
	const struct strv *rootless_argv;
	const struct strv
		*folders; /* further ones of the host, read-only at their place; NULL: none */
	bool kvm; /* /dev/kvm, for this uid alone */

	struct launch_limits limits;
	int oom_score_adj; /* proc(5); 0: the caller's */
	int nice; /* absolute nice value; 0: the caller's */
	const cpu_set_t *cpus; /* CPUs to run on; NULL: the caller's */
	size_t cpus_size; /* bytes of it */
	int timeout_ms; /* of launch_go(); 0: 60 s */
	bool ends_with_us; /* killed when the thread that starts it is gone (prctl(2)) */
	int cgroup_fd; /* folder of a cgroup v2 to be born in (clone3(2)); -1: the caller's */

	unsigned int
		layers; /* LAYER_BIT()s (base/layer.h) to put in place; LAYERS_ALL but for tests */
	/* those of them that the host may lack; LAYER_CGROUP: cgroup_fd, where it is no way in */
	unsigned int may_miss;
};

#define LAUNCH_PLAN_INIT                                                                           \
	{                                                                                          \
		.log_fd = -1, .cgroup_fd = -1, .layers = LAYERS_ALL                                \
	}

/*
 * The stages of the child in their order; launch_stage_word() has the words for messages. What
 * each does and must not do is said in src/jail/child.c. A failure is always _exit: half
 * confined is worse than not started. A stage whose layer may be missing is
 * left out where the host lacks it (ENOSYS, EPERM and their like), never where it half worked.
 */
enum launch_stage {
	LAUNCH_SESSION, /* setsid, signals, personality, chdir "/", umask */
	LAUNCH_STDIO,
	LAUNCH_LIMITS, /* rlimits, oom_score_adj, nice, CPUs */
	LAUNCH_KEYRING,
	LAUNCH_NAMESPACES, /* and, as user, the maps of the user namespace */
	LAUNCH_ROOT, /* the new root, and the old one gone */
	LAUNCH_CAPABILITIES, /* securebits, bounding set */
	LAUNCH_IDENTITY, /* no groups, gid, uid */
	LAUNCH_CLEAR, /* all other capability sets */
	LAUNCH_VERIFY, /* asked of the kernel, not of libcap-ng */
	LAUNCH_NO_NEW_PRIVS,
	LAUNCH_LANDLOCK,
	LAUNCH_DESCRIPTORS,
	LAUNCH_FILTER, /* seccomp(2): the last, as it forbids what the others do */
	LAUNCH_EXEC,
	LAUNCH_STAGES,
};
const char *launch_stage_word(enum launch_stage stage);

/*
 * A child on its way to confinement that waits for launch_go(). It holds no descriptor of the
 * caller's but those of the plan.
 */
struct launch {
	struct process_id id;
	int pid_fd; /* readable when it has exited */
	int control_fd; /* closing it without launch_go() ends the child */
	unsigned int missing; /* after launch_go(): layers of the plan that the host lacks */
	int timeout_ms;
	bool shows_files; /* for messages: the root may not be missing, as files are shown there */
	char program[LAUNCH_PROGRAM_MAX]; /* for messages; cut where longer */
};

#define LAUNCH_INIT                                                                                \
	{                                                                                          \
		.pid_fd = -1, .control_fd = -1                                                     \
	}

/*
 * Is the program, by its name and where symlinks lead, below what a root shows of the host? One
 * that does not exist is. Else ERROR_HOST, with a hint that names `expose`.
 */
int launch_check_program(const char *program, const struct strv *folders, struct error *err);

/* The further folders of its root: few, by plain paths, and there. */
int launch_check_folders(const struct strv *folders, struct error *err);

/*
 * The layers that this host is known to lack, without a launch: namespaces that a sysctl, the
 * kernel, or a want of CAP_SYS_ADMIN refuses, and Landlock. Of an ordinary user a child tries
 * whether a user namespace has rights. What else it lacks only a launch tells.
 */
unsigned int launch_lacking(enum launch_mode mode);

/*
 * What root must be able to do for a launch by this plan, which is ERROR_HOST (-EPERM) of the
 * launch otherwise; others than root need nothing.
 */
int launch_check_rights(const struct launch_plan *plan, struct error *err);

/* ERROR_HOST, with a hint: it is known to lack one that may not be missing. */
int launch_check_layers(enum launch_mode mode, unsigned int may_miss, struct error *err);

/*
 * Create the child. It walks all stages but the last and waits for launch_go(), so that the caller
 * can record ret->id first: when the caller dies before that, the child sees its end of the
 * connection close and exits, and with it goes all that it made. A plan that breaks the rules
 * above is -EINVAL, a descriptor that is not open -EBADF; launch_check_program() comes first.
 * What goes wrong in a stage is told by launch_go(), or here already when it came so soon. Root
 * without CAP_SYS_ADMIN (unless all LAYERS_NAMESPACES may be missing), CAP_SETUID, CAP_SETGID,
 * CAP_SETPCAP and, for kvm, CAP_MKNOD is told so: ERROR_HOST, with a hint.
 */
int launch_start(const struct launch_plan *plan, struct launch *ret, struct error *err);

/*
 * Let the child exec. Returns when that has happened; the process is still
 * the caller's child. Otherwise the message names the stage and the kernel's reason, the child
 * is reaped and *launch released; ERROR_HOST when the program is not there, or when a layer is
 * missing that may not be, with a hint that names allow_missing; -ETIMEDOUT (ERROR_TIMEOUT) where
 * it has not happened in time, as with a file system that does not answer. Linux 5.12 (open_tree(2)
 * and close_range(2) with CLOEXEC, mount_setattr(2)).
 */
int launch_go(struct launch *launch, struct error *err);

/* Kill with SIGKILL through the pidfd, reap and release; harmless when it has gone. */
void launch_abort(struct launch *launch);

/* Close what is open; the process lives on. */
void launch_done(struct launch *launch);

#endif
