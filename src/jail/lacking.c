/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which layers a host lacks, as far as that can be told without trying. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "jail/launch.h"
#include "launch_words.h"

enum { SYSCTL_MAX = 64 };

/* namespaces(7): how many there may be of each kind, which may be none. */
static const struct {
	const char *link, *sysctl;
} spaces[LAYERS] = {
	[LAYER_ROOT] = { "mnt", "user/max_mnt_namespaces" },
	[LAYER_PID] = { "pid", "user/max_pid_namespaces" },
	[LAYER_NET] = { "net", "user/max_net_namespaces" },
	[LAYER_IPC] = { "ipc", "user/max_ipc_namespaces" },
	[LAYER_UTS] = { "uts", "user/max_uts_namespaces" },
	[LAYER_CGROUP_NS] = { "cgroup", "user/max_cgroup_namespaces" },
};

/* What an ordinary user can have in a user namespace only; the second is Debian's own. */
static const char *const user_sysctls[] = { "user/max_user_namespaces",
					    "kernel/unprivileged_userns_clone" };

static bool is_zero(const char *sysctl)
{
	AUTO_FREE char *path = xasprintf("/proc/sys/%s", sysctl);
	struct error ignored = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;

	return !file_read_path(path, SYSCTL_MAX, &text, &ignored) && !strcmp(buf_str(&text), "0\n");
}

static const char *zero_for_users(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(user_sysctls); i++) {
		if (is_zero(user_sysctls[i]))
			return user_sysctls[i];
	}
	return NULL;
}

/* The sysctl that refuses it; "": the kernel does not have it; NULL: nothing is known against it. */
static const char *why_not(enum launch_mode mode, enum layer layer)
{
	const char *sysctl = mode == LAUNCH_AS_USER ? zero_for_users() : NULL;
	char link[32];

	if (layer == LAYER_LANDLOCK)
		return layer_landlock_version() < 0 ? "" : NULL;
	if (!spaces[layer].link)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/ns/%s", spaces[layer].link);
	if (access(link, F_OK) < 0)
		return "";
	if (sysctl)
		return sysctl;
	return is_zero(spaces[layer].sysctl) ? spaces[layer].sysctl : NULL;
}

unsigned int launch_lacking(enum launch_mode mode)
{
	unsigned int mask = 0;

	for (unsigned int i = 0; i < LAYERS; i++) {
		if (why_not(mode, (enum layer)i))
			mask |= LAYER_BIT(i);
	}
	return mask;
}

int launch_check_layers(enum launch_mode mode, unsigned int may_miss, struct error *err)
{
	unsigned int dear = launch_lacking(mode) & ~may_miss;
	unsigned int first = 0;
	const char *why;

	if (!dear)
		return 0;
	while (!(dear & LAYER_BIT(first)))
		first++;
	why = why_not(mode, (enum layer)first);
	error_set(err, ERROR_HOST, ENOTSUP, "this host does not give %s: %s%s",
		  layer_text((enum layer)first), why && *why ? why : "the kernel has none",
		  why && *why ? " is 0" : "");
	return launch_word_missing(dear, err);
}
