/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which layers of confinement this host can give a VM: tried, for kernels differ in more than one
 * way.
 */
#include "vm/layers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/strv.h"
#include "jail/cgroup.h"
#include "jail/launch.h"

enum { PROBE_TIMEOUT_MS = 30000 };

static int verdict(const char *program, pid_t pid, struct error *err)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		return error_errno(err, errno, "wait for '%s'", program);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFSIGNALED(status))
		return error_set(err, ERROR_HOST, ENOEXEC,
				 "run '%s' in a root of its own: ended by signal %d (%s)", program,
				 WTERMSIG(status), strsignal(WTERMSIG(status)));
	error_set(err, ERROR_HOST, ENOEXEC, "run '%s' in a root of its own: exit status %d",
		  program, WEXITSTATUS(status));
	return error_hint(err,
			  "name the folders that it needs besides /usr in 'expose', see: "
			  "ldd %s",
			  program);
}

static int launch(const struct launch_plan *plan, unsigned int *ret_missing, struct error *err)
{
	AUTO(launch_abort) struct launch launch = LAUNCH_INIT;
	int r = launch_start(plan, &launch, err);

	if (!r)
		r = launch_go(&launch, err);
	if (r)
		return r;
	r = process_wait(launch.pid_fd, PROBE_TIMEOUT_MS);
	if (r < 0)
		return error_errno(err, -r, "wait for '%s' in a root of its own", plan->program);
	r = verdict(plan->program, launch.id.pid, err);
	if (!r)
		*ret_missing = launch.missing;
	launch_done(&launch); /* which has been reaped */
	return r;
}

int vm_layers_probe(const struct vm_host *host, unsigned int *ret_missing, struct error *err)
{
	const struct host_config *config = &host->config;
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	AUTO_STRV environment = STRV_INIT;
	AUTO_STRV argv = STRV_INIT;
	struct launch_plan plan = LAUNCH_PLAN_INIT;

	if (null < 0)
		return error_errno(err, errno, "open '/dev/null'");
	strv_push(&argv, config->qemu);
	strv_push(&argv, "-version");
	strv_push(&environment, "PATH=/usr/bin:/bin");
	strv_push(&environment, "LANG=C");
	plan.program = config->qemu;
	plan.argv = &argv;
	plan.environment = &environment;
	plan.mode = launch_mode();
	plan.uid = plan.gid = host_config_worker_uid(config);
	plan.log_fd = null;
	plan.folders = &config->expose;
	plan.layers = LAYERS_ALL & ~LAYER_BIT(LAYER_CGROUP);
	plan.may_miss = LAYERS_ALL;
	plan.timeout_ms = PROBE_TIMEOUT_MS;
	plan.ends_with_us = true;
	return launch(&plan, ret_missing, err);
}

/* Any name does: each VM's is below the same folder. */
int vm_cgroup_place(const struct vm_host *host, char **ret_path, struct error *err)
{
	int r = cgroup_place(host->config.cgroup, "vm", ret_path, err);

	return r == CGROUP_NONE ? VM_NO_CGROUP : r;
}
