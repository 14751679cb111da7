/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capabilities that a VM's network takes of others than root: kept back, raised, explained. */
#include "base/privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static const unsigned int capabilities[PRIVILEGES] = {
	[PRIVILEGE_NET_ADMIN] = CAP_NET_ADMIN,
	[PRIVILEGE_NET_RAW] = CAP_NET_RAW,
	[PRIVILEGE_BPF] = CAP_BPF,
};

/* What privilege_begin() kept; nothing for root, whose capabilities stay in effect. */
static unsigned int kept;

struct capability_sets {
	uint64_t effective, permitted;
};

static int sets_read(struct capability_sets *ret)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	ret->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	ret->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return 0;
}

/* With no inheritable ones, which takes the ambient ones along (capabilities(7)). */
static int sets_write(const struct capability_sets *sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	for (unsigned int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].effective = (uint32_t)(sets->effective >> 32 * i);
		data[i].permitted = (uint32_t)(sets->permitted >> 32 * i);
	}
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

static uint64_t to_capabilities(unsigned int privileges)
{
	uint64_t set = 0;

	for (unsigned int i = 0; i < PRIVILEGES; i++)
		if (privileges & PRIVILEGE_BIT(i))
			set |= UINT64_C(1) << capabilities[i];
	return set;
}

static unsigned int from_capabilities(uint64_t set)
{
	unsigned int privileges = 0;

	for (unsigned int i = 0; i < PRIVILEGES; i++)
		if (set >> capabilities[i] & 1)
			privileges |= PRIVILEGE_BIT(i);
	return privileges;
}

/*
 * A set that was read before, and so is written: only a kernel gone mad refuses less than it gave.
 */
static void put_into_effect(unsigned int privileges)
{
	const struct capability_sets sets = {
		.effective = to_capabilities(privileges),
		.permitted = to_capabilities(kept),
	};
	int saved = errno;

	(void)sets_write(&sets);
	errno = saved;
}

static int check_not_set_id(struct error *err)
{
	if (getuid() == geteuid() && getgid() == getegid())
		return 0;
	error_set(
		err, ERROR_PERMISSION, EPERM,
		"run with the rights of a file that is set-user-ID or set-group-ID: not supported");
	return error_hint(err, "take that off with 'chmod ug-s', and see WITHOUT ROOT in "
			       "mnmivm-se(8)");
}

int privilege_begin(struct error *err)
{
	struct capability_sets sets = { 0 };
	int r = check_not_set_id(err);

	if (r < 0 || geteuid() == 0)
		return r;
	r = sets_read(&sets);
	if (r == 0) {
		kept = from_capabilities(sets.permitted);
		sets = (struct capability_sets){ .permitted = to_capabilities(kept) };
		r = sets_write(&sets);
	}
	return r < 0 ? error_errno(err, -r, "put capabilities out of effect") : 0;
}

unsigned int privilege_raise(unsigned int wanted)
{
	unsigned int raised = wanted & kept;

	if (raised)
		put_into_effect(raised);
	return raised;
}

void privilege_lower(const unsigned int *raised)
{
	if (*raised)
		put_into_effect(0);
}

void privilege_give_up(void)
{
	bool any = kept != 0;

	kept = 0;
	if (any)
		put_into_effect(0);
}

bool privilege_in_effect(unsigned int capability)
{
	struct capability_sets sets = { 0 };

	return sets_read(&sets) == 0 && sets.effective >> capability & 1;
}

bool privilege_has(enum privilege privilege)
{
	struct capability_sets sets = { 0 };

	if (geteuid() != 0)
		return kept & PRIVILEGE_BIT(privilege);
	return sets_read(&sets) == 0 &&
	       from_capabilities(sets.effective) & PRIVILEGE_BIT(privilege);
}
