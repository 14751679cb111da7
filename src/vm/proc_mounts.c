/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/PID/mountinfo: what a process finds mounted, proc_pid_mountinfo(5). */
#include <stdio.h>
#include <string.h>

#include "proc.h"

/* One line; the words are not terminated. */
struct mount {
	const char *point, *options, *type, *super_options;
	size_t point_len, options_len, type_len, super_len;
};

/* The next word of a line, blanks before it skipped; its length, 0 at the line's end. */
static size_t next_word(const char **at, const char **ret)
{
	size_t len;

	*at += strspn(*at, " ");
	len = strcspn(*at, " \n");
	*ret = *at;
	*at += len;
	return len;
}

static bool is_word(const char *word, size_t len, const char *wanted)
{
	return len == strlen(wanted) && !memcmp(word, wanted, len);
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw": the tags before "-" vary. */
static bool read_mount(const char *line, struct mount *ret)
{
	const char *word;
	size_t len = 1;

	for (int i = 0; i < 4; i++)
		if (!next_word(&line, &word))
			return false;
	ret->point_len = next_word(&line, &ret->point);
	ret->options_len = next_word(&line, &ret->options);
	while (len && !is_word(word, len, "-"))
		len = next_word(&line, &word);
	ret->type_len = next_word(&line, &ret->type);
	(void)next_word(&line, &word);
	ret->super_len = next_word(&line, &ret->super_options);
	return ret->super_len > 0;
}

/* "ro" or "rw" comes first of the options, show_mountinfo() in the kernel's fs/proc_namespace.c. */
static bool is_read_only(const char *options, size_t len)
{
	return len >= 2 && !memcmp(options, "ro", 2) && (len == 2 || options[2] == ',');
}

static void note(char *ret, size_t size, const struct mount *mount)
{
	if (!ret[0])
		snprintf(ret, size, "%.*s", (int)mount->point_len, mount->point);
}

/*
 * Those that show or change the system; a device's node is no such thing, wherever it comes from.
 */
static bool is_system(const struct mount *mount)
{
	static const char *const types[] = { "proc",	 "sysfs",	"cgroup",   "cgroup2",
					     "devpts",	 "debugfs",	"tracefs",  "securityfs",
					     "configfs", "binfmt_misc", "efivarfs", "bpf" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (is_word(mount->type, mount->type_len, types[i]))
			return true;
	return is_word(mount->type, mount->type_len, "devtmpfs") &&
	       is_word(mount->point, mount->point_len, "/dev");
}

/* Bound into the root where making a node is not allowed: what is written there is the device's. */
static bool is_device_node(const struct mount *mount)
{
	return is_word(mount->point, mount->point_len, "/dev/null") ||
	       is_word(mount->point, mount->point_len, "/dev/kvm");
}

static void count_mount(const struct mount *mount, struct proc_mounts *ret)
{
	bool read_only = is_read_only(mount->options, mount->options_len) ||
			 is_read_only(mount->super_options, mount->super_len);

	ret->n++;
	if (is_word(mount->point, mount->point_len, "/")) {
		ret->root_is_tmpfs = is_word(mount->type, mount->type_len, "tmpfs");
		ret->root_is_read_only = read_only;
	}
	if (!read_only && !is_device_node(mount)) {
		ret->n_writable++;
		note(ret->writable, sizeof(ret->writable), mount);
	}
	if (is_system(mount))
		note(ret->system, sizeof(ret->system), mount);
}

bool proc_mounts_parse(const char *text, struct proc_mounts *ret)
{
	struct proc_mounts mounts = { .n = 0 };

	for (const char *line = text; *line; line += *line == '\n') {
		struct mount mount;

		if (!read_mount(line, &mount))
			return false;
		count_mount(&mount, &mounts);
		line += strcspn(line, "\n");
	}
	*ret = mounts;
	return true;
}
