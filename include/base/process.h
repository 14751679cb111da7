/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who a process is: pid, start time and boot; a pid alone proves nothing. */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum { BOOT_ID_MAX = 37 };

struct process_id {
	pid_t pid;
	uint64_t start_ticks; /* proc(5) stat field 22, clock ticks since boot */
	char boot_id[BOOT_ID_MAX]; /* /proc/sys/kernel/random/boot_id */
};

enum process_state {
	PROCESS_ALIVE,
	PROCESS_EXITED, /* no such pid, or a zombie */
	PROCESS_REUSED, /* the pid is another process now */
	PROCESS_REBOOTED, /* recorded in an earlier boot of this host */
};

/* Read the identity of a living pid. -ESRCH when it is gone. */
int process_identify(pid_t pid, struct process_id *ret, struct error *err);

/* The same process? Pid and start time; both of this boot. */
bool process_is_same(const struct process_id *a, const struct process_id *b);

/* Hold id against /proc. Never fails: what cannot be read is PROCESS_EXITED. */
enum process_state process_check(const struct process_id *id);

/*
 * A pidfd of exactly this process, checked after it was opened, so that the pid
 * cannot be reused in between. Returns the descriptor or -ESRCH.
 */
int process_open(const struct process_id *id);

/* Wait until the pidfd's process has exited. 0, or -ETIMEDOUT; timeout_ms < 0 waits on. */
int process_wait(int pid_fd, int timeout_ms);

/* Send it a signal. 0, or -errno: -ESRCH when it has been reaped. */
int process_signal(int pid_fd, int sig);

/* Wait for the end of a child of ours, and take its status. 0 or -errno; waitid(2), Linux 5.4. */
int process_reap(int pid_fd, siginfo_t *ret);

/* CPU time used so far in clock ticks, resident memory in bytes; 0 where unreadable. */
struct process_usage {
	uint64_t cpu_ticks;
	uint64_t rss_bytes;
	uint64_t uptime_s;
};
void process_usage(const struct process_id *id, struct process_usage *ret);

/* CLOCK_MONOTONIC in milliseconds, for deadlines. */
int64_t clock_ms(void);

#endif
