/* SPDX-License-Identifier: GPL-2.0-or-later */
/* delete: asks first. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "vm/delete.h"
#include "vm/status.h"
#include "commands.h"
#include "options.h"

static int confirm(const char *name, struct error *err)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO)) {
		error_set(err, ERROR_USAGE, EINVAL, "deleting vm '%s' takes a confirmation", name);
		return error_hint(err, "mnmivm-se delete %s --yes", name);
	}
	fprintf(stderr, "Delete vm '%s' with its disks? [y/N] ", name);
	if (!fgets(answer, sizeof(answer), stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
		return error_set(err, ERROR_FAILED, ECANCELED, "vm '%s' is left as it is", name);
	return 0;
}

/* The question makes sense only for a VM that is there. */
static int check_exists(struct cli *cli, const char *name, struct error *err)
{
	struct vm_info info;
	int r = vm_info_get(&cli->host, name, &info, err);

	if (!r)
		vm_info_done(&info);
	return r;
}

static int run_delete(struct cli *cli, const struct cli_args *args, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < args->words.n && !r; i++) {
		const char *name = args->words.v[i];

		r = check_exists(cli, name, err);
		if (!r && !cli_flag(args, "yes"))
			r = confirm(name, err);
		if (!r)
			r = vm_delete(&cli->host, name, cli_flag(args, "force"), err);
		if (!r)
			say(cli, "%s: deleted", name);
	}
	return r;
}

static const struct cli_option delete_options[] = {
	{ .name = "yes", .letter = 'y', .help = "do not ask" },
	{ .name = "force", .letter = 'f', .help = "end it first when it runs" },
	{ .name = NULL },
};

const struct command command_delete = {
	.name = "delete",
	.words = "NAME...",
	.min_words = 1,
	.max_words = (size_t)-1,
	.writes = true,
	.summary = "remove VMs and their disks",
	.options = delete_options,
	.run = run_delete,
};
