/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a pull: what was verified is unpacked, looked at, and given its name. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "fetch/unpack.h"
#include "image_put.h"
#include "image_writer.h"
#include "pull_steps.h"

void pull_describe(struct pull *pull, const char *digest, struct image_config *ret)
{
	if (!pull->url) /* all of it was there already */
		pull->url = catalogue_url(pull->entry, 0, pull->entry->file);
	image_config_init(ret);
	ret->os = xstrdup(pull->entry->name);
	ret->url = xstrdup(pull->url);
	ret->source_digest = xstrdup(pull->source_text);
	xreplace(&ret->signature, pull->signature);
	guest_traits_copy(&ret->guest, &pull->entry->guest);
	image_config_stamp(pull->host, ret, digest);
}

/* What it is in the folder is what it was on the mirror. */
static int place_plain(struct pull *pull, const char *name, struct error *err)
{
	AUTO(image_config_done) struct image_config config;
	struct image_draft draft = IMAGE_DRAFT_INIT;
	struct image_info info;
	int r;

	pull_describe(pull, pull->source_text, &config);
	pull_phase(pull, PULL_CHECK, 0);
	r = image_look(pull->part.fd, pull->entry->name, pull_file_name(pull), &info, err);
	if (r) {
		pull->spoiled = true;
		return r;
	}
	r = images_part_adopt(&pull->host->store, &pull->part, name, &draft, err);
	if (!r)
		r = images_commit(&pull->host->store, &draft, image_disk_format(&info), &config,
				  err);
	if (!r)
		pull->pulled->file_bytes = info.file_size;
	return r;
}

static void told_unpacked(void *arg, uint64_t done)
{
	pull_tell(arg, done);
}

/* Its own description, which can do nothing but read: the worker has it. */
static int open_packed(struct pull *pull, int *ret_fd, struct error *err)
{
	int fd = file_openat(pull->host->store.images_fd, pull->part.file, O_RDONLY, 0);

	if (fd < 0)
		return error_errno(err, -fd, "open the download of '%s'", pull->entry->name);
	*ret_fd = fd;
	return 0;
}

static bool is_full(int r)
{
	return r == -ENOSPC || r == -EDQUOT;
}

static int unpack_part(struct pull *pull, struct image_draft *draft, struct digest *digest,
		       struct error *err)
{
	const struct image_watch watch = { told_unpacked, pull };
	AUTO_CLOSE int fd = -1;
	int r = open_packed(pull, &fd, err);

	if (!r)
		r = image_unpack(pull->host, fd, draft->fd, pull_file_name(pull), DIGEST_SHA256,
				 &watch, digest, err);
	pull->spoiled = is_full(r) || (r && err->kind == ERROR_VERIFY);
	return r;
}

/* A full disk may tell as late as that. */
static int commit(struct pull *pull, struct image_draft *draft, enum disk_format format,
		  const struct image_config *config, struct error *err)
{
	int r = images_commit(&pull->host->store, draft, format, config, err);

	/* where it went well its content is in the image */
	pull->spoiled = r == 0 || is_full(r);
	return r;
}

static int look(struct pull *pull, int fd, struct image_info *ret, struct error *err)
{
	int r;

	pull_phase(pull, PULL_CHECK, 0);
	r = image_look(fd, pull->entry->name, pull_file_name(pull), ret, err);
	pull->spoiled = r != 0;
	return r;
}

static int place_unpacked(struct pull *pull, const char *name, struct error *err)
{
	AUTO(image_config_done) struct image_config config = { .os = NULL };
	struct image_draft draft = IMAGE_DRAFT_INIT;
	char text[DIGEST_TEXT_MAX];
	struct image_info info;
	struct digest digest;
	int r = images_begin(&pull->host->store, name, &draft, err);

	if (r)
		return r;
	pull_phase(pull, PULL_UNPACK, 0);
	r = unpack_part(pull, &draft, &digest, err);
	if (!r)
		r = look(pull, draft.fd, &info, err);
	if (r) {
		images_abort(&pull->host->store, &draft);
		return r;
	}
	digest_format(&digest, text);
	pull_describe(pull, text, &config);
	r = commit(pull, &draft, image_disk_format(&info), &config, err);
	if (!r)
		pull->pulled->file_bytes = info.file_size;
	return r;
}

int pull_place(struct pull *pull, const char *name, struct error *err)
{
	return unpack_wants(pull->part.fd) ? place_unpacked(pull, name, err)
					   : place_plain(pull, name, err);
}
