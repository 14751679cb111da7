/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard's filter: load it, and read what it has counted. */
#include "net/guard.h"

#include <stdio.h>
#include <sys/utsname.h>

#include "base/alloc.h"
#include "bpf.h"
#include "guard_program.h"

static const char program_name[] = "mnmivm_guard";

static const struct {
	const char *word, *text;
} drops[GUARD_DROPS] = {
	[GUARD_DROP_MAC] = { "mac", "source MAC" },
	[GUARD_DROP_TAG] = { "tag", "VLAN tag" },
	[GUARD_DROP_CONTROL] = { "control", "bridge control" },
	[GUARD_DROP_PROTOCOL] = { "protocol", "protocol" },
	[GUARD_DROP_ARP] = { "arp", "ARP sender" },
	[GUARD_DROP_IPV4] = { "ipv4", "IPv4 source" },
	[GUARD_DROP_IPV6] = { "ipv6", "IPv6 source" },
	[GUARD_DROP_ND] = { "nd", "neighbour discovery" },
	[GUARD_DROP_RA] = { "ra", "router advertisement" },
	[GUARD_DROP_DHCP] = { "dhcp", "DHCP server" },
	[GUARD_DROP_MALFORMED] = { "malformed", "malformed" },
};

const char *guard_drop_text(enum guard_drop drop)
{
	return drops[drop].text;
}

const char *guard_drop_word(enum guard_drop drop)
{
	return drops[drop].word;
}

/* Before Linux 6.12 more has to be checked; distributions keep the number of what they patch. */
static bool is_old_kernel(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return true;
	return major < 6 || (major == 6 && minor < 12);
}

int guard_load(const struct tap_spec *spec, int *ret_fd, struct error *err)
{
	AUTO_FREE struct insn_list *list = xcalloc(1, sizeof(*list));
	AUTO_CLOSE int map_fd = -1; /* the program keeps the map */
	int r = bpf_create_map(program_name, sizeof(struct guard_counters), &map_fd, err);

	if (r < 0)
		return r;
	r = guard_build(spec, is_old_kernel(), map_fd, list);
	if (r < 0)
		return error_errno(err, -r, "make BPF program '%s' for tap '%s'", program_name,
				   spec->name);
	return bpf_load_classifier(program_name, list->insn, list->n, ret_fd, err);
}

int guard_read_counters(uint32_t program_id, struct guard_counters *ret, struct error *err)
{
	struct guard_counters counters = { { 0 } };
	int r = bpf_read_map_of(program_id, program_name, &counters, sizeof(counters), err);

	if (r == 0)
		*ret = counters;
	return r;
}
