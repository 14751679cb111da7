/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The seed's ISO 9660 image, by libarchive. */
#include "seed/seed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "iso_stamp.h"
#include "libarchive.h"

/* Strict Rock Ridge keeps modes as given. NoCloud takes the label in either case. */
#define ISO_OPTIONS "volume-id=cidata,application-id=mnmivm-se,joliet,rockridge=strict"

/* Entries of an image that are looked at before it is called hostile. */
enum { ISO_ENTRIES_MAX = 64, NOTE_SIZE = 64 };

/* Only root reads them in the guest, and the host's private key is in one. */
enum { ISO_FILE_MODE = S_IFREG | 0400 };

static struct libarchive lib; /* filled by load() before any other of libarchive is used */

static int load(struct error *err)
{
	static const char *const functions[] = { LIBARCHIVE_FUNCTIONS(LIBRARY_NAME) NULL };

	return library_load(&library_libarchive, functions, &lib, err);
}

static const char *const names[] = { "user-data", "meta-data", "network-config" };

static struct buf *document_at(struct seed_documents *documents, size_t i)
{
	struct buf *const all[] = { &documents->user_data, &documents->meta_data,
				    &documents->network_config };

	return all[i];
}

static int iso_error(struct archive *archive, const char *what, enum error_kind kind,
		     struct error *err)
{
	const char *text = lib.archive_error_string(archive);

	return error_set(err, kind, EIO, "%s seed image: %s", what, text ? text : "libarchive");
}

static void writer_free(void *variable)
{
	struct archive **archive = variable;

	lib.archive_write_free(*archive);
}

static void reader_free(void *variable)
{
	struct archive **archive = variable;

	lib.archive_read_free(*archive);
}

static void entry_free(void *variable)
{
	struct archive_entry **entry = variable;

	lib.archive_entry_free(*entry);
}

static la_ssize_t append(struct archive *archive, void *out, const void *data, size_t len)
{
	(void)archive;
	buf_add(out, data, len);
	return (la_ssize_t)len;
}

static int write_file(struct archive *archive, const char *name, const struct buf *document)
{
	AUTO(entry_free) struct archive_entry *entry = lib.archive_entry_new();
	int r;

	if (!entry)
		return ARCHIVE_FATAL;
	lib.archive_entry_set_pathname(entry, name);
	lib.archive_entry_set_mode(entry, ISO_FILE_MODE);
	lib.archive_entry_set_size(entry, (la_int64_t)document->len);
	r = lib.archive_write_header(archive, entry);
	if (r != ARCHIVE_OK)
		return r;
	if (lib.archive_write_data(archive, document->data, document->len) !=
	    (la_ssize_t)document->len)
		return ARCHIVE_FATAL;
	return ARCHIVE_OK;
}

static int write_all(struct archive *archive, struct seed_documents *documents, struct buf *ret)
{
	int r = lib.archive_write_set_format_iso9660(archive);

	if (r == ARCHIVE_OK)
		r = lib.archive_write_set_options(archive, ISO_OPTIONS);
	if (r == ARCHIVE_OK)
		r = lib.archive_write_open(archive, ret, NULL, append, NULL);
	for (size_t i = 0; r == ARCHIVE_OK && i < ARRAY_SIZE(names); i++) {
		const struct buf *document = document_at(documents, i);

		if (document->len)
			r = write_file(archive, names[i], document);
	}
	if (r == ARCHIVE_OK)
		r = lib.archive_write_close(archive);
	return r;
}

static void pad(struct buf *image)
{
	size_t rest = (SEED_ALIGN - image->len % SEED_ALIGN) % SEED_ALIGN;

	memset(buf_reserve(image, rest), 0, rest);
	image->len += rest;
}

static int write_image(struct seed_documents *documents, struct buf *ret, struct error *err)
{
	AUTO(writer_free) struct archive *archive = lib.archive_write_new();

	if (!archive)
		return error_set(err, ERROR_FAILED, ENOMEM, "write seed image: no memory");
	if (write_all(archive, documents, ret) != ARCHIVE_OK)
		return iso_error(archive, "write", ERROR_FAILED, err);
	return 0;
}

/* FNV-1a of 64 bits (RFC 9923): who finds a collision keeps a stale seed of his own. */
static uint64_t add_digest(uint64_t digest, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len; i++)
		digest = (digest ^ bytes[i]) * UINT64_C(0x100000001b3);
	return digest;
}

/* What tells an image of these documents from others, without reading the image. */
static void put_note(struct seed_documents *documents, char out[NOTE_SIZE])
{
	uint64_t digest = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct buf *document = document_at(documents, i);
		uint64_t len = document->len;

		digest = add_digest(digest, &len, sizeof(len));
		digest = add_digest(digest, document->data, document->len);
	}
	snprintf(out, NOTE_SIZE, "mnmivm-se seed %016" PRIx64 "\n", digest);
}

bool seed_iso_is(const void *iso, size_t len, const struct seed_documents *documents)
{
	struct seed_documents borrowed = *documents;
	char note[NOTE_SIZE];

	put_note(&borrowed, note);
	return iso_has_note(iso, len, note);
}

int seed_iso(const struct seed_documents *documents, struct buf *ret, struct error *err)
{
	struct seed_documents borrowed = *documents;
	AUTO_BUF image = BUF_INIT;
	char note[NOTE_SIZE];
	int r = load(err);

	if (!r)
		r = write_image(&borrowed, &image, err);
	if (r)
		return r;
	put_note(&borrowed, note);
	if (!iso_stamp((unsigned char *)image.data, image.len, note))
		return error_set(err, ERROR_FAILED, EINVAL,
				 "write seed image: libarchive's layout is not the known one");
	pad(&image);
	buf_done(ret);
	*ret = image;
	image = (struct buf)BUF_INIT;
	return 0;
}

/* Read what the entry holds, whatever size it claims. */
static int read_file(struct archive *archive, const char *name, struct buf *ret, struct error *err)
{
	char chunk[16 << 10];
	la_ssize_t n;

	while ((n = lib.archive_read_data(archive, chunk, sizeof(chunk))) > 0) {
		if (ret->len + (size_t)n > SEED_DOCUMENT_MAX)
			return error_set(err, ERROR_VERIFY, EFBIG,
					 "read seed image: '%s' is larger than 4 MiB", name);
		buf_add(ret, chunk, (size_t)n);
	}
	return n < 0 ? iso_error(archive, "read", ERROR_VERIFY, err) : 0;
}

/* A file of the three goes into its document, and its bit into *seen; others are passed over. */
static int read_entry(struct archive *archive, struct archive_entry *entry,
		      struct seed_documents *ret, unsigned int *seen, struct error *err)
{
	const char *path = lib.archive_entry_pathname(entry);
	size_t i = 0;

	while (i < ARRAY_SIZE(names) && (!path || strcmp(path, names[i])))
		i++;
	if (i == ARRAY_SIZE(names))
		return 0;
	if (*seen & 1u << i)
		return error_set(err, ERROR_VERIFY, EEXIST, "read seed image: '%s' is there twice",
				 names[i]);
	*seen |= 1u << i;
	if (lib.archive_entry_filetype(entry) != AE_IFREG || lib.archive_entry_hardlink(entry))
		return error_set(err, ERROR_VERIFY, EINVAL,
				 "read seed image: '%s' is no regular file of its own", names[i]);
	return read_file(archive, names[i], document_at(ret, i), err);
}

static int read_entries(struct archive *archive, struct seed_documents *ret, struct error *err)
{
	struct archive_entry *entry;
	unsigned int seen = 0;

	for (int n = 0; n < ISO_ENTRIES_MAX; n++) {
		int r = lib.archive_read_next_header(archive, &entry);

		if (r == ARCHIVE_EOF) {
			if ((seen & 3) == 3)
				return 0;
			return error_set(err, ERROR_VERIFY, ENOENT, "read seed image: no '%s'",
					 names[seen & 1]);
		}
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return iso_error(archive, "read", ERROR_VERIFY, err);
		r = read_entry(archive, entry, ret, &seen, err);
		if (r < 0)
			return r;
	}
	return error_set(err, ERROR_VERIFY, E2BIG, "read seed image: more than %d entries",
			 ISO_ENTRIES_MAX);
}

static int read_all(const void *iso, size_t len, struct seed_documents *ret, struct error *err)
{
	AUTO(reader_free) struct archive *archive = lib.archive_read_new();

	if (!archive || lib.archive_read_support_format_iso9660(archive) != ARCHIVE_OK)
		return error_set(err, ERROR_FAILED, ENOMEM, "read seed image: no memory");
	if (lib.archive_read_open_memory(archive, iso, len) != ARCHIVE_OK)
		return iso_error(archive, "read", ERROR_VERIFY, err);
	return read_entries(archive, ret, err);
}

int seed_read_iso(const void *iso, size_t len, struct seed_documents *ret, struct error *err)
{
	struct seed_documents documents = { 0 };
	int r = load(err);

	if (!r)
		r = read_all(iso, len, &documents, err);

	if (r < 0) {
		seed_documents_done(&documents);
		return r;
	}
	seed_documents_done(ret);
	*ret = documents;
	return 0;
}
