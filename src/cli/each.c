/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One command on several VMs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "vm/status.h"
#include "each.h"

struct each {
	struct cli *cli;
	const char *command;
	const struct cli_args *args;
	each_function *function;
	const struct strv *names;
	int *codes;
	pid_t *pids; /* 0: not running */
};

static int each_one(const struct each *each, size_t i)
{
	struct error err = ERROR_INIT;
	int r = each->function(each->cli, each->names->v[i], each->args, &err);

	if (r >= 0)
		return r;
	cli_print_error(each->command, &err);
	return (int)err.kind;
}

/* A child that cannot be had is no reason to leave a VM out. */
static bool each_fork(const struct each *each, size_t i)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		each->codes[i] = each_one(each, i);
		return false;
	}
	if (pid == 0) {
		int code = each_one(each, i);

		if ((fflush(stdout) || ferror(stdout)) && !code)
			code = ERROR_FAILED;
		_exit(code);
	}
	each->pids[i] = pid;
	return true;
}

static bool each_settle(const struct each *each, pid_t pid, int status)
{
	for (size_t i = 0; i < each->names->n; i++) {
		if (each->pids[i] != pid)
			continue;
		each->pids[i] = 0;
		each->codes[i] = WIFEXITED(status) ? WEXITSTATUS(status) : ERROR_FAILED;
		return true;
	}
	return false;
}

/* A QEMU that was started in this process is a child of it as well. */
static void each_reap(const struct each *each)
{
	int status;
	pid_t pid;

	do
		pid = wait(&status);
	while (pid > 0 && !each_settle(each, pid, status));
}

static void each_parallel(const struct each *each, unsigned int parallel)
{
	unsigned int running = 0;

	for (size_t i = 0; i < each->names->n; i++) {
		if (running == parallel) {
			each_reap(each);
			running--;
		}
		running += each_fork(each, i);
	}
	for (; running; running--)
		each_reap(each);
}

static int each_choose(struct cli *cli, const struct cli_args *args, struct strv *names,
		       struct error *err)
{
	bool all = cli_flag(args, "all");

	if (all && args->words.n)
		return error_set(err, ERROR_USAGE, EINVAL, "give names or --all, not both");
	if (!all && !args->words.n)
		return error_set(err, ERROR_USAGE, EINVAL, "which VM? give a name, or --all");
	if (all)
		return vm_names_get(&cli->host, names, err);
	strv_copy(names, &args->words);
	return 0;
}

int each_of(struct cli *cli, const char *command, const struct cli_args *args,
	    const struct strv *names, unsigned int parallel, each_function *function,
	    struct error *err)
{
	AUTO_FREE int *codes = NULL;
	AUTO_FREE pid_t *pids = NULL;
	struct each each = { cli, command, args, function, names, NULL, NULL };

	if (!names->n)
		return 0;
	if (names->n == 1)
		return function(cli, names->v[0], args, err);
	codes = xcalloc(names->n, sizeof(*codes));
	pids = xcalloc(names->n, sizeof(*pids));
	each.codes = codes;
	each.pids = pids;
	if (parallel > 1)
		each_parallel(&each, parallel);
	else
		for (size_t i = 0; i < names->n; i++)
			codes[i] = each_one(&each, i);
	for (size_t i = 0; i < names->n; i++)
		if (codes[i])
			return codes[i];
	return 0;
}

int each_vm(struct cli *cli, const char *command, const struct cli_args *args,
	    unsigned int parallel, each_function *function, struct error *err)
{
	AUTO_STRV names = STRV_INIT;
	int r = each_choose(cli, args, &names, err);

	return r ? r : each_of(cli, command, args, &names, parallel, function, err);
}
