/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cgroups of VMs on the hierarchy of the running kernel, in a folder of the test's own. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../../src/jail/cgroup_dir.h"
#include "base/alloc.h"
#include "base/file.h"
#include "fixture.h"
#include "jail/cgroup.h"

static const struct cgroup_limits no_limits = { .memory_max = 0 };
static char home[512]; /* a cgroup of the test's own */
static char *path;
static int leaf;
static bool no_kill_file; /* as before Linux 5.14 */
static int fds_at_first;

int __real_file_openat(int dir_fd, const char *name, int flags, mode_t mode);
int __wrap_file_openat(int dir_fd, const char *name, int flags, mode_t mode);

int __wrap_file_openat(int dir_fd, const char *name, int flags, mode_t mode)
{
	if (no_kill_file && !strcmp(name, "cgroup.kill"))
		return -ENOENT;
	return __real_file_openat(dir_fd, name, flags, mode);
}

static void put(const char *folder, const char *file, const char *text)
{
	char name[768];
	int fd;

	snprintf(name, sizeof(name), "%s/%s", folder, file);
	fd = open(name, O_WRONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %s", name, strerror(errno));
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static bool exists(const char *name)
{
	return access(name, F_OK) == 0;
}

static const char *below(const char *name)
{
	static char full[768];

	snprintf(full, sizeof(full), "%s/%s", home, name);
	return full;
}

/* Cgroups have files that come and go with them: only folders are removed. */
static void remove_folders(const char *folder, int depth)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char name[1024];

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' || depth > 4)
			continue;
		snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
		remove_folders(name, depth + 1);
	}
	if (dir)
		closedir(dir);
	(void)rmdir(folder);
}

/* A test that fails leaves by the shortest way: what it made goes after all of them. */
static char prefix[64];

static void prepare(void)
{
	snprintf(prefix, sizeof(prefix), "mnmivm-test-%d-", getpid());
}

static void sweep(void)
{
	DIR *dir = opendir(cgroup_top());
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		snprintf(home, sizeof(home), "%s/%s", cgroup_top(), entry->d_name);
		put(home, "cgroup.kill", "1");
		for (int i = 0; i < 100 && exists(home); i++) {
			remove_folders(home, 0);
			usleep(10000);
		}
	}
	if (dir)
		closedir(dir);
}

static void setup(void)
{
	fds_at_first = suite_count_fds();
	err = (struct error)ERROR_INIT;
	path = NULL;
	leaf = -1;
	snprintf(home, sizeof(home), "%s/%s%d", cgroup_top(), prefix, getpid());
	ck_assert_int_eq(mkdir(home, 0755), 0);
}

static void teardown(void)
{
	no_kill_file = false;
	free(path);
	fd_close(&leaf);
	remove_folders(home, 0);
	ck_assert(!exists(home));
	ck_assert(!suite_has_children());
	ck_assert_int_eq(suite_count_fds(), fds_at_first);
}

static int make(const char *name, const struct cgroup_limits *limits)
{
	xreplace(&path, NULL);
	fd_close(&leaf);
	return cgroup_make(home, name, limits, &leaf, &path, &err);
}

/* A process that lives in a cgroup until it is killed. */
static pid_t inhabit(const char *folder)
{
	char text[16];
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		for (;;)
			pause();
	}
	snprintf(text, sizeof(text), "%d", pid);
	put(folder, "cgroup.procs", text);
	return pid;
}

static int wait_for(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void end(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(wait_for(pid), -SIGKILL);
}

/* Run it in a child of its own and have its exit status. */
static int in_child(int (*run)(void))
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(run());
	return wait_for(pid);
}

START_TEST(test_nowhere)
{
	struct suite_tmpdir dir;
	char link[256], missing[768];
	const char *places[] = { "off", missing, "/proc", NULL, link };

	suite_tmpdir_make(&dir);
	places[3] = dir.path;
	snprintf(missing, sizeof(missing), "%s/nothing", home);
	snprintf(link, sizeof(link), "%s/link", dir.path);
	ck_assert_int_eq(symlink(home, link), 0);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		ck_assert_int_eq(cgroup_place(places[i], "web", &path, &err), CGROUP_NONE);
		ck_assert(err.message[0]);
		ck_assert_int_eq(cgroup_make(places[i], "web", &no_limits, &leaf, &path, &err),
				 CGROUP_NONE);
		ck_assert_ptr_null(path);
		ck_assert_int_eq(leaf, -1);
	}
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(test_place_makes_nothing)
{
	AUTO_FREE char *place = NULL;

	suite_assert_ok(cgroup_place(home, "web", &place, &err), err);
	ck_assert_str_eq(place, below("web"));
	ck_assert(!exists(place));
	suite_assert_ok(make("web", &no_limits), err);
	ck_assert_str_eq(path, place);
}
END_TEST

/* Told beforehand is what making it comes to, be there controllers or not. */
START_TEST(test_check)
{
	static const struct cgroup_limits each[] = {
		{ .memory_max = 1 << 30 },
		{ .cpu_max_percent = 50 },
		{ .cpu_weight = 50 },
		{ .pids_max = 100 },
		{ .memory_max = 1 << 30, .memory_optional = true },
	};
	struct error why = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(each); i++) {
		struct cgroup_limits limits = each[i];
		AUTO_FREE char *place = NULL;
		int r = cgroup_check(home, "web", &limits, &place, &why);

		ck_assert_str_eq(place, below("web"));
		ck_assert(!exists(place));
		ck_assert_int_eq(make("web", &each[i]), r);
		if (r)
			ck_assert_int_eq(limits.memory_max + limits.cpu_max_percent +
						 limits.cpu_weight + limits.pids_max,
					 0);
		suite_assert_ok(cgroup_remove(path, &err), err);
	}
}
END_TEST

START_TEST(test_check_names_all)
{
	struct cgroup_limits limits = { .memory_max = 1, .cpu_max_percent = 1, .cpu_weight = 1 };

	ck_assert_int_eq(cgroup_limits_reduce(&limits, 1U << CONTROLLER_PIDS, "/x", &err),
			 CGROUP_PARTLY);
	ck_assert_str_eq(err.message, "set memory.max, cpu.max, cpu.weight for cgroup '/x': "
				      "controllers 'memory', 'cpu' are not to be had there");
	ck_assert(!limits.memory_max && !limits.cpu_max_percent && !limits.cpu_weight);
	limits = (struct cgroup_limits){ .memory_max = 1, .memory_optional = true, .pids_max = 7 };
	suite_assert_ok(cgroup_limits_reduce(&limits, 1U << CONTROLLER_PIDS, "/x", &err), err);
	ck_assert(!limits.memory_max && limits.pids_max == 7);
}
END_TEST

START_TEST(test_check_nowhere)
{
	struct cgroup_limits limits = { .memory_max = 1 };

	ck_assert_int_eq(cgroup_check("/proc", "web", &limits, &path, &err), CGROUP_NONE);
	ck_assert_int_eq(cgroup_check("off", "web", &limits, &path, &err), CGROUP_NONE);
	ck_assert_ptr_null(path);
}
END_TEST

START_TEST(test_life)
{
	struct stat by_fd, by_path;
	pid_t pid;

	suite_assert_ok(make("web", &no_limits), err);
	ck_assert_int_eq(fstat(leaf, &by_fd), 0);
	ck_assert_int_eq(stat(path, &by_path), 0);
	ck_assert(by_fd.st_ino == by_path.st_ino && by_fd.st_dev == by_path.st_dev);
	pid = inhabit(path);
	suite_assert_error(cgroup_remove(path, &err), err, EBUSY, ERROR_BUSY);
	ck_assert(exists(path));
	suite_assert_ok(cgroup_kill(path, &err), err);
	ck_assert_int_eq(wait_for(pid), -SIGKILL);
	suite_assert_ok(cgroup_remove(path, &err), err);
	ck_assert(!exists(path));
	suite_assert_ok(cgroup_remove(path, &err), err);
	ck_assert(exists(home));
}
END_TEST

START_TEST(test_kill_without_the_file)
{
	pid_t pids[8];

	suite_assert_ok(make("web", &no_limits), err);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		pids[i] = inhabit(path);
	no_kill_file = true;
	suite_assert_ok(cgroup_kill(path, &err), err);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		ck_assert_int_eq(wait_for(pids[i]), -SIGKILL);
	suite_assert_ok(cgroup_remove(path, &err), err);
}
END_TEST

/* A zombie is nobody any more (cgroup-v2.rst). */
START_TEST(test_zombie_is_no_inhabitant)
{
	siginfo_t info;
	pid_t pid;

	suite_assert_ok(make("web", &no_limits), err);
	pid = inhabit(path);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	suite_assert_ok(cgroup_remove(path, &err), err);
	ck_assert_int_eq(wait_for(pid), -SIGKILL);
}
END_TEST

START_TEST(test_empty_leaf_is_replaced)
{
	struct stat before, after;

	suite_assert_ok(make("web", &no_limits), err);
	ck_assert_int_eq(fstat(leaf, &before), 0);
	suite_assert_ok(make("web", &no_limits), err);
	ck_assert_int_eq(fstat(leaf, &after), 0);
	ck_assert_uint_ne(before.st_ino, after.st_ino);
}
END_TEST

START_TEST(test_inhabited_leaf_is_left_alone)
{
	struct error made;
	pid_t pid;

	suite_assert_ok(make("web", &no_limits), err);
	pid = inhabit(path);
	fd_close(&leaf);
	suite_assert_error(make("web", &no_limits), err, EBUSY, ERROR_BUSY);
	ck_assert_ptr_nonnull(strstr(err.message, below("web")));
	ck_assert_ptr_null(path);
	ck_assert_int_eq(leaf, -1);
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
	made = err;
	suite_assert_error(cgroup_check_free(below("web"), &err), err, EBUSY, ERROR_BUSY);
	ck_assert_str_eq(err.message, made.message);
	ck_assert_str_eq(err.hint, made.hint);
	end(pid);
	ck_assert(exists(below("web")));
	suite_assert_ok(cgroup_check_free(below("web"), &err), err);
	suite_assert_ok(cgroup_check_free(below("absent"), &err), err);
}
END_TEST

/* Nothing of ours makes cgroups in a leaf. */
START_TEST(test_leaf_with_folders_is_left_alone)
{
	pid_t pid;

	suite_assert_ok(make("web", &no_limits), err);
	ck_assert_int_eq(mkdir(below("web/inner"), 0755), 0);
	suite_assert_error(cgroup_remove(path, &err), err, EBUSY, ERROR_BUSY);
	ck_assert(exists(below("web/inner")));
	pid = inhabit(below("web/inner"));
	fd_close(&leaf);
	suite_assert_error(make("web", &no_limits), err, EBUSY, ERROR_BUSY);
	end(pid);
}
END_TEST

START_TEST(test_other_paths_are_no_cgroups)
{
	struct suite_tmpdir dir;
	char inner[256];
	const char *const paths[] = { inner, "web", "", "/", "/web", "/proc/1/task" };
	struct cgroup_state state;

	suite_tmpdir_make(&dir);
	snprintf(inner, sizeof(inner), "%s/inner", dir.path);
	ck_assert_int_eq(mkdir(inner, 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		suite_assert_error(cgroup_remove(paths[i], &err), err, EINVAL, ERROR_FAILED);
		suite_assert_error(cgroup_kill(paths[i], &err), err, EINVAL, ERROR_FAILED);
		suite_assert_error(cgroup_apply(paths[i], &no_limits, &err), err, EINVAL,
				   ERROR_FAILED);
		ck_assert_int_lt(cgroup_read(paths[i], &state, &err), 0);
	}
	ck_assert(exists(inner));
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(test_names_do_not_lead_elsewhere)
{
	static const char *const names[] = { "..",	  ".",		 "", "a/b", "../other",
					     CGROUP_SELF, "cgroup.procs" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		suite_assert_error(make(names[i], &no_limits), err, EINVAL, ERROR_USAGE);
		ck_assert_int_eq(cgroup_place(home, names[i], &path, &err), -EINVAL);
		ck_assert_ptr_null(path);
	}
}
END_TEST

/* What a leaf is told, on files of the test's own. */
START_TEST(test_texts)
{
	static const char *const files[] = { "memory.max", "memory.oom.group", "cpu.max",
					     "cpu.weight", "pids.max",	       "io.max",
					     "io.weight" };
	static const char *const some[] = {
		"1073741824", "1",   "250000 100000",
		"10000",      "300", "8:16 rbps=10485760 wbps=max riops=max wiops=100",
		"default 7"
	};
	static const char *const none[] = {
		"max",	      "1",   "max 100000",
		"100",	      "max", "8:16 rbps=max wbps=max riops=max wiops=max",
		"default 100"
	};
	const struct cgroup_limits all = {
		.memory_max = 1 << 30,
		.cpu_max_percent = 250,
		.cpu_weight = 10000,
		.pids_max = 300,
		.io_weight = 7,
		.io_rbps = 10 << 20,
		.io_wiops = 100,
		.io_major = 8,
		.io_minor = 16,
	};
	const struct cgroup_limits unlimited = { .io_major = 8, .io_minor = 16 };
	const struct controllers controllers = { .why = { 0 } };
	struct suite_tmpdir dir;

	suite_tmpdir_make(&dir);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(files); i++)
			suite_put(dir.fd, files[i], "");
		suite_assert_ok(cgroup_limits_write(dir.fd, "leaf", round ? &unlimited : &all,
						    &controllers, &err),
				err);
		for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
			AUTO_FREE char *text = suite_get(dir.fd, files[i]);

			ck_assert_str_eq(text, round ? none[i] : some[i]);
		}
	}
	suite_tmpdir_remove(&dir);
}
END_TEST

/* Each limit alone, where there are no controllers at all. */
START_TEST(test_missing_controllers)
{
	const struct {
		struct cgroup_limits limits;
		const char *file; /* NULL: nobody misses it */
	} cases[] = {
		{ { .memory_max = 1 << 30 }, "memory.max" },
		{ { .memory_max = 1 << 30, .memory_optional = true }, NULL },
		{ { .cpu_max_percent = 50 }, "cpu.max" },
		{ { .cpu_weight = 50 }, "cpu.weight" },
		{ { .pids_max = 50 }, "pids.max" },
		{ { .pids_max = 50, .pids_optional = true }, NULL },
		{ { .io_weight = 50 }, "io.weight" },
		{ { .io_riops = 50, .io_major = 8 }, "io.max" },
		{ { .io_major = 8 }, NULL },
		{ { .memory_max = 0 }, NULL },
	};
	const struct controllers unknown = { .why = { 0 } };
	const struct controllers busy = { .why = { EBUSY, EBUSY, EBUSY, EBUSY } };
	struct suite_tmpdir dir;

	suite_tmpdir_make(&dir);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		err = (struct error)ERROR_INIT;
		ck_assert_int_eq(
			cgroup_limits_write(dir.fd, "leaf", &cases[i].limits, &unknown, &err),
			cases[i].file ? CGROUP_PARTLY : 0);
		ck_assert_int_eq(err.kind, cases[i].file ? ERROR_HOST : ERROR_NONE);
		if (cases[i].file)
			ck_assert_ptr_nonnull(strstr(err.message, cases[i].file));
	}
	cgroup_limits_write(dir.fd, "leaf", &cases[0].limits, &busy, &err);
	ck_assert_ptr_nonnull(strstr(err.message, "other processes"));
	suite_tmpdir_remove(&dir);
}
END_TEST

START_TEST(test_state)
{
	struct cgroup_state state;
	struct suite_tmpdir dir;

	suite_tmpdir_make(&dir);
	cgroup_state_get(dir.fd, &state);
	ck_assert(!state.has_memory && !state.has_cpu && !state.has_pids && !state.oom_kills);
	suite_put(dir.fd, "memory.current", "4096\n");
	suite_put(dir.fd, "memory.max", "max\n");
	suite_put(dir.fd, "memory.events", "low 0\noom 3\noom_kill 2\noom_group_kill 1\n");
	suite_put(dir.fd, "cpu.stat", "usage_usec 77\nuser_usec 1\n");
	suite_put(dir.fd, "cpu.max", "150000 100000\n");
	suite_put(dir.fd, "pids.current", "5\n");
	suite_put(dir.fd, "pids.max", "300\n");
	cgroup_state_get(dir.fd, &state);
	ck_assert(state.has_memory && state.has_cpu && state.has_pids);
	ck_assert_uint_eq(state.memory_current, 4096);
	ck_assert_uint_eq(state.memory_max, UINT64_MAX);
	ck_assert_uint_eq(state.oom_kills, 2);
	ck_assert_uint_eq(state.oom_limits, 3);
	ck_assert_uint_eq(state.cpu_usage_us, 77);
	ck_assert_uint_eq(state.cpu_max_percent, 150);
	ck_assert_uint_eq(state.pids_current, 5);
	ck_assert_uint_eq(state.pids_max, 300);
	suite_put(dir.fd, "cpu.max", "max 100000\n");
	suite_put(dir.fd, "memory.max", "much\n");
	suite_put(dir.fd, "memory.events", "no_oom_kill 9\n");
	cgroup_state_get(dir.fd, &state);
	ck_assert(!state.has_memory);
	ck_assert_uint_eq(state.cpu_max_percent, 0);
	ck_assert_uint_eq(state.oom_kills, 0);
	suite_tmpdir_remove(&dir);
}
END_TEST

/* As the kernel has it: with what there is on this host, and nothing but that. */
START_TEST(test_limits_on_this_host)
{
	const struct cgroup_limits limits = { .memory_max = 256 << 20, .pids_max = 50 };
	struct cgroup_state state;
	int r = make("web", &limits);

	suite_assert_ok(cgroup_read(path, &state, &err), err);
	ck_assert_int_eq(r, state.has_memory && state.has_pids ? 0 : CGROUP_PARTLY);
	if (state.has_memory)
		ck_assert_uint_eq(state.memory_max, 256 << 20);
	if (state.has_pids)
		ck_assert_uint_eq(state.pids_max, 50);
	r = cgroup_apply(path, &no_limits, &err);
	ck_assert_int_eq(r, 0);
	suite_assert_ok(cgroup_read(path, &state, &err), err);
	if (state.has_memory)
		ck_assert_uint_eq(state.memory_max, UINT64_MAX);
	ck_assert_int_eq(cgroup_apply(below("gone"), &no_limits, &err), -ENOENT);
}
END_TEST

static char auto_name[32];

static int auto_round(void)
{
	for (int i = 0; i < 400; i++) {
		AUTO_FREE char *mine = NULL;
		AUTO_CLOSE int fd = -1;

		if (cgroup_make("auto", auto_name, &no_limits, &fd, &mine, &err) || !exists(mine) ||
		    cgroup_remove(mine, &err) || exists(mine)) {
			fprintf(stderr, "%s\n", err.message);
			return 1;
		}
	}
	return 0;
}

/* The last one takes the folder above with it while the next one comes. */
START_TEST(test_many_come_and_go_at_the_top)
{
	pid_t pids[4];

	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		snprintf(auto_name, sizeof(auto_name), "test-%d-%zu", getpid(), i);
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0)
			_exit(auto_round());
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		ck_assert_int_eq(wait_for(pids[i]), 0);
}
END_TEST

static void become_nobody_of_ours(void)
{
	if (setresgid(JAIL_GID, JAIL_GID, JAIL_GID) || setresuid(JAIL_UID, JAIL_UID, JAIL_UID))
		_exit(99);
}

static int user_without_a_cgroup(void)
{
	become_nobody_of_ours();
	return cgroup_make("auto", "web", &no_limits, &leaf, &path, &err) != CGROUP_NONE ||
	       err.kind != ERROR_PERMISSION || path || leaf >= 0;
}

START_TEST(test_user_without_a_cgroup)
{
	ck_assert_int_eq(in_child(user_without_a_cgroup), 0);
}
END_TEST

/* As systemd does for a unit with Delegate=yes and User=. */
static void delegate(const char *folder, const char *mark)
{
	char file[768];

	ck_assert_int_eq(setxattr(folder, mark, "1", 1, 0), 0);
	ck_assert_int_eq(chown(folder, JAIL_UID, JAIL_GID), 0);
	snprintf(file, sizeof(file), "%s/cgroup.procs", folder);
	ck_assert_int_eq(chown(file, JAIL_UID, JAIL_GID), 0);
	snprintf(file, sizeof(file), "%s/cgroup.subtree_control", folder);
	ck_assert_int_eq(chown(file, JAIL_UID, JAIL_GID), 0);
}

/* Two VMs one after the other: for the second one the caller has moved. */
static int two_in_our_own_cgroup(void)
{
	AUTO_FREE char *first = NULL, *second = NULL;
	AUTO_BUF own = BUF_INIT;
	int fd;

	snprintf(auto_name, sizeof(auto_name), "test-%d", getpid());
	if (cgroup_make("auto", auto_name, &no_limits, &fd, &first, &err))
		return 1;
	if (strcmp(first, below(auto_name)) != 0)
		return cgroup_remove(first, &err) ? 1 : 2;
	if (cgroup_make("auto", "db", &no_limits, &fd, &second, &err) ||
	    strcmp(second, below("db")) != 0)
		return 1;
	if (file_read_path(below(CGROUP_SELF "/cgroup.procs"), 4096, &own, &err) ||
	    atoi(buf_str(&own)) != getpid())
		return 3;
	return cgroup_remove(first, &err) || cgroup_remove(second, &err) ? 4 : 0;
}

static int user_in_a_delegated_cgroup(void)
{
	put(home, "cgroup.procs", "0");
	become_nobody_of_ours();
	return two_in_our_own_cgroup();
}

static int root_in_a_delegated_cgroup(void)
{
	put(home, "cgroup.procs", "0");
	return two_in_our_own_cgroup();
}

START_TEST(test_delegated)
{
	delegate(home, "user.delegate");
	ck_assert_int_eq(in_child(user_in_a_delegated_cgroup), 0);
}
END_TEST

START_TEST(test_delegated_to_root)
{
	ck_assert_int_eq(setxattr(home, "trusted.delegate", "1", 1, 0), 0);
	ck_assert_int_eq(in_child(root_in_a_delegated_cgroup), 0);
}
END_TEST

/* A user may write that into any folder of his. */
START_TEST(test_delegated_to_another)
{
	delegate(home, "user.delegate");
	ck_assert_int_eq(setxattr(home, "trusted.delegate", "1", 1, 0), 0);
	ck_assert_int_eq(in_child(root_in_a_delegated_cgroup), 2);
}
END_TEST

START_TEST(test_not_delegated)
{
	ck_assert_int_eq(setxattr(home, "user.delegate", "0", 1, 0), 0);
	ck_assert_int_eq(in_child(root_in_a_delegated_cgroup), 2);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("jail_cgroup");
	TCase *tcase = tcase_create("cgroup");

	(void)argc;
	if (geteuid() == 0 && !cgroup_top()) {
		srunner_free(srunner_create(suite));
		return suite_skip("no cgroup v2");
	}
	tcase_add_unchecked_fixture(tcase, prepare, sweep);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_nowhere);
	tcase_add_test(tcase, test_check);
	tcase_add_test(tcase, test_check_names_all);
	tcase_add_test(tcase, test_check_nowhere);
	tcase_add_test(tcase, test_place_makes_nothing);
	tcase_add_test(tcase, test_life);
	tcase_add_test(tcase, test_kill_without_the_file);
	tcase_add_test(tcase, test_zombie_is_no_inhabitant);
	tcase_add_test(tcase, test_empty_leaf_is_replaced);
	tcase_add_test(tcase, test_inhabited_leaf_is_left_alone);
	tcase_add_test(tcase, test_leaf_with_folders_is_left_alone);
	tcase_add_test(tcase, test_other_paths_are_no_cgroups);
	tcase_add_test(tcase, test_names_do_not_lead_elsewhere);
	tcase_add_test(tcase, test_texts);
	tcase_add_test(tcase, test_missing_controllers);
	tcase_add_test(tcase, test_state);
	tcase_add_test(tcase, test_limits_on_this_host);
	tcase_add_test(tcase, test_many_come_and_go_at_the_top);
	tcase_add_test(tcase, test_user_without_a_cgroup);
	tcase_add_test(tcase, test_delegated);
	tcase_add_test(tcase, test_delegated_to_root);
	tcase_add_test(tcase, test_delegated_to_another);
	tcase_add_test(tcase, test_not_delegated);
	suite_add_tcase(suite, tcase);
	return jail_main(suite, argv);
}
