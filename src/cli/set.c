/* SPDX-License-Identifier: GPL-2.0-or-later */
/* set: change settings of a VM. */
#include "vm/set.h"

#include <stdio.h>
#include <string.h>

#include "config/vm_config.h"
#include "commands.h"
#include "options.h"

enum { HELP_WIDTH = 76 };

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

/* Of the first lines of vm.conf, or of its NICs. */
static void print_keys(bool of_nic)
{
	size_t column = 0;

	for (const char *const *key = vm_config_keys(); *key; key++) {
		const char *dot = strchr(*key, '.'), *word = dot ? dot + 1 : *key;

		if (!vm_set_takes(*key) || (dot != NULL) != of_nic)
			continue;
		if (column + strlen(word) > HELP_WIDTH)
			column = 0;
		column += (size_t)printf("%s%s", column ? " " : "\n  ", word);
	}
	printf("\n");
}

static void print_more_help(void)
{
	printf("\nkeys, for which see vm.conf(5):");
	print_keys(false);
	printf("\nkeys of the first NIC; nic.N.KEY is of another one:");
	print_keys(true);
}

const struct command command_set = {
	.name = "set",
	.words = "NAME KEY=VALUE...",
	.min_words = 2,
	.max_words = (size_t)-1,
	.writes = true,
	.summary = "change settings, as in vm.conf",
	.run = run_set,
	.more_help = print_more_help,
};
