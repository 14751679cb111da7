/* SPDX-License-Identifier: GPL-2.0-or-later */
/* set: change settings of a VM. */
#include "vm/set.h"

#include "commands.h"
#include "options.h"

static int run_set(struct cli *cli, const struct cli_args *args, struct error *err)
{
	const char *name = args->words.v[0], *note = "";
	AUTO_STRV pairs = STRV_INIT;
	int r;

	for (size_t i = 1; i < args->words.n; i++)
		strv_push(&pairs, args->words.v[i]);
	r = vm_set(&cli->host, name, &pairs, &note, err);
	if (!r)
		say(cli, "%s: set; %s", name, note);
	return r;
}

const struct command command_set = {
	.name = "set",
	.words = "NAME KEY=VALUE...",
	.min_words = 2,
	.max_words = (size_t)-1,
	.writes = true,
	.summary = "change settings, as in vm.conf",
	.run = run_set,
};
