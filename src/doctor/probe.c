/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small looks at /proc, /sys and /lib/modules. */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"

enum { PROC_FILE_MAX = 1 << 20, MODULES_FILE_MAX = 8 << 20 };

bool probe_line(const char *path, struct buf *ret)
{
	struct error ignored = ERROR_INIT;

	if (file_read_path(path, PROC_FILE_MAX, ret, &ignored))
		return false;
	if (ret->data) {
		ret->len = strcspn(ret->data, "\n");
		ret->data[ret->len] = '\0';
	}
	return true;
}

long probe_number(const char *path, long fallback)
{
	AUTO_BUF line = BUF_INIT;
	char *end;
	long value;

	if (!probe_line(path, &line))
		return fallback;
	value = strtol(buf_str(&line), &end, 10);
	return end == buf_str(&line) || *end ? fallback : value;
}

/* Is word in text, between blanks or at an end? */
static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	const char *at = text;

	while ((at = strstr(at, word))) {
		bool begins = at == text || strchr(" \t\n", at[-1]);

		if (begins && strchr(" \t\n", at[len]))
			return true;
		at += len;
	}
	return false;
}

bool probe_cpu_flag(const char *flag)
{
	struct error ignored = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;
	char *flags;

	if (file_read_path("/proc/cpuinfo", PROC_FILE_MAX, &text, &ignored))
		return false;
	flags = strstr(buf_str(&text), "\nflags");
	if (!flags)
		return false;
	flags[1 + strcspn(flags + 1, "\n")] = '\0';
	return has_word(flags, flag);
}

bool probe_misc_device(const char *name)
{
	struct error ignored = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;

	return !file_read_path("/proc/misc", PROC_FILE_MAX, &text, &ignored) &&
	       has_word(buf_str(&text), name);
}

/*
 * Module files are named with '-' or '_', as their author liked. In modules.dep a line begins
 * with the module's path and a colon; in modules.builtin it is the path alone.
 */
static bool lists_module(const char *list, const char *name)
{
	struct error ignored = ERROR_INIT;
	AUTO_BUF text = BUF_INIT;
	struct utsname uts;
	AUTO_FREE char *path = NULL;
	size_t len = strlen(name);

	if (uname(&uts) < 0)
		return false;
	path = xasprintf("/lib/modules/%s/%s", uts.release, list);
	if (file_read_path(path, MODULES_FILE_MAX, &text, &ignored))
		return false;
	for (char *line = text.data, *next; line && *line; line = next) {
		char *base;

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		line[strcspn(line, ":")] = '\0';
		base = strrchr(line, '/');
		base = base ? base + 1 : line;
		for (char *c = base; *c; c++)
			*c = *c == '-' ? '_' : *c;
		if (!strncmp(base, name, len) && !strncmp(base + len, ".ko", 3))
			return true;
	}
	return false;
}

enum module_state probe_module(const char *name)
{
	AUTO_FREE char *path = xasprintf("/sys/module/%s", name);

	if (!access(path, F_OK) || access("/proc/modules", F_OK) < 0 ||
	    lists_module("modules.builtin", name))
		return MODULE_PRESENT;
	return lists_module("modules.dep", name) ? MODULE_AVAILABLE : MODULE_ABSENT;
}
