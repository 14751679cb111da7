/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs that are run. */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/run.h"
#include "check.h"
#include "host_files.h"

enum { QEMU_TIMEOUT_MS = 10000, QEMU_MAJOR = 7, QEMU_MINOR = 1 };

/* From here on `-accel kvm` has the property `device`, which may be a descriptor. */
enum { KVM_FD_MAJOR = 8, KVM_FD_MINOR = 2 };

struct version {
	json_int_t major, minor, micro;
};

/* Which package a program is in, on Debian and on Alpine. */
static void fix_install(struct check *check, const char *debian, const char *alpine)
{
	if (host_is_alpine())
		check_fix(check, "apk add %s", alpine);
	else
		check_fix(check, "apt-get install %s", debian);
}

/*
 * QEMU's -version is for people; its monitor says the same for programs, and that it can start
 * at all, under the seccomp filter that VMs run with.
 */
static int run_qemu(const char *qemu, struct buf *ret, struct error *err)
{
	static const char sandbox[] = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
				      "resourcecontrol=deny";
	static const char *const words[] = { "-machine", "none",  "-nodefaults",
					     "-display", "none",  "-no-user-config",
					     "-qmp",	 "stdio", "-sandbox",
					     sandbox };
	const struct run_options options = {
		.timeout_ms = QEMU_TIMEOUT_MS,
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

/* The one reply that has a version; greeting, events and other replies are passed over. */
static bool find_version(char *output, struct version *ret)
{
	char *line, *rest = NULL;

	for (line = strtok_r(output, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest)) {
		json_t *reply = json_loads(line, 0, NULL);
		int r = json_unpack(reply, "{s:{s:{s:I,s:I,s:I}}}", "return", "qemu", "major",
				    &ret->major, "minor", &ret->minor, "micro", &ret->micro);

		json_decref(reply);
		if (r == 0)
			return true;
	}
	return false;
}

static bool is_older(const struct version *version, int major, int minor)
{
	return version->major < major || (version->major == major && version->minor < minor);
}

static void no_program(struct check *check, const char *path, const char *what, const char *key,
		       const struct error *err)
{
	if (err->code == ENOENT)
		check_fail(check, path, "is not installed, and %s takes it", what);
	else
		check_fail(check, path, "%s", err->message);
	check_keep(check, "'%s = PATH' in %s, where it is elsewhere", key,
		   check->host->config_path);
}

void check_qemu(struct check *check)
{
	const char *qemu = check->config->qemu;
	struct error err = ERROR_INIT;
	struct version version;
	AUTO_BUF output = BUF_INIT;

	if (run_qemu(qemu, &output, &err)) {
		no_program(check, qemu, "every VM", "qemu", &err);
		fix_install(check, "qemu-system-x86", "qemu-system-x86_64");
		return;
	}
	if (!output.data || !find_version(output.data, &version)) {
		check_fail(check, qemu, "does not tell its version: it is no QEMU");
		return;
	}
	if (is_older(&version, QEMU_MAJOR, QEMU_MINOR)) {
		check_fail(check, qemu, "is version %lld.%lld.%lld, older than %d.%d",
			   (long long)version.major, (long long)version.minor,
			   (long long)version.micro, QEMU_MAJOR, QEMU_MINOR);
		fix_install(check, "qemu-system-x86", "qemu-system-x86_64");
		return;
	}
	check_pass(check, qemu, "is version %lld.%lld.%lld, with seccomp, and %s",
		   (long long)version.major, (long long)version.minor, (long long)version.micro,
		   is_older(&version, KVM_FD_MAJOR, KVM_FD_MINOR)
			   ? "opens /dev/kvm by its name"
			   : "takes /dev/kvm as a descriptor");
}

static void check_program(struct check *check, const char *path, const char *what, const char *key,
			  const char *debian, const char *alpine)
{
	struct error err = ERROR_INIT;

	if (access(path, X_OK) == 0) {
		check_pass(check, path, "is installed");
		return;
	}
	error_errno(&err, errno, "run '%s'", path);
	no_program(check, path, what, key, &err);
	fix_install(check, debian, alpine);
}

void check_programs(struct check *check)
{
	const struct host_config *config = check->config;

	check_program(check, config->qemu_img, "create", "qemu_img", "qemu-utils", "qemu-img");
	check_program(check, config->ssh_keygen, "create", "ssh_keygen", "openssh-client",
		      "openssh-keygen");
}
