/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Confinement: can this host give VMs all layers of it? Tried with QEMU itself. */
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/privilege.h"
#include "config/vm_config.h"
#include "vm/layers.h"
#include "check.h"
#include "host_files.h"
#include "probe.h"

/* What sysctl(8) is to set, to be freed; NULL where no sysctl is to blame. */
static char *find_sysctl(enum layer layer)
{
	const char *limit = layer_source(layer)->limit;
	const char *sysctl = NULL;

	if (geteuid() != 0 && LAYERS_NAMESPACES & LAYER_BIT(layer))
		sysctl = check_user_namespace_sysctl();
	if (sysctl)
		return xstrdup(sysctl);
	if (!limit || !layer_sysctl_is(limit, "0"))
		return NULL;
	return xasprintf("%s=15000", limit);
}

static bool is_in_kernel(enum layer layer)
{
	const char *link = layer_source(layer)->link;

	return link && !access(link, F_OK);
}

static bool is_roots_lack(enum layer layer)
{
	return geteuid() == 0 && LAYERS_NAMESPACES & LAYER_BIT(layer) &&
	       !privilege_in_effect(CAP_SYS_ADMIN);
}

/* Who withholds it, and what makes them give it. */
static void find_giver(enum layer layer, struct buf *ret)
{
	AUTO_FREE char *sysctl = find_sysctl(layer);

	if (sysctl)
		buf_printf(ret, "'%s' in %s", sysctl, HOST_SYSCTL_FILE);
	else if (is_roots_lack(layer))
		buf_puts(ret, "--cap-add=SYS_ADMIN for a container; for a systemd unit, "
			      "CAP_SYS_ADMIN in its CapabilityBoundingSet=");
	else if (is_in_kernel(layer))
		buf_puts(ret, "for a systemd unit, no RestrictNamespaces=; for a container, a "
			      "seccomp profile that allows it (--security-opt seccomp=FILE)");
	else
		buf_printf(ret,
			   "a kernel with %s; for a container, a seccomp profile that allows it "
			   "(--security-opt seccomp=FILE)",
			   layer_source(layer)->option);
}

/* The last resort names all that are missing, so that it is tried once. */
static void lacks_layer(struct check *check, enum layer layer, unsigned int dear)
{
	const char *why = is_roots_lack(layer) ? ", as even root lacks CAP_SYS_ADMIN here" : "";
	AUTO_FREE char *sysctl = find_sysctl(layer);
	const char *word = layer_words[layer];
	AUTO_BUF giver = BUF_INIT;
	AUTO_BUF words = BUF_INIT;

	if (dear & LAYER_BIT(layer))
		check_fail(check, word, "%s cannot be had%s: VMs do not start", layer_text(layer),
			   why);
	else
		check_warn(check, word, "%s cannot be had%s: VMs go without, as allowed",
			   layer_text(layer), why);
	if (sysctl)
		check_fix(check, "sysctl -w %s", sysctl);
	if (!(dear & LAYER_BIT(layer)))
		return;
	find_giver(layer, &giver);
	layers_format(dear, &words);
	check_keep(check, "%s; to go without, 'allow_missing = %s' in %s", buf_str(&giver),
		   buf_str(&words), check->host->config_path);
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
			lacks_layer(check, (enum layer)i, missing & ~may_miss);
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
