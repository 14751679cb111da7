/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program's own configuration, and what it may do. */
#include <unistd.h>

#include "base/error.h"
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

void check_privilege(struct check *check)
{
	if (geteuid() == 0)
		check_pass(check, "user", "is root");
	else
		check_warn(check, "user",
			   "is not root, so that not all of the host can be looked at");
	if (geteuid() != 0)
		check_fix(check, "sudo mnmivm-se doctor");
}
