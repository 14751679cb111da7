/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image verify: do images have the digests that they had? */
#include <jansson.h>

#include "base/alloc.h"
#include "image.h"
#include "json.h"
#include "options.h"
#include "output.h"
#include "progress.h"

struct verify {
	struct cli *cli;
	json_t *results;
};

static void add_result(json_t *results, const char *name, bool digest, const struct error *err)
{
	json_t *object = json_object();

	object_set_text(object, "name", name);
	object_set_bool(object, "good", err->kind == ERROR_NONE);
	object_set_bool(object, "digest", digest);
	object_set_text(object, "problem", output_clean(err->message));
	json_array_append_new(results, object);
}

static int verify_one(void *arg, const char *name, struct error *err)
{
	const struct verify *verify = arg;
	AUTO(progress_end) struct progress progress = { .cli = NULL };
	bool digest = false;
	int r;

	progress_begin(&progress, verify->cli);
	progress_name(&progress, name);
	r = vm_image_verify(&verify->cli->host, name, progress_bytes, &progress, &digest, err);
	progress_end(&progress);
	if (r)
		image_hint_missing(verify->cli, name, err);
	add_result(verify->results, name, digest, err);
	if (!r)
		say(verify->cli,
		    digest ? "%s: has its digest, and good tables"
			   : "%s: has good tables; there is no digest to hold it to",
		    name);
	return r;
}

/* Those that are named, or all. */
static int names_get(struct cli *cli, const struct strv *words, struct strv *ret, struct error *err)
{
	AUTO(vm_image_list_done) struct vm_image_list list = { .n = 0 };
	int r;

	if (words->n) {
		strv_copy(ret, words);
		return 0;
	}
	r = vm_image_list(&cli->host, &list, err);
	for (size_t i = 0; !r && i < list.n; i++)
		strv_push(ret, list.v[i].name);
	return r;
}

static int run_verify(struct cli *cli, const struct cli_args *args, struct error *err)
{
	AUTO_STRV names = STRV_INIT;
	struct verify verify = { .cli = cli };
	int r = names_get(cli, &args->words, &names, err);

	if (r)
		return r;
	if (!names.n)
		say(cli, "there are no images");
	verify.results = json_array();
	r = image_each(&image_verify_verb, &names, verify_one, &verify);
	if (cli->json)
		output_json(json_incref(verify.results));
	json_decref(verify.results);
	return r;
}

const struct command image_verify_verb = {
	.name = "image verify",
	.words = "[NAME...]",
	.max_words = (size_t)-1,
	.writes_images = true,
	.summary = "hold images to their digests; all of them without a name",
	.run = run_verify,
};
