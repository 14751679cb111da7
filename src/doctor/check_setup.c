/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program's own configuration, and what it may do. */
#include <unistd.h>

#include "base/error.h"
#include "base/privilege.h"
#include "check.h"

void check_config(struct check *check)
{
	const struct doctor_host *host = check->host;

	if (host->config_error->kind)
		check_error(check, host->config_path, host->config_error);
	else if (access(host->config_path, F_OK) < 0)
		check_pass(check, host->config_path, "does not exist: all settings are defaults");
	else
		check_pass(check, host->config_path, "can be read");
	if (host->store_error->kind)
		check_error(check, check->config->state_dir, host->store_error);
}

static void check_capability(struct check *check, enum privilege privilege, const char *word,
			     const char *what, bool needed)
{
	struct error err = ERROR_INIT;

	if (!privilege_check(privilege, what, &err)) {
		check_pass(check, word, "is there");
		return;
	}
	if (needed)
		check_fail(check, word, "%s: VMs of this user do not start", err.message);
	else
		check_warn(check, word, "%s", err.message);
	check_keep(check, "%s", err.hint);
}

/* Without the last one a start leaves the question out, and says so. */
static void check_capabilities(struct check *check)
{
	check_capability(check, PRIVILEGE_NET_ADMIN, "CAP_NET_ADMIN", "connect a guest to a bridge",
			 true);
	check_capability(check, PRIVILEGE_BPF, "CAP_BPF", "load the guard's program",
			 check->config->guard != GUARD_OFF);
	check_capability(check, PRIVILEGE_NET_RAW, "CAP_NET_RAW",
			 "ask the LAN who has a VM's address", false);
}

void check_privilege(struct check *check)
{
	if (geteuid() == 0) {
		check_pass(check, "user", "is root");
		return;
	}
	check_warn(check, "user", "is not root, so that not all of the host can be looked at");
	check_fix(check, "sudo mnmivm-se doctor");
	check_capabilities(check);
}
