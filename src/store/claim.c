/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Claims on addresses, MACs, uids and ports. All changes happen under a lock on the folder, so
 * that two commands cannot both find the same claim stale.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/parse.h"
#include "store/claim.h"
#include "store/vm_dir.h"
#include "lock.h"

enum { CLAIM_NAME_MAX = 128 };

/* flock(2) belongs to an open file description, and store->claims_fd may be shared by fork. */
static int claims_lock(const struct store *store, struct error *err)
{
	int fd = file_openat(store->claims_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	int r;

	if (fd < 0)
		return error_errno(err, -fd, "open the folder of claims");
	do
		r = flock(fd, LOCK_EX) < 0 ? -errno : 0;
	while (r == -EINTR);
	if (r) {
		close(fd);
		return error_errno(err, -r, "lock the folder of claims");
	}
	return fd;
}

static const char address_kind[] = "address-", mac_kind[] = "mac-", port_kind[] = "vnc-port-";

/* The value of a claim of that kind, or NULL. */
static const char *value_of(const char *claim, const char *kind)
{
	size_t len = strlen(kind);

	return strncmp(claim, kind, len) == 0 ? claim + len : NULL;
}

/* Does a VM's folder say whether it has this? A uid is its own for life. */
static bool in_files(const char *claim)
{
	return value_of(claim, address_kind) || value_of(claim, mac_kind) ||
	       value_of(claim, port_kind);
}

static bool says_so(const struct vm_config *config, const char *claim)
{
	struct error ignored = ERROR_INIT;
	const char *value;
	struct ip_addr address;
	struct mac mac;

	value = value_of(claim, address_kind);
	if (value)
		return ip_parse("claim", value, &address, &ignored) ||
		       vm_config_has_address(config, &address);
	value = value_of(claim, mac_kind);
	if (value)
		return mac_parse(value, &mac, &ignored) || vm_config_has_mac(config, &mac);
	return strtoul(value_of(claim, port_kind), NULL, 10) == config->vnc_port;
}

/*
 * An update-cloud that was killed leaves its VM with a claim on an address that it did not get.
 * So what its files say counts, and what it was started with while it runs; those of a damaged VM
 * cannot be read, it keeps what it has.
 */
static bool owner_uses(const struct store *store, const char *owner, const char *claim)
{
	AUTO(vm_config_done) struct vm_config config = { 0 };
	AUTO(vm_config_done) struct vm_config running = { 0 };
	struct error ignored = ERROR_INIT;
	AUTO_VM_DIR dir = VM_DIR_INIT;
	int r;

	if (!in_files(claim))
		return true;
	if (vm_dir_open(store, owner, &dir, &ignored) ||
	    vm_dir_load(&dir, store->config, &store->config->lan_cidr, &config, &ignored))
		return true;
	if (says_so(&config, claim))
		return true;
	r = vm_dir_load_run(&dir, store->config, &running, &ignored);
	return r < 0 || (r == 0 && says_so(&running, claim));
}

/*
 * A VM exists when its folder does; one that is being made or changed holds its lock. In this
 * order: create puts the folder in its place before it lets the lock go.
 */
static bool owner_is_alive(const struct store *store, const char *owner, const char *claim)
{
	struct error ignored = ERROR_INIT;
	AUTO_CLOSE int run_fd = -1;

	if (parse_vm_name(owner, &ignored))
		return false;
	run_fd = file_openat(store->run_fd, owner, O_RDONLY | O_DIRECTORY, 0);
	if (run_fd >= 0 && lock_is_held(run_fd))
		return true;
	return !faccessat(store->vms_fd, owner, F_OK, AT_SYMLINK_NOFOLLOW) &&
	       owner_uses(store, owner, claim);
}

/* The owner's name into owner, or -ENOENT. */
static int claim_owner(const struct store *store, const char *claim, char owner[CLAIM_NAME_MAX])
{
	ssize_t len = readlinkat(store->claims_fd, claim, owner, CLAIM_NAME_MAX - 1);

	if (len < 0)
		return -errno;
	owner[len] = '\0';
	return 0;
}

enum { CLAIM_TAKEN = 1 };

/* Under the lock. Returns CLAIM_TAKEN with the living owner's name when it is another's. */
static int take_locked(const struct store *store, const char *claim, const char *name,
		       char owner[CLAIM_NAME_MAX], struct error *err)
{
	if (!claim_owner(store, claim, owner)) {
		if (!strcmp(owner, name))
			return 0;
		if (owner_is_alive(store, owner, claim))
			return CLAIM_TAKEN;
		unlinkat(store->claims_fd, claim, 0);
	}
	if (symlinkat(name, store->claims_fd, claim) < 0)
		return error_errno(err, errno, "claim '%s' for vm '%s'", claim, name);
	return 0;
}

int claim_take(const struct store *store, const char *kind, const char *value, const char *name,
	       struct error *err)
{
	char owner[CLAIM_NAME_MAX];
	AUTO_FREE char *claim = xasprintf("%s-%s", kind, value);
	AUTO_CLOSE int lock_fd = claims_lock(store, err);
	int r;

	if (lock_fd < 0)
		return lock_fd;
	r = take_locked(store, claim, name, owner, err);
	if (r == CLAIM_TAKEN)
		return error_set(err, ERROR_CONFLICT, EADDRINUSE, "%s %s is in use by vm '%s'",
				 kind, value, owner);
	return r;
}

int claim_check(const struct store *store, const char *kind, const char *value, const char *name,
		struct error *err)
{
	char owner[CLAIM_NAME_MAX];
	AUTO_FREE char *claim = xasprintf("%s-%s", kind, value);

	if (store->claims_fd < 0 || claim_owner(store, claim, owner) || !strcmp(owner, name) ||
	    !owner_is_alive(store, owner, claim))
		return 0;
	return error_set(err, ERROR_CONFLICT, EADDRINUSE, "%s %s is in use by vm '%s'", kind, value,
			 owner);
}

/* FNV-1a, so that the place where the search begins is spread and the same on every host. */
static uint64_t name_hash(const char *name)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
	return hash;
}

int claim_take_number(const struct store *store, const char *kind, uint64_t base, uint64_t count,
		      const char *name, uint64_t *ret, struct error *err)
{
	char owner[CLAIM_NAME_MAX];
	uint64_t start = name_hash(name) % count;
	AUTO_CLOSE int lock_fd = claims_lock(store, err);

	if (lock_fd < 0)
		return lock_fd;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t value = base + (start + i) % count;
		AUTO_FREE char *claim = xasprintf("%s-%" PRIu64, kind, value);
		int r = take_locked(store, claim, name, owner, err);

		if (r < 0)
			return r;
		if (r == CLAIM_TAKEN)
			continue;
		*ret = value;
		return 0;
	}
	return error_set(err, ERROR_CONFLICT, EADDRNOTAVAIL,
			 "all %" PRIu64 " values of %s are in use", count, kind);
}

void claim_drop(const struct store *store, const char *kind, const char *value, const char *name)
{
	struct error ignored = ERROR_INIT;
	char owner[CLAIM_NAME_MAX];
	AUTO_FREE char *claim = xasprintf("%s-%s", kind, value);
	AUTO_CLOSE int lock_fd = claims_lock(store, &ignored);

	if (lock_fd >= 0 && !claim_owner(store, claim, owner) && !strcmp(owner, name))
		unlinkat(store->claims_fd, claim, 0);
}
