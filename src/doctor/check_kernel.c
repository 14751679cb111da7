/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel: its version, and the layers that VMs are confined with. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/layer.h"
#include "check.h"
#include "probe.h"

static bool at_least(const unsigned int have[2], unsigned int major, unsigned int minor)
{
	return have[0] > major || (have[0] == major && have[1] >= minor);
}

void check_kernel(struct check *check)
{
	unsigned int have[2] = { 0, 0 };
	struct utsname uts;

	if (uname(&uts) < 0 || sscanf(uts.release, "%u.%u", &have[0], &have[1]) != 2)
		check_warn(check, "Linux", "has a release that cannot be read: '%s'", uts.release);
	else if (!at_least(have, 5, 11)) /* close_range(2) with CLOSE_RANGE_CLOEXEC */
		check_fail(check, "Linux", "%s is older than 5.11, and QEMU cannot be started",
			   uts.release);
	else if (!at_least(have, 5, 18) && check->config->guard != GUARD_OFF)
		check_fail(check, "Linux",
			   "%s is older than 5.18 and cannot lock a bridge's ports to their MACs",
			   uts.release);
	else
		check_pass(check, "Linux", "%s has what is needed", uts.release);
	if (!at_least(have, 5, 18))
		check_keep(check, "a newer kernel; from 5.11 on 'guard = off' in %s will do",
			   check->host->config_path);
}

void check_landlock(struct check *check)
{
	int abi = layer_landlock_version();

	if (abi > 0) {
		check_pass(check, "Landlock", "has version %d", abi);
		return;
	}
	check_warn(check, "Landlock", "is %s: a QEMU that was taken over has one wall less",
		   abi == -EOPNOTSUPP ? "switched off" : "not in this kernel");
	if (abi == -EOPNOTSUPP)
		check_keep(check, "'landlock' at the head of 'lsm=' on the kernel's command line");
	else
		check_keep(check, "a kernel with CONFIG_SECURITY_LANDLOCK (Linux 5.13)");
}

/* The sysctls are the distributions' own; the kernel itself says whether we may. */
static int try_user_namespace(void)
{
	int status = 0;
	pid_t pid;

	/* like fork(2), so that the child has a stack of its own */
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return -errno;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return 0;
}

const char *check_user_namespace_sysctl(void)
{
	for (const struct layer_sysctl *sysctl = layer_user_sysctls; sysctl->name; sysctl++)
		if (layer_sysctl_is(sysctl->name, sysctl->refusing))
			return sysctl->setting;
	return NULL;
}

void check_user_namespaces(struct check *check)
{
	static const char object[] = "user namespaces";
	const char *sysctl = check_user_namespace_sysctl();
	int r = try_user_namespace();

	if (r == 0 && sysctl)
		check_pass(check, object, "are for root");
	else if (r == 0)
		check_pass(check, object, "can be made");
	else
		check_warn(check, object, "cannot be made (%s): VMs can be confined by root alone",
			   strerror(-r));
	if (r == -ENOSPC)
		check_fix(check, "sysctl -w user.max_user_namespaces=15000");
	else if (r < 0 && sysctl)
		check_fix(check, "sysctl -w %s", sysctl);
}
