/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs that are run. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/run.h"
#include "vm/qemu_version.h"
#include "check.h"
#include "host_files.h"

enum { QEMU_MAJOR = 7, QEMU_MINOR = 1, RUN_TIMEOUT_MS = 10000 };

/* Which package a program is in, on Debian and on Alpine. */
static void fix_install(struct check *check, const char *debian, const char *alpine)
{
	if (host_is_alpine())
		check_fix(check, "apk add %s", alpine);
	else
		check_fix(check, "apt-get install %s", debian);
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
	struct qemu_version version;
	int r = qemu_version_ask(qemu, &version, &err);

	if (r == -EPROTO) {
		check_fail(check, qemu, "does not tell its version: it is no QEMU");
		return;
	}
	if (r) {
		no_program(check, qemu, "every VM", "qemu", &err);
		fix_install(check, "qemu-system-x86", "qemu-system-x86_64");
		return;
	}
	if (!qemu_version_at_least(&version, QEMU_MAJOR, QEMU_MINOR)) {
		check_fail(check, qemu, "is version %u.%u.%u, older than %d.%d", version.major,
			   version.minor, version.micro, QEMU_MAJOR, QEMU_MINOR);
		fix_install(check, "qemu-system-x86", "qemu-system-x86_64");
		return;
	}
	check_pass(check, qemu, "is version %u.%u.%u, with seccomp, and %s", version.major,
		   version.minor, version.micro,
		   qemu_takes_kvm_fd(&version) ? "takes /dev/kvm as a descriptor"
					       : "opens /dev/kvm by its name");
}

/* Is it there, and does it run with that argument, where there is one that it takes? */
static int try_program(const char *path, const char *argument, struct error *err)
{
	const struct run_options options = { .timeout_ms = RUN_TIMEOUT_MS, .dir_fd = -1 };
	AUTO_STRV argv = STRV_INIT;

	if (access(path, X_OK) < 0)
		return error_errno(err, errno, "run '%s'", path);
	if (!argument)
		return 0;
	strv_push(&argv, path);
	strv_push(&argv, argument);
	return run_program(&argv, &options, err);
}

static void check_program(struct check *check, const char *path, const char *argument,
			  const char *what, const char *key, const char *debian, const char *alpine)
{
	struct error err = ERROR_INIT;

	if (try_program(path, argument, &err) == 0) {
		check_pass(check, path, "is installed");
		return;
	}
	no_program(check, path, what, key, &err);
	fix_install(check, debian, alpine);
}

void check_programs(struct check *check)
{
	const struct host_config *config = check->config;

	check_program(check, config->qemu_img, "--version", "create", "qemu_img", "qemu-utils",
		      "qemu-img");
	check_program(check, config->ssh_keygen, NULL, "create", "ssh_keygen", "openssh-client",
		      "openssh-keygen");
}
