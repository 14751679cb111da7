/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run a helper program (qemu-img, ssh-keygen) without shell, PATH or inherited descriptors. */
#include "base/run.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/process.h"

enum {
	DEFAULT_TIMEOUT_MS = 60 * 1000,
	OUTPUT_MAX = 1024 * 1024,
	READ_CHUNK = 4096,
};

/* What a child that did not get as far as the program tells its parent. */
struct child_error {
	enum child_stage { STAGE_SETUP, STAGE_FOLDER, STAGE_EXEC } stage;
	int code;
};

/* The end of a stream; its beginning is of no interest. */
struct tail {
	char data[4096];
	size_t len;
};

struct run {
	const char *program;
	const struct run_options *options;
	int64_t deadline_ms;
	int null_fd;
	int in[2]; /* pipes: read end, write end */
	int out[2];
	int err[2];
	int status[2];
	int pid_fd;
	pid_t pid; /* 0: none to reap */
	struct tail tail;
};

#define RUN_INIT                                                                                   \
	{                                                                                          \
		.null_fd = -1, .in = { -1, -1 }, .out = { -1, -1 }, .err = { -1, -1 },             \
		.status = { -1, -1 }, .pid_fd = -1                                                 \
	}

/* Returns the status as of waitpid(2), or -errno. */
static int reap(struct run *run)
{
	int status;
	pid_t pid;

	do
		pid = waitpid(run->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	run->pid = 0;
	return pid < 0 ? -errno : status;
}

static void run_done(struct run *run)
{
	int *const fds[] = { &run->null_fd,   &run->in[0],  &run->in[1],  &run->out[0],
			     &run->out[1],    &run->err[0], &run->err[1], &run->status[0],
			     &run->status[1], &run->pid_fd };

	if (run->pid > 0) {
		if (run->pid_fd < 0 ||
		    syscall(SYS_pidfd_send_signal, run->pid_fd, SIGKILL, NULL, 0) < 0)
			kill(run->pid, SIGKILL);
		reap(run);
	}
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

static void tail_add(struct tail *tail, const char *data, size_t len)
{
	size_t room = sizeof(tail->data) - tail->len;
	size_t drop = len > room ? len - room : 0;

	memmove(tail->data, tail->data + drop, tail->len - drop);
	tail->len -= drop;
	memcpy(tail->data + tail->len, data, len);
	tail->len += len;
}

_Static_assert(READ_CHUNK <= sizeof(((struct tail *)NULL)->data), "a chunk fits into the tail");

/* Take what a pipe holds; *fd becomes -1 at its end, for poll() to skip. */
static int collect(struct run *run, int *fd, bool is_output)
{
	char chunk[READ_CHUNK];
	ssize_t n = read(*fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0)
		*fd = -1;
	else if (!is_output)
		tail_add(&run->tail, chunk, (size_t)n);
	else if (run->options->output->len + (size_t)n > OUTPUT_MAX)
		return -EFBIG;
	else
		buf_add(run->options->output, chunk, (size_t)n);
	return 0;
}

/*
 * Until the program has exited and its pipes are empty. It may have left a process
 * behind that keeps them open, so their end is not waited for.
 */
static int watch(struct run *run)
{
	enum { OUT, ERR, PID };
	struct pollfd fds[] = {
		[OUT] = { .fd = run->out[0], .events = POLLIN },
		[ERR] = { .fd = run->err[0], .events = POLLIN },
		[PID] = { .fd = run->pid_fd, .events = POLLIN },
	};
	int n, r = 0;

	while (r == 0) {
		bool exited = fds[PID].fd < 0;
		int64_t left = run->deadline_ms - clock_ms();

		if (left <= 0)
			return -ETIMEDOUT;
		n = poll(fds, ARRAY_SIZE(fds), exited ? 0 : (int)left);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0 && exited)
			return 0;
		if (n <= 0)
			continue;
		if (fds[OUT].revents)
			r = collect(run, &fds[OUT].fd, true);
		if (r == 0 && fds[ERR].revents)
			r = collect(run, &fds[ERR].fd, false);
		if (fds[PID].revents)
			fds[PID].fd = -1;
	}
	return r;
}

static int word_watch(const struct run *run, int code, int timeout_ms, struct error *err)
{
	if (code == ETIMEDOUT)
		return error_set(err, ERROR_TIMEOUT, code, "run '%s': no end after %d ms",
				 run->program, timeout_ms);
	if (code == EFBIG)
		return error_set(err, ERROR_FAILED, code, "run '%s': output larger than %d bytes",
				 run->program, OUTPUT_MAX);
	return error_errno(err, code, "run '%s': watch it", run->program);
}

/* The last line of standard error, which is where programs say why. */
static const char *last_line(struct tail *tail)
{
	char *line;

	while (tail->len && strchr("\r\n\t ", tail->data[tail->len - 1]))
		tail->len--;
	/* len may be all of data: then the last byte goes */
	if (tail->len == sizeof(tail->data))
		tail->len--;
	tail->data[tail->len] = '\0';
	line = memrchr(tail->data, '\n', tail->len);
	return line ? line + 1 : tail->data;
}

static int word_status(struct run *run, int status, struct error *err)
{
	const char *line = last_line(&run->tail);
	const char *colon = *line ? ": " : "";

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		return error_set(err, ERROR_FAILED, EIO, "run '%s': killed by signal %d%s%.512s",
				 run->program, WTERMSIG(status), colon, line);
	return error_set(err, ERROR_FAILED, EIO, "run '%s': exit status %d%s%.512s", run->program,
			 WEXITSTATUS(status), colon, line);
}

int run_program(const struct strv *argv, const struct run_options *options, struct error *err)
{
	int timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : DEFAULT_TIMEOUT_MS;
	AUTO(run_done) struct run run = RUN_INIT;
	int r;

	if (!argv->n || argv->v[0][0] != '/')
		return error_set(err, ERROR_FAILED, EINVAL, "run '%s': not an absolute path",
				 argv->n ? argv->v[0] : "");
	run.program = argv->v[0];
	run.options = options;
	run.deadline_ms = clock_ms() + timeout_ms;
	if (options->output)
		buf_clear(options->output);
	r = open_pipes(&run);
	if (r == 0)
		r = start(&run, argv->v);
	if (r < 0)
		return error_errno(err, -r, "run '%s'", run.program);
	r = check_exec(&run, err);
	if (r < 0)
		return r;
	r = watch(&run);
	if (r < 0)
		return word_watch(&run, -r, timeout_ms, err);
	r = reap(&run);
	if (r < 0)
		return error_errno(err, -r, "run '%s': wait for it", run.program);
	return word_status(&run, r, err);
}
