/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pull on its way, for the files that are its steps. */
#ifndef VM_PULL_STEPS_H
#define VM_PULL_STEPS_H

#include <stdbool.h>
#include <stdint.h>

#include "fetch/digest.h"
#include "fetch/http.h"
#include "store/images.h"
#include "vm/pull.h"
#include "pull_retry.h"

struct pull {
	const struct vm_host *host;
	const struct catalogue_entry *entry;
	const struct vm_pull_options *options; /* NULL: silent */
	struct vm_pulled *pulled; /* what is to be told in the end */
	struct vm_pull_progress progress;
	int64_t told_ms; /* when it was told last */
	struct buf ca; /* empty: not yet read */
	bool answered; /* some server has */
	int64_t alone_ms; /* since when none could be reached, of clock_ms(); 0: not tried yet */
	enum http_reason told; /* why, when that was noted last */
	bool small; /* large packets seem to be lost on the way */

	struct digest source; /* that the file must have */
	char source_text[DIGEST_TEXT_MAX];
	bool unsigned_text; /* it is taken without the signature, for want of the keyring */
	const char *signature; /* keyring by which it is signed; NULL: that was not checked */

	struct image_part part;
	struct digest_stream *stream; /* of the first `done` bytes of the part */
	uint64_t done;
	uint64_t from; /* of them, what was there before the last transfer */
	bool no_room; /* which was ended as its server tells of more than there is room for */
	bool spoiled; /* the part is good for nothing */
	char *url; /* that the last of them came from */
};

const char *pull_file_name(const struct pull *pull); /* of the image, as published */

/* Tell how far it is: now, or when the last time is a while ago. */
void pull_phase(struct pull *pull, enum vm_pull_phase phase, uint64_t total);
void pull_tell(struct pull *pull, uint64_t done);
void pull_tell_end(struct pull *pull, uint64_t done);

/* source: what the catalogue says, or the digest file, which is fetched for it. */
int pull_find_digest(struct pull *pull, struct error *err);

/* From an open part to one that has the digest. spoiled where it must not stay. */
int pull_download(struct pull *pull, struct error *err);

/*
 * Write the .conf of an image anew that was pulled by this entry and has lost it, and still has the
 * digest. What was unpacked has another one than what was published: that cannot be told, and is
 * left alone.
 */
void pull_record_again(struct pull *pull);

/* What is recorded beside the image, which has that digest itself. */
void pull_describe(struct pull *pull, const char *digest, struct image_config *ret);

/* From a part of the right digest to an image of that name. */
int pull_place(struct pull *pull, const char *name, struct error *err);

/* One transfer, and what came of it. */
struct pull_request {
	const char *url;
	uint64_t offset, max;
	/* For each piece; total is the server's word (0: none). Not 0 ends the transfer. */
	int (*take)(void *arg, const void *data, size_t len, uint64_t total, struct error *err);
	void *arg;
};

struct pull_answer {
	enum http_outcome outcome;
	unsigned int retry_after_s;
	enum http_reason reason;
	bool unreached; /* nobody answered, or could be found */
	struct error why; /* it is not HTTP_DONE */
};

/* 0: *ret tells. -errno: it is the host, or take(), that cannot go on. */
int pull_fetch(struct pull *pull, const struct pull_request *request, struct pull_answer *ret,
	       struct error *err);

/* Add to err, which says why the transfer of url failed, what helps. Returns -err->code. */
int pull_hint(const struct pull *pull, const char *url, const struct http_result *result,
	      struct error *err);

/*
 * Note the reason, find out what to do next and wait for as long as it takes; bytes as in
 * retry_failed(). Where nobody at all has answered yet it is given up after two seconds for each of
 * pull_tries, once each mirror was asked; that the same is so again is not noted.
 */
enum retry_step pull_retry(struct pull *pull, struct retry *retry, enum retry_event event,
			   uint64_t bytes, const struct pull_answer *answer);

/* err becomes why a pull is given up: the last reason, and how often and where it was tried. */
int pull_give_up(const struct retry *retry, const struct error *why, struct error *err);

/* That of a transfer which did not come to its end. */
enum retry_event pull_event(enum http_outcome outcome);

#endif
