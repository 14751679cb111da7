/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Confinement: can this host give VMs all layers of it? Tried with QEMU itself. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "config/vm_config.h"
#include "vm/layers.h"
#include "check.h"
#include "probe.h"

/* How a host comes to lack a layer, and gets it; user.max_* are limits of the user namespace. */
static const struct {
	const char *link; /* of /proc/self/ns: is it in the kernel? */
	const char *limit;
	const char *option; /* of the kernel's configuration */
} sources[LAYERS] = {
	[LAYER_ROOT] = { "mnt", "user.max_mnt_namespaces", "CONFIG_TMPFS" },
	[LAYER_PID] = { "pid", "user.max_pid_namespaces", "CONFIG_PID_NS" },
	[LAYER_NET] = { "net", "user.max_net_namespaces", "CONFIG_NET_NS" },
	[LAYER_IPC] = { "ipc", "user.max_ipc_namespaces", "CONFIG_IPC_NS" },
	[LAYER_UTS] = { "uts", "user.max_uts_namespaces", "CONFIG_UTS_NS" },
	[LAYER_CGROUP_NS] = { "cgroup", "user.max_cgroup_namespaces", "CONFIG_CGROUPS" },
	[LAYER_KEYRING] = { .option = "CONFIG_KEYS" },
	[LAYER_LANDLOCK] = { .option = "CONFIG_SECURITY_LANDLOCK" },
	[LAYER_SECCOMP] = { .option = "CONFIG_SECCOMP_FILTER" },
};

/* Is the layer's limit 0, and the sysctl what is to be set? */
static bool is_limited(enum layer layer)
{
	AUTO_FREE char *path = NULL;

	if (!sources[layer].limit)
		return false;
	path = xasprintf("/proc/sys/%s", sources[layer].limit);
	path[strlen("/proc/sys/user")] = '/';
	return probe_is(path, "0");
}

static bool is_in_kernel(enum layer layer)
{
	AUTO_FREE char *path = NULL;

	if (!sources[layer].link)
		return false;
	path = xasprintf("/proc/self/ns/%s", sources[layer].link);
	return !access(path, F_OK);
}

static void lacks_layer(struct check *check, enum layer layer, bool allowed)
{
	const char *word = layer_words[layer];

	if (allowed)
		check_warn(check, word, "%s cannot be had: VMs go without, as allowed",
			   layer_text(layer));
	else
		check_fail(check, word, "%s cannot be had, so that VMs do not start",
			   layer_text(layer));
	if (is_limited(layer))
		check_fix(check, "sysctl -w %s=15000", sources[layer].limit);
	if (allowed)
		return;
	if (is_in_kernel(layer))
		check_keep(check,
			   "leave for it, where a container or a service manager withholds it; "
			   "the last resort is 'allow_missing = %s' in %s",
			   word, check->host->config_path);
	else
		check_keep(check,
			   "a kernel with %s, or leave for it where a container withholds it; the "
			   "last resort is 'allow_missing = %s' in %s",
			   sources[layer].option, word, check->host->config_path);
}

/* That QEMU is not there is another check's to tell; that it is not in its root is not. */
static void not_tried(struct check *check, const struct error *err)
{
	if (access(check->config->qemu, F_OK) < 0) {
		check_warn(check, "QEMU", "not tried: %s", err->message);
	} else if (err->kind == ERROR_HOST) {
		check_fail(check, "QEMU", "%s: VMs do not start", err->message);
		if (err->hint[0])
			check_keep(check, "%s", err->hint);
	} else {
		check_error(check, "QEMU", err);
	}
}

/* The cgroup has a check of its own. */
void check_layers(struct check *check)
{
	const struct vm_config none = { .n_nics = 0 };
	unsigned int may_miss = vm_config_allowed_missing(&none, check->config);
	struct error err = ERROR_INIT;
	unsigned int missing;

	if (vm_layers_probe(check->host->vm, &missing, &err)) {
		not_tried(check, &err);
		return;
	}
	for (unsigned int i = 0; i < LAYERS; i++) {
		if (i == LAYER_CGROUP)
			continue;
		if (missing & LAYER_BIT(i))
			lacks_layer(check, (enum layer)i, may_miss & LAYER_BIT(i));
		else
			check_pass(check, layer_words[i], "%s can be had",
				   layer_text((enum layer)i));
	}
}

/*
 * What others of this host could do to QEMU or the kernel; QEMU itself can do neither, for its
 * filter has no such calls.
 */
void check_hardening(struct check *check)
{
	static const char bpf[] = "kernel.unprivileged_bpf_disabled";
	static const char ptrace[] = "kernel.yama.ptrace_scope";
	long value = probe_number("/proc/sys/kernel/unprivileged_bpf_disabled", -1);

	if (value == 0)
		check_pass(check, bpf, "is 0: every user of this host may load BPF programs");
	else
		check_pass(check, bpf, "BPF programs are for root");
	value = probe_number("/proc/sys/kernel/yama/ptrace_scope", 0);
	check_pass(check, ptrace, "is %ld: %s", value,
		   value == 0 ? "a user's processes may trace each other; every VM has a user of "
				"its own"
			      : "processes may trace no others but their own");
}
