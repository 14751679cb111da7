/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cgroup that a process is in: its own, another, and what of its limits is missing there. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "jail/launch.h"
#include "store/record.h"
#include "confinement.h"
#include "limits.h"

/*
 * The record's path is that of a folder, the kernel's is seen from our cgroup namespace: "/.." for
 * each level above its root (cgroup_namespaces(7)).
 */
static bool ends_with_path(const char *folder, const char *path)
{
	size_t folder_len = strlen(folder), len;

	while (!strncmp(path, "/../", 4))
		path += 3;
	len = strlen(path);
	return len > 1 && path[0] == '/' && folder_len > len &&
	       !strcmp(folder + folder_len - len, path);
}

/* None was made for it. Why not is told by the host as it is now. */
static void word_none(const struct confined *of, const char *path, struct vm_confinement *ret)
{
	struct cgroup_limits none = { .memory_max = 0 };
	struct error why = ERROR_INIT;
	AUTO_FREE char *place = NULL;

	ret->cgroup_unasked = !limits_asked(of->vm) && !limits_cgroup_is_named(of->host);
	if (cgroup_check(of->host->cgroup, of->dir->name, &none, &place, &why))
		ret->cgroup_note = xstrdup(why.message);
	else
		ret->cgroup_note = xasprintf("it is in %s", path);
}

static void word_limits(const struct confined *of, const char *folder, const char *path,
			struct vm_confinement *ret)
{
	struct error ignored = ERROR_INIT;
	struct cgroup_limits limits;
	AUTO_STRV lacking = STRV_INIT;
	AUTO_FREE char *text = NULL;

	if (limits_of(of->vm, of->dir->fd, &limits, &ignored) >= 0)
		cgroup_lacking(folder, &limits, &lacking);
	text = strv_join(&lacking, ", ");
	ret->cgroup_note = xasprintf("%s, without %s", path,
				     *text ? text : "a limit that was asked for");
}

static enum vm_layer_state look_at_own(const struct confined *of, const char *folder,
				       const char *path, struct vm_confinement *ret)
{
	struct error ignored = ERROR_INIT;

	ret->has_cgroup_state = !cgroup_read(folder, &ret->cgroup_state, &ignored);
	/* there may be one that lacks a limit */
	if (of->missing & LAYER_BIT(LAYER_CGROUP)) {
		word_limits(of, folder, path, ret);
		return VM_LAYER_MISSING;
	}
	if (ret->has_cgroup_state && !ret->cgroup_state.has_controllers)
		ret->cgroup_note = xstrdup("nothing limited: no controllers");
	return VM_LAYER_ON;
}

enum vm_layer_state confinement_cgroup(const struct confined *of, struct vm_confinement *ret)
{
	AUTO_FREE char *folder = NULL;
	struct error ignored = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;
	uint64_t inode;
	char path[512];
	int r;

	if (proc_read(of->proc_fd, "cgroup", &text) < 0)
		return VM_LAYER_UNKNOWN;
	if (!proc_cgroup_path(buf_str(&text), path, sizeof(path))) {
		word_none(of, "none of v2", ret);
		return VM_LAYER_MISSING;
	}
	ret->cgroup = xstrdup(path);
	r = record_cgroup_read(of->dir, &folder, &inode, &ignored);
	if (!r && ends_with_path(folder, path))
		return look_at_own(of, folder, path, ret);
	if (r) {
		word_none(of, path, ret);
	} else {
		ret->cgroup_moved = true;
		ret->cgroup_note = xasprintf("it is in %s, not in %s", path, folder);
	}
	return VM_LAYER_MISSING;
}
