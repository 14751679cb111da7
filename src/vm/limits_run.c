/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of a VM that runs, or has run. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/parse.h"
#include "store/record.h"
#include "limits.h"

/* Threads that one of them makes while they are looked through are met in the second round. */
enum { THREAD_ROUNDS = 2 };

struct threads {
	const struct limits_cpus *cpus; /* NULL: their nice value is meant */
	bool pinned; /* those and no fewer */
	int nice;
	int code; /* errno of the first that refused; ENODEV: it has not all of the CPUs */
};

/* The kernel takes those CPUs that the cpuset has, and says nothing (cpuset(7)). */
static int set_cpus_of(pid_t tid, const struct threads *threads)
{
	AUTO(limits_cpus_done) struct limits_cpus now = { .size = threads->cpus->size };

	if (sched_setaffinity(tid, threads->cpus->size, threads->cpus->set) < 0)
		return errno;
	if (!threads->pinned)
		return 0;
	now.set = CPU_ALLOC(VM_CPU_PIN_MAX + 1);
	if (!now.set)
		return ENOMEM;
	if (sched_getaffinity(tid, now.size, now.set) < 0)
		return errno;
	return CPU_EQUAL_S(now.size, now.set, threads->cpus->set) ? 0 : ENODEV;
}

static void set_thread(const char *name, void *arg)
{
	struct threads *threads = arg;
	pid_t tid = (pid_t)atoi(name);
	int code = 0;

	if (threads->cpus)
		code = set_cpus_of(tid, threads);
	else if (setpriority(PRIO_PROCESS, (id_t)tid, threads->nice) < 0)
		code = errno;
	/* ESRCH: it has ended */
	if (code && code != ESRCH && !threads->code)
		threads->code = code;
}

/* The folder is of that very process: of another one with its pid it would not list a thread. */
static int set_threads(const struct live *live, struct threads *threads, struct error *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/task", live->process.pid);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, errno, "open '%s'", path);
	if (process_check(&live->process) != PROCESS_ALIVE)
		return error_set(err, ERROR_FAILED, ESRCH, "QEMU has ended");
	for (int i = 0; i < THREAD_ROUNDS; i++)
		dir_for_each(fd, set_thread, threads);
	return -threads->code;
}

static int set_cpus(const struct live *live, const struct vm_config *vm, struct error *err)
{
	AUTO(limits_cpus_done) struct limits_cpus cpus = { .set = NULL };
	struct threads threads = { .cpus = &cpus, .pinned = vm->cpu_pin };
	int r = limits_cpus_get(vm->cpu_pin, &cpus, err);

	if (!r)
		r = set_threads(live, &threads, err);
	if (threads.code == ENODEV)
		return error_set(err, ERROR_HOST, ENODEV,
				 "the cpuset of process %d has not all of CPUs %s",
				 live->process.pid, vm->cpu_pin);
	return threads.code ? error_errno(err, threads.code, "set the CPUs of process %d",
					  live->process.pid)
			    : r;
}

static int set_nice(const struct live *live, const struct vm_config *vm, struct error *err)
{
	struct threads threads = { .nice = vm->nice };
	int r = set_threads(live, &threads, err);

	return threads.code ? error_errno(err, threads.code, "set the nice value of process %d",
					  live->process.pid)
			    : r;
}

/* Below what is in use now the kernel would make room, and kill where it cannot. */
static int check_room(const char *path, const struct cgroup_limits *limits, struct error *err)
{
	char used[SIZE_TEXT_MAX], max[SIZE_TEXT_MAX];
	struct cgroup_state state;
	int r = cgroup_read(path, &state, err);

	if (r || !limits->memory_max || !state.has_memory ||
	    state.memory_current <= limits->memory_max)
		return r;
	size_format(state.memory_current, used);
	size_format(limits->memory_max, max);
	return error_set(err, ERROR_BUSY, EBUSY, "%s of memory are in use, more than %s", used,
			 max);
}

static bool is_cgroup(const char *path, uint64_t inode)
{
	struct stat st;

	return inode && stat(path, &st) == 0 && st.st_ino == inode;
}

/*
 * The cgroup of the VM's run. What is only recorded, or is no more the one that was made, may be of
 * another state directory's VM with that name: nothing is said of it, and nothing done to it.
 */
static int own_cgroup(const struct vm_dir *dir, char **ret, struct error *err)
{
	AUTO_FREE char *path = NULL;
	uint64_t inode;
	int r = record_cgroup_read(dir, &path, &inode, err);

	if (r)
		return r;
	if (!is_cgroup(path, inode))
		return RECORD_NONE;
	*ret = ptr_steal(&path);
	return 0;
}

static int set_cgroup(const struct vm_dir *dir, const struct vm_config *vm, struct error *err)
{
	struct cgroup_limits limits;
	AUTO_FREE char *path = NULL;
	int r = own_cgroup(dir, &path, err);

	if (r == RECORD_NONE)
		return limits_asked(vm) ? error_set(err, ERROR_HOST, ENOENT, "it has no cgroup")
					: 0;
	if (!r)
		r = limits_of(vm, dir->fd, &limits, err);
	if (!r)
		r = check_room(path, &limits, err);
	if (!r)
		r = cgroup_apply(path, &limits, err);
	return r;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_limits(const struct vm_config *a, const struct vm_config *b)
{
	const struct vm_limits *x = &a->limits, *y = &b->limits;

	return x->memory_max_mib == y->memory_max_mib &&
	       x->memory_unlimited == y->memory_unlimited &&
	       x->cpu_max_percent == y->cpu_max_percent && x->cpu_weight == y->cpu_weight &&
	       x->pids_max == y->pids_max && x->io_weight == y->io_weight &&
	       same_text(x->io_max, y->io_max);
}

static void copy_limits(struct vm_config *to, const struct vm_config *from)
{
	char *io_max = to->limits.io_max;

	to->limits = from->limits;
	to->limits.io_max = io_max;
	xreplace(&to->limits.io_max, from->limits.io_max);
}

static bool noted(const struct vm_host *host, const struct vm_dir *dir, int r,
		  const struct error *err)
{
	if (r)
		vm_note(host, "%s: not in effect now: %s", dir->name, err->message);
	return r != 0;
}

static bool apply_nice(const struct vm_host *host, const struct vm_dir *dir,
		       const struct live *live, int nice, struct vm_config *run)
{
	struct error err = ERROR_INIT;
	int before = run->nice;

	if (nice == before)
		return true;
	run->nice = nice;
	if (!noted(host, dir, set_nice(live, run, &err), &err))
		return true;
	run->nice = before;
	return false;
}

static bool apply_cpus(const struct vm_host *host, const struct vm_dir *dir,
		       const struct live *live, const char *cpu_pin, struct vm_config *run)
{
	AUTO_FREE char *before = run->cpu_pin ? xstrdup(run->cpu_pin) : NULL;
	struct error err = ERROR_INIT, ignored = ERROR_INIT;

	if (same_text(cpu_pin, before))
		return true;
	xreplace(&run->cpu_pin, cpu_pin);
	if (!noted(host, dir, set_cpus(live, run, &err), &err))
		return true;
	xreplace(&run->cpu_pin, before);
	(void)set_cpus(live, run, &ignored);
	return false;
}

/* Some of them may have been written: what is recorded is to be in effect, and nothing else. */
static void write_back(const struct vm_dir *dir, const struct vm_config *run)
{
	struct error ignored = ERROR_INIT;
	struct cgroup_limits limits;
	AUTO_FREE char *path = NULL;

	if (!own_cgroup(dir, &path, &ignored) && limits_of(run, dir->fd, &limits, &ignored) >= 0)
		(void)cgroup_apply(path, &limits, &ignored);
}

static bool apply_limits(const struct vm_host *host, const struct vm_dir *dir,
			 const struct vm_config *vm, struct vm_config *run)
{
	AUTO(vm_config_done) struct vm_config before = { .nice = 0 };
	struct error err = ERROR_INIT;

	if (same_limits(vm, run))
		return true;
	copy_limits(&before, run);
	copy_limits(run, vm);
	if (!noted(host, dir, set_cgroup(dir, run, &err), &err))
		return true;
	copy_limits(run, &before);
	write_back(dir, run);
	return false;
}

/*
 * run is as it was started, and becomes what is in effect now. What auto means goes by the memory
 * and the CPUs that it was started with. What has not changed is not touched: it may be the
 * caller's of that time, or somebody else's since.
 */
static bool apply(const struct vm_host *host, const struct vm_dir *dir, const struct live *live,
		  const struct vm_config *vm, struct vm_config *run)
{
	bool nice = apply_nice(host, dir, live, vm->nice, run);
	bool cpus = apply_cpus(host, dir, live, vm->cpu_pin, run);
	bool limits = apply_limits(host, dir, vm, run);

	return nice && cpus && limits;
}

bool limits_apply_now(const struct vm_host *host, const struct vm_dir *dir, const struct live *live,
		      const struct vm_config *vm)
{
	AUTO(vm_config_done) struct vm_config run = { .nice = 0 };
	struct error err = ERROR_INIT;
	int r = vm_dir_load_run(dir, &host->config, &run, &err);
	bool all;

	if (r == VM_DIR_NO_RUN)
		r = error_set(&err, ERROR_BUSY, ENOENT, "it was started by another program");
	if (noted(host, dir, r, &err))
		return false;
	all = apply(host, dir, live, vm, &run);
	return !noted(host, dir, vm_dir_save_run(dir, &run, &err), &err) && all;
}

bool limits_out_of_memory(const struct vm_dir *dir, char *out, size_t size)
{
	struct error ignored = ERROR_INIT;
	AUTO_FREE char *path = NULL;
	struct cgroup_state state;
	char max[SIZE_TEXT_MAX];

	if (own_cgroup(dir, &path, &ignored) || cgroup_read(path, &state, &ignored) ||
	    !state.oom_kills)
		return false;
	size_format(state.memory_max, max);
	if (state.oom_limits && state.memory_max != UINT64_MAX)
		snprintf(out, size, "the kernel killed QEMU, which wanted more memory than its %s",
			 max);
	else
		snprintf(out, size, "the kernel killed QEMU, as the host had no memory left");
	return true;
}

void limits_tell_end(const struct vm_host *host, const struct vm_dir *dir)
{
	char why[160];

	if (limits_out_of_memory(dir, why, sizeof(why)))
		vm_note(host, "%s: %s", dir->name, why);
}

int limits_remove(const struct vm_host *host, const struct vm_dir *dir, struct error *err)
{
	struct error local = ERROR_INIT;
	AUTO_FREE char *path = NULL;
	uint64_t inode = 0;
	int r = record_cgroup_read(dir, &path, &inode, &local);

	if (r == RECORD_NONE)
		return 0;
	/* its start was killed: an empty one is what it may have made */
	if (!r && (!inode || is_cgroup(path, inode)))
		r = cgroup_remove(path, &local);
	if (r == -EBUSY && inode) {
		*err = local;
		error_prefix(err, "end the last run of vm '%s'", dir->name);
		return error_hint(err, "mnmivm-se stop --force %s", dir->name);
	}
	if (r && r != -EINVAL && inode)
		vm_note(host, "%s: %s", dir->name, local.message);
	record_cgroup_drop(dir);
	return 0;
}

bool limits_clear(const struct vm_host *host, const struct vm_dir *dir)
{
	struct error err = ERROR_INIT;

	if (!limits_remove(host, dir, &err))
		return true;
	vm_note(host, "%s; %s ends them", err.message, err.hint);
	return false;
}

void limits_kill(const struct vm_dir *dir)
{
	struct error ignored = ERROR_INIT;
	AUTO_FREE char *path = NULL;

	if (!own_cgroup(dir, &path, &ignored))
		(void)cgroup_kill(path, &ignored);
}
