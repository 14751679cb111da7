/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net show and net repair. */
#include <jansson.h>
#include <stdio.h>

#include "base/alloc.h"
#include "vm/net.h"
#include "vm/start.h"
#include "vm/status.h"
#include "commands.h"
#include "each.h"
#include "net_view.h"
#include "options.h"
#include "output.h"

static void show_json(const struct vm_net *net, bool entries)
{
	json_t *array = json_array();

	for (size_t i = 0; i < net->n; i++)
		json_array_append_new(array, net_bridge_json(&net->v[i], entries));
	output_json(array);
}

static void show_tables(const struct vm_net *net, bool entries)
{
	for (size_t i = 0; i < net->n; i++) {
		if (i)
			printf("\n");
		net_bridge_print(&net->v[i], entries);
	}
	fflush(stdout);
	for (size_t i = 0; i < net->n; i++)
		net_problems_print(&net->v[i]);
}

static int net_show(struct cli *cli, const struct cli_args *args, struct error *err)
{
	const char *bridge = args->words.n ? args->words.v[0] : NULL;
	AUTO(vm_net_done) struct vm_net net = { .v = NULL };
	int r = vm_net_get(&cli->host, bridge, &net, err);

	if (r)
		return r;
	if (cli->json) {
		show_json(&net, cli->verbose);
	} else if (cli->quiet) {
		for (size_t i = 0; i < net.n; i++)
			puts(net.v[i].name);
	} else {
		show_tables(&net, cli->verbose);
	}
	return 0;
}

/* What differs is what a dry run is for; else it is news of a repair. */
static void tell_changes(const struct cli *cli, const char *name, bool dry_run,
			 const struct buf *changes)
{
	AUTO_STRV lines = STRV_INIT;
	AUTO_BUF plan = BUF_INIT;

	strv_split(&lines, buf_str(changes), '\n');
	for (size_t i = 0; i < lines.n; i++) {
		if (dry_run)
			buf_printf(&plan, "%s: %s\n", name, output_clean(lines.v[i]));
		else
			say(cli, "%s: %s", name, output_clean(lines.v[i]));
	}
	if (dry_run)
		print_plan(cli, buf_str(&plan));
}

static int repair_one(struct cli *cli, const char *name, const struct cli_args *args,
		      struct error *err)
{
	bool dry_run = cli_flag(args, "dry-run");
	AUTO_BUF changes = BUF_INIT;
	int r = vm_net_repair(&cli->host, name, dry_run, &changes, err);

	tell_changes(cli, name, dry_run, &changes);
	if (r < 0)
		return error_prefix(err, "%s", name);
	if (r == VM_ALREADY)
		say(cli, "%s: nothing to repair", name);
	else if (!dry_run)
		say(cli, "%s: repaired", name);
	return 0;
}

/* Those that are named, or all that run. */
static int net_repair(struct cli *cli, const struct cli_args *args, struct error *err)
{
	AUTO_STRV names = STRV_INIT;
	AUTO_STRV all = STRV_INIT;
	int r = args->words.n ? 0 : vm_names_get(&cli->host, &all, err);

	if (r)
		return r;
	for (size_t i = 0; i < all.n; i++) {
		if (vm_is_ours(&cli->host, all.v[i]))
			strv_push(&names, all.v[i]);
	}
	for (size_t i = 0; i < args->words.n; i++)
		strv_push(&names, args->words.v[i]);
	return each_of(cli, "net repair", args, &names, 1, repair_one, err);
}

static const struct cli_option repair_options[] = {
	{ .name = "dry-run", .help = "tell what differs, change nothing" },
	{ .name = NULL },
};

static const struct command net_show_verb = {
	.name = "net show",
	.words = "[BRIDGE]",
	.max_words = 1,
	.writes = true,
	.summary = "bridges, their ports and whose they are",
	.run = net_show,
};

static const struct command net_repair_verb = {
	.name = "net repair",
	.words = "[NAME...]",
	.max_words = (size_t)-1,
	.writes = true,
	.summary = "put fallen taps of running VMs back",
	.options = repair_options,
	.run = net_repair,
};

static const struct command *const net_verbs[] = { &net_show_verb, &net_repair_verb, NULL };

const struct command command_net = {
	.name = "net",
	.words = "VERB ...",
	.summary = "bridges, their ports and whose they are; put fallen taps back",
	.verbs = net_verbs,
};
