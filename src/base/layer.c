/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layers of confinement that a host can lack, by name. */
#include "base/layer.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

enum { SYSCTL_MAX = 64 };

const char *const layer_words[] = { "root",    "pid",	   "net",     "ipc",	"uts", "cgroup-ns",
				    "keyring", "landlock", "seccomp", "cgroup", NULL };

static const char *const texts[LAYERS] = {
	[LAYER_ROOT] = "a root of its own",
	[LAYER_PID] = "a pid namespace",
	[LAYER_NET] = "an empty network namespace",
	[LAYER_IPC] = "an ipc namespace",
	[LAYER_UTS] = "a uts namespace",
	[LAYER_CGROUP_NS] = "a cgroup namespace",
	[LAYER_KEYRING] = "a session keyring",
	[LAYER_LANDLOCK] = "Landlock",
	[LAYER_SECCOMP] = "a system call filter",
	[LAYER_CGROUP] = "a cgroup with its limits",
};

static const struct layer_source sources[LAYERS] = {
	[LAYER_ROOT] = { "/proc/self/ns/mnt", "user.max_mnt_namespaces", "CONFIG_TMPFS" },
	[LAYER_PID] = { "/proc/self/ns/pid", "user.max_pid_namespaces", "CONFIG_PID_NS" },
	[LAYER_NET] = { "/proc/self/ns/net", "user.max_net_namespaces", "CONFIG_NET_NS" },
	[LAYER_IPC] = { "/proc/self/ns/ipc", "user.max_ipc_namespaces", "CONFIG_IPC_NS" },
	[LAYER_UTS] = { "/proc/self/ns/uts", "user.max_uts_namespaces", "CONFIG_UTS_NS" },
	[LAYER_CGROUP_NS] = { "/proc/self/ns/cgroup", "user.max_cgroup_namespaces",
			      "CONFIG_CGROUPS" },
	[LAYER_KEYRING] = { .option = "CONFIG_KEYS" },
	[LAYER_LANDLOCK] = { .option = "CONFIG_SECURITY_LANDLOCK" },
	[LAYER_SECCOMP] = { .option = "CONFIG_SECCOMP_FILTER" },
};

const struct layer_sysctl layer_user_sysctls[] = {
	{ "user.max_user_namespaces", "0", "user.max_user_namespaces=15000" },
	/* Debian's own, and Ubuntu's */
	{ "kernel.unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1" },
	{ "kernel.apparmor_restrict_unprivileged_userns", "1",
	  "kernel.apparmor_restrict_unprivileged_userns=0" },
	{ .name = NULL },
};

const char *layer_text(enum layer layer)
{
	return (unsigned int)layer < LAYERS ? texts[layer] : "an unknown layer";
}

void layers_format(unsigned int mask, struct buf *ret)
{
	const char *before = "";

	for (unsigned int i = 0; i < LAYERS; i++) {
		if (!(mask & LAYER_BIT(i)))
			continue;
		buf_printf(ret, "%s%s", before, layer_words[i]);
		before = ", ";
	}
}

/* landlock_create_ruleset(2): with this flag it only tells the version. */
int layer_landlock_version(void)
{
	enum { CREATE_RULESET_VERSION = 1 };
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	return version < 0 ? -errno : (int)version;
}

const struct layer_source *layer_source(enum layer layer)
{
	static const struct layer_source none = { .link = NULL };

	return (unsigned int)layer < LAYERS ? &sources[layer] : &none;
}

bool layer_sysctl_is(const char *sysctl, const char *value)
{
	AUTO_FREE char *path = xasprintf("/proc/sys/%s", sysctl);
	struct error ignored = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;
	size_t len = strlen(value);

	for (char *p = path + strlen("/proc/sys/"); *p; p++)
		if (*p == '.')
			*p = '/';
	return !file_read_path(path, SYSCTL_MAX, &text, &ignored) &&
	       !strncmp(buf_str(&text), value, len) && !strcmp(buf_str(&text) + len, "\n");
}
