/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image prune: remove what nobody needs. */
#include <jansson.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "image.h"
#include "json.h"
#include "options.h"
#include "output.h"

static void describe(const struct vm_pruned *pruned)
{
	char size[SIZE_TEXT_MAX];

	for (size_t i = 0; i < pruned->removed.n; i++)
		printf("remove image %s\n", pruned->removed.v[i]);
	size_format(pruned->bytes, size);
	if (pruned->leftovers)
		printf("remove leftovers of unfinished pulls: %u\n", pruned->leftovers);
	if (pruned->bytes)
		printf("free %s\n", size);
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

static void add_result(void *arg, const char *name, bool leftover, uint64_t bytes)
{
	json_t *object = json_object();

	object_set_text(object, "name", name);
	object_set_text(object, "kind", leftover ? "leftover" : "image");
	object_set_number(object, "bytes", bytes);
	json_array_append_new(arg, object);
}

static int run_prune(struct cli *cli, const struct cli_args *args, struct error *err)
{
	json_t *results = json_array();
	const struct vm_prune_options options = { .all = cli_flag(args, "all"),
						  .dry = cli_flag(args, "dry-run"),
						  .each = add_result,
						  .arg = results };
	struct vm_pruned pruned = { .removed = STRV_INIT };
	int r = vm_image_prune(&cli->host, &options, &pruned, err);

	/* what is gone is told, whatever came after */
	if (cli->json)
		output_json(json_incref(results));
	else if (!r && options.dry)
		describe(&pruned);
	json_decref(results);
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
	.writes_images = true,
	.summary = "remove pulled images that are outdated and no VM stands on",
	.options = prune_options,
	.run = run_prune,
};
