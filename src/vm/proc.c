/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One process as the kernel tells of it in /proc/PID; proc(5). */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { PROC_FILE_MAX = 1 << 20, GROUPS_MAX = 65536 };

int proc_open(const struct process_id *id)
{
	char path[32];
	AUTO_CLOSE int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d", (int)id->pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* the folder is of one process; that it is the right one shows only now */
	if (process_check(id) != PROCESS_ALIVE)
		return -ESRCH;
	return fd_steal(&fd);
}

int proc_read(int proc_fd, const char *name, struct buf *ret)
{
	struct error ignored = ERROR_INIT;
	AUTO_CLOSE int fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return file_read_fd(fd, name, PROC_FILE_MAX, ret, &ignored);
}

int proc_read_line(int proc_fd, const char *name, struct buf *ret)
{
	int r = proc_read(proc_fd, name, ret);

	if (r < 0)
		return r;
	if (ret->data) {
		ret->len = strcspn(ret->data, "\n");
		ret->data[ret->len] = '\0';
	}
	return 0;
}

/*
 * What follows "Key:\t". The name of the process, which it chooses itself, comes before all others,
 * but its newlines are escaped.
 */
static const char *status_field(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; *line; line += *line == '\n') {
		if (!strncmp(line, key, len) && line[len] == ':')
			return line + len + 1 + strspn(line + len + 1, " \t");
		line += strcspn(line, "\n");
	}
	return NULL;
}

/* Up to max numbers of one line; how many there were. */
static int read_numbers(const char *at, int64_t *ret, int max)
{
	int n = 0;

	while (at && n < max) {
		char *end;
		long long value;

		at += strspn(at, " \t");
		if (*at < '0' || *at > '9')
			break;
		value = strtoll(at, &end, 10);
		if (ret)
			ret[n] = value;
		n++;
		at = end;
	}
	return n;
}

static int status_number(const char *text, const char *key)
{
	int64_t value;

	if (read_numbers(status_field(text, key), &value, 1) != 1 || value > INT32_MAX)
		return -1;
	return (int)value;
}

static void status_ids(const char *text, const char *key, int64_t ret[4])
{
	if (read_numbers(status_field(text, key), ret, 4) != 4)
		for (int i = 0; i < 4; i++)
			ret[i] = -1;
}

static bool status_capabilities(const char *text, uint64_t ret[PROC_CAP_SETS])
{
	static const char *const keys[PROC_CAP_SETS] = { "CapInh", "CapPrm", "CapEff", "CapBnd",
							 "CapAmb" };

	for (int i = 0; i < PROC_CAP_SETS; i++) {
		const char *field = status_field(text, keys[i]);

		if (!field || sscanf(field, "%16" SCNx64, &ret[i]) != 1)
			return false;
	}
	return true;
}

static void status_pids(const char *text, struct proc_status *ret)
{
	int64_t pids[33]; /* 32 can be nested in the first; pid_namespaces(7) */
	int n = read_numbers(status_field(text, "NSpid"), pids, (int)ARRAY_SIZE(pids));

	ret->pid_depth = n ? n : -1;
	ret->inner_pid = n && pids[n - 1] <= INT32_MAX ? (int)pids[n - 1] : -1;
}

void proc_status_parse(const char *text, struct proc_status *ret)
{
	const char *field = status_field(text, "Groups");
	struct proc_status status = { .n_groups = -1 };

	status_ids(text, "Uid", status.uids);
	status_ids(text, "Gid", status.gids);
	if (field)
		status.n_groups = read_numbers(field, NULL, GROUPS_MAX);
	status.has_capabilities = status_capabilities(text, status.capabilities);
	status.no_new_privs = status_number(text, "NoNewPrivs");
	status.seccomp = status_number(text, "Seccomp");
	status.seccomp_filters = status_number(text, "Seccomp_filters");
	status_pids(text, &status);
	status.tracer = status_number(text, "TracerPid");
	field = status_field(text, "Cpus_allowed_list");
	if (field)
		snprintf(status.cpus, sizeof(status.cpus), "%.*s", (int)strcspn(field, "\n"),
			 field);
	*ret = status;
}

int64_t proc_limit(const char *text, const char *name)
{
	size_t len = strlen(name);
	int64_t value;

	for (const char *line = text; *line; line += *line == '\n') {
		if (!strncmp(line, name, len) && line[len] == ' ') {
			const char *at = line + len + strspn(line + len, " ");

			if (!strncmp(at, "unlimited", 9))
				return PROC_UNLIMITED;
			return read_numbers(at, &value, 1) == 1 ? value : -1;
		}
		line += strcspn(line, "\n");
	}
	return -1;
}

bool proc_net_is_empty(const char *text)
{
	unsigned int lines = 0;

	/* two lines of heading, then "  lo: 0 0 ..." */
	for (const char *line = text; *line; line += *line == '\n') {
		const char *link = line + strspn(line, " ");

		if (++lines > 2 && strncmp(link, "lo:", 3) != 0)
			return false;
		line += strcspn(line, "\n");
	}
	return lines >= 2;
}

bool proc_cgroup_path(const char *text, char *ret, size_t size)
{
	for (const char *line = text; *line; line += *line == '\n') {
		if (!strncmp(line, "0::", 3)) {
			snprintf(ret, size, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
			return true;
		}
		line += strcspn(line, "\n");
	}
	return false;
}
