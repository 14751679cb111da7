/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bpf(2), as far as a program with an array of counters needs it. */
#include "bpf.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/privilege.h"

enum { LOG_SIZE = 256 * 1024 };

/*
 * The whole union, zeroed: a kernel takes one that is longer than its own as long as the rest is
 * zero (bpf_check_uarg_tail_zero). Returns a descriptor or 0, or a negative errno.
 */
static int call(enum bpf_cmd command, union bpf_attr *attr)
{
	/* a program of traffic control takes both (bpf(2)) */
	AUTO_PRIVILEGE raised = privilege_raise(PRIVILEGE_BIT(PRIVILEGE_NET_ADMIN) |
						PRIVILEGE_BIT(PRIVILEGE_BPF));
	long r = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static uint64_t address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static void put_name(char out[BPF_OBJ_NAME_LEN], const char *name)
{
	memcpy(out, name, strnlen(name, BPF_OBJ_NAME_LEN - 1));
}

static int explain(int code, const char *what, const char *name, struct error *err)
{
	AUTO_FREE char *step = xasprintf("%s '%s'", what, name);

	switch (code) {
	case ENOSYS:
		error_errno(err, code, "%s", step);
		error_kind(err, ERROR_HOST);
		return error_hint(err, "a kernel with CONFIG_BPF_SYSCALL is needed; '--guard off' "
				       "goes without");
	case EPERM:
		return privilege_refused(PRIVILEGE_BPF, step, err);
	default:
		return error_errno(err, code, "%s", step);
	}
}

int bpf_create_map(const char *name, uint32_t value_size, int *ret_fd, struct error *err)
{
	union bpf_attr attr = { 0 };
	int fd;

	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = value_size;
	attr.max_entries = 1;
	put_name(attr.map_name, name);
	fd = call(BPF_MAP_CREATE, &attr);
	if (fd < 0)
		return explain(-fd, "create BPF map", name, err);
	*ret_fd = fd;
	return 0;
}

/* The verifier ends with what it did ("processed ..."); its reason is the line before. */
static const char *last_words(char *log)
{
	char *end = strstr(log, "\nprocessed ");
	char *line;

	if (end)
		*end = '\0';
	line = strrchr(log, '\n');
	return line ? line + 1 : log;
}

/* Load it once more, to hear why not: the log costs time that a good program need not spend. */
static int explain_refusal(union bpf_attr *attr, int code, const char *name, struct error *err)
{
	AUTO_FREE char *log = xcalloc(1, LOG_SIZE);
	int fd;

	attr->log_level = 1;
	attr->log_size = LOG_SIZE;
	attr->log_buf = address(log);
	fd = call(BPF_PROG_LOAD, attr);
	fd_close(&fd);
	log[LOG_SIZE - 1] = '\0';
	explain(code, "load BPF program", name, err);
	if (!*log)
		return -code;
	return error_set(err, ERROR_HOST, code, "load BPF program '%s': the kernel's verifier: %s",
			 name, last_words(log));
}

int bpf_load_classifier(const char *name, const struct bpf_insn *insn, uint32_t n, int *ret_fd,
			struct error *err)
{
	union bpf_attr attr = { 0 };
	int fd;

	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = address(insn);
	attr.insn_cnt = n;
	attr.license = address("GPL");
	put_name(attr.prog_name, name);
	fd = call(BPF_PROG_LOAD, &attr);
	if (fd == -ENOSYS || fd == -EPERM)
		return explain(-fd, "load BPF program", name, err);
	if (fd < 0)
		return explain_refusal(&attr, -fd, name, err);
	*ret_fd = fd;
	return 0;
}

static int get_info(int fd, void *info, uint32_t size)
{
	union bpf_attr attr = { 0 };

	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = size;
	attr.info.info = address(info);
	return call(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static int open_by_id(enum bpf_cmd command, uint32_t id, int *ret_fd)
{
	union bpf_attr attr = { 0 };
	int fd;

	attr.prog_id = id; /* in a union with map_id */
	fd = call(command, &attr);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

/* Ids are given again after 2^31 programs: a name and a size tell whose it is. */
static int find_map(uint32_t program_id, const char *name, uint32_t value_size, int *ret_fd)
{
	struct bpf_prog_info program = { 0 };
	struct bpf_map_info map = { 0 };
	AUTO_CLOSE int program_fd = -1;
	AUTO_CLOSE int map_fd = -1;
	uint32_t map_id = 0;
	int r;

	program.nr_map_ids = 1;
	program.map_ids = address(&map_id);
	r = open_by_id(BPF_PROG_GET_FD_BY_ID, program_id, &program_fd);
	if (r == 0)
		r = get_info(program_fd, &program, sizeof(program));
	if (r < 0)
		return r;
	if (program.type != BPF_PROG_TYPE_SCHED_CLS ||
	    strncmp(program.name, name, sizeof(program.name)) != 0 || program.nr_map_ids != 1)
		return -ENOENT;
	r = open_by_id(BPF_MAP_GET_FD_BY_ID, map_id, &map_fd);
	if (r == 0)
		r = get_info(map_fd, &map, sizeof(map));
	if (r < 0)
		return r;
	if (map.type != BPF_MAP_TYPE_ARRAY || map.value_size != value_size || map.max_entries != 1)
		return -ENOENT;
	*ret_fd = fd_steal(&map_fd);
	return 0;
}

static int lookup(int map_fd, void *ret_value)
{
	union bpf_attr attr = { 0 };
	uint32_t key = 0;

	attr.map_fd = (uint32_t)map_fd;
	attr.key = address(&key);
	attr.value = address(ret_value);
	return call(BPF_MAP_LOOKUP_ELEM, &attr);
}

int bpf_read_map_of(uint32_t program_id, const char *name, void *ret_value, uint32_t value_size,
		    struct error *err)
{
	AUTO_CLOSE int map_fd = -1;
	int r = find_map(program_id, name, value_size, &map_fd);

	if (r == 0)
		r = lookup(map_fd, ret_value);
	if (r == -ENOENT)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "no BPF program '%s' with id %u",
				 name, program_id);
	return r < 0 ? explain(-r, "read the counters of BPF program", name, err) : 0;
}
