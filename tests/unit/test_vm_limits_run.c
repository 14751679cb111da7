/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits changed while a VM runs, with the kernel's side played: what is refused leaves no trace.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/vm/limits.h"
#include "base/alloc.h"
#include "base/file.h"
#include "store/record.h"
#include "store_lab.h"
#include "vm/host.h"

static struct vm_host host;
static struct vm_dir dir;
static struct vm_config vm;
static struct live live;
static struct buf notes;

static int cpus_set, nice_set; /* how often, and what the kernel makes of it */
static bool cpuset_has_less, nice_refused;
static struct cgroup_limits applied;
static int applies, apply_result, kills, removes;
static bool remove_refused;

int __wrap_sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set);
int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int __wrap_setpriority(int which, id_t who, int value);
int __wrap_cgroup_read(const char *path, struct cgroup_state *ret, struct error *err);
int __wrap_cgroup_kill(const char *path, struct error *err);
int __wrap_cgroup_remove(const char *path, struct error *err);
int __wrap_cgroup_apply(const char *path, const struct cgroup_limits *limits, struct error *err);

static cpu_set_t cpus_now;

int __wrap_sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
	(void)pid;
	ck_assert_uint_ge(size, sizeof(cpus_now));
	memcpy(&cpus_now, set, sizeof(cpus_now));
	if (cpuset_has_less)
		CPU_CLR(0, &cpus_now);
	cpus_set++;
	return 0;
}

int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	(void)pid;
	memset(set, 0, size);
	memcpy(set, &cpus_now, sizeof(cpus_now));
	return 0;
}

int __wrap_setpriority(int which, id_t who, int value)
{
	(void)which;
	(void)who;
	(void)value;
	nice_set++;
	errno = EACCES;
	return nice_refused ? -1 : 0;
}

int __wrap_cgroup_read(const char *path, struct cgroup_state *ret, struct error *err)
{
	(void)path;
	(void)err;
	*ret = (struct cgroup_state){ .memory_max = UINT64_MAX, .oom_kills = 1 };
	return 0;
}

int __wrap_cgroup_apply(const char *path, const struct cgroup_limits *limits, struct error *err)
{
	int r = applies++ ? 0 : apply_result;

	(void)path;
	applied = *limits;
	return r ? (error_set(err, ERROR_HOST, ENOENT, "one is not to be had"), r) : 0;
}

int __wrap_cgroup_kill(const char *path, struct error *err)
{
	(void)path;
	(void)err;
	kills++;
	return 0;
}

int __wrap_cgroup_remove(const char *path, struct error *err)
{
	(void)path;
	removes++;
	if (!remove_refused)
		return 0;
	return error_set(err, ERROR_BUSY, EBUSY, "processes live in it");
}

/* A folder stands for the cgroup. */
static void record_inode(int more)
{
	struct stat st;

	ck_assert_int_eq(stat(lab_dir.path, &st), 0);
	suite_assert_ok(record_cgroup_write(&dir, lab_dir.path,
					    more < 0 ? 0 : st.st_ino + (uint64_t)more, &lab_err),
			lab_err);
}

static void note(void *context, const char *text)
{
	(void)context;
	buf_printf(&notes, "%s\n", text);
}

static void setup(void)
{
	lab_setup();
	lab_make_vm("web1");
	dir = (struct vm_dir)VM_DIR_INIT;
	suite_assert_ok(vm_dir_lock(&lab_store, "web1", "test", &dir, &lab_err), lab_err);
	suite_put(dir.fd, "disk.qcow2", "");
	host = (struct vm_host){ .config = lab_config, .store = lab_store, .note = note };
	vm_config_init(&vm, &lab_config);
	suite_assert_ok(mac_parse("52:54:00:00:00:01", &vm.nics[0].mac, &lab_err), lab_err);
	vm.nics[0].queues = 1;
	suite_assert_ok(vm_dir_save_run(&dir, &vm, &lab_err), lab_err);
	live = (struct live){ .state = VM_STATE_RUNNING };
	suite_assert_ok(process_identify(getpid(), &live.process, &lab_err), lab_err);
	cpus_set = nice_set = applies = apply_result = 0;
	kills = removes = 0;
	cpuset_has_less = nice_refused = remove_refused = false;
}

static void teardown(void)
{
	buf_done(&notes);
	vm_config_done(&vm);
	vm_dir_done(&dir);
	lab_teardown();
}

static void set(const char *key, const char *value)
{
	suite_assert_ok(vm_config_set(&vm, key, value, &lab_err), lab_err);
}

static void load_run(struct vm_config *ret)
{
	ck_assert_int_eq(vm_dir_load_run(&dir, &host.config, ret, &lab_err), 0);
}

START_TEST(test_CPUs_alone)
{
	set("cpu_pin", "0");
	ck_assert(limits_apply_now(&host, &dir, &live, &vm));
	ck_assert_int_gt(cpus_set, 0);
	ck_assert_int_eq(nice_set, 0);
	ck_assert_int_eq(applies, 0);
}
END_TEST

START_TEST(test_nice_alone)
{
	set("nice", "5");
	ck_assert(limits_apply_now(&host, &dir, &live, &vm));
	ck_assert_int_gt(nice_set, 0);
	ck_assert_int_eq(cpus_set, 0);
}
END_TEST

/* The one that is in effect is said to be. */
START_TEST(test_nice_refused)
{
	AUTO(vm_config_done) struct vm_config run = { .nice = 0 };

	nice_refused = true;
	set("nice", "-5");
	set("cpu_pin", "0");
	ck_assert(!limits_apply_now(&host, &dir, &live, &vm));
	load_run(&run);
	ck_assert_int_eq(run.nice, 0);
	ck_assert_str_eq(run.cpu_pin, "0");
	ck_assert_ptr_nonnull(strstr(buf_str(&notes), "not in effect now: set the nice value"));
}
END_TEST

START_TEST(test_cpuset_has_less)
{
	AUTO(vm_config_done) struct vm_config run = { .nice = 0 };

	cpuset_has_less = true;
	set("cpu_pin", "0");
	ck_assert(!limits_apply_now(&host, &dir, &live, &vm));
	load_run(&run);
	ck_assert_ptr_null(run.cpu_pin);
	ck_assert_ptr_nonnull(strstr(buf_str(&notes), "has not all of CPUs 0"));
}
END_TEST

/* All CPUs is no wish. */
START_TEST(test_all_that_the_cpuset_has)
{
	set("cpu_pin", "0");
	ck_assert(limits_apply_now(&host, &dir, &live, &vm));
	cpuset_has_less = true;
	set("cpu_pin", "");
	ck_assert(limits_apply_now(&host, &dir, &live, &vm));
}
END_TEST

/* Those that could be written are written back. */
START_TEST(test_limits_in_part)
{
	AUTO(vm_config_done) struct vm_config run = { .nice = 0 };

	record_inode(0);
	apply_result = CGROUP_PARTLY;
	set("cpu_max", "50");
	set("pids_max", "77");
	ck_assert(!limits_apply_now(&host, &dir, &live, &vm));
	load_run(&run);
	ck_assert_uint_eq(run.limits.cpu_max_percent, 0);
	ck_assert_uint_eq(run.limits.pids_max, 0);
	ck_assert_int_eq(applies, 2);
	ck_assert_uint_eq(applied.cpu_max_percent, 0);
	ck_assert_uint_eq(applied.pids_max, limits_pids_max(&run));
}
END_TEST

START_TEST(test_own_cgroup)
{
	char why[160];

	record_inode(0);
	ck_assert(limits_out_of_memory(&dir, why, sizeof(why)));
	limits_kill(&dir);
	ck_assert_int_eq(kills, 1);
	limits_clear(&host, &dir);
	ck_assert_int_eq(removes, 1);
}
END_TEST

/* A start was killed before it made one, or somebody has made another one there. */
START_TEST(test_cgroup_of_another)
{
	char why[160];

	record_inode(_i ? 1 : -1);
	remove_refused = true;
	ck_assert(!limits_out_of_memory(&dir, why, sizeof(why)));
	limits_kill(&dir);
	ck_assert_int_eq(kills, 0);
	limits_clear(&host, &dir);
	ck_assert_int_eq(removes, !_i);
	ck_assert_uint_eq(notes.len, 0);
	set("cpu_max", "50");
	ck_assert(!limits_apply_now(&host, &dir, &live, &vm));
	ck_assert_int_eq(applies, 0);
}
END_TEST

START_TEST(test_inhabited_cgroup_is_remembered)
{
	record_inode(0);
	remove_refused = true;
	suite_assert_error(limits_remove(&host, &dir, &lab_err), lab_err, EBUSY, ERROR_BUSY);
	ck_assert(!limits_clear(&host, &dir));
	live_clear(&host, &dir);
	ck_assert(lab_exists(dir.run_fd, "cgroup"));
	ck_assert_ptr_nonnull(strstr(buf_str(&notes), "stop --force web1"));
	remove_refused = false;
	ck_assert(limits_clear(&host, &dir));
	ck_assert(!lab_exists(dir.run_fd, "cgroup"));
}
END_TEST

/* Since QEMU has ended somebody may have started it anew. */
START_TEST(test_force_spares_a_new_run)
{
	struct record record = { .process = live.process, .phase = PHASE_RUNNING };
	bool alive = _i;

	record_inode(0);
	record.process.start_ticks += !alive;
	suite_assert_ok(record_write(&dir, &record, &lab_err), lab_err);
	fd_close(&dir.lock_fd);
	suite_assert_ok(live_clear_dead(&host, "web1", "stop", true, &lab_err), lab_err);
	ck_assert_int_eq(kills, !alive);
	ck_assert_int_eq(removes, !alive);
	ck_assert_int_eq(lab_exists(dir.run_fd, "process"), alive);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vm_limits_run");
	TCase *tcase = tcase_create("limits_run");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_CPUs_alone);
	tcase_add_test(tcase, test_nice_alone);
	tcase_add_test(tcase, test_nice_refused);
	tcase_add_test(tcase, test_cpuset_has_less);
	tcase_add_test(tcase, test_all_that_the_cpuset_has);
	tcase_add_test(tcase, test_limits_in_part);
	tcase_add_test(tcase, test_own_cgroup);
	tcase_add_loop_test(tcase, test_cgroup_of_another, 0, 2);
	tcase_add_test(tcase, test_inhabited_cgroup_is_remembered);
	tcase_add_loop_test(tcase, test_force_spares_a_new_run, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
