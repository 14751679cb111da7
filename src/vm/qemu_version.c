/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which QEMU VMs run on: asked once for each program that is put there. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/run.h"
#include "vm/qemu_version.h"

enum { ASK_TIMEOUT_MS = 10000, PART_MAX = 9999 };

#define KEPT_FILE ".qemu"

/* What its --version prints is for people; the monitor says the same for programs. */
static int run_qemu(const char *qemu, struct buf *ret, struct error *err)
{
	static const char sandbox[] = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
				      "resourcecontrol=deny";
	static const char *const words[] = { "-machine", "none",  "-nodefaults",
					     "-display", "none",  "-no-user-config",
					     "-qmp",	 "stdio", "-sandbox",
					     sandbox };
	const struct run_options options = {
		.timeout_ms = ASK_TIMEOUT_MS,
		.dir_fd = -1,
		.output = ret,
		.input = "{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"query-version\"}\n"
			 "{\"execute\":\"quit\"}\n",
	};
	AUTO_STRV argv = STRV_INIT;

	strv_push(&argv, qemu);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		strv_push(&argv, words[i]);
	return run_program(&argv, &options, err);
}

static bool is_part(json_int_t value)
{
	return value >= 0 && value <= PART_MAX;
}

/* The one reply that has a version; greeting, events and other replies are passed over. */
static bool find_version(char *output, struct qemu_version *ret)
{
	char *line, *rest = NULL;

	for (line = strtok_r(output, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest)) {
		json_t *reply = json_loads(line, 0, NULL);
		json_int_t major, minor, micro;
		int r = json_unpack(reply, "{s:{s:{s:I,s:I,s:I}}}", "return", "qemu", "major",
				    &major, "minor", &minor, "micro", &micro);

		json_decref(reply);
		if (r != 0 || !is_part(major) || !is_part(minor) || !is_part(micro))
			continue;
		*ret = (struct qemu_version){ (unsigned int)major, (unsigned int)minor,
					      (unsigned int)micro };
		return true;
	}
	return false;
}

int qemu_version_ask(const char *qemu, struct qemu_version *ret, struct error *err)
{
	AUTO_BUF output = BUF_INIT;
	int r = run_qemu(qemu, &output, err);

	if (r)
		return r;
	if (!output.data || !find_version(output.data, ret))
		return error_set(err, ERROR_HOST, EPROTO,
				 "'%s' does not tell its version: it is no QEMU", qemu);
	return 0;
}

/* A package that replaces the program changes at least the inode; an edit in place, the times. */
static int identify(const char *qemu, struct buf *ret, struct error *err)
{
	struct stat st;

	if (stat(qemu, &st) < 0)
		return error_errno(err, errno, "look for QEMU at '%s'", qemu);
	buf_printf(ret, "%ju %ju %jd %jd.%09ld %jd.%09ld", (uintmax_t)st.st_dev,
		   (uintmax_t)st.st_ino, (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
		   st.st_mtim.tv_nsec, (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
	return 0;
}

static bool parse_version(const char *text, struct qemu_version *ret)
{
	struct error ignored = ERROR_INIT;
	AUTO_STRV parts = STRV_INIT;
	uint64_t number[3];

	strv_split(&parts, text, '.');
	if (parts.n != ARRAY_SIZE(number))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(number); i++)
		if (parse_u64("version", parts.v[i], 0, PART_MAX, &number[i], &ignored))
			return false;
	*ret = (struct qemu_version){ (unsigned int)number[0], (unsigned int)number[1],
				      (unsigned int)number[2] };
	return true;
}

/* The version stands first: what is cut short has no match in the rest. */
static bool find_kept(int run_fd, const char *identity, struct qemu_version *ret)
{
	struct error ignored = ERROR_INIT;
	AUTO_FREE char *line = NULL;
	char *blank;

	if (run_fd < 0 || file_read_line(run_fd, KEPT_FILE, &line, &ignored))
		return false;
	blank = strchr(line, ' ');
	if (!blank || strcmp(blank + 1, identity) != 0)
		return false;
	*blank = '\0';
	return parse_version(line, ret);
}

static void keep_version(int run_fd, const char *identity, const struct qemu_version *version)
{
	struct error ignored = ERROR_INIT;
	AUTO_BUF line = BUF_INIT;

	buf_printf(&line, "%u.%u.%u %s\n", version->major, version->minor, version->micro,
		   identity);
	file_write_volatile(run_fd, KEPT_FILE, line.data, line.len, 0600, &ignored);
}

int qemu_version_get(const struct vm_host *host, bool keep, struct qemu_version *ret,
		     struct error *err)
{
	const char *qemu = host->config.qemu;
	AUTO_BUF identity = BUF_INIT;
	int r = identify(qemu, &identity, err);

	if (r || find_kept(host->store.run_fd, buf_str(&identity), ret))
		return r;
	r = qemu_version_ask(qemu, ret, err);
	if (!r && keep && host->store.run_fd >= 0)
		keep_version(host->store.run_fd, buf_str(&identity), ret);
	return r;
}

bool qemu_version_at_least(const struct qemu_version *version, unsigned int major,
			   unsigned int minor)
{
	return version->major > major || (version->major == major && version->minor >= minor);
}

bool qemu_takes_kvm_fd(const struct qemu_version *version)
{
	return qemu_version_at_least(version, 8, 2);
}
