/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of a start that hold QEMU to its share of the host. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "store/record.h"
#include "limits.h"
#include "start_steps.h"

static bool may_go_without(const struct start *start)
{
	const struct host_config *config = &start->host->config;

	if (vm_config_allowed_missing(&start->vm, config) & LAYER_BIT(LAYER_CGROUP))
		return true;
	return !limits_asked(&start->vm) && !limits_cgroup_is_named(config);
}

/* No cgroup, or one without a limit that was asked for. */
static int refuse(const struct start *start, int outcome, struct error *err)
{
	error_kind(err, ERROR_HOST);
	if (outcome == CGROUP_NONE && limits_cgroup_is_named(&start->host->config)) {
		error_prefix(err, "'cgroup' in the host's configuration");
		return error_hint(err,
				  "cgroup = auto there lets the host decide; mnmivm-se set %s "
				  "allow_missing=cgroup starts it without",
				  start->dir.name);
	}
	error_prefix(err, "limits of the VM cannot be had");
	return error_hint(err, "mnmivm-se set %s allow_missing=cgroup starts it without",
			  start->dir.name);
}

/* Who asked for nothing is told by status. */
static int go_without(struct start *start, int outcome, struct error *err)
{
	if (!may_go_without(start))
		return refuse(start, outcome, err);
	if (limits_asked(&start->vm))
		vm_note(start->host, "%s: without all of its limits: %s", start->dir.name,
			err->message);
	start->missing |= LAYER_BIT(LAYER_CGROUP);
	return 0;
}

/* What is to be had of the limits, and where; the outcome is cgroup_check()'s. */
static int look_at_cgroup(const struct start *start, struct cgroup_limits *ret, char **ret_path,
			  struct error *err)
{
	struct error disk = ERROR_INIT;
	int partly = limits_of(&start->vm, start->dir.fd, ret, &disk);
	int r = partly < 0 ? partly
			   : cgroup_check(start->host->config.cgroup, start->dir.name, ret,
					  ret_path, err);

	if (!partly || (r && partly > 0))
		return r;
	*err = disk;
	return partly;
}

/*
 * Making it tells that to a start. A description may be of a VM that runs, in the very cgroup that
 * a restart gives back.
 */
static int check_free(const struct start *start, const char *path, struct error *err)
{
	struct error ignored = ERROR_INIT;
	AUTO_FREE char *own = NULL;
	uint64_t inode;

	if (!path || start->dir.lock_fd >= 0)
		return 0;
	if (!record_cgroup_read(&start->dir, &own, &inode, &ignored) && !strcmp(own, path))
		return 0;
	return cgroup_check_free(path, err);
}

static int check_cgroup(const struct start *start, struct error *err)
{
	struct error why = ERROR_INIT;
	struct cgroup_limits limits;
	AUTO_FREE char *path = NULL;
	int r = look_at_cgroup(start, &limits, &path, &why);

	if (!r || (r > 0 && may_go_without(start)))
		return check_free(start, path, err);
	*err = why;
	return r < 0 ? r : refuse(start, r, err);
}

int start_check_limits(struct start *start, struct error *err)
{
	int r = limits_check(&start->vm, err);

	if (!r && start->vm.cpu_pin)
		r = limits_cpus_get(start->vm.cpu_pin, &start->cpus, err);
	return r ? r : check_cgroup(start, err);
}

static int record_made(struct start *start, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(start->cgroup, &st) < 0)
		return error_errno(err, errno, "look at cgroup '%s'", path);
	return record_cgroup_write(&start->dir, path, st.st_ino, err);
}

/*
 * The path is recorded before there is anything: whatever ends this program, the next command knows
 * what to remove.
 */
static int make_cgroup(struct start *start, const struct cgroup_limits *limits, struct error *err)
{
	const char *where = start->host->config.cgroup, *name = start->dir.name;
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *made = NULL;
	int recorded, r = cgroup_place(where, name, &path, err);

	if (r)
		return r;
	r = record_cgroup_write(&start->dir, path, 0, err);
	if (r)
		return r;
	r = cgroup_make(where, name, limits, &start->cgroup, &made, err);
	if (start->cgroup < 0) {
		record_cgroup_drop(&start->dir);
		return r;
	}
	recorded = record_made(start, made, err);
	return recorded ? recorded : r;
}

int start_open_cgroup(struct start *start, struct error *err)
{
	struct error disk = ERROR_INIT;
	struct cgroup_limits limits;
	int partly = limits_of(&start->vm, start->dir.fd, &limits, &disk);
	int r = partly < 0 ? partly : make_cgroup(start, &limits, err);

	if (partly && (!r || partly < 0)) {
		*err = disk;
		r = partly;
	}
	return r > 0 ? go_without(start, r, err) : r;
}

static void describe_number(struct buf *out, const char *file, uint64_t value, const char *unit)
{
	if (value)
		buf_printf(out, ", %s %llu%s", file, (unsigned long long)value, unit);
}

static bool is_unlimited(const struct cgroup_limits *limits)
{
	return !limits->memory_max && !limits->cpu_max_percent && !limits->cpu_weight &&
	       !limits->pids_max && !limits->io_weight;
}

static void describe_limits(const struct cgroup_limits *limits, const char *io_max, struct buf *out)
{
	bool io = limits->io_rbps || limits->io_wbps || limits->io_riops || limits->io_wiops;
	char size[SIZE_TEXT_MAX];

	if (limits->memory_max) {
		size_format(limits->memory_max, size);
		buf_printf(out, ", memory.max %s", size);
	}
	describe_number(out, "cpu.max", limits->cpu_max_percent, "%");
	describe_number(out, "cpu.weight", limits->cpu_weight, "");
	describe_number(out, "pids.max", limits->pids_max, "");
	describe_number(out, "io.weight", limits->io_weight, "");
	if (io)
		buf_printf(out, ", io.max %u:%u %s", limits->io_major, limits->io_minor, io_max);
	else if (is_unlimited(limits))
		buf_puts(out, ", nothing limited: no controllers");
	buf_puts(out, "\n");
}

void start_describe_limits(const struct start *start, struct buf *out)
{
	const struct vm_config *vm = &start->vm;
	struct error why = ERROR_INIT;
	struct cgroup_limits limits;
	AUTO_FREE char *path = NULL;
	int r = look_at_cgroup(start, &limits, &path, &why);

	if (path) {
		buf_printf(out, "make cgroup %s", path);
		describe_limits(&limits, vm->limits.io_max, out);
	}
	if (r)
		buf_printf(out, "no %s: %s\n", path ? "further limits" : "cgroup", why.message);
	if (vm->cpu_pin)
		buf_printf(out, "run on CPUs %s\n", vm->cpu_pin);
	if (vm->nice)
		buf_printf(out, "run at nice %d\n", vm->nice);
}
