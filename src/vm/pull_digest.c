/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The digest that an image must have: the catalogue's own word, or its distribution's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "fetch/digest_file.h"
#include "pull_steps.h"

const char *pull_file_name(const struct pull *pull)
{
	const char *slash = strrchr(pull->entry->file, '/');

	return slash ? slash + 1 : pull->entry->file;
}

static int take_text(void *arg, const void *data, size_t len, uint64_t total, struct error *err)
{
	struct buf *text = arg;

	(void)total;
	if (len > DIGEST_FILE_MAX - text->len)
		return error_set(err, ERROR_VERIFY, EFBIG, "the digest file is too large");
	buf_add(text, data, len);
	return 0;
}

static int fetch_text(struct pull *pull, const char *url, struct buf *text,
		      struct pull_answer *answer, struct error *err)
{
	const struct pull_request request = {
		.url = url, .max = DIGEST_FILE_MAX, .take = take_text, .arg = text
	};

	buf_clear(text);
	return pull_fetch(pull, &request, answer, err);
}

/* What a mirror may be wrong about is no reason to give up on the others. */
static void refuse(struct pull_answer *answer)
{
	answer->outcome = HTTP_FAILED;
}

static int try_mirror(struct pull *pull, size_t mirror, struct pull_answer *answer,
		      struct error *err)
{
	const struct catalogue_entry *entry = pull->entry;
	AUTO_FREE char *url = catalogue_url(entry, mirror, entry->digest_file);
	AUTO_BUF text = BUF_INIT;
	int r = fetch_text(pull, url, &text, answer, err);

	if (r || answer->outcome != HTTP_DONE)
		return r;
	if (digest_file_find(url, buf_str(&text), text.len, entry->digest_style,
			     pull_file_name(pull), &pull->source, &answer->why))
		refuse(answer);
	return 0;
}

static int fetch(struct pull *pull, struct error *err)
{
	bool at_mirrors = !strstr(pull->entry->digest_file, "://");
	struct pull_answer answer;
	struct retry retry;
	int r;

	retry_init(&retry, at_mirrors ? pull->entry->mirrors.n : 1, pull->host->config.pull_tries);
	while (!(r = try_mirror(pull, retry.mirror, &answer, err)) && answer.outcome != HTTP_DONE) {
		enum retry_event event = pull_event(answer.outcome);

		if (pull_retry(pull, &retry, event, 0, &answer) == RETRY_GIVE_UP)
			return pull_give_up(&retry, &answer.why, err);
	}
	return r;
}

int pull_find_digest(struct pull *pull, struct error *err)
{
	int r;

	pull_phase(pull, PULL_DIGEST, 0);
	if (pull->entry->digest)
		r = digest_parse("digest", pull->entry->digest, &pull->source, err);
	else
		r = fetch(pull, err);
	if (r)
		return error_prefix(err, "find the digest of '%s'", pull_file_name(pull));
	digest_format(&pull->source, pull->source_text);
	return 0;
}
