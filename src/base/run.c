/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run a program (ssh-keygen, modprobe) without shell, PATH or inherited descriptors. */
#include "base/run.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/process.h"
#include "base/watch.h"

enum { DEFAULT_TIMEOUT_MS = 60 * 1000 };

/* What a child that did not get as far as the program tells its parent. */
struct child_error {
	enum child_stage { STAGE_SETUP, STAGE_PRIVILEGES, STAGE_FOLDER, STAGE_EXEC } stage;
	int code;
};

struct run {
	const char *program;
	const struct run_options *options;
	int null_fd;
	int in[2]; /* pipes: read end, write end */
	int out[2];
	int err[2];
	int status[2];
	int pid_fd;
	pid_t pid; /* 0: none to reap */
};

#define RUN_INIT                                                                                   \
	{                                                                                          \
		.null_fd = -1, .in = { -1, -1 }, .out = { -1, -1 }, .err = { -1, -1 },             \
		.status = { -1, -1 }, .pid_fd = -1                                                 \
	}

/* A child that did not get as far as being watched. */
static void abort_child(struct run *run)
{
	pid_t pid;

	kill(run->pid, SIGKILL);
	do
		pid = waitpid(run->pid, NULL, 0);
	while (pid < 0 && errno == EINTR);
}

static void run_done(struct run *run)
{
	int *const fds[] = { &run->null_fd,   &run->in[0],  &run->in[1],  &run->out[0],
			     &run->out[1],    &run->err[0], &run->err[1], &run->status[0],
			     &run->status[1], &run->pid_fd };

	if (run->pid > 0)
		abort_child(run);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fd_close(fds[i]);
}

/* It fits into the pipe, so that nobody need feed the program while it runs. */
static int open_input(struct run *run)
{
	const char *input = run->options->input;

	if (strlen(input) > RUN_INPUT_MAX)
		return -E2BIG;
	if (pipe2(run->in, O_CLOEXEC) < 0)
		return -errno;
	return fd_write_all(run->in[1], input, strlen(input));
}

static int open_pipes(struct run *run)
{
	run->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (run->null_fd < 0 || pipe2(run->err, O_CLOEXEC) < 0 || pipe2(run->status, O_CLOEXEC) < 0)
		return -errno;
	if (run->options->output && pipe2(run->out, O_CLOEXEC) < 0)
		return -errno;
	return run->options->input ? open_input(run) : 0;
}

/* From here to exec in the child: only system calls, nothing that may allocate or lock. */

static _Noreturn void child_fail(int fd, enum child_stage stage)
{
	struct child_error error = { .stage = stage, .code = errno };

	fd_write_all(fd, &error, sizeof(error));
	_exit(127);
}

/* An ignored signal would stay ignored in the program: SIGPIPE, for one. */
static void child_reset_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		sigaction(i, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * What it runs with may be less than what we do: a service's ambient capabilities (systemd.exec(5),
 * AmbientCapabilities=) are passed on by execve(2) to whatever is run, and are meant for us
 * alone. A core file would hold what it read: 1 byte stops a piped handler too, as 0 does not
 * (core(5)); where the hard limit is 0 already, that stands. What it makes is nobody else's.
 *
 * Under no_new_privs AppArmor lets a program only be confined further (apparmor.d(5)): one whose
 * profile has what ours has not would not be executed.
 */
static void child_drop(const struct run *run, int status_fd)
{
	const struct rlimit one = { 1, 1 };

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		child_fail(status_fd, STAGE_PRIVILEGES);
	if (!run->options->own_profile && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		child_fail(status_fd, STAGE_PRIVILEGES);
	if (setrlimit(RLIMIT_CORE, &one) < 0 && errno != EPERM)
		child_fail(status_fd, STAGE_PRIVILEGES);
	umask(077);
}

/* Above 2, so that no dup2() below overwrites what another one still needs. */
static int child_raise(int fd, int status_fd)
{
	int raised = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (raised < 0)
		child_fail(status_fd, STAGE_SETUP);
	return raised;
}

static _Noreturn void child_exec(const struct run *run, char *const *argv)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char lang[] = "LANG=C";
	static char *const environment[] = { path, lang, NULL };
	int status = child_raise(run->status[1], run->status[1]);
	int null = child_raise(run->null_fd, status);
	int in = run->in[0] < 0 ? null : child_raise(run->in[0], status);
	int out = run->out[1] < 0 ? null : child_raise(run->out[1], status);
	int err = child_raise(run->err[1], status);
	int dir = run->options->dir_fd;

	child_reset_signals();
	child_drop(run, status);
	if ((dir < 0 ? chdir("/") : fchdir(dir)) < 0)
		child_fail(status, STAGE_FOLDER);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		child_fail(status, STAGE_SETUP);
	/* not closed but marked: status has to live until exec */
	if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		child_fail(status, STAGE_SETUP);
	execve(argv[0], argv, environment);
	child_fail(status, STAGE_EXEC);
}

static int start(struct run *run, char *const *argv)
{
	sigset_t all, before;
	int r = 0;

	/* a handler of ours must not run in the child */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	run->pid = fork();
	if (run->pid == 0)
		child_exec(run, argv);
	if (run->pid < 0)
		r = -errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (r < 0)
		return r;
	fd_close(&run->in[0]);
	fd_close(&run->out[1]);
	fd_close(&run->err[1]);
	fd_close(&run->status[1]);
	run->pid_fd = (int)syscall(SYS_pidfd_open, run->pid, 0);
	return run->pid_fd < 0 ? -errno : 0;
}

static int word_child_error(const struct run *run, const struct child_error *error,
			    struct error *err)
{
	static const char *const steps[] = {
		[STAGE_SETUP] = "set up its descriptors",
		[STAGE_PRIVILEGES] = "give up privileges",
		[STAGE_FOLDER] = "enter its folder",
		[STAGE_EXEC] = "execute",
	};

	if (error->stage == STAGE_EXEC && error->code == ENOENT) {
		error_errno(err, error->code, "run '%s'", run->program);
		return error_kind(err, ERROR_HOST);
	}
	return error_errno(err, error->code, "run '%s': %s", run->program, steps[error->stage]);
}

/* Wait for the exec, which closes the pipe, or for the child's word on why there is none. */
static int check_exec(struct run *run, struct error *err)
{
	struct child_error error;
	ssize_t n;

	do
		n = read(run->status[0], &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_errno(err, errno, "run '%s': read from child", run->program);
	return n == sizeof(error) ? word_child_error(run, &error, err) : 0;
}

/* It reaps the child, whatever comes. */
static int watch(struct run *run, int timeout_ms, int64_t deadline_ms, struct error *err)
{
	const struct watch watch = {
		.program = run->program,
		.pid_fd = run->pid_fd,
		.output_fd = run->out[0],
		.error_fd = run->err[0],
		.output = run->options->output,
		.timeout_ms = timeout_ms,
		.deadline_ms = deadline_ms,
	};

	run->pid = 0;
	return watch_child(&watch, err);
}

int run_program(const struct strv *argv, const struct run_options *options, struct error *err)
{
	int timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : DEFAULT_TIMEOUT_MS;
	int64_t deadline_ms = clock_ms() + timeout_ms;
	AUTO(run_done) struct run run = RUN_INIT;
	int r;

	if (!argv->n || argv->v[0][0] != '/')
		return error_set(err, ERROR_FAILED, EINVAL, "run '%s': not an absolute path",
				 argv->n ? argv->v[0] : "");
	run.program = argv->v[0];
	run.options = options;
	if (options->output)
		buf_clear(options->output);
	r = open_pipes(&run);
	if (r == 0)
		r = start(&run, argv->v);
	if (r < 0)
		return error_errno(err, -r, "run '%s'", run.program);
	r = check_exec(&run, err);
	return r < 0 ? r : watch(&run, timeout_ms, deadline_ms, err);
}
