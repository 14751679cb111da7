/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network namespace for each test. */
#include "netns.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"

const char netns_bridge_mac[] = "52:54:00:00:00:02";

static int outside = -1;

const char *netns_missing(void)
{
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	if (geteuid() != 0)
		return "needs root";
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		return "needs /dev/net/tun";
	if (system("ip -V >/dev/null 2>&1 && bridge -V >/dev/null 2>&1") != 0)
		return "needs iproute2";
	return NULL;
}

void netns_enter(void)
{
	outside = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(outside, 0);
	ck_assert_msg(unshare(CLONE_NEWNET) == 0, "unshare: %s", strerror(errno));
	netns_run("ip link set lo up");
}

void netns_leave(void)
{
	ck_assert_int_eq(setns(outside, CLONE_NEWNET), 0);
	fd_close(&outside);
}

/* The kernel follows a link's carrier with a delay; frames and snapshots want it settled. */
static void wait_for_port(const char *name)
{
	for (;;) {
		json_t *link = netns_link(name);
		bool up = strcmp(netns_str(link, "operstate"), "UP") == 0;
		bool forwarding = strcmp(netns_str(link, "linkinfo.info_slave_data.state"),
					 "forwarding") == 0;

		json_decref(link);
		if (up && forwarding)
			return;
		usleep(10000);
	}
}

void netns_make_lan(void)
{
	netns_sysctl("ipv6/conf/default/disable_ipv6", "1");
	netns_run("ip link add br0 type bridge mcast_snooping 0"); /* a snooper sends IGMP */
	netns_run("ip link add lan0 address %s type veth peer name lan1", netns_bridge_mac);
	netns_run("ip link set lan0 master br0");
	netns_run("ip link set lan0 up");
	netns_run("ip link set lan1 up");
	netns_run("ip link set br0 up");
	wait_for_port("lan0");
}

char *netns_text(const char *fmt, ...)
{
	AUTO_BUF command = BUF_INIT;
	AUTO_BUF output = BUF_INIT;
	char part[4096];
	va_list args;
	FILE *pipe;
	size_t n;

	va_start(args, fmt);
	buf_vprintf(&command, fmt, args);
	va_end(args);
	pipe = popen(buf_str(&command), "r");
	ck_assert_ptr_nonnull(pipe);
	while ((n = fread(part, 1, sizeof(part), pipe)) > 0)
		buf_add(&output, part, n);
	ck_assert_msg(pclose(pipe) == 0, "it failed: %s", buf_str(&command));
	return output.len ? buf_steal(&output) : xstrdup("");
}

void netns_run(const char *fmt, ...)
{
	AUTO_BUF command = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	buf_vprintf(&command, fmt, args);
	va_end(args);
	free(netns_text("%s", buf_str(&command)));
}

json_t *netns_json(const char *fmt, ...)
{
	AUTO_BUF command = BUF_INIT;
	json_error_t error;
	va_list args;
	json_t *value;
	char *text;

	va_start(args, fmt);
	buf_vprintf(&command, fmt, args);
	va_end(args);
	text = netns_text("%s", buf_str(&command));

	/* iproute2 prints nothing at all where a list is empty */
	value = *text ? json_loads(text, 0, &error) : json_array();
	ck_assert_msg(value != NULL, "%s: %s: %s", buf_str(&command), error.text, text);
	free(text);
	return value;
}

json_t *netns_link(const char *name)
{
	json_t *links = netns_json("ip -j -d link show");
	json_t *found = NULL;
	json_t *link;
	size_t i;

	json_array_foreach(links, i, link)
	{
		if (strcmp(netns_str(link, "ifname"), name) == 0)
			found = json_incref(link);
	}
	json_decref(links);
	return found;
}

const json_t *netns_at(const json_t *object, const char *keys)
{
	char *rest = NULL;
	char *copy = xstrdup(keys);

	for (char *key = strtok_r(copy, ".", &rest); key; key = strtok_r(NULL, ".", &rest))
		object = json_object_get(object, key);
	free(copy);
	return object;
}

const char *netns_str(const json_t *object, const char *keys)
{
	const char *text = json_string_value(netns_at(object, keys));

	return text ? text : "";
}

int netns_int(const json_t *object, const char *keys)
{
	const json_t *value = netns_at(object, keys);

	if (json_is_boolean(value))
		return json_is_true(value);
	return json_is_integer(value) ? (int)json_integer_value(value) : -1;
}

static bool has_entry_in_no_vlan(const json_t *entries, const char *port)
{
	json_t *entry;
	size_t i;

	json_array_foreach(entries, i, entry)
	{
		if (strcmp(netns_str(entry, "ifname"), port) == 0 && !netns_at(entry, "vlan"))
			return true;
	}
	return false;
}

json_t *netns_fdb(const char *bridge, const char *mac)
{
	json_t *entries = netns_json("bridge -j -d fdb show br %s", bridge);
	json_t *found = json_array();
	json_t *entry;
	size_t i;

	for (i = json_array_size(entries); i-- > 0;) {
		if (strcmp(netns_str(json_array_get(entries, i), "mac"), mac) != 0)
			json_array_remove(entries, i);
	}
	json_array_foreach(entries, i, entry)
	{
		if (!netns_at(entry, "vlan") ||
		    !has_entry_in_no_vlan(entries, netns_str(entry, "ifname")))
			json_array_append(found, entry);
	}
	json_decref(entries);
	return found;
}

/* Asked in a child with a namespace of its own. */
static bool succeeds_in_a_namespace(const char *command)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWNET) < 0)
			_exit(1);
		_exit(system(command) != 0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

bool netns_kernel_has_vlans(void)
{
	static int known = -1;

	if (known < 0)
		known = succeeds_in_a_namespace("ip link add br0 type bridge vlan_filtering 1 "
						"2>/dev/null && bridge vlan show dev br0 | "
						"grep -q 1");
	return known;
}

bool netns_kernel_has_police(void)
{
	static int known = -1;

	if (known < 0)
		known = succeeds_in_a_namespace("tc actions add action police rate 1mbit "
						"burst 64k conform-exceed drop 2>/dev/null");
	return known;
}

bool netns_has_flag(const json_t *link, const char *wanted)
{
	json_t *flag;
	size_t i;

	json_array_foreach(netns_at(link, "flags"), i, flag)
	{
		if (strcmp(json_string_value(flag), wanted) == 0)
			return true;
	}
	return false;
}

static bool is_settled(void)
{
	json_t *links = netns_json("ip -j link show");
	bool settled = true;
	json_t *link;
	size_t i;

	json_array_foreach(links, i, link)
	{
		if (netns_has_flag(link, "UP") &&
		    netns_has_flag(link, "LOWER_UP") == netns_has_flag(link, "NO-CARRIER"))
			settled = false;
	}
	json_decref(links);
	return settled;
}

void netns_settle(void)
{
	while (!is_settled())
		usleep(10000);
}

char *netns_snapshot(void)
{
	netns_settle();
	/* a link's first operational state is UNKNOWN, which is UP, until linkwatch looks at it */
	return netns_text(
		"{ ip -j link show; ip -j addr show; bridge -j -d link show; "
		"bridge fdb show | sort; tc qdisc show; ip -j route show table local; } | "
		"sed 's/\"operstate\":\"UNKNOWN\"/\"operstate\":\"UP\"/g'");
}

void netns_compare_text(const char *before, const char *after)
{
	size_t same = 0;

	while (before[same] && before[same] == after[same])
		same++;
	same = same < 40 ? 0 : same - 40;
	ck_assert_msg(strcmp(before, after) == 0, "before: %.200s\nafter: %.200s", before + same,
		      after + same);
}

void netns_compare(char *before)
{
	char *after = netns_snapshot();

	netns_compare_text(before, after);
	free(before);
	free(after);
}

void netns_sysctl(const char *key, const char *value)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", key);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(write(fd, value, strlen(value)), (ssize_t)strlen(value));
	close(fd);
}

void netns_use_capability(int capability, bool use)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint32_t bit = 1U << capability % 32;
	uint32_t *effective = &data[capability / 32].effective;

	ck_assert_int_eq(syscall(SYS_capget, &header, data), 0);
	*effective = use ? *effective | bit : *effective & ~bit;
	ck_assert_int_eq(syscall(SYS_capset, &header, data), 0);
}

struct mac netns_mac(const char *text)
{
	struct error err = ERROR_INIT;
	struct mac mac = { { 0 } };

	ck_assert_msg(mac_parse(text, &mac, &err) == 0, "%s: %s", text, err.message);
	return mac;
}
