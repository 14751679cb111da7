/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM is taken to be doing, and the end of a QEMU that does not end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../src/vm/disks.h"
#include "../../src/vm/limits.h"
#include "../../src/vm/live.h"
#include "base/alloc.h"
#include "qmp/qmp.h"
#include "store_lab.h"

static struct vm_host host;
static struct lab_child qemu;
static struct process_id qemu_id;

static bool ends_by_cgroup; /* what its cgroup is killed for */
static int killed; /* cgroups */
static bool was_locked;
static int signals;

int __wrap_process_wait(int pid_fd, int timeout_ms);
int __wrap_process_signal(int pid_fd, int sig);
void __wrap_limits_kill(const struct vm_dir *dir);
int __wrap_disks_inspect_system(const struct vm_dir *dir, struct image_info *ret,
				struct error *err);
int __wrap_qmp_connect(int dir_fd, const char *name, int timeout_ms, struct qmp **ret,
		       struct error *err);
int __wrap_qmp_query_status(struct qmp *qmp, enum qmp_status *ret, struct error *err);

/* Like a process that waits in the kernel. */
int __wrap_process_wait(int pid_fd, int timeout_ms)
{
	(void)pid_fd;
	ck_assert_int_gt(timeout_ms, 0);
	return ends_by_cgroup && killed ? 0 : -ETIMEDOUT;
}

int __wrap_process_signal(int pid_fd, int sig)
{
	(void)pid_fd;
	ck_assert_int_eq(sig, SIGKILL);
	signals++;
	return 0;
}

void __wrap_limits_kill(const struct vm_dir *dir)
{
	ck_assert_str_eq(dir->name, "web1");
	killed++;
	was_locked = dir->lock_fd >= 0 && vm_dir_is_locked(dir);
}

int __wrap_disks_inspect_system(const struct vm_dir *dir, struct image_info *ret, struct error *err)
{
	(void)dir;
	(void)err;
	*ret = (struct image_info){ .virtual_size = 1 };
	return 0;
}

static int asked; /* QEMUs */
static bool answers;
static enum qmp_status answer;

int __wrap_qmp_connect(int dir_fd, const char *name, int timeout_ms, struct qmp **ret,
		       struct error *err)
{
	ck_assert_int_ge(dir_fd, 0);
	ck_assert_str_eq(name, "qmp.sock");
	ck_assert_int_gt(timeout_ms, 0);
	ck_assert_int_le(timeout_ms, 250);
	asked++;
	if (!answers)
		return error_set(err, ERROR_FAILED, ETIMEDOUT, "monitor busy");
	*ret = NULL; /* which qmp_close() takes */
	return 0;
}

int __wrap_qmp_query_status(struct qmp *qmp, enum qmp_status *ret, struct error *err)
{
	(void)qmp;
	(void)err;
	*ret = answer;
	return 0;
}

/* It stands still: a record is as old as a test says, however long the test takes. */
static struct timespec now;

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	if (clock != CLOCK_REALTIME)
		return __real_clock_gettime(clock, ret);
	*ret = now;
	return 0;
}

static bool nothing(const char *name)
{
	(void)name;
	return true;
}

static void record_it(const struct process_id *id, enum phase phase)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;

	suite_assert_ok(vm_dir_lock_existing(&lab_store, "web1", "test", &dir, &lab_err), lab_err);
	suite_assert_ok(record_phase(&dir, id, phase, &lab_err), lab_err);
}

static void setup(void)
{
	AUTO_CLOSE int fd = -1;

	lab_setup();
	ck_assert_int_eq(__real_clock_gettime(CLOCK_REALTIME, &now), 0);
	host = (struct vm_host){ .config = lab_config, .store = lab_store };
	lab_make_vm("web1");
	fd = openat(lab_store.vms_fd, "web1", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	suite_put(fd, "vm.mac", "52:54:00:00:00:11\n");
	suite_put(fd, "vm.ip", "dhcp\n");
	suite_put(fd, "vm.conf", "");
	lab_child_start(&qemu, nothing, "web1");
	suite_assert_ok(process_identify(qemu.pid, &qemu_id, &lab_err), lab_err);
	record_it(&qemu_id, PHASE_RUNNING);
	ends_by_cgroup = false;
	killed = signals = asked = 0;
	was_locked = false;
	answers = true;
	answer = QMP_STATUS_RUNNING;
}

static void teardown(void)
{
	lab_child_kill(&qemu);
	lab_teardown();
}

/* The record is as old as that. */
static void age_record(int seconds)
{
	AUTO_FREE char *path = xasprintf("%s/web1/process", lab_config.run_dir);
	struct timespec times[2] = { now, now };

	times[0].tv_sec -= seconds;
	times[1].tv_sec -= seconds;
	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void check_state(enum vm_state state)
{
	struct vm_info info;

	suite_assert_ok(vm_info_get(&host, "web1", &info, &lab_err), lab_err);
	ck_assert_msg(info.state == state, "%s, not %s: %s", vm_state_word(info.state),
		      vm_state_word(state), info.problem);
	vm_info_done(&info);
}

START_TEST(a_stop_is_forgotten_with_who_waited)
{
	record_it(&qemu_id, PHASE_STOPPING);
	check_state(VM_STATE_STOPPING);
	age_record(40);
	check_state(VM_STATE_STOPPING);
	age_record(46);
	check_state(VM_STATE_RUNNING);
	/* the clock was set back */
	age_record(-3600);
	check_state(VM_STATE_STOPPING);
}
END_TEST

START_TEST(a_stop_that_waits_says_so_again)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;

	record_it(&qemu_id, PHASE_STOPPING);
	age_record(3600);
	suite_assert_ok(vm_dir_open(&lab_store, "web1", &dir, &lab_err), lab_err);
	record_touch(&dir);
	check_state(VM_STATE_STOPPING);
	ck_assert_int_lt(record_age_ms(&dir), 30000);
}
END_TEST

START_TEST(no_other_phase_is_forgotten)
{
	static const enum vm_state states[] = {
		[PHASE_STARTING] = VM_STATE_STARTING,
		[PHASE_RUNNING] = VM_STATE_RUNNING,
		[PHASE_PAUSED] = VM_STATE_PAUSED,
	};

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		record_it(&qemu_id, (enum phase)i);
		age_record(3600);
		check_state(states[i]);
	}
}
END_TEST

START_TEST(no_record_has_no_age)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;

	ck_assert_int_eq(record_age_ms(&dir), -1);
	record_touch(&dir);
	suite_assert_ok(vm_dir_lock_existing(&lab_store, "web1", "test", &dir, &lab_err), lab_err);
	record_clear(&dir);
	ck_assert_int_eq(record_age_ms(&dir), -1);
	record_touch(&dir);
	ck_assert(!lab_exists(dir.run_fd, "process"));
}
END_TEST

START_TEST(a_frozen_guest_is_told)
{
	struct vm_info info;

	answer = QMP_STATUS_ERROR;
	suite_assert_ok(vm_info_get(&host, "web1", &info, &lab_err), lab_err);
	ck_assert_int_eq(info.state, VM_STATE_PAUSED);
	ck_assert_ptr_nonnull(strstr(info.problem, "mnmivm-se resume web1"));
	vm_info_done(&info);
	answer = QMP_STATUS_PAUSED; /* by somebody else's monitor */
	suite_assert_ok(vm_info_get(&host, "web1", &info, &lab_err), lab_err);
	ck_assert_int_eq(info.state, VM_STATE_PAUSED);
	ck_assert_str_eq(info.problem, "");
	vm_info_done(&info);
}
END_TEST

START_TEST(what_else_qemu_says_is_running)
{
	static const enum qmp_status statuses[] = { QMP_STATUS_RUNNING, QMP_STATUS_PRELAUNCH,
						    QMP_STATUS_SHUTDOWN, QMP_STATUS_SUSPENDED,
						    QMP_STATUS_OTHER };

	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		answer = statuses[i];
		check_state(VM_STATE_RUNNING);
	}
	answers = false;
	answer = QMP_STATUS_ERROR;
	check_state(VM_STATE_RUNNING);
	ck_assert_int_eq(asked, ARRAY_SIZE(statuses) + 1);
}
END_TEST

START_TEST(only_a_running_one_is_asked)
{
	answer = QMP_STATUS_ERROR;
	record_it(&qemu_id, PHASE_PAUSED);
	check_state(VM_STATE_PAUSED);
	record_it(&qemu_id, PHASE_STOPPING);
	check_state(VM_STATE_STOPPING);
	record_it(&qemu_id, PHASE_STARTING);
	check_state(VM_STATE_STARTING);
	ck_assert_int_eq(asked, 0);
}
END_TEST

START_TEST(a_list_asks_too)
{
	struct vm_list list;

	answer = QMP_STATUS_ERROR;
	suite_assert_ok(vm_list_get(&host, &list, &lab_err), lab_err);
	ck_assert_uint_eq(list.n, 1);
	ck_assert_int_eq(list.v[0].state, VM_STATE_PAUSED);
	vm_list_done(&list);
}
END_TEST

static void kill_it(const struct vm_dir *dir, int code)
{
	const struct live live = { .state = VM_STATE_RUNNING, .process = qemu_id };

	lab_err = (struct error)ERROR_INIT;
	ck_assert_int_eq(live_kill(&host, dir, &live, &lab_err), code);
	ck_assert_int_eq(signals, 1);
	if (code)
		ck_assert_msg(strstr(lab_err.message, "does not end after SIGKILL") != NULL, "%s",
			      lab_err.message);
}

START_TEST(its_cgroup_is_killed_under_the_lock_we_have)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;

	ends_by_cgroup = true;
	suite_assert_ok(vm_dir_lock_existing(&lab_store, "web1", "test", &dir, &lab_err), lab_err);
	kill_it(&dir, 0);
	ck_assert_int_eq(killed, 1);
	ck_assert(dir.lock_fd >= 0);
}
END_TEST

START_TEST(the_lock_is_taken_for_its_cgroup)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;

	ends_by_cgroup = true;
	suite_assert_ok(vm_dir_open(&lab_store, "web1", &dir, &lab_err), lab_err);
	kill_it(&dir, 0);
	ck_assert_int_eq(killed, 1);
	ck_assert(was_locked);
	ck_assert(!vm_dir_is_locked(&dir)); /* and let go */
}
END_TEST

START_TEST(what_does_not_end_at_all_is_told)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;

	suite_assert_ok(vm_dir_open(&lab_store, "web1", &dir, &lab_err), lab_err);
	kill_it(&dir, -ETIMEDOUT);
	ck_assert_int_eq(killed, 1);
	ck_assert_int_eq(lab_err.kind, ERROR_TIMEOUT);
}
END_TEST

/* It was started anew by another command. */
START_TEST(the_cgroup_of_a_later_run_is_left_alone)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;
	struct process_id ours;

	suite_assert_ok(process_identify(getpid(), &ours, &lab_err), lab_err);
	record_it(&ours, PHASE_RUNNING);
	suite_assert_ok(vm_dir_open(&lab_store, "web1", &dir, &lab_err), lab_err);
	kill_it(&dir, -ETIMEDOUT);
	ck_assert_int_eq(killed, 0);
}
END_TEST

START_TEST(the_cgroup_of_a_cleared_run_is_left_alone)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;

	suite_assert_ok(vm_dir_lock_existing(&lab_store, "web1", "test", &dir, &lab_err), lab_err);
	record_clear(&dir);
	fd_close(&dir.lock_fd);
	kill_it(&dir, -ETIMEDOUT);
	ck_assert_int_eq(killed, 0);
}
END_TEST

START_TEST(a_lock_that_another_has_is_not_passed)
{
	AUTO_VM_DIR dir = VM_DIR_INIT;
	struct lab_child other;

	suite_assert_ok(vm_dir_open(&lab_store, "web1", &dir, &lab_err), lab_err);
	lab_child_start(&other, lab_hold_lock, "web1");
	kill_it(&dir, -ETIMEDOUT);
	ck_assert_int_eq(killed, 0);
	lab_child_kill(&other);
}
END_TEST

START_TEST(who_has_ended_is_not_killed)
{
	const struct live live = { .state = VM_STATE_RUNNING,
				   .process = { .pid = qemu_id.pid,
						.start_ticks = qemu_id.start_ticks + 1 } };
	AUTO_VM_DIR dir = VM_DIR_INIT;

	suite_assert_ok(vm_dir_open(&lab_store, "web1", &dir, &lab_err), lab_err);
	suite_assert_ok(live_kill(&host, &dir, &live, &lab_err), lab_err);
	ck_assert_int_eq(signals, 0);
	ck_assert_int_eq(killed, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vm/live");
	TCase *c = tcase_create("states");
	TCase *k = tcase_create("kill");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_stop_is_forgotten_with_who_waited);
	tcase_add_test(c, a_stop_that_waits_says_so_again);
	tcase_add_test(c, no_other_phase_is_forgotten);
	tcase_add_test(c, no_record_has_no_age);
	tcase_add_test(c, a_frozen_guest_is_told);
	tcase_add_test(c, what_else_qemu_says_is_running);
	tcase_add_test(c, only_a_running_one_is_asked);
	tcase_add_test(c, a_list_asks_too);
	suite_add_tcase(s, c);
	tcase_add_checked_fixture(k, setup, teardown);
	tcase_add_test(k, its_cgroup_is_killed_under_the_lock_we_have);
	tcase_add_test(k, the_lock_is_taken_for_its_cgroup);
	tcase_add_test(k, what_does_not_end_at_all_is_told);
	tcase_add_test(k, the_cgroup_of_a_later_run_is_left_alone);
	tcase_add_test(k, the_cgroup_of_a_cleared_run_is_left_alone);
	tcase_add_test(k, a_lock_that_another_has_is_not_passed);
	tcase_add_test(k, who_has_ended_is_not_killed);
	suite_add_tcase(s, k);
	return suite_run(s);
}
