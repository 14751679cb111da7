/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entries of a dump, gathered in an array. */
#include "ports_read.h"

#include <linux/netlink.h>
#include <string.h>

#include "base/alloc.h"

bool dump_list_begins(struct dump_list *list, const struct nlmsghdr *entry)
{
	bool begins = list->seq != entry->nlmsg_seq;

	list->seq = entry->nlmsg_seq;
	return begins;
}

/* The array doubles when its length is a power of two, so it keeps no capacity. */
void *dump_list_add(struct dump_list *list, size_t size)
{
	char *entry;

	if ((list->n & (list->n - 1)) == 0)
		list->v = xreallocarray(list->v, list->n ? list->n * 2 : 1, size);
	entry = (char *)list->v + list->n++ * size;
	memset(entry, 0, size);
	return entry;
}
