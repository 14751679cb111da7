/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What strings in the configuration files may hold. */
#include "values.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/ip.h"
#include "base/parse.h"
#include "config/vm_config.h"

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ALNUM LOWER UPPER DIGITS

static int refuse(const char *what, const char *text, const char *why, struct error *err)
{
	return error_set(err, ERROR_USAGE, EINVAL, "parse %s '%.80s': %s", what, text, why);
}

int check_chars(const char *what, const char *text, size_t max, const char *first,
		const char *allowed, struct error *err)
{
	size_t len = strlen(text);

	if (!len)
		return refuse(what, text, "must not be empty", err);
	if (len > max)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "parse %s '%.80s': longer than %zu characters", what, text, max);
	if (!strchr(first, text[0]))
		return error_set(err, ERROR_USAGE, EINVAL,
				 "parse %s '%s': must not begin with '%.1s'", what, text, text);
	text += strspn(text, allowed);
	if (*text)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "parse %s: character '%.1s' is not allowed", what, text);
	return 0;
}

int check_path(const char *what, const char *text, struct error *err)
{
	const char *part = text;
	size_t len;

	if (text[0] != '/')
		return refuse(what, text, "not an absolute path", err);
	while (*part == '/') {
		len = strcspn(++part, "/");
		if (!len)
			return refuse(what, text, "has an empty component or a '/' at its end",
				      err);
		if (strncmp(part, "..", len) == 0 && len <= 2)
			return refuse(what, text, "has a '.' or '..' component", err);
		part += len;
	}
	return 0;
}

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && (path[len] == '/' || !path[len]);
}

/*
 * QEMU's root has a /boot of its own and qemu-img's a /work, to show files in: no place can be made
 * for those in what is exposed, which is read-only. Below /work there is but one file.
 */
int check_expose(const char *what, const char *text, struct error *err)
{
	static const char *const hidden[] = { "/dev", "/proc", "/sys" };
	int r = check_path(what, text, err);

	if (r == 0 && (is_below(text, "/boot") || !strcmp(text, "/work")))
		r = refuse(what, text, "QEMU's root has a folder of its own there", err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(hidden); i++) {
		if (is_below(text, hidden[i]))
			r = refuse(what, text, "QEMU is to see nothing of the host there", err);
	}
	return r;
}

/* dev_valid_name() of the kernel, less what would break a list or look like an option. */
int check_bridge(const char *what, const char *text, struct error *err)
{
	return check_chars(what, text, IFNAMSIZ - 1, ALNUM "_", ALNUM "_.@+-", err);
}

static bool is_link_local(const struct ip_addr *addr)
{
	const uint8_t *byte = addr->byte;

	if (addr->family == AF_INET)
		return byte[0] == 169 && byte[1] == 254;
	return byte[0] == 0xfe && (byte[1] & 0xc0) == 0x80;
}

int check_address(const char *what, const char *text, struct error *err)
{
	struct ip_addr addr;
	int r = ip_parse(what, text, &addr, err);

	if (r < 0)
		return r;
	if (!ip_is_unicast(&addr) && !is_link_local(&addr))
		return refuse(what, text, "not an address that a guest can reach", err);
	return 0;
}

int check_prefix(const char *what, const char *text, struct error *err)
{
	struct ip_prefix prefix;
	int r = ip_prefix_parse(what, text, &prefix, err);

	if (r < 0)
		return r;
	if (prefix.length == IP_LENGTH_NONE || !prefix.length)
		return refuse(what, text, "not an address with its prefix length", err);
	if (!(ip_is_unicast(&prefix.addr) ||
	      (prefix.addr.family == AF_INET6 && is_link_local(&prefix.addr))) ||
	    ip_is_network_or_broadcast(&prefix.addr, &prefix))
		return refuse(what, text, "not an address for a guest", err);
	return 0;
}

/* 0 and 4095 are reserved (IEEE 802.1Q). */
int check_vlans(const char *what, const char *text, struct error *err)
{
	const char *dash = strchr(text, '-');
	AUTO_FREE char *first = xstrndup(text, dash ? (size_t)(dash - text) : strlen(text));
	uint64_t from, to = 0;
	int r = parse_u64(what, first, 1, VM_VLAN_MAX, &from, err);

	if (r == 0 && dash)
		r = parse_u64(what, dash + 1, 1, VM_VLAN_MAX, &to, err);
	if (r == 0 && dash && to < from)
		r = refuse(what, text, "a range ends before it begins", err);
	return r;
}

/* RFC 1035 lengths; '_' because search domains with it exist. */
int check_domain(const char *what, const char *text, struct error *err)
{
	int r = check_chars(what, text, 253, ALNUM "_", ALNUM "_-.", err);

	if (r < 0)
		return r;
	for (const char *label = text;; label++) {
		size_t len = strcspn(label, ".");

		if (!len || len > 63 || label[0] == '-' || label[len - 1] == '-')
			return refuse(what, text, "not a domain name", err);
		label += len;
		if (!*label)
			return 0;
	}
}

int check_vnc(const char *what, const char *text, struct error *err)
{
	struct ip_addr addr;

	if (strcmp(text, "unix") == 0 || strcmp(text, "off") == 0)
		return 0;
	if (ip_parse(what, text, &addr, err) < 0)
		return refuse(what, text, "must be unix, off or an IP address", err);
	return 0;
}

int check_timezone(const char *what, const char *text, struct error *err)
{
	int r = check_chars(what, text, 64, ALNUM, ALNUM "_+-/", err);

	if (r < 0)
		return r;
	if (strstr(text, "//") || text[strlen(text) - 1] == '/')
		return refuse(what, text, "not a zone such as Europe/Berlin", err);
	return 0;
}

/* useradd(8) on Debian; one that it would not take fails in the guest, long after. */
int check_user(const char *what, const char *text, struct error *err)
{
	int r = check_chars(what, text, 32, LOWER "_", LOWER DIGITS "_-", err);

	if (r < 0)
		return r;
	if (strcmp(text, "root") == 0)
		return refuse(what, text, "root does not log in over ssh", err);
	return 0;
}

int check_cpu_model(const char *what, const char *text, struct error *err)
{
	return check_chars(what, text, 160, ALNUM, ALNUM "_.,+=-", err);
}

int check_token(const char *what, const char *text, struct error *err)
{
	return check_chars(what, text, 64, ALNUM "-", ALNUM "-", err);
}

int check_disk_file(const char *what, const char *text, struct error *err)
{
	/* QEMU writes to the file, so it must not be one that we read */
	static const char *const taken[] = {
		"disk.qcow2",
		"seed.iso",
		"user-data",
		"network-config",
		"pubkey.pub",
		"os.name",
		"vm.ip",
		"vm.mac",
		"vnc.port",
		"vm.pid",
		"vm.conf",
		"uefi_vars.fd",
		"ssh_host_ed25519_key",
		"ssh_host_ed25519_key.pub",
	};
	int r = check_chars(what, text, 64, ALNUM, ALNUM "._-", err);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(taken); i++) {
		if (strcmp(text, taken[i]) == 0)
			r = refuse(what, text, "this file has another use", err);
	}
	return r;
}

/* COMMAND_LINE_SIZE of x86 is 2048 with the NUL (Documentation/x86/boot.rst). */
int check_append(const char *what, const char *text, struct error *err)
{
	size_t len = strlen(text);

	if (!len || len > 2047)
		return refuse(what, text, "must be of 1 to 2047 characters", err);
	if (text[0] == ' ' || text[len - 1] == ' ')
		return refuse(what, text, "begins or ends with a blank", err);
	for (size_t i = 0; i < len; i++) {
		if (text[i] < ' ' || text[i] > '~')
			return refuse(what, text, "holds what is not printable ASCII", err);
	}
	return 0;
}

/* https://systemd.io/UIDS-GIDS, and what every Linux has. */
static const struct uid_range {
	uid_t first, last;
	const char *whose;
} taken_uids[] = {
	{ 0, 999, "the system's own" },
	{ 60001, 60577, "systemd's for home directories and their containers" },
	{ 61184, 65519, "systemd's for services with DynamicUser=" },
	{ 65534, 65535, "nobody and the 16-bit -1" },
	{ 524288, 1879048191, "systemd's for containers" },
	{ 2147483648, UINT32_MAX, "negative to programs that take a uid for an int" },
};

int check_uids(const char *what, uid_t first, uid_t count, struct error *err)
{
	uint64_t last = (uint64_t)first + count - 1;

	for (size_t i = 0; i < ARRAY_SIZE(taken_uids); i++) {
		const struct uid_range *taken = &taken_uids[i];

		if (first <= taken->last && last >= taken->first)
			return error_set(
				err, ERROR_USAGE, EINVAL,
				"parse %s: uids %u-%" PRIu64 " overlap %u-%u, which are %s", what,
				first, last, taken->first, taken->last, taken->whose);
	}
	return 0;
}
