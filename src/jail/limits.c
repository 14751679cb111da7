/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resource limits of the child, and its place among others: OOM score, nice value, CPUs. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"

enum { CPUS_MAX = 8192 /* what Linux can be built for */, STATM_MAX = 256 };

/* What the fork begins with (proc(5), statm): the libraries, and under a sanitizer terabytes. */
int limits_address_space(size_t more, uint64_t *ret, struct error *err)
{
	AUTO_BUF text = BUF_INIT;
	unsigned long long pages;
	int r = file_read_path("/proc/self/statm", STATM_MAX, &text, err);

	if (r < 0)
		return r;
	errno = 0;
	pages = strtoull(buf_str(&text), NULL, 10);
	if (errno || !pages)
		return error_set(err, ERROR_FAILED, EPROTO, "read '/proc/self/statm'");
	*ret = pages * (uint64_t)sysconf(_SC_PAGESIZE) + more;
	return 0;
}

/*
 * One byte, not 0: a piped core_pattern handler is run even at 0, and 1 is what stops it
 * (core(5), "Piping core dumps to a program"). Where the hard limit is 0 already and may not be
 * raised, no core file can appear and the handler is told so.
 */
static int limit_core(void)
{
	const struct rlimit one = { 1, 1 }, zero = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &one) == 0)
		return 0;
	if (errno == EPERM && setrlimit(RLIMIT_CORE, &zero) == 0)
		return 0;
	return -errno;
}

static int limit_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

/* 0 leaves the caller's. A hard limit that is lower already stays: it cannot be raised by all. */
static int limit(int resource, uint64_t max)
{
	struct rlimit now, wanted = { max, max };

	if (!max)
		return 0;
	if (getrlimit(resource, &now) < 0)
		return -errno;
	if (now.rlim_max < wanted.rlim_max)
		wanted.rlim_cur = wanted.rlim_max = now.rlim_max;
	return setrlimit(resource, &wanted) < 0 ? -errno : 0;
}

/* An ignored signal stays ignored over exec: the write beyond the limit is EFBIG, no death. */
static int limit_file_size(uint64_t max)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	if (max && sigaction(SIGXFSZ, &ignore, NULL) < 0)
		return -errno;
	return limit(RLIMIT_FSIZE, max);
}

/* Without CAP_SYS_RESOURCE nobody becomes a lesser victim, which is no reason not to start. */
static int set_oom_score(const struct child *child)
{
	int value = child->plan->oom_score_adj;
	char text[12];
	size_t len = child_format_int(value, text);
	int r = 0, fd;

	if (!value)
		return 0;
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len)
		r = -errno;
	(void)close(fd);
	return r == -EACCES ? 0 : r;
}

/* Of what was asked for the kernel takes what the cpuset has, and says nothing (cpuset(7)). */
static int set_cpus(struct child *child)
{
	const struct launch_plan *plan = child->plan;
	unsigned long now[CPUS_MAX / (8 * sizeof(unsigned long))] = { 0 };
	const cpu_set_t *set = (const cpu_set_t *)now;

	if (!plan->cpus)
		return 0;
	if (plan->cpus_size > sizeof(now))
		return -EINVAL;
	if (sched_setaffinity(0, plan->cpus_size, plan->cpus) < 0 ||
	    sched_getaffinity(0, sizeof(now), (cpu_set_t *)now) < 0)
		return -errno;
	if (CPU_EQUAL_S(plan->cpus_size, set, plan->cpus))
		return 0;
	child->what = "cpu_pin";
	return LEFTOVER_CPUS;
}

static int set_scheduling(struct child *child)
{
	int nice = child->plan->nice;

	if (nice && setpriority(PRIO_PROCESS, 0, nice) < 0)
		return -errno;
	return set_cpus(child);
}

/*
 * Only what the kernel holds the program to. The number of processes is one of a uid, not of a
 * process: it is left alone where the uid is the caller's.
 */
int limits_set(struct child *child)
{
	const struct launch_limits *limits = &child->plan->limits;
	int r = limit_core();

	if (r == 0)
		r = limit_files();
	if (r == 0)
		r = limit_file_size(limits->file_size);
	if (r == 0)
		r = limit(RLIMIT_AS, limits->address_space);
	if (r == 0)
		r = limit(RLIMIT_CPU, limits->cpu_s);
	if (r == 0 && child->plan->mode == LAUNCH_AS_ROOT)
		r = limit(RLIMIT_NPROC, limits->processes);
	if (r == 0)
		r = set_oom_score(child);
	return r ? r : set_scheduling(child);
}
