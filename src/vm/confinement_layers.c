/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which layers of confinement a process has: each by what the kernel shows of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "confinement.h"

static enum vm_layer_state state_of(bool on)
{
	return on ? VM_LAYER_ON : VM_LAYER_MISSING;
}

/*
 * Two processes are in one namespace when device and inode of their links are the same
 * (namespaces(7)). A namespace is its own if it is neither ours nor that of the first process; a
 * kernel that has no such namespaces has no such link.
 */
static enum vm_layer_state own_namespace(int proc_fd, const char *name)
{
	static const char *const others[] = { "self", "1" };
	struct stat st, other;
	char path[48];

	snprintf(path, sizeof(path), "ns/%s", name);
	if (fstatat(proc_fd, path, &st, 0) < 0)
		return errno == ENOENT ? VM_LAYER_MISSING : VM_LAYER_UNKNOWN;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		snprintf(path, sizeof(path), "/proc/%s/ns/%s", others[i], name);
		if (!stat(path, &other) && st.st_dev == other.st_dev && st.st_ino == other.st_ino)
			return VM_LAYER_MISSING;
	}
	return VM_LAYER_ON;
}

/* A mount namespace alone shows what the host has mounted. */
static enum vm_layer_state layer_root(const struct confined *of, struct vm_confinement *ret)
{
	enum vm_layer_state state = own_namespace(of->proc_fd, "mnt");
	struct proc_mounts mounts;
	AUTO_BUF text = BUF_INIT;

	if (state != VM_LAYER_ON)
		return state;
	if (proc_read(of->proc_fd, "mountinfo", &text) < 0 ||
	    !proc_mounts_parse(buf_str(&text), &mounts) || !mounts.n)
		return VM_LAYER_UNKNOWN;
	ret->mounts = (int)mounts.n;
	if (!mounts.root_is_tmpfs)
		return VM_LAYER_MISSING;
	if (mounts.n_writable)
		strv_pushf(&ret->findings, "may write to what is mounted at '%s'", mounts.writable);
	if (mounts.system[0])
		strv_pushf(&ret->findings, "finds the system's '%s'", mounts.system);
	return VM_LAYER_ON;
}

/* The first of its own: what kills it ends all that it may have started; pid_namespaces(7). */
static enum vm_layer_state layer_pid(const struct confined *of)
{
	if (of->status.pid_depth < 0)
		return VM_LAYER_UNKNOWN;
	return state_of(of->status.pid_depth > 1 && of->status.inner_pid == 1);
}

static enum vm_layer_state layer_net(const struct confined *of, struct vm_confinement *ret)
{
	enum vm_layer_state state = own_namespace(of->proc_fd, "net");
	AUTO_BUF text = BUF_INIT;

	if (state != VM_LAYER_ON)
		return state;
	if (proc_read(of->proc_fd, "net/dev", &text) < 0)
		return VM_LAYER_UNKNOWN;
	if (!proc_net_is_empty(buf_str(&text)))
		strv_push(&ret->findings, "has links in its network namespace");
	return VM_LAYER_ON;
}

/*
 * QEMU's own filter is one, and ours the one below it. A launcher that runs under a filter itself,
 * in a container say, passes that on: then its word is needed, too.
 */
static enum vm_layer_state layer_seccomp(const struct confined *of)
{
	if (of->missing & LAYER_BIT(LAYER_SECCOMP))
		return VM_LAYER_MISSING;
	if (of->status.seccomp < 0)
		return VM_LAYER_UNKNOWN;
	if (of->status.seccomp != 2)
		return VM_LAYER_MISSING;
	if (of->status.seccomp_filters < 0)
		return VM_LAYER_UNKNOWN; /* before Linux 5.9 */
	return state_of(of->status.seccomp_filters >= 2);
}

/* Nobody but the launcher can tell. */
static enum vm_layer_state as_launched(const struct confined *of, enum layer layer)
{
	if (!of->has_missing)
		return VM_LAYER_UNKNOWN;
	return state_of(!(of->missing & LAYER_BIT(layer)));
}

static void judge(const struct confined *of, enum layer layer, struct vm_confinement *ret)
{
	struct vm_layer *at = &ret->layers[layer];

	if (at->state != VM_LAYER_MISSING)
		return;
	at->allowed = of->may_miss & LAYER_BIT(layer) &&
		      !(layer == LAYER_CGROUP && ret->cgroup_moved);
	if (!at->allowed)
		strv_pushf(&ret->findings, "lacks %s", layer_text(layer));
}

void confinement_layers(const struct confined *of, struct vm_confinement *ret)
{
	static const enum layer told[] = { LAYER_KEYRING, LAYER_LANDLOCK };

	ret->layers[LAYER_ROOT].state = layer_root(of, ret);
	ret->layers[LAYER_PID].state = layer_pid(of);
	ret->layers[LAYER_NET].state = layer_net(of, ret);
	ret->layers[LAYER_IPC].state = own_namespace(of->proc_fd, "ipc");
	ret->layers[LAYER_UTS].state = own_namespace(of->proc_fd, "uts");
	ret->layers[LAYER_CGROUP_NS].state = own_namespace(of->proc_fd, "cgroup");
	ret->layers[LAYER_SECCOMP].state = layer_seccomp(of);
	ret->layers[LAYER_CGROUP].state = confinement_cgroup(of, ret);
	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		ret->layers[told[i]].state = as_launched(of, told[i]);
		ret->layers[told[i]].as_launched = true;
	}
	for (unsigned int i = 0; i < LAYERS; i++)
		judge(of, (enum layer)i, ret);
}
