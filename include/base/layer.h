/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layers of confinement that a host can lack, by name. */
#ifndef BASE_LAYER_H
#define BASE_LAYER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Those that allow_missing may name. Own uid, capabilities and no_new_privs are not among them:
 * every kernel that runs us has these.
 */
enum layer {
	LAYER_ROOT, /* own mount namespace, its root a read-only tmpfs */
	LAYER_PID, /* own namespaces: */
	LAYER_NET,
	LAYER_IPC,
	LAYER_UTS,
	LAYER_CGROUP_NS,
	LAYER_KEYRING, /* own session keyring */
	LAYER_LANDLOCK,
	LAYER_SECCOMP, /* our filter; QEMU's own is its affair */
	LAYER_CGROUP, /* own cgroup, and every limit that was asked for */
	LAYERS,
};

#define LAYER_BIT(layer) (1U << (layer))
#define LAYERS_ALL (LAYER_BIT(LAYERS) - 1)

/* Those that take CAP_SYS_ADMIN, which others than root have in a user namespace only. */
#define LAYERS_NAMESPACES                                                                          \
	(LAYER_BIT(LAYER_ROOT) | LAYER_BIT(LAYER_PID) | LAYER_BIT(LAYER_NET) |                     \
	 LAYER_BIT(LAYER_IPC) | LAYER_BIT(LAYER_UTS) | LAYER_BIT(LAYER_CGROUP_NS))

/* "root", "pid", ..., in the order of the enumerators; NULL-terminated, for parse_choice(). */
extern const char *const layer_words[];

/* What it is, in words for messages: "a root of its own". */
const char *layer_text(enum layer layer);

/* Append the words of a mask, with ", " between them. */
void layers_format(unsigned int mask, struct buf *ret);

/* Where a kernel has it from; NULL where there is no such thing. */
struct layer_source {
	const char *
		link; /* "/proc/self/ns/net": is not there in a kernel without it (namespaces(7)) */
	const char *limit; /* "user.max_net_namespaces" (sysctl(8)): 0 refuses it */
	const char *option; /* "CONFIG_NET_NS" */
};
const struct layer_source *layer_source(enum layer layer);

/*
 * The sysctls that refuse user namespaces to others than root, up to one without a name. "1" of
 * the last may be lifted for a program by an AppArmor profile.
 */
struct layer_sysctl {
	const char *name;
	const char *refusing; /* the value that does */
	const char *setting; /* "NAME=VALUE", which does not */
};
extern const struct layer_sysctl layer_user_sysctls[];

/* Is the text of a sysctl, named as above, value? One that is not there is not. */
bool layer_sysctl_is(const char *sysctl, const char *value);

/* Landlock's version, from 1 on; -ENOSYS: the kernel has none, -EOPNOTSUPP: it is switched off. */
int layer_landlock_version(void);

#endif
