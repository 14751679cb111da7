/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder with the probe in it, a plan that runs it, and what it reported. */
#include "fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"

char jail_folder[128];
struct launch_plan plan;
struct strv plan_argv, plan_environment, plan_folders;
struct launch launch;
struct error err;

static struct suite_tmpdir folder;
static char probe_path[PATH_MAX];
static char program_path[PATH_MAX];
static struct buf report;
static int report_fd[2]; /* ours, and the probe's */
static int fds_before;
static char *mounts_before, *mounts_after;

static void copy_probe(const char *name, mode_t mode)
{
	struct error error = ERROR_INIT;
	struct buf content = BUF_INIT;
	int fd = open_in_folder(name, O_WRONLY);

	ck_assert_msg(file_read_path(probe_path, 64 << 20, &content, &error) == 0, "%s",
		      error.message);
	ck_assert_int_eq(fd_write_all(fd, content.data, content.len), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(close(fd), 0);
	buf_done(&content);
}

/* The build may lie where the jail's user cannot go: hence a copy. */
void jail_folder_make(void)
{
	suite_tmpdir_make(&folder);
	strcpy(jail_folder, folder.path);
	ck_assert_int_eq(fchmod(folder.fd, 0755), 0);
	ck_assert_int_eq(fchmodat(folder.fd, "..", 0711, 0), 0);
	copy_probe("probe", 0755);
	copy_probe("probe-suid", 06755);
	copy_probe("secret", 0600);
}

void jail_folder_remove(void)
{
	suite_tmpdir_remove(&folder);
}

int open_in_folder(const char *name, int flags)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", jail_folder, name);
	fd = open(path, flags | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	return fd;
}

void plan_program(const char *name)
{
	snprintf(program_path, sizeof(program_path), "%s/%s", jail_folder, name);
	plan.program = program_path;
}

void plan_pass(int source, int target)
{
	ck_assert_uint_lt(plan.n_fds, LAUNCH_FDS_MAX);
	plan.fds[plan.n_fds++] = (struct launch_fd){ .source = source, .target = target };
}

static char *proc_file(pid_t pid, const char *name)
{
	char path[64];
	struct error error = ERROR_INIT;
	struct buf content = BUF_INIT;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	ck_assert_msg(file_read_path(path, 1 << 20, &content, &error) == 0, "%s", error.message);
	return buf_steal(&content);
}

/* What a launch mounts must never be seen here. */
static char *mount_table(void)
{
	return proc_file(getpid(), "mountinfo");
}

void host_rename(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWUTS), 0);
	ck_assert_int_eq(sethostname("host", 4), 0);
	ck_assert_int_eq(setdomainname("domain", 6), 0);
}

/*
 * Others of this host mount things, too, as `ip netns add` does. Shared, and with nobody else, so
 * that what spreads from a launch still arrives here.
 */
static void mounts_leave_host(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_SHARED, NULL), 0);
}

void mounts_note(void)
{
	free(mounts_before);
	mounts_before = mount_table();
}

void jail_setup(void)
{
	fds_before = suite_count_fds();
	mounts_note();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, report_fd), 0);
	launch = (struct launch)LAUNCH_INIT;
	err = (struct error)ERROR_INIT;
	strv_push(&plan_argv, "probe");
	strv_push(&plan_environment, "LANG=C");
	plan = (struct launch_plan)LAUNCH_PLAN_INIT;
	plan.argv = &plan_argv;
	plan.environment = &plan_environment;
	plan.uid = JAIL_UID;
	plan.gid = JAIL_GID;
	strv_push(&plan_folders, jail_folder);
	plan.folders = &plan_folders;
	plan.log_fd = open_in_folder("log", O_WRONLY | O_APPEND | O_TRUNC);
	plan_program("probe");
	plan_pass(report_fd[1], REPORT_TARGET);
}

void jail_teardown(void)
{
	launch_done(&launch);
	fd_close(&plan.log_fd);
	fd_close(&report_fd[0]);
	fd_close(&report_fd[1]);
	strv_done(&plan_folders);
	strv_done(&plan_argv);
	strv_done(&plan_environment);
	buf_done(&report);
	ck_assert(!suite_has_children());
	ck_assert_int_eq(suite_count_fds(), fds_before);
	mounts_after = mount_table();
	ck_assert_str_eq(mounts_before, mounts_after);
	free(mounts_after);
	free(mounts_before);
	mounts_before = NULL;
}

TCase *jail_case(const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_unchecked_fixture(tcase, jail_folder_make, jail_folder_remove);
	tcase_add_checked_fixture(tcase, mounts_leave_host, NULL);
	tcase_add_checked_fixture(tcase, jail_setup, jail_teardown);
	return tcase;
}

void launch_plan_run(void)
{
	ck_assert_msg(launch_start(&plan, &launch, &err) == 0, "%s", err.message);
	ck_assert_msg(launch_go(&launch, &err) == 0, "%s", err.message);
}

static void add_line(const char *key, const char *value, const char *more)
{
	buf_printf(&report, "%s %s%s\n", key, value, more);
}

/* "Name:\tvalue" of a file in /proc; blanks and tabs become one blank. */
static void add_status(pid_t pid)
{
	char *text = proc_file(pid, "status"), *next = text;

	for (char *line; (line = strsep(&next, "\n")) && *line;) {
		char *value = strchr(line, ':');

		ck_assert_ptr_nonnull(value);
		*value++ = '\0';
		value += strspn(value, " \t");
		for (char *c = value; *c; c++)
			if (*c == '\t')
				*c = ' ';
		for (size_t end = strlen(value); end && value[end - 1] == ' ';)
			value[--end] = '\0';
		buf_printf(&report, "status.%s %s\n", line, value);
	}
	free(text);
}

/* "Max core file size   1   1   bytes": the columns are fixed. */
static void add_limits(pid_t pid)
{
	static const struct {
		const char *row, *key;
	} limits[] = { { "Max core file size", "limit.core" }, { "Max file size", "limit.fsize" },
		       { "Max open files", "limit.nofile" },   { "Max address space", "limit.as" },
		       { "Max cpu time", "limit.cpu" },	       { "Max processes", "limit.nproc" } };
	char *text = proc_file(pid, "limits");

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		const char *row = strstr(text, limits[i].row);
		char soft[32], hard[32];

		ck_assert_ptr_nonnull(row);
		ck_assert_int_eq(sscanf(row + 26, "%31s %31s", soft, hard), 2);
		buf_printf(&report, "%s %s %s\n", limits[i].key, soft, hard);
	}
	free(text);
}

static bool closes_at_exec(pid_t pid, int fd)
{
	char name[64];
	char *text;
	unsigned int flags = 0;

	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	text = proc_file(pid, name);
	ck_assert_int_eq(sscanf(strstr(text, "flags:"), "flags: %o", &flags), 1);
	free(text);
	return flags & O_CLOEXEC;
}

static void add_fds(pid_t pid)
{
	char path[64];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir))) {
		char target[512];
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n < 0)
			continue;
		target[n] = '\0';
		buf_printf(&report, "fd %s%s %s\n", entry->d_name,
			   closes_at_exec(pid, atoi(entry->d_name)) ? " cloexec" : "", target);
	}
	closedir(dir);
}

/* What the kernel says of the probe; itself it finds no /proc. */
static void add_outside(pid_t pid)
{
	char *table = proc_file(pid, "mountinfo"), *next = table;

	for (char *line; (line = strsep(&next, "\n")) && *line;)
		add_line("mount", line, "");
	free(table);
	table = proc_file(pid, "oom_score_adj");
	add_line("oom", strtok(table, "\n"), "");
	free(table);
	add_status(pid);
	add_limits(pid);
	add_fds(pid);
}

void report_release(void)
{
	fd_close(&report_fd[0]);
}

/* A probe that is silent is the test's own timeout to end. */
static void report_read(void)
{
	for (;;) {
		ssize_t n = read(report_fd[0], buf_reserve(&report, 4096), 4096);

		ck_assert_int_ge(n, 0);
		report.len += (size_t)n;
		if (n > 0)
			report.data[report.len] = '\0';
		if (n == 0 || (report.len >= 4 && !strcmp(report.data + report.len - 4, "end\n")))
			return;
	}
}

void report_read_all(void)
{
	fd_close(&report_fd[1]);
	report_read();
	if (launch.pid_fd >= 0 && report_line("end"))
		add_outside(launch.id.pid);
}

void launch_report_and_hold(void)
{
	strv_push(&plan_argv, "report");
	launch_plan_run();
	report_read_all();
	ck_assert(report_line("end"));
}

void launch_report(void)
{
	launch_report_and_hold();
	ck_assert_int_eq(launch_wait(), 0);
}

const char *report_nth(const char *key, int n)
{
	size_t len = strlen(key);

	for (const char *line = buf_str(&report); *line; line = strchr(line, '\n') + 1) {
		if (!strncmp(line, key, len) && strchr(" \n", line[len]) && n-- == 0)
			return line + len + (line[len] == ' ');
		if (!strchr(line, '\n'))
			break;
	}
	return NULL;
}

const char *report_value(const char *key)
{
	static char value[4096];
	const char *found = report_nth(key, 0);

	snprintf(value, sizeof(value), "%.*s", found ? (int)strcspn(found, "\n") : 0,
		 found ? found : "");
	return value;
}

bool report_line(const char *line)
{
	const char *found;

	for (int n = 0; (found = report_nth(line, n)); n++)
		if (*found == '\n')
			return true;
	return false;
}

int report_count(const char *key)
{
	int n = 0;

	while (report_nth(key, n))
		n++;
	return n;
}

int launch_wait(void)
{
	int status;

	report_release();
	ck_assert_int_eq(waitpid(launch.id.pid, &status, 0), launch.id.pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void probe_find(const char *argv0)
{
	const char *given = getenv("MNMIVM_PROBE");
	const char *slash = strrchr(argv0, '/');

	if (given)
		snprintf(probe_path, sizeof(probe_path), "%s", given);
	else
		snprintf(probe_path, sizeof(probe_path), "%.*s/probe",
			 slash ? (int)(slash - argv0) : 1, slash ? argv0 : ".");
}

int jail_main(Suite *suite, char **argv)
{
	if (geteuid() != 0) {
		srunner_free(srunner_create(suite));
		return suite_skip("needs root");
	}
	probe_find(argv[0]);
	/* The tests change this process beyond repair: signals, limits, groups, descriptors. */
	setenv("CK_FORK", "yes", 1);
	return suite_run(suite);
}
