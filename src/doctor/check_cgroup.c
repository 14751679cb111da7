/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup v2: where VMs get cgroups of their own, and what of them can be limited there. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/strv.h"
#include "vm/layers.h"
#include "check.h"
#include "host_files.h"
#include "probe.h"

/* Of a VM's limits, cgroup-v2.rst "Controllers". */
static const char *const wanted[] = { "cpu", "io", "memory", "pids" };

static void keep_unified(struct check *check)
{
	if (host_is_alpine())
		check_keep(check, "'rc_cgroup_mode=\"unified\"' in /etc/rc.conf");
	else
		check_keep(check,
			   "'systemd.unified_cgroup_hierarchy=1' on the kernel's command line");
}

/* A folder that is not there yet has what the one above it has; cgroup.controllers is of that. */
static bool read_controllers(const char *place, struct strv *ret)
{
	AUTO_FREE char *folder = xstrdup(place);

	for (;;) {
		AUTO_FREE char *file = xasprintf("%s/cgroup.controllers", folder);
		AUTO_BUF line = BUF_INIT;
		char *slash;

		if (probe_line(file, &line)) {
			strv_split(ret, buf_str(&line), ' ');
			return true;
		}
		slash = strrchr(folder, '/');
		if (!slash || slash == folder)
			return false;
		*slash = '\0';
	}
}

static void check_controllers(struct check *check, const char *folder,
			      const struct strv *controllers)
{
	AUTO_STRV there = STRV_INIT, lacking = STRV_INIT;
	AUTO_FREE char *has_text = NULL;
	AUTO_FREE char *lacks_text = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		strv_push(strv_has(controllers, wanted[i]) ? &there : &lacking, wanted[i]);
	has_text = strv_join(&there, ", ");
	lacks_text = strv_join(&lacking, ", ");
	if (!lacking.n) {
		check_pass(check, folder, "is where VMs get cgroups, with limits of %s", has_text);
		return;
	}
	check_warn(
		check, folder,
		"is where VMs get cgroups, but their use of %s cannot be limited: the controller "
		"is off, or in a hierarchy of cgroup v1",
		lacks_text);
	keep_unified(check);
}

/* Who names a folder wants that one: without it no VM starts, unless it is allowed to. */
static void named_is_missing(struct check *check, const struct error *err)
{
	check_fail(check, check->config->cgroup,
		   "is 'cgroup' in %s: %s; VMs do not start without it", check->host->config_path,
		   err->message);
	check_keep(check, "'cgroup = auto' or a folder of cgroup v2 in %s",
		   check->host->config_path);
}

static void no_cgroup(struct check *check, const struct error *err)
{
	if (strcmp(check->config->cgroup, "auto") != 0) {
		named_is_missing(check, err);
		return;
	}
	check_warn(check, "/sys/fs/cgroup", "%s, so that a VM's use of the host has no bounds",
		   err->message);
	if (err->hint[0])
		check_fix(check, "%s", err->hint);
	else if (err->code == ENOENT)
		keep_unified(check);
}

void check_cgroup(struct check *check)
{
	AUTO_STRV controllers = STRV_INIT;
	struct error err = ERROR_INIT;
	AUTO_FREE char *place = NULL;
	int r;

	if (!strcmp(check->config->cgroup, "off")) {
		check_pass(check, "cgroup", "is off in the configuration");
		return;
	}
	r = vm_cgroup_place(check->host->vm, &place, &err);
	if (r) {
		no_cgroup(check, &err);
		return;
	}
	*strrchr(place, '/') = '\0';
	if (read_controllers(place, &controllers))
		check_controllers(check, place, &controllers);
	else
		check_warn(check, place, "tells nothing of its controllers: not looked at");
}
