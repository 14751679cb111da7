/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy of iptables-legacy's FORWARD chain, as the kernel's table has it. */
#include "net/netfilter.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"

enum { NAMES_MAX = 4096, TABLE_MAX = 64 << 20 };

static const char table_name[] = "filter";

/* The two families differ in their numbers and in the length of an entry's head only. */
struct family {
	int level, info, entries;
	size_t entries_head; /* what comes before the table in the answer */
	size_t entry_size, target_at; /* of an entry; of its offset to the target (a u16) */
	const char *names;
};

static const struct family families[] = {
	{ IPPROTO_IP, IPT_SO_GET_INFO, IPT_SO_GET_ENTRIES, sizeof(struct ipt_get_entries),
	  sizeof(struct ipt_entry), offsetof(struct ipt_entry, target_offset),
	  "/proc/net/ip_tables_names" },
	{ IPPROTO_IPV6, IP6T_SO_GET_INFO, IP6T_SO_GET_ENTRIES, sizeof(struct ip6t_get_entries),
	  sizeof(struct ip6t_entry), offsetof(struct ip6t_entry, target_offset),
	  "/proc/net/ip6_tables_names" },
};

_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo) &&
		       sizeof(struct ipt_get_entries) == sizeof(struct ip6t_get_entries),
	       "one struct serves both families");

/* No such file: no iptables in this kernel, or none loaded yet. */
static int is_in_use(const struct family *family, bool *ret, struct error *err)
{
	struct error attempt = ERROR_INIT;
	AUTO_BUF names = BUF_INIT;
	char *name, *rest = NULL;
	int r = file_read_path(family->names, NAMES_MAX, &names, &attempt);

	if (r < 0 && r != -ENOENT) {
		*err = attempt;
		return r;
	}
	*ret = false;
	for (name = r < 0 || !names.data ? NULL : strtok_r(names.data, "\n", &rest); name;
	     name = strtok_r(NULL, "\n", &rest))
		*ret |= !strcmp(name, table_name);
	return 0;
}

static int read_table(const struct family *family, struct ipt_getinfo *info, struct buf *table,
		      struct error *err)
{
	AUTO_CLOSE int fd = socket(family->level == IPPROTO_IP ? AF_INET : AF_INET6,
				   SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	struct ipt_get_entries *entries;
	socklen_t len = sizeof(*info);

	if (fd < 0)
		return error_errno(err, errno, "open a raw socket");
	memcpy(info->name, table_name, sizeof(table_name));
	if (getsockopt(fd, family->level, family->info, info, &len) < 0)
		return error_errno(err, errno, "ask for iptables' table '%s'", table_name);
	if (info->size > TABLE_MAX)
		return error_errno(err, EFBIG, "read iptables' table '%s'", table_name);
	len = (socklen_t)(family->entries_head + info->size);
	entries = (void *)buf_reserve(table, len);
	memcpy(entries->name, table_name, sizeof(table_name));
	entries->size = info->size;
	if (getsockopt(fd, family->level, family->entries, entries, &len) < 0)
		return error_errno(err, errno, "read iptables' table '%s'", table_name);
	table->len = len;
	return 0;
}

/*
 * A chain's policy is the verdict of the unconditional rule at its end, its "underflow". Verdicts
 * are stored as -verdict - 1; a policy is NF_ACCEPT or NF_DROP.
 */
static int policy_at(const struct family *family, const struct buf *table, size_t at,
		     enum xtables_policy *ret)
{
	struct xt_standard_target target;
	uint16_t offset;

	at += family->entries_head;
	if (!table->data || at > table->len || table->len - at < family->entry_size)
		return -EBADMSG;
	memcpy(&offset, table->data + at + family->target_at, sizeof(offset));
	at += offset;
	if (at > table->len || table->len - at < sizeof(target))
		return -EBADMSG;
	memcpy(&target, table->data + at, sizeof(target));
	if (target.target.u.user.name[0] != '\0') /* XT_STANDARD_TARGET */
		return -EBADMSG;
	*ret = target.verdict == -NF_DROP - 1 ? XTABLES_DROP : XTABLES_ACCEPT;
	return 0;
}

/* Rules that come or go meanwhile change the table's size, which the kernel refuses. */
static int read_steady_table(const struct family *family, struct ipt_getinfo *info,
			     struct buf *table, struct error *err)
{
	enum { ATTEMPTS = 10 };
	int r = -EAGAIN;

	for (int i = 0; i < ATTEMPTS && r == -EAGAIN; i++) {
		buf_clear(table);
		r = read_table(family, info, table, err);
	}
	return r;
}

int xtables_forward_policy(int family, enum xtables_policy *ret, struct error *err)
{
	const struct family *known = &families[family == AF_INET6];
	AUTO_BUF table = BUF_INIT;
	struct ipt_getinfo info = { .valid_hooks = 0 };
	bool in_use;
	int r = is_in_use(known, &in_use, err);

	if (r < 0)
		return r;
	if (!in_use) {
		*ret = XTABLES_NONE;
		return 0;
	}
	r = read_steady_table(known, &info, &table, err);
	if (r < 0)
		return r;
	if (!(info.valid_hooks & 1U << NF_INET_FORWARD) ||
	    policy_at(known, &table, info.underflow[NF_INET_FORWARD], ret) < 0)
		return error_errno(err, EBADMSG, "read iptables' table '%s'", table_name);
	return 0;
}
