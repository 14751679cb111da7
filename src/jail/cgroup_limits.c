/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a leaf: limits written, and what the kernel says of it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/parse.h"
#include "cgroup_dir.h"

enum { CPU_PERIOD_US = 100000 }; /* the kernel's default */

unsigned int cgroup_limits_need(const struct cgroup_limits *limits)
{
	unsigned int mask = 0;

	if (limits->memory_max)
		mask |= 1U << CONTROLLER_MEMORY;
	if (limits->cpu_max_percent || limits->cpu_weight)
		mask |= 1U << CONTROLLER_CPU;
	if (limits->pids_max)
		mask |= 1U << CONTROLLER_PIDS;
	if (limits->io_weight || limits->io_rbps || limits->io_wbps || limits->io_riops ||
	    limits->io_wiops)
		mask |= 1U << CONTROLLER_IO;
	return mask;
}

/* One file of a leaf, what goes there, and whether somebody would miss it. */
struct setting {
	enum controller controller;
	const char *file;
	bool wanted;
	char text[128];
};

enum { SETTINGS_MAX = 8 };

static void add(struct setting *settings, size_t *n, enum controller controller, const char *file,
		bool wanted, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

static void add(struct setting *settings, size_t *n, enum controller controller, const char *file,
		bool wanted, const char *fmt, ...)
{
	struct setting *setting = &settings[(*n)++];
	va_list args;

	setting->controller = controller;
	setting->file = file;
	setting->wanted = wanted;
	va_start(args, fmt);
	vsnprintf(setting->text, sizeof(setting->text), fmt, args);
	va_end(args);
}

/* "max" where there is no limit. */
static const char *or_max(uint64_t value, char out[24])
{
	if (value)
		snprintf(out, 24, "%" PRIu64, value);
	else
		memcpy(out, "max", sizeof("max"));
	return out;
}

static void add_io(const struct cgroup_limits *limits, struct setting *settings, size_t *n)
{
	bool any = limits->io_rbps || limits->io_wbps || limits->io_riops || limits->io_wiops;
	char a[24], b[24], c[24], d[24];

	if (limits->io_major || limits->io_minor)
		add(settings, n, CONTROLLER_IO, "io.max", any,
		    "%u:%u rbps=%s wbps=%s riops=%s wiops=%s", limits->io_major, limits->io_minor,
		    or_max(limits->io_rbps, a), or_max(limits->io_wbps, b),
		    or_max(limits->io_riops, c), or_max(limits->io_wiops, d));
	add(settings, n, CONTROLLER_IO, "io.weight", limits->io_weight, "default %u",
	    limits->io_weight ? limits->io_weight : 100);
}

/* memory.oom.group: a QEMU without some of its threads is of no use to anybody. */
static size_t collect(const struct cgroup_limits *limits, struct setting settings[SETTINGS_MAX])
{
	bool memory = limits->memory_max && !limits->memory_optional;
	uint64_t quota_us = (uint64_t)limits->cpu_max_percent * (CPU_PERIOD_US / 100);
	char max[24];
	size_t n = 0;

	add(settings, &n, CONTROLLER_MEMORY, "memory.max", memory, "%s",
	    or_max(limits->memory_max, max));
	add(settings, &n, CONTROLLER_MEMORY, "memory.oom.group", memory, "1");
	add(settings, &n, CONTROLLER_CPU, "cpu.max", limits->cpu_max_percent, "%s %d",
	    or_max(quota_us, max), CPU_PERIOD_US);
	add(settings, &n, CONTROLLER_CPU, "cpu.weight", limits->cpu_weight, "%u",
	    limits->cpu_weight ? limits->cpu_weight : 100);
	add(settings, &n, CONTROLLER_PIDS, "pids.max", limits->pids_max && !limits->pids_optional,
	    "%s", or_max(limits->pids_max, max));
	add_io(limits, settings, &n);
	return n;
}

/* A file that is not there is a controller that is not on, and the reason lies further up. */
static int word_setting(const struct setting *setting, const char *path, int code, int why,
			struct error *err)
{
	const char *controller = controller_words[setting->controller];

	if (code != ENOENT) {
		error_errno(err, code, "set %s to '%s' for cgroup '%s'", setting->file,
			    setting->text, path);
	} else if (why == EBUSY) {
		error_set(err, ERROR_HOST, why,
			  "set %s for cgroup '%s': controller '%s' is off, as other processes are "
			  "in the cgroup above it",
			  setting->file, path, controller);
	} else {
		error_set(err, ERROR_HOST, code,
			  "set %s for cgroup '%s': controller '%s' is not to be had there",
			  setting->file, path, controller);
	}
	return CGROUP_PARTLY;
}

int cgroup_limits_write(int leaf_fd, const char *path, const struct cgroup_limits *limits,
			const struct controllers *controllers, struct error *err)
{
	struct setting settings[SETTINGS_MAX];
	size_t n = collect(limits, settings);
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		int code = -cgroup_put(leaf_fd, settings[i].file, settings[i].text);

		if (code && settings[i].wanted && !r)
			r = word_setting(&settings[i], path, code,
					 controllers->why[settings[i].controller], err);
	}
	return r;
}

static void forget(struct cgroup_limits *limits, unsigned int controllers)
{
	if (controllers & 1U << CONTROLLER_MEMORY)
		limits->memory_max = 0;
	if (controllers & 1U << CONTROLLER_CPU)
		limits->cpu_max_percent = limits->cpu_weight = 0;
	if (controllers & 1U << CONTROLLER_PIDS)
		limits->pids_max = 0;
	if (controllers & 1U << CONTROLLER_IO) {
		limits->io_weight = 0;
		limits->io_rbps = limits->io_wbps = limits->io_riops = limits->io_wiops = 0;
	}
}

/* The files that would be missed, and the controllers that they need, each once. */
static void lacking(const struct cgroup_limits *limits, unsigned int controllers,
		    struct strv *ret_files, struct strv *ret_controllers)
{
	struct setting settings[SETTINGS_MAX];
	size_t n = collect(limits, settings);
	unsigned int told = controllers;

	for (size_t i = 0; i < n; i++) {
		unsigned int bit = 1U << settings[i].controller;

		/* memory.oom.group is no setting of a VM's */
		if (controllers & bit || !settings[i].wanted || strstr(settings[i].file, "oom"))
			continue;
		strv_push(ret_files, settings[i].file);
		if (!(told & bit))
			strv_pushf(ret_controllers, "'%s'",
				   controller_words[settings[i].controller]);
		told |= bit;
	}
}

int cgroup_limits_reduce(struct cgroup_limits *limits, unsigned int controllers, const char *path,
			 struct error *err)
{
	AUTO_STRV files = STRV_INIT, needed = STRV_INIT;
	AUTO_FREE char *files_text = NULL;
	AUTO_FREE char *needed_text = NULL;

	lacking(limits, controllers, &files, &needed);
	forget(limits, ~controllers);
	if (!files.n)
		return 0;
	files_text = strv_join(&files, ", ");
	needed_text = strv_join(&needed, ", ");
	error_set(err, ERROR_HOST, ENOENT,
		  "set %s for cgroup '%s': controller%s %s %s not to be had there", files_text,
		  path, needed.n > 1 ? "s" : "", needed_text, needed.n > 1 ? "are" : "is");
	return CGROUP_PARTLY;
}

void cgroup_lacking(const char *path, const struct cgroup_limits *limits, struct strv *ret)
{
	AUTO_CLOSE int fd = cgroup_dir_open(path);
	AUTO_STRV needed = STRV_INIT;

	lacking(limits, cgroup_controllers(fd), ret, &needed);
}

/* A number, or "max" as UINT64_MAX. False: the file is not there, or is not what it should be. */
static bool get_number(int dir_fd, const char *file, uint64_t *ret)
{
	struct error ignored = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;
	AUTO_FREE char *word = NULL;

	if (cgroup_get(dir_fd, file, &text, &ignored))
		return false;
	word = xstrndup(buf_str(&text), strcspn(buf_str(&text), "\n"));
	if (!strcmp(word, "max")) {
		*ret = UINT64_MAX;
		return true;
	}
	return !parse_u64(file, word, 0, UINT64_MAX, ret, &ignored);
}

/* The number of "key NUMBER", a line of a flat keyed file. */
static bool get_keyed(int dir_fd, const char *file, const char *key, uint64_t *ret)
{
	struct error ignored = ERROR_INIT;
	AUTO_FREE char *start = xasprintf("%s ", key);
	AUTO_FREE char *word = NULL;
	AUTO_BUF text = BUF_INIT;
	const char *line;

	if (cgroup_get(dir_fd, file, &text, &ignored))
		return false;
	line = buf_str(&text);
	while (strncmp(line, start, strlen(start)) != 0) {
		line = strchr(line, '\n');
		if (!line++)
			return false;
	}
	line += strlen(start);
	word = xstrndup(line, strcspn(line, "\n"));
	return !parse_u64(key, word, 0, UINT64_MAX, ret, &ignored);
}

/* cpu.max is "QUOTA PERIOD", or "max PERIOD". */
static unsigned int get_cpu_max(int dir_fd)
{
	struct error ignored = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;
	uint64_t quota, period;

	if (cgroup_get(dir_fd, "cpu.max", &text, &ignored) ||
	    sscanf(buf_str(&text), "%" SCNu64 " %" SCNu64, &quota, &period) != 2 || !period ||
	    quota > UINT64_MAX / 100)
		return 0;
	return (unsigned int)(quota * 100 / period);
}

void cgroup_state_get(int dir_fd, struct cgroup_state *ret)
{
	*ret = (struct cgroup_state){ .has_memory = false };
	ret->has_controllers = cgroup_controllers(dir_fd) != 0;
	ret->has_memory = get_number(dir_fd, "memory.current", &ret->memory_current) &&
			  get_number(dir_fd, "memory.max", &ret->memory_max);
	(void)get_keyed(dir_fd, "memory.events", "oom_kill", &ret->oom_kills);
	(void)get_keyed(dir_fd, "memory.events", "oom", &ret->oom_limits);
	ret->has_cpu = get_keyed(dir_fd, "cpu.stat", "usage_usec", &ret->cpu_usage_us);
	ret->cpu_max_percent = get_cpu_max(dir_fd);
	ret->has_pids = get_number(dir_fd, "pids.current", &ret->pids_current) &&
			get_number(dir_fd, "pids.max", &ret->pids_max);
}

int cgroup_read(const char *path, struct cgroup_state *ret, struct error *err)
{
	AUTO_CLOSE int fd = cgroup_dir_open(path);

	if (fd < 0)
		return error_errno(err, -fd, "open cgroup '%s'", path);
	cgroup_state_get(fd, ret);
	return 0;
}
