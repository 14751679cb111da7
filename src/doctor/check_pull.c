/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What image pull wants: a catalogue, libraries, whom to trust; and what broken pulls left. */
#include "base/parse.h"
#include "check.h"
#include "config/catalogue.h"
#include "store/images.h"
#include "vm/pull_needs.h"

/*
 * VMs of images that are here, or are imported, do without what is not installed. What somebody has
 * set is meant to be used, and no pull works while it cannot be.
 */
static void tell_of(struct check *check, const char *object, bool is_set, const struct error *err)
{
	if (is_set)
		check_fail(check, object, "%s: no image can be pulled", err->message);
	else
		check_warn(check, object, "%s", err->message);
	if (err->hint[0])
		check_fix(check, "%s", err->hint);
}

static void check_catalogue(struct check *check)
{
	AUTO(catalogue_done) struct catalogue catalogue = CATALOGUE_INIT;
	struct error err = ERROR_INIT;

	if (catalogue_load(&catalogue, check->config, &err)) {
		tell_of(check, "catalogue", true, &err);
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
		   "%u of unfinished pulls or of images that are gone, %s on disk", n, size);
	check_fix(check, "mnmivm-se image prune");
}

static void check_need(struct check *check, enum vm_pull_need need)
{
	bool is_set = need == VM_PULL_CERTIFICATES && check->config->ca_file;
	struct error err = ERROR_INIT;

	if (vm_pull_need_check(check->host->vm, need, &err))
		tell_of(check, vm_pull_need_words[need], is_set, &err);
	else
		check_pass(check, vm_pull_need_words[need], "is there");
}

void check_pull(struct check *check)
{
	check_catalogue(check);
	for (int i = 0; i < VM_PULL_NEEDS; i++)
		check_need(check, (enum vm_pull_need)i);
	check_leftovers(check);
}
