/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image pull: from names of the catalogue to images. */
#include <jansson.h>

#include "base/alloc.h"
#include "vm/pull.h"
#include "image.h"
#include "json.h"
#include "output.h"
#include "progress.h"

struct pull {
	struct cli *cli;
	const struct catalogue *catalogue;
	struct strv names; /* of those that can be pulled */
	bool offline; /* nobody could be reached: vm_pull() */
	json_t *results; /* of those that were pulled, or were here */
};

static void add_result(json_t *results, const char *entry, const struct vm_pulled *pulled)
{
	json_t *object = json_object();

	object_set_text(object, "name", pulled->name);
	object_set_text(object, "os", entry);
	object_set_bool(object, "fresh", pulled->fresh);
	object_set_number(object, "received_bytes", pulled->received);
	object_set_number(object, "file_bytes", pulled->file_bytes);
	json_array_append_new(results, object);
}

static int pull_one(void *arg, const char *name, struct error *err)
{
	struct pull *pull = arg;
	AUTO(progress_end) struct progress progress = { .cli = NULL };
	const struct catalogue_entry *entry = catalogue_find(pull->catalogue, name);
	struct vm_pull_options options;
	struct vm_pulled pulled;
	bool offline = pull->offline;
	int r;

	progress_begin(&progress, pull->cli);
	options = *progress_options(&progress);
	options.offline = &pull->offline;
	r = vm_pull(&pull->cli->host, entry, &options, &pulled, err);
	if (r && offline && pull->offline)
		err->hint[0] = '\0'; /* it was told */
	if (r)
		return r;
	progress_pulled(&progress, entry->name, &pulled);
	add_result(pull->results, entry->name, &pulled);
	return 0;
}

static int check_one(void *arg, const char *name, struct error *err)
{
	struct pull *pull = arg;
	const struct catalogue_entry *entry;
	int r = image_find_entry(pull->catalogue, name, "in the catalogue", &entry, err);

	if (!r)
		r = catalogue_check_arch(entry, err);
	if (!r)
		strv_push(&pull->names, name);
	return r;
}

/* What is wrong with a name is told before anything is fetched, and keeps no other from it. */
static int pull_all(struct pull *pull, const struct strv *names)
{
	int wrong = image_each(&image_pull_verb, names, check_one, pull);
	int code = image_each(&image_pull_verb, &pull->names, pull_one, pull);

	return wrong ? wrong : code;
}

static int run_pull(struct cli *cli, const struct cli_args *args, struct error *err)
{
	AUTO(catalogue_done) struct catalogue catalogue = CATALOGUE_INIT;
	struct pull pull = { .cli = cli, .catalogue = &catalogue };
	int r = catalogue_load(&catalogue, &cli->host.config, err);

	if (r)
		return r;
	pull.results = json_array();
	r = pull_all(&pull, &args->words);
	if (cli->json)
		output_json(json_incref(pull.results));
	json_decref(pull.results);
	strv_done(&pull.names);
	return r;
}

const struct command image_pull_verb = {
	.name = "image pull",
	.words = "NAME...",
	.min_words = 1,
	.max_words = (size_t)-1,
	.writes_images = true,
	.summary = "fetch images of the catalogue, and verify them",
	.run = run_pull,
};
