/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The seed's ISO 9660 image, by libarchive. */
#include "seed/seed.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "iso_stamp.h"

/* Strict Rock Ridge keeps modes as given. NoCloud takes the label in either case. */
#define ISO_OPTIONS "volume-id=cidata,application-id=mnmivm-se,joliet,rockridge=strict"

/* Entries of an image that are looked at before it is called hostile. */
enum { ISO_ENTRIES_MAX = 64 };

/* Only root reads them in the guest, and the host's private key is in one. */
enum { ISO_FILE_MODE = S_IFREG | 0400 };

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
	const char *text = archive_error_string(archive);

	return error_set(err, kind, EIO, "%s seed image: %s", what, text ? text : "libarchive");
}

static void writer_free(void *variable)
{
	struct archive **archive = variable;

	archive_write_free(*archive);
}

static void reader_free(void *variable)
{
	struct archive **archive = variable;

	archive_read_free(*archive);
}

static void entry_free(void *variable)
{
	struct archive_entry **entry = variable;

	archive_entry_free(*entry);
}

static la_ssize_t append(struct archive *archive, void *out, const void *data, size_t len)
{
	(void)archive;
	buf_add(out, data, len);
	return (la_ssize_t)len;
}

static int write_file(struct archive *archive, const char *name, const struct buf *document)
{
	AUTO(entry_free) struct archive_entry *entry = archive_entry_new();
	int r;

	if (!entry)
		return ARCHIVE_FATAL;
	archive_entry_set_pathname(entry, name);
	archive_entry_set_mode(entry, ISO_FILE_MODE);
	archive_entry_set_size(entry, (la_int64_t)document->len);
	r = archive_write_header(archive, entry);
	if (r != ARCHIVE_OK)
		return r;
	if (archive_write_data(archive, document->data, document->len) != (la_ssize_t)document->len)
		return ARCHIVE_FATAL;
	return ARCHIVE_OK;
}

static int write_all(struct archive *archive, struct seed_documents *documents, struct buf *ret)
{
	int r = archive_write_set_format_iso9660(archive);

	if (r == ARCHIVE_OK)
		r = archive_write_set_options(archive, ISO_OPTIONS);
	if (r == ARCHIVE_OK)
		r = archive_write_open(archive, ret, NULL, append, NULL);
	for (size_t i = 0; r == ARCHIVE_OK && i < ARRAY_SIZE(names); i++) {
		const struct buf *document = document_at(documents, i);

		if (document->len)
			r = write_file(archive, names[i], document);
	}
	if (r == ARCHIVE_OK)
		r = archive_write_close(archive);
	return r;
}

static void pad(struct buf *image)
{
	size_t rest = (SEED_ALIGN - image->len % SEED_ALIGN) % SEED_ALIGN;

	memset(buf_reserve(image, rest), 0, rest);
	image->len += rest;
}

int seed_iso(const struct seed_documents *documents, struct buf *ret, struct error *err)
{
	AUTO(writer_free) struct archive *archive = archive_write_new();
	struct seed_documents borrowed = *documents;
	AUTO_BUF image = BUF_INIT;

	if (!archive)
		return error_set(err, ERROR_FAILED, ENOMEM, "write seed image: no libarchive");
	if (write_all(archive, &borrowed, &image) != ARCHIVE_OK)
		return iso_error(archive, "write", ERROR_FAILED, err);
	if (!iso_stamp((unsigned char *)image.data, image.len))
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

	while ((n = archive_read_data(archive, chunk, sizeof(chunk))) > 0) {
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
	const char *path = archive_entry_pathname(entry);
	size_t i = 0;

	while (i < ARRAY_SIZE(names) && (!path || strcmp(path, names[i])))
		i++;
	if (i == ARRAY_SIZE(names))
		return 0;
	if (*seen & 1u << i)
		return error_set(err, ERROR_VERIFY, EEXIST, "read seed image: '%s' is there twice",
				 names[i]);
	*seen |= 1u << i;
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
		return error_set(err, ERROR_VERIFY, EINVAL,
				 "read seed image: '%s' is no regular file of its own", names[i]);
	return read_file(archive, names[i], document_at(ret, i), err);
}

static int read_entries(struct archive *archive, struct seed_documents *ret, struct error *err)
{
	struct archive_entry *entry;
	unsigned int seen = 0;

	for (int n = 0; n < ISO_ENTRIES_MAX; n++) {
		int r = archive_read_next_header(archive, &entry);

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
	AUTO(reader_free) struct archive *archive = archive_read_new();

	if (!archive || archive_read_support_format_iso9660(archive) != ARCHIVE_OK)
		return error_set(err, ERROR_FAILED, ENOMEM, "read seed image: no libarchive");
	if (archive_read_open_memory(archive, iso, len) != ARCHIVE_OK)
		return iso_error(archive, "read", ERROR_VERIFY, err);
	return read_entries(archive, ret, err);
}

int seed_read_iso(const void *iso, size_t len, struct seed_documents *ret, struct error *err)
{
	struct seed_documents documents = { 0 };
	int r = read_all(iso, len, &documents, err);

	if (r < 0) {
		seed_documents_done(&documents);
		return r;
	}
	seed_documents_done(ret);
	*ret = documents;
	return 0;
}
