/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layers of confinement that a host can lack, by name. */
#include "base/layer.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

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
