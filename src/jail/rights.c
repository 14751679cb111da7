/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a launch takes of root, who may be less than that in a container: asked for before it. */
#include <errno.h>
#include <linux/capability.h>

#include "base/alloc.h"
#include "base/privilege.h"
#include "child.h"

/* Each is "CAP_" and that word, which is what container managers call it. */
static const struct right {
	unsigned int capability;
	const char *word;
} rights[] = {
	{ CAP_SYS_ADMIN, "SYS_ADMIN" }, { CAP_SETPCAP, "SETPCAP" }, { CAP_SETUID, "SETUID" },
	{ CAP_SETGID, "SETGID" },	{ CAP_MKNOD, "MKNOD" },
};

/* The layers that root is refused without CAP_SYS_ADMIN, and cannot go without. */
static unsigned int dear_layers(const struct launch_plan *plan)
{
	unsigned int root = plan_needs_root(plan) ? LAYER_BIT(LAYER_ROOT) : 0;

	return plan->layers & LAYERS_NAMESPACES & (~plan->may_miss | root);
}

static bool is_needed(const struct launch_plan *plan, unsigned int capability)
{
	if (capability == CAP_SYS_ADMIN)
		return dear_layers(plan);
	if (capability == CAP_MKNOD)
		return plan->kvm && dear_layers(plan) & LAYER_BIT(LAYER_ROOT);
	return true;
}

/* How to do without CAP_SYS_ADMIN: without these layers, unless it is to find files in its root. */
static void add_way_out(const struct launch_plan *plan, const char *layers, struct buf *hint)
{
	if (plan_needs_root(plan))
		buf_puts(hint, "; allow_missing does not help where files are shown in that root, "
			       "as those of --kernel and --initrd are");
	else
		buf_printf(hint, "; to go without, allow_missing = %s", layers);
}

static int word_lacking(const struct launch_plan *plan, const char *words, const char *options,
			bool admin, struct error *err)
{
	AUTO_BUF layers = BUF_INIT;
	AUTO_BUF hint = BUF_INIT;

	buf_printf(&hint,
		   "a container needs it of its host, as in%s; a systemd unit, in its "
		   "CapabilityBoundingSet=",
		   options);
	error_set(err, ERROR_HOST, EPERM, "needs%s, which even root lacks here", words);
	if (admin) {
		layers_format(dear_layers(plan), &layers);
		(void)error_prefix(err, "this host does not give %s", buf_str(&layers));
		add_way_out(plan, buf_str(&layers), &hint);
	}
	return error_hint(err, "%s", buf_str(&hint));
}

int launch_check_rights(const struct launch_plan *plan, struct error *err)
{
	AUTO_BUF words = BUF_INIT;
	AUTO_BUF options = BUF_INIT;
	bool admin = false;

	if (plan->mode != LAUNCH_AS_ROOT)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
		const struct right *right = &rights[i];

		if (!is_needed(plan, right->capability) || privilege_in_effect(right->capability))
			continue;
		admin |= right->capability == CAP_SYS_ADMIN;
		buf_printf(&words, "%s CAP_%s", words.len ? "," : "", right->word);
		buf_printf(&options, " --cap-add=%s", right->word);
	}
	if (!words.len)
		return 0;
	return word_lacking(plan, buf_str(&words), buf_str(&options), admin, err);
}
