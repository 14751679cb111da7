/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identity and capabilities of the child: given up, and the giving up verified. */
#include "child.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* 0xef: everything set and locked, but KEEP_CAPS, which is locked unset. */
enum {
	SECUREBITS = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
		     SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
		     SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
};

/*
 * The kernel's own last capability counts, not that of the headers. Every kernel with
 * close_range(CLOEXEC) knows at least 41, and the sets have room for 64.
 */
enum { CAPS_MIN = 41, CAPS_MAX = 64 };

/* Whether cap is in the bounding set; false in *ret_known past the kernel's last one. */
static int bounding_read(int cap, bool *ret_known)
{
	int set = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

	if (set < 0 && (errno != EINVAL || cap < CAPS_MIN))
		return -errno;
	*ret_known = set >= 0;
	return set > 0;
}

/*
 * CAP_SETPCAP, which both need, is there as root and in a user namespace. Where an ordinary user is
 * refused that, what a bounding set is for is left to no_new_privs.
 */
static bool may_bound(const struct child *child)
{
	return child->plan->mode == LAUNCH_AS_ROOT || child->user_ns;
}

int privilege_bound(struct child *child)
{
	bool known = true;

	if (!may_bound(child))
		return 0;
	if (prctl(PR_SET_SECUREBITS, SECUREBITS, 0, 0, 0) < 0)
		return -errno;
	for (int cap = 0; cap < CAPS_MAX && known; cap++) {
		int set = bounding_read(cap, &known);

		if (set < 0)
			return set;
		if (set > 0 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -errno;
	}
	return 0;
}

/*
 * By number: the C library's own would have every thread do it that it knows of, and those are
 * the parent's. As user all ids are the caller's; its groups stay, as giving up a group is a right
 * that the user namespace denies (user_namespaces(7), "setgroups").
 */
int privilege_identity(struct child *child)
{
	uid_t uid = child->uid;
	gid_t gid = child->gid;

	if (child->plan->mode == LAUNCH_AS_USER)
		return 0;
	if (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, gid, gid, gid) < 0 ||
	    syscall(SYS_setresuid, uid, uid, uid) < 0)
		return -errno;
	return 0;
}

/*
 * The bounding set is left out of the selection: it is empty by now, and libcap-ng would
 * allocate and read /proc for it. Its results are taken for what they are worth, see
 * privilege_verify(); they do not come with an errno of their own.
 */
int privilege_clear(struct child *child)
{
	(void)child;
	capng_setpid(0); /* whoever the library thinks we are */
	capng_clear(CAPNG_SELECT_ALL);
	errno = 0;
	if (capng_apply(CAPNG_SELECT_CAPS) != 0 || capng_apply(CAPNG_SELECT_AMBIENT) != 0)
		return errno ? -errno : -EPERM;
	return 0;
}

static int verify_sets(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint32_t left = 0;

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		left |= data[i].effective | data[i].permitted | data[i].inheritable;
	return left ? LEFTOVER_CAPABILITIES : 0;
}

static int verify_bounding(void)
{
	bool known = true;

	for (int cap = 0; cap < CAPS_MAX && known; cap++) {
		int set = bounding_read(cap, &known);

		if (set != 0)
			return set < 0 ? set : LEFTOVER_BOUNDING;
	}
	return 0;
}

/* EINVAL: past the kernel's last capability. */
static int verify_ambient(void)
{
	for (int cap = 0; cap < CAPS_MAX; cap++) {
		int set = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0);

		if (set > 0)
			return LEFTOVER_AMBIENT;
		if (set < 0)
			return errno == EINVAL && cap >= CAPS_MIN ? 0 : -errno;
	}
	return 0;
}

static int verify_identity(const struct child *child)
{
	uid_t uid = child->uid;
	gid_t gid = child->gid;
	uid_t real_uid, effective_uid, saved_uid;
	gid_t real_gid, effective_gid, saved_gid;
	int groups;

	if (getresuid(&real_uid, &effective_uid, &saved_uid) < 0 ||
	    getresgid(&real_gid, &effective_gid, &saved_gid) < 0)
		return -errno;
	if (real_uid != uid || effective_uid != uid || saved_uid != uid || real_gid != gid ||
	    effective_gid != gid || saved_gid != gid)
		return LEFTOVER_IDENTITY;
	if (child->plan->mode == LAUNCH_AS_USER)
		return 0;
	groups = getgroups(0, NULL);
	if (groups != 0)
		return groups < 0 ? -errno : LEFTOVER_GROUPS;
	return 0;
}

static int verify_securebits(void)
{
	int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);

	if (bits < 0)
		return -errno;
	return bits == SECUREBITS ? 0 : LEFTOVER_SECUREBITS;
}

/* The proof that counts: if any of these works, what is left of us must not live on. */
static int verify_no_way_back(void)
{
	if (syscall(SYS_setuid, 0) == 0 || syscall(SYS_setgid, 0) == 0 ||
	    syscall(SYS_setgroups, 0, NULL) == 0)
		return LEFTOVER_WAY_BACK;
	return 0;
}

int privilege_verify(struct child *child)
{
	int r = verify_sets();

	if (r == 0 && may_bound(child))
		r = verify_bounding();
	if (r == 0)
		r = verify_ambient();
	if (r == 0)
		r = verify_identity(child);
	if (r == 0 && may_bound(child))
		r = verify_securebits();
	if (r == 0)
		r = verify_no_way_back();
	return r ? r : namespaces_verify(child);
}

int privilege_no_new(struct child *child)
{
	int set;

	(void)child;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	set = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	if (set < 0)
		return -errno;
	return set != 1 ? LEFTOVER_PRIVS : 0;
}
