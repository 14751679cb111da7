/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A helper program that works on a user's data (qemu-img), confined as QEMU is, until it ends. */
#include "jail/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "base/watch.h"

enum { DEFAULT_TIMEOUT_MS = 60 * 1000 };

static uint64_t or_default(uint64_t limit, uint64_t otherwise)
{
	return limit ? limit : otherwise;
}

/* It gets descriptors of its files only where the root may be missing. */
static void plan_rootless(struct launch_plan *plan, const struct helper *helper)
{
	plan->rootless_argv = helper->rootless_argv;
	if (!helper->rootless_argv || !(helper->may_miss & LAYER_BIT(LAYER_ROOT)))
		return;
	for (size_t i = 0; i < helper->n_files; i++)
		plan->fds[plan->n_fds++] = (struct launch_fd){
			.source = helper->files[i].source,
			.target = HELPER_FILE_FD + (int)i,
		};
}

static int plan_fill(struct launch_plan *plan, const struct helper *helper,
		     const struct strv *environment, struct error *err)
{
	const struct launch_limits *limits = &helper->limits;

	if (!helper->argv->n || helper->n_files > LAUNCH_FILES_MAX)
		return error_set(err, ERROR_FAILED, EINVAL, "run a helper: no or too many words");
	plan->program = helper->argv->v[0];
	plan->argv = helper->argv;
	plan->environment = environment;
	plan->mode = launch_mode();
	plan->uid = plan->mode == LAUNCH_AS_ROOT ? helper->uid : geteuid();
	plan->gid = plan->mode == LAUNCH_AS_ROOT ? helper->uid : getegid();
	memcpy(plan->files, helper->files, sizeof(plan->files));
	plan->n_files = helper->n_files;
	plan->folders = helper->folders;
	plan->limits = (struct launch_limits){
		.file_size = or_default(limits->file_size, HELPER_FILE_SIZE),
		.address_space = or_default(limits->address_space, HELPER_ADDRESS_SPACE),
		.cpu_s = or_default(limits->cpu_s, HELPER_CPU_S),
		.processes = or_default(limits->processes, HELPER_PROCESSES),
	};
	/* it lives for milliseconds, under limits of its own */
	plan->layers = LAYERS_ALL & ~LAYER_BIT(LAYER_CGROUP);
	plan->may_miss = helper->may_miss;
	plan->ends_with_us = true;
	plan_rootless(plan, helper);
	return 0;
}

/* Start it with log_fd, the last copy of which is its own afterwards. */
static int launch_helper(const struct helper *helper, int *log_fd, int timeout_ms,
			 struct launch *ret, struct error *err)
{
	struct launch_plan plan = LAUNCH_PLAN_INIT;
	AUTO_STRV environment = STRV_INIT;
	int r;

	strv_push(&environment, "PATH=/usr/sbin:/usr/bin:/sbin:/bin");
	strv_push(&environment, "LANG=C");
	r = plan_fill(&plan, helper, &environment, err);
	if (r < 0)
		return r;
	plan.log_fd = *log_fd;
	plan.timeout_ms = timeout_ms;
	r = launch_start(&plan, ret, err);
	fd_close(log_fd);
	return r < 0 ? r : launch_go(ret, err);
}

/* After launch_go() the child is watch_child()'s to reap. */
static int watch_helper(const struct helper *helper, const struct launch *launch, int words_fd,
			int timeout_ms, int64_t deadline_ms, struct error *err)
{
	const struct watch watch = {
		.program = helper->argv->v[0],
		.pid_fd = launch->pid_fd,
		.output_fd = helper->output ? words_fd : -1,
		.error_fd = helper->output ? -1 : words_fd,
		.output = helper->output,
		.exit_status = helper->exit_status,
		.timeout_ms = timeout_ms,
		.deadline_ms = deadline_ms,
	};

	return watch_child(&watch, err);
}

int helper_run(const struct helper *helper, struct error *err)
{
	int timeout_ms = helper->timeout_ms > 0 ? helper->timeout_ms : DEFAULT_TIMEOUT_MS;
	int64_t deadline_ms = clock_ms() + timeout_ms;
	AUTO(launch_done) struct launch launch = LAUNCH_INIT;
	AUTO_CLOSE int words_fd = -1;
	AUTO_CLOSE int log_fd = -1;
	int words[2], r;

	if (pipe2(words, O_CLOEXEC) < 0)
		return error_errno(err, errno, "make a pipe for a helper");
	words_fd = words[0];
	log_fd = words[1];
	if (helper->output)
		buf_clear(helper->output);
	if (helper->exit_status)
		*helper->exit_status = -1;
	r = launch_helper(helper, &log_fd, timeout_ms, &launch, err);
	if (r == 0)
		r = watch_helper(helper, &launch, words_fd, timeout_ms, deadline_ms, err);
	return r;
}
