/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which layers a host lacks, as far as that can be told without a launch. */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/privilege.h"
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

/*
 * AppArmor lets a user namespace be made and takes the rights in it, from programs that no profile
 * allows it: so one is made with another kind in it, which takes such a right.
 */
static bool try_user_namespace(void)
{
	const unsigned long flags = CLONE_NEWUSER | CLONE_NEWUTS | SIGCHLD;
	/* like fork(2), so that the child has a stack of its own */
	pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return pid > 0;
}

/* Why there are no namespaces of any kind; "": nothing is known against them. */
static void why_none(enum launch_mode mode, struct buf *ret)
{
	const char *sysctl = mode == LAUNCH_AS_USER ? zero_for_users() : NULL;

	if (sysctl)
		buf_printf(ret, "%s is 0", sysctl);
	else if (mode == LAUNCH_AS_USER && !try_user_namespace())
		buf_puts(ret, layer_sysctl_is("kernel.apparmor_restrict_unprivileged_userns", "1")
				      ? "kernel.apparmor_restrict_unprivileged_userns is 1"
				      : "user namespaces are refused");
}

/* Why it cannot be had, into ret; what is against all namespaces is asked for once. */
static bool is_lacking(enum layer layer, const struct buf *none, struct buf *ret)
{
	const struct layer_source *source = layer_source(layer);

	buf_clear(ret);
	if (layer == LAYER_LANDLOCK) {
		if (layer_landlock_version() < 0)
			buf_puts(ret, "the kernel has none");
	} else if (source->link && access(source->link, F_OK) < 0) {
		buf_puts(ret, "the kernel has none");
	} else if (source->link && none->len) {
		buf_puts(ret, buf_str(none));
	} else if (source->link && layer_sysctl_is(source->limit, "0")) {
		buf_printf(ret, "%s is 0", source->limit);
	}
	return ret->len > 0;
}

/* The mask of those that are lacking; of the first of them why, in ret. */
static unsigned int find_lacking(enum launch_mode mode, unsigned int of, struct buf *ret)
{
	AUTO_BUF none = BUF_INIT;
	AUTO_BUF why = BUF_INIT;
	unsigned int mask = 0;

	why_none(mode, &none);
	for (unsigned int i = 0; i < LAYERS; i++) {
		if (!(of & LAYER_BIT(i)) || !is_lacking((enum layer)i, &none, &why))
			continue;
		if (!mask)
			buf_puts(ret, buf_str(&why));
		mask |= LAYER_BIT(i);
	}
	return mask;
}

unsigned int launch_lacking(enum launch_mode mode)
{
	AUTO_BUF ignored = BUF_INIT;
	unsigned int mask = find_lacking(mode, LAYERS_ALL, &ignored);

	/* launch_check_rights() has words for it */
	if (mode == LAUNCH_AS_ROOT && !privilege_in_effect(CAP_SYS_ADMIN))
		mask |= LAYERS_NAMESPACES;
	return mask;
}

int launch_check_layers(enum launch_mode mode, unsigned int may_miss, struct error *err)
{
	AUTO_BUF why = BUF_INIT;
	unsigned int dear = find_lacking(mode, LAYERS_ALL & ~may_miss, &why);
	unsigned int first = 0;

	if (!dear)
		return 0;
	while (!(dear & LAYER_BIT(first)))
		first++;
	error_set(err, ERROR_HOST, ENOTSUP, "this host does not give %s: %s",
		  layer_text((enum layer)first), buf_str(&why));
	return launch_word_missing(dear, err);
}
