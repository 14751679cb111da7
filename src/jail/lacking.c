/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which layers a host lacks, as far as that can be told without trying. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "jail/launch.h"
#include "launch_words.h"

/* What an ordinary user can have in a user namespace only. */
static const char *zero_for_users(void)
{
	for (const struct layer_sysctl *sysctl = layer_user_sysctls; sysctl->name; sysctl++)
		if (!strcmp(sysctl->refusing, "0") && layer_sysctl_is(sysctl->name, "0"))
			return sysctl->name;
	return NULL;
}

/* The sysctl that refuses it; "": the kernel does not have it; NULL: nothing is known against it. */
static const char *why_not(enum launch_mode mode, enum layer layer)
{
	const char *sysctl = mode == LAUNCH_AS_USER ? zero_for_users() : NULL;
	const struct layer_source *source = layer_source(layer);

	if (layer == LAYER_LANDLOCK)
		return layer_landlock_version() < 0 ? "" : NULL;
	if (!source->link)
		return NULL;
	if (access(source->link, F_OK) < 0)
		return "";
	if (sysctl)
		return sysctl;
	return layer_sysctl_is(source->limit, "0") ? source->limit : NULL;
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
