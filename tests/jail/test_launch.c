/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which plans are refused, and how a launch begins and ends. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "fixture.h"

static void assert_refused(int code, const char *text)
{
	struct launch before = launch;

	ck_assert_int_eq(launch_start(&plan, &launch, &err), -code);
	ck_assert_int_eq(err.code, code);
	ck_assert_msg(strstr(err.message, text), "%s", err.message);
	ck_assert_ptr_nonnull(strstr(err.message, "start '"));
	ck_assert_mem_eq(&before, &launch, sizeof(launch));
}

START_TEST(test_refuses_root)
{
	static const uid_t ids[][2] = { { 0, JAIL_GID },
					{ JAIL_UID, 0 },
					{ 0, 0 },
					{ (uid_t)-1, JAIL_GID },
					{ JAIL_UID, (gid_t)-1 } };

	plan.uid = ids[_i][0];
	plan.gid = ids[_i][1];
	assert_refused(EINVAL, "not an id of its own");
}
END_TEST

START_TEST(test_refuses_program)
{
	static const char *const programs[] = { NULL, "", "probe", "./probe", "usr/bin/true" };

	plan.program = programs[_i];
	assert_refused(EINVAL, "not an absolute path");
}
END_TEST

START_TEST(test_refuses_no_argv)
{
	static const struct strv none = STRV_INIT;

	strv_clear(&plan_argv);
	assert_refused(EINVAL, "no arguments");
	plan.argv = NULL;
	assert_refused(EINVAL, "no arguments");
	plan.argv = &plan_argv;
	plan.environment = NULL;
	strv_push(&plan_argv, "probe");
	assert_refused(EINVAL, "no arguments");
	plan.environment = &plan_environment;
	plan.rootless_argv = &none;
	assert_refused(EINVAL, "no arguments");
}
END_TEST

START_TEST(test_refuses_target)
{
	static const int targets[] = { 0, 1, 2, -1, -1000 };

	plan_pass(plan.fds[0].source, targets[_i]);
	assert_refused(EINVAL, "0 to 2 are taken");
}
END_TEST

START_TEST(test_refuses_double_target)
{
	plan_pass(plan.log_fd, 4);
	plan_pass(plan.log_fd, 3);
	assert_refused(EINVAL, "two descriptors on as 3");
}
END_TEST

START_TEST(test_refuses_too_many)
{
	plan.n_fds = LAUNCH_FDS_MAX + 1;
	assert_refused(EINVAL, "at most 320");
}
END_TEST

START_TEST(test_refuses_closed_source)
{
	int log_fd = plan.log_fd;

	plan_pass(-1, 4);
	assert_refused(EBADF, "pass descriptor -1 on");
	plan.fds[1].source = 9999;
	assert_refused(EBADF, "pass descriptor 9999 on");
	plan.n_fds = 1;
	plan.log_fd = -1;
	assert_refused(EBADF, "log descriptor -1");
	plan.log_fd = log_fd;
}
END_TEST

START_TEST(test_refuses_file)
{
	static const char *const targets[] = {
		NULL,	  "",	    "/",	"//",	   "boot",	   "/boot/..", "/../boot",
		"/.",	  "/a/./b", "/usr",	"/usr/x",  "/lib/x",	   "/lib64",   "/bin/x",
		"/sbin/", "/dev",   "/dev/kvm", "//usr/x", "/boot/../usr",
	};

	plan.files[0] = (struct launch_file){ plan.log_fd, targets[_i], false };
	plan.n_files = 1;
	assert_refused(EINVAL, "not a place");
}
END_TEST

START_TEST(test_refuses_files)
{
	plan.files[0] = (struct launch_file){ 9999, "/boot/kernel", false };
	plan.n_files = 1;
	assert_refused(EBADF, "pass file 9999 on");
	plan.files[0].source = plan.log_fd;
	plan.layers &= ~LAYER_BIT(LAYER_ROOT);
	assert_refused(EINVAL, "show files: without a root of its own");
	plan.n_files = LAUNCH_FILES_MAX + 1;
	assert_refused(EINVAL, "at most 8");
}
END_TEST

START_TEST(test_refuses_folder)
{
	static const char *const folders[] = {
		"", "/", "//opt", "opt", "/..", "/opt/../..", "/opt/"
	};

	strv_push(&plan_folders, folders[_i]);
	assert_refused(EINVAL, "not the plain path of a folder");
}
END_TEST

START_TEST(test_refuses_no_folder)
{
	strv_push(&plan_folders, _i ? "/etc/passwd" : "/no/such/folder");
	assert_refused(_i ? ENOTDIR : ENOENT, _i ? "expose '/etc/passwd'" : "expose '/no/such/");
	ck_assert_int_eq(err.kind, ERROR_HOST);
	ck_assert_msg(strstr(err.hint, "'expose'"), "%s", err.hint);
}
END_TEST

START_TEST(test_refuses_many_folders)
{
	while (plan_folders.n <= LAUNCH_FOLDERS_MAX)
		strv_push(&plan_folders, "/opt");
	assert_refused(EINVAL, "at most 8");
}
END_TEST

/* By its own name, and by where that leads. */
START_TEST(test_refuses_program_outside)
{
	char link[256];

	strv_clear(&plan_folders);
	assert_refused(ENOENT, "is not in the root it would have");
	ck_assert_int_eq(err.kind, ERROR_HOST);
	ck_assert_msg(strstr(err.hint, "expose = "), "%s", err.hint);
	ck_assert_msg(strstr(err.hint, jail_folder), "%s", err.hint);
	strv_push(&plan_folders, jail_folder);
	snprintf(link, sizeof(link), "%s/link", jail_folder);
	ck_assert_int_eq(symlink("/etc/passwd", link), 0);
	plan_program("link");
	assert_refused(ENOENT, "'/etc/passwd' is not in the root");
	ck_assert_msg(strstr(err.hint, "expose = /etc "), "%s", err.hint);
	ck_assert_int_eq(unlink(link), 0);
}
END_TEST

START_TEST(test_checks_program)
{
	static const char *const fine[] = { "/usr/bin/env", "/bin/sh", "/no/such/program",
					    "/usr/../etc/no-such" };

	ck_assert_int_eq(launch_check_program(fine[_i], NULL, &err), 0);
}
END_TEST

/* In a stage: whichever call has it to tell. */
static void assert_fails(int code, const char *text)
{
	int r = launch_start(&plan, &launch, &err);

	if (r == 0)
		r = launch_go(&launch, &err);
	ck_assert_msg(r == -code, "%d: %s", r, err.message);
	ck_assert_msg(strstr(err.message, text), "%s", err.message);
	ck_assert_int_eq(launch.pid_fd, -1);
}

static void assert_go_fails(int code, enum error_kind kind, const char *text)
{
	ck_assert_msg(launch_start(&plan, &launch, &err) == 0, "%s", err.message);
	ck_assert_int_eq(launch_go(&launch, &err), -code);
	ck_assert_int_eq(err.kind, kind);
	ck_assert_msg(strstr(err.message, text), "%s", err.message);
	ck_assert_int_eq(launch.pid_fd, -1);
	ck_assert_int_eq(launch.control_fd, -1);
}

/* A file is no folder, and in one of the host's there is no place to be made. */
START_TEST(test_places_that_cannot_be)
{
	char path[256];

	plan.files[0] = plan.files[1] = (struct launch_file){ plan.log_fd, "/boot/a", false };
	plan.n_files = 2;
	assert_refused(EINVAL, "show two files as '/boot/a'");
	plan.files[1].target = "/boot/a/b";
	assert_fails(ENOTDIR, "'/boot/a/b'");
	snprintf(path, sizeof(path), "%s/new/file", jail_folder);
	plan.files[1].target = path;
	assert_fails(EROFS, "/new/file'");
}
END_TEST

/* In a folder of the host's its own content may be hidden, whatever that is. */
START_TEST(test_place_of_a_fifo)
{
	char path[256], inside[256];

	snprintf(path, sizeof(path), "%s/fifo", jail_folder);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	snprintf(inside, sizeof(inside), "%s/link/file", jail_folder);
	plan.files[0] = (struct launch_file){ plan.log_fd, path, false };
	plan.n_files = 1;
	strv_push(&plan_argv, "exit");
	launch_plan_run();
	ck_assert_int_eq(launch_wait(), 0);
	launch_done(&launch);
	ck_assert_int_eq(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/link", jail_folder);
	ck_assert_int_eq(symlink("/tmp", path), 0);
	plan.files[0].target = inside;
	assert_fails(ENOTDIR, "/link/file'");
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(test_program_missing)
{
	plan_program("no-such-program");
	assert_go_fails(ENOENT, ERROR_HOST, "start 'no-such-program': execute '/");
}
END_TEST

START_TEST(test_program_not_executable)
{
	plan_program("secret");
	assert_go_fails(EACCES, ERROR_PERMISSION, "start 'secret': execute '/");
	plan.program = jail_folder;
	assert_go_fails(EACCES, ERROR_PERMISSION, "execute '");
	ck_assert_msg(strstr(err.hint, "namei -m '/"), "%s", err.hint);
}
END_TEST

START_TEST(test_program_is_rubbish)
{
	int fd = open_in_folder("rubbish", O_WRONLY);

	ck_assert_int_eq(fd_write_all(fd, "\177ELF\0\0\0\0", 8), 0);
	ck_assert_int_eq(fchmod(fd, 0755), 0);
	close(fd);
	plan_program("rubbish");
	assert_go_fails(ENOEXEC, ERROR_FAILED, strerror(ENOEXEC));
}
END_TEST

START_TEST(test_path_longer_than_kept)
{
	char path[600];

	memset(path, '/', sizeof(path));
	strcpy(path + sizeof(path) - 8, "/absent");
	plan.program = path;
	ck_assert_int_eq(launch_start(&plan, &launch, &err), 0);
	ck_assert_int_eq(launch_go(&launch, &err), -ENOENT);
}
END_TEST

/* The identity is there to be recorded before the program runs, and stays the same. */
START_TEST(test_identity_before_and_after)
{
	struct process_id before;

	strv_push(&plan_argv, "sleep");
	ck_assert_int_eq(launch_start(&plan, &launch, &err), 0);
	before = launch.id;
	ck_assert_int_gt(before.pid, 0);
	ck_assert_int_eq(process_check(&before), PROCESS_ALIVE);
	ck_assert_int_eq(launch_go(&launch, &err), 0);
	report_read_all();
	ck_assert_mem_eq(&before, &launch.id, sizeof(before));
	ck_assert_int_eq(process_check(&before), PROCESS_ALIVE);
	launch_abort(&launch);
	ck_assert_int_eq(process_check(&before), PROCESS_EXITED);
	launch_abort(&launch);
	launch_done(&launch);
}
END_TEST

START_TEST(test_exit_shows_on_pid_fd)
{
	struct pollfd exited = { .events = POLLIN };

	strv_push(&plan_argv, "exit");
	strv_push(&plan_argv, "7");
	launch_plan_run();
	exited.fd = launch.pid_fd;
	ck_assert_int_eq(poll(&exited, 1, -1), 1);
	ck_assert_int_eq(launch_wait(), 7);
}
END_TEST

START_TEST(test_abort_before_go)
{
	struct process_id id;

	ck_assert_int_eq(launch_start(&plan, &launch, &err), 0);
	id = launch.id;
	launch_abort(&launch);
	ck_assert_int_eq(process_check(&id), PROCESS_EXITED);
}
END_TEST

START_TEST(test_abort_of_nothing)
{
	struct launch none = LAUNCH_INIT;

	launch_abort(&none);
	launch_done(&none);
	ck_assert_int_eq(none.pid_fd, -1);
}
END_TEST

START_TEST(test_done_before_go_ends_child)
{
	ck_assert_int_eq(launch_start(&plan, &launch, &err), 0);
	launch_done(&launch);
	ck_assert_int_eq(launch_wait(), 127);
}
END_TEST

/* A second child must not hold our end of the first one's connection. */
START_TEST(test_done_with_second_child_waiting)
{
	struct launch second = LAUNCH_INIT;

	ck_assert_int_eq(launch_start(&plan, &launch, &err), 0);
	ck_assert_int_eq(launch_start(&plan, &second, &err), 0);
	launch_done(&launch);
	ck_assert_int_eq(launch_wait(), 127);
	launch_abort(&second);
}
END_TEST

START_TEST(test_killed_before_go)
{
	ck_assert_int_eq(launch_start(&plan, &launch, &err), 0);
	ck_assert_int_eq(kill(launch.id.pid, SIGKILL), 0);
	ck_assert_int_eq(process_wait(launch.pid_fd, -1), 0);
	ck_assert_int_eq(launch_go(&launch, &err), -ECANCELED);
	ck_assert_msg(strstr(err.message, "start 'probe': killed by signal 9"), "%s", err.message);
}
END_TEST

static void launcher(int fd)
{
	if (launch_start(&plan, &launch, &err) < 0)
		_exit(1);
	if (write(fd, &launch.id.pid, sizeof(pid_t)) != sizeof(pid_t))
		_exit(1);
	for (;;)
		pause();
}

START_TEST(test_launcher_killed_before_go)
{
	int fds[2], status;
	pid_t orphan, pid;

	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (!pid)
		launcher(fds[1]);
	ck_assert_int_eq(read(fds[0], &orphan, sizeof(orphan)), sizeof(orphan));
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(waitpid(orphan, &status, 0), orphan);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 127);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* It says the word and is gone, while the child sleeps. */
static void launcher_of_a_sleeper(int fd)
{
	if (launch_start(&plan, &launch, &err) < 0 || kill(launch.id.pid, SIGSTOP) < 0)
		_exit(1);
	if (send(launch.control_fd, "", 1, MSG_NOSIGNAL) != 1 ||
	    write(fd, &launch.id.pid, sizeof(pid_t)) != sizeof(pid_t))
		_exit(1);
	_exit(0);
}

/* Without the end in common the program is run all the same. */
START_TEST(test_launcher_gone_before_exec)
{
	int fds[2], status;
	pid_t orphan, pid;

	strv_push(&plan_argv, "exit");
	strv_push(&plan_argv, "3");
	plan.ends_with_us = _i;
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (!pid)
		launcher_of_a_sleeper(fds[1]);
	ck_assert_int_eq(read(fds[0], &orphan, sizeof(orphan)), sizeof(orphan));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(kill(orphan, SIGCONT), 0);
	ck_assert_int_eq(waitpid(orphan, &status, 0), orphan);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), _i ? 127 : 3);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(test_child_that_comes_to_no_end)
{
	plan.timeout_ms = 200;
	ck_assert_int_eq(launch_start(&plan, &launch, &err), 0);
	ck_assert_int_eq(kill(launch.id.pid, SIGSTOP), 0);
	suite_assert_error(launch_go(&launch, &err), err, ETIMEDOUT, ERROR_TIMEOUT);
	ck_assert_str_eq(err.message, "start 'probe': not executed after 200 ms");
	ck_assert_int_eq(launch.pid_fd, -1);
	ck_assert(!suite_has_children());
}
END_TEST

START_TEST(test_stage_words)
{
	for (int a = 0; a < LAUNCH_STAGES; a++) {
		ck_assert_ptr_nonnull(launch_stage_word((enum launch_stage)a));
		for (int b = 0; b < a; b++)
			ck_assert_str_ne(launch_stage_word((enum launch_stage)a),
					 launch_stage_word((enum launch_stage)b));
	}
	ck_assert_ptr_nonnull(launch_stage_word(LAUNCH_STAGES));
	ck_assert_ptr_nonnull(launch_stage_word((enum launch_stage) - 1));
}
END_TEST

static TCase *case_refused(void)
{
	TCase *tcase = jail_case("refused");

	tcase_add_loop_test(tcase, test_refuses_root, 0, 5);
	tcase_add_loop_test(tcase, test_refuses_program, 0, 5);
	tcase_add_test(tcase, test_refuses_no_argv);
	tcase_add_loop_test(tcase, test_refuses_target, 0, 5);
	tcase_add_test(tcase, test_refuses_double_target);
	tcase_add_test(tcase, test_refuses_too_many);
	tcase_add_test(tcase, test_refuses_closed_source);
	tcase_add_loop_test(tcase, test_refuses_file, 0, 19);
	tcase_add_test(tcase, test_refuses_files);
	tcase_add_loop_test(tcase, test_refuses_folder, 0, 7);
	tcase_add_test(tcase, test_refuses_many_folders);
	tcase_add_test(tcase, test_refuses_program_outside);
	tcase_add_loop_test(tcase, test_checks_program, 0, 4);
	tcase_add_loop_test(tcase, test_refuses_no_folder, 0, 2);
	tcase_add_test(tcase, test_places_that_cannot_be);
	tcase_add_test(tcase, test_place_of_a_fifo);
	tcase_add_test(tcase, test_program_missing);
	tcase_add_test(tcase, test_program_not_executable);
	tcase_add_test(tcase, test_program_is_rubbish);
	tcase_add_test(tcase, test_path_longer_than_kept);
	return tcase;
}

static TCase *case_life(void)
{
	TCase *tcase = jail_case("life");

	tcase_add_test(tcase, test_identity_before_and_after);
	tcase_add_test(tcase, test_exit_shows_on_pid_fd);
	tcase_add_test(tcase, test_abort_before_go);
	tcase_add_test(tcase, test_abort_of_nothing);
	tcase_add_test(tcase, test_done_before_go_ends_child);
	tcase_add_test(tcase, test_done_with_second_child_waiting);
	tcase_add_test(tcase, test_killed_before_go);
	tcase_add_test(tcase, test_launcher_killed_before_go);
	tcase_add_loop_test(tcase, test_launcher_gone_before_exec, 0, 2);
	tcase_add_test(tcase, test_child_that_comes_to_no_end);
	tcase_add_test(tcase, test_stage_words);
	return tcase;
}

int main(int argc, char **argv)
{
	Suite *suite = suite_create("launch");

	(void)argc;
	suite_add_tcase(suite, case_refused());
	suite_add_tcase(suite, case_life());
	return jail_main(suite, argv);
}
