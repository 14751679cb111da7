/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The digest that an image must have: the catalogue's own word, or its distribution's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "fetch/digest_file.h"
#include "pull_steps.h"
#include "signature.h"

const char *pull_file_name(const struct pull *pull)
{
	return file_base_name(pull->entry->file);
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

/* Without the keyring nothing can be said of a signature. */
static int lack_keyring(struct pull *pull, struct error *err)
{
	const struct catalogue_entry *entry = pull->entry;
	const char *package = entry->keyring_package;

	if (entry->signature_required) {
		error_set(err, ERROR_VERIFY, ENOKEY, "no keyring '%s' to check the signature with",
			  entry->keyring);
		return package ? error_hint(err, "apt-get install %s", package) : -err->code;
	}
	vm_note(pull->host, "%s: the signature is not checked: no keyring '%s'%s%s", entry->name,
		entry->keyring, package ? ", which comes with " : "", package ? package : "");
	pull->unsigned_text = true;
	return 0;
}

/* Before anything is fetched. One that is there and out of reach is not missing: it was meant. */
static int look_for_keyring(struct pull *pull, struct error *err)
{
	const struct catalogue_entry *entry = pull->entry;
	int code;

	if (!entry->signature || access(entry->keyring, F_OK) == 0)
		return 0;
	code = errno;
	if (code == ENOENT)
		return lack_keyring(pull, err);
	error_errno(err, code, "reach keyring '%s'", entry->keyring);
	return error_kind(err, ERROR_HOST);
}

/* text becomes what is signed of it. A bad signature is this mirror's, and no host's, fault. */
static int check_signature(struct pull *pull, const char *url, const struct buf *signature,
			   struct buf *text, struct pull_answer *answer, struct error *err)
{
	const struct signature_check check = {
		.origin = url,
		.text = text,
		.signature = signature,
		.keyring = pull->entry->keyring,
		.package = pull->entry->keyring_package,
	};
	AUTO_BUF signed_text = BUF_INIT;
	struct error why = ERROR_INIT;
	int r = signature_check(pull->host, &check, &signed_text, &why);

	if (r == SIGNATURE_NO_KEYRING)
		return lack_keyring(pull, err);
	if (r && why.kind != ERROR_VERIFY) {
		*err = why;
		return r;
	}
	if (r) {
		answer->outcome = HTTP_FAILED;
		answer->why = why;
		return 0;
	}
	pull->signature = pull->entry->keyring;
	buf_clear(text);
	buf_add(text, buf_str(&signed_text), signed_text.len);
	return 0;
}

/* From the same mirror: another one may have the files of another day. */
static int verify(struct pull *pull, size_t mirror, const char *url, struct buf *text,
		  struct pull_answer *answer, struct error *err)
{
	const struct catalogue_entry *entry = pull->entry;
	AUTO_FREE char *signature_url = NULL;
	AUTO_BUF signature = BUF_INIT;
	int r;

	if (!entry->signature || pull->unsigned_text)
		return 0;
	if (strcmp(entry->signature, "inline") == 0)
		return check_signature(pull, url, NULL, text, answer, err);
	signature_url = catalogue_url(entry, mirror, entry->signature);
	r = fetch_text(pull, signature_url, &signature, answer, err);
	if (r || answer->outcome != HTTP_DONE)
		return r;
	return check_signature(pull, url, &signature, text, answer, err);
}

/* What a mirror is wrong about is no reason to give up on the others. */
static int try_mirror(struct pull *pull, size_t mirror, struct pull_answer *answer,
		      struct error *err)
{
	const struct catalogue_entry *entry = pull->entry;
	AUTO_FREE char *url = catalogue_url(entry, mirror, entry->digest_file);
	AUTO_BUF text = BUF_INIT;
	int r = fetch_text(pull, url, &text, answer, err);

	pull->signature = NULL; /* that of another mirror's file */
	if (!r && answer->outcome == HTTP_DONE)
		r = verify(pull, mirror, url, &text, answer, err);
	if (r || answer->outcome != HTTP_DONE)
		return r;
	if (digest_file_find(url, buf_str(&text), text.len, entry->digest_style,
			     pull_file_name(pull), &pull->source, &answer->why))
		answer->outcome = HTTP_FAILED;
	return 0;
}

static bool is_at_mirrors(const char *file)
{
	return file && strcmp(file, "inline") != 0 && !strstr(file, "://");
}

static int fetch(struct pull *pull, struct error *err)
{
	const struct catalogue_entry *entry = pull->entry;
	bool at_mirrors = is_at_mirrors(entry->digest_file) || is_at_mirrors(entry->signature);
	struct pull_answer answer;
	struct retry retry;
	int r = look_for_keyring(pull, err);

	if (r)
		return r;
	retry_init(&retry, at_mirrors ? entry->mirrors.n : 1, pull->host->config.pull_tries);
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
