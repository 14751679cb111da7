/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carries out what a finding says would help: now, and for the next boot. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/run.h"
#include "base/strv.h"
#include "check.h"
#include "host_files.h"
#include "net/links.h"
#include "net/netlink.h"

enum { SETTINGS_FILE_MAX = 64 * 1024 };

static const char heading[] = "# Written by mnmivm-se doctor --fix.\n";

/* The beginning of a line that says the same thing, of this or another value. */
static bool says_the_same(const char *line, const char *key)
{
	size_t len = strlen(key);

	line += strspn(line, " \t");
	if (strncmp(line, key, len) != 0)
		return false;
	line += len;
	line += strspn(line, " \t\r");
	return *line == '\0' || *line == '=';
}

/* All of the old text but lines of this key, and the new line at its end. */
static void replace_line(char *old, const char *key, const char *line, struct buf *ret)
{
	char *next;

	if (!old)
		buf_puts(ret, heading);
	for (char *at = old; at && *at; at = next) {
		size_t len = strcspn(at, "\n");

		next = at + len + (at[len] == '\n');
		at[len] = '\0';
		if (!says_the_same(at, key))
			buf_printf(ret, "%s\n", at);
	}
	buf_printf(ret, "%s\n", line);
}

/* path is folder/name. A file of somebody else's, or a link, is refused by file_read(). */
static int keep_line(const char *path, const char *key, const char *line, struct error *err)
{
	const char *name = file_base_name(path);
	AUTO_FREE char *folder = xstrndup(path, (size_t)(name - path) - 1);
	struct error attempt = ERROR_INIT;
	AUTO_CLOSE int dir_fd = -1;
	AUTO_BUF old = BUF_INIT;
	AUTO_BUF text = BUF_INIT;
	int r = dir_open_path(folder, true, 0755, &dir_fd, &attempt);

	if (!r)
		r = file_read(dir_fd, name, SETTINGS_FILE_MAX, &old, &attempt);
	if (r && r != -ENOENT) {
		*err = attempt;
		return error_prefix(err, "change '%s'", path);
	}
	replace_line(old.data, key, line, &text);
	r = file_write(dir_fd, name, text.data, text.len, 0644, err);
	return r ? error_prefix(err, "change '%s'", path) : 0;
}

static char *sysctl_path(const char *name)
{
	char *path = xasprintf("/proc/sys/%s", name);

	for (char *c = path; *c; c++)
		*c = *c == '.' ? '/' : *c;
	return path;
}

static int apply_sysctl(const struct doctor_change *change, struct error *err)
{
	AUTO_FREE char *path = sysctl_path(change->name);
	AUTO_FREE char *line = xasprintf("%s = %s", change->name, change->value);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return error_errno(err, errno, "set sysctl '%s'", change->name);
	r = fd_write_all(fd, change->value, strlen(change->value));
	if (r)
		return error_errno(err, -r, "set sysctl '%s'", change->name);
	return keep_line(HOST_SYSCTL_FILE, change->name, line, err);
}

static int apply_module(const struct doctor_change *change, struct error *err)
{
	static const char *const programs[] = { "/usr/sbin/modprobe", "/sbin/modprobe" };
	/* it alone may load modules: see contrib/apparmor */
	const struct run_options options = { .dir_fd = -1, .own_profile = true };
	AUTO_STRV argv = STRV_INIT;
	int r;

	strv_push(&argv, programs[access(programs[0], X_OK) < 0]);
	strv_push(&argv, change->name);
	r = run_program(&argv, &options, err);
	if (r == -ENOENT)
		error_hint(err, host_is_alpine() ? "apk add kmod" : "apt-get install kmod");
	return r ? r : keep_line(host_modules_file(), change->name, change->name, err);
}

static int apply_link_up(const struct doctor_change *change, struct error *err)
{
	AUTO_NETLINK *sock = NULL;
	int r = netlink_open(&sock, err);

	return r ? r : link_set_up(sock, change->name, err);
}

void doctor_describe_changes(const struct doctor_finding *finding, struct buf *out)
{
	for (size_t i = 0; i < finding->n_changes; i++) {
		const struct doctor_change *change = &finding->changes[i];

		switch (change->kind) {
		case DOCTOR_SYSCTL:
			buf_printf(out, "set %s = %s, now and in %s\n", change->name, change->value,
				   HOST_SYSCTL_FILE);
			break;
		case DOCTOR_MODULE:
			buf_printf(out, "load module %s, now and by %s\n", change->name,
				   host_modules_file());
			break;
		case DOCTOR_LINK_UP:
			buf_printf(out, "set link %s up, now\n", change->name);
			break;
		}
	}
}

static int apply_change(const struct doctor_change *change, struct error *err)
{
	switch (change->kind) {
	case DOCTOR_SYSCTL:
		return apply_sysctl(change, err);
	case DOCTOR_MODULE:
		return apply_module(change, err);
	case DOCTOR_LINK_UP:
		return apply_link_up(change, err);
	}
	return error_set(err, ERROR_FAILED, EINVAL, "apply an unknown change");
}

int doctor_apply(const struct doctor_finding *finding, struct error *err)
{
	int r = 0;

	if (geteuid() != 0) {
		error_set(err, ERROR_PERMISSION, EPERM, "only root may change the host");
		return error_hint(err, "sudo mnmivm-se doctor --fix");
	}
	for (size_t i = 0; i < finding->n_changes && !r; i++)
		r = apply_change(&finding->changes[i], err);
	return r;
}
