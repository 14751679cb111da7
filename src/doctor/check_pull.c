/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What image pull wants: a catalogue, libraries, whom to trust; and what broken pulls left. */
#include "base/parse.h"
#include "check.h"
#include "config/catalogue.h"
#include "store/images.h"
#include "vm/pull_needs.h"

/* VMs of images that are here, or are imported, do without all of it. */
static void warn_of(struct check *check, const char *object, const struct error *err)
{
	check_warn(check, object, "%s", err->message);
	if (err->hint[0])
		check_fix(check, "%s", err->hint);
}

static void check_catalogue(struct check *check)
{
	AUTO(catalogue_done) struct catalogue catalogue = CATALOGUE_INIT;
	struct error err = ERROR_INIT;

	if (catalogue_load(&catalogue, check->config, &err)) {
		warn_of(check, "catalogue", &err);
		return;
	}
	if (catalogue.n) {
		check_pass(check, "catalogue", "offers %zu image%s", catalogue.n,
			   catalogue.n == 1 ? "" : "s");
		return;
	}
	check_warn(check, "catalogue", "is empty: no image can be pulled by name");
	check_keep(check, "'catalogue' in %s can name the folders", check->host->config_path);
}

static void check_leftovers(struct check *check)
{
	char size[SIZE_TEXT_MAX];
	struct error err = ERROR_INIT;
	unsigned int n = 0;
	uint64_t bytes = 0;

	if (check->host->store_error->kind) {
		check_warn(check, "leftovers", "not looked at: %s",
			   check->host->store_error->message);
		return;
	}
	if (images_sweep(&check->host->vm->store, true, &n, &bytes, &err)) {
		check_error(check, "leftovers", &err);
		return;
	}
	size_format(bytes, size);
	if (!n) {
		check_pass(check, "leftovers", "there are none of unfinished pulls");
		return;
	}
	check_warn(check, "leftovers",
		   "%u of unfinished pulls, %s on disk: a pull of the same file goes on there", n,
		   size);
	check_fix(check, "mnmivm-se image prune");
}

void check_pull(struct check *check)
{
	check_catalogue(check);
	for (int i = 0; i < VM_PULL_NEEDS; i++) {
		struct error err = ERROR_INIT;

		if (vm_pull_need_check(check->host->vm, (enum vm_pull_need)i, &err))
			warn_of(check, vm_pull_need_words[i], &err);
		else
			check_pass(check, vm_pull_need_words[i], "is there");
	}
	check_leftovers(check);
}
