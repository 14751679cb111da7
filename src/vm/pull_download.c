/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The download of a pull: what is there already, the rest from mirrors, hashed and written as it
 * comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/parse.h"
#include "fetch/digest.h"
#include "image_writer.h"
#include "pull_steps.h"

enum { FLUSH = 8 << 20 };

static int restart_stream(struct pull *pull, struct error *err)
{
	digest_stream_free(pull->stream);
	pull->stream = NULL;
	return digest_stream_new(pull->source.algorithm, &pull->stream, err);
}

static int from_zero(struct pull *pull, struct error *err)
{
	pull->done = 0;
	pull->part.size = 0;
	pull->progress.resumed = 0;
	if (ftruncate(pull->part.fd, 0) < 0)
		return error_errno(err, errno, "empty the download of '%s'", pull->entry->name);
	return restart_stream(pull, err);
}

static int count_hashed(void *arg, uint64_t done, struct error *err)
{
	struct pull *pull = arg;

	(void)err;
	pull->done = done;
	pull_tell(pull, done);
	return 0;
}

/* What an earlier pull left is hashed from the disk. What the disk does not give back is lost. */
static int take_up(struct pull *pull, struct error *err)
{
	struct error why = ERROR_INIT;
	int r = restart_stream(pull, err);

	if (r || !pull->part.size)
		return r;
	pull_phase(pull, PULL_RESUME, pull->part.size);
	r = digest_stream_file(pull->stream, pull->part.fd, pull->entry->name, count_hashed, pull,
			       &why);
	if (r) {
		vm_note(pull->host, "%s: what came before is fetched again: %s", pull->entry->name,
			why.message);
		return from_zero(pull, err);
	}
	pull_tell_end(pull, pull->done);
	pull->progress.resumed = pull->done;
	return 0;
}

/* Before the first byte of a transfer: now its size is known, if it ever is. */
static int check_room(struct pull *pull, uint64_t total, struct error *err)
{
	char needed[SIZE_TEXT_MAX], left[SIZE_TEXT_MAX];
	struct statvfs vfs;
	uint64_t room;

	if (fstatvfs(pull->part.fd, &vfs) < 0 || !vfs.f_blocks || total <= pull->done)
		return 0;
	/* what is reserved is root's to use */
	room = (uint64_t)(geteuid() ? vfs.f_bavail : vfs.f_bfree) * vfs.f_frsize;
	if (total - pull->done <= room)
		return 0;
	size_format(total - pull->done, needed);
	size_format(room, left);
	image_write_failed(pull->host, ENOSPC, pull->entry->name, err);
	return error_prefix(err, "%s more are needed, %s are free", needed, left);
}

static int note_total(struct pull *pull, uint64_t total, struct error *err)
{
	int r;

	if (total == pull->progress.total)
		return 0;
	pull->progress.total = total;
	r = check_room(pull, total, err);
	pull->no_room = r != 0;
	return r;
}

static int take(void *arg, const void *data, size_t len, uint64_t total, struct error *err)
{
	struct pull *pull = arg;
	uint64_t max = pull->host->config.image_bytes_max;
	int r = note_total(pull, total, err);

	if (r)
		return r;
	if (pull->done > max || len > max - pull->done) {
		pull->spoiled = true;
		return error_set(err, ERROR_VERIFY, EFBIG,
				 "the server sends more than 'image_bytes_max' allows");
	}
	digest_stream_add(pull->stream, data, len);
	r = image_write_at(pull->part.fd, data, len, pull->done);
	if (r) {
		pull->spoiled = r == -ENOSPC || r == -EDQUOT || r == -EFBIG;
		return image_write_failed(pull->host, -r, pull->entry->name, err);
	}
	/* let the disk work meanwhile, or it has all to do in the end */
	if (pull->done / FLUSH != (pull->done + len) / FLUSH)
		sync_file_range(pull->part.fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	pull->done += len;
	pull->pulled->received += len;
	pull_tell(pull, pull->done);
	return 0;
}

static int ask(struct pull *pull, size_t mirror, struct pull_answer *ret, struct error *err)
{
	struct pull_request request = {
		.offset = pull->done,
		.max = pull->host->config.image_bytes_max,
		.take = take,
		.arg = pull,
	};
	int r;

	pull->from = pull->done;
	pull->no_room = false;
	free(pull->url);
	pull->url = catalogue_url(pull->entry, mirror, pull->entry->file);
	request.url = pull->url;
	pull_phase(pull, PULL_DOWNLOAD, 0);
	r = pull_fetch(pull, &request, ret, err);
	pull_tell_end(pull, pull->done);
	if (!pull->no_room)
		return r;
	/* nothing but the server's word: another one may have less to say */
	ret->outcome = HTTP_FAILED;
	ret->why = *err;
	return 0;
}

/* It ends the stream, unless there is more to come. */
static bool is_whole(struct pull *pull)
{
	struct digest digest;

	digest_stream_peek(pull->stream, &digest);
	return digest_is(&digest, &pull->source);
}

static void is_wrong(struct pull *pull, struct error *why)
{
	char found[DIGEST_SHORT_MAX], wanted[DIGEST_SHORT_MAX];
	struct digest digest;

	digest_stream_peek(pull->stream, &digest);
	digest_short(&digest, found);
	digest_short(&pull->source, wanted);
	error_set(why, ERROR_VERIFY, EBADMSG, "'%s' has the %s digest %s, and not %s", pull->url,
		  digest_words[pull->source.algorithm], found, wanted);
	error_hint(why, "the file may just have been replaced: try again later");
}

static enum retry_event judge(struct pull *pull, const struct retry *retry,
			      struct pull_answer *answer, struct error *worse)
{
	enum retry_event event;

	if (pull->no_room && !worse->kind)
		*worse = answer->why;
	if (answer->outcome != HTTP_DONE)
		return pull_event(answer->outcome);
	is_wrong(pull, &answer->why);
	event = retry_wrong(retry, pull->from > 0);
	if (event == RETRY_WRONG)
		*worse = answer->why;
	return event;
}

/* A wrong file, or else a disk without room, is worse than a server that is down: that is told. */
static int end_badly(struct pull *pull, const struct retry *retry, enum retry_event event,
		     const struct error *worse, const struct error *why, struct error *err)
{
	bool last = event == RETRY_WRONG || event == RETRY_WRONG_RESUMED;

	/* what came since a wrong file was thrown away is as good as any */
	pull->spoiled = last || (why->code == EFBIG && pull->done > pull->from);
	return pull_give_up(retry, worse->kind && !last ? worse : why, err);
}

int pull_download(struct pull *pull, struct error *err)
{
	struct error worse = ERROR_INIT;
	struct pull_answer answer;
	struct retry retry;
	int r = take_up(pull, err);

	retry_init(&retry, pull->entry->mirrors.n, pull->host->config.pull_tries);
	while (!r && !is_whole(pull)) {
		enum retry_event event;
		enum retry_step step;

		r = ask(pull, retry.mirror, &answer, err);
		if (r || is_whole(pull))
			break;
		event = judge(pull, &retry, &answer, &worse);
		step = pull_retry(pull, &retry, event, pull->done, &answer);
		if (step == RETRY_GIVE_UP)
			r = end_badly(pull, &retry, event, &worse, &answer.why, err);
		else if (step == RETRY_FROM_ZERO)
			r = from_zero(pull, err);
	}
	return r;
}
