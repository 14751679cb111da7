/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image: its verbs, and what they share. */
#include "image.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "commands.h"
#include "options.h"

void image_date(int64_t added_ns, char out[IMAGE_DATE_MAX])
{
	time_t added = added_ns / 1000000000;
	struct tm tm;

	snprintf(out, IMAGE_DATE_MAX, "-");
	if (added > 0 && gmtime_r(&added, &tm))
		strftime(out, IMAGE_DATE_MAX, "%Y-%m-%d", &tm);
}

int image_find_entry(const struct catalogue *catalogue, const char *word, const char *where,
		     const struct catalogue_entry **ret, struct error *err)
{
	const char *near;

	*ret = catalogue_find(catalogue, word);
	if (*ret)
		return 0;
	error_set(err, ERROR_NOT_FOUND, ENOENT, "no image '%s' %s", word, where);
	if (!catalogue->n)
		return error_hint(err, "the catalogue is empty: mnmivm-se doctor pull");
	near = catalogue_near(catalogue, word);
	return near ? error_hint(err, "did you mean '%s'?", near)
		    : error_hint(err, "mnmivm-se image list");
}

int image_each(const struct command *verb, const struct strv *names,
	       int (*function)(void *arg, const char *name, struct error *err), void *arg)
{
	int code = 0;

	for (size_t i = 0; i < names->n; i++) {
		struct error err = ERROR_INIT;

		if (function(arg, names->v[i], &err) >= 0)
			continue;
		cli_print_error(verb->name, &err);
		if (!code)
			code = (int)err.kind;
	}
	return code;
}

struct removal {
	const struct cli *cli;
	bool force;
};

static int remove_one(void *arg, const char *name, struct error *err)
{
	const struct removal *removal = arg;
	const struct cli *cli = removal->cli;
	int r = vm_image_remove(&cli->host, name, removal->force, err);

	if (r)
		return image_hint_missing(cli, name, err);
	say(cli, "%s: removed", name);
	return 0;
}

static int run_remove(struct cli *cli, const struct cli_args *args, struct error *err)
{
	struct removal removal = { .cli = cli, .force = cli_flag(args, "force") };

	(void)err;
	return image_each(&image_remove_verb, &args->words, remove_one, &removal);
}

static const struct cli_option remove_options[] = {
	{ .name = "force", .letter = 'f', .help = "whatever VMs of others stand on them" },
	{ .name = NULL },
};

const struct command image_remove_verb = {
	.name = "image remove",
	.alias = "rm",
	.words = "NAME...",
	.min_words = 1,
	.max_words = (size_t)-1,
	.writes_images = true,
	.summary = "remove images that no VM stands on",
	.options = remove_options,
	.run = run_remove,
};

static const struct command *const image_verbs[] = {
	&image_list_verb,   &image_pull_verb,  &image_import_verb, &image_show_verb,
	&image_verify_verb, &image_prune_verb, &image_remove_verb, NULL,
};

const struct command command_image = {
	.name = "image",
	.words = "VERB ...",
	.summary = "base images: pull by name, bring in, list, verify, remove",
	.verbs = image_verbs,
};
