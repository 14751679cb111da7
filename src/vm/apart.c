/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A piece of our own code in a child, for what it reads not to be in memory when that has ended. */
#include "apart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdnoreturn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

/* Smaller than a pipe holds (pipe(7)), so that it is written whole. */
struct answer {
	int result;
	struct error err;
};

_Static_assert(sizeof(struct answer) <= 4096, "an answer is one write of a pipe");

static noreturn void child(int (*work)(void *arg, struct error *err), void *arg, int fd)
{
	struct answer answer = { .result = 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	answer.result = work(arg, &answer.err);
	_exit(fd_write_all(fd, &answer, sizeof(answer)) ? 1 : 0);
}

static int take_answer(int fd, struct error *err)
{
	struct answer answer;
	ssize_t len;

	do
		len = read(fd, &answer, sizeof(answer));
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return error_errno(err, errno, "read what a check found");
	if (len != sizeof(answer))
		return error_set(err, ERROR_FAILED, ECHILD, "check ahead: the process was ended");
	if (answer.result)
		*err = answer.err;
	return answer.result;
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int run_apart(int (*work)(void *arg, struct error *err), void *arg, struct error *err)
{
	AUTO_CLOSE int from = -1, to = -1;
	int fds[2], r;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, errno, "make a pipe");
	from = fds[0];
	to = fds[1];
	pid = fork();
	if (pid < 0)
		return error_errno(err, errno, "start a process");
	if (pid == 0)
		child(work, arg, to);
	fd_close(&to);
	r = take_answer(from, err);
	reap(pid);
	return r;
}
