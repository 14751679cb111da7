/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net show and net repair. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/parse.h"
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

static int net_show(struct cli *cli, const char *bridge, struct error *err)
{
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
	int r = args->words.n > 1 ? 0 : vm_names_get(&cli->host, &all, err);

	if (r)
		return r;
	for (size_t i = 0; i < all.n; i++) {
		if (vm_is_ours(&cli->host, all.v[i]))
			strv_push(&names, all.v[i]);
	}
	for (size_t i = 1; i < args->words.n; i++)
		strv_push(&names, args->words.v[i]);
	return each_of(cli, "net repair", args, &names, 1, repair_one, err);
}

static int run_net(struct cli *cli, const struct cli_args *args, struct error *err)
{
	static const char *const verbs[] = { "show", "repair", NULL };
	const struct strv *words = &args->words;
	int verb;
	int r = parse_choice("net", words->v[0], verbs, &verb, err);

	if (r)
		return r;
	if (verb == 1)
		return net_repair(cli, args, err);
	if (cli_flag(args, "dry-run"))
		return error_set(err, ERROR_USAGE, EINVAL, "--dry-run goes with 'net repair'");
	if (words->n > 2) {
		error_set(err, ERROR_USAGE, EINVAL, "unexpected argument '%s'", words->v[2]);
		return error_hint(err, "mnmivm-se net show [BRIDGE]");
	}
	return net_show(cli, words->n == 2 ? words->v[1] : NULL, err);
}

static const struct cli_option net_options[] = {
	{ .name = "dry-run", .help = "of repair: tell what differs, change nothing" },
	{ .name = NULL },
};

const struct command command_net = {
	.name = "net",
	.words = "show [BRIDGE] | repair [NAME...]",
	.min_words = 1,
	.max_words = (size_t)-1,
	.writes = true,
	.summary = "bridges, their ports and whose they are; put fallen taps back",
	.options = net_options,
	.run = run_net,
};
