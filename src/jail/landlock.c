/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Landlock (landlock(7)): of files, TCP, and what else it knows, only what the program needs. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "child.h"

/*
 * The interface in our own words and at full size, as the headers of Debian 12 end with its third
 * version; a kernel takes the larger structure as long as what it does not know is zero.
 */
struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

struct path_beneath_attr {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

enum { RULE_PATH_BENEATH = 1 };

enum {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_DIR = 1 << 4,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8,
	FS_TRUNCATE = 1 << 14,
	FS_IOCTL_DEV = 1 << 15,
};

/* What each version knows, and is therefore denied where no rule allows it. */
enum {
	FS_ABI_1 = (1 << 13) - 1,
	FS_ABI_2 = (1 << 14) - 1, /* renaming across folders */
	FS_ABI_3 = (1 << 15) - 1, /* truncation */
	FS_ABI_5 = (1 << 16) - 1, /* ioctl of devices */
	NET_BIND_TCP = 1 << 0,
	NET_ABI_4 = (1 << 2) - 1, /* TCP bind and connect */
	SCOPES_ABI_6 = (1 << 2) - 1, /* abstract sockets, signals */
};

/* A file cannot be given a folder's rights: EINVAL. */
enum {
	OF_FILES = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV,
	TO_READ = FS_READ_FILE | FS_READ_DIR,
	TO_RUN = TO_READ | FS_EXECUTE,
	TO_WRITE = TO_READ | FS_WRITE_FILE | FS_TRUNCATE | FS_REMOVE_DIR | FS_REMOVE_FILE |
		   FS_MAKE_DIR | FS_MAKE_REG,
	TO_DRIVE = FS_READ_FILE | FS_WRITE_FILE | FS_IOCTL_DEV,
};

struct place {
	const char *path;
	uint64_t access;
};

/* Of these some are links, which are followed, and some are missing, with the system. */
static const struct place of_every_program[] = {
	{ "/usr", TO_RUN },
	{ "/bin", TO_RUN },
	{ "/sbin", TO_RUN },
	{ "/lib", TO_RUN },
	{ "/lib32", TO_RUN },
	{ "/lib64", TO_RUN },
	{ "/libx32", TO_RUN },
	{ "/etc/alternatives", TO_RUN },
	{ "/etc/ld.so.cache", TO_READ },
	{ "/etc/ld-musl-x86_64.path", TO_READ },
	{ "/etc/ld-musl-aarch64.path", TO_READ },
	{ "/dev/null", FS_READ_FILE | FS_WRITE_FILE },
};

/*
 * What a C library reads to find an address (nsswitch.conf(5) and modules of it, resolv.conf(5),
 * which may lead into /run), and a TLS library its settings and authorities. The folders of /run
 * are named one by one, as others there hold a user's own.
 */
static const struct place of_resolver[] = {
	{ "/etc", TO_READ },
	{ "/usr", TO_READ },
	{ "/lib", TO_READ },
	{ "/lib32", TO_READ },
	{ "/lib64", TO_READ },
	{ "/run/NetworkManager", TO_READ },
	{ "/run/connman", TO_READ },
	{ "/run/netconfig", TO_READ },
	{ "/run/resolvconf", TO_READ },
	{ "/run/systemd/resolve", TO_READ },
	{ "/var/lib/ca-certificates", TO_READ },
	{ "/dev/null", FS_READ_FILE },
	{ "/dev/urandom", FS_READ_FILE },
};

static void ruleset_of_abi(unsigned int abi, struct ruleset_attr *ret)
{
	*ret = (struct ruleset_attr){ .handled_access_fs = FS_ABI_1 };
	if (abi >= 2)
		ret->handled_access_fs = FS_ABI_2;
	if (abi >= 3)
		ret->handled_access_fs = FS_ABI_3;
	if (abi >= 4)
		ret->handled_access_net = NET_ABI_4;
	if (abi >= 5)
		ret->handled_access_fs = FS_ABI_5;
	if (abi >= 6)
		ret->scoped = SCOPES_ABI_6;
}

struct ruleset {
	int fd;
	uint64_t handled;
};

static int allow_open(const struct ruleset *ruleset, int fd, uint64_t access)
{
	struct path_beneath_attr attr = { .parent_fd = fd };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		access &= OF_FILES;
	attr.allowed_access = access & ruleset->handled;
	if (syscall(SYS_landlock_add_rule, ruleset->fd, RULE_PATH_BENEATH, &attr, 0) < 0)
		return -errno;
	return 0;
}

/* What is not there needs no rule: a missing rule only ever denies. */
static int allow(const struct ruleset *ruleset, const char *path, uint64_t access)
{
	AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == EACCES ? 0 : -errno;
	return allow_open(ruleset, fd, access);
}

/* In its root each has a name, and the descriptor is closed; elsewhere there is only that. */
static int allow_file(const struct ruleset *ruleset, const struct child *child, size_t i)
{
	const struct launch_file *file = &child->plan->files[i];
	uint64_t access = file->writable ? TO_WRITE : TO_READ;

	return child_wants(child, LAYER_ROOT) ? allow(ruleset, file->target, access)
					      : allow_open(ruleset, child->file[i], access);
}

static int allow_of_plan(const struct ruleset *ruleset, const struct child *child)
{
	const struct launch_plan *plan = child->plan;
	int r = plan->kvm ? allow(ruleset, "/dev/kvm", TO_DRIVE) : 0;

	for (size_t i = 0; r == 0 && i < plan->n_files; i++)
		r = allow_file(ruleset, child, i);
	for (size_t i = 0; r == 0 && plan->folders && i < plan->folders->n; i++)
		r = allow(ruleset, plan->folders->v[i], TO_RUN);
	return r;
}

static int allow_all(const struct ruleset *ruleset, const struct place *places, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = allow(ruleset, places[i].path, places[i].access);
	return r;
}

static int allow_program(const struct ruleset *ruleset, const struct child *child)
{
	int r = allow_all(ruleset, of_every_program, ARRAY_SIZE(of_every_program));

	return r < 0 ? r : allow_of_plan(ruleset, child);
}

static int allow_resolver(const struct ruleset *ruleset, const struct child *child)
{
	(void)child;
	return allow_all(ruleset, of_resolver, ARRAY_SIZE(of_resolver));
}

/* net: of what the kernel knows, what is denied. allow_rules NULL: there are none. */
static int restrict_self(struct child *child, uint64_t net,
			 int (*allow_rules)(const struct ruleset *ruleset,
					    const struct child *child))
{
	struct ruleset_attr attr;
	AUTO_CLOSE int fd = -1;
	struct ruleset ruleset;
	int abi = layer_landlock_version();
	int r;

	if (abi < 0)
		return abi;
	ruleset_of_abi((unsigned int)abi, &attr);
	attr.handled_access_net &= net;
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd < 0)
		return -errno;
	ruleset = (struct ruleset){ .fd = fd, .handled = attr.handled_access_fs };
	r = allow_rules ? allow_rules(&ruleset, child) : 0;
	if (r == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		r = -errno;
	if (r == 0)
		child->landlock_abi = (unsigned int)abi;
	return r;
}

int landlock_confine(struct child *child)
{
	return restrict_self(child, NET_ABI_4, allow_program);
}

int landlock_confine_worker(struct child *child, bool network)
{
	return network ? restrict_self(child, NET_BIND_TCP, allow_resolver)
		       : restrict_self(child, NET_ABI_4, NULL);
}
