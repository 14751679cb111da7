/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two locks of a VM: exclusive, gone with their holder, and never on a file without a name. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store_lab.h"

static struct vm_dir dir;

static int take(const char *name)
{
	dir = (struct vm_dir)VM_DIR_INIT;
	return vm_dir_lock(&lab_store, name, "start", &dir, &lab_err);
}

START_TEST(test_names)
{
	static const char *const names[] = {
		"",
		".",
		"..",
		"a/b",
		"../x",
		"-a",
		"a-",
		"A",
		"a b",
		"a\n",
		"a.b",
		"lock\x1b",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};

	ck_assert_uint_eq(strlen(names[ARRAY_SIZE(names) - 1]), NAME_MAX_LEN + 1);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct vm_dir untouched = VM_DIR_INIT;

		suite_assert_error(take(names[i]), lab_err, EINVAL, ERROR_USAGE);
		ck_assert_mem_eq(&dir, &untouched, sizeof(dir));
	}
	/* nothing was made: rmdir(2) takes empty folders only */
	ck_assert_int_eq(unlinkat(lab_dir.fd, "run", AT_REMOVEDIR), 0);
}
END_TEST

START_TEST(test_held_by_another)
{
	struct lab_child child;
	char pid[24];

	lab_child_start(&child, lab_hold_lock, "web1");
	snprintf(pid, sizeof(pid), "pid %d", child.pid);
	suite_assert_error(take("web1"), lab_err, EBUSY, ERROR_BUSY);
	ck_assert_msg(strstr(lab_err.message, pid) && strstr(lab_err.message, "'create'") &&
			      strstr(lab_err.message, "'web1'"),
		      "%s", lab_err.message);
	ck_assert(lab_err.hint[0]);
	ck_assert_int_eq(dir.lock_fd, -1);
	/* that of another VM is another lock */
	suite_assert_ok(take("web2"), lab_err);
	vm_dir_done(&dir);
	lab_child_release(&child);
	suite_assert_ok(take("web1"), lab_err);
	vm_dir_done(&dir);
}
END_TEST

START_TEST(test_held_by_a_killed)
{
	struct lab_child child;

	lab_child_start(&child, lab_hold_lock, "web1");
	lab_child_kill(&child);
	suite_assert_ok(take("web1"), lab_err);
	ck_assert(vm_dir_is_locked(&dir));
	vm_dir_done(&dir);
}
END_TEST

/* An open-file-description lock is not the process's: the same process is refused too. */
START_TEST(test_twice_in_one_process)
{
	struct vm_dir second = VM_DIR_INIT;

	suite_assert_ok(take("web1"), lab_err);
	suite_assert_error(vm_dir_lock(&lab_store, "web1", "stop", &second, &lab_err), lab_err,
			   EBUSY, ERROR_BUSY);
	vm_dir_done(&dir);
}
END_TEST

START_TEST(test_signature_of_another_hand)
{
	static const char *const texts[] = {
		"",
		"%s%s%n\x1b[2J",
		"1 "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"a",
	};
	struct vm_dir second = VM_DIR_INIT;

	suite_assert_ok(take("web1"), lab_err);
	suite_put(dir.run_fd, "lock", texts[_i]);
	suite_assert_error(vm_dir_lock(&lab_store, "web1", "stop", &second, &lab_err), lab_err,
			   EBUSY, ERROR_BUSY);
	ck_assert_ptr_nonnull(strstr(lab_err.message, "'web1'"));
	vm_dir_done(&dir);
}
END_TEST

START_TEST(test_lock_is_a_link)
{
	suite_put(lab_dir.fd, "victim", "precious");
	suite_assert_ok(take("web1"), lab_err);
	ck_assert_int_eq(unlinkat(dir.run_fd, "lock", 0), 0);
	ck_assert_int_eq(symlinkat("../../victim", dir.run_fd, "lock"), 0);
	vm_dir_done(&dir);
	ck_assert_int_eq(take("web1"), -ELOOP);
	ck_assert_ptr_nonnull(strstr(lab_err.message, "'web1'"));
	AUTO_FREE char *victim = suite_get(lab_dir.fd, "victim");
	ck_assert_str_eq(victim, "precious");
}
END_TEST

START_TEST(test_existing_only)
{
	struct vm_dir none = VM_DIR_INIT;

	suite_assert_error(vm_dir_lock_existing(&lab_store, "web1", "start", &none, &lab_err),
			   lab_err, ENOENT, ERROR_NOT_FOUND);
	ck_assert(!lab_exists(lab_store.run_fd, "web1"));
	lab_make_vm("web1");
	suite_assert_ok(vm_dir_lock_existing(&lab_store, "web1", "start", &none, &lab_err),
			lab_err);
	ck_assert_int_ge(none.fd, 0);
	ck_assert_int_ge(none.lock_fd, 0);
	vm_dir_done(&none);
	ck_assert_int_eq(none.lock_fd, -1);
}
END_TEST

/* What a lock file has in it is for people: pid and command, one line. */
START_TEST(test_signature)
{
	char expected[64];

	suite_assert_ok(take("web1"), lab_err);
	suite_put(dir.run_fd, "lock", "1234567 a longer one of an earlier command\n");
	vm_dir_done(&dir);
	suite_assert_ok(take("web1"), lab_err);
	AUTO_FREE char *text = suite_get(dir.run_fd, "lock");
	snprintf(expected, sizeof(expected), "%d start\n", getpid());
	ck_assert_str_eq(text, expected);
	vm_dir_done(&dir);
}
END_TEST

static bool has_open(pid_t pid, const char *path)
{
	bool found = false;

	for (int fd = 0; fd < 64 && !found; fd++) {
		char link[64], target[256];
		ssize_t len;

		snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, fd);
		len = readlink(link, target, sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = '\0';
		found = strcmp(target, path) == 0;
	}
	return found;
}

static bool same_file(int run_fd, int fd)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && fstatat(run_fd, "lock", &named, 0) == 0 &&
	       ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

START_TEST(test_removed_while_waited_for)
{
	AUTO_FREE char *path = xasprintf("%s/web1/lock", lab_config.run_dir);
	int status, pair[2];
	char byte;
	pid_t pid;

	suite_assert_ok(take("web1"), lab_err);
	ck_assert_int_eq(pipe2(pair, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct vm_dir late = VM_DIR_INIT;
		int r;

		close(dir.lock_fd); /* inherited: it would be held here too */
		close(pair[0]);
		close(pair[1]);
		do /* as often as the one who removes it is slow */
			r = vm_dir_lock(&lab_store, "web1", "create", &late, &lab_err);
		while (r == -EBUSY);
		if (r)
			_exit(2);
		_exit(same_file(late.run_fd, late.lock_fd) && lab_exists(lab_store.run_fd, "web1")
			      ? 0
			      : 3);
	}
	close(pair[1]);
	ck_assert_int_eq(read(pair[0], &byte, 1), 0);
	close(pair[0]);
	/* it has the inherited one no more, so this is its own */
	do
		usleep(1000);
	while (!has_open(pid, path));
	vm_dir_remove_run(&lab_store, &dir);
	ck_assert(!lab_exists(lab_store.run_fd, "web1"));
	vm_dir_done(&dir);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

enum { RACERS = 4, ROUNDS = 60 };

/* Everybody locks, is alone, removes the folder with the lock in it, and lets go. */
static bool lock_and_remove(int number)
{
	(void)number;
	for (int i = 0; i < ROUNDS; i++) {
		struct vm_dir mine = VM_DIR_INIT;
		struct error err = ERROR_INIT;
		int fd, r = vm_dir_lock(&lab_store, "web1", "create", &mine, &err);

		if (r == -EBUSY || r == -ESTALE)
			continue; /* the others were quicker for two seconds */
		if (r)
			return false;
		fd = openat(lab_dir.fd, "alone", O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (fd < 0 || !same_file(mine.run_fd, mine.lock_fd))
			return false;
		close(fd);
		suite_put(mine.run_fd, "log", "x");
		if (unlinkat(lab_dir.fd, "alone", 0) < 0)
			return false;
		vm_dir_remove_run(&lab_store, &mine);
		vm_dir_done(&mine);
	}
	return true;
}

START_TEST(test_race_of_removers)
{
	lab_race(RACERS, lock_and_remove);
}
END_TEST

START_TEST(test_remove_run)
{
	suite_assert_ok(take("web1"), lab_err);
	suite_put(dir.run_fd, "log", "x");
	suite_put(dir.run_fd, ".tmp-process", "x");
	ck_assert_int_eq(mkdirat(dir.run_fd, "folder", 0700), 0);
	ck_assert_int_eq(symlinkat("../../state", dir.run_fd, "link"), 0);
	vm_dir_remove_run(&lab_store, &dir);
	vm_dir_done(&dir);
	ck_assert(!lab_exists(lab_store.run_fd, "web1"));
	ck_assert(lab_exists(lab_dir.fd, "state"));
}
END_TEST

/* The linker's --wrap puts this between vm_dir.c and the C library: the lock file has gone. */
static struct vm_dir theirs;
static bool come_after_unlink;

int __real_unlinkat(int dir_fd, const char *path, int flags);
int __wrap_unlinkat(int dir_fd, const char *path, int flags);
int __wrap_unlinkat(int dir_fd, const char *path, int flags)
{
	int r = __real_unlinkat(dir_fd, path, flags);

	if (come_after_unlink && r == 0 && strcmp(path, "lock") == 0) {
		come_after_unlink = false;
		theirs = (struct vm_dir)VM_DIR_INIT;
		suite_assert_ok(vm_dir_lock(&lab_store, "web1", "create", &theirs, &lab_err),
				lab_err);
		suite_put(theirs.run_fd, "log", "theirs");
	}
	return r;
}

/* Another command comes before our rmdir: from then on the folder is theirs. */
START_TEST(test_remove_run_spares_a_new_lock)
{
	suite_assert_ok(take("web1"), lab_err);
	/* many files, so that a folder is not listed in one piece */
	for (int i = 0; i < 600; i++) {
		AUTO_FREE char *name = xasprintf("a-file-with-a-somewhat-long-name-%d", i);

		suite_put(dir.run_fd, name, "");
	}
	come_after_unlink = true;
	vm_dir_remove_run(&lab_store, &dir);
	vm_dir_done(&dir);
	ck_assert(!come_after_unlink);
	ck_assert(same_file(theirs.run_fd, theirs.lock_fd));
	ck_assert(lab_exists(lab_store.run_fd, "web1"));
	AUTO_FREE char *log = suite_get(theirs.run_fd, "log");
	ck_assert_str_eq(log, "theirs");
	vm_dir_done(&theirs);
}
END_TEST

static int running_lock_fd = -1;

/* As QEMU is: a program that knows nothing of the descriptor it has. */
static pid_t run_holder(bool keep)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (fcntl(running_lock_fd, F_SETFD, keep ? 0 : FD_CLOEXEC) < 0)
			_exit(1);
		execl("/bin/sleep", "sleep", "1000", (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void end_holder(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(test_running_lock_is_inherited)
{
	struct vm_dir other = VM_DIR_INIT;
	pid_t pid;

	lab_make_vm("web1");
	suite_assert_ok(take("web1"), lab_err);
	ck_assert(!vm_dir_running_lock_held(&dir));
	suite_assert_ok(vm_dir_running_lock(&dir, &running_lock_fd, &lab_err), lab_err);
	pid = run_holder(true);
	fd_close(&running_lock_fd);
	vm_dir_done(&dir);

	suite_assert_ok(vm_dir_open(&lab_store, "web1", &other, &lab_err), lab_err);
	ck_assert(vm_dir_running_lock_held(&other));
	while (vm_dir_is_locked(&other)) /* until exec: the command lock is not handed on */
		usleep(1000);
	suite_assert_error(vm_dir_running_lock(&other, &running_lock_fd, &lab_err), lab_err, EBUSY,
			   ERROR_BUSY);
	ck_assert_int_eq(running_lock_fd, -1);
	/* commands go on under a running VM */
	suite_assert_ok(take("web1"), lab_err);
	vm_dir_done(&dir);

	end_holder(pid);
	ck_assert(!vm_dir_running_lock_held(&other));
	suite_assert_ok(vm_dir_running_lock(&other, &running_lock_fd, &lab_err), lab_err);
	fd_close(&running_lock_fd);
	vm_dir_done(&other);
}
END_TEST

START_TEST(test_running_lock_ends_with_exec)
{
	pid_t pid;

	suite_assert_ok(take("web1"), lab_err);
	suite_assert_ok(vm_dir_running_lock(&dir, &running_lock_fd, &lab_err), lab_err);
	pid = run_holder(false);
	fd_close(&running_lock_fd);
	/* close-on-exec is the default, so a helper program cannot keep a VM "running" */
	while (vm_dir_running_lock_held(&dir))
		usleep(1000);
	end_holder(pid);
	vm_dir_done(&dir);
}
END_TEST

START_TEST(test_without_a_run_folder)
{
	struct vm_dir none = VM_DIR_INIT;

	ck_assert(!vm_dir_is_locked(&none));
	ck_assert(!vm_dir_running_lock_held(&none));
	lab_make_vm("web1");
	suite_assert_ok(vm_dir_open(&lab_store, "web1", &none, &lab_err), lab_err);
	ck_assert_int_eq(none.run_fd, -1);
	ck_assert(!vm_dir_is_locked(&none));
	vm_dir_done(&none);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("store_lock");
	TCase *tcase = lab_case("command");

	tcase_add_test(tcase, test_names);
	tcase_add_test(tcase, test_held_by_another);
	tcase_add_test(tcase, test_held_by_a_killed);
	tcase_add_test(tcase, test_twice_in_one_process);
	tcase_add_loop_test(tcase, test_signature_of_another_hand, 0, 3);
	tcase_add_test(tcase, test_lock_is_a_link);
	tcase_add_test(tcase, test_existing_only);
	tcase_add_test(tcase, test_signature);
	suite_add_tcase(s, tcase);
	tcase = lab_case("removal");
	tcase_add_test(tcase, test_removed_while_waited_for);
	tcase_add_test(tcase, test_race_of_removers);
	tcase_add_test(tcase, test_remove_run);
	tcase_add_test(tcase, test_remove_run_spares_a_new_lock);
	suite_add_tcase(s, tcase);
	tcase = lab_case("running");
	tcase_add_test(tcase, test_running_lock_is_inherited);
	tcase_add_test(tcase, test_running_lock_ends_with_exec);
	tcase_add_test(tcase, test_without_a_run_folder);
	suite_add_tcase(s, tcase);
	return suite_run(s);
}
