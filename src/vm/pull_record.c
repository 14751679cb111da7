/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image that is here, and whose .conf is not: its digest tells that it is the one. */
#include "base/alloc.h"
#include "image/inspect.h"
#include "pull_steps.h"

static int tick(void *arg, uint64_t done, struct error *err)
{
	(void)err;
	pull_tell(arg, done);
	return 0;
}

static int hash(struct pull *pull, int fd, uint64_t len, const char *name, struct digest *ret,
		struct error *err)
{
	AUTO(digest_stream_done) struct digest_stream *stream = NULL;
	int r = digest_stream_new(pull->source.algorithm, &stream, err);

	pull_phase(pull, PULL_CHECK, len);
	if (!r)
		r = digest_stream_file(stream, fd, name, tick, pull, err);
	if (!r)
		digest_stream_finish(stream, ret);
	return r;
}

static int record(struct pull *pull, int fd, const char *name, struct error *err)
{
	AUTO(image_config_done) struct image_config config = { .os = NULL };
	struct image_info info;
	struct digest digest;
	int r = image_inspect(fd, name, IMAGE_BASE, false, &info, err);

	if (!r)
		r = hash(pull, fd, info.file_size, name, &digest, err);
	if (r || !digest_is(&digest, &pull->source))
		return r;
	pull_describe(pull, pull->source_text, &config);
	r = images_record(&pull->host->store, name, &config, err);
	if (!r)
		vm_note(pull->host, "%s: '%s' has the digest; its '%s.conf' is written anew",
			pull->entry->name, name, name);
	return r;
}

void pull_record_again(struct pull *pull)
{
	const struct store *store = &pull->host->store;
	struct error ignored = ERROR_INIT;
	char digest[DIGEST_SHORT_MAX];
	AUTO_FREE char *name = NULL, *path = NULL;
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int hold_fd = -1; /* closed first */
	enum disk_format format;

	digest_short(&pull->source, digest);
	if (images_unrecorded(store, pull->entry->name, digest, &name, &ignored) ||
	    images_open(store, name, &fd, &format, &path, &ignored) ||
	    images_hold(store, fd, name, IMAGES_SHARED, &hold_fd, &ignored))
		return;
	record(pull, fd, name, &ignored);
}
