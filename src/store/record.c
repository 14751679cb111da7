/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of a running VM, and what is left of one that died. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/parse.h"
#include "store/record.h"

enum {
	RECORD_MAX = 512,
	CGROUP_MAX = PATH_MAX + 64,
	CMDLINE_MAX = 128 * 1024,
	STATUS_MAX = 16 * 1024
};

static const char *const phase_words[] = { "starting", "running", "paused", "stopping", NULL };

/*
 * What start leaves in the run folder besides the lock, the logs and the settings; of the last two
 * when it is killed.
 */
static const char *const leftovers[] = {
	"process",	 "qmp.sock", "console.sock", "vnc.sock",    "seed.iso", ".tmp-process",
	".tmp-seed.iso", "missing",  ".tmp-missing", ".tmp-cgroup", NULL,
};

/* This one goes with what it tells of. */
static const char *const cgroup_record[] = { "cgroup", NULL };

/* One of these files; RECORD_NONE: there is none. */
static int read_text(const struct vm_dir *dir, const char *file, size_t max, struct buf *ret,
		     struct error *err)
{
	struct error local = ERROR_INIT;
	int r;

	if (dir->run_fd < 0)
		return RECORD_NONE;
	r = file_read(dir->run_fd, file, max, ret, &local);
	if (r == -ENOENT)
		return RECORD_NONE;
	if (r) {
		*err = local;
		error_prefix(err, "vm '%s'", dir->name);
	}
	return r;
}

/* scanf(3) is generous; what does not come out again byte by byte is not ours. */
static int check_again(const struct vm_dir *dir, const char *file, const struct buf *text,
		       const char *again, struct error *err)
{
	if (again && strlen(again) == text->len && !memcmp(again, buf_str(text), text->len))
		return 0;
	return error_set(err, ERROR_FAILED, EINVAL, "vm '%s': the file '%s' is unreadable",
			 dir->name, file);
}

static char *record_format(const struct record *record)
{
	return xasprintf("pid %d\nstart %" PRIu64 "\nboot %s\nphase %s\n", record->process.pid,
			 record->process.start_ticks, record->process.boot_id,
			 phase_words[record->phase]);
}

int record_read(const struct vm_dir *dir, struct record *ret, struct error *err)
{
	struct error ignored = ERROR_INIT;
	struct record record = { 0 };
	AUTO_FREE char *again = NULL;
	AUTO_BUF text = BUF_INIT;
	char phase[16];
	int word;
	int r = read_text(dir, "process", RECORD_MAX, &text, err);

	if (r)
		return r;
	if (sscanf(buf_str(&text), "pid %d start %" SCNu64 " boot %36s phase %15s",
		   &record.process.pid, &record.process.start_ticks, record.process.boot_id,
		   phase) == 4 &&
	    record.process.pid > 1 && !parse_choice("phase", phase, phase_words, &word, &ignored)) {
		record.phase = (enum phase)word;
		again = record_format(&record);
	}
	r = check_again(dir, "process", &text, again, err);
	if (!r)
		*ret = record;
	return r;
}

/* For people and older tools: a full disk there is no reason not to run. */
static void write_pid(const struct vm_dir *dir, pid_t pid)
{
	AUTO_FREE char *text = xasprintf("%d\n", pid);
	struct error ignored = ERROR_INIT;
	AUTO_BUF there = BUF_INIT;

	/* a phase changes no pid, and this file lies on a disk */
	if (!file_read(dir->fd, "vm.pid", strlen(text), &there, &ignored) &&
	    !strcmp(buf_str(&there), text))
		return;
	file_write_volatile(dir->fd, "vm.pid", text, strlen(text), 0600, &ignored);
}

int record_write(const struct vm_dir *dir, const struct record *record, struct error *err)
{
	AUTO_FREE char *text = record_format(record);
	int r = file_write_volatile(dir->run_fd, "process", text, strlen(text), 0600, err);

	if (!r)
		write_pid(dir, record->process.pid);
	return r ? error_prefix(err, "record vm '%s'", dir->name) : 0;
}

int record_phase(const struct vm_dir *dir, const struct process_id *process, enum phase phase,
		 struct error *err)
{
	const struct record record = { .process = *process, .phase = phase };

	return record_write(dir, &record, err);
}

void record_touch(const struct vm_dir *dir)
{
	if (dir->run_fd >= 0)
		(void)utimensat(dir->run_fd, "process", NULL, AT_SYMLINK_NOFOLLOW);
}

int64_t record_age_ms(const struct vm_dir *dir)
{
	struct timespec now;
	struct stat st;

	if (dir->run_fd < 0 || fstatat(dir->run_fd, "process", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    clock_gettime(CLOCK_REALTIME, &now) < 0)
		return -1;
	return (now.tv_sec - st.st_mtim.tv_sec) * INT64_C(1000) +
	       (now.tv_nsec - st.st_mtim.tv_nsec) / 1000000;
}

static void missing_format(unsigned int mask, struct buf *ret)
{
	for (unsigned int i = 0; i < LAYERS; i++) {
		if (mask & LAYER_BIT(i))
			buf_printf(ret, "%s\n", layer_words[i]);
	}
}

int record_missing_write(const struct vm_dir *dir, unsigned int mask, struct error *err)
{
	AUTO_BUF text = BUF_INIT;
	int r;

	missing_format(mask, &text);
	r = file_write_volatile(dir->run_fd, "missing", buf_str(&text), text.len, 0600, err);
	return r ? error_prefix(err, "record vm '%s'", dir->name) : 0;
}

int record_missing_read(const struct vm_dir *dir, unsigned int *ret, struct error *err)
{
	struct error ignored = ERROR_INIT;
	AUTO_STRV lines = STRV_INIT;
	AUTO_BUF again = BUF_INIT;
	AUTO_BUF text = BUF_INIT;
	unsigned int mask = 0;
	int layer;
	int r = read_text(dir, "missing", RECORD_MAX, &text, err);

	if (r)
		return r;
	strv_split(&lines, buf_str(&text), '\n');
	for (size_t i = 0; i < lines.n; i++) {
		if (!parse_choice("layer", lines.v[i], layer_words, &layer, &ignored))
			mask |= LAYER_BIT(layer);
	}
	missing_format(mask, &again);
	r = check_again(dir, "missing", &text, buf_str(&again), err);
	if (!r)
		*ret = mask;
	return r;
}

static char *cgroup_format(const char *path, uint64_t inode)
{
	return inode ? xasprintf("%s\ninode %" PRIu64 "\n", path, inode) : xasprintf("%s\n", path);
}

int record_cgroup_write(const struct vm_dir *dir, const char *path, uint64_t inode,
			struct error *err)
{
	AUTO_FREE char *text = cgroup_format(path, inode);
	int r = file_write_volatile(dir->run_fd, "cgroup", text, strlen(text), 0600, err);

	return r ? error_prefix(err, "record vm '%s'", dir->name) : 0;
}

void record_cgroup_drop(const struct vm_dir *dir)
{
	unlinkat(dir->run_fd, "cgroup", 0);
}

int record_cgroup_read(const struct vm_dir *dir, char **ret, uint64_t *ret_inode, struct error *err)
{
	AUTO_FREE char *again = NULL;
	AUTO_FREE char *path = NULL;
	AUTO_BUF text = BUF_INIT;
	uint64_t inode = 0;
	int r = read_text(dir, "cgroup", CGROUP_MAX, &text, err);

	if (r)
		return r;
	path = xstrndup(buf_str(&text), strcspn(buf_str(&text), "\n"));
	(void)sscanf(buf_str(&text) + strlen(path), " inode %" SCNu64, &inode);
	again = cgroup_format(path, inode);
	r = check_again(dir, "cgroup", &text, path[0] == '/' ? again : NULL, err);
	if (r)
		return r;
	*ret = ptr_steal(&path);
	*ret_inode = inode;
	return 0;
}

/* A file that was being written has a name of its own until it is whole. */
static void remove_settings(int run_fd)
{
	for (size_t i = 0; vm_dir_settings[i]; i++) {
		AUTO_FREE char *unfinished = xasprintf(".tmp-%s", vm_dir_settings[i]);

		unlinkat(run_fd, vm_dir_settings[i], 0);
		unlinkat(run_fd, unfinished, 0);
	}
}

void record_clear(const struct vm_dir *dir)
{
	if (dir->fd >= 0) {
		unlinkat(dir->fd, "vm.pid", 0);
		unlinkat(dir->fd, ".tmp-vm.pid", 0);
	}
	if (dir->run_fd < 0)
		return;
	for (size_t i = 0; leftovers[i]; i++)
		unlinkat(dir->run_fd, leftovers[i], 0);
	remove_settings(dir->run_fd);
}

static bool has_any(int run_fd, const char *const *names, const char *prefix)
{
	for (size_t i = 0; names[i]; i++) {
		AUTO_FREE char *name = xasprintf("%s%s", prefix, names[i]);

		if (!faccessat(run_fd, name, F_OK, AT_SYMLINK_NOFOLLOW))
			return true;
	}
	return false;
}

bool record_has_leftovers(const struct vm_dir *dir)
{
	if (dir->fd >= 0 && !faccessat(dir->fd, "vm.pid", F_OK, AT_SYMLINK_NOFOLLOW))
		return true;
	return dir->run_fd >= 0 &&
	       (has_any(dir->run_fd, leftovers, "") || has_any(dir->run_fd, cgroup_record, "") ||
		has_any(dir->run_fd, vm_dir_settings, "") ||
		has_any(dir->run_fd, vm_dir_settings, ".tmp-"));
}

/* Is one of the NUL-separated arguments ours: `-name NAME`, or a path of this VM's disk? */
static bool cmdline_names_vm(const struct buf *cmdline, const char *name, const char *disk)
{
	const char *end = cmdline->data + cmdline->len;
	bool after_name = false;

	for (const char *arg = cmdline->data; arg < end; arg += strlen(arg) + 1) {
		if (strstr(arg, disk) || (after_name && !strcmp(arg, name)))
			return true;
		after_name = !strcmp(arg, "-name");
	}
	return false;
}

/* Anybody may call a process `-name web1`; but as root or as one of our uids only root runs one. */
static bool uid_is_ours(const struct host_config *config, pid_t pid)
{
	struct error ignored = ERROR_INIT;
	AUTO_BUF status = BUF_INIT;
	const char *line;
	char path[64];
	uid_t uid;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (file_read_path(path, STATUS_MAX, &status, &ignored))
		return false;
	line = strstr(buf_str(&status), "\nUid:");
	if (!line || sscanf(line, "\nUid: %u", &uid) != 1)
		return false;
	return uid == 0 || uid == geteuid() ||
	       (uid >= config->uid_base && uid - config->uid_base < config->uid_count);
}

int record_find_foreign(const struct store *store, const struct vm_dir *dir, struct process_id *ret)
{
	struct error ignored = ERROR_INIT;
	AUTO_FREE char *line = NULL;
	AUTO_BUF cmdline = BUF_INIT;
	AUTO_FREE char *folder = store_vm_path(store, dir->name);
	AUTO_FREE char *disk = xasprintf("%s/", folder);
	char path[64];
	struct process_id id;
	uint64_t pid;

	if (file_read_line(dir->fd, "vm.pid", &line, &ignored) ||
	    parse_u64("vm.pid", line, 2, INT32_MAX, &pid, &ignored) ||
	    process_identify((pid_t)pid, &id, &ignored))
		return RECORD_NONE;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", id.pid);
	if (file_read_path(path, CMDLINE_MAX, &cmdline, &ignored) || !cmdline.len ||
	    !cmdline_names_vm(&cmdline, dir->name, disk) || !uid_is_ours(store->config, id.pid) ||
	    process_check(&id) != PROCESS_ALIVE)
		return RECORD_NONE;
	*ret = id;
	return 0;
}
