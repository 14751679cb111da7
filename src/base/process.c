/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who a process is: pid, start time and boot; a pid alone proves nothing. */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"

struct stat_fields {
	char state;
	uint64_t utime_ticks;
	uint64_t stime_ticks;
	uint64_t start_ticks;
	uint64_t rss_pages;
};

/* A small file of /proc as a string; such a file comes whole in one read. */
static int read_small(const char *path, char *text, size_t size)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return 0;
}

/* The host's boot id; read once, it does not change while we live. */
static int boot_id(const char **ret)
{
	static char cached[BOOT_ID_MAX];
	int r = 0;

	if (!cached[0])
		r = read_small("/proc/sys/kernel/random/boot_id", cached, sizeof(cached));
	if (r < 0)
		return r;
	*ret = cached;
	return cached[0] ? 0 : -ENODATA;
}

/* proc_pid_stat(5). The second field is the program's name, which may hold ") R 1". */
static int read_stat(pid_t pid, struct stat_fields *ret)
{
	char path[32], text[1024];
	const char *rest;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	r = read_small(path, text, sizeof(text));
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	rest = strrchr(text, ')');
	if (!rest || sscanf(rest + 1,
			    " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
			    " %*d %*d %*d %*d %*d %*d %" SCNu64 " %*u %" SCNu64,
			    &ret->state, &ret->utime_ticks, &ret->stime_ticks, &ret->start_ticks,
			    &ret->rss_pages) != 5)
		return -EBADMSG;
	/* a zombie is an exit status, no process */
	return strchr("ZXx", ret->state) ? -ESRCH : 0;
}

int process_identify(pid_t pid, struct process_id *ret, struct error *err)
{
	struct stat_fields stat;
	const char *boot;
	int r;

	r = boot_id(&boot);
	if (r < 0)
		return error_errno(err, -r, "read the host's boot id");
	r = pid > 0 ? read_stat(pid, &stat) : -ESRCH;
	if (r < 0)
		return error_errno(err, -r, "identify process %d", (int)pid);
	ret->pid = pid;
	ret->start_ticks = stat.start_ticks;
	memcpy(ret->boot_id, boot, BOOT_ID_MAX);
	return 0;
}

static enum process_state check(const struct process_id *id, struct stat_fields *stat)
{
	const char *boot;

	if (id->pid <= 0 || boot_id(&boot) < 0)
		return PROCESS_EXITED;
	if (strncmp(id->boot_id, boot, BOOT_ID_MAX) != 0)
		return PROCESS_REBOOTED;
	if (read_stat(id->pid, stat) < 0)
		return PROCESS_EXITED;
	return stat->start_ticks == id->start_ticks ? PROCESS_ALIVE : PROCESS_REUSED;
}

bool process_is_same(const struct process_id *a, const struct process_id *b)
{
	return a->pid == b->pid && a->start_ticks == b->start_ticks;
}

enum process_state process_check(const struct process_id *id)
{
	struct stat_fields stat;

	return check(id, &stat);
}

int process_open(const struct process_id *id)
{
	AUTO_CLOSE int fd = -1;

	if (id->pid <= 0)
		return -ESRCH;
	fd = (int)syscall(SYS_pidfd_open, id->pid, 0);
	if (fd < 0)
		return -errno;
	if (process_check(id) != PROCESS_ALIVE)
		return -ESRCH;
	return fd_steal(&fd);
}

int process_wait(int pid_fd, int timeout_ms)
{
	struct pollfd fd = { .fd = pid_fd, .events = POLLIN };
	int64_t deadline = clock_ms() + timeout_ms;
	int n;

	for (;;) {
		n = poll(&fd, 1, timeout_ms);
		if (n > 0)
			return fd.revents & POLLNVAL ? -EBADF : 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
		if (timeout_ms > 0) {
			int64_t left = deadline - clock_ms();

			timeout_ms = left > 0 ? (int)left : 0;
		}
	}
}

int process_signal(int pid_fd, int sig)
{
	return syscall(SYS_pidfd_send_signal, pid_fd, sig, NULL, 0) < 0 ? -errno : 0;
}

int process_reap(int pid_fd, siginfo_t *ret)
{
	siginfo_t info = { .si_code = 0 };
	int r;

	do {
		r = waitid(P_PIDFD, (id_t)pid_fd, &info, WEXITED);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	*ret = info;
	return 0;
}

void process_usage(const struct process_id *id, struct process_usage *ret)
{
	struct stat_fields stat;
	struct timespec now;
	uint64_t start_s;

	*ret = (struct process_usage){ 0 };
	if (check(id, &stat) != PROCESS_ALIVE)
		return;
	ret->cpu_ticks = stat.utime_ticks + stat.stime_ticks;
	ret->rss_bytes = stat.rss_pages * (uint64_t)sysconf(_SC_PAGESIZE);
	/* start_ticks count from boot and go on in suspend: CLOCK_BOOTTIME, proc(5) */
	clock_gettime(CLOCK_BOOTTIME, &now);
	start_s = stat.start_ticks / (uint64_t)sysconf(_SC_CLK_TCK);
	if ((uint64_t)now.tv_sec > start_s)
		ret->uptime_s = (uint64_t)now.tv_sec - start_s;
}

int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
