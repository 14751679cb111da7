/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image prune: remove what nobody needs. */
#include "base/alloc.h"
#include "base/buf.h"
#include "base/parse.h"
#include "image.h"
#include "options.h"

static void describe(const struct vm_pruned *pruned, struct buf *out)
{
	char size[SIZE_TEXT_MAX];

	for (size_t i = 0; i < pruned->removed.n; i++)
		buf_printf(out, "remove image %s\n", pruned->removed.v[i]);
	size_format(pruned->bytes, size);
	if (pruned->leftovers)
		buf_printf(out, "remove leftovers of unfinished pulls: %u\n", pruned->leftovers);
	if (pruned->bytes)
		buf_printf(out, "free %s\n", size);
}

static void tell(const struct cli *cli, const struct vm_pruned *pruned)
{
	char size[SIZE_TEXT_MAX];

	for (size_t i = 0; i < pruned->removed.n; i++)
		say(cli, "%s: removed", pruned->removed.v[i]);
	size_format(pruned->bytes, size);
	say(cli, "images removed: %zu, leftovers of unfinished pulls: %u, freed: %s",
	    pruned->removed.n, pruned->leftovers, size);
}

static int run_prune(struct cli *cli, const struct cli_args *args, struct error *err)
{
	const struct vm_prune_options options = { .all = cli_flag(args, "all"),
						  .dry = cli_flag(args, "dry-run") };
	struct vm_pruned pruned = { .removed = STRV_INIT };
	AUTO_BUF plan = BUF_INIT;
	int r = vm_image_prune(&cli->host, &options, &pruned, err);

	if (!r && options.dry) {
		describe(&pruned, &plan);
		print_plan(cli, buf_str(&plan));
	}
	if (!r && !pruned.removed.n && !pruned.leftovers)
		say(cli, "nothing to remove");
	else if (!r && !options.dry)
		tell(cli, &pruned);
	strv_done(&pruned.removed);
	return r;
}

static const struct cli_option prune_options[] = {
	{ .name = "all", .help = "those without a newer one, too" },
	{ .name = "dry-run", .help = "print what would be removed, change nothing" },
	{ .name = NULL },
};

const struct command image_prune_verb = {
	.name = "image prune",
	.words = "",
	.writes = true,
	.summary = "remove pulled images that are outdated and no VM stands on",
	.options = prune_options,
	.run = run_prune,
};
