/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a name of the catalogue to a verified base image. Who speaks TLS sees no file, who writes
 * files speaks no protocol, and what unpacks is a third: workers (jail/worker.h) do the first and
 * the last, and this process reads what they pass on. Until the last step nothing has an image's
 * name.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/process.h"
#include "pull_steps.h"

enum { TELL_MS = 100 };

static void tell(struct pull *pull)
{
	pull->told_ms = clock_ms();
	if (pull->options && pull->options->progress)
		pull->options->progress(pull->options->arg, &pull->progress);
}

void pull_phase(struct pull *pull, enum vm_pull_phase phase, uint64_t total)
{
	pull->progress.phase = phase;
	pull->progress.total = total;
	pull->progress.done = phase == PULL_DOWNLOAD ? pull->done : 0;
	tell(pull);
}

void pull_tell(struct pull *pull, uint64_t done)
{
	pull->progress.done = done;
	if (clock_ms() - pull->told_ms >= TELL_MS)
		tell(pull);
}

void pull_tell_end(struct pull *pull, uint64_t done)
{
	pull->progress.done = done;
	tell(pull);
}

/* Positive: the image is here, and the pull done. */
enum { PULL_HERE = 1 };

static int look_for_image(struct pull *pull, struct error *err)
{
	AUTO_FREE char *name = NULL;
	int r = images_newest(&pull->host->store, pull->entry->name, pull->source_text, &name, err);

	if (r)
		return r < 0 ? r : 0;
	snprintf(pull->pulled->name, sizeof(pull->pulled->name), "%s", name);
	return PULL_HERE;
}

/* By the day on which it was asked for. */
static void make_name(struct pull *pull)
{
	char digest[DIGEST_SHORT_MAX], day[sizeof("20261123")];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(day, sizeof(day), "%Y%m%d", &tm);
	digest_short(&pull->source, digest);
	snprintf(pull->pulled->name, sizeof(pull->pulled->name), "%.*s-%s-%s", CATALOGUE_NAME_MAX,
		 pull->entry->name, day, digest);
}

/*
 * An image of that name without a .conf that says who pulled it: better told before the download
 * than after it. Nothing but its .conf could tell what it should be, and a VM may stand on it.
 */
static int check_name(struct pull *pull, struct error *err)
{
	const char *name = pull->pulled->name;
	struct error ignored = ERROR_INIT;
	AUTO_FREE char *path = NULL;
	AUTO_CLOSE int fd = -1;
	enum disk_format format;

	make_name(pull);
	if (images_open(&pull->host->store, name, &fd, &format, &path, &ignored))
		return 0;
	error_set(err, ERROR_CONFLICT, EEXIST,
		  "image '%s' is there, and its '%s.conf' is missing, damaged or not of this pull",
		  name, name);
	return error_hint(err,
			  "mnmivm-se image remove %s, or, where a VM stands on it, pull on another "
			  "day (UTC): that is another image",
			  name);
}

static void tell_wait(void *arg, uint64_t bytes)
{
	struct pull *pull = arg;

	if (pull->progress.phase != PULL_WAIT)
		pull_phase(pull, PULL_WAIT, 0);
	pull_tell(pull, bytes);
}

static int open_part(struct pull *pull, struct error *err)
{
	return images_part_open(&pull->host->store, pull->source_text, tell_wait, pull, &pull->part,
				err);
}

static int record_again(struct pull *pull, struct error *err)
{
	pull_record_again(pull);
	return look_for_image(pull, err);
}

static int place(struct pull *pull, struct error *err)
{
	int r = pull_place(pull, pull->pulled->name, err);

	pull->pulled->fresh = r == 0;
	return r;
}

static int check_arch(struct pull *pull, struct error *err)
{
	return catalogue_check_arch(pull->entry, err);
}

static int run(struct pull *pull, struct error *err)
{
	static int (*const steps[])(struct pull *, struct error *) = {
		check_arch,	pull_find_digest, look_for_image, open_part,
		look_for_image, /* somebody else may have pulled it while we waited */
		record_again,	check_name,	  pull_download,  place,
	};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int r = steps[i](pull, err);

		if (r)
			return r < 0 ? r : 0;
	}
	return 0;
}

/* An empty part is nothing to resume; nor is one whose image is here. */
static void release(struct pull *pull, bool failed)
{
	if (!failed || pull->spoiled || !(pull->done || pull->part.size))
		images_part_remove(&pull->host->store, &pull->part);
	else
		images_part_close(&pull->part);
	digest_stream_free(pull->stream);
	buf_done(&pull->ca);
	free(pull->url);
}

int vm_pull(const struct vm_host *host, const struct catalogue_entry *entry,
	    const struct vm_pull_options *options, struct vm_pulled *ret, struct error *err)
{
	struct vm_pulled pulled = { .fresh = false };
	struct pull pull = {
		.host = host,
		.entry = entry,
		.options = options,
		.pulled = &pulled,
		.progress = { .name = entry->name },
		.part = IMAGE_PART_INIT,
	};
	int r = run(&pull, err);

	release(&pull, r != 0);
	if (r)
		return error_prefix(err, "pull '%s'", entry->name);
	*ret = pulled;
	return 0;
}
